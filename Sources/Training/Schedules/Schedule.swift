import GraphCore
import StandardOps
import TensorCore

/// A number that follows from the count of training steps, computed in the graph: what an optimizer
/// takes as its rate or momentum, or by itself `schedule(graph.globalStep)`.
///
/// An optimizer that is given one counts its steps by `globalStep`.
public struct Schedule: Hyperparameter {
  /// The number as a `float32` scalar from the count, which is one too.
  private let value: @Sendable (Tensor) -> Tensor
  /// The name scope of its nodes.
  private let name: String

  /// A schedule by a function of the count of steps, a `float32` scalar.
  public init(name: String = "Schedule", _ value: @escaping @Sendable (_ step: Tensor) -> Tensor) {
    self.name = name
    self.value = value
  }

  /// The number at a count of steps, a scalar of any type.
  public func callAsFunction(
    _ step: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if step.isPoison { return step }
    return step.graph.composed(name, at: SourceSite(file, line)) { _ in
      value(cast(step, .float32))
    }
  }

  /// The number at the count that a variable holds.
  public func callAsFunction(
    _ counter: Variable, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { self(counter.value, file: file, line: line) }

  /// The same by whole epochs: it stays while one lasts.
  ///
  /// - Parameter steps: the number of training steps in an epoch.
  public func byEpoch(of steps: Int) -> Schedule {
    let (value, name) = (self.value, self.name)
    return Schedule(name: name) { value(floor($0 / Double(max(steps, 1)))) }
  }

  /// It does.
  public var followsSteps: Bool { true }

  /// The number at the optimizer's counter.
  public func tensor(_ dtype: DType, in graph: Graph, name: String, counter: Variable?) -> Tensor {
    cast(self((counter ?? graph.globalStep).value), dtype)
  }
}

extension Tensor {
  /// A `float32` scalar beside this tensor.
  func number(_ value: Double, _ name: String) -> Tensor {
    graph.constant(value, .float32, name: name)
  }
}

import GraphCore
import StandardOps
import TensorCore

/// A number that steers an optimizer, such as its rate: a number, a tensor, a variable that the
/// program sets between steps, or a `Schedule` over the steps.
public protocol Hyperparameter: Sendable {
  /// Whether the number changes with the counter of steps.
  var followsSteps: Bool { get }
  /// The number in a graph.
  ///
  /// - Parameters:
  ///   - dtype: the type of the variables that it is for.
  ///   - name: TensorFlow's name of a constant.
  ///   - counter: what counts the training steps; a graph's `globalStep` unless another is raised.
  func tensor(_ dtype: DType, in graph: Graph, name: String, counter: Variable?) -> Tensor
}

extension Hyperparameter {
  /// Most do not.
  public var followsSteps: Bool { false }
}

extension Double: Hyperparameter {
  /// A constant.
  public func tensor(_ dtype: DType, in graph: Graph, name: String, counter: Variable?) -> Tensor {
    graph.constant(self, dtype, name: name)
  }
}

extension Float: Hyperparameter {
  /// A constant.
  public func tensor(_ dtype: DType, in graph: Graph, name: String, counter: Variable?) -> Tensor {
    graph.constant(Double(self), dtype, name: name)
  }
}

extension Int: Hyperparameter {
  /// A constant.
  public func tensor(_ dtype: DType, in graph: Graph, name: String, counter: Variable?) -> Tensor {
    graph.constant(Double(self), dtype, name: name)
  }
}

extension Tensor: Hyperparameter {
  /// The tensor itself, cast if it is of another type.
  public func tensor(_ dtype: DType, in graph: Graph, name: String, counter: Variable?) -> Tensor {
    cast(self, dtype, name: name + "/Cast")
  }
}

extension Variable: Hyperparameter {
  /// The value before the step.
  public func tensor(_ dtype: DType, in graph: Graph, name: String, counter: Variable?) -> Tensor {
    value.tensor(dtype, in: graph, name: name, counter: counter)
  }
}

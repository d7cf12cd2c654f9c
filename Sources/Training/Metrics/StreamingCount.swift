import GraphCore
import StandardOps
import TensorCore

extension Metrics {
  /// A local variable that adds up something over batches, and the nodes that add to it.
  final class Count {
    let variable: Variable
    private(set) var updates: [Node] = []

    /// Zeros under a name in the open name scope.
    init(_ name: String, _ shape: Shape, in graph: Graph) {
      variable = graph.variable(
        TensorValue(zeros: shape, dtype: .float32), name: name, trainable: false,
        collections: [.localVariables, .metricVariables])
    }

    /// Adds a batch's share.
    func add(_ value: Tensor) { updates.append(variable.assignAdd(value)) }
  }

  /// A metric in a scope of its own; a mistake in what it takes makes both tensors poison.
  static func metric(
    _ name: String, _ inputs: [Tensor], _ site: SourceSite, _ body: () -> Streaming
  ) -> Streaming {
    if let poison = inputs.first(where: \.isPoison) { return (poison, poison) }
    return inputs[0].graph.composed(name, at: site) { _ in body() }
  }

  /// A metric's value by its counts: as they are, and after a batch has been added to all of them.
  static func streaming(
    _ counts: [Count], _ value: (_ counts: [Tensor], _ name: String) -> Tensor
  ) -> Streaming {
    let graph = counts[0].variable.graph
    let before = value(counts.map(\.variable.value), "value")
    let after = graph.controlDependencies(counts.flatMap(\.updates)) {
      value(counts.map { $0.variable.read() }, "update_op")
    }
    return (before, after)
  }
}

import GraphCore
import StandardOps
import TensorCore

/// Summaries of how a training goes, for an event file: made for any graph that holds a training op, one
/// from a file too.
///
/// They are nodes of the graph in a scope of their own, and in no collection.
public struct TrainingSummaries: Sendable {
  /// The losses and the norms of the gradients, to be fetched together with a training step; nil if
  /// neither a loss was given nor a gradient found.
  public let step: Tensor?
  /// The distributions of the trained variables' elements; nil if none was found.
  public let weights: Tensor?

  /// Adds the summaries of a training to the graph: `loss`, `gradient_norm/global` and
  /// `gradient_norm/NAME` for each variable whose gradient an optimizer's op takes, `weights/NAME`.
  ///
  /// - Parameters:
  ///   - losses: what is made smaller; several are told apart by their names, and of one that is no
  ///     single number the mean is taken.
  ///   - training: the training ops; the collection `train_op` by default.
  public init(
    _ graph: Graph, losses: [Tensor], training: [Node]? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    let training = training ?? graph.collection(.trainOp).map(\.target)
    let updates = Self.updates(neededBy: training)
    (step, weights) = graph.atRoot {
      graph.composed("training_summaries", at: SourceSite(file, line)) { _ in
        (
          Self.merged(Self.losses(losses) + Self.norms(of: updates)),
          Self.merged(Self.distributions(of: updates, in: graph))
        )
      }
    }
  }

  /// A step of an optimizer: the variable and the gradient that its op takes.
  private struct Update {
    let handle: Tensor
    let gradient: Tensor
    var name: String { handle.node.name }
  }

  /// The optimizers' steps that run when the given nodes do, in the order of the nodes.
  private static func updates(neededBy training: [Node]) -> [Update] {
    guard let graph = training.first?.graph else { return [] }
    var needed = Set<Int>()
    var pending = training.map(\.index)
    while let index = pending.popLast() {
      guard needed.insert(index).inserted else { continue }
      let record = graph.node(at: index).record
      pending += record.inputs.map(\.node) + record.controlInputs
    }
    var seen = Set<Tensor>()
    return needed.sorted().compactMap { index in
      let node = graph.node(at: index)
      guard node.op.contains("Apply"), let inputs = node.definition?.signature.inputs,
        inputs.first?.name == "var",
        // What gradient descent alone calls another name.
        let position = inputs.firstIndex(where: { $0.name == "grad" || $0.name == "delta" }),
        seen.insert(node.input(0)).inserted
      else { return nil }
      return Update(handle: node.input(0), gradient: node.input(position))
    }
  }

  private static func losses(_ losses: [Tensor]) -> [Tensor] {
    losses.map { loss in
      let tag = losses.count == 1 ? "loss" : "loss/\(loss.node.name)"
      return summary(
        Ops.ScalarSummary.self, tag, loss.shape.rank == 0 ? loss : reduceMean(loss))
    }
  }

  private static func norms(of updates: [Update]) -> [Tensor] {
    guard !updates.isEmpty else { return [] }
    let squares = updates.map { reduceSum(square(cast($0.gradient, .float32))) }
    let all = zip(updates, squares).map { update, sum in
      summary(Ops.ScalarSummary.self, "gradient_norm/\(update.name)", sqrt(sum))
    }
    return all + [summary(Ops.ScalarSummary.self, "gradient_norm/global", sqrt(addN(squares)))]
  }

  private static func distributions(of updates: [Update], in graph: Graph) -> [Tensor] {
    let values: [(name: String, value: Tensor)]
    if updates.isEmpty {
      values = graph.variables(in: .trainableVariables).map { ($0.name, $0.value) }
    } else {
      values = updates.map { update in
        let value =
          update.handle.dtype == .resource
          ? update.handle.apply(
            Ops.ReadVariableOp.self, [], ["dtype": .type(update.gradient.dtype)])
          : identity(update.handle)
        return (update.name, value)
      }
    }
    return values.map { summary(Ops.HistogramSummary.self, "weights/\($0.name)", $0.value) }
  }

  /// A summary whose tag is no node's name.
  private static func summary(_ op: any Op.Type, _ tag: String, _ value: Tensor) -> Tensor {
    value.graph.add(op, [value.graph.constant(tag, name: "tag"), value]).output(0)
  }

  private static func merged(_ summaries: [Tensor]) -> Tensor? {
    guard let first = summaries.first else { return nil }
    return first.apply(Ops.MergeSummary.self, Array(summaries.dropFirst()))
  }
}

import GraphCore
import StandardOps
import TensorCore

/// Batch normalizations that are fixed, when the graph is built, to the mode that the run does not want.
///
/// Both of TensorFlow's forms are known: the fused op with its attribute `is_training`, and the layer made
/// of separate ops, which normalises by `rsqrt(variance + ε)`.
enum BatchNormalizationCheck: LintCheck {
  static func findings(in context: LintContext) -> [LintFinding] {
    let run = context.ancestors(of: context.requested.map(\.index))
    let guards = BranchGuards(context)
    return context.nodes.flatMap { node -> [LintFinding] in
      if node.definition is any FusedBatchNormOp.Type {
        // The branches of a layer whose `training` is fed have one op for either case.
        return guards.isConditional(node.index, context) ? [] : fused(node, run, context)
      }
      if node.op == "Rsqrt" { return unfused(node, run, context) }
      return []
    }
  }

  /// Whether a run is asked about that takes the node and does not train.
  private static func isInferred(_ node: Node, _ run: Set<Int>, _ context: LintContext) -> Bool {
    run.contains(node.index) && context.training.isEmpty
  }

  private static func fused(_ node: Node, _ run: Set<Int>, _ context: LintContext)
    -> [LintFinding]
  {
    let inputs = node.record.inputs
    let parameters = [1, 2].compactMap { context.variableRead(by: inputs[$0]) }
    // Layer normalizations are built of the same op, with constants in place of scale and offset.
    if parameters.isEmpty { return [] }
    if node[AttributeKey<Bool>("is_training")] {
      if isInferred(node, run, context) { return [alwaysTraining(node, "is_training is true")] }
      guard context.trained.contains(node.index), !isKept(node, context) else { return [] }
      return [
        LintFinding(
          kind: .batchNormNotUpdated, nodes: [node],
          message: "\"\(node.name)\" normalises by each batch's own statistics, and nothing moves "
            + "averages by them, which inference needs",
          cure: "assign the outputs batch_mean and batch_variance to moving averages, as the layer "
            + "batchNormalization does, and run these update ops in training")
      ]
    }
    guard context.trained.contains(node.index),
      let variance = context.variableRead(by: inputs[4]),
      context.updates(of: variance).isEmpty, isTrainable(parameters, context)
    else { return [] }
    return [notTraining(node, "is_training is false", context.nodes[variance])]
  }

  private static func unfused(_ node: Node, _ run: Set<Int>, _ context: LintContext)
    -> [LintFinding]
  {
    let sum = context.nodes[node.record.inputs[0].node]
    guard sum.op == "Add" || sum.op == "AddV2",
      context.nodes[context.source(of: sum.record.inputs[1]).node].op == "Const"
    else { return [] }
    let variance = context.source(of: sum.record.inputs[0])
    if let variable = context.variableRead(by: variance) {
      guard context.trained.contains(node.index), !isTrainable([variable], context),
        context.updates(of: variable).isEmpty, isScaleTrained(node, context)
      else { return [] }
      return [notTraining(node, "training is false", context.nodes[variable])]
    }
    guard let choice = Choice(context.nodes[variance.node], context),
      let moving = choice.variables.first(where: { !isTrainable([$0], context) }),
      let isTraining = context.constantPredicate(choice.predicate)
    else { return [] }
    let name = context.nodes[context.source(of: choice.predicate).node].name
    if isTraining {
      return isInferred(node, run, context)
        ? [alwaysTraining(node, "its predicate \"\(name)\" is the constant true")] : []
    }
    guard context.trained.contains(node.index) else { return [] }
    return [
      notTraining(
        node, "its predicate \"\(name)\" is the constant false", context.nodes[moving])
    ]
  }

  private static func notTraining(_ node: Node, _ reason: String, _ moving: Node) -> LintFinding {
    LintFinding(
      kind: .batchNormNotTraining, nodes: [node, moving],
      message:
        "\"\(node.name)\" is trained but normalises by the moving averages, which stay as they "
        + "are: \(reason)",
      cure: "pass a placeholder as training, feed true in training steps and false elsewhere; or "
        + "freeze the layer with trainable: false")
  }

  private static func alwaysTraining(_ node: Node, _ reason: String) -> LintFinding {
    LintFinding(
      kind: .batchNormAlwaysTraining, nodes: [node],
      message: "\"\(node.name)\" normalises by the batch's own statistics in a run that does not "
        + "train: \(reason), so that each answer depends on the rest of the batch",
      cure: "pass a placeholder as training and feed false here, or build the graph anew for "
        + "inference with training: false")
  }

  /// Whether the batch's mean or variance gets into a variable.
  private static func isKept(_ node: Node, _ context: LintContext) -> Bool {
    var found: Set<Int> = []
    var open = context.consumers[node.index].filter { consumer in
      context.nodes[consumer].record.inputs.contains {
        $0.node == node.index && (1...2).contains($0.output)
      }
    }
    while let index = open.popLast() {
      guard found.insert(index).inserted else { continue }
      let writes = context.accesses.byNode[index, default: []].contains {
        $0.effects.contains(.writes)
      }
      if writes { return true }
      open += context.consumers[index]
    }
    return false
  }

  private static func isTrainable(_ variables: [Int], _ context: LintContext) -> Bool {
    context.graph.variables(in: .trainableVariables).contains {
      variables.contains(context.accesses.canonical($0.handle.node.index))
    }
  }

  /// Whether the layer's scale, if it has one, is trained; else the layer is frozen on purpose.
  private static func isScaleTrained(_ inverse: Node, _ context: LintContext) -> Bool {
    let scales = context.consumers[inverse.index].map { context.nodes[$0] }.filter {
      $0.op == "Mul"
    }
    .flatMap(\.record.inputs).compactMap { context.variableRead(by: $0) }
    return scales.isEmpty || isTrainable(scales, context)
  }
}

/// A value chosen by a predicate, in any of TensorFlow's ways.
private struct Choice {
  let predicate: Endpoint
  /// The variables that it may be read from.
  let variables: [Int]

  init?(_ node: Node, _ context: LintContext) {
    let inputs = node.record.inputs
    switch node.op {
    case "Select", "SelectV2":
      predicate = inputs[0]
      variables = inputs.dropFirst().compactMap { context.variableRead(by: $0) }
    case "If", "StatelessIf":
      predicate = inputs[0]
      variables = inputs.dropFirst().compactMap {
        context.accesses.handles[$0] ?? context.variableRead(by: $0)
      }
    case "Merge":
      let found = inputs.lazy.compactMap { Self.predicate(of: $0, context) }.first
      guard let found else { return nil }
      predicate = found
      variables = inputs.compactMap { context.variableRead(by: $0) }
    default: return nil
    }
  }

  /// The predicate of the `Switch` that a branch's value comes through; branches of a layer are short.
  private static func predicate(of endpoint: Endpoint, _ context: LintContext) -> Endpoint? {
    var node = context.nodes[endpoint.node]
    for _ in 0..<16 {
      if node.op == "Switch" || node.op == "RefSwitch" { return node.record.inputs[1] }
      guard let next = node.record.inputs.first?.node ?? node.record.controlInputs.first else {
        return nil
      }
      node = context.nodes[next]
    }
    return nil
  }
}

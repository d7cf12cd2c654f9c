import Autodiff
import GraphCore
import TensorCore

/// Variables that are called trainable but that no training op moves, with the op that cuts the gradient.
enum TrainableVariablesCheck: LintCheck {
  static func findings(in context: LintContext) -> [LintFinding] {
    if context.training.isEmpty { return [] }
    var seen: Set<Variable> = []
    let still = context.graph.variables(in: .trainableVariables).filter { variable in
      let declaration = context.accesses.canonical(variable.handle.node.index)
      let isMoved = context.accesses.byVariable[declaration, default: []].contains {
        $0.effects.contains(.writes) && context.trained.contains($0.node)
      }
      return !isMoved && seen.insert(variable).inserted
    }
    if still.isEmpty { return [] }
    let losses = losses(context)
    return still.map { finding($0, losses, context) }
  }

  /// What training minimises: what gradients start from, as the names tell under which they are built
  /// (`gradients/loss/Mean_grad/…`); else fetched scalars and the collection of losses.
  private static func losses(_ context: LintContext) -> [Tensor] {
    var differentiated: Set<Int> = []
    for index in context.trained {
      let parts = context.nodes[index].name.split(separator: "/")
      for (position, part) in parts.enumerated() where part.hasSuffix("_grad") {
        for start in 0...position {
          let name = parts[start...position].joined(separator: "/").dropLast("_grad".count)
          if let node = context.graph.operation(named: String(name)) {
            differentiated.insert(node.index)
            break
          }
        }
      }
    }
    let inner = context.ancestors(
      of: differentiated.flatMap { context.nodes[$0].record.inputs.map(\.node) })
    let ends = differentiated.subtracting(inner).sorted().map { context.nodes[$0] }
    let found = ends.flatMap(\.outputs).filter(\.dtype.isFloatingPoint)
    if !found.isEmpty { return found }
    let collected = context.graph.collection(.losses).compactMap { $0 as? Tensor }
    return (context.fetches + collected).filter {
      $0.dtype.isFloatingPoint && $0.shape.rank == 0
    }
  }

  private static func finding(
    _ variable: Variable, _ losses: [Tensor], _ context: LintContext
  ) -> LintFinding {
    let steps = named(context.training)
    var message = "the trainable variable \"\(variable.name)\" is not moved by \(steps)"
    var cure = "train it, or make it with trainable: false"
    let reasons = losses.map { explainMissingGradient(of: $0, withRespectTo: variable) }
    if losses.isEmpty {
      message += "; which loss that minimises cannot be told"
    } else if let place = reasons.firstIndex(where: { $0 == nil }) {
      message += " although \"\(losses[place].name)\" has a gradient with respect to it"
      cure =
        "make the training op after the variable and let it list the variable, "
        + "or make the variable with trainable: false"
    } else {
      let lines = reasons.compactMap { $0 }.flatMap { $0.split(separator: "\n") }
      let cuts = lines.filter { $0.hasPrefix("  cut by ") }.map { $0.dropFirst(2) }
      if cuts.isEmpty {
        message += ": the loss \(named(losses.map(\.node))) does not depend on it"
        cure = "use the variable in the model, or make it with trainable: false"
      } else {
        message += ": its gradient is \(cuts.joined(separator: "; "))"
        cure = "lead the loss around that op, or make the variable with trainable: false"
      }
    }
    return LintFinding(
      kind: .variableNotTrained, nodes: [variable.handle.node], message: message, cure: cure)
  }
}

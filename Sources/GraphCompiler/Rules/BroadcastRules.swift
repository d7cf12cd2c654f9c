import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Element-wise ops beside views, brought to where they meet other element-wise ops.
  static let broadcasts: [Rule] = [
    // f(broadcast(x), y) = f(x, y), where f broadcasts x itself.
    Rule(
      name: "broadcast-operand", identity: "f(broadcast(x), y) = f(x, y)", contract: .exact,
      ops: broadcasting
    ) { context in
      guard let definition = context.node.definition else { return nil }
      for position in context.inputs.indices {
        let inner = context[position].node
        guard let source = inner.repeatedInput else { continue }
        var inputs = context.inputs
        inputs[position] = source
        guard let shape = try? broadcastShape(inputs), shape == context.output.shape else {
          continue
        }
        return [inputs[0].apply(definition, Array(inputs.dropFirst()), context.node.attributes)]
      }
      return nil
    },
    // f(broadcast(x)) = broadcast(f(x)): fewer elements.
    Rule(
      name: "function-of-broadcast", identity: "f(broadcast(x)) = broadcast(f(x))",
      contract: .exact, ops: functions
    ) { context in
      guard let definition = context.node.definition, context.isOnlyUse(0),
        let source = context[0].node.repeatedInput, let shape = context.output.shape.fullyDefined
      else { return nil }
      let result = source.apply(definition, [], context.node.attributes)
      return [broadcast(result, to: source.graph.constant(shape.dimensions, .int32))]
    },
    // f(reshape(x)) = reshape(f(x)), where x is computed and f can be part of that.
    Rule(
      name: "function-of-reshape", identity: "f(reshape(x), y) = reshape(f(x, y))",
      contract: .exact, ops: functions.union(broadcasting).union(["BiasAdd"])
    ) { context in
      guard let shape = context.output.shape.fullyDefined else { return nil }
      for position in context.inputs.indices where context.isOnlyUse(position) {
        if let result = context.beforeReshape(of: position) {
          return [reshape(result, to: shape.dimensions)]
        }
      }
      return nil
    },
  ]

  /// Ops whose operands broadcast to one another.
  private static let broadcasting: Set<String> = [
    "Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "FloorDiv", "FloorMod", "Maximum", "Minimum",
    "Pow", "SquaredDifference", "Less", "LessEqual", "Greater", "GreaterEqual", "Equal",
    "NotEqual", "LogicalAnd", "LogicalOr", "SelectV2",
  ]

  /// Ops of one operand.
  private static let functions: Set<String> = [
    "Neg", "Abs", "Sign", "Exp", "Expm1", "Log", "Log1p", "Square", "Sqrt", "Rsqrt", "Reciprocal",
    "Floor", "Ceil", "Round", "Rint", "Sin", "Cos", "Tanh", "Sigmoid", "Erf", "Relu", "Relu6",
    "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign", "LogicalNot", "Cast",
  ]
}

extension RuleContext {
  /// The node's op on what the input at `position` is a reshape of, or nil.
  ///
  /// The other operands must fit that other shape: one number, one for each place along a last axis
  /// that both shapes have, or a reshape of the same kind.
  fileprivate func beforeReshape(of position: Int) -> Tensor? {
    let view = inputs[position].node
    guard let definition = node.definition, Rule.reshapes.contains(view.op),
      inputs[position].shape == output.shape
    else { return nil }
    let source = view.input(0)
    guard source.node.takesEpilogue, isTakenOnce(source), !isLive(source),
      let inner = source.shape.fullyDefined?.dimensions,
      let outer = output.shape.fullyDefined?.dimensions, let rank = source.shape.rank,
      // Fusion sees through dimensions of size 1; only a linear op wants its operands next to it.
      inner.filter({ $0 != 1 }) != outer.filter({ $0 != 1 }) || isLinear(source.node),
      node.op != "BiasAdd" || (rank >= 2 && node.attributes["data_format"] == "NHWC".attribute)
    else { return nil }
    // Found first, made afterwards, so that nothing is left behind where one does not fit.
    var operands: [(tensor: Tensor, shape: [Int]?)] = []
    for (index, operand) in inputs.enumerated() {
      guard let sizes = operand.shape.fullyDefined?.dimensions else { return nil }
      if index == position {
        operands.append((source, nil))
      } else if node.op == "BiasAdd" {
        guard inner.last == outer.last else { return nil }
        operands.append((operand, nil))
      } else if operand.shape.count == 1 {
        operands.append((operand, sizes.isEmpty ? nil : []))
      } else if let last = sizes.last, last == operand.shape.count, last == outer.last,
        last == inner.last
      {
        operands.append((operand, sizes.count == 1 ? nil : [last]))
      } else if Rule.reshapes.contains(operand.node.op), sizes == outer,
        operand.node.input(0).shape == source.shape
      {
        operands.append((operand.node.input(0), nil))
      } else {
        return nil
      }
    }
    let ready = operands.map { tensor, shape in shape.map { reshape(tensor, to: $0) } ?? tensor }
    return ready[0].apply(definition, Array(ready.dropFirst()), node.attributes)
  }
}

extension RuleContext {
  /// Whether a node is a linear product, with an offset or without.
  func isLinear(_ node: Node) -> Bool {
    LinearProduct(node, node.inputs, isLive) != nil || OffsetProduct(node, isLive) != nil
  }
}

extension Node {
  /// The tensor that the node repeats, if that is all it does.
  fileprivate var repeatedInput: Tensor? {
    switch op {
    case "BroadcastTo": input(0)
    case "Fill": input(1)
    default: nil
    }
  }

  /// Whether element-wise ops on the node's result can be part of the kernel that computes it, or of
  /// its weights.
  fileprivate var takesEpilogue: Bool {
    isProduct || definition is any ElementwiseOp.Type || definition is any ReductionOp.Type
  }
}

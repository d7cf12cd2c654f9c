import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Nodes that give what they take.
  static let identities: [Rule] = [
    // Identity(x) = x.
    Rule(
      name: "identity", identity: "Identity(x) = x", contract: .exact,
      ops: ["Identity", "StopGradient", "PreventGradient", "Snapshot", "PlaceholderWithDefault"]
    ) { [$0[0]] },
    // x · 1 = x, where x is not broadcast. (x + 0 is not x: −0 + 0 = 0.)
    Rule(name: "multiply-by-one", identity: "x · 1 = x", contract: .exact, ops: ["Mul"]) {
      context in
      if context[1].isConstant(1), context[0].shape == context.output.shape { return [context[0]] }
      if context[0].isConstant(1), context[1].shape == context.output.shape { return [context[1]] }
      return nil
    },
    // x / 1 = x.
    Rule(
      name: "divide-by-one", identity: "x / 1 = x", contract: .exact, ops: ["RealDiv", "Div"]
    ) { context in
      context[1].isConstant(1) && context[0].shape == context.output.shape ? [context[0]] : nil
    },
    // A view that gives the same elements in the same shape.
    Rule(
      name: "empty-view", identity: "reshape(x, shape(x)) = x", contract: .exact,
      ops: ["Reshape", "ExpandDims", "Squeeze", "BroadcastTo", "Fill"]
    ) { context in
      let source = context.node.op == "Fill" ? context[1] : context[0]
      return source.shape == context.output.shape ? [source] : nil
    },
    // reshape(reshape(x)) = reshape(x).
    Rule(
      name: "reshape-of-reshape", identity: "reshape(reshape(x, a), b) = reshape(x, b)",
      contract: .exact, ops: ["Reshape", "ExpandDims", "Squeeze"]
    ) { context in
      let inner = context[0].node
      guard ["Reshape", "ExpandDims", "Squeeze"].contains(inner.op),
        let shape = context.output.shape.fullyDefined
      else { return nil }
      return [reshape(inner.input(0), to: shape.dimensions)]
    },
  ]

  /// Selections whose condition is known.
  static let selections: [Rule] = [
    // select(true, x, y) = x and select(false, x, y) = y.
    Rule(
      name: "decided-select", identity: "select(true, x, y) = x", contract: .exact,
      ops: ["Select", "SelectV2"]
    ) { context in
      guard let condition = context[0].constantValue, condition.count == 1,
        let chosen = condition.integers?.first
      else { return nil }
      let branch = chosen != 0 ? context[1] : context[2]
      guard let shape = context.output.shape.fullyDefined else { return nil }
      if branch.shape == context.output.shape { return [branch] }
      return [broadcast(branch, to: branch.graph.constant(shape.dimensions, .int32))]
    }
  ]
}

extension Tensor {
  /// Whether every element is a constant equal to `number`.
  func isConstant(_ number: Double) -> Bool {
    guard let value = constantValue, value.count <= 4096, let doubles = value.doubles else {
      return false
    }
    return !doubles.isEmpty && doubles.allSatisfy { $0 == number }
  }
}

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
    // x − 0 = x, with a zero that is not −0: −0 − −0 = 0.
    Rule(name: "subtract-zero", identity: "x − 0 = x", contract: .exact, ops: ["Sub"]) { context in
      context[1].isConstant(0, sign: .plus) && context[0].shape == context.output.shape
        ? [context[0]] : nil
    },
    // x + −0 = x.
    Rule(
      name: "add-negative-zero", identity: "x + −0 = x", contract: .exact, ops: ["Add", "AddV2"]
    ) { context in
      for (x, zero) in [(0, 1), (1, 0)]
      where context[zero].dtype.isFloatingPoint && context[zero].isConstant(0, sign: .minus)
        && context[x].shape == context.output.shape
      { return [context[x]] }
      return nil
    },
    // The sum of one tensor.
    Rule(name: "sum-of-one", identity: "AddN(x) = x", contract: .exact, ops: ["AddN"]) { context in
      context.inputs.count == 1 ? [context[0]] : nil
    },
  ]

  /// Selections whose condition is known, or does not matter.
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
    },
    // select(c, x, x) = x.
    Rule(
      name: "same-branches", identity: "select(c, x, x) = x", contract: .exact,
      ops: ["Select", "SelectV2"]
    ) { context in
      context[1] == context[2] && context[1].shape == context.output.shape ? [context[1]] : nil
    },
  ]
}

extension Tensor {
  /// Whether every element is a constant equal to `number`; zeros of one sign only, if that is given.
  func isConstant(_ number: Double, sign: FloatingPointSign? = nil) -> Bool {
    guard let value = constantValue, value.count <= 4096, let doubles = value.doubles else {
      return false
    }
    return !doubles.isEmpty
      && doubles.allSatisfy { $0 == number && (sign == nil || $0.sign == sign) }
  }

  /// The constants of a permutation, of axes or of sizes.
  var constantIntegers: [Int]? { constantValue?.integers }
}

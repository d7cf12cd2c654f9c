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
    // x · 1 = x, where x is not broadcast and holds no denormal numbers, which arithmetic flushes to
    // zero. (x + 0 is not x: −0 + 0 = 0.)
    Rule(name: "multiply-by-one", identity: "x · 1 = x", contract: .exact, ops: ["Mul"]) {
      context in
      for (x, one) in [(0, 1), (1, 0)] where context[one].isConstant(1) && context.keeps(x) {
        return [context[x]]
      }
      return nil
    },
    // x / 1 = x.
    Rule(
      name: "divide-by-one", identity: "x / 1 = x", contract: .exact, ops: ["RealDiv", "Div"]
    ) { context in
      context[1].isConstant(1) && context.keeps(0) ? [context[0]] : nil
    },
    // x − 0 = x, with a zero that is not −0: −0 − −0 = 0.
    Rule(name: "subtract-zero", identity: "x − 0 = x", contract: .exact, ops: ["Sub"]) { context in
      context[1].isConstant(0, sign: .plus) && context.keeps(0) ? [context[0]] : nil
    },
    // x + −0 = x.
    Rule(
      name: "add-negative-zero", identity: "x + −0 = x", contract: .exact, ops: ["Add", "AddV2"]
    ) { context in
      for (x, zero) in [(0, 1), (1, 0)]
      where context[zero].dtype.isFloatingPoint && context[zero].isConstant(0, sign: .minus)
        && context.keeps(x)
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

extension RuleContext {
  /// Whether arithmetic that changes no number gives just what the input at a position holds: it is not
  /// broadcast, and has no denormal numbers.
  func keeps(_ position: Int) -> Bool {
    inputs[position].shape == output.shape && inputs[position].hasNoDenormals
  }
}

extension Tensor {
  /// Whether the tensor is the result of arithmetic, which flushes denormal numbers to zero.
  var hasNoDenormals: Bool {
    !dtype.isFloatingPoint || Self.arithmetic.contains(node.op)
      || node.op == "AddN" && node.inputs.count > 1
  }

  private static let arithmetic: Set<String> = [
    "Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "BiasAdd", "Square", "SquaredDifference",
    "MatMul", "BatchMatMul", "BatchMatMulV2", "Sum", "Mean",
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

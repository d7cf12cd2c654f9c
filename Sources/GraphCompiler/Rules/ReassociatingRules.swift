import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Identities of real numbers that rounding does not keep; none applies unless a session asks.
  static let reassociations: [Rule] = [
    // (x + a) + b = x + (a + b), a and b live.
    regrouping("join-sums", "(x + a) + b = x + (a + b)", ["Add", "AddV2"]),
    // (x · a) · b = x · (a · b), a and b live.
    regrouping("join-products", "(x · a) · b = x · (a · b)", ["Mul"]),
    // x / c = x · (1 / c), c live.
    Rule(
      name: "divide-by-reciprocal", identity: "x / c = x · (1 / c)", contract: .reassociating,
      ops: ["RealDiv"]
    ) { context in
      guard context.isLive(context[1]), !context.isLive(context[0]) else { return nil }
      return [context[0] * reciprocal(context[1])]
    },
  ]

  private static func regrouping(_ name: String, _ identity: String, _ ops: Set<String>) -> Rule {
    Rule(name: name, identity: identity, contract: .reassociating, ops: ops) { context in
      guard context.output.dtype.isFloatingPoint, let definition = context.node.definition else {
        return nil
      }
      for (outer, b) in [(0, 1), (1, 0)] {
        let inner = context[outer].node
        guard ops.contains(inner.op), context.isOnlyUse(outer), context.isLive(context[b]) else {
          continue
        }
        for (x, a) in [(0, 1), (1, 0)]
        where context.isLive(inner.input(a)) && !context.isLive(inner.input(x)) {
          return [
            inner.input(x).apply(definition, [inner.input(a).apply(definition, [context[b]])])
          ]
        }
      }
      return nil
    }
  }
}

import Dataflow
import Testing

/// The gradients of every op in the op list that has one of a few simple forms, and so those of ops that
/// are added later: of gradients that are ops themselves, too.
@Suite struct OpGradientTests {
  /// Their gradients are zero, which is said by giving none.
  private static let constant: Set = ["Ceil", "Floor", "FloorDiv", "Rint", "Round", "TruncateDiv"]

  private static func ops(_ isOfKind: (any Op.Type) -> Bool) -> [any Op.Type] {
    OpSet.standard.names.compactMap { OpSet.standard[$0] }
      .filter { isOfKind($0) && !constant.contains($0.name) }
  }

  private func check(
    _ op: any Op.Type, _ shapes: [TensorCore.Shape], from low: Double = 0.2, to high: Double = 0.9,
    _ others: [Int] = []
  ) throws {
    try GradientCheck.check(op.name, shapes, from: low, to: high) { x in
      let graph = x[0].graph
      return graph.add(op, x + (others.isEmpty ? [] : [graph.constant(others)])).output(0)
    }
  }

  @Test func functionsOfOneElement() throws {
    let ops = Self.ops { $0 is any UnaryOp.Type }
    #expect(ops.count > 30)
    for op in ops {
      let isAboveOne = op.name == "Acosh"
      try check(op, [[2, 3]], from: isAboveOne ? 1.2 : 0.2, to: isAboveOne ? 2 : 0.9)
    }
  }

  @Test func functionsOfTwoElements() throws {
    let ops = Self.ops { $0 is any BinaryOp.Type }
    #expect(ops.count > 15)
    for op in ops { try check(op, [[2, 3], [3]], from: 0.5, to: 2) }
  }

  @Test func gradientsOfFunctions() throws {
    let ops = Self.ops {
      $0 is any OutputGradientOp.Type || $0 is any ActivationGradientOp.Type
    }
    #expect(ops.count > 10)
    for op in ops { try check(op, [[2, 3], [2, 3]]) }
  }

  @Test func reductionsAlongAxes() throws {
    let ops = Self.ops { $0 is any AxisReductionOp.Type }
    #expect(ops.count > 4)
    for op in ops {
      try check(op, [[2, 3, 2]], [1])
      try check(op, [[2, 3, 2]], [-1, 0])
    }
  }

  @Test func functionsOfLogits() throws {
    for op in Self.ops({ $0 is any LogitsOp.Type }) { try check(op, [[2, 3]]) }
  }
}

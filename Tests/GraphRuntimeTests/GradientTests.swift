import Dataflow
import Testing

/// Every gradient against central differences.
@Suite struct GradientTests {
  private func check(
    _ name: String, _ shapes: [TensorCore.Shape], from low: Double = -0.9, to high: Double = 0.9,
    _ body: ([Tensor]) -> Tensor
  ) throws { try GradientCheck.check(name, shapes, from: low, to: high, body) }

  @Test func elementwiseOfOneInput() throws {
    let functions: [(String, (Tensor) -> Tensor)] = [
      ("exp", { exp($0) }), ("square", { square($0) }), ("sin", { sin($0) }),
      ("cos", { cos($0) }), ("tan", { tan($0) }), ("tanh", { tanh($0) }),
      ("sigmoid", { sigmoid($0) }), ("relu", { relu($0) }), ("elu", { elu($0) }),
      ("selu", { selu($0) }), ("softplus", { softplus($0) }), ("softsign", { softsign($0) }),
      ("expm1", { expm1($0) }), ("log1p", { log1p($0) }), ("abs", { abs($0) }),
      ("asin", { asin($0) }), ("atan", { atan($0) }), ("erf", { erf($0) }), ("neg", { -$0 }),
    ]
    for (name, function) in functions { try check(name, [[3, 4]]) { function($0[0]) } }
    for (name, function) in [
      ("log", { log($0) }), ("sqrt", { sqrt($0) }), ("rsqrt", { rsqrt($0) }),
      ("reciprocal", { reciprocal($0) }),
    ] as [(String, (Tensor) -> Tensor)] {
      try check(name, [[3, 4]], from: 0.3, to: 2) { function($0[0]) }
    }
  }

  @Test func transposingByAxesFromTheEnd() throws {
    try check("transpose", [[2, 3, 4]]) { square(transpose($0[0], permutation: [-1, 0, -2])) }
  }

  @Test func elementwiseOfTwoInputsThatBroadcast() throws {
    for shapes in [[[3, 4], [4]], [[3, 1], [2, 3, 4]], [[], [2, 2]]] as [[TensorCore.Shape]] {
      try check("add", shapes) { $0[0] + $0[1] }
      try check("sub", shapes) { $0[0] - $0[1] }
      try check("mul", shapes) { $0[0] * $0[1] }
      try check("div", shapes, from: 0.5, to: 2) { $0[0] / $0[1] }
      try check("pow", shapes, from: 0.5, to: 2) { pow($0[0], $0[1]) }
      try check("maximum", shapes) { maximum($0[0], $0[1]) }
      try check("squaredDifference", shapes) { squaredDifference($0[0], $0[1]) }
    }
  }

  @Test func reductionsAndProducts() throws {
    for axes in [[0], [1], [0, 2]] {
      try check("sum", [[2, 3, 4]]) { reduceSum($0[0], axes: axes) }
      try check("mean", [[2, 3, 4]]) { reduceMean($0[0], axes: axes, keepDimensions: true) }
      try check("max", [[2, 3, 4]]) { reduceMax($0[0], axes: axes) }
      try check("prod", [[2, 3, 2]]) { reduceProd($0[0], axes: axes) }
    }
    for (a, b) in [(false, false), (true, false), (false, true), (true, true)] {
      try check("matmul", [a ? [4, 3] : [3, 4], b ? [5, 4] : [4, 5]]) {
        matmul($0[0], $0[1], transposeA: a, transposeB: b)
      }
    }
    try check("biasAdd", [[3, 4], [4]]) { biasAdd($0[0], $0[1]) }
  }

  @Test func softmaxAndCrossEntropies() throws {
    try check("softmax", [[3, 5]]) { softmax($0[0]) }
    try check("logSoftmax", [[3, 5]]) { logSoftmax($0[0]) }
    try check("sparse", [[3, 5]]) {
      sparseSoftmaxCrossEntropy(labels: $0[0].graph.constant([Int64(0), 4, 2]), logits: $0[0])
    }
    try check("sigmoid cross-entropy", [[3, 5]]) {
      sigmoidCrossEntropy(labels: zerosLike($0[0]) + 0.3, logits: $0[0])
    }
  }

  @Test func views() throws {
    try check("reshape", [[3, 4]]) { reshape($0[0], to: [2, -1]) * 2 }
    try check("expandDimensions", [[3, 4]]) { square(expandDimensions($0[0], axis: 1)) }
    try check("concat", [[2, 3], [4, 3]]) { square(concat([$0[0], $0[1]], axis: 0)) }
    try check("transpose", [[2, 3, 4]]) { square(transpose($0[0], permutation: [2, 0, 1])) }
  }

  @Test func parts() throws {
    try check("split", [[3, 4]]) { x in
      let parts = split(x[0], into: 2, axis: -1)
      return square(parts[1])
    }
    try check("unstack", [[3, 4]]) { square(unstack($0[0], count: 3)[1]) }
    try check("stack", [[3, 4], [3, 4]]) { square(stack([$0[0], $0[1]], axis: -1)) }
    try check("slice", [[3, 4]]) { square(slice($0[0], begin: [1, 0], size: [2, 3])) }
    try check("stridedSlice", [[3, 4]]) { square($0[0][1..., .stride(by: -2)]) }
    try check("pad", [[2, 3]]) { square(pad($0[0], [[1, 0], [2, 1]], constant: 2)) }
    try check("tile", [[2, 3]]) { x in
      let multiples = x[0].graph.constant([2, 3]) * 1
      return square(tile(x[0], multiples))
    }
    try check("reverse", [[3, 4]]) { square(reverse($0[0], axes: [-1])) }
    try check("squeeze", [[3, 1, 4]]) { square(squeeze($0[0], axes: [1])) }
    try check("broadcast", [[3, 1]]) { x in
      square(broadcast(x[0], to: x[0].graph.constant([2, 3, 4])))
    }
    try check("dynamicStitch", [[2, 3], [2, 3]]) { x in
      let places = [[0, 2], [1, 3]].map { x[0].graph.constant($0) }
      return square(dynamicStitch(places, x))
    }
    try check("select", [[3, 4], [4]]) { select($0[0] .> 0, $0[0], square($0[1])) }
    try check("clip", [[3, 4]]) { square(clip($0[0], min: -0.5, max: 0.5)) }
  }

  @Test func gatheringAndScattering() throws {
    func rows(_ x: [Tensor], _ numbers: [Int]) -> Tensor { x[0].graph.constant(numbers) }
    for axis in [0, 1, -1, -2] {
      try check("gather \(axis)", [[3, 2, 3]]) {
        square(gather($0[0], rows($0, [1, 0, 1]), axis: axis))
      }
    }
    for (batch, axis) in [(1, 1), (1, 2), (2, 2)] {
      try check("gather \(axis) of batches", [[2, 2, 3]]) { x in
        let places = x[0].graph.constant([[1, 0], [1, 1]])
        let inputs = [x[0], places, x[0].graph.constant(axis)]
        return square(
          x[0].graph.add(Ops.GatherV2.self, inputs, ["batch_dims": .int(batch)]).output(0))
      }
    }
    try check("gatherND", [[3, 4]]) { x in
      let inputs = [x[0], x[0].graph.constant([[0, 1], [2, 3], [0, 1]])]
      return square(x[0].graph.add(Ops.GatherNd.self, inputs).output(0))
    }
    for op in [
      Ops.TensorScatterAdd.self, Ops.TensorScatterSub.self, Ops.TensorScatterUpdate.self,
      Ops.TensorScatterMin.self, Ops.TensorScatterMax.self,
    ] as [any Op.Type] {
      try check(op.name, [[4, 3], [2, 3]]) { x in
        let inputs = [x[0], x[0].graph.constant([[2], [0]]), x[1]]
        return square(x[0].graph.add(op, inputs).output(0))
      }
    }
    try check("topK", [[2, 3, 4]]) { square(topK($0[0], k: 2).values) }
  }

  @Test func segments() throws {
    for op in [
      Ops.SegmentSum.self, Ops.SegmentMean.self, Ops.SegmentProd.self, Ops.SegmentMin.self,
      Ops.SegmentMax.self,
    ] as [any Op.Type] {
      try check(op.name, [[5, 2]]) { x in
        let ids = x[0].graph.constant([0, 0, 2, 2, 2])
        return square(x[0].graph.add(op, [x[0], ids]).output(0))
      }
    }
    for op in [
      Ops.UnsortedSegmentSum.self, Ops.UnsortedSegmentProd.self, Ops.UnsortedSegmentMin.self,
      Ops.UnsortedSegmentMax.self,
    ] as [any Op.Type] {
      for (shape, ids) in [([5, 2], [1, 0, -1, 0, 1]), ([5], [1, 0, -1, 0, 1])] {
        try check(op.name, [TensorCore.Shape(shape)]) { x in
          let graph = x[0].graph
          let inputs = [x[0], graph.constant(ids), graph.constant(2)]
          return square(graph.add(op, inputs).output(0))
        }
      }
    }
  }

  @Test func accumulations() throws {
    for (exclusive, reverse) in [(false, false), (true, false), (false, true), (true, true)] {
      for op in [Ops.Cumsum.self, Ops.Cumprod.self] as [any Op.Type] {
        try check(op.name, [[2, 4]]) { x in
          let attributes: [String: Attribute] = [
            "exclusive": .bool(exclusive), "reverse": .bool(reverse),
          ]
          let inputs = [x[0], x[0].graph.constant(-1)]
          return square(x[0].graph.add(op, inputs, attributes).output(0))
        }
      }
    }
    for op in [
      Ops.Sum.self, Ops.Mean.self, Ops.Prod.self, Ops.Max.self, Ops.EuclideanNorm.self,
    ] as [any Op.Type] {
      try check("\(op.name) along axes that are data", [[2, 3, 2]]) { x in
        let axes = x[0].graph.constant([1, -1]) * 1
        return square(x[0].graph.add(op, [x[0], axes]).output(0))
      }
    }
    try check("reduceProd of all", [[2, 3]]) { reduceProd($0[0]) }
    try check("l2Loss", [[2, 3]]) { l2Loss($0[0]) }
    try check("logSumExp", [[2, 3]]) { reduceLogSumExp($0[0], axes: [-1]) }
  }

  @Test func diagonals() throws {
    for (low, high) in [(0, 0), (1, 1), (-1, -1), (-1, 2)] {
      func part(_ x: Tensor) -> Tensor {
        let graph = x.graph
        return graph.add(
          Ops.MatrixDiagPartV3.self,
          [x, graph.constant([low, high]), graph.constant(0, .float64)]
        ).output(0)
      }
      try check("diagonals \(low)...\(high)", [[2, 3, 4]]) { square(part($0[0])) }
      try check("set diagonals \(low)...\(high)", [[2, 3, 4], [2, 3, 4]]) { x in
        let inputs = [x[0], part(x[1]), x[0].graph.constant([low, high])]
        return square(x[0].graph.add(Ops.MatrixSetDiagV3.self, inputs).output(0))
      }
    }
    for op in [Ops.MatrixDiag.self, Ops.Diag.self] as [any Op.Type] {
      try check(op.name, [[3]]) { square($0[0].graph.add(op, [$0[0]]).output(0)) }
    }
    for op in [Ops.MatrixDiagPart.self, Ops.DiagPart.self] as [any Op.Type] {
      try check(op.name, [[3, 3]]) { square($0[0].graph.add(op, [$0[0]]).output(0)) }
    }
  }

  @Test func windows() throws {
    let image: TensorCore.Shape = [1, 4, 3, 2]
    try check("maxPool", [image]) { square(maxPool($0[0], padding: "SAME")) }
    try check("averagePool", [image]) { square(averagePool($0[0], padding: "SAME")) }
    try check("conv2d", [image, [2, 2, 2, 2]]) { conv2d($0[0], $0[1], padding: "SAME") }
    try check("depthwiseConv2d", [image, [2, 2, 2, 1]]) { depthwiseConv2d($0[0], $0[1]) }
    try check("gradient of maxPool", [image]) { x in
      let y = reduceSum(square(maxPool(x[0], padding: "SAME")))
      return square(gradients(of: y, withRespectTo: [x[0]])[0] ?? x[0])
    }
    try check("gradient of biasAdd", [[2, 3], [3]]) { x in
      let y = reduceSum(square(biasAdd(x[0], x[1])))
      return square(gradients(of: y, withRespectTo: [x[1]])[0] ?? x[1])
    }
  }
}

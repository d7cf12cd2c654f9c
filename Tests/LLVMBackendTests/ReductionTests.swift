import Dataflow
import Testing

/// Reductions on both backends: the order in which elements combine is part of what a reduction is, so
/// that the bits are the same.
@Suite struct ReductionTests {
  /// The subsets of the axes of a shape, the empty one left out.
  private static func subsets(_ rank: Int) -> [[Int]] {
    (1..<(1 << rank)).map { bits in (0..<rank).filter { bits >> $0 & 1 == 1 } }
  }

  private static let shapes = [
    [5, 4097, 3], [513, 291], [16], [1], [17], [100_000], [0, 5], [5, 0], [2, 3, 1, 19],
  ]

  @Test(arguments: shapes) func everySubsetOfAxesGivesTheSame(_ shape: [Int]) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(shape))
    let comparison = try BackendComparison(graph)
    for axes in Self.subsets(shape.count) {
      let (mean, variance) = moments(x, axes: axes)
      let fetches = [
        reduceSum(x, axes: axes), reduceProd(x + 1, axes: axes), reduceMax(x, axes: axes),
        reduceMin(x, axes: axes), reduceMean(x * 2 + 1, axes: axes, keepDimensions: true), mean,
        variance, reduceAll(x .> -0.9, axes: axes), reduceAny(x .> 0.99, axes: axes),
        reduceSum(x * x, axes: axes) + 1,
      ]
      for (seed, value) in try [Numbers.ordinary(shape), Numbers.special(.float32, shape)]
        .enumerated()
      {
        try comparison.expectSame(fetches, feeding: [x: value], "\(axes) \(seed) together")
        if shape.reduce(1, *) > 70_000 { continue }
        for fetch in fetches {
          try comparison.expectSame([fetch], feeding: [x: value], "\(axes) \(seed)")
        }
      }
      try comparison.expectSame(
        [reduceLogSumExp(x, axes: axes)], feeding: [x: Numbers.ordinary(shape)], bound: 1e-6)
    }
    for axis in shape.indices where shape[axis] > 0 {
      for value in try [Numbers.ordinary(shape), Numbers.special(.float32, shape)] {
        try comparison.expectSame(
          [argMax(x, axis: axis), argMin(x, axis: axis, outputType: .int32)],
          feeding: [x: value], "\(axis)")
      }
    }
    comparison.expectCompiled()
  }

  @Test(arguments: [
    DType.float64, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
  ])
  func everyTypeGivesTheSame(_ dtype: DType) throws {
    for shape in [[37, 53], [3, 4500, 2]] {
      let graph = Graph()
      let x = graph.placeholder(dtype, PartialShape(shape))
      let comparison = try BackendComparison(graph)
      for axes in Self.subsets(shape.count) {
        var fetches = [
          reduceSum(x, axes: axes), reduceProd(x, axes: axes), reduceMax(x, axes: axes),
          reduceMin(x, axes: axes), argMax(x, axis: axes[0]), argMin(x, axis: axes[0]),
        ]
        if dtype != .uint32, dtype != .uint64 { fetches.append(reduceMean(x, axes: axes)) }
        try comparison.expectSame(
          fetches, feeding: [x: Numbers.ordinary(shape, dtype)], "\(dtype) \(axes)")
        try comparison.expectSame(
          fetches, feeding: [x: Numbers.special(dtype, shape)], "\(dtype) \(axes)")
      }
      comparison.expectCompiled()
    }
  }

  @Test func stridedAndTransposedOperandsGiveTheSame() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [67, 5, 43])
    let comparison = try BackendComparison(graph)
    let value = try Numbers.ordinary([67, 5, 43])
    for permutation in [[2, 1, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1]] {
      for axes in Self.subsets(3) {
        let turned = transpose(x, permutation: permutation)
        try comparison.expectSame(
          [reduceSum(turned * 2, axes: axes), reduceMax(turned, axes: axes)],
          feeding: [x: value], "\(permutation) \(axes)")
        let every = stridedSlice(x, [.stride(by: 2), .all, .stride(by: 3)])
        try comparison.expectSame(
          [reduceSum(every, axes: axes) / 7], feeding: [x: value], "\(axes) strided")
      }
    }
    comparison.expectCompiled()
  }
}

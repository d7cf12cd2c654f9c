import Dataflow
import Testing

/// What single ops mean where it is easily mistaken; the values are TensorFlow 2.21's.
@Suite struct MeaningTests {
  private let graph = Graph()

  private func value<T: TensorScalar>(_ tensor: Tensor, as _: T.Type) throws -> [T] {
    try Session(graph).run(tensor).scalars(as: T.self)
  }

  /// Sums of narrow integers do not fit their type, their means do; quotients go towards zero.
  @Test func meansOfIntegers() throws {
    for (dtype, numbers, mean) in [
      (.uint8, [200, 100, 250, 255], 201), (.int8, [100, 120, 127, 90], 109),
      (.int8, [-100, -120, -127, -90], -109), (.uint16, [65_535, 65_000, 64_000], 64_845),
      (.int16, [32_767, 32_000, 31_001], 31_922),
      (.int32, [2_147_483_647, 2_147_483_645], 2_147_483_646),
      (.int32, [-1, -2], -1), (.int64, [1 << 40, 3], 549_755_813_889),
    ] as [(DType, [Int], Int)] {
      let x = graph.constant(numbers, dtype)
      let found = try Session(graph).run([reduceMean(x), reduceMean(stack([x, x]), axes: [1])])
      #expect(found[0].integers == [mean], "\(dtype) \(numbers)")
      #expect(found[1].integers == [mean, mean], "\(dtype) \(numbers)")
    }
  }

  /// Beside sorted numbers a segment without slices holds 0, beside others the type's limit.
  @Test func extremaOfEmptySegments() throws {
    let (data, ids) = (graph.constant([3, -4] as [Float]), graph.constant([0, 2]))
    func extremum(_ op: any Op.Type, _ more: [Tensor]) throws -> [Float] {
      try value(graph.add(op, [data, ids] + more).output(0), as: Float.self)
    }
    #expect(try extremum(Ops.SegmentMax.self, []) == [3, 0, -4])
    #expect(try extremum(Ops.SegmentMin.self, []) == [3, 0, -4])
    #expect(try extremum(Ops.SegmentProd.self, []) == [3, 1, -4])
    let limit = Float.greatestFiniteMagnitude
    let count = [graph.constant(3)]
    #expect(try extremum(Ops.UnsortedSegmentMax.self, count) == [3, -limit, -4])
    #expect(try extremum(Ops.UnsortedSegmentMin.self, count) == [3, limit, -4])
  }

  /// A window that is larger than the image by less than a stride finds no place.
  @Test func windowsLargerThanTheImage() throws {
    let x = graph.placeholder(.float32, [1, 3, 3, 1])
    let feeds: Feeds = [x: try TensorValue([Float](repeating: 1, count: 9), shape: [1, 3, 3, 1])]
    let filter = graph.ones([4, 4, 1, 2])
    let session = try Session(graph)
    for (y, channels) in [
      (conv2d(x, filter), 2), (maxPool(x, size: [4, 4], strides: [1, 1]), 1),
      (averagePool(x, size: [4, 4], strides: [1, 1]), 1),
    ] {
      #expect(try session.run(y, feeding: feeds).shape == [1, 0, 0, channels])
      let dx = try #require(gradients(of: y, withRespectTo: [x])[0])
      #expect(
        try session.run(dx, feeding: feeds).scalars(as: Float.self) == Array(repeating: 0, count: 9)
      )
    }
    _ = maxPool(x, size: [6, 6], strides: [1, 1])
    #expect(graph.errors.last?.message.contains("a window of 6 is larger") == true)
  }

  /// Rows without elements are rows.
  @Test func gradientsOfEmptyRows() throws {
    let x = graph.placeholder(.float32, [nil, nil])
    let y = reduceSum(gather(x, graph.constant([0, 2])))
    let dx = try #require(gradients(of: y, withRespectTo: [x])[0])
    let feeds: Feeds = [x: TensorValue(zeros: [3, 0], dtype: .float32)]
    #expect(try Session(graph).run(dx, feeding: feeds).shape == [3, 0])
  }

  @Test func differencesOfLists() throws {
    let inputs = [graph.constant([5, 3, 3, 1]), graph.constant([3, 7])]
    let node = graph.add(Ops.ListDiff.self, inputs)
    #expect(try value(node.output(0), as: Int32.self) == [5, 1])
    #expect(try value(node.output(1), as: Int32.self) == [0, 3])
  }

  /// A window of maxima passes over NaN, and nothing is below the least finite number.
  @Test func maximaBesideNaN() throws {
    let numbers: [Float] = [
      .nan, 2, .nan, .nan, 1, .nan, .nan, .nan,
      -.infinity, -.infinity, 1, 3, -.infinity, -.infinity, 2, .nan,
    ]
    let x = graph.placeholder(.float32, [1, 4, 4, 1])
    let feeds: Feeds = [x: try TensorValue(numbers, shape: [1, 4, 4, 1])]
    let least = -Float.greatestFiniteMagnitude
    for session in [try Session(graph), try Session(graph, backend: .cpu)] {
      let y = try session.run(maxPool(x), feeding: feeds)
      #expect(try y.scalars(as: Float.self) == [2, least, least, 3])
    }
  }

  /// What counts as zero is zero as an exponent, and makes no NaN of an angle.
  @Test func denormals() throws {
    let (x, y) = (graph.placeholder(.float32, [3]), graph.placeholder(.float32, [3]))
    let tiny: Float = 1e-40
    let feeds: Feeds = [
      x: try TensorValue([2, -1, tiny], shape: [3]),
      y: try TensorValue([tiny, tiny, tiny], shape: [3]),
    ]
    for session in [try Session(graph), try Session(graph, backend: .cpu)] {
      let powers = try session.run(pow(x, y), feeding: feeds).scalars(as: Float.self)
      #expect(powers == [1, 1, 1])
      let angles = try session.run(atan2(y: x, x: y), feeding: feeds).scalars(as: Float.self)
      #expect(!angles[2].isNaN)
    }
  }

  /// Accumulations of narrow integers wrap in their own type.
  @Test func narrowIntegers() throws {
    let x = graph.constant([100, 90, -7], .int8)
    let ids = graph.constant([0, 0, 1])
    let places = graph.constant([[0], [0]])
    let updates = graph.constant([100, 3], .int8)
    for (y, wanted) in [
      (cumsum(x), [100, -66, -73]),
      (graph.add(Ops.SegmentSum.self, [x, ids]).output(0), [-66, -7]),
      (graph.add(Ops.TensorScatterAdd.self, [x, places, updates]).output(0), [-53, 90, -7]),
      (topK(x, k: 2).values, [100, 90]),
    ] { #expect(try Session(graph).run(y).integers == wanted) }
  }
}

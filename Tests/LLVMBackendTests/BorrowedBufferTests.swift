import Dataflow
import Glibc
import Testing

/// Nothing beyond the ends of a caller's buffers is read: each lies next to a page without access.
@Suite struct BorrowedBufferTests {
  /// Memory that ends where the next page has no access, or begins where the one before has none.
  private final class GuardedBuffer {
    private let mapping: UnsafeMutableRawPointer
    private let byteCount: Int
    let bytes: UnsafeRawBufferPointer

    init(_ value: TensorValue, isAtEnd: Bool) throws {
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      let inner = (max(1, value.byteCount) + page - 1) / page * page
      byteCount = inner + 2 * page
      let mapped = mmap(
        nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      mapping = try #require(mapped != MAP_FAILED ? mapped : nil)
      let start = mapping + page + (isAtEnd ? inner - value.byteCount : 0)
      value.withUnsafeBytes { source in
        if let base = source.baseAddress { start.copyMemory(from: base, byteCount: source.count) }
      }
      bytes = UnsafeRawBufferPointer(start: start, count: value.byteCount)
      try #require(mprotect(mapping, page, PROT_NONE) == 0)
      try #require(mprotect(mapping + page + inner, page, PROT_NONE) == 0)
    }

    deinit { munmap(mapping, byteCount) }
  }

  /// Runs with buffers at either end of a page, and expects what the CPU backend gives for values.
  private func expect(
    _ fetches: [Tensor], _ fed: [(Tensor, TensorValue)], bound: Double = 0,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let graph = fetches[0].graph
    var feeds = Feeds()
    for (tensor, value) in fed { feeds.feed(value, to: tensor) }
    let expected = try Session(graph, backend: .cpu).run(fetches, feeding: feeds)
    for threads in [1, 2] {
      let run = try Session(graph, backend: .llvm, threads: threads).prepare(
        fetches, feeding: feeds)
      for isAtEnd in [true, false] {
        let buffers = try fed.map { try GuardedBuffer($0.1, isAtEnd: isAtEnd) }
        var results = expected.map { TensorValue(zeros: $0.shape, dtype: $0.dtype) }
        try collect(&results) { try run.run(from: buffers.map(\.bytes), into: $0) }
        for (a, b) in zip(results, expected) {
          let difference = BackendComparison.difference(a, b, bound > 0 ? 4 : 0, bound)
          #expect(difference == nil, "\(difference ?? "")", sourceLocation: location)
        }
        withExtendedLifetime(buffers) {}
      }
    }
  }

  /// The bytes of all values at once.
  private func collect(
    _ values: inout [TensorValue], _ body: ([UnsafeMutableRawBufferPointer]) throws -> Void
  ) throws {
    let outputs = values.map {
      UnsafeMutableRawBufferPointer.allocate(byteCount: $0.byteCount, alignment: 64)
    }
    defer { for output in outputs { output.deallocate() } }
    try body(outputs)
    for (index, output) in outputs.enumerated() {
      values[index] = try TensorValue(
        dtype: values[index].dtype, shape: values[index].shape,
        bytes: UnsafeRawBufferPointer(output))
    }
  }

  @Test(arguments: [DType.float32, .uint8, .float64, .int16, .bool])
  func loopsAndReductions(_ dtype: DType) throws {
    for shape in [[1], [7], [513], [3, 17], [37, 5], [5, 1, 19]] {
      let graph = Graph()
      let x = graph.placeholder(dtype, PartialShape(shape))
      let y = graph.placeholder(dtype, PartialShape(Array(shape.suffix(1))))
      let axes = Array(shape.indices)
      let value = try Numbers.ordinary(shape, dtype)
      let other = try Numbers.ordinary(Array(shape.suffix(1)), dtype, seed: 2)
      func check(_ fetches: [Tensor]) throws { try expect(fetches, [(x, value), (y, other)]) }
      if dtype == .bool {
        try check([x.apply(Ops.LogicalAnd.self, [y]), reduceAny(x, axes: axes)])
        try check([transpose(x, permutation: axes.reversed()), reduceAll(y, axes: [0])])
        continue
      }
      try check([x * y + x])
      try check([transpose(x, permutation: axes.reversed()) * 2, y + 1])
      try check([reverse(x, axes: axes) + y])
      try check([cast(x, .int32) + cast(y, .int32), cast(x * y, .float32)])
      for axis in axes { try check([reduceSum(x, axes: [axis]), reduceMax(y, axes: [0])]) }
      try check([reduceSum(x * y), argMax(x, axis: 0)])
    }
  }

  @Test(arguments: [
    [1, 1, 1], [1, 17, 5], [5, 17, 7], [7, 1, 19], [13, 33, 31], [1, 513, 77],
  ])
  func products(_ sizes: [Int]) throws {
    let (m, n, k) = (sizes[0], sizes[1], sizes[2])
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
      let graph = Graph()
      let a = try Numbers.whole(ta ? [k, m] : [m, k], seed: 1)
      let b = try Numbers.whole(tb ? [n, k] : [k, n], seed: 2)
      let x = graph.placeholder(.float32, PartialShape(a.shape.dimensions))
      let y = graph.placeholder(.float32, PartialShape(b.shape.dimensions))
      let bias = graph.placeholder(.float32, [n])
      let z = matmul(x, y, transposeA: ta, transposeB: tb)
      try expect([z, z * 1], [(x, a), (y, b)])
      try expect([relu(biasAdd(z, bias))], [(x, a), (y, b), (bias, Numbers.whole([n], seed: 3))])
    }
  }

  @Test(arguments: [1, 3, 4, 5, 16, 17], [1, 2]) func convolutions(_ channels: Int, _ stride: Int)
    throws
  {
    for (window, padding) in [([3, 3], "SAME"), ([2, 3], "VALID"), ([1, 1], "VALID")] {
      for isDepthwise in [false, true] {
        let graph = Graph()
        let filter = window + [channels, isDepthwise ? 1 : 7]
        let x = graph.placeholder(.float32, [2, 7, 5, channels])
        let w = graph.placeholder(.float32, PartialShape(filter))
        let z =
          isDepthwise
          ? depthwiseConv2d(x, w, strides: [stride, stride], padding: padding)
          : conv2d(x, w, strides: [stride, stride], padding: padding)
        let slopes = gradients(of: reduceSum(z * 3), withRespectTo: [x, w]).compactMap { $0 }
        let fed = [
          (x, try Numbers.whole([2, 7, 5, channels], seed: 1)),
          (w, try Numbers.whole(filter, seed: 2)),
        ]
        try expect([z], fed)
        for slope in slopes { try expect([slope], fed) }
      }
    }
  }
}

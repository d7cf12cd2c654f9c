import Dataflow
import Testing

/// Every elementwise op on both backends, on every type that it takes and on the numbers that tell
/// apart what is alike for ordinary ones.
@Suite struct ElementwiseTests {
  /// A prime number of elements more than all pairs of numbers: the last vector is ragged.
  private static let count = 1372

  /// Ops whose inputs are all of one type and shape, or Booleans.
  private static let ops: [any ElementwiseOp.Type] = OpSet.standard.names.compactMap { name in
    guard let op = OpSet.standard[name] as? any ElementwiseOp.Type,
      !["AddN", "BiasAdd", "Cast", "MatrixBandPart", "OneHot", "Range", "Select"].contains(name)
    else { return nil }
    return op
  }

  private static func types(_ op: any ElementwiseOp.Type) -> [DType] {
    guard let definition = op.signature.attributes.first(where: { $0.name == "T" }) else {
      return [.bool]
    }
    let all = definition.allowedTypes.isEmpty ? [DType].dense : definition.allowedTypes
    return all.filter { $0 != .float16 && $0 != .bfloat16 }
  }

  /// Whether an integer 0 as second operand is an error.
  private static func divides(_ op: any ElementwiseOp.Type) -> Bool {
    op.name.contains("Div") || op.name.contains("Mod") || op.name == "Xdivy"
  }

  /// The numbers, integers without their signs: a negative power of one is an error.
  private static func exponents(_ value: TensorValue) throws -> TensorValue {
    guard !value.dtype.isFloatingPoint, value.dtype != .bool, let integers = value.integers else {
      return value
    }
    return try TensorValue(
      integers: integers.map { max(0, $0) }, as: value.dtype, shape: value.shape)
  }

  @Test func everyOpGivesTheSame() throws {
    #expect(Self.ops.count > 60)
    for dtype in [DType].dense where dtype != .float16 && dtype != .bfloat16 {
      let graph = Graph()
      func feed(_ dtype: DType, _ step: Int, isNonzero: Bool = false) throws -> (
        Tensor, TensorValue
      ) {
        let value = try Numbers.special(dtype, [Self.count], step: step, isNonzero: isNonzero)
        return (graph.placeholder(dtype, [Self.count]), value)
      }
      var fed = try [
        feed(dtype, 1), feed(dtype, 37), feed(dtype, 5), feed(dtype, 37, isNonzero: true),
        feed(.bool, 3), feed(.bool, 2),
      ]
      fed.append((graph.placeholder(dtype, [Self.count]), try Self.exponents(fed[1].1)))
      var results: [(String, Tensor)] = []
      for op in Self.ops where Self.types(op).contains(dtype) {
        let kinds = op.signature.inputs.map(\.kind)
        var inputs: [Tensor] = []
        for (place, kind) in kinds.enumerated() {
          if kind == .fixed(.bool) {
            inputs.append(fed[4 + place % 2].0)
          } else {
            let second = op.name == "Pow" ? 6 : Self.divides(op) ? 3 : 1
            inputs.append(fed[place == 1 ? second : place].0)
          }
        }
        results.append((op.name, inputs[0].apply(op, Array(inputs.dropFirst()))))
      }
      var feeds = Feeds()
      for (tensor, value) in fed { feeds.feed(value, to: tensor) }
      let comparison = try BackendComparison(graph)
      for (name, result) in results {
        if name == "Pow", dtype == .float32 {
          // The C library takes a base below the normal range for what it is; vectors, as all arithmetic
          // of a run does, for zero.
          var normal = Feeds()
          for (number, (tensor, _)) in fed.enumerated() where tensor.dtype == dtype {
            let value = try Numbers.ordinary([Self.count], dtype, seed: number)
            normal.feed(value, to: tensor)
          }
          try comparison.expectSame([result], feeding: normal, "\(name) of \(dtype)")
          continue
        }
        try comparison.expectSame([result], feeding: feeds, "\(name) of \(dtype)")
      }
      comparison.expectCompiled()
    }
  }

  @Test func everyCastGivesTheSame() throws {
    for source in [DType].dense {
      let graph = Graph()
      let x = graph.placeholder(source, [75], name: "x")
      let casts = [DType].dense.filter { $0 != source }.map { cast(x, $0) }
      let comparison = try BackendComparison(graph)
      let value = try Numbers.special(source, [75])
      for result in casts {
        try comparison.expectSame([result], feeding: [x: value], "\(source) to \(result.dtype)")
      }
    }
  }

  @Test(arguments: [[513, 291], [7], [1], [0, 5], [3, 1, 17], [2, 3, 4, 5]])
  func loopsOfEveryShape(_ shape: [Int]) throws {
    let graph = Graph()
    for dtype in [DType.float32, .float64, .int32, .uint8, .int64] {
      let x = graph.placeholder(dtype, PartialShape(shape))
      let last = graph.constant(try Numbers.ordinary([shape[shape.count - 1]], dtype, seed: 3))
      let one = graph.constant(try Numbers.ordinary([], dtype, seed: 4))
      let backwards = Array(shape.indices.reversed())
      let every = shape.map { _ in SliceIndex.stride(by: 2) }
      let fetches = [
        x * last + one, transpose(x * x, permutation: backwards) + one,
        transpose(x, permutation: backwards) * transpose(x + last, permutation: backwards),
        reverse(x, axes: backwards) - x, stridedSlice(x, every) + one,
        stridedSlice(x + last, every) * stridedSlice(x, every),
        reshape(x, to: [-1]) + one, concat([x, x + one], axis: 0) * one,
        pad(x, shape.map { _ in [1, 2] }) - one,
      ]
      let comparison = try BackendComparison(graph)
      let value = try Numbers.ordinary(shape, dtype)
      for fetch in fetches {
        try comparison.expectSame([fetch], feeding: [x: value], "\(dtype)")
      }
      try comparison.expectSame(fetches, feeding: [x: value], "\(dtype) together")
    }
  }

  @Test func operandsBroadcast() throws {
    let graph = Graph()
    let shapes = [[3, 1, 17], [5, 1], [1, 1, 1], [17], [3, 5, 17], []]
    let fed = try shapes.map { shape in
      (graph.placeholder(.float32, PartialShape(shape)), try Numbers.special(.float32, shape))
    }
    var feeds = Feeds()
    for (tensor, value) in fed { feeds.feed(value, to: tensor) }
    let comparison = try BackendComparison(graph)
    for (a, _) in fed {
      for (b, _) in fed {
        try comparison.expectSame([a * b, maximum(a, b), a - b / 3], feeding: feeds)
        try comparison.expectSame([select(a .< b, a, b)], feeding: feeds)
      }
    }
    comparison.expectCompiled()
  }

  @Test(arguments: [DType.int32, .int64, .int8, .int16, .uint8, .uint16, .uint32, .uint64])
  func aDivisionByZeroIsAnErrorWhereverItIs(_ dtype: DType) throws {
    let graph = Graph()
    let x = graph.placeholder(dtype, [3, 37])
    let y = graph.placeholder(dtype, [3, 37])
    let backwards = transpose(x, permutation: [1, 0])
    let results = [
      floorDiv(x, y), floorMod(x, y), x.apply(Ops.Div.self, [y]),
      reduceSum(floorDiv(x, y), axes: [1]), reduceSum(floorDiv(x, y), axes: [0]),
      floorDiv(backwards, transpose(y, permutation: [1, 0])),
    ]
    let dividends = try TensorValue(integers: (0..<111).map { $0 }, as: dtype, shape: [3, 37])
    for session in [
      try Session(graph, backend: .llvm, threads: 1), try Session(graph, backend: .cpu, threads: 1),
    ] {
      for result in results {
        func run(zeroAt place: Int?) throws -> [Int]? {
          var divisors = (0..<111).map { 1 + $0 % 5 }
          if let place { divisors[place] = 0 }
          let value = try TensorValue(integers: divisors, as: dtype, shape: [3, 37])
          return try session.run(result, feeding: [x: dividends, y: value]).integers
        }
        // Lanes beyond the last element divide nothing.
        #expect(try run(zeroAt: nil) != nil)
        for place in [0, 5, 31, 32, 36, 37, 73, 74, 110] {
          #expect(throws: SessionError.self, "\(result) at \(place)") { try run(zeroAt: place) }
        }
      }
    }
  }

  @Test(arguments: [DType.int32, .int64], [1, 5, 16, 37, 100])
  func paddingDividesNothing(_ dtype: DType, _ count: Int) throws {
    let graph = Graph()
    let x = graph.placeholder(dtype, [7, count])
    let y = graph.placeholder(dtype, [count])
    let sum = reduceSum(x, axes: [0])
    let product = matmul(x, x, transposeA: true)
    let results = [
      floorDiv(sum, y), floorMod(sum * 2, y) + y, reduceSum(floorDiv(x, y), axes: [0]),
      reduceMax(floorMod(x, y), axes: [1]), floorDiv(product, y), product.apply(Ops.Div.self, [y]),
      floorDiv(transpose(x, permutation: [1, 0]), reshape(y, to: [count, 1])),
      floorDiv(y, reduceSum(x * 0 + 1, axes: [0])),
    ]
    let comparison = try BackendComparison(graph)
    let divisors = (0..<count).map { $0 % 9 < 4 ? $0 % 9 - 4 : $0 % 9 + 1 }
    let feeds: Feeds = [
      x: try Numbers.ordinary([7, count], dtype),
      y: try TensorValue(integers: divisors, as: dtype, shape: [count]),
    ]
    for result in results { try comparison.expectSame([result], feeding: feeds) }
    try comparison.expectSame(results, feeding: feeds)
    for place in Set([0, count / 2, count - 1]) {
      var wrong = divisors
      wrong[place] = 0
      let feeds: Feeds = [
        x: try Numbers.ordinary([7, count], dtype),
        y: try TensorValue(integers: wrong, as: dtype, shape: [count]),
      ]
      for result in results.dropLast() {
        #expect(throws: SessionError.self) { try comparison.llvm.run(result, feeding: feeds) }
      }
    }
  }
}

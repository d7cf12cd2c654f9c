import GraphCore
import TensorCore

/// An op whose random numbers follow from a seed that it is given, and so are the same in every run.
public protocol StatelessRandomOp: DataOp {
  /// What the elements are drawn from.
  static var distribution: RandomDistribution { get }
}

extension StatelessRandomOp {
  /// The shape that the first input holds.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    if let known = node.sizes(0) { return [try known.asSizes()] }
    return [node.input(0).shape[0].map { .ofRank($0) } ?? .unknown]
  }

  /// As many as the first input says.
  public static func byteCount(of node: Node, _ inputs: [TensorValue]) -> Int {
    ((inputs[0].integers ?? []) + [node.output(0).dtype.byteCount ?? 8]).sizeProduct
  }

  /// Numbers from the stream of a seed, or of a key and counter.
  public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
    -> [TensorValue]
  {
    let hasKey = node.record.inputs.count > 3 && signature.inputs[1].name == "key"
    let stream: Philox
    if hasKey {
      guard let algorithm = inputs[3].integers?.first, algorithm == 1 || algorithm == 3 else {
        throw GraphError("alg must be 1 (Philox) or 3 (automatic), found \(inputs[3])")
      }
      guard let key = (try? inputs[1].scalars(as: UInt64.self))?.first,
        let counter = try? inputs[2].scalars(as: UInt64.self), counter.count >= 2
      else { throw GraphError("a key and a counter of two numbers are expected") }
      stream = Philox(key: key, low: counter[0], high: counter[1])
    } else {
      stream = try Philox(statelessSeed: inputs[1])
    }
    guard let sizes = inputs[0].integers, let count = TensorCore.Shape(sizes).checkedCount,
      count <= 1 << 31
    else { throw GraphError("\(inputs[0]) is no shape") }
    let bounds = inputs.suffix(2).map { $0.integers?.first ?? 0 }
    if distribution == .uniformInteger, bounds[0] >= bounds[1] {
      throw GraphError("minval must be below maxval, found \(bounds)")
    }
    var result = TensorValue(zeros: Shape(sizes), dtype: node.output(0).dtype)
    let dtype = result.dtype
    let isFilled = result.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return true }
      return stream.fill(base, count, dtype, distribution, (bounds.first ?? 0, bounds.last ?? 0))
    }
    guard isFilled else { throw GraphError("random numbers of \(dtype) are not supported") }
    return [result]
  }

  /// Random numbers depend on nothing.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .none("random numbers do not depend on what they are drawn with") }
}

extension Philox {
  /// The stream of a key and a counter.
  init(key: UInt64, low: UInt64, high: UInt64) {
    self.init(seed: key, seed2: high)
    skip(low)
  }

  /// The stream that TensorFlow's stateless ops draw from: the seed's two numbers are scrambled, so that
  /// neither needs to be strong.
  init(statelessSeed seed: TensorValue) throws(GraphError) {
    guard let numbers = seed.integers, numbers.count == 2 else {
      throw GraphError("a seed of two integers is expected, found \(seed)")
    }
    var scrambler = Philox(
      key: 0x0246_1e29_3ec8_f720, low: UInt64(bitPattern: Int64(numbers[0])),
      high: UInt64(bitPattern: Int64(numbers[1])))
    let mixed = scrambler.next()
    self.init(
      key: UInt64(mixed.0) | UInt64(mixed.1) << 32, low: 0,
      high: UInt64(mixed.2) | UInt64(mixed.3) << 32)
  }

  /// Fills memory from here on; false if there are no such numbers of the type.
  func fill(
    _ base: UnsafeMutableRawPointer, _ count: Int, _ dtype: DType,
    _ distribution: RandomDistribution, _ bounds: (Int, Int)
  ) -> Bool {
    func pointer<T>(_: T.Type) -> UnsafeMutablePointer<T> { base.assumingMemoryBound(to: T.self) }
    switch (distribution, dtype) {
    case (.uniform, .float32): fillUniform(pointer(Float.self), count: count)
    case (.uniform, .float64): fillUniform(pointer(Double.self), count: count)
    case (.normal, .float32): fillNormal(pointer(Float.self), count: count)
    case (.normal, .float64): fillNormal(pointer(Double.self), count: count)
    case (.truncatedNormal, .float32): fillTruncatedNormal(pointer(Float.self), count: count)
    case (.truncatedNormal, .float64): fillTruncatedNormal(pointer(Double.self), count: count)
    case (.uniformInteger, .int32):
      fillUniform(
        pointer(Int32.self), from: Int32(truncatingIfNeeded: bounds.0),
        to: Int32(truncatingIfNeeded: bounds.1), count: count)
    case (.uniformInteger, .int64):
      fillUniform(
        pointer(Int64.self), from: Int64(bounds.0), to: Int64(bounds.1), count: count)
    default: return false
    }
    return true
  }
}

extension Ops {
  private static let seeded: [Signature.AttributeDefinition] = [
    .type("dtype", [.float32, .float64], default: .float32), .type("T", .indices, default: .int32),
    .type("Tseed", .indices, default: .int64),
  ]
  private static let keyed: [Signature.AttributeDefinition] = [
    .type("dtype", [.float32, .float64], default: .float32),
    .type("Tshape", .indices, default: .int32),
  ]
  private static let seededSignature = Signature(
    ["shape: T vector", "seed: Tseed vector"], gives: ["output: dtype"], seeded)
  private static let keyedSignature = Signature(
    ["shape: Tshape vector", "key: uint64", "counter: uint64", "alg: int32 scalar"],
    gives: ["output: dtype"],
    keyed)

  /// The key and counter of a seed.
  public enum StatelessRandomGetKeyCounter: DataOp {
    public static let signature = Signature(
      ["seed: Tseed vector"], gives: ["key: uint64", "counter: uint64"],
      [.type("Tseed", .indices, default: .int64)])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [[1], [2]] }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let (key, low, high) = try Philox(statelessSeed: inputs[0]).words
      return [TensorValue([key]), TensorValue([low, high])]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("a seed is an integer") }
  }

  /// The number of the generator: Philox.
  public enum StatelessRandomGetAlg: DataOp {
    public static let signature = Signature([], gives: ["alg: int32"])
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [.scalar] }
    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    { [TensorValue(Int32(1))] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }

  /// Numbers in [0, 1) from a seed.
  public enum StatelessRandomUniform: StatelessRandomOp {
    public static let distribution = RandomDistribution.uniform
    public static let signature = seededSignature
  }
  /// Numbers of mean 0 and deviation 1 from a seed.
  public enum StatelessRandomNormal: StatelessRandomOp {
    public static let distribution = RandomDistribution.normal
    public static let signature = seededSignature
  }
  /// The same within two deviations.
  public enum StatelessTruncatedNormal: StatelessRandomOp {
    public static let distribution = RandomDistribution.truncatedNormal
    public static let signature = seededSignature
  }
  /// Integers in [minval, maxval) from a seed.
  public enum StatelessRandomUniformInt: StatelessRandomOp {
    public static let distribution = RandomDistribution.uniformInteger
    public static let signature = Signature(
      ["shape: T vector", "seed: Tseed vector", "minval: dtype", "maxval: dtype"],
      gives: ["output: dtype"],
      [
        .type("dtype", .indices), .type("T", .indices),
        .type("Tseed", .indices, default: .int64),
      ])
  }
  /// Numbers in [0, 1) from a key and counter.
  public enum StatelessRandomUniformV2: StatelessRandomOp {
    public static let distribution = RandomDistribution.uniform
    public static let signature = keyedSignature
  }
  /// Numbers of mean 0 and deviation 1 from a key and counter.
  public enum StatelessRandomNormalV2: StatelessRandomOp {
    public static let distribution = RandomDistribution.normal
    public static let signature = keyedSignature
  }
  /// The same within two deviations.
  public enum StatelessTruncatedNormalV2: StatelessRandomOp {
    public static let distribution = RandomDistribution.truncatedNormal
    public static let signature = keyedSignature
  }
  /// Integers in [minval, maxval) from a key and counter.
  public enum StatelessRandomUniformIntV2: StatelessRandomOp {
    public static let distribution = RandomDistribution.uniformInteger
    public static let signature = Signature(
      [
        "shape: Tshape vector", "key: uint64", "counter: uint64", "alg: int32 scalar",
        "minval: dtype",
        "maxval: dtype",
      ], gives: ["output: dtype"],
      [.type("dtype", .indices), .type("Tshape", .indices, default: .int32)])
  }
}

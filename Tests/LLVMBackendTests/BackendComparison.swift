import Dataflow
import GraphCompiler
import LLVMBackend
import Testing

/// The same graph on machine code and on the CPU backend.
struct BackendComparison {
  let graph: Graph
  let llvm: Session
  let cpu: Session

  init(_ graph: Graph, threads: Int = 2) throws {
    self.graph = graph
    llvm = try Session(graph, backend: .llvm, threads: threads)
    cpu = try Session(graph, backend: .cpu, threads: threads)
    if !graph.variables().isEmpty {
      for session in [llvm, cpu] { try session.run(graph.globalVariablesInitializer()) }
    }
  }

  /// Expects the same bits where all steps are rounded correctly, else nearly the same.
  ///
  /// - Parameters:
  ///   - units: how far transcendental results may be apart, in units in the last place.
  ///   - bound: how far they may be apart relative to the greatest; instead of `units`.
  func expectSame(
    _ fetches: [Tensor], targets: [any GraphElement] = [], feeding feeds: Feeds = [:],
    units: Double = 4, bound: Double? = nil, _ note: @autoclosure () -> String = "",
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let found = try llvm.run(fetches, targets: targets, feeding: feeds)
    let expected = try cpu.run(fetches, targets: targets, feeding: feeds)
    let plan = try cpu.planned(fetching: fetches, targets: targets, feeding: feeds).plan
    let isRounded = plan.steps.allSatisfy(\.kernel.isRoundedAlike)
    for (number, (a, b)) in zip(found, expected).enumerated() {
      let difference = Self.difference(a, b, isRounded ? 0 : units, isRounded ? nil : bound)
      #expect(
        difference == nil, "\(note()) \(fetches[number].name): \(difference ?? "")",
        sourceLocation: location)
    }
  }

  /// Expects that every kernel so far was compiled, where there is LLVM at all.
  func expectCompiled(
    except forms: Set<String> = [], at location: SourceLocation = #_sourceLocation
  ) {
    #if LLVM
      guard (try? LLVMLibrary.loaded.get()) != nil else { return }
      let declined = llvm.kernels.filter { $0.backend != "llvm" }
      #expect(declined.isEmpty, "\(declined.prefix(2))", sourceLocation: location)
    #endif
  }

  /// Where two values differ; nil if they do not. Any NaN is any NaN, a denormal number the zero of its
  /// sign, which the arithmetic of a run takes it for.
  static func difference(
    _ a: TensorValue, _ b: TensorValue, _ units: Double = 0, _ bound: Double? = nil
  ) -> String? {
    guard a.dtype == b.dtype, a.shape == b.shape else {
      return "\(a.dtype)\(a.shape) instead of \(b.dtype)\(b.shape)"
    }
    guard a.dtype.isFloatingPoint, let x = a.doubles, let y = b.doubles else {
      let place = a.withUnsafeBytes { one in
        b.withUnsafeBytes { other in one.indices.first { one[$0] != other[$0] } }
      }
      return place.map { place in
        let index = place / max(1, a.byteCount / max(1, a.count))
        return "element \(index) is \(a.doubles?[index] ?? .nan), not \(b.doubles?[index] ?? .nan)"
      }
    }
    let greatest = y.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 }
    for (index, (x, y)) in zip(x, y).enumerated() {
      let (least, unit): (Double, Double) =
        a.dtype == .float64
        ? (.leastNormalMagnitude, max(y.magnitude, .leastNormalMagnitude).ulp)
        : (
          Double(Float.leastNormalMagnitude),
          Double(Float(max(y.magnitude, Double(Float.leastNormalMagnitude))).ulp)
        )
      let isSame: Bool
      if x.isNaN || y.isNaN {
        isSame = x.isNaN && y.isNaN
      } else if x == y {
        isSame = x.sign == y.sign
      } else if x.magnitude < least, y.magnitude < least {
        isSame = x.sign == y.sign || units > 0
      } else if let bound {
        isSame = (x - y).magnitude <= bound * greatest
      } else {
        // Next to the least normal number one may be below it, and count as zero.
        let gap = units > 0 && max(x.magnitude, y.magnitude) <= least * 1.000_001 ? least : 0
        isSame = (x - y).magnitude <= max(units * unit, gap)
      }
      if !isSame { return "element \(index) is \(x), not \(y)" }
    }
    return nil
  }
}

/// Values for tests: the same in every run.
enum Numbers {
  /// Zeros of both signs, NaN, infinities, denormal, huge and tiny numbers, halves, neighbours, and
  /// ordinary ones.
  static let adversarial: [Double] = [
    0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -7, 0.1, -0.3, 1 / 3, 6, 6.5, 88.7, -104, 1e8,
    -1e8, 16_777_217, 1e-8, -1e-8, 1e-30, 1.2e-38, 1e-40, -1e-40, 1e30, -1e38, 3.4e38,
    .infinity, -.infinity, .nan, 1 + 1.2e-7, 4, 0.25, 0.999_999_9,
  ]

  /// Small ones, and those at the ends of each width.
  static let integers: [Int] = [
    0, 1, -1, 2, -2, 3, -3, 5, 7, -7, 10, 100, -100, 127, -128, 128, 254, -129, 32_767, -32_768,
    65_534, 2_147_483_647, -2_147_483_648, 4_294_967_294, .max, .min, 1_000_003,
  ]

  /// Elements so that `step` 1 meets each number in turn, and a larger one each beside all others.
  static func special(
    _ dtype: DType, _ shape: [Int], step: Int = 1, isNonzero: Bool = false
  ) throws -> TensorValue {
    let shape = Shape(shape)
    if dtype.isFloatingPoint {
      let numbers = (0..<shape.count).map { adversarial[$0 / step % adversarial.count] }
      return try TensorValue(converting: numbers, to: dtype, shape: shape)
    }
    let numbers = (0..<shape.count).map { integers[$0 / step % integers.count] }
    let value = try TensorValue(integers: numbers, as: dtype, shape: shape)
    guard isNonzero, let wrapped = value.integers else { return value }
    return try TensorValue(
      integers: wrapped.map { $0 == 0 ? 3 : $0 }, as: dtype, shape: shape)
  }

  /// Numbers between −1 and 1 in no order; whole ones from −9 to 9 of an integer type.
  static func ordinary(_ shape: [Int], _ dtype: DType = .float32, seed: Int = 1) throws
    -> TensorValue
  {
    let shape = Shape(shape)
    let steps = (0..<shape.count).map { (($0 &* 7919 &+ seed &* 104_729) ^ ($0 >> 5)) % 2003 }
    if dtype.isFloatingPoint {
      return try TensorValue(
        converting: steps.map { Double($0) / 1001 - 1 }, to: dtype, shape: shape)
    }
    return try TensorValue(integers: steps.map { $0 % 19 - 9 }, as: dtype, shape: shape)
  }

  /// Whole numbers, so small that sums of their products are exact.
  static func whole(_ shape: [Int], _ dtype: DType = .float32, seed: Int = 1) throws -> TensorValue
  {
    let shape = Shape(shape)
    let numbers = (0..<shape.count).map { Double(($0 &* 7919 &+ seed &* 104_729) % 19 - 9) }
    return try TensorValue(converting: numbers, to: dtype, shape: shape)
  }
}

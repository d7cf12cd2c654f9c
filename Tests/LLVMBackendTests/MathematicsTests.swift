#if LLVM
  import Dispatch
  import GraphCompiler
  import Glibc
  import LLVMBackend
  import StandardOps
  import Synchronization
  import TensorCore
  import Testing

  /// Vectorised functions against those of the C library in double precision.
  ///
  /// With `DATAFLOW_EXHAUSTIVE=1` in the environment, every `float32` is tried.
  @Suite struct MathematicsTests {
    /// A function of one argument, and what is promised of it.
    struct Function: Sendable, CustomTestStringConvertible {
      let operation: UnaryOperation
      /// The largest error in units in the last place.
      let bound: Double
      /// Where pieces of the code meet, beside which neighbours are tried.
      let seams: [Float]
      let reference: @Sendable (Double) -> Double
      var testDescription: String { "\(operation)" }
    }

    static let functions = [
      Function(operation: .exp, bound: 1.1, seams: [0, 88.7228, -87.3365, -103.972, -104, 89]) {
        exp($0)
      },
      Function(
        operation: .expm1, bound: 1.75, seams: [0, 88.7228, 89, -16.625, -17.32868, 0x1p-30]
      ) { expm1($0) },
      Function(operation: .log, bound: 1, seams: [0, 1, 2.0 / 3, 4.0 / 3, 0x1p-126]) { log($0) },
      Function(
        operation: .log1p, bound: 1.7, seams: [-1, 0, 1.0 / 3, -1.0 / 3, 0x1p-30]
      ) { log1p($0) },
      Function(operation: .hyperbolicTangent, bound: 1.25, seams: [0, 0.6, -0.6, 9.01, -9.01, 10]) {
        tanh($0)
      },
      Function(
        operation: .sigmoid, bound: 2,
        seams: [0, 17.3287, -16.64, -64, -87.3365, -103.972, -104]
      ) { 1 / (1 + exp(-$0)) },
      Function(operation: .erf, bound: 1.15, seams: [0, 0.8, -0.8, 3.9192059, -3.9192059, 4]) {
        erf($0)
      },
      Function(
        operation: .sine, bound: 1.6, seams: [0, .pi / 4, .pi / 2, .pi, 3200, -3200]
      ) { sin($0) },
      Function(
        operation: .cosine, bound: 1.6, seams: [0, .pi / 4, .pi / 2, .pi, 3200, -3200]
      ) { cos($0) },
    ]

    static let isExhaustive = getenv("DATAFLOW_EXHAUSTIVE").map { String(cString: $0) } == "1"

    /// Patterns of bits whose neighbours above are tried too.
    static func starts(_ function: Function) -> [UInt32] {
      let count = UInt32(CompiledFunction.count)
      if isExhaustive { return (0..<(1 << 32) / UInt64(count)).map { UInt32($0) * count } }
      var random = RandomBits(state: 1)
      let exponents = (0..<512).flatMap { exponent -> [UInt32] in
        let first = UInt32(exponent) << 23
        return [first, first + ((1 << 23) - count)]
          + (0..<4).map { _ in first + random.next() % ((1 << 23) - count) }
      }
      return exponents + function.seams.map { $0.bitPattern &- count / 2 }
    }

    @Test(arguments: functions) func staysWithinItsBound(_ function: Function) throws {
      let compiled = try #require(
        CompiledFunction { $0.unary(function.operation) }, "LLVM has no code for it")
      let starts = Self.starts(function)
      let worst = Mutex(Findings())
      let parts = 64
      DispatchQueue.concurrentPerform(iterations: parts) { part in
        var findings = Findings()
        for place in stride(from: part, to: starts.count, by: parts) {
          let x = (0..<UInt32(CompiledFunction.count)).map {
            Float(bitPattern: starts[place] &+ $0)
          }
          findings.examine(x, compiled(x), function.reference)
        }
        worst.withLock { $0.merge(findings) }
      }
      let findings = worst.withLock { $0 }
      print("\(function.operation): \(findings)")
      #expect(findings.error <= function.bound, "\(findings)")
      #expect(findings.wrong.isEmpty, "NaN, infinity, zero or one: \(findings)")
      #expect(findings.falling.isEmpty, "not monotone: \(findings)")
    }

    @Test(arguments: functions) func isTheSameInShortVectors(_ function: Function) throws {
      let long = try #require(CompiledFunction { $0.unary(function.operation) })
      let short = try #require(CompiledFunction(count: 3) { $0.unary(function.operation) })
      let x: [Float] = [-0.0, 0.75, -20_000]
      let padded = x + [Float](repeating: 1, count: CompiledFunction.count - x.count)
      #expect(short(x).map(\.bitPattern) == long(padded).prefix(3).map(\.bitPattern))
    }

    @Test func keepsTheSignOfZero() throws {
      for operation in [UnaryOperation.expm1, .log1p, .hyperbolicTangent, .erf, .sine] {
        let compiled = try #require(CompiledFunction(count: 2) { $0.unary(operation) })
        #expect(compiled([-0.0, 0]).map(\.sign) == [.minus, .plus], "\(operation)")
      }
    }

    #if arch(x86_64)
      @Test func denormalNumbersMayBeFlushed() throws {
        for function in Self.functions {
          let compiled = try #require(CompiledFunction { $0.unary(function.operation) })
          let x = (0..<UInt32(CompiledFunction.count)).map {
            Float(bitPattern: 0x0070_0000 + $0 << 10)
          }
          var environment = fenv_t()
          fegetenv(&environment)
          var flushing = environment
          flushing.__mxcsr |= 0x8040
          fesetenv(&flushing)
          let y = compiled(x)
          fesetenv(&environment)
          for (x, y) in zip(x, y) {
            let expected = function.reference(Double(x))
            let flushed = function.reference(0)
            #expect(
              abs(Double(y) - expected) <= max(0x1p-126, abs(expected) * 0x1p-22)
                || Double(y) == flushed, "\(function.operation)(\(x))")
          }
        }
      }
    #endif

    @Test func powersStayWithinTheirBound() throws {
      let compiled = try #require(
        CompiledFunction(binary: { $0.binary(.power, $1) }), "LLVM has no code for it")
      let worst = Mutex(Findings())
      let rounds = Self.isExhaustive ? 25_000 : 500
      DispatchQueue.concurrentPerform(iterations: 4) { part in
        var random = RandomBits(state: UInt64(part + 1))
        var findings = Findings()
        for _ in 0..<rounds {
          let pairs = (0..<CompiledFunction.count).map { _ in Self.pair(part, &random) }
          let (x, y) = (pairs.map(\.0), pairs.map(\.1))
          findings.examinePowers(x, y, compiled(x, y))
        }
        worst.withLock { $0.merge(findings) }
      }
      let findings = worst.withLock { $0 }
      print("power of \(4 * rounds * CompiledFunction.count) pairs: \(findings)")
      #expect(findings.error <= 1.1, "\(findings)")
      #expect(findings.wrong.isEmpty, "NaN, infinity, zero or sign: \(findings)")
    }

    /// Any two numbers; results of all sizes; bases near 1; negative bases with small exponents.
    private static func pair(_ kind: Int, _ random: inout RandomBits) -> (Float, Float) {
      let (a, b) = (random.next(), random.next())
      let wanted = Double(Int32(bitPattern: b)) * (152 / 0x1p31)
      func exponent(_ base: Float) -> Float { Float(wanted / log2(Double(base))) }
      switch kind {
      case 0: return (Float(bitPattern: a), Float(bitPattern: b))
      case 1:
        let base = Float(bitPattern: a & 0x7fff_ffff)
        return (base, exponent(base))
      case 2:
        let base = Float(bitPattern: 0x3f80_0000 &+ UInt32(bitPattern: Int32(bitPattern: a) >> 9))
        return (base, exponent(base))
      default:
        return (
          -Float(bitPattern: a & 0x7fff_ffff), Float(Int32(bitPattern: b) >> Int32(8 + a & 15))
        )
      }
    }

    @Test func powersOfSpecialNumbers() throws {
      let compiled = try #require(CompiledFunction(binary: { $0.binary(.power, $1) }))
      let magnitudes: [Float] = [
        0, 1, 2, 0.5, 3, 1.5, .infinity, .nan, .leastNonzeroMagnitude, .leastNormalMagnitude,
        .greatestFiniteMagnitude, 1 - 0x1p-24, 1 + 0x1p-23, 0x1p22 + 0.5, 0x1p22 + 1, 0x1p23 + 1,
        0x1p24 - 1, 0x1p24, 127, 128, 149, 150, 151, 1e10, 1e-10,
      ]
      let numbers = magnitudes + magnitudes.map { -$0 }
      for x in numbers {
        let padding = [Float](repeating: 1, count: CompiledFunction.count - numbers.count)
        let results = compiled(padding.map { _ in x } + numbers.map { _ in x }, padding + numbers)
        var findings = Findings()
        findings.examinePowers(
          numbers.map { _ in x }, numbers, Array(results.dropFirst(padding.count)))
        #expect(findings.wrong.isEmpty && findings.error <= 1.1, "\(findings)")
      }
    }
  }

  /// The same numbers in every run.
  struct RandomBits {
    var state: UInt64

    mutating func next() -> UInt32 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let mixed = (state ^ state >> 29) &* 0xbf58_476d_1ce4_e5b9
      return UInt32(truncatingIfNeeded: mixed >> 32)
    }
  }

  /// One elementwise function as the backend compiles it.
  struct CompiledFunction: Sendable {
    /// The elements of a call.
    static let count = 2048
    private let callable: any KernelCallable
    private let elementCount: Int

    init?(count: Int = count, _ body: (Element) -> Element) {
      self.init(count: count, binary: { x, _ in body(x) })
    }

    init?(count: Int = count, binary body: (Element, Element) -> Element) {
      let builder = ElementBuilder()
      let result = body(builder.element(.load(0), .float32), builder.element(.load(1), .float32))
      func operand(_ buffer: Int) -> Operand {
        Operand(buffer: buffer, dtype: .float32, access: Access(strides: [1]))
      }
      let loop = LoopKernel(
        extents: [count], loads: [operand(0), operand(1)], body: builder.expression([result]),
        stores: [operand(2)])
      guard let callable = LLVMBackend().compile([.loop(loop)])[0] else { return nil }
      self.callable = callable
      elementCount = count
    }

    func callAsFunction(_ x: [Float], _ y: [Float]? = nil) -> [Float] {
      var (x, y) = (x, y ?? x)
      let scratch = UnsafeMutableRawPointer.allocate(
        byteCount: max(64, callable.scratchByteCount), alignment: 64)
      defer { scratch.deallocate() }
      return [Float](unsafeUninitializedCapacity: elementCount) { result, count in
        count = elementCount
        x.withUnsafeMutableBytes { x in
          y.withUnsafeMutableBytes { y in
            let operands = [
              x.baseAddress!, y.baseAddress!, UnsafeMutableRawPointer(result.baseAddress!),
            ]
            let status = callable.run(
              tiles: 0..<callable.tileCount, operands: operands, scratch: scratch)
            precondition(status == .success)
          }
        }
      }
    }
  }

  /// How far results are from the truth.
  struct Findings: CustomStringConvertible {
    private(set) var error = 0.0
    private var place = ""
    private(set) var wrong: [String] = []
    private(set) var falling: [String] = []

    var description: String {
      "\(error) ulp at \(place), wrong \(wrong.prefix(5)), falling \(falling.prefix(5))"
    }

    mutating func merge(_ other: Findings) {
      if other.error > error { (error, place) = (other.error, other.place) }
      wrong += other.wrong
      falling += other.falling
    }

    /// Neighbours and their results.
    mutating func examine(_ x: [Float], _ y: [Float], _ reference: (Double) -> Double) {
      var before = Double.nan
      for (index, x) in x.enumerated() {
        let truth = reference(Double(x))
        note(y[index], truth, "\(x)")
        // A saturated result begins where the rounded truth is.
        if abs(x) > 2, (abs(y[index]) == 1) != (abs(Float(truth)) == 1), abs(truth - 1) < 0x1p-23 {
          wrong.append("\(x)")
        }
        if index > 0, (Double(y[index]) - Double(y[index - 1])) * (truth - before) < 0 {
          falling.append("\(x)")
        }
        before = truth
      }
    }

    mutating func examinePowers(_ x: [Float], _ y: [Float], _ results: [Float]) {
      for (index, result) in results.enumerated() {
        note(result, pow(Double(x[index]), Double(y[index])), "(\(x[index]), \(y[index]))")
      }
    }

    private mutating func note(_ result: Float, _ truth: Double, _ place: @autoclosure () -> String)
    {
      let rounded = Float(truth)
      if rounded.isNaN || result.isNaN || rounded.isInfinite || result.isInfinite
        || rounded == 0 || result == 0
      {
        let isRight =
          rounded.isNaN ? result.isNaN : result == rounded && result.sign == rounded.sign
        if !isRight { wrong.append(place()) }
        return
      }
      let exponent = max(truth.exponent, -126)
      let ulp = Double(sign: .plus, exponent: exponent - 23, significand: 1)
      let distance = abs(Double(result) - truth) / ulp
      if distance > error { (error, self.place) = (distance, place()) }
    }
  }
#endif

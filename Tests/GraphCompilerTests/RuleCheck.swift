import Dataflow
import Testing

/// Compares runs with rewrites to runs without any, and looks at which rules were applied.
enum RuleCheck {
  /// Numbers that tell apart what is equal for ordinary ones: zeros of both signs, NaN, infinities,
  /// denormal, huge and tiny numbers, halves, neighbours, and ordinary ones.
  static let adversarial: [Float] = [
    0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -7, 0.1, -0.3, 1 / 3, 6, 6.5, 88.7, -104, 1e8,
    -1e8, 16_777_217, 1e-8, -1e-8, 1e-30, .leastNormalMagnitude, 1e-40, -1e-40, 1e30, -1e38,
    .greatestFiniteMagnitude, .infinity, -.infinity, .nan, 1 + .ulpOfOne, 4, 0.25,
  ]

  /// Runs `fetches` with and without rewrites and expects the same values.
  ///
  /// - Parameters:
  ///   - rules: rules that must have been applied.
  ///   - absent: rules that must not.
  ///   - bound: how far values may be apart, relative to the greatest; nil for the same bits.
  /// - Returns: The plan with rewrites.
  @discardableResult
  static func expect(
    _ rules: [String] = [], absent: [String] = [], of fetches: [Tensor],
    targets: [any GraphElement] = [], feeding feeds: Feeds = [:], bound: Double? = nil,
    contracts: Set<Contract> = [.exact, .rescaling], _ note: String = "",
    at location: SourceLocation = #_sourceLocation
  ) throws -> Plan {
    let graph = fetches[0].graph
    let session = try Session(graph, contracts: contracts)
    let plain = try Session(graph, optimizes: false)
    if !graph.variables().isEmpty { try session.run(graph.globalVariablesInitializer()) }
    for variable in graph.variables() {
      try plain.set(variable, to: session.value(of: variable))
    }
    let plan = try session.planned(fetching: fetches, targets: targets, feeding: feeds).plan
    let applied = Set(plan.log.entries.compactMap(\.rule))
    for rule in rules {
      #expect(applied.contains(rule), "\(note): applied \(applied)", sourceLocation: location)
    }
    for rule in absent {
      #expect(!applied.contains(rule), "\(note): \(rule)", sourceLocation: location)
    }
    let got = try session.run(fetches, targets: targets, feeding: feeds)
    let expected = try plain.run(fetches, targets: targets, feeding: feeds)
    for (a, b) in zip(got, expected) {
      let same = bound.map { isClose(a, b, $0) } ?? isSame(a, b)
      #expect(same, "\(note): \(a) instead of \(b)", sourceLocation: location)
    }
    return plan
  }

  /// Whether two values have the same bits, any NaN being any NaN.
  ///
  /// A denormal counts as the zero of its sign, which is what the arithmetic of a run takes it for.
  static func isSame(_ a: TensorValue, _ b: TensorValue) -> Bool {
    guard a.dtype == b.dtype, a.shape == b.shape else { return false }
    guard [.float32, .float64].contains(a.dtype), let x = a.doubles, let y = b.doubles else {
      return a.withUnsafeBytes { one in b.withUnsafeBytes { one.elementsEqual($0) } }
    }
    let least =
      a.dtype == .float64 ? Double.leastNormalMagnitude : Double(Float.leastNormalMagnitude)
    return zip(x, y).allSatisfy { x, y in
      if x.isNaN || y.isNaN { return x.isNaN && y.isNaN }
      return x.sign == y.sign && (x == y || (x.magnitude < least && y.magnitude < least))
    }
  }

  static func isClose(_ a: TensorValue, _ b: TensorValue, _ bound: Double) -> Bool {
    guard a.dtype == b.dtype, a.shape == b.shape, let x = a.doubles, let y = b.doubles else {
      return false
    }
    let greatest = y.map(\.magnitude).max() ?? 0
    return zip(x, y).allSatisfy { ($0 - $1).magnitude <= bound * greatest }
  }

  /// Numbers between −1 and 1 in no order.
  static func numbers(_ shape: [Int], seed: Int = 1) throws -> TensorValue {
    let shape = Shape(shape)
    let scalars = (0..<shape.count).map { Float(($0 &* 7919 &+ seed &* 104_729) % 2003) / 1001 - 1 }
    return try TensorValue(scalars, shape: shape)
  }
}

extension Plan {
  /// The kernels of every run, without those that run only after a variable changed.
  var everyRun: [Step] { steps.filter { !$0.isLive } }
}

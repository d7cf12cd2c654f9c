import Dataflow
import Foundation
import Testing

/// The vectorised exponentials against the C library in double precision.
@Suite struct ExponentialTests {
  @Test(arguments: ["Exp", "Expm1", "Sigmoid"]) func areWithinTwoUnits(_ name: String) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let y = try #require(["Exp": exp(x), "Expm1": expm1(x), "Sigmoid": sigmoid(x)][name])
    // Every 1,009th float between −87 and 87, of both signs.
    let limit = Float(87).bitPattern
    let least = Float.leastNormalMagnitude.bitPattern
    var inputs: [Float] = []
    for bits in stride(from: least, through: limit, by: 1009) {
      inputs.append(Float(bitPattern: bits))
      inputs.append(-Float(bitPattern: bits))
    }
    let found = try Session(graph).run(y, feeding: [x: inputs]).scalars(as: Float.self)
    var worst = 0.0
    for (x, y) in zip(inputs, found) {
      let wide = Double(x)
      let exact =
        switch name {
        case "Exp": Foundation.exp(wide)
        case "Expm1": Foundation.expm1(wide)
        default: 1 / (1 + Foundation.exp(-wide))
        }
      if abs(exact) < Double(Float.leastNormalMagnitude) { continue }
      worst = max(worst, abs(Double(y) - exact) / Double(Float(exact).ulp))
    }
    #expect(worst <= 2, "\(worst) units in the last place")
  }

  @Test func endsAndZerosAreKept() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let ends: [Float] = [-.infinity, -1000, -0.0, 0, 88.5, 1000, .infinity, .nan]
    let (a, b) = try Session(graph).run((expm1(x), exp(x)), feeding: [x: ends])
    let (shifted, plain) = (try a.scalars(as: Float.self), try b.scalars(as: Float.self))
    #expect(shifted[0] == -1 && shifted[1] == -1 && shifted[2].sign == .minus && shifted[2] == 0)
    #expect(shifted[4] == expm1f(88.5) && shifted[5] == .infinity && shifted[6] == .infinity)
    #expect(shifted[7].isNaN && plain[7].isNaN)
    #expect(plain[0] == 0 && plain[1] == 0 && plain[3] == 1 && plain[4] == expf(88.5))
  }
}

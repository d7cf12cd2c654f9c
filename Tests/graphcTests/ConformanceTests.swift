import Foundation
import Testing

/// Cases that TensorFlow answered with its optimizer off: ops (`Tests/tensorflow/op_cases.py`), loops and
/// recurrent nets with TensorFlow's own gradients (`loop_cases.py`), and operands of other shapes, most of
/// which it refuses (`wrong_shapes.py`; those of which we once thought otherwise, and one for each operand of
/// the ops of recurrent graphs).
@Suite struct ConformanceTests {
  /// Runs the cases of a fixture; gives what was printed.
  private func output(_ name: String, _ options: [String]) throws -> String {
    try PackedFixture.unpacked(name) { folder in
      try GraphcProcess.run(["conformance", folder.path] + options).output
    }
  }

  @Test(
    arguments: [
      ("conformance", 330), ("loops", 18), ("shapes", 32), ("recurrent", 77),
      ("recurrent-shapes", 204),
    ],
    [["--backend", "cpu"], ["--unoptimized"], ["--exact", "--threads", "1"]])
  func everyCasePasses(_ cases: (name: String, count: Int), _ options: [String]) throws {
    let lines = try output(cases.name, options).split(separator: "\n")
    #expect(
      lines.last == "\(cases.count) passed, 0 failed", "\(lines.prefix(5).joined(separator: "\n"))")
    let counts = lines.dropLast().last ?? ""
    #expect(counts.hasPrefix("kernels: "))
    #expect(counts.contains(" compiled by cpu") == options.contains("cpu"), "\(counts)")
  }

  #if LLVM
    /// Random numbers, sorting, cumulation (of which gradients of products are made), what lists hold and
    /// the like are left to the CPU backend.
    @Test func almostEveryKernelIsCompiled() throws {
      let lines = try output("conformance", []).split(separator: "\n")
      let counts = try #require(lines.last { $0.hasPrefix("kernels: ") })
      let numbers = counts.split(separator: " ").compactMap { Int($0) }
      try #require(numbers.count >= 2, "\(counts)")
      #expect(Double(numbers[0]) >= 0.92 * Double(numbers[0] + numbers[1]), "\(counts)")
    }
  #endif
}

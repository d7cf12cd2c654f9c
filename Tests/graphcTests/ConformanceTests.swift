import Foundation
import Testing

/// Cases that TensorFlow answered with its optimizer off: ops (`Tests/tensorflow/op_cases.py`), loops and
/// recurrent nets with TensorFlow's own gradients (`loop_cases.py`).
@Suite struct ConformanceTests {
  /// Unpacks cases and runs them; gives what was printed.
  private func output(_ name: String, _ options: [String]) throws -> String {
    let packed = try #require(
      Bundle.module.url(forResource: "Fixtures/\(name).tar", withExtension: "gz"))
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "cases-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = ["tar", "xzf", packed.path, "-C", folder.path]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    let cases = folder.appending(path: name).path
    return try GraphcProcess.run(["conformance", cases] + options).output
  }

  @Test(
    arguments: [("conformance", 330), ("loops", 6)],
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
    /// Random numbers, sorting, cumulation (of which gradients of products are made) and the like are left
    /// to the CPU backend.
    @Test func almostEveryKernelIsCompiled() throws {
      let lines = try output("conformance", []).split(separator: "\n")
      let counts = try #require(lines.last { $0.hasPrefix("kernels: ") })
      let numbers = counts.split(separator: " ").compactMap { Int($0) }
      try #require(numbers.count >= 2, "\(counts)")
      #expect(Double(numbers[0]) >= 0.93 * Double(numbers[0] + numbers[1]), "\(counts)")
    }
  #endif
}

import Foundation
import Testing

/// Op cases that TensorFlow answered with its optimizer off (`Tests/tensorflow/op_cases.py`).
@Suite struct ConformanceTests {
  /// Unpacks the cases and runs them; gives what was printed.
  private func output(_ options: [String]) throws -> String {
    let packed = try #require(
      Bundle.module.url(forResource: "Fixtures/conformance.tar", withExtension: "gz"))
    let folder = FileManager.default.temporaryDirectory.appending(path: "cases-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = ["tar", "xzf", packed.path, "-C", folder.path]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    let cases = folder.appending(path: "conformance").path
    return try GraphcProcess.run(["conformance", cases] + options).output
  }

  @Test(arguments: [["--backend", "cpu"], ["--unoptimized"], ["--exact", "--threads", "1"]])
  func everyCasePasses(_ options: [String]) throws {
    let lines = try output(options).split(separator: "\n")
    #expect(lines.last == "330 passed, 0 failed", "\(lines.prefix(5).joined(separator: "\n"))")
  }
}

import Foundation
import Testing

/// What `graphc run` refuses, and what it stops at.
@Suite struct RunTests {
  private func run(_ arguments: [String]) throws -> (output: String, status: Int32) {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "run-\(UUID().uuidString).graph")
    defer { try? FileManager.default.removeItem(at: file) }
    let text = """
      %x = Placeholder() {dtype: float32, shape: ()} : float32[]
      %bad = Log(%x) : float32[]
      %z = Neg(%bad) : float32[]

      """
    try text.write(to: file, atomically: true, encoding: .utf8)
    return try GraphcProcess.run(["run", file.path, "--fetch", "z:0"] + arguments)
  }

  @Test func aCheckedRunNamesTheOpAndItsLine() throws {
    let (output, status) = try run(["--feed", "x=-2", "--check", "finite"])
    #expect(status != 0)
    #expect(output.contains("\"bad\" (Log), made at"), "\(output)")
    #expect(output.contains(".graph:2, is the first to make a NaN"), "\(output)")
    #expect(output.contains("from -2.0 to -2.0"), "\(output)")
    #expect(try run(["--feed", "x=2", "--check", "finite"]).status == 0)
    #expect(try run(["--feed", "x=-2"]).status == 0)
  }

  @Test func aRunBeyondTheBudgetIsRefused() throws {
    let (output, status) = try run(["--feed", "x=1", "--budget", "16"])
    #expect(status != 0)
    #expect(output.contains("needs 64 bytes") && output.contains("of \"z\""), "\(output)")
    for budget in ["64", "1K", "2m", "1G"] {
      #expect(try run(["--feed", "x=1", "--budget", budget]).status == 0)
    }
    for budget in ["-1", "K", "1X", "99999999999G"] {
      let (output, status) = try run(["--feed", "x=1", "--budget", budget])
      #expect(status != 0 && output.contains("budget"), "\(output)")
    }
  }
}

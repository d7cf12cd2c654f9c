import Foundation
import Testing

/// Mistakes on the command line are found at once, and named with their cure.
@Suite struct MistakeTests {
  private func graph(_ name: String) throws -> String {
    try #require(Graphs.all.first { $0.lastPathComponent == name }).path
  }

  private func temporary(_ name: String) -> URL {
    FileManager.default.temporaryDirectory.appending(path: "\(UUID())-\(name)")
  }

  /// What a command that must fail printed.
  private func failure(_ arguments: [String]) throws -> String {
    let (output, status) = try GraphcProcess.run(arguments)
    #expect(status != 0, "\(output)")
    return output
  }

  @Test func aBudgetIsAPositiveNumberOfBytes() throws {
    for budget in ["-5", "0", "-1G"] {
      let output = try failure(
        ["run", try graph("elementwise.graph"), "--fetch", "z", "--budget", budget])
      #expect(output.contains("a byte count must be positive"), "\(output)")
      #expect(output.contains("'\(budget)'") && output.contains("--budget"), "\(output)")
    }
  }

  @Test func aMistypedEndingMakesNoFolder() throws {
    let path = temporary("net.pbtx").path
    let output = try failure(["convert", try graph("elementwise.graph"), path])
    #expect(output.contains("must end in .meta"), "\(output)")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aSelectionOfNoCaseIsAnError() throws {
    let folder = temporary("cases")
    let one = folder.appending(path: "one")
    try FileManager.default.createDirectory(at: one, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("{}".utf8).write(to: one.appending(path: "case.json"))
    let output = try failure(["conformance", folder.path, "--only", "NOTHING"])
    #expect(output.contains("none of the 1 cases") && output.contains("\"NOTHING\""), "\(output)")
  }

  /// A case may want an error, which values are none of.
  @Test func valuesInsteadOfAWantedErrorFailACase() throws {
    let folder = temporary("cases")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, input) in [("unfed", "x"), ("wrong", "c")] {
      let one = folder.appending(path: name)
      try FileManager.default.createDirectory(at: one, withIntermediateDirectories: true)
      let file = one.appending(path: "t.graph")
      let text = """
        %x = Placeholder() : float32[]
        %c = Const() {value: float32[] 2.0} : float32[]
        %y = Neg(%\(input)) : float32[]

        """
      try text.write(to: file, atomically: true, encoding: .utf8)
      _ = try GraphcProcess.run(["convert", file.path, one.appending(path: "graph.pb").path])
      let json = #"{"feeds": {}, "fetches": {"y:0": ""}, "error": "no", "rtol": 0, "atol": 0}"#
      try Data(json.utf8).write(to: one.appending(path: "case.json"))
    }
    let output = try failure(["conformance", folder.path])
    #expect(output.contains("wrong: gives [[]], expected an error: no"), "\(output)")
    #expect(output.contains("1 passed, 1 failed"), "\(output)")
  }

  @Test func aWrongFeedIsNamed() throws {
    let file = temporary("t.graph")
    defer { try? FileManager.default.removeItem(at: file) }
    let text = """
      %count = Placeholder() {dtype: int32, shape: ()} : int32[]
      %y = Neg(%count) : int32[]

      """
    try text.write(to: file, atomically: true, encoding: .utf8)
    func failure(_ feed: String) throws -> String {
      try self.failure(["run", file.path, "--fetch", "y:0", "--feed", feed])
    }
    for feed in ["count=1.5", "count=true", "count=99999999999"] {
      let output = try failure(feed)
      #expect(output.contains("count, which is int32, cannot be fed"), "\(output)")
    }
    #expect(try failure("Count=1").contains("did you mean \"count\"?"))
  }

  @Test func aDamagedArrayNamesItsFile() throws {
    let file = temporary("x.npy")
    defer { try? FileManager.default.removeItem(at: file) }
    let graph = try graph("elementwise.graph")
    func header(_ shape: String) -> Data {
      let text = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
      return Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0]) + text.utf8
    }
    let contents = [
      Data("no array".utf8), header("(2,)"), header("(-1,)"), header("none"),
      header("(9223372036854775807, 9223372036854775807)"),
      Data([0x93]) + "NUMPY".utf8 + [9, 0, 0, 0],
    ]
    for content in contents {
      try content.write(to: file)
      let output = try failure(["run", graph, "--fetch", "z", "--feed", "a=\(file.path)"])
      #expect(output.contains(file.lastPathComponent), "\(output)")
    }
  }

  @Test func trainingDoesNotBeginWhereNothingCanBeSaved() throws {
    let file = temporary("file")
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    for option in ["--save", "--log"] {
      let output = try failure(
        [
          "train", try graph("seed.graph"), "--checkpoint", "none", "--image", "X", "--label", "y",
          "--epochs", "1", option, file.path + "/inside",
        ])
      // Found before the checkpoint that is missing.
      #expect(output.contains(file.lastPathComponent), "\(output)")
      #expect(!output.contains("none.index"), "\(output)")
    }
  }

  @Test func aReducedGraphIsText() throws {
    for output in ["x.pb", "x", "x.meta"] {
      let printed = try failure(["reduce", try graph("elementwise.graph"), "-o", output])
      #expect(printed.contains("\(output) must end in .graph"), "\(printed)")
    }
  }

  @Test func aMapOfRenamesIsForCheckpoints() throws {
    let map = temporary("map")
    let graph = try graph("elementwise.graph")
    let output = try failure(["diff", graph, graph, "--map", map.path])
    #expect(output.contains("--map is for checkpoints"), "\(output)")
    #expect(!FileManager.default.fileExists(atPath: map.path))
  }
}

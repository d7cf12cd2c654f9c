import Foundation
import Testing

/// SavedModels, checkpoints in parts, and conversions between the formats, on the command line.
@Suite struct ContainerTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "PersistenceTests/Fixtures").path
  private static let models = ["saved-model-1", "saved-model-2"]

  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "containers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @discardableResult
  private func graphc(_ arguments: String..., fails: Bool = false) throws -> String {
    let (output, status) = try GraphcProcess.run(arguments)
    #expect((status != 0) == fails, "\(arguments): \(output)")
    return output
  }

  @Test(arguments: models) func everyFormatMeansTheSame(_ model: String) throws {
    try inFolder { folder in
      let source = "\(Self.fixtures)/\(model)"
      var previous = source
      // The list of ops, which a GraphDef lacks, has the defaults of ops that are not known here.
      let bare = model == "saved-model-1" ? ["f.pb", "g.pbtxt"] : []
      for name in ["a.meta", "b.meta.pbtxt", "c.graph", "d.meta", "e"] + bare {
        let next = "\(folder)/\(name)"
        try graphc("convert", previous, next)
        #expect(try graphc("diff", source, next).hasSuffix("same\n"), "\(name)")
        previous = next
      }
      // Bytes that only formats changed come back.
      try graphc("convert", "\(folder)/b.meta.pbtxt", "\(folder)/z.meta")
      #expect(
        FileManager.default.contentsEqual(atPath: "\(folder)/a.meta", andPath: "\(folder)/z.meta"))
      let lost = try graphc("convert", source, "\(folder)/h.pb")
      #expect(lost.contains("h.pb: the variables' values, which stay in"), "\(lost)")
      #expect(lost.contains("serving_default)"), "\(lost)")
    }
  }

  @Test func signaturesNameWhatIsFedAndFetched() throws {
    let model = "\(Self.fixtures)/saved-model-1"
    let dump = try graphc("dump", model)
    #expect(dump.contains("#: tags serve\n"))
    #expect(dump.contains("#: signature serving_default (tensorflow/serving/predict)\n"))
    #expect(dump.contains("#:   feed x: float32[?, 4] = images:0\n"), "\(dump.suffix(2000))")
    #expect(dump.contains("#:   fetch scores: float32[?, 3] = scores:0\n"))
    #expect(dump.contains("#: asset words.txt = "))
    try inFolder { folder in
      try graphc("convert", model, "\(folder)/copy")
      #expect(FileManager.default.fileExists(atPath: "\(folder)/copy/assets/words.txt"))
      try writeInput("\(folder)/x.npy")
      let own = try graphc("run", model, "--feed", "x=\(folder)/x.npy")
      #expect(own.hasPrefix("scores = float32[1, 3]"), "\(own)")
      let byTensor = try graphc(
        "run", "\(folder)/copy", "--feed", "images:0=\(folder)/x.npy", "--fetch", "scores:0")
      #expect(byTensor.split(separator: "=")[1] == own.split(separator: "=")[1])
    }
    let missing = try graphc("run", model, "--signature", "other", fails: true)
    #expect(missing.contains("the file has serving_default"), "\(missing)")
  }

  /// One row of four numbers.
  private func writeInput(_ path: String) throws {
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), }"
    while (header.count + 11) % 64 != 0 { header += " " }
    header += "\n"
    var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(header.count), 0])
    data += Data(header.utf8)
    for number: Float in [0.1, 0.2, 0.3, 0.4] {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { data += Data($0) }
    }
    try data.write(to: URL(filePath: path))
  }

  @Test(arguments: ["parts-v1", "parts-v1-sharded", "parts-v2-sharded"])
  func checkpointsShowTheirParts(_ layout: String) throws {
    let prefix = "\(Self.fixtures)/\(layout)"
    let output = try graphc("checkpoint", prefix)
    #expect(output.contains("w float32[5, 3] 60 bytes\n  part 0,3:0,3\n  part 3,2:0,3\n"))
    #expect(output.contains("every checksum right"))
    let run = try graphc(
      "run", "\(Self.fixtures)/parts.meta", "--checkpoint", prefix, "--fetch", "whole:0")
    #expect(run.hasPrefix("whole:0 = float32[5, 3]"), "\(run)")
  }

  @Test func aMetaGraphBecomesASavedModel() throws {
    try inFolder { folder in
      let meta = "\(Self.fixtures)/parts.meta"
      let said = try graphc("convert", meta, "\(folder)/none")
      #expect(said.contains("name their checkpoint with --checkpoint"), "\(said)")
      try graphc(
        "convert", meta, "\(folder)/model", "--checkpoint", "\(Self.fixtures)/parts-v1",
        "--fetch", "all=whole:0", "--tag", "serve", "--tag", "cpu")
      let run = try graphc("run", "\(folder)/model", "--tag", "serve", "--tag", "cpu")
      #expect(run.hasPrefix("all = float32[5, 3]"), "\(run)")
      let list = try graphc("checkpoint", "\(folder)/model/variables/variables")
      #expect(list.contains("w float32[5, 3]"))
      try graphc("convert", meta, "\(folder)/x.pb", "--checkpoint", "p", fails: true)
    }
  }

  @Test(arguments: models) func optimizedGraphsAreSmall(_ model: String) throws {
    try inFolder { folder in
      let output = try graphc("optimize", "\(Self.fixtures)/\(model)", "-o", "\(folder)/o.pb")
      #expect(output.contains(" nodes, ") && !output.contains("Note"), "\(output)")
      let dump = try graphc("dump", "\(folder)/o.pb")
      #expect(!dump.contains("VarHandleOp") && !dump.contains("Call("), "\(dump)")
      #expect(dump.contains("float32[?, 4]"), "\(dump)")
    }
  }

  @Test func loopsAreOnlyFrozen() throws {
    try inFolder { folder in
      let text = """
        %n = Placeholder() {dtype: int32, shape: ()} : int32[]
        %unused = Neg(%n) : int32[]
        %zero = Const() {value: int32[] 0} : int32[]
        %less = Less(%zero, %n) : bool[]
        %switch = Switch(%n, %less) : int32[], int32[]
        %twice = AddV2(%switch:1, %switch:1) : int32[]
        %merge = Merge(%switch, %twice) : int32[], int32[]

        """
      try text.write(toFile: "\(folder)/g.graph", atomically: true, encoding: .utf8)
      let output = try graphc(
        "optimize", "\(folder)/g.graph", "--fetch", "merge:0", "-o", "\(folder)/o.pb")
      #expect(output.contains("Note: only frozen"), "\(output)")
      #expect(try graphc("dump", "\(folder)/o.pb").contains("%merge = Merge"))
      #expect(try !graphc("dump", "\(folder)/o.pb").contains("unused"))
      let run = try graphc("run", "\(folder)/o.pb", "--feed", "n=3", "--fetch", "merge:0")
      #expect(run == "merge:0 = int32[] 6\n")
    }
  }
}

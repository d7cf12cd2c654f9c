import Foundation
import Testing

/// Compiled functions kept on disk from run to run: whatever is in the folder, the results have the same
/// bits.
@Suite struct ObjectCacheTests {
  private let graph = """
    %x = Placeholder() {dtype: float32, shape: (33, 29)} : float32[33, 29]
    %w = Const() {value: float32[29, 50] splat 0.3} : float32[29, 50]
    %p = MatMul(%x, %w) : float32[33, 50]
    %y = Tanh(%p) : float32[33, 50]
    %s = Softmax(%y) : float32[33, 50]
    %axis = Const() {value: int32[1] [0]} : int32[1]
    %total = Sum(%y, %axis) : float32[50]

    """

  /// The files that `graphc run` writes, by their names.
  private func results(
    _ folder: URL, _ environment: [String: String], _ options: [String] = []
  ) throws -> [String: Data] {
    let file = folder.appending(path: "t.graph")
    let out = folder.appending(path: "out-\(UUID())")
    try graph.write(to: file, atomically: true, encoding: .utf8)
    try numbers(to: folder.appending(path: "x.npy"))
    let (output, status) = try GraphcProcess.run(
      [
        "run", file.path, "--feed", "x=\(folder.path)/x.npy", "--fetch", "y:0", "--fetch", "s:0",
        "--fetch", "total:0", "--out", out.path,
      ] + options, environment: environment, in: folder)
    #expect(status == 0, "\(output)")
    let names = try FileManager.default.contentsOfDirectory(atPath: out.path)
    #expect(names.count == 3)
    return try Dictionary(
      uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: out.appending(path: $0))) })
  }

  private func numbers(to file: URL) throws {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (33, 29), }"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0])
    data += Data(header.utf8)
    for index in 0..<(33 * 29) {
      let number = Float(index * 7919 % 2003) / 1001 - 1
      withUnsafeBytes(of: number) { data.append(contentsOf: $0) }
    }
    try data.write(to: file)
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "objects-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func objects(_ folder: URL) -> [URL] {
    ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
      ?? []).sorted { $0.path < $1.path }
  }

  @Test func theSecondRunGivesTheSameFilesAsTheFirst() throws {
    try withFolder { folder in
      let cache = folder.appending(path: "a/cache")
      let environment = ["DATAFLOW_CACHE": cache.path]
      let cold = try results(folder, environment)
      #if LLVM
        let files = objects(cache)
        #expect(!files.isEmpty && files.allSatisfy { $0.pathExtension == "o" })
      #endif
      #expect(try results(folder, environment) == cold)
      for threads in ["1", "8"] {
        #expect(try results(folder, environment, ["--threads", threads]) == cold)
      }
      #expect(try results(folder, ["DATAFLOW_CACHE": ""]) == cold)
      // Whatever became of the files.
      for damage in 0..<3 {
        for file in objects(cache) {
          var data = try Data(contentsOf: file)
          switch damage {
          case 0: data[data.count / 2] ^= 0x40
          case 1: data = data.prefix(data.count - 1)
          default: data = Data(repeating: 0, count: data.count)
          }
          try data.write(to: file)
        }
        #expect(try results(folder, environment) == cold, "damage \(damage)")
      }
    }
  }

  @Test func aFolderThatCannotBeIsNoError() throws {
    try withFolder { folder in
      let expected = try results(folder, ["DATAFLOW_CACHE": ""])
      let file = folder.appending(path: "file")
      try Data().write(to: file)
      for place in [file.path, file.path + "/inside", "/proc/none", "/dev/null"] {
        #expect(try results(folder, ["DATAFLOW_CACHE": place]) == expected, "\(place)")
      }
      // A relative folder is one where the command runs.
      #expect(try results(folder, ["DATAFLOW_CACHE": "near/by"]) == expected)
      #if LLVM
        #expect(!objects(folder.appending(path: "near/by")).isEmpty)
      #endif
      let home = folder.appending(path: "home")
      #expect(
        try results(
          folder, ["HOME": home.path, "XDG_CACHE_HOME": folder.path + "/xdg"]) == expected)
    }
  }
}

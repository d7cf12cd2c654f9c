import Dataflow
import Foundation
import TensorFlowFormats
import Testing

/// Checkpoints that TensorFlow 2.21 wrote (`Tests/tensorflow/containers.py`): of both versions, of
/// several files, with a variable in parts and every type.
@Suite struct CheckpointLayoutTests {
  static let layouts = ["parts-v1", "parts-v1-sharded", "parts-v2-sharded"]

  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures")

  private func reader(_ layout: String) throws -> CheckpointReader {
    try CheckpointReader(prefix: Self.fixtures.path + "/" + layout)
  }

  private func numbers(_ value: Any) -> [Double] {
    if let list = value as? [Any] { return list.flatMap { numbers($0) } }
    return [(value as? NSNumber)?.doubleValue ?? .nan]
  }

  /// The elements as numbers, whatever their type.
  private func numbers(_ value: TensorValue) throws -> [Double] {
    switch value.dtype {
    case .bfloat16:
      return value.withUnsafeBytes { bytes in
        bytes.bindMemory(to: UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
      }
    case .complex64: return value.withUnsafeBytes { $0.bindMemory(to: Float.self).map(Double.init) }
    case .bool: return try #require(value.integers).map(Double.init)
    default: return try #require(value.doubles ?? value.integers.map { $0.map(Double.init) })
    }
  }

  @Test(arguments: layouts) func everyTensorIsTensorFlows(_ layout: String) throws {
    let reader = try reader(layout)
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: Self.fixtures.appending(path: "parts.json")))
    var expected = try #require(json as? [String: Any])
    if layout.hasPrefix("parts-v1") { expected["v_bfloat16"] = nil }
    #expect(reader.entries.map(\.name) == expected.keys.sorted())
    for entry in reader.entries {
      let value = try reader.value(of: entry.name)
      if entry.dtype == .string {
        #expect(
          try value.strings().map { String(decoding: $0, as: UTF8.self) }
            == ["alpha", "", "gamma ray"])
      } else {
        // As Float, since Foundation reads some numbers of 17 digits a bit off.
        let wanted = numbers(try #require(expected[entry.name])).map(Float.init)
        #expect(try numbers(value).map(Float.init) == wanted, "\(entry.name)")
      }
    }
    let whole = try #require(reader.entries.first { $0.name == "w" })
    #expect(whole.parts.count == 2 && whole.shape == [5, 3])
    let rows = try reader.value(of: "w").scalars(as: Float.self)
    // As it was saved, otherwise than it was saved, and beyond the end.
    func slice(_ start: Int, _ length: Int?) -> TensorSlice {
      TensorSlice([.init(start: start, length: length), .init(start: 0, length: nil)])
    }
    #expect(try reader.value(of: "w", slice: slice(3, 2)).scalars() == Array(rows[9...]))
    #expect(try reader.value(of: "w", slice: slice(2, 2)).scalars() == Array(rows[6..<12]))
    #expect(throws: FileError.self) { try reader.value(of: "w", slice: slice(4, 2)) }
  }

  @Test(arguments: layouts) func noFlippedBitLoads(_ layout: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bits-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.fixtures.path)
      .filter { $0 == layout || $0.hasPrefix(layout + ".") || $0.hasPrefix(layout + "-0") }
    for file in files {
      try FileManager.default.copyItem(
        at: Self.fixtures.appending(path: file), to: folder.appending(path: file))
    }
    let original = try reader(layout)
    let values = try original.entries.map { try original.value(of: $0.name) }
    for file in files {
      let url = folder.appending(path: file)
      let bytes = [UInt8](try Data(contentsOf: url))
      for index in bytes.indices {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(index % 8)
        try Data(damaged).write(to: url)
        let found = try? CheckpointReader(prefix: folder.path + "/" + layout)
        let read = try? found.map { reader in
          try reader.entries.map { try reader.value(of: $0.name) }
        }
        // Some bytes mean nothing: the footer's padding.
        if let read { #expect(read == values, "byte \(index) of \(file)") }
      }
      try Data(bytes).write(to: url)
    }
  }

  @Test(arguments: layouts) func partsAndWholesRestoreFromOneAnother(_ layout: String) throws {
    let prefix = Self.fixtures.path + "/" + layout
    let expected = try reader(layout).value(of: "w")
    let parts = try GraphFile.read(Self.fixtures.path + "/parts.meta")
    #expect(parts.variables().map { $0.part?.offset } == [[0, 0], [3, 0]])
    let session = try Session(parts)
    try session.restoreVariables(from: prefix)
    #expect(try session.run(fetching: ["whole:0"])[0] == expected)

    let folder = FileManager.default.temporaryDirectory.appending(
      path: "parts-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let saved = folder.path + "/again"
    try Saver(parts).save(session, to: saved)
    #expect(try CheckpointReader(prefix: saved).entries.map(\.parts.count) == [2])
    let graph = Graph()
    let whole = graph.variable(zeros(graph, [5, 3]), name: "w")
    let other = try Session(graph)
    try Saver(graph).restore(other, from: saved)
    #expect(try other.run(whole) == expected)
    let again = try GraphFile.read(saved + ".meta")
    #expect(again.variables().map(\.part) == parts.variables().map(\.part))
  }

  private func zeros(_ graph: Graph, _ shape: Shape) -> Tensor {
    graph.constant(TensorValue(zeros: shape, dtype: .float32))
  }

  @Test func partsThatDoNotFitAreRefused() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "unfit-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    func part(_ start: Int, _ rows: Int) -> CheckpointPart {
      CheckpointPart(
        name: "w", wholeShape: [4, 2],
        slice: TensorSlice([.init(start: start, length: rows), .init(start: 0, length: nil)]),
        value: TensorValue(zeros: [rows, 2], dtype: .float32))
    }
    let prefix = folder.path + "/c"
    for (parts, message) in [
      ([part(0, 2), part(1, 2)], "overlap"), ([part(0, 2)], "missing"),
      ([part(0, 3), part(2, 2)], "overlap"),
    ] {
      try CheckpointWriter.write([], parts: parts, to: prefix)
      let error = #expect(throws: FileError.self) {
        try CheckpointReader(prefix: prefix).value(of: "w")
      }
      #expect(error?.reason.contains(message) == true, "\(String(describing: error))")
    }
    #expect(throws: FileError.self) {
      try CheckpointWriter.write([], parts: [part(3, 2)], to: prefix)
    }
  }
}

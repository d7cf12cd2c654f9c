import Dataflow
import Foundation
import TensorFlowFormats
import Testing

/// The events of a file as messages.
struct RecordedEvents {
  private(set) var events: [TFEvent] = []

  init(_ path: String) {
    guard let reader = try? RecordReader(path: path) else { return }
    while let data = try? reader.next(), let event = try? TFEvent(serializedBytes: data) {
      events.append(event)
    }
  }

  func summary(step: Int) throws -> TFSummary {
    try #require(
      events.first {
        if case .summary? = $0.what { $0.step == Int64(step) } else { false }
      }
    ).summary
  }
}

/// Event files, ours and TensorFlow's.
@Suite struct EventFileTests {
  static func fixture() throws -> String {
    try #require(
      Bundle.module.url(forResource: "Fixtures/events.out.tfevents", withExtension: "fixture")
    ).path
  }

  private func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "events-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  private func events(_ path: String, refusesTruncation: Bool = false) throws -> [Event] {
    let reader = try EventReader(path, refusesTruncation: refusesTruncation)
    var events: [Event] = []
    while let event = try reader.next() { events.append(event) }
    return events
  }

  @Test func recordsAreFramedAsTensorFlowFramesThem() throws {
    try inFolder { folder in
      let writer = try FileWriter(folder)
      try writer.close()
      let name = URL(filePath: writer.path).lastPathComponent
      #expect(name.hasPrefix("events.out.tfevents.") && name.split(separator: ".")[3].count == 10)
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: writer.path)))
      let length = bytes.count - 16
      #expect(Array(bytes[..<8]) == [UInt8(length), 0, 0, 0, 0, 0, 0, 0])
      let event = try TFEvent(serializedBytes: Array(bytes[12..<(12 + length)]))
      #expect(
        event.fileVersion == "brain.Event:2"
          && abs(event.wallTime - Date().timeIntervalSince1970) < 60)
      // As in a file of TensorFlow's.
      let header: [UInt8] = [0x3e, 0, 0, 0, 0, 0, 0, 0]
      let masked = CRC32C.masked(CRC32C.checksum(header))
      #expect(withUnsafeBytes(of: masked) { Array($0) } == [0xd9, 0xd2, 0x40, 0xe7])
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    try inFolder { folder in
      let graph = Graph()
      let x = graph.placeholder(.float32, [nil, 3], name: "x")
      Summaries.scalar("average", reduceMean(x))
      Summaries.histogram("x", x)
      Summaries.image("image", reshape(x, to: [-1, 1, 3, 1]))
      let merged = try #require(Summaries.mergeAll(graph))
      let writer = try FileWriter(folder, graph: graph)
      let session = try Session(graph)
      let value = try TensorValue([1, 2, 6] as [Float], shape: [1, 3])
      try writer.add(session.run(merged, feeding: [x: value]), globalStep: 7)
      try writer.add(scalars: ["loss": 0.5, "accuracy": 1], globalStep: 8)
      try writer.addSessionLog(.checkpoint, checkpoint: "model", globalStep: 8)
      try writer.addRunMetadata(
        of: session, fetching: [reduceSum(exp(x))], feeding: [x: value], tag: "step 8",
        globalStep: 8)
      try writer.flush()
      // A second writer of the same second has a file of its own.
      #expect(try FileWriter(folder).path != writer.path)
      let found = try events(writer.path)
      #expect(found.map(\.step) == [0, 0, 0, 7, 8, 8, 8])
      guard case .graph(let bytes) = found[1].content,
        case .summary(let first) = found[3].content, case .summary(let second) = found[4].content,
        case .sessionLog(.checkpoint, "model", "") = found[5].content,
        case .runMetadata("step 8", let run) = found[6].content
      else {
        Issue.record("other events: \(found)")
        return
      }
      let definition = try TFGraphDef(serializedBytes: bytes)
      let shapes = definition.node[0].attr["_output_shapes"]?.list.shape
      #expect(shapes?.first?.partialShape == [nil, 3])
      #expect(first.map(\.tag) == ["average", "x_1", "image/image/0"])
      guard case .scalar(3) = first[0].content, case .histogram(let histogram) = first[1].content,
        case .scalar(1) = second[0].content, case .scalar(0.5) = second[1].content
      else {
        Issue.record("other values: \(first), \(second)")
        return
      }
      #expect(histogram.count == 3 && histogram.minimum == 1 && histogram.maximum == 6)
      let times = try TFRunMetadata(serializedBytes: run).stepStats.devStats
      #expect(times.count == 1 && times[0].nodeStats.map(\.nodeName) == ["Sum"])
      #expect(throws: FileError.self) {
        try writer.addRunMetadata(
          of: session, fetching: [merged], feeding: [x: value], tag: "step 8")
      }
      #expect(throws: FileError.self) { try writer.add(value) }
      try writer.close()
      try writer.close()
      #expect(throws: FileError.self) { try writer.add(scalars: ["late": 1]) }
      #expect(try EventReader.files(at: folder).count == 2)
    }
  }

  @Test func tensorFlowsFileIsRead() throws {
    let found = try events(Self.fixture(), refusesTruncation: true)
    #expect(found.count == 7)
    guard case .fileVersion("brain.Event:2") = found[0].content,
      case .summary(let values) = found[5].content
    else {
      Issue.record("other events: \(found)")
      return
    }
    #expect(values.map(\.tag).first == "a/loss" && values.map(\.tag).last == "a/tx")
    guard case .tensor(let text)? = values.last?.content else {
      Issue.record("no tensor: \(values)")
      return
    }
    #expect(try text.strings() == [Array("hello".utf8)])
  }

  /// A process may be killed at any byte; what it wrote whole is read.
  @Test func aFileMayEndAnywhere() throws {
    try inFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      let bytes = try Data(contentsOf: URL(filePath: Self.fixture()))
      let path = folder + "/cut"
      for count in [0, 1, 11, 12, 13, 60, bytes.count / 2, bytes.count - 1, bytes.count] {
        try bytes.prefix(count).write(to: URL(filePath: path))
        let reader = try EventReader(path)
        var events = 0
        while try reader.next() != nil { events += 1 }
        #expect(reader.isTruncated == (count != 0 && count != bytes.count))
        #expect(count < bytes.count ? events < 7 : events == 7)
        if reader.isTruncated {
          #expect(throws: FileError.self) { try self.events(path, refusesTruncation: true) }
        }
      }
    }
  }

  /// No change of any byte is believed, and none does harm.
  @Test func changedFilesAreRefused() throws {
    try inFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      let original = [UInt8](try Data(contentsOf: URL(filePath: Self.fixture())))
      let path = folder + "/changed"
      var random = SplitMix64(state: 11)
      for _ in 0..<2000 {
        var bytes = original
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[place] ^= 1 << UInt8(random.next() % 8)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        }
        guard bytes != original else { continue }
        try Data(bytes).write(to: URL(filePath: path))
        #expect((try? events(path, refusesTruncation: true)) == nil)
      }
    }
  }

  /// Right checksums say nothing of what is inside: no size is believed.
  @Test func aHugeTensorInARecordIsRefused() throws {
    try inFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      let path = folder + "/changed"
      var event = TFEvent()
      var value = TFSummary.Value()
      value.tensor.dtype = .dtFloat
      value.tensor.tensorShape = TFTensorShapeProto([1 << 30])
      value.tensor.floatVal = [1]
      event.summary.value = [value]
      let file = try #require(try RecordAppender(creating: path))
      try file.append(event.serializedBytes())
      #expect(throws: FileError.self) { try self.events(path) }
    }
  }
}

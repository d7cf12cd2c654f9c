import Foundation
import Testing

/// What `graphc events` prints of a file that TensorFlow wrote, and what it refuses.
@Suite struct EventsTests {
  private let file = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .appending(path: "PersistenceTests/Fixtures/events.out.tfevents.fixture")

  @Test func everyTagHasALine() throws {
    let (output, status) = try GraphcProcess.run(["events", file.path])
    #expect(status == 0)
    let lines = output.split(separator: "\n").map(String.init)
    #expect(lines.contains("a/loss  scalar  3 at steps 0 to 2, last 0.375"), "\(output)")
    #expect(lines.contains { $0.hasPrefix("a/im/image/0  image  3 at") }, "\(output)")
    #expect(lines.contains("a/tx  tensor  3 at steps 0 to 2, last \"hello\""), "\(output)")
    #expect(lines.last == "# 1 file, 7 events, every checksum right", "\(output)")
    #expect(lines.count == 11, "\(output)")
  }

  @Test func aTagsValuesAreListed() throws {
    let (output, status) = try GraphcProcess.run(["events", file.path, "--tag", "a/loss"])
    #expect(status == 0)
    #expect(output == "step 0  0.125\nstep 1  0.25\nstep 2  0.375\n")
    let json = try GraphcProcess.run(["events", file.path, "--tag", "a/loss", "--json"]).output
    let points = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
    #expect(points?.map { $0["value"] as? Double } == [0.125, 0.25, 0.375])
    let (message, failure) = try GraphcProcess.run(["events", file.path, "--tag", "loss"])
    #expect(failure != 0 && message.contains("no tag \"loss\"; it holds \"(graph)\""), "\(message)")
  }

  @Test func damageIsNamed() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "events-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "events.out.tfevents.1")
    var bytes = try Data(contentsOf: file)
    try bytes.dropLast(3).write(to: path)
    let (cut, success) = try GraphcProcess.run(["events", folder.path])
    #expect(success == 0 && cut.contains("tfevents.1 ends within a record"), "\(cut)")
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: path)
    let (changed, status) = try GraphcProcess.run(["events", folder.path])
    #expect(status != 0 && changed.contains("the checksum of record 2"), "\(changed)")
    try FileManager.default.removeItem(at: path)
    let (empty, failure) = try GraphcProcess.run(["events", folder.path])
    #expect(failure != 0 && empty.contains("holds no event files"), "\(empty)")
  }
}

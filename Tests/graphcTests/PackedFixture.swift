import Foundation
import Testing

/// A folder of files that the tests hold as one archive.
enum PackedFixture {
  /// Runs `body` on the unpacked folder, which is gone afterwards.
  static func unpacked<Result>(_ name: String, _ body: (URL) throws -> Result) throws -> Result {
    let packed = try #require(
      Bundle.module.url(forResource: "Fixtures/\(name).tar", withExtension: "gz"))
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = ["tar", "xzf", packed.path, "-C", folder.path]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    return try body(folder.appending(path: name))
  }
}

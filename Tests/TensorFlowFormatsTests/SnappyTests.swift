import TensorFlowFormats
import Testing

/// The compression that blocks of version-1 checkpoints may be in.
@Suite struct SnappyTests {
  private func text(_ bytes: [UInt8]) throws -> String {
    String(decoding: try Snappy.decompressed(bytes, path: "block"), as: UTF8.self)
  }

  @Test func literalsAndCopies() throws {
    // A copy may overlap what it writes.
    #expect(try text([12, 8] + Array("abc".utf8) + [21, 3]) == "abcabcabcabc")
    #expect(try text([7, 8] + Array("abc".utf8) + [14, 3, 0]) == "abcabca")
    #expect(try text([7, 8] + Array("abc".utf8) + [15, 3, 0, 0, 0]) == "abcabca")
    let long = String(repeating: "x", count: 70)
    #expect(try text([70, 60 << 2, 69] + Array(long.utf8)) == long)
    #expect(try text([0]) == "")
  }

  @Test func damageIsRefused() {
    let broken: [[UInt8]] = [
      [], [3, 8, 97], [4, 8, 97, 98, 99], [2, 8, 97, 98, 99], [7, 8, 97, 98, 99, 14, 4, 0],
      [7, 8, 97, 98, 99, 14, 0, 0], [255, 255, 255, 255, 15, 0, 97], [70, 61 << 2, 69],
    ]
    for bytes in broken {
      #expect(throws: FileError.self) { try Snappy.decompressed(bytes, path: "block") }
    }
  }
}

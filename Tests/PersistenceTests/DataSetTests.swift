import Dataflow
import Foundation
import Testing

/// Damaged data files: one clear error each, never a trap.
@Suite struct DataSetTests {
  private static let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]

  /// A folder with two images of two pixels, damaged as asked.
  private func folder(_ change: (inout [String: [UInt8]]) -> Void) throws -> String {
    let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 51, 102, 255]
    let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 7, 3]
    var files = [
      "train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels,
      "t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte": labels,
    ]
    change(&files)
    let folder = FileManager.default.temporaryDirectory.appending(path: "data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
    return folder.path
  }

  private func complaint(_ change: (inout [String: [UInt8]]) -> Void) throws -> String {
    let folder = try folder(change)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      _ = try DataSet.mnist(directory: folder)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func pixelsBecomeSharesOfOne() throws {
    let folder = try folder { _ in }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try DataSet.mnist(directory: folder)
    #expect(try data.train.images.scalars(as: Float.self) == [0, 0.2, 0.4, 1])
    #expect(try data.train.labels.scalars(as: Int64.self) == [7, 3])
    #expect(Array(try data.train.batches(of: 1)).count == 2)
    #expect(throws: DataSet.BatchSizeError.self) { try data.train.batches(of: 0) }
  }

  @Test func damageIsNamed() throws {
    #expect(try complaint { $0["train-images-idx3-ubyte"] = nil }.contains("is missing"))
    #expect(try complaint { $0["train-images-idx3-ubyte"]?.removeLast() }.contains("holds 3"))
    #expect(try complaint { $0["train-images-idx3-ubyte"] = [0, 0, 8] }.contains("header"))
    #expect(try complaint { $0["train-images-idx3-ubyte"]?[2] = 13 }.contains("type 13"))
    #expect(try complaint { $0["train-images-idx3-ubyte"]?[0] = 1 }.contains("not an IDX"))
    #expect(try complaint { $0["train-images-idx3-ubyte"] = [0x1f, 0x8b, 1] }.contains("damaged"))
    #expect(
      try complaint { $0["train-labels-idx1-ubyte"] = [0, 0, 8, 1, 0, 0, 0, 1, 7] }
        .contains("labels of shape [1]"))
    // Sizes whose product overflows.
    let huge: [UInt8] = [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12)
    #expect(try complaint { $0["train-images-idx3-ubyte"] = huge }.contains("claims shape"))
  }
}

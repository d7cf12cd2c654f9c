import Foundation
import TensorCore
import TensorFlowFormats
import Testing

@Suite struct NPYTests {
  @Test func arraysComeBack() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("dataflow-\(UInt64.random(in: 0 ... .max)).npy").path
    let values = [
      try TensorValue([Float(1), -2, 3.5, 4, 5, 6], shape: [2, 3]), TensorValue(Int64(-7)),
      TensorValue([true, false, true]), TensorValue(zeros: [0, 4], dtype: .float64),
    ]
    for value in values {
      try NPY.write(value, to: path)
      #expect(try NPY.read(path) == value)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      for length in 0..<bytes.count {
        try bytes.prefix(length).write(to: URL(fileURLWithPath: path))
        #expect(throws: FileError.self) { try NPY.read(path) }
      }
    }
  }

  @Test func checksumsAreCastagnolis() {
    let crc = CRC32C.checksum(Array("123456789".utf8))
    #expect(crc == 0xe306_9283)
    #expect(CRC32C.masked(crc) == 0xc78a_b0e5)
  }
}

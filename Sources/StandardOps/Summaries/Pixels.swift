import TensorCore

/// The numbers of images as bytes, as TensorFlow shows them.
enum Pixels {
  static func bytes(
    of images: TensorValue, _ range: Range<Int>, _ channels: Int, _ bad: [UInt8]
  ) -> [UInt8] {
    images.withUnsafeBytes { bytes in
      switch images.dtype {
      case .uint8: Array(bytes[range])
      case .float16:
        scaled(bytes.bindMemory(to: Float16.self)[range], channels, bad) { Float($0) }
      case .float64:
        scaled(bytes.bindMemory(to: Double.self)[range], channels, bad) { Float($0) }
      default: scaled(bytes.bindMemory(to: Float.self)[range], channels, bad) { $0 }
      }
    }
  }

  /// Below this a greatest magnitude counts as 0.
  private static let threshold: Float = 1e-6

  /// The numbers of an image as bytes, computed in their own type as TensorFlow does.
  private static func scaled<Number: BinaryFloatingPoint>(
    _ numbers: Slice<UnsafeBufferPointer<Number>>, _ channels: Int, _ bad: [UInt8],
    _ single: (Number) -> Float
  ) -> [UInt8] {
    let image = UnsafeBufferPointer(rebasing: numbers)
    let starts = stride(from: 0, to: image.count, by: channels)
    func isFinite(_ start: Int) -> Bool {
      image[start..<(start + channels)].allSatisfy(\.isFinite)
    }
    var (least, greatest) = (Float.infinity, -Float.infinity)
    for start in starts where isFinite(start) {
      for number in image[start..<(start + channels)] {
        least = min(least, single(number))
        greatest = max(greatest, single(number))
      }
    }
    let magnitude = least < 0 ? max(abs(least), abs(greatest)) : greatest
    let full: Float = least < 0 ? 127 : 255
    let scale = Number(magnitude < threshold ? 0 : full / magnitude)
    let offset: Number = least < 0 ? 128 : 0
    var pixels: [UInt8] = []
    pixels.reserveCapacity(image.count)
    for start in starts {
      guard isFinite(start) else {
        pixels += bad.prefix(channels)
        continue
      }
      for number in image[start..<(start + channels)] {
        pixels.append(UInt8(truncatingIfNeeded: Int(number * scale + offset)))
      }
    }
    return pixels
  }
}

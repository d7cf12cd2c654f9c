import GraphCore
import TensorCore

extension Ops {
  /// The first images of a batch as PNG files.
  ///
  /// Bytes are taken as they are. Other numbers are scaled image by image: to 255 for the greatest if
  /// none is negative, else to 127 for the greatest magnitude around 128; a pixel that is not finite
  /// takes the attribute `bad_color`.
  public enum ImageSummary: SummaryOp {
    static let maxImages = AttributeKey<Int>("max_images")
    static let badColor = AttributeKey<TensorValue>("bad_color")
    public static let signature = Signature(
      ["tag: string", "tensor: T"], gives: ["summary: string"],
      [
        .int("max_images", default: 3),
        .type("T", [.uint8, .float32, .float16, .float64], default: .float32),
        .value("bad_color", .tensor, default: .tensor(TensorValue([255, 0, 0, 255] as [UInt8]))),
      ])

    public static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [UInt8]
    {
      let tag = try scalarString(inputs[0], "the tag")
      let (images, color, most) = (inputs[1], node[badColor], node[maxImages])
      let shape = images.shape
      guard shape.rank == 4, [1, 3, 4].contains(shape[3]) else {
        throw GraphError("images of 1, 3 or 4 channels, rank 4, are expected, found \(shape)")
      }
      let (height, width, channels) = (shape[1], shape[2], shape[3])
      guard height > 0, width > 0, height < 1 << 31, width < 1 << 31 else {
        throw GraphError("images of \(height)x\(width) cannot be shown")
      }
      guard most >= 1 else { throw GraphError("max_images must be at least 1, found \(most)") }
      guard color.dtype == .uint8, color.shape.rank == 1 else {
        throw GraphError("bad_color must be a vector of uint8, found \(color.dtype)\(color.shape)")
      }
      guard images.dtype == .uint8 || color.count >= channels else {
        throw GraphError("bad_color has \(color.count) numbers for \(channels) channels")
      }
      let bad = (try? color.scalars(as: UInt8.self)) ?? []
      let size = height * width * channels
      var writer = MessageWriter()
      for number in 0..<min(most, shape[0]) {
        let range = (number * size)..<((number + 1) * size)
        let pixels = Pixels.bytes(of: images, range, channels, bad)
        guard
          let file = PNG.encoded(pixels, width: width, height: height, channels: channels)
        else { throw GraphError("an image of \(height)x\(width) cannot be encoded") }
        // The tag follows from the number of images asked for, not from that of the batch.
        let suffix = most > 1 ? "/image/\(number)" : "/image"
        writer.summaryValue(tag: tag + Array(suffix.utf8)) { value in
          value.message(4) { image in
            image.integer(1, height)
            image.integer(2, width)
            image.integer(3, channels)
            image.string(4, file)
          }
        }
      }
      return writer.bytes
    }
  }
}

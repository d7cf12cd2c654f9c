import GraphCore
import TensorCore

extension Ops {
  /// The first sounds of a batch as WAV files.
  public enum AudioSummaryV2: SummaryOp {
    static let maxOutputs = AttributeKey<Int>("max_outputs")
    public static let signature = Signature(
      ["tag: string", "tensor: float32", "sample_rate: float32"], gives: ["summary: string"],
      [.int("max_outputs", default: 3)])
    public static func summary(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [UInt8]
    {
      guard inputs[2].count == 1, let rate = try? inputs[2].scalar(as: Float.self) else {
        throw GraphError("the sample rate must be one number, found \(inputs[2].shape)")
      }
      return try sounds(
        tag: scalarString(inputs[0], "the tag"), inputs[1], rate: rate,
        most: node[maxOutputs])
    }

    private static func sounds(tag: [UInt8], _ batch: TensorValue, rate: Float, most: Int)
      throws(GraphError) -> [UInt8]
    {
      let shape = batch.shape
      guard shape.rank == 2 || shape.rank == 3 else {
        throw GraphError("sounds of rank 2 or 3 are expected, found \(shape)")
      }
      guard rate > 0, rate < 0x1p31 else {
        throw GraphError("the sample rate must be positive, found \(rate)")
      }
      guard most >= 1 else { throw GraphError("max_outputs must be at least 1, found \(most)") }
      let (frames, channels) = (shape[1], shape.rank == 2 ? 1 : shape[2])
      let size = frames * channels
      guard channels > 0, channels < 1 << 15, size < 1 << 30 else {
        throw GraphError("sounds of \(frames) frames and \(channels) channels cannot be encoded")
      }
      let samples = (try? batch.scalars(as: Float.self)) ?? []
      var writer = MessageWriter()
      for number in 0..<min(most, shape[0]) {
        let suffix = most > 1 ? "/audio/\(number)" : "/audio"
        let own = samples[(number * size)..<((number + 1) * size)]
        writer.summaryValue(tag: tag + Array(suffix.utf8)) { value in
          value.message(6) { audio in
            audio.float(1, rate)
            audio.integer(2, channels)
            audio.integer(3, frames)
            audio.string(4, wave(own, channels, rate: max(1, Int(rate.rounded(.toNearestOrEven)))))
            audio.string(5, "audio/wav".utf8)
          }
        }
      }
      return writer.bytes
    }

    /// A WAV file of 16 bits a sample.
    private static func wave(_ samples: ArraySlice<Float>, _ channels: Int, rate: Int) -> [UInt8] {
      var file = MessageWriter()
      func tag(_ name: String) -> UInt32 {
        name.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
      }
      file.little(tag("RIFF"))
      file.little(UInt32(36 + 2 * samples.count))
      file.little(tag("WAVE"))
      file.little(tag("fmt "))
      file.little(16 as UInt32)
      file.little(1 as UInt16)
      file.little(UInt16(channels))
      file.little(UInt32(rate))
      file.little(UInt32(truncatingIfNeeded: 2 * channels * rate))
      file.little(UInt16(2 * channels))
      file.little(16 as UInt16)
      file.little(tag("data"))
      file.little(UInt32(2 * samples.count))
      for sample in samples {
        let scaled = (sample * 32768).rounded(.toNearestOrAwayFromZero)
        file.little(scaled.isNaN ? 0 : Int16(min(max(scaled, -32768), 32767)))
      }
      return file.bytes
    }
  }
}

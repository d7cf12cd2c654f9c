import TensorCore
import TensorFlowFormats

/// One record of an event file.
public struct Event: Sendable {
  /// What an event says.
  public enum Content: Sendable {
    /// The first record: the version of the format.
    case fileVersion(String)
    /// A serialized `GraphDef`.
    case graph([UInt8])
    /// A serialized `MetaGraphDef`.
    case metaGraph([UInt8])
    /// Summaries.
    case summary([SummaryValue])
    /// What happened to a session.
    case sessionLog(SessionStatus, checkpoint: String, message: String)
    /// A serialized `RunMetadata` under a tag.
    case runMetadata(tag: String, [UInt8])
    /// A line of a log.
    case log(String)
    /// Nothing that is known here.
    case none
  }

  /// What happened to a session.
  public enum SessionStatus: Int, Sendable {
    case unspecified, start, stop, checkpoint
  }

  /// Seconds since 1970.
  public let wallTime: Double
  /// The training step.
  public let step: Int
  /// What the event says.
  public let content: Content
}

/// One value of a summary.
public struct SummaryValue: Sendable {
  /// What a summary holds under a tag.
  public enum Content: Sendable {
    case scalar(Float)
    case histogram(SummaryHistogram)
    case image(height: Int, width: Int, channels: Int, file: [UInt8])
    case audio(frames: Int, channels: Int, sampleRate: Float, file: [UInt8])
    case tensor(TensorValue)
    /// Nothing that is known here.
    case none
  }

  /// What the value is called.
  public let tag: String
  /// The value.
  public let content: Content
}

/// How many values lie in each of many ranges.
public struct SummaryHistogram: Sendable {
  /// The least and the greatest value.
  public let minimum: Double, maximum: Double
  /// How many values there are, their sum and that of their squares.
  public let count: Double, sum: Double, sumOfSquares: Double
  /// The upper limit of each range, which is the lower one of the next.
  public let limits: [Double]
  /// How many values each range holds.
  public let buckets: [Double]
}

extension Event {
  init(_ message: TFEvent, path: String) throws(FileError) {
    wallTime = message.wallTime
    step = Int(message.step)
    switch message.what {
    case .fileVersion(let version)?: content = .fileVersion(version)
    case .graphDef(let bytes)?: content = .graph([UInt8](bytes))
    case .metaGraphDef(let bytes)?: content = .metaGraph([UInt8](bytes))
    case .summary(let summary)?:
      var values: [SummaryValue] = []
      for value in summary.value { values.append(try SummaryValue(value, path: path)) }
      content = .summary(values)
    case .sessionLog(let log)?:
      content = .sessionLog(
        SessionStatus(rawValue: log.status.rawValue) ?? .unspecified,
        checkpoint: log.checkpointPath, message: log.msg)
    case .taggedRunMetadata(let run)?:
      content = .runMetadata(tag: run.tag, [UInt8](run.runMetadata))
    case .logMessage(let log)?: content = .log(log.message)
    case nil: content = .none
    }
  }
}

extension SummaryValue {
  private static let longestList = 1 << 20

  init(_ message: TFSummary.Value, path: String) throws(FileError) {
    tag = message.tag.isEmpty ? message.nodeName : message.tag
    switch message.value {
    case .simpleValue(let number)?: content = .scalar(number)
    case .histo(let histogram)?:
      guard histogram.bucket.count == histogram.bucketLimit.count else {
        throw FileError(
          path,
          "the histogram \"\(tag)\" has \(histogram.bucket.count) ranges and "
            + "\(histogram.bucketLimit.count) limits")
      }
      content = .histogram(
        SummaryHistogram(
          minimum: histogram.min, maximum: histogram.max, count: histogram.num,
          sum: histogram.sum, sumOfSquares: histogram.sumSquares,
          limits: histogram.bucketLimit, buckets: histogram.bucket))
    case .image(let image)?:
      content = .image(
        height: Int(image.height), width: Int(image.width), channels: Int(image.colorspace),
        file: [UInt8](image.encodedImageString))
    case .audio(let audio)?:
      content = .audio(
        frames: Int(audio.lengthFrames), channels: Int(audio.numChannels),
        sampleRate: audio.sampleRate, file: [UInt8](audio.encodedAudioString))
    case .tensor(let tensor)?:
      // A list may be shorter than the tensor, whose size is then no more than a claim.
      let count = tensor.tensorShape.partialShape?.fullyDefined?.checkedCount ?? .max
      guard !tensor.tensorContent.isEmpty || count <= Self.longestList else {
        throw FileError(path, "the summary \"\(tag)\" states \(count) elements and holds fewer")
      }
      do throws(TensorError) {
        content = .tensor(try tensor.tensorValue())
      } catch {
        throw FileError(path, "the summary \"\(tag)\": \(error)")
      }
    case .obsoleteOldStyleHistogram?, nil: content = .none
    }
  }
}

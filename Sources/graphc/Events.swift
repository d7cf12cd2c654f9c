import ArgumentParser
import Dataflow
import GraphTools
import TensorFlowFormats

struct Events: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists what event files hold, and verifies every checksum.")

  @Argument(help: "An event file, or a folder of them.")
  var path: String
  @Option(help: "Show every value of this tag.")
  var tag: String?
  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    var contents = EventContents()
    for file in try EventReader.files(at: path) { try contents.read(file) }
    if let tag {
      guard let series = contents.series[tag] else {
        let known = contents.tags.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
        throw CommandError(
          "\(path) holds no tag \"\(tag)\"" + (known.isEmpty ? "" : "; it holds \(known)"))
      }
      if json {
        print(JSON.array(series.map(\.json)))
      } else {
        for point in series { print("step \(point.step)  \(point.text)") }
      }
      return
    }
    if json {
      print(contents.json)
      return
    }
    for line in contents.lines { print(line) }
  }
}

/// What some event files hold, tag by tag.
private struct EventContents {
  /// A value of a tag.
  struct Point {
    let step: Int
    let wallTime: Double
    let kind: String
    let text: String
    let number: Double?

    var json: String {
      JSON.object([
        ("step", "\(step)"), ("wall_time", "\(wallTime)"), ("kind", JSON.string(kind)),
        (
          "value",
          number.map { $0.isFinite ? "\($0)" : JSON.string("\($0)") } ?? JSON.string(text)
        ),
      ])
    }
  }

  private(set) var series: [String: [Point]] = [:]
  /// The tags in the order in which they first appeared.
  private(set) var tags: [String] = []
  private var files = 0
  private var events = 0
  private var truncated: [String] = []

  /// - Throws: `FileError` if a checksum is wrong.
  mutating func read(_ path: String) throws {
    let reader = try EventReader(path)
    while let event = try reader.next() {
      events += 1
      add(event)
    }
    files += 1
    if reader.isTruncated { truncated.append(path) }
  }

  private mutating func add(_ event: Event) {
    switch event.content {
    case .fileVersion, .none: break
    case .graph(let bytes): add("(graph)", event, "graph", "\(bytes.count) bytes")
    case .metaGraph(let bytes): add("(meta graph)", event, "meta graph", "\(bytes.count) bytes")
    case .sessionLog(let status, let checkpoint, let message):
      let details = [checkpoint, message].filter { !$0.isEmpty }
      add(
        "(session)", event, "session", (["\(status)"] + details).joined(separator: " "))
    case .runMetadata(let tag, let bytes):
      add(tag, event, "run metadata", "\(bytes.count) bytes")
    case .log(let text): add("(log)", event, "log", text)
    case .summary(let values):
      for value in values {
        let (kind, text, number) = Self.description(value.content)
        add(value.tag, event, kind, text, number)
      }
    }
  }

  private mutating func add(
    _ tag: String, _ event: Event, _ kind: String, _ text: String, _ number: Double? = nil
  ) {
    if series[tag] == nil { tags.append(tag) }
    series[tag, default: []].append(
      Point(step: event.step, wallTime: event.wallTime, kind: kind, text: text, number: number))
  }

  private static func description(_ content: SummaryValue.Content)
    -> (kind: String, text: String, number: Double?)
  {
    switch content {
    case .scalar(let number): return ("scalar", "\(number)", Double(number))
    case .histogram(let histogram):
      let mean = histogram.count > 0 ? histogram.sum / histogram.count : 0
      return (
        "histogram",
        "\(Int(histogram.count)) values from \(Float(histogram.minimum)) to "
          + "\(Float(histogram.maximum)), mean \(Float(mean))", nil
      )
    case .image(let height, let width, let channels, let file):
      return ("image", "\(height)x\(width)x\(channels), \(file.count) bytes", nil)
    case .audio(let frames, let channels, let rate, let file):
      return (
        "audio", "\(frames) frames of \(channels) channels at \(rate) Hz, \(file.count) bytes", nil
      )
    case .tensor(let value):
      return (
        "tensor", value.elementsDescription(limit: 8),
        value.count == 1 ? value.doubles?.first : nil
      )
    case .none: return ("unknown", "", nil)
    }
  }

  /// A line for each tag, and one about the files.
  var lines: [String] {
    let rows = tags.compactMap { tag -> String? in
      guard let points = series[tag], let first = points.first, let last = points.last else {
        return nil
      }
      let steps =
        first.step == last.step ? "step \(last.step)" : "steps \(first.step) to \(last.step)"
      return "\(tag)  \(first.kind)  \(points.count) at \(steps), last \(last.text)"
    }
    let ends = truncated.map {
      "# \($0) ends within a record: it is still written, or its writer was killed"
    }
    return rows + ends + [
      "# \(files) file\(files == 1 ? "" : "s"), \(events) events, every checksum right"
    ]
  }

  /// All of it but the points.
  var json: String {
    JSON.object([
      ("files", "\(files)"), ("events", "\(events)"),
      ("truncated", JSON.array(truncated.map(JSON.string))),
      (
        "tags",
        JSON.array(
          tags.compactMap { tag -> String? in
            guard let points = series[tag], let last = points.last else { return nil }
            return JSON.object([
              ("tag", JSON.string(tag)), ("kind", JSON.string(last.kind)),
              ("count", "\(points.count)"), ("last", last.json),
            ])
          })
      ),
    ])
  }
}

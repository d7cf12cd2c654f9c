import ArgumentParser
import Dataflow
import GraphTools

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how long a run takes, its plan being found.")

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file.")
  var file: String
  @Option(help: "A tensor to fetch; may be repeated.")
  var fetch: [String] = []
  @Option(help: "An operation to run; may be repeated.")
  var target: [String] = []
  @Option(help: "NAME=1,224,224,3: a shape to feed with numbers from 0 to 1; may be repeated.")
  var feed: [String] = []
  @Option(help: "The checkpoint to take variables from.")
  var checkpoint: String?
  @Option(help: "How many runs to measure.")
  var runs = 20
  @OptionGroup var options: SessionOptions

  func validate() throws {
    guard runs >= 1 else { throw ValidationError("--runs must be at least 1") }
  }

  func run() throws {
    let session = try options.session(opening: file, checkpoint: checkpoint)
    let feeds = try session.exampleFeeds(feed)
    let clock = ContinuousClock()
    let begin = clock.now
    let prepared = try session.prepare(
      fetch.map { try session.tensor(named: $0) },
      targets: target.map { try session.node(named: $0) }, feeding: feeds)
    let values = feeds.entries.compactMap { $0.value as? TensorValue }
    _ = try prepared.run(values)
    let first = (clock.now - begin) / .milliseconds(1)
    var times: [Double] = []
    for _ in 0..<runs {
      let start = clock.now
      _ = try prepared.run(values)
      times.append((clock.now - start) / .milliseconds(1))
    }
    times.sort()
    print(
      "first \(rounded(first)) ms, best \(rounded(times[0])) ms, "
        + "median \(rounded(times[times.count / 2])) ms of \(runs) runs")
  }

  private func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
}

import ArgumentParser
import Dataflow
import GraphTools
import TensorFlowFormats

extension BenchReport.Order: ExpressibleByArgument {}

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures a run and each of its kernels.",
    discussion: """
      The first run is timed with planning and compiling, then whole runs, then runs with a look at \
      the clock around each kernel. FLOP are the additions, multiplications and other functions of \
      numbers that the kernels' descriptions state; bytes those of the distinct elements that they \
      read and write; the peak is what a product of matrices reaches on this machine at the same \
      time. Rates are those of the best times. They are true runs: a training step trains.
      """)

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Option(help: "A tensor to fetch; may be repeated.")
  var fetch: [String] = []
  @Option(help: "An operation to run; may be repeated.")
  var target: [String] = []
  @Option(help: "NAME=1,224,224,3: a shape to feed with numbers from 0 to 1; may be repeated.")
  var feed: [String] = []
  @Option(help: "The checkpoint to take variables from.")
  var checkpoint: String?
  @Option(help: "How many runs to measure at the least.")
  var runs = 10
  @Option(help: "For about how many seconds to measure whole runs; half as long the kernels.")
  var seconds = 1.0
  @Option(help: "The order of the table: plan, or time for the slowest first.")
  var sort = BenchReport.Order.plan
  @Flag(help: "Print everything as one JSON object.")
  var json = false
  @Option(help: "Write some runs to this file for chrome://tracing or Perfetto.")
  var trace: String?
  @Option(help: "A folder for an event file: the graph with its kernels' times, for TensorBoard.")
  var events: String?
  @OptionGroup var options: SessionOptions

  /// How many runs a trace shows: the first computes anew what is kept, the others settle down.
  private static let tracedRuns = 5

  func validate() throws {
    guard runs >= 1 else { throw ValidationError("--runs must be at least 1") }
    guard seconds >= 0, seconds <= 3600 else {
      throw ValidationError("--seconds must be from 0 to 3600")
    }
    guard !fetch.isEmpty || !target.isEmpty else {
      throw ValidationError(
        "nothing to measure: name a tensor with --fetch or an operation with --target")
    }
    if json, options.timing { throw ValidationError("--json and --timing exclude each other") }
  }

  func run() throws {
    if let trace { try FileSystem.checkWritable(trace) }
    let session = try options.session(opening: file, checkpoint: checkpoint)
    let writer = try events.map { try FileWriter($0, graph: session.graph) }
    let report = try BenchReport(
      FileSystem.name(of: file), of: session,
      fetching: fetch.map { try session.tensor(named: $0) },
      targets: target.map { try session.node(named: $0) },
      feeding: session.exampleFeeds(feed), runs: runs, seconds: seconds,
      tracing: trace == nil && events == nil ? 0 : Self.tracedRuns)
    options.printTiming(session)
    if json {
      print(report.json)
    } else {
      for line in report.lines(sortedBy: sort) { print(line) }
    }
    if let trace {
      try FileSystem.writeAtomically(Array(ChromeTrace.text(of: report).utf8), to: trace)
    }
    try writer?.addRunMetadata(report.profile, tag: "bench")
    try writer?.close()
  }
}

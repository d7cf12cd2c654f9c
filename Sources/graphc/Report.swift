import ArgumentParser
import Dataflow
import GraphTools
import TensorFlowFormats

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a page that shows a graph beside what a run of it computes.",
    discussion: """
      The page is one file and needs no network. It shows the graph by name scope beside the kernels of \
      the run: choose a kernel to see the nodes that it computes, their lines and the rules that led \
      to it, or a node to see what became of it and why; below, the arena's buffers over the run. With \
      --profile the run is measured too: it is a true run, a training step trains.
      """)

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Option(name: .shortAndLong, help: "The page to write: a name that ends in .html.")
  var output: String
  @Option(help: "The checkpoint to take variables from, for --profile.")
  var checkpoint: String?
  @Flag(help: "Measure the run and each of its kernels.")
  var profile = false
  @OptionGroup var request: PlanOptions

  func validate() throws {
    guard output.hasSuffix(".html") else {
      throw ValidationError("the page \"\(output)\" must end in .html")
    }
    if request.fetch.isEmpty, request.target.isEmpty {
      throw ValidationError(
        "nothing to show: name a tensor with --fetch or an operation with --target")
    }
    if checkpoint != nil, !profile {
      throw ValidationError("--checkpoint is for --profile; a plan needs no values")
    }
  }

  func run() throws {
    try FileSystem.checkWritable(output)
    let session = try request.options.session(opening: file, checkpoint: checkpoint)
    let planned = try request.planned(session)
    let title = FileSystem.name(of: file)
    let measured =
      profile
      ? try BenchReport(
        title, of: session, fetching: planned.fetches, targets: planned.targets,
        feeding: session.exampleFeeds(request.feed, completing: true), runs: 10, seconds: 1)
      : nil
    let report = GraphReport(
      title, of: session.graph, planned, feeds: request.feed, profile: measured)
    try FileSystem.writeAtomically(Array(report.html.utf8), to: output)
    request.options.printTiming(session)
    print("\(output): \(session.graph.count) nodes, \(planned.plan.steps.count) kernels")
  }
}

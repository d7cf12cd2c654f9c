import ArgumentParser
import Dataflow
import GraphTools

struct Dump: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows a graph, or the kernels that a run of it would use.")

  enum Format: String, ExpressibleByArgument { case text, dot, json, pbtxt }

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file.")
  var file: String
  @Option(help: "text, dot, json or pbtxt.")
  var format = Format.text
  @Flag(help: "Show the kernels that are left after optimization.")
  var optimized = false
  @Option(help: "A tensor to fetch; may be repeated.")
  var fetch: [String] = []
  @Option(help: "An operation to run; may be repeated.")
  var target: [String] = []
  @Option(help: "NAME=50,784: the shape of a fed tensor, or NAME=true; may be repeated.")
  var feed: [String] = []
  @OptionGroup var options: SessionOptions

  func run() throws {
    let graph = try GraphFile.read(file)
    if optimized {
      try dumpPlan(graph)
      return
    }
    switch format {
    case .text:
      for line in GraphText.lines(of: graph) { print(line) }
      // A graph that is text already comes back byte for byte.
      if !file.hasSuffix(".graph") || GraphText.hadGeneratedLines(graph) {
        for line in Summary.lines(of: graph) { print(line) }
      }
    case .json: print(JSON.text(of: graph))
    case .dot: print(Summary.dot(graph))
    case .pbtxt: print(GraphFile.text(graph))
    }
  }

  private func dumpPlan(_ graph: Graph) throws {
    let session = try options.session(on: graph)
    let feeds = try session.exampleFeeds(feed)
    let plan = try session.plan(
      fetching: fetch.map { try session.tensor(named: $0) },
      targets: target.map { try session.node(named: $0) }, feeding: feeds)
    for line in PlanListing.lines(of: plan) { print(line) }
  }
}

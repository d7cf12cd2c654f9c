import ArgumentParser
import Dataflow
import GraphTools

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells which kernel computes a node, or why none does.",
    discussion: """
      Names what else the kernel computes, the rules that led there, why a result is stored instead \
      of computed where it is taken, and the line where the node was made.
      """)

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Argument(help: "The node's name.")
  var node: String
  @OptionGroup var request: PlanOptions

  func run() throws {
    let graph = try request.options.graph(file)
    let session = try request.options.session(on: graph, from: [file])
    let node = try session.node(named: node)
    let run = try request.planned(session, defaultFetch: node)
    for line in Explanation(run).lines(of: node) { print(line) }
  }
}

import ArgumentParser
import Dataflow
import GraphTools

struct Dump: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows a graph, or the kernels that a run of it would use.")

  enum Format: String, ExpressibleByArgument { case text, dot, json, pbtxt, kernels, memory }

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Option(help: "text, dot, json or pbtxt; with --optimized kernels or memory.")
  var format: Format?
  @Flag(help: "Show what is left after optimization: the kernels, or the memory that they use.")
  var optimized = false
  @OptionGroup var request: PlanOptions

  func validate() throws {
    switch format {
    case .kernels?, .memory?:
      if !optimized { throw ValidationError("--format \(format ?? .text) needs --optimized") }
    case .text?, .dot?, .json?, .pbtxt?:
      if optimized { throw ValidationError("with --optimized --format is kernels or memory") }
    case nil: break
    }
    if !optimized, !(request.fetch + request.target + request.feed).isEmpty {
      throw ValidationError("--fetch, --target and --feed need --optimized")
    }
    if optimized, request.fetch.isEmpty, request.target.isEmpty {
      throw ValidationError("--optimized needs a --fetch or a --target")
    }
  }

  func run() throws {
    let graph = try request.options.graph(file)
    if optimized {
      let run = try request.planned(try request.options.session(on: graph, from: [file]))
      let lines =
        format == .memory
        ? MemoryListing.lines(of: run)
        : KernelListing.lines(of: run, timing: request.options.timing)
      for line in lines { print(line) }
      return
    }
    switch format ?? .text {
    case .json: print(JSON.text(of: graph))
    case .dot: print(Summary.dot(graph))
    case .pbtxt: print(GraphFile.text(graph))
    default:
      for line in GraphText.lines(of: graph) { print(line) }
      // A graph that is text already comes back byte for byte.
      if !file.hasSuffix(".graph") || GraphText.hadGeneratedLines(graph) {
        for line in graph.signatureLines + Summary.lines(of: graph) { print(line) }
      }
    }
  }
}

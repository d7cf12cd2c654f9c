import ArgumentParser
import Dataflow
import TensorFlowFormats

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Runs a graph once.")

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Option(help: "NAME=file.npy, number, true or false; may be repeated.")
  var feed: [String] = []
  @Option(help: "A tensor to fetch; may be repeated. By default all that the signature gives.")
  var fetch: [String] = []
  @Option(help: "An operation to run; may be repeated.")
  var target: [String] = []
  @Option(
    help: "The signature whose names --feed and --fetch may use; serving_default or the only one.")
  var signature: String?
  @Option(help: "The checkpoint to take variables from; by default a SavedModel's own.")
  var checkpoint: String?
  @Option(help: "A folder to write each fetched tensor to, as a .npy file of its name.")
  var out: String?
  @Option(help: "finite: stops at the first op that makes a NaN or an infinity.")
  var check: RunCheck?
  @OptionGroup var options: SessionOptions

  func run() throws {
    let session = try options.session(opening: file, checkpoint: checkpoint)
    let names = try SignatureNames(of: session.graph, named: signature)
    let fetch = fetch.isEmpty && target.isEmpty ? names.outputs.map(\.name) : fetch
    guard !fetch.isEmpty || !target.isEmpty else {
      throw CommandError(
        "nothing to run: name a tensor with --fetch or an operation with --target")
    }
    var feeds: [String: any TensorConvertible] = [:]
    for text in feed {
      let (name, value) = try assignment(text)
      let tensor = names.input(name)
      feeds[tensor] =
        value.hasSuffix(".npy") ? try NPY.read(value) : try session.scalar(value, for: tensor)
    }
    let values = try session.run(
      fetching: fetch.map { names.output($0) }, targets: target, feeding: feeds, check: check)
    options.printTiming(session)
    for (name, value) in zip(fetch, values) {
      print("\(name) = \(value)")
      if let out {
        let file = String(name.map { $0 == "/" || $0 == ":" ? "_" : $0 })
        try FileSystem.makeDirectory(out)
        try NPY.write(value, to: "\(out)/\(file).npy")
      }
    }
  }
}

/// The names that a signature has for tensors.
struct SignatureNames {
  let inputs: [GraphSignature.Argument]
  let outputs: [GraphSignature.Argument]

  /// - Parameter name: the signature; by default the one for serving, or the only one.
  /// - Throws: `CommandError` if the graph has none of that name.
  init(of graph: Graph, named name: String?) throws {
    let all = graph.signatures
    let shown = all.filter { !$0.name.hasPrefix("__") }
    let found =
      if let name { all.first { $0.name == name } } else {
        shown.first { $0.name == "serving_default" } ?? (shown.count == 1 ? shown[0] : nil)
      }
    if let name, found == nil {
      throw CommandError(
        "there is no signature \"\(name)\"; the file has "
          + (shown.isEmpty ? "none" : shown.map(\.name).joined(separator: ", ")))
    }
    inputs = found?.inputs ?? []
    outputs = found?.outputs ?? []
  }

  /// The tensor that `name` means where it is fed.
  func input(_ name: String) -> String {
    inputs.first { $0.name == name }?.tensorName ?? name
  }

  /// The tensor that `name` means where it is fetched.
  func output(_ name: String) -> String {
    outputs.first { $0.name == name }?.tensorName ?? name
  }
}

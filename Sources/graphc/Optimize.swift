import ArgumentParser
import Dataflow
import TensorFlowFormats

struct Optimize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Freezes and optimizes a graph into one that TensorFlow runs with the same answers.",
    discussion: """
      Variables become constants of the checkpoint's or the SavedModel's values; what the fetches do \
      not need goes, calls are put in place, constants are folded, batch normalizations move into the \
      layers before them, equal expressions are computed once. Fed and fetched tensors keep their \
      names; placeholders with default values that are not named with --feed become constants. Sizes \
      that are unknown, such as a batch's, stay unknown: nothing in the graph is made for a size \
      unless --feed states it, and unknown sizes of the same dimension are taken to be the same in \
      every placeholder. A graph with loops, or conditionals that data decides, is only frozen and rid \
      of what is not needed.
      """)

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Option(help: "A tensor to fetch; may be repeated. By default all that the signature gives.")
  var fetch: [String] = []
  @Option(help: "NAME=?,784: the shape of a fed tensor, ? for unknown sizes; may be repeated.")
  var feed: [String] = []
  @Option(help: "NAME=true, false or a number: a tensor that becomes a constant; may be repeated.")
  var set: [String] = []
  @Option(help: "The signature whose names may be used; serving_default or the only one.")
  var signature: String?
  @Option(help: "The checkpoint to take variables from; by default a SavedModel's own.")
  var checkpoint: String?
  @Option(name: [.short, .long], help: "The .pb or .pbtxt file to write.")
  var output: String
  @OptionGroup var options: SessionOptions

  func validate() throws {
    guard output.hasSuffix(".pb") || output.hasSuffix(".pbtxt") else {
      throw ValidationError("--output must end in .pb or .pbtxt")
    }
  }

  func run() throws {
    try FileSystem.checkWritable(output)
    let session = try options.session(opening: file, checkpoint: checkpoint)
    let names = try SignatureNames(of: session.graph, named: signature)
    let fetch = fetch.isEmpty ? names.outputs.map(\.name) : fetch
    guard !fetch.isEmpty else { throw CommandError("name what the graph is to give with --fetch") }
    var shapes: [Tensor: PartialShape] = [:]
    for text in feed {
      let (name, value) = try assignment(text)
      let tensor = try session.tensor(named: names.input(name))
      shapes[tensor] = try shape(text, value, of: tensor)
    }
    var values = Feeds()
    for text in set {
      let (name, value) = try assignment(text)
      let tensor = try session.tensor(named: names.input(name))
      values.feed(try session.scalar(value, for: tensor.name), to: tensor)
    }
    let optimized = try OptimizedGraph(
      of: session, fetching: fetch.map { try session.tensor(named: names.output($0)) },
      shapes: shapes, fixing: values)
    let before = try TFGraphDef(session.graph).bytes().count
    let after = try optimized.write(to: output)
    for note in optimized.notes { StandardError().write("Note: \(note)\n") }
    print(
      "\(session.graph.count) nodes, \(before) bytes -> \(optimized.nodeCount) nodes, "
        + "\(after) bytes")
  }

  private func shape(_ text: String, _ value: String, of tensor: Tensor) throws -> PartialShape {
    let sizes = try value.split(separator: ",").map { part -> Int? in
      if part == "?" { return nil }
      guard let size = Int(part), (0..<(1 << 31)).contains(size) else {
        throw CommandError("\"\(text)\" must be NAME=SIZE,SIZE,…, with ? for unknown sizes")
      }
      return size
    }
    let shape = PartialShape(sizes)
    guard shape.isCompatible(with: tensor.shape) else {
      throw CommandError("\(tensor) cannot have the shape \(shape)")
    }
    return shape
  }
}

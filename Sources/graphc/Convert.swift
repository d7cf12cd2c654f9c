import ArgumentParser
import Dataflow
import TensorFlowFormats

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a graph in another of the formats.",
    discussion: """
      OUT's ending says which: .meta and .meta.pbtxt (with collections and signatures), .pb and .pbtxt \
      (the graph alone), .graph (text for people); any other name is the folder of a SavedModel. What \
      the format cannot hold is said on standard error, everything else is kept.
      """)

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var input: String
  @Argument(help: "Where to write it.")
  var output: String
  @Option(help: "A tag of the graph in a SavedModel, to read or to write; may be repeated.")
  var tag: [String] = []
  @Option(help: "The checkpoint whose variables a SavedModel is to hold.")
  var checkpoint: String?
  @Option(
    help: "NAME=TENSOR: what a SavedModel's signature serving_default feeds; may be repeated.")
  var feed: [String] = []
  @Option(help: "NAME=TENSOR: what that signature fetches; may be repeated.")
  var fetch: [String] = []

  func validate() throws {
    if !isSavedModel, checkpoint != nil || !(feed + fetch).isEmpty {
      throw ValidationError("--checkpoint, --feed and --fetch are for writing a SavedModel")
    }
    // A mistyped ending would become a folder.
    if isSavedModel, FileSystem.name(of: output).dropFirst().contains("."),
      !FileSystem.isDirectory(output)
    {
      throw ValidationError(
        "\(output) must end in .meta, .meta.pbtxt, .pb, .pbtxt or .graph; a SavedModel's folder whose "
          + "name has a dot must end in a slash")
    }
    if !feed.isEmpty, fetch.isEmpty {
      throw ValidationError("a signature that feeds must fetch something: name it with --fetch")
    }
  }

  private var isSavedModel: Bool {
    ![".meta", ".pb", ".pbtxt", ".graph"].contains { output.hasSuffix($0) }
  }

  func run() throws {
    let reads = GraphContainer.isSavedModel(input) ? tag : []
    // Read as a graph in any case, so that nothing is passed on that could not be read again.
    let graph = try GraphFile.read(input, tags: reads)
    var lost: [String]
    if output.hasSuffix(".graph") {
      try GraphFile.write(graph, to: output)
      lost =
        input.hasSuffix(".graph") ? [] : try GraphContainer.read(input, tags: reads).lostBesides
    } else {
      var container =
        input.hasSuffix(".graph")
        ? GraphContainer(try TFMetaGraphDef(graph), kind: .metaGraph)
        : try GraphContainer.read(input, tags: reads)
      if isSavedModel { try complete(&container, graph) }
      lost = try container.write(to: output)
      if isSavedModel { lost += try writeVariables(container, graph) }
    }
    for line in lost { StandardError().write("Not in \(output): \(line)\n") }
  }

  /// Adds what a SavedModel has and the input may lack: tags, a saver, a signature.
  private func complete(_ container: inout GraphContainer, _ graph: Graph) throws {
    if container.kind != .savedModel {
      if !graph.variables().isEmpty, container.metaGraph.saverDef.restoreOpName.isEmpty {
        let saver = Saver(graph).nodes
        container.metaGraph = try TFMetaGraphDef(graph)
        container.metaGraph.saverDef = saver.definition
      }
      if !tag.isEmpty { container.metaGraph.metaInfoDef.tags = tag }
    }
    guard !fetch.isEmpty else { return }
    var signature = TFSignatureDef()
    signature.methodName = "tensorflow/serving/predict"
    for text in feed {
      let (name, tensor) = try named(text, graph)
      signature.inputs[name] = TFTensorInfo(tensor)
    }
    for text in fetch {
      let (name, tensor) = try named(text, graph)
      signature.outputs[name] = TFTensorInfo(tensor)
    }
    container.metaGraph.signatureDef["serving_default"] = signature
  }

  private func named(_ text: String, _ graph: Graph) throws -> (String, Tensor) {
    let (name, value) = try assignment(text)
    guard let tensor = graph.tensor(named: value) else {
      throw CommandError("the graph has no tensor \"\(value)\"")
    }
    return (name, tensor)
  }

  /// Puts a checkpoint into the folder, as files or, of version 1, written anew.
  ///
  /// - Returns: what is missing for lack of a checkpoint.
  private func writeVariables(_ container: GraphContainer, _ graph: Graph) throws -> [String] {
    guard let checkpoint else {
      let hasOwn = container.directory != nil
      return hasOwn || graph.declaredVariables.isEmpty
        ? [] : ["the variables' values; name their checkpoint with --checkpoint"]
    }
    let reader = try CheckpointReader(prefix: checkpoint)
    let target = output + "/variables/variables"
    try FileSystem.makeDirectory(output + "/variables")
    let endings = CheckpointWriter.endings(checkpoint)
    if endings.contains(".index") {
      // Damage is found out now rather than when the model is served.
      for entry in reader.entries { _ = try reader.value(of: entry.name) }
      for ending in endings { try FileSystem.copy(checkpoint + ending, to: target + ending) }
    } else {
      try CheckpointWriter.write(
        reader.entries.map { ($0.name, try reader.value(of: $0.name)) }, to: target)
    }
    return []
  }
}

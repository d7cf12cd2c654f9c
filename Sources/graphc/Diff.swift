import ArgumentParser
import Dataflow
import GraphTools
import TensorFlowFormats

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares what two graphs or checkpoints mean.",
    discussion: """
      Two graphs are the same whatever their nodes are called and in which order they stand. Of two \
      checkpoints, or a graph and a checkpoint, it lists every tensor that is missing, extra or of \
      another shape, and likely renames. Exits with 0 if both mean the same, with 1 if they differ, \
      with 2 in trouble.
      """)

  @Argument(help: "A graph's file, a SavedModel's folder, or a checkpoint's prefix.")
  var old: String
  @Argument(help: "What to compare it with.")
  var new: String
  @Option(
    parsing: .upToNextOption,
    help: "For two graphs their checkpoints, whose values are compared as well.")
  var weights: [String] = []
  @Option(help: "By how much numbers may differ.")
  var tolerance = 0.0
  @Option(help: "Write the likely renames of tensors to this file, `old new` a line.")
  var map: String?
  @Flag(help: "Do not list nodes that were only renamed.")
  var quiet = false

  func validate() throws {
    guard weights.isEmpty || weights.count == 2 else {
      throw ValidationError("--weights takes two checkpoints, one for each graph")
    }
    guard tolerance >= 0 else { throw ValidationError("--tolerance must not be negative") }
  }

  func run() throws {
    let isSame = try orTrouble {
      switch (try Side(old), try Side(new)) {
      case (.graph(let a), .graph(let b)): try compare(a, b)
      case (let a, let b):
        if !weights.isEmpty {
          throw CommandError("--weights is for two graphs")
        } else {
          try report(WeightDifferences(from: a.table, to: b.table, tolerance: tolerance))
        }
      }
    }
    if isSame { print("same") } else { throw ExitCode(1) }
  }

  /// A side of the comparison.
  private enum Side {
    case graph(Graph)
    case checkpoint(CheckpointReader)

    init(_ path: String) throws {
      if [".meta", ".pb", ".pbtxt", ".graph"].contains(where: { path.hasSuffix($0) })
        || SavedModel.isSavedModel(path)
      {
        self = .graph(try GraphFile.read(path))
      } else if CheckpointReader.exists(path) {
        self = .checkpoint(try CheckpointReader(prefix: path))
      } else {
        throw CommandError(
          "\(path) is neither a .meta, .pb, .pbtxt or .graph file, nor a SavedModel's folder, nor a "
            + "checkpoint's prefix")
      }
    }

    var table: WeightTable {
      switch self {
      case .graph(let graph): WeightTable(variablesOf: graph)
      case .checkpoint(let reader): WeightTable(reader)
      }
    }
  }

  private func compare(_ a: Graph, _ b: Graph) throws -> Bool {
    if map != nil, weights.isEmpty {
      throw CommandError("--map is for checkpoints; name those of the graphs with --weights")
    }
    // Such a file holds no collections, which is no difference in what the nodes mean.
    let lacksCollections = zip([old, new], [a, b]).contains { path, graph in
      (path.hasSuffix(".pb") || path.hasSuffix(".pbtxt")) && graph.collectionKeys.isEmpty
    }
    let differences = GraphDifferences(
      from: a, to: b, tolerance: tolerance, comparesCollections: !lacksCollections)
    for line in differences.lines(listsRenames: !quiet) { print(line) }
    var isSame = differences.isSame
    if weights.count == 2 {
      let tables = try weights.map { WeightTable(try CheckpointReader(prefix: $0)) }
      let values = try WeightDifferences(
        from: tables[0], to: tables[1], names: differences.variableNames, tolerance: tolerance)
      isSame = try report(values) && isSame
    }
    return isSame
  }

  private func report(_ differences: WeightDifferences) throws -> Bool {
    for line in differences.lines() { print(line) }
    if let map { try FileSystem.writeAtomically(Array(differences.map.utf8), to: map) }
    return differences.isSame
  }
}

extension WeightTable {
  /// A checkpoint's tensors.
  fileprivate init(_ reader: CheckpointReader) {
    self.init(
      Dictionary(
        reader.entries.map {
          ($0.name, Entry(dtype: $0.dtype, shape: PartialShape($0.shape)))
        }, uniquingKeysWith: { first, _ in first })
    ) { try reader.value(of: $0) }
  }
}

import Dataflow
import Foundation
import TensorFlowFormats
import Testing

/// Files that TensorFlow 2.21 wrote (`Tests/tensorflow/optimizers.py`), imported and trained on.
@Suite struct TensorFlowFilesTests {
  static let optimizers = ["sgd", "momentum", "nesterov", "adam"]
  /// Those, and one with TensorFlow 1's older variables.
  static let files = optimizers + ["adam-older"]

  /// What TensorFlow had after five steps.
  private struct Expected: Decodable {
    let x: [[Float]]
    let y: [[Float]]
    let losses: [Float]
    let variables: [String: Nested]
    let nodes: [String]
  }

  /// Numbers in arrays of any depth, in row-major order.
  private struct Nested: Decodable {
    var numbers: [Double]
    init(from decoder: any Decoder) throws {
      if let number = try? decoder.singleValueContainer().decode(Double.self) {
        numbers = [number]
      } else {
        numbers = try decoder.singleValueContainer().decode([Nested].self).flatMap(\.numbers)
      }
    }
  }

  static func prefix(_ name: String) throws -> String {
    try #require(
      Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "meta")
    ).deletingPathExtension().path
  }

  private func expected(_ name: String) throws -> Expected {
    let file = URL(filePath: try Self.prefix(name) + ".json")
    return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: file))
  }

  @Test(arguments: files) func trainingGoesOnAsInTensorFlow(_ name: String) throws {
    let prefix = try Self.prefix(name)
    let expected = try expected(name)
    let graph = try GraphFile.read(prefix + ".meta")
    let session = try Session(graph)
    try Saver(graph).restore(session, from: prefix)
    let (x, y) = (
      try #require(graph.tensor(named: "x:0")), try #require(graph.tensor(named: "y:0"))
    )
    let loss = try #require(graph.tensor(named: "loss:0"))
    for wanted in expected.losses {
      let found = try session.run(
        loss, targets: graph.collection(.trainOp), feeding: [x: expected.x, y: expected.y])
      #expect(abs(try found.scalar(as: Float.self) - wanted) < 1e-6)
    }
    for variable in graph.variables() where variable.dtype != .string {
      let wanted = try #require(expected.variables[variable.name]).numbers
      let found = try #require(try session.value(of: variable).doubles)
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 2e-6 }, "\(variable.name)")
      #expect(found.count == wanted.count)
    }
  }

  @Test(arguments: optimizers) func builtHereTheGraphTrainsTheSame(_ name: String) throws {
    let expected = try expected(name)
    let (graph, x, y, loss) = model(name)
    let session = try Session(graph)
    // TensorFlow's start, under TensorFlow's names.
    try Saver(graph).restore(session, from: Self.prefix(name))
    for wanted in expected.losses {
      let found = try session.run(
        loss, targets: graph.collection(.trainOp), feeding: [x: expected.x, y: expected.y])
      #expect(abs(try found.scalar(as: Float.self) - wanted) < 1e-6)
    }
    // What starts a variable differs here; what else TensorFlow's graph holds has the same names.
    let own = Set(graph.operations.map(\.name))
    let scopes = ["layer/", "global_step", "Tanh", "Square", "loss", "x", "y", "beta1"]
    let missing = expected.nodes.filter { node in
      scopes.contains { node.hasPrefix($0) } && !node.contains("/Initializer/")
        && !own.contains(node)
    }
    #expect(missing == [])
  }

  @Test(arguments: ["momentum", "adam"]) func olderVariablesTakeANewOptimizer(_ kind: String) throws
  {
    let graph = try GraphFile.read(Self.prefix("adam-older") + ".meta")
    let expected = try expected("adam-older")
    let loss = try #require(graph.tensor(named: "loss:0"))
    let optimizer: any Optimizer =
      kind == "adam"
      ? AdamOptimizer(learningRate: 0.1) : MomentumOptimizer(learningRate: 0.1, momentum: 0.9)
    let restored = Saver(graph)
    let before = Set(graph.variables().map(\.name))
    let train = optimizer.minimize(loss, name: "again")
    let added = graph.variables().filter { !before.contains($0.name) }
    let session = try Session(graph)
    try restored.restore(session, from: Self.prefix("adam-older"))
    try session.run(graph.variablesInitializer(added))
    var losses: [Float] = []
    for _ in 0..<20 {
      losses.append(
        try session.run(
          fetching: ["loss:0"], targets: [train.name],
          feeding: ["x:0": expected.x, "y:0": expected.y])[0].scalar())
    }
    #expect(losses[19] < losses[0] * 0.9, "\(losses)")
  }

  private func model(_ optimizer: String) -> (Graph, Tensor, Tensor, Tensor) {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let y = graph.placeholder(.float32, [nil, 3], name: "y")
    let (w, b) = graph.variableScope("layer") {
      (
        graph.getVariable("w", shape: [4, 3], initializer: .zeros),
        graph.getVariable("b", shape: [3], initializer: .zeros)
      )
    }
    let loss = reduceMean(square(tanh(matmul(x, w.value) + b.value) - y), name: "loss")
    let training: any Optimizer =
      switch optimizer {
      case "sgd": GradientDescentOptimizer(learningRate: 0.1)
      case "momentum": MomentumOptimizer(learningRate: 0.1, momentum: 0.9)
      case "nesterov": MomentumOptimizer(learningRate: 0.1, momentum: 0.9, useNesterov: true)
      default: AdamOptimizer(learningRate: 0.05)
      }
    training.minimize(loss, globalStep: graph.globalStep, name: "train")
    return (graph, x, y, loss)
  }

  @Test(arguments: files) func checkpointsComeOutByteForByte(_ name: String) throws {
    let prefix = try Self.prefix(name)
    let reader = try CheckpointReader(prefix: prefix)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "checkpoint-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appending(path: "copy").path
    try CheckpointWriter.write(
      reader.entries.map { ($0.name, try reader.value(of: $0.name)) }, to: copy)
    for ending in [".index", ".data-00000-of-00001"] {
      let (own, theirs) = (URL(filePath: copy + ending), URL(filePath: prefix + ending))
      #expect(try Data(contentsOf: own) == Data(contentsOf: theirs))
    }
  }

  @Test(arguments: files, ["meta", "graph", "pb", "pbtxt"])
  func graphsComeBackFromEveryForm(_ name: String, _ form: String) throws {
    let graph = try GraphFile.read(Self.prefix(name) + ".meta")
    let file = FileManager.default.temporaryDirectory.appending(
      path: "graph-\(UUID().uuidString).\(form)"
    ).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try GraphFile.write(graph, to: file)
    let again = try GraphFile.read(file)
    #expect(again.operations.map(\.name) == graph.operations.map(\.name))
    for (a, b) in zip(graph.operations, again.operations) {
      #expect(a.attributes == b.attributes && a.outputs.map(\.shape) == b.outputs.map(\.shape))
    }
    if form == "meta" || form == "graph" {
      #expect(again.collectionKeys == graph.collectionKeys)
      #expect(again.items(in: "mixed").count == 2 && again.items(in: "numbers") == [.int(3)])
      #expect(again.variables().count == graph.variables().count)
    }
  }
}

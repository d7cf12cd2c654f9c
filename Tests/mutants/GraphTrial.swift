import Dataflow
import Foundation
import GraphTools
import TensorFlowFormats

/// One graph through what `graphc` does with a file.
struct GraphTrial {
  /// A graph that runs, with what it is fed and what is fetched of it.
  struct Base {
    let name: String
    let graph: TFGraphDef
    let feeds: [String: TensorValue]
    let fetches: [String]
    let targets: [String]
  }

  /// What is done, in this order; each may end in an error, none in anything else.
  enum Step: String, CaseIterable {
    case read, dump, lint, cpu, llvm, unoptimized, optimize, verify, differentiate, convert
  }

  let base: Base
  /// Where files are written.
  let folder: String
  /// As `graphc` grants small files.
  private static let budget = 768 << 20

  init(_ base: Base, folder: String) {
    self.base = base
    self.folder = folder
  }

  /// Does all steps with a graph in the place of the base's.
  ///
  /// - Parameters:
  ///   - skipped: steps that are left out.
  ///   - begin: told of each step before it begins.
  /// - Returns: how many steps ended well.
  func run(_ message: TFGraphDef, skipping skipped: Set<Step>, begin: (Step) -> Void) -> Int {
    begin(.read)
    let path = folder + "/mutant.pb"
    guard let bytes = try? message.serializedData(),
      (try? bytes.write(to: URL(filePath: path))) != nil,
      let graph = try? GraphFile.read(path)
    else { return 0 }
    var count = 1
    for step in Step.allCases where step != .read && !skipped.contains(step) {
      begin(step)
      do {
        try perform(step, graph)
        count += 1
      } catch {
        // One clear error: not the message of a megabyte.
        precondition("\(error)".utf8.count < 100_000, "an error of a length beyond reading")
      }
    }
    return count
  }

  private func perform(_ step: Step, _ graph: Graph) throws {
    switch step {
    case .read: break
    case .dump:
      _ = GraphText.lines(of: graph)
      _ = JSON.text(of: graph)
    case .lint: _ = graph.lint()
    case .cpu: try execute(graph, .cpu, optimizes: true)
    case .llvm: try execute(graph, .llvm, optimizes: true)
    case .unoptimized: try execute(graph, .cpu, optimizes: false)
    case .optimize:
      let session = try Session(graph, backend: .cpu, threads: 1, memoryBudget: Self.budget)
      let optimized = try OptimizedGraph(of: session, fetching: fetches(graph))
      try optimized.write(to: folder + "/optimized.pb")
    case .verify:
      let verification = Verification(backend: .cpu, seed: 1)
      var request = Verification.Request(fetches: fetches(graph), targets: targets(graph))
      for (name, value) in base.feeds {
        if let tensor = graph.tensor(named: name) { request.shapes[tensor] = value.shape }
      }
      try verification.verify(graph, request, contracts: [.exact, .rescaling])
    case .differentiate:
      let results = fetches(graph).filter { $0.dtype.isFloatingPoint }
      let inputs = base.feeds.keys.sorted().compactMap { graph.tensor(named: $0) }
        .filter { $0.dtype.isFloatingPoint }
      guard let first = results.first, !inputs.isEmpty else { return }
      let found = gradients(of: reduceSum(first), withRespectTo: inputs).compactMap { $0 }
      let session = try session(graph, .cpu, optimizes: true)
      _ = try session.run(found, feeding: feeds(graph))
    case .convert:
      try GraphFile.write(graph, to: folder + "/mutant.graph")
      try GraphFile.write(graph, to: folder + "/mutant.pbtxt")
      _ = try GraphFile.read(folder + "/mutant.graph")
      _ = try GraphFile.read(folder + "/mutant.pbtxt")
    }
  }

  private func execute(_ graph: Graph, _ backend: Session.BackendChoice, optimizes: Bool) throws {
    let session = try session(graph, backend, optimizes: optimizes)
    let feeds = feeds(graph)
    let initial = targets(graph)
    if !initial.isEmpty { try? session.run(initial, feeding: feeds) }
    _ = try session.run(fetches(graph), feeding: feeds)
  }

  private func session(
    _ graph: Graph, _ backend: Session.BackendChoice, optimizes: Bool
  ) throws -> Session {
    var settings = CompilerSettings(rewrites: optimizes, fuses: optimizes)
    // A mutant's loop may have no end.
    settings.roundLimit = 1000
    settings.guardsBuffers = true
    return try Session(
      graph, backend: backend, threads: 1, memoryBudget: Self.budget, compiler: settings)
  }

  private func fetches(_ graph: Graph) -> [Tensor] {
    base.fetches.compactMap { graph.tensor(named: $0) }
  }

  private func targets(_ graph: Graph) -> [Node] {
    base.targets.compactMap { graph.operation(named: $0) }
  }

  private func feeds(_ graph: Graph) -> Feeds {
    var feeds = Feeds()
    for (name, value) in base.feeds {
      if let tensor = graph.tensor(named: name) { feeds.feed(value, to: tensor) }
    }
    return feeds
  }
}

extension GraphTrial.Base {
  /// What a case folder's `case.json` says.
  private struct Description: Decodable {
    let feeds: [String: String]
    let fetches: [String: String]
    let `init`: [String]?
    let targets: [String]?
  }

  /// The case of a folder.
  init(folder: URL) throws {
    let description = try JSONDecoder().decode(
      Description.self, from: Data(contentsOf: folder.appending(path: "case.json")))
    name = folder.lastPathComponent
    graph = try TFGraphDef(
      serializedBytes: Data(contentsOf: folder.appending(path: "graph.pb")))
    feeds = try description.feeds.mapValues { try NPY.read(folder.appending(path: $0).path) }
    fetches = description.fetches.keys.sorted()
    targets = (description.`init` ?? []) + (description.targets ?? [])
  }

  /// A graph whose only result is `out:0`.
  init(deep name: String, _ graph: TFGraphDef) {
    self.name = name
    self.graph = graph
    feeds =
      name.hasPrefix("conditionals")
      ? ["p:0": TensorValue(true)] : ["c:0": TensorValue(Float(1))]
    fetches = ["out:0"]
    targets = []
  }
}

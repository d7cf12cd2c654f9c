import ArgumentParser
import Dataflow
import Foundation
import TensorFlowFormats

/// Runs graphs that are wrong in many ways through what `graphc` does with a file (`GraphTrial.Step`), in
/// processes that a trap, a hang or too much memory ends: none may.
@main struct Mutants: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Mutated graphs are read, run, rewritten, checked and written: errors and results only.",
    discussion: """
      CASES is a folder of case folders (case.json, graph.pb, feeds), or several. After the mutants the \
      cases themselves are tried, and graphs that are deep. Bytes behind each buffer of a run are watched; \
      in a build with AddressSanitizer whatever of its arena and scratch a kernel was not given.
      """)

  @Argument(help: "Folders of case folders whose graphs are mutated.")
  var cases: [String]
  @Option(help: "How many mutants.")
  var count = 1000
  @Option(help: "Which mutants; drawn and printed by default.")
  var seed = UInt64.random(in: 0..<1_000_000)
  @Flag(
    help: "Instead, extreme integers in each attribute, shape and small constant, and other shapes."
  )
  var extremes = false
  @Option(help: "Only this of what is done with each graph; may be repeated.")
  var step: [String] = []
  @Option(help: "The number of processes.")
  var jobs = 2
  @Option(help: "Write each graph that fails here.")
  var keep: String?
  @Option(help: .hidden) var from: Int?
  @Option(help: .hidden) var to: Int?
  @Option(help: .hidden) var trail: String?

  /// The seconds of processor time that one step of one mutant may take.
  static let secondsLimit = 10
  /// The most megabytes that a process may grow to.
  static let megabytesLimit = 2048

  func run() throws {
    let bases = try bases()
    if let from, let to, let trail { return try child(bases, from..<to, trail) }
    let total =
      extremes ? extremeMutants(bases).count : count + bases.count + DeepGraphs.all.count
    print("\(total) graphs of seed \(seed), of \(bases.count) cases")
    let hunt = Hunt(self, total: total)
    hunt.run()
    print("\(total - hunt.failures.count) passed, \(hunt.failures.count) failed")
    if !hunt.failures.isEmpty { throw ExitCode.failure }
  }

  private func bases() throws -> [GraphTrial.Base] {
    try cases.flatMap { directory in
      try FileManager.default.contentsOfDirectory(atPath: directory).sorted().compactMap { name in
        let folder = URL(filePath: directory).appending(path: name)
        guard FileManager.default.fileExists(atPath: folder.appending(path: "case.json").path)
        else { return nil }
        return try GraphTrial.Base(folder: folder)
      }
    }
  }

  private func extremeMutants(_ bases: [GraphTrial.Base]) -> [(String, GraphTrial.Base)] {
    bases.flatMap { base in Extremes(of: base).mutants.map { ($0.what, $0.base) } }
  }

  // MARK: The process that runs mutants

  private func child(_ bases: [GraphTrial.Base], _ range: Range<Int>, _ trail: String) throws {
    let folder = trail + ".d"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard let file = fopen(trail, "w") else { throw ExitCode.failure }
    let pool = bases.flatMap(\.graph.node)
    let all = extremes ? extremeMutants(bases) : []
    for number in range {
      let (what, base, graph) = mutant(number, bases, pool, all)
      let skipped: Set<GraphTrial.Step> =
        step.isEmpty
        ? (extremes || number % 16 == 0 ? [] : [.verify])
        : Set(GraphTrial.Step.allCases.filter { !step.contains($0.rawValue) })
      if let keep, range.count == 1 {
        try graph.serializedData().write(to: URL(filePath: keep + "/\(number).pb"))
      }
      _ = GraphTrial(base, folder: folder).run(graph, skipping: skipped) { step in
        rewind(file)
        fputs("\(number) \(step.rawValue) \(what)\n", file)
        fflush(file)
        ftruncate(fileno(file), ftell(file))
        // Time that the process computes, however busy the machine is.
        var timer = itimerval()
        timer.it_value.tv_sec = Self.secondsLimit
        setitimer(__itimer_which_t(2), &timer, nil)
      }
      var usage = rusage()
      getrusage(__rusage_who_t(0), &usage)
      if usage.ru_maxrss > Self.megabytesLimit * 1024 {
        fputs("\(number) memory \(usage.ru_maxrss / 1024) MB \(what)\n", file)
        fflush(file)
        _exit(3)
      }
    }
  }

  private func mutant(
    _ number: Int, _ bases: [GraphTrial.Base], _ pool: [TFNodeDef],
    _ all: [(String, GraphTrial.Base)]
  ) -> (String, GraphTrial.Base, TFGraphDef) {
    if extremes {
      return ("\(all[number].1.name): \(all[number].0)", all[number].1, all[number].1.graph)
    }
    if number >= count + bases.count {
      let (name, graph) = DeepGraphs.all[number - count - bases.count]
      return (name, .init(deep: name, graph), graph)
    }
    if number >= count {
      let base = bases[number - count]
      return (base.name, base, base.graph)
    }
    var mutator = GraphMutator(seed: seed &* 1_000_003 &+ UInt64(number), pool: pool)
    let base = mutator.choice(bases)
    var graph = base.graph
    mutator.mutate(&graph)
    return (base.name, base, graph)
  }
}

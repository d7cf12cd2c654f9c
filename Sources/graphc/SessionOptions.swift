import ArgumentParser
import Dataflow
import TensorFlowFormats

extension Session.BackendChoice: ExpressibleByArgument {}
extension RunCheck: ExpressibleByArgument {}

/// How a graph is compiled and run; the same for every command that runs one.
struct SessionOptions: ParsableArguments {
  @Option(help: "llvm or cpu.")
  var backend = Session.BackendChoice.llvm
  @Option(help: "How many threads run a kernel; by default one a processor.")
  var threads: Int?
  @Option(help: "A tag of the graph to take from a SavedModel; may be repeated.")
  var tag: [String] = []
  @Flag(help: "Allow only rewrites that keep every bit.")
  var exact = false
  @Flag(help: "Allow rewrites that regroup sums and products too.")
  var reassociating = false
  @Flag(help: "Neither rewrite nor fuse.")
  var unoptimized = false
  @Flag(help: "Print how long each pass of the compiler took.")
  var timing = false
  @Option(
    // A negative number is a wrong count, not another option.
    parsing: .unconditional,
    help: "The most bytes of a run's buffers, such as 512M; K, M and G are powers of 1024.",
    transform: ByteCount.init)
  var budget: ByteCount?
  @Option(
    parsing: .unconditional,
    help: """
      The most bytes that the graph's repeated constants and a run's buffers may take, each; by default \
      256M and 768M, or 4 and 8 times the files if that is more.
      """,
    transform: ByteCount.init)
  var maxMemory: ByteCount?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024, not \(threads)")
    }
    if exact, reassociating {
      throw ValidationError("--exact and --reassociating exclude each other")
    }
  }

  /// What rewrites may do to the numbers.
  var contracts: Set<Contract> {
    if exact { return [.exact] }
    return reassociating ? Set(Contract.allCases) : [.exact, .rescaling]
  }

  /// The graph of a file.
  func graph(_ file: String) throws -> Graph {
    try GraphFile.read(file, tags: tag, maxMemory: maxMemory?.bytes)
  }

  /// A session on the graph of some files, which takes no more memory than files of their size explain.
  func session(on graph: Graph, from files: [String]) throws -> Session {
    try Session(
      graph, backend: backend, threads: threads, contracts: contracts,
      optimizes: !unoptimized, memoryBudget: memoryBudget(for: files))
  }

  /// The most bytes that a run of what some files hold may take.
  func memoryBudget(for files: [String]) -> Int {
    let size = files.reduce(0) { $0 + FileSystem.size(ofAll: $1) }
    return (budget ?? maxMemory)?.bytes ?? max(Self.leastBudget, 8 * size)
  }

  /// What small files are granted for a run's buffers.
  private static let leastBudget = 768 << 20

  /// A session on a file's graph, with the values of a checkpoint if one is given, or of a
  /// SavedModel's own.
  func session(opening file: String, checkpoint: String?) throws -> Session {
    let graph = try graph(file)
    let session = try session(on: graph, from: [file] + (checkpoint.map { [$0] } ?? []))
    if checkpoint != nil, graph.variables().isEmpty, graph.declaredVariables.isEmpty {
      throw CommandError("--checkpoint: \(file) holds no variables to restore")
    }
    if SavedModel.isSavedModel(file) {
      if let note = try SavedModel.restore(session, from: file, checkpoint: checkpoint) {
        StandardError().write("Note: \(note)\n")
      }
    } else if let checkpoint {
      let leftOut = try session.restoreVariables(from: checkpoint)
      if !leftOut.isEmpty {
        let names = leftOut.map { "\"\($0)\"" }.joined(separator: ", ")
        StandardError().write(
          "Note: the graph's saver leaves \(names) out of the checkpoint; a run that needs "
            + "\(leftOut.count == 1 ? "it" : "one of them") fails\n")
      }
    }
    return session
  }
}

extension SessionOptions {
  /// How long the passes of each plan of the session took, if asked.
  func printTiming(_ session: Session) {
    guard timing else { return }
    for plan in session.plans {
      let passes = plan.log.passes.map { "\($0.pass) \(Int(($0.seconds * 1e6).rounded()))" }
      let total = plan.log.passes.reduce(0) { $0 + $1.seconds }
      print(
        "compiled \(plan.steps.count) kernels in \(Int((total * 1e6).rounded())) us: "
          + passes.joined(separator: ", "))
    }
  }
}

/// A number of bytes, with a suffix K, M or G if it is large.
struct ByteCount {
  let bytes: Int

  /// - Throws: `ValidationError` saying what a count looks like.
  init(_ argument: String) throws {
    let suffixes: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = argument.uppercased().last.flatMap { suffixes[$0] }
    guard let number = Int(unit == nil ? argument[...] : argument.dropLast()) else {
      throw ValidationError("a byte count is a whole number, such as 65536, 512M or 2G")
    }
    guard number > 0 else { throw ValidationError("a byte count must be positive") }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    if overflow { throw ValidationError("no machine has so many bytes") }
    self.bytes = bytes
  }
}

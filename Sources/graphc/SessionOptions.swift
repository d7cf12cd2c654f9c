import ArgumentParser
import Dataflow

extension Session.BackendChoice: ExpressibleByArgument {}
extension RunCheck: ExpressibleByArgument {}

/// How a graph is compiled and run; the same for every command that runs one.
struct SessionOptions: ParsableArguments {
  @Option(help: "llvm or cpu.")
  var backend = Session.BackendChoice.llvm
  @Option(help: "How many threads run a kernel; by default one a processor.")
  var threads: Int?
  @Flag(help: "Allow only rewrites that keep every bit.")
  var exact = false
  @Flag(help: "Neither rewrite nor fuse.")
  var unoptimized = false
  @Option(help: "The most bytes of a run's buffers, such as 512M; K, M and G are powers of 1024.")
  var budget: ByteCount?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024, not \(threads)")
    }
  }

  func session(on graph: Graph) throws -> Session {
    try Session(
      graph, backend: backend, threads: threads,
      contracts: exact ? [.exact] : [.exact, .rescaling],
      optimizes: !unoptimized, memoryBudget: budget?.bytes)
  }

  /// A session on a file's graph, with a checkpoint's values if one is given.
  func session(opening file: String, checkpoint: String?) throws -> Session {
    let graph = try GraphFile.read(file)
    let session = try session(on: graph)
    if let checkpoint { try Saver(graph).restore(session, from: checkpoint) }
    return session
  }
}

/// A number of bytes, with a suffix K, M or G if it is large.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let suffixes: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = argument.uppercased().last.flatMap { suffixes[$0] }
    guard let number = Int(unit == nil ? argument[...] : argument.dropLast()), number >= 0 else {
      return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    if overflow { return nil }
    self.bytes = bytes
  }
}

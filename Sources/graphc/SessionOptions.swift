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

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024, not \(threads)")
    }
  }

  func session(on graph: Graph) throws -> Session {
    try Session(
      graph, backend: backend, threads: threads,
      contracts: exact ? [.exact] : [.exact, .rescaling],
      optimizes: !unoptimized)
  }

  /// A session on a file's graph, with a checkpoint's values if one is given.
  func session(opening file: String, checkpoint: String?) throws -> Session {
    let graph = try GraphFile.read(file)
    let session = try session(on: graph)
    if let checkpoint { try Saver(graph).restore(session, from: checkpoint) }
    return session
  }
}

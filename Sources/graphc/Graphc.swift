import ArgumentParser
import Glibc

@main struct Graphc: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graphc",
    abstract: "Inspects, runs and trains TensorFlow graphs.",
    subcommands: [
      Dump.self, Run.self, Train.self, Checkpoint.self, Conformance.self, Bench.self, Passes.self,
      Explain.self, Verify.self, Reduce.self, Lint.self, Diff.self, Convert.self, Optimize.self,
      Report.self, Events.self,
    ])

  static func main() {
    leaveTrapsToTheSystem()
    main(nil)
  }

  /// Takes Swift's own handlers of fatal signals away: for a program of this size they look for the
  /// names of a trap's callers for half a minute. Whoever sets `SWIFT_BACKTRACE` wants them.
  private static func leaveTrapsToTheSystem() {
    guard getenv("SWIFT_BACKTRACE") == nil else { return }
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(number, SIG_DFL) }
  }
}

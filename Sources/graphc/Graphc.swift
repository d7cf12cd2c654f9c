import ArgumentParser

@main struct Graphc: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graphc",
    abstract: "Inspects, runs and trains TensorFlow graphs.",
    subcommands: [
      Dump.self, Run.self, Train.self, Checkpoint.self, Conformance.self, Bench.self, Passes.self,
      Explain.self, Verify.self, Reduce.self, Lint.self, Diff.self, Convert.self, Optimize.self,
      Report.self, Events.self,
    ])
}

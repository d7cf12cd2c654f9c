import ArgumentParser
import Dataflow
import GraphTools
import TensorFlowFormats

struct Lint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finds what runs but hardly does what was meant, and says how to cure it.",
    discussion: "Exits with 0 if nothing is found, with 1 if something is, with 2 in trouble.")

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Option(help: "A tensor that the run in question fetches; may be repeated.")
  var fetch: [String] = []
  @Option(help: "An operation that it runs; may be repeated. By default the training ops.")
  var target: [String] = []
  @Option(help: "A checkpoint that variables get their first values from.")
  var checkpoint: String?
  @Flag(help: "Print the findings as JSON.")
  var json = false

  func run() throws {
    let findings = try orTrouble { try self.findings() }
    if json {
      print(LintFinding.json(findings))
    } else {
      for finding in findings { print(finding) }
      print(
        findings.isEmpty
          ? "nothing found" : "\(findings.count) finding\(findings.count == 1 ? "" : "s")")
    }
    if !findings.isEmpty { throw ExitCode(1) }
  }

  private func findings() throws -> [LintFinding] {
    let graph = try GraphFile.read(file)
    let names = try checkpoint.map { try CheckpointReader(prefix: $0).entries.map(\.name) }
    return graph.lint(
      fetching: try fetch.map { name in
        guard let tensor = graph.tensor(named: name) else {
          throw CommandError("the graph has no tensor \"\(name)\"")
        }
        return tensor
      },
      targets: try target.map { name in
        guard let node = graph.operation(named: name) ?? graph.tensor(named: name)?.node else {
          throw CommandError("the graph has no operation \"\(name)\"")
        }
        return node
      }, restored: Set(names ?? []))
  }
}

/// Runs `body`; an error is printed and ends the command with status 2, since 1 is an answer.
func orTrouble<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch {
    var errors = StandardError()
    print("Error: \(error)", to: &errors)
    throw ExitCode(2)
  }
}

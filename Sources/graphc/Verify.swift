import ArgumentParser
import Dataflow
import GraphTools
import TensorFlowFormats

/// What `verify` and `reduce` compile and run.
struct VerificationOptions: ParsableArguments {
  @Argument(help: "A .meta, .pb, .pbtxt or .graph file, or a SavedModel's folder.")
  var file: String
  @Option(help: "A tensor to fetch; by default everything that nothing else takes.")
  var fetch: [String] = []
  @Option(help: "An operation to run; by default the training and update ops.")
  var target: [String] = []
  @Option(help: "NAME=50,784: the shape of a fed tensor, or NAME=true; unknown sizes are 2.")
  var feed: [String] = []
  @Option(help: "The checkpoint to take variables from; otherwise they are drawn.")
  var checkpoint: String?
  @Option(help: "What the inputs are drawn from.")
  var seed: UInt64 = 1
  @OptionGroup var options: SessionOptions

  /// Checks every step of compiling and running the graph; exits with 2 if it cannot be run.
  func verified() throws -> Verification {
    do {
      return try checked()
    } catch {
      StandardError().write(
        "Error: \(error)\nUnknown sizes are taken as 2 and fed values are drawn: "
          + "name shapes with --feed NAME=SIZE,SIZE\n")
      throw ExitCode(2)
    }
  }

  private func checked() throws -> Verification {
    let session = try options.session(opening: file, checkpoint: checkpoint)
    let graph = session.graph
    var requests = Verification.Request.all(of: graph)
    if !fetch.isEmpty || !target.isEmpty {
      requests = [
        Verification.Request(
          fetches: try fetch.map { try session.tensor(named: $0) },
          targets: try target.map { try session.node(named: $0) })
      ]
    }
    for index in requests.indices { try fill(&requests[index], session) }
    let files = [file] + (checkpoint.map { [$0] } ?? [])
    let verification = Verification(
      backend: options.backend, seed: seed, memoryBudget: options.memoryBudget(for: files))
    for request in requests {
      try verification.verify(graph, request, contracts: options.contracts)
    }
    return verification
  }

  private func fill(_ request: inout Verification.Request, _ session: Session) throws {
    for text in feed {
      let (name, value) = try assignment(text)
      let tensor = try session.tensor(named: name)
      if value == "true" || value == "false" {
        request.values[tensor] = try session.scalar(value, for: name)
      } else {
        request.shapes[tensor] = try feedShape(text, value)
      }
    }
    if checkpoint != nil {
      request.variables = session.graph.variables().compactMap { variable in
        (try? session.value(of: variable)).map { (variable.handle.node.sessionName, $0) }
      }
    }
  }
}

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks every pass and every rule applied to a graph, on adversarial inputs.",
    discussion: """
      What a rule replaced and what it put there are run side by side, and so is the graph before and \
      after each pass: exact ones must keep every bit, others stay within a stated bound. A failure \
      names the rule and shows the smallest graph that fails. Rules are checked on drawn values, \
      whole runs on those of the checkpoint if there is one. Exits with 1 if anything is wrong, with \
      2 if the graph cannot be run.
      """)

  @OptionGroup var verification: VerificationOptions

  func run() throws {
    let result = try verification.verified()
    for (name, tally) in result.rules.sorted(by: { $0.key < $1.key }) {
      var line =
        "rule \(name): applied \(tally.applications) times, \(tally.distinct) different ones checked"
        + " in \(tally.rounds) rounds"
      if tally.largestShare > 0 {
        line += ", largest difference \(Float(tally.largestShare)) of the bound"
      }
      if tally.skipped > 0 { line += "; \(tally.skipped) could not be run apart" }
      print(line)
    }
    for (name, count) in result.checkedPasses.sorted(by: { $0.key < $1.key }) {
      print("\(name): checked \(count) times")
    }
    for line in result.leftOut { print("not checked: \(line)") }
    for finding in result.findings {
      print("FAILED \(finding.message)")
      if let graph = finding.graph { print(graph, terminator: "") }
    }
    let count = result.findings.count
    print(count == 0 ? "verified" : "\(count) failure\(count == 1 ? "" : "s")")
    if !result.findings.isEmpty { throw ExitCode(1) }
  }
}

struct Reduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes the smallest graph on which a rewrite of a graph goes wrong.")

  @OptionGroup var verification: VerificationOptions
  @Option(name: .shortAndLong, help: "The .graph file to write.")
  var output: String

  func validate() throws {
    guard output.hasSuffix(".graph") else {
      throw ValidationError(
        "\(output) must end in .graph: the graph is written in the text form")
    }
  }

  func run() throws {
    let result = try verification.verified()
    guard let finding = result.findings.first(where: { $0.graph != nil }), let graph = finding.graph
    else {
      print("nothing to reduce: no rule went wrong")
      if !result.findings.isEmpty { throw CommandError(result.findings[0].message) }
      return
    }
    try FileSystem.writeAtomically(Array(graph.utf8), to: output)
    print("\(output): \(finding.message)")
    throw ExitCode(1)
  }
}

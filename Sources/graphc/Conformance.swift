import ArgumentParser
import Dataflow
import Foundation
import GraphTools
import TensorFlowFormats

struct Conformance: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs op cases with known answers, each a folder with case.json, and counts them.")

  @Argument(help: "A folder of case folders.")
  var directory: String
  @Option(help: "Run only the cases whose name contains this.")
  var only: String?
  @OptionGroup var options: SessionOptions

  func run() throws {
    let folder = URL(filePath: directory)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted().filter {
      FileManager.default.fileExists(atPath: "\(directory)/\($0)/case.json")
    }
    guard !names.isEmpty else {
      throw CommandError("\(directory) has no folder with a case.json")
    }
    let chosen = names.filter { name in only.map { name.contains($0) } ?? true }
    guard !chosen.isEmpty else {
      throw CommandError(
        "none of the \(names.count) cases of \(directory) has \"\(only ?? "")\" in its name")
    }
    var (passed, failed) = (0, 0)
    var tally = KernelTally()
    for name in chosen {
      do {
        let problems = try ConformanceCase(folder.appending(path: name)).problems(options, &tally)
        for problem in problems { print("\(name): \(problem)") }
        if problems.isEmpty { passed += 1 } else { failed += 1 }
      } catch {
        print("\(name): \(error)")
        failed += 1
      }
    }
    print("kernels: \(tally.line)")
    print("\(passed) passed, \(failed) failed")
    if failed > 0 { throw ExitCode.failure }
  }
}

/// A graph with feeds and the values that another program computed for it.
private struct ConformanceCase {
  /// What `case.json` says.
  struct Description: Decodable {
    struct Gradients: Decodable {
      let of: String
      let wrt: [String: String]
    }
    let feeds: [String: String]
    let fetches: [String: String]
    /// The other program's words where it refused the graph or its run; `fetches` then names no files.
    let error: String?
    let gradients: Gradients?
    let `init`: [String]?
    let targets: [String]?
    let steps: Int?
    let rtol: Double
    let atol: Double
  }

  let folder: URL
  let description: Description

  init(_ folder: URL) throws {
    self.folder = folder
    description = try JSONDecoder().decode(
      Description.self, from: Data(contentsOf: folder.appending(path: "case.json")))
  }

  private func read(_ file: String) throws -> TensorValue {
    try NPY.read(folder.appending(path: file).path)
  }

  /// What differs from the known answers; empty if nothing does.
  func problems(_ options: SessionOptions, _ tally: inout KernelTally) throws -> [String] {
    let feeds = try description.feeds.mapValues(read)
    guard let wanted = description.error else {
      return try differences(options, feeds, &tally)
    }
    // A file that nobody could read is no graph that is refused.
    _ = try TFGraphDef(serializedBytes: Data(contentsOf: folder.appending(path: "graph.pb")))
    do {
      let values = try run(options, feeds).values
      return ["gives \(values.map(\.shape)), expected an error: \(wanted)"]
    } catch {
      return []
    }
  }

  /// The fetches' values, in the order of their names, after all steps.
  private func run(
    _ options: SessionOptions, _ values: [String: TensorValue]
  ) throws -> (session: Session, feeds: Feeds, values: [TensorValue]) {
    let graph = try GraphFile.read(folder.appending(path: "graph.pb").path)
    let session = try options.session(on: graph, from: [])
    var feeds = Feeds()
    for (name, value) in values { feeds.feed(value, to: try session.tensor(named: name)) }
    let initial = try (description.`init` ?? []).map { try session.node(named: $0) }
    if !initial.isEmpty { try session.run(initial) }
    let targets = try (description.targets ?? []).map { try session.node(named: $0) }
    for _ in 0..<(targets.isEmpty ? 0 : description.steps ?? 1) {
      try session.run(targets, feeding: feeds)
    }
    let fetches = try description.fetches.keys.sorted().map { try session.tensor(named: $0) }
    return (session, feeds, try session.run(fetches, feeding: feeds))
  }

  private func differences(
    _ options: SessionOptions, _ feeds: [String: TensorValue], _ tally: inout KernelTally
  ) throws -> [String] {
    let (session, feeds, values) = try run(options, feeds)
    defer { tally.add(session) }
    var problems: [String] = []
    let fetches = description.fetches.sorted { $0.key < $1.key }
    for ((name, file), value) in zip(fetches, values) {
      if let problem = difference(value, try read(file)) { problems.append("\(name) \(problem)") }
    }
    if let wanted = description.gradients {
      let names = wanted.wrt.sorted { $0.key < $1.key }
      let found = gradients(
        of: try session.tensor(named: wanted.of),
        withRespectTo: try names.map { try session.tensor(named: $0.key) })
      let tensors = found.compactMap { $0 }
      guard tensors.count == names.count else {
        let missing = zip(names, found).filter { $1 == nil }.map(\.0.key)
        return problems + [
          "there is no gradient with respect to \(missing.joined(separator: ", "))"
        ]
      }
      let values: [TensorValue] = try session.run(tensors, feeding: feeds)
      for ((name, file), value) in zip(names, values) {
        if let problem = difference(value, try read(file)) {
          problems.append("gradient with respect to \(name) \(problem)")
        }
      }
    }
    return problems
  }

  /// How a value differs from the wanted one beyond the tolerance; nil if it does not.
  private func difference(_ found: TensorValue, _ wanted: TensorValue) -> String? {
    guard found.dtype == wanted.dtype, found.shape == wanted.shape else {
      return "is \(found.dtype)\(found.shape), expected \(wanted.dtype)\(wanted.shape)"
    }
    guard let a = found.doubles, let b = wanted.doubles else { return "holds no numbers" }
    var (worst, place) = (0.0, -1)
    for index in a.indices {
      let (x, y) = (a[index], b[index])
      if x == y || (x.isNaN && y.isNaN) { continue }
      let error = abs(x - y)
      if error <= description.atol + description.rtol * abs(y) { continue }
      if place < 0 || !(error <= worst) { (worst, place) = (error, index) }
    }
    if place < 0 { return nil }
    return "differs by \(worst) at element \(place): \(a[place]), expected \(b[place])"
  }
}

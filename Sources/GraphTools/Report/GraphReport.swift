import GraphCompiler
import GraphCore
import GraphRuntime
import TensorCore

/// What a run makes of a graph, as data for a page: each node with its explanation, each kernel with
/// its nodes, rules and lines, the passes, and the memory over time.
package struct GraphReport {
  private let title: String
  private let graph: Graph
  private let run: PlannedRun
  private let feeds: [String]
  private let profile: BenchReport?
  private let sources: [Int: Node]

  /// - Parameters:
  ///   - title: what the page is called.
  ///   - feeds: what was fed, as the reader knows it.
  ///   - profile: times of the same run, if it was measured.
  package init(
    _ title: String, of graph: Graph, _ run: PlannedRun, feeds: [String],
    profile: BenchReport? = nil
  ) {
    self.title = title
    self.graph = graph
    self.run = run
    self.feeds = feeds
    self.profile = profile
    sources = run.sources
  }

  /// Everything as one JSON object.
  var json: String {
    let explanation = Explanation(run)
    let nodes = graph.operations.map { node($0, explanation) }
    let visible = KernelListing.visibleOutputs(run.plan)
    let kernels = run.plan.steps.indices.map { kernel($0, visible[$0], explanation) }
    let rules = ApplyRules.rules.map { rule in
      (
        rule.name,
        JSON.object([
          ("contract", JSON.string(rule.contract.rawValue)),
          ("identity", JSON.string(rule.identity)),
        ])
      )
    }
    let segment = run.segment.map { SegmentListing.lines(after: $0, run) } ?? []
    return JSON.object([
      ("title", JSON.string(title)),
      ("fetches", strings(run.fetches.map(\.name))),
      ("targets", strings(run.targets.map(\.name))),
      ("feeds", strings(feeds)),
      ("nodes", JSON.array(nodes)),
      ("kernels", JSON.array(kernels)),
      ("rules", JSON.object(rules)),
      ("passes", JSON.array(run.plan.log.passes.map(pass))),
      ("memory", MemoryMap(run.plan).json),
      ("segment", strings(segment)),
      ("profile", profile.map(times) ?? "null"),
    ])
  }

  private func strings(_ texts: [String]) -> String { JSON.array(texts.map(JSON.string)) }

  private func numbers(_ numbers: some Sequence<Int>) -> String {
    JSON.array(numbers.map { "\($0)" })
  }

  private func node(_ node: Node, _ explanation: Explanation) -> String {
    let steps = explanation.steps(of: node)
    let types = node.outputs.map { "\($0.dtype)\($0.shape)" }
    let inputs = node.inputs.map(\.node.index) + node.controlInputs.map(\.index)
    return JSON.object([
      ("name", JSON.string(node.name)), ("op", JSON.string(node.op)),
      ("type", JSON.string(types.joined(separator: ", "))),
      ("site", node.site.map { JSON.string("\($0)") } ?? "null"),
      ("kernels", numbers(steps)), ("inputs", numbers(inputs)),
      ("needed", "\(explanation.isNeeded(node))"),
      ("why", strings(explanation.lines(of: node))),
    ])
  }

  private func kernel(_ number: Int, _ visible: [Int], _ explanation: Explanation) -> String {
    let plan = run.plan
    let step = plan.steps[number]
    let sources = KernelListing.nodes(step, self.sources)
    func described(_ buffer: Int) -> String {
      let buffer = plan.buffers[buffer]
      return "\(buffer.name) \(buffer.dtype)\(buffer.shape)"
    }
    var seen = Set<String>()
    let inputs = step.buffers.dropFirst(step.outputCount).map(described)
      .filter { seen.insert($0).inserted }
    let work = KernelWork(step, in: plan)
    // Of several segments only the first is shown, whose plan comes first.
    let measured = profile?.kernels.first { $0.part == 0 && $0.step == number }
    return JSON.object([
      ("form", JSON.string(step.kernel.form)),
      ("backend", JSON.string(run.backendNames[number])),
      ("live", "\(step.isLive)"),
      ("nodes", numbers(sources.map(\.index))),
      ("own", strings(sources.isEmpty ? step.nodes : [])),
      ("rules", strings(explanation.rules(of: step))),
      ("outputs", strings(visible.map(described))), ("inputs", strings(inputs)),
      ("operations", "\(work.operations)"), ("bytes", "\(work.bytes)"),
      ("best", measured.map { JSON.number($0.best) } ?? "null"),
      ("median", measured.map { JSON.number($0.median) } ?? "null"),
      ("share", measured.map { JSON.number($0.share) } ?? "null"),
    ])
  }

  private func pass(_ pass: RewriteLog.PassRun) -> String {
    JSON.object([
      ("name", JSON.string(pass.pass)), ("left", "\(pass.count)"),
      ("seconds", JSON.number(pass.seconds)),
    ])
  }

  private func times(_ report: BenchReport) -> String {
    JSON.object([
      ("best", JSON.number(report.times.best)), ("median", JSON.number(report.times.median)),
      ("runs", "\(report.times.count)"),
      ("peak", JSON.number(report.peak.operationsPerSecond)),
    ])
  }
}

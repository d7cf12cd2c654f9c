import GraphCompiler
import GraphCore
import GraphRuntime
import TensorCore

/// The kernels of a run, with what each computes.
package enum KernelListing {
  /// A line for each pass that left another number, each kernel with the user's nodes behind it, and the
  /// counts.
  ///
  /// - Parameter timing: whether every pass is shown, with its time.
  package static func lines(of run: PlannedRun, timing: Bool = false) -> [String] {
    let plan = run.plan
    let sources = run.sources
    var lines: [String] = []
    var left = ""
    for pass in plan.log.passes {
      let count = counted(pass.count, pass.unit)
      let time = timing ? ", \(milliseconds(pass.seconds))" : ""
      if timing || count != left { lines.append("# after \(pass.pass): \(count)\(time)") }
      left = count
    }
    if timing {
      let total = plan.log.passes.reduce(0) { $0 + $1.seconds }
      lines.append("# compiled in \(milliseconds(total))")
    }
    lines += Self.lines(of: plan.blocks, plan, visibleOutputs(plan), sources)
    lines.append("# arena: \(plan.arenaByteCount) bytes, kept: \(plan.liveByteCount) bytes")
    let live = plan.steps.filter(\.isLive).count
    if live > 0 { lines.append("# \(counted(live)) only after a variable changed") }
    if let segment = run.segment { lines += SegmentListing.lines(after: segment, run) }
    lines.append(
      counted(plan.steps.count - live) + (run.segment == nil ? "" : " in the first segment"))
    return lines
  }

  /// The kernels of blocks, those of loops and branches indented.
  private static func lines(
    of blocks: [Plan.Block], _ plan: Plan, _ visible: [[Int]], _ sources: [Int: Node]
  ) -> [String] {
    blocks.flatMap { block -> [String] in
      switch block {
      case .steps(let steps):
        return steps.flatMap { step in
          [
            line(plan.steps[step], visible[step], plan),
            "    computes \(names(plan.steps[step], sources).joined(separator: ", "))",
          ]
        }
      case .loop(let loop):
        let condition = lines(of: loop.condition, plan, visible, sources)
        let body = lines(of: loop.body, plan, visible, sources)
        return ["while \(plan.buffers[loop.predicate].name), the rounds of \(loop.name):"]
          + condition.map { "  \($0)" } + ["do:"] + body.map { "  \($0)" }
      case .branch(let branch):
        let (first, second) = (
          lines(of: branch.whenTrue.blocks, plan, visible, sources),
          lines(of: branch.whenFalse.blocks, plan, visible, sources)
        )
        return ["if \(plan.buffers[branch.predicate].name), of \(branch.name):"]
          + first.map { "  \($0)" } + ["else:"] + second.map { "  \($0)" }
      }
    }
  }

  private static func counted(_ count: Int, _ unit: String = "kernel") -> String {
    "\(count) \(unit)\(count == 1 ? "" : "s")"
  }

  private static func milliseconds(_ seconds: Double) -> String {
    let micro = Int((seconds * 1e6).rounded())
    return "\(micro / 1000).\(String(micro % 1000 + 1000).dropFirst()) ms"
  }

  private static func line(_ step: Plan.Step, _ outputs: [Int], _ plan: Plan) -> String {
    func described(_ number: Int) -> String {
      let buffer = plan.buffers[number]
      return "\(buffer.name) \(buffer.dtype)\(buffer.shape)"
    }
    var inputs: [String] = []
    for buffer in step.buffers.dropFirst(step.outputCount)
    where !inputs.contains(plan.buffers[buffer].name) { inputs.append(plan.buffers[buffer].name) }
    return "\(step.isLive ? "once a change " : "")\(step.kernel.form) "
      + outputs.map(described).joined(separator: ", ")
      + " <- \(inputs.joined(separator: ", "))"
  }

  /// The user's nodes that a step computes, each once.
  static func names(_ step: Plan.Step, _ sources: [Int: Node]) -> [String] {
    let nodes = nodes(step, sources)
    return nodes.isEmpty ? step.nodes : nodes.map(\.name)
  }

  /// The user's nodes themselves; empty if all are the compiler's own.
  static func nodes(_ step: Plan.Step, _ sources: [Int: Node]) -> [Node] {
    var seen = Set<String>()
    return step.origins.compactMap { sources[$0] }.filter { seen.insert($0.name).inserted }
  }

  /// For each step the buffers written that something outside of it takes.
  static func visibleOutputs(_ plan: Plan) -> [[Int]] {
    var readers: [Int: Set<Int>] = [:]
    for (position, step) in plan.steps.enumerated() {
      for buffer in step.buffers { readers[buffer, default: []].insert(position) }
    }
    let fetched = Set(plan.fetches)
    return plan.steps.enumerated().map { position, step in
      let outputs = step.buffers.prefix(step.outputCount)
      let visible = outputs.filter { buffer in
        if case .variable = plan.buffers[buffer].location { return true }
        return fetched.contains(buffer) || readers[buffer] != [position]
      }
      return visible.isEmpty ? Array(outputs.prefix(1)) : visible
    }
  }
}

extension Kernel {
  /// The form without sizes.
  package var formName: String {
    switch self {
    case .loop(let loop): loop.reduction == nil ? "loop" : "reduction"
    case .staged: "staged"
    case .contraction: "contraction"
    case .convolution(let convolution): convolution.name
    case .named(let call): call.kernel.name
    }
  }

  /// The form and its sizes, for listings.
  package var form: String {
    switch self {
    case .loop(let loop):
      loop.reduction == nil
        ? "\(formName)\(loop.extents)" : "\(formName)\(loop.extents) over \(loop.reducedExtents)"
    case .staged(let staged): "\(formName)\(staged.extents) of \(staged.stages.count) loops"
    case .contraction(let contraction):
      "\(formName)\(contraction.batch + [contraction.m, contraction.n, contraction.k])"
        + epilogueNote
    case .convolution(let convolution):
      "\(formName)\(convolution.output.shape) over \(convolution.summedExtents)" + epilogueNote
    case .named: formName
    }
  }

  private var epilogueNote: String { epilogue == nil ? "" : " + epilogue" }
}

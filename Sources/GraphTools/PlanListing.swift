import GraphCompiler
import GraphCore
import StandardOps
import TensorCore

/// The kernels of a plan, a line each, with what each computes.
package enum PlanListing {
  package static func lines(of plan: Plan) -> [String] {
    var lines: [String] = []
    for run in plan.log.passes { lines.append("# after \(run.pass): \(run.nodes) nodes") }
    for step in plan.steps {
      let outputs = plan.buffers[step.buffers[0]]
      let inputs = step.buffers.dropFirst().map { plan.buffers[$0].name }
      let also = step.nodes.dropFirst()
      lines.append(
        "\(step.isLive ? "once a change " : "")\(form(step.kernel)) "
          + "\(outputs.name) \(outputs.dtype)\(outputs.shape)"
          + " <- \(inputs.joined(separator: ", "))"
          + (also.isEmpty ? "" : "\n    computes \(step.nodes.joined(separator: ", "))"))
    }
    lines.append("# arena: \(plan.arenaByteCount) bytes, kept: \(plan.liveByteCount) bytes")
    let live = plan.steps.filter(\.isLive).count
    if live > 0 { lines.append("# \(live) kernels run only after a variable changed") }
    let count = plan.steps.count - live
    lines.append("\(count) kernel\(count == 1 ? "" : "s")")
    return lines
  }

  private static func form(_ kernel: Kernel) -> String {
    switch kernel {
    case .loop(let loop):
      loop.reduction == nil
        ? "loop\(loop.extents)" : "reduction\(loop.extents) over \(loop.reducedExtents)"
    case .staged(let staged): "staged\(staged.extents) of \(staged.stages.count) loops"
    case .contraction(let contraction):
      "contraction[\(contraction.m), \(contraction.n), \(contraction.k)]"
        + (contraction.epilogue == nil ? "" : " + epilogue")
    case .named(let call): call.kernel.name
    }
  }
}

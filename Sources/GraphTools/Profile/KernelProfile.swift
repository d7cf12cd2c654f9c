import GraphCompiler
import GraphCore
import GraphRuntime
import TensorCore

/// One kernel of a profiled run: what it is, what it has to do, how long it takes.
package struct KernelProfile {
  /// A node of the user's graph that the kernel computes.
  package struct Source {
    /// Its name.
    package let name: String
    /// The line that made it, if that is known.
    package let site: SourceSite?
  }

  /// The position of the plan among those of the run, and of the step in the plan.
  package let part: Int, step: Int
  /// The form and its sizes, as listings show them.
  package let form: String
  /// The backend that compiled it.
  package let backend: String
  /// Whether it runs only after a variable changed, so that the measured runs did without it.
  package let isApart: Bool
  /// How often a run calls it.
  package let callsPerRun: Double
  /// Microseconds of the quickest call and of the middle one.
  package let best: Double, median: Double
  /// The part of the runs' time that it takes; 0 for those that are apart.
  package let share: Double
  /// What one call has to do.
  package let work: KernelWork
  /// The nodes that it computes, the result first.
  package let sources: [Source]
  /// What it writes that others take, and what it reads: names, types and shapes.
  package let outputs: [String], inputs: [String]

  /// Operations in a second of the best call.
  package var operationsPerSecond: Double { best > 0 ? Double(work.operations) / best * 1e6 : 0 }
  /// Bytes in a second of the best call.
  package var bytesPerSecond: Double { best > 0 ? Double(work.bytes) / best * 1e6 : 0 }

  /// The kernels of a profiled run, in the order of its plans.
  package static func all(of profile: RunProfile) -> [KernelProfile] {
    profile.parts.indices.flatMap { number -> [KernelProfile] in
      let part = profile.parts[number]
      let sources = part.flat.sources
      let visible = KernelListing.visibleOutputs(part.plan)
      return part.plan.steps.indices.map { step in
        KernelProfile(profile, number, step, sources, visible[step])
      }
    }
  }

  private init(
    _ profile: RunProfile, _ part: Int, _ number: Int, _ nodes: [Int: Node], _ visible: [Int]
  ) {
    let plan = profile.parts[part].plan
    let step = plan.steps[number]
    self.part = part
    self.step = number
    if case .named(let call) = step.kernel {
      form = step.kernel.form + (call.outputs.first.map { "\($0.shape)" } ?? "")
    } else {
      form = step.kernel.form
    }
    backend = profile.parts[part].backends[number]
    var times = profile.parts[part].steps[number]
    // A variable that every run changes has its live kernels run every time, as part of the run.
    isApart = step.isLive && times.calls == 0
    if isApart { times = profile.parts[part].live[number] }
    callsPerRun = isApart ? 0 : Double(times.calls) / Double(max(profile.runCount, 1))
    best = Double(times.best) / 1000
    median = Double(times.median) / 1000
    share = isApart ? 0 : Double(times.total) / Double(max(profile.totalNanoseconds, 1))
    work = KernelWork(step, in: plan)
    let found = KernelListing.nodes(step, nodes)
    sources =
      found.isEmpty
      ? step.nodes.map { Source(name: $0, site: nil) }
      : found.map { Source(name: $0.name, site: $0.site) }
    func described(_ buffer: Int) -> String {
      let buffer = plan.buffers[buffer]
      return "\(buffer.name) \(buffer.dtype)\(buffer.shape)"
    }
    var seen = Set<String>()
    outputs = visible.map(described)
    inputs = step.buffers.dropFirst(step.outputCount).map(described)
      .filter { seen.insert($0).inserted }
  }
}

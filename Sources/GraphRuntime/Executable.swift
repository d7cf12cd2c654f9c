import GraphCompiler
import TensorCore

/// A plan with its kernels compiled: what runs are made of.
package final class Executable: Sendable {
  /// The making of callables, in listings of passes.
  package static let compilation = "compile"

  let plan: Plan
  let callables: [any KernelCallable]
  /// The name of the backend that compiled each step.
  let backendNames: [String]
  /// The buffers of all steps' operands, one step's after the other's.
  let operands: [Int]
  /// Where each step's operands begin.
  let firstOperand: [Int]
  var operandCount: Int { operands.count }
  let scratchByteCount: Int
  /// What steps take in layouts of their own; numbers of buffers beyond the plan's stand for these.
  let packed: [PackedOperand]
  /// The bytes of the memory that outlives runs.
  let liveByteCount: Int
  /// The steps that run every time, and those that run when a variable changed.
  let everyRun: [Plan.Block]
  let live: [Plan.Block]
  /// The variables that live steps and packed operands depend on, in the order of their names.
  let liveVariables: [Int]
  /// The buffers of values that are fed, each with the position of its feed.
  let feedBuffers: [(buffer: Int, position: Int)]
  let liveBuffers: [Int]
  /// Whether runs ask which variables have a value.
  let readsPresence: Bool
  /// Whether runs change variables or random streams.
  let writes: Bool

  /// Whether something outlives runs.
  var keepsAnything: Bool { !live.isEmpty || !packed.isEmpty }

  /// How fast its runs are, if any of their kernels is worth sharing.
  let pace: RunPace?

  /// Below this, waking another thread costs more than it saves.
  static let parallelThreshold = 8_000

  /// Whether the tiles are worth handing to several threads.
  @inline(__always) static func isWorthSharing(_ callable: any KernelCallable) -> Bool {
    callable.tileCount > 1 && callable.estimatedNanoseconds > parallelThreshold
  }

  /// - Parameter packs: whether operands may be kept in the layouts that callables wish for.
  /// - Throws: `SessionError` if no backend takes a kernel.
  init(_ plan: Plan, backends: some Collection<any Backend>, packs: Bool = false)
    throws(SessionError)
  {
    var packer = OperandPacker(plan)
    let (compiledSteps, names) = try Self.compiled(plan, backends)
    let taken = zip(compiledSteps, plan.steps).map { callable, step in
      packs ? packer.take(callable, step) : (callable, step.buffers)
    }
    callables = taken.map(\.0)
    backendNames = names
    operands = taken.flatMap(\.1)
    packed = packer.operands
    liveByteCount = packer.byteCount
    var compiled = plan
    compiled.log.finish(Self.compilation, left: callables.count, "kernel")
    self.plan = compiled
    var first: [Int] = []
    var count = 0
    for step in plan.steps {
      first.append(count)
      count += step.buffers.count
    }
    firstOperand = first
    // Scratch of different threads must not share a cache line.
    scratchByteCount = ((callables.map(\.scratchByteCount).max() ?? 0) + 127) / 64 * 64
    everyRun = plan.blocks.filter { !plan.steps[$0].isLive }
    // A loop's steps depend on its rounds.
    live = plan.steps.indices.filter { plan.steps[$0].isLive }.map { .steps($0..<($0 + 1)) }
    let isShared = zip(taken, plan.steps).contains { Self.isWorthSharing($0.0) && !$1.isLive }
    pace = isShared ? RunPace() : nil
    var variables = Set<Int>()
    let kept = plan.steps.filter(\.isLive).flatMap(\.buffers) + packer.operands.map(\.buffer)
    for buffer in kept {
      if case .variable(let number) = plan.buffers[buffer].location { variables.insert(number) }
    }
    liveVariables = variables.sorted { plan.variables[$0].name < plan.variables[$1].name }
    liveBuffers = plan.buffers.indices.filter {
      if case .live = plan.buffers[$0].location { true } else { false }
    }
    feedBuffers = plan.buffers.indices.compactMap {
      if case .feed(let position) = plan.buffers[$0].location, position >= 0 {
        ($0, position)
      } else {
        nil
      }
    }
    readsPresence = !plan.presence.isEmpty
    writes = plan.variables.contains(where: \.isWritten) || !plan.randomStreams.isEmpty
  }

  /// A callable for each step, and the name of the backend that it is from.
  private static func compiled(
    _ plan: Plan, _ backends: some Collection<any Backend>
  ) throws(SessionError) -> (callables: [any KernelCallable], backendNames: [String]) {
    let kernels = plan.steps.map(\.kernel)
    var found = [(any KernelCallable)?](repeating: nil, count: kernels.count)
    var names = [String](repeating: "", count: kernels.count)
    for backend in backends {
      let missing = kernels.indices.filter { found[$0] == nil }
      if missing.isEmpty { break }
      for (index, callable) in zip(missing, backend.compile(missing.map { kernels[$0] })) {
        found[index] = callable
        if callable != nil { names[index] = backend.name }
      }
    }
    var callables: [any KernelCallable] = []
    for (step, callable) in zip(plan.steps, found) {
      guard let callable else {
        let types = Set(step.buffers.map { plan.buffers[$0].dtype.name }).sorted()
        throw SessionError(
          "no backend computes \"\(step.nodes.first ?? "")\" on \(types.joined(separator: ", "))")
      }
      callables.append(callable)
    }
    return (callables, names)
  }
}

extension [Plan.Block] {
  /// The blocks with those steps alone; loops and branches stay as they are.
  fileprivate func filter(_ isKept: (Int) -> Bool) -> [Plan.Block] {
    reduce(into: []) { kept, block in
      guard case .steps(let steps) = block else { return kept.append(block) }
      for step in steps where isKept(step) { kept.extend(by: step..<(step + 1)) }
    }
  }
}

import GraphCompiler
import TensorCore

/// A plan with its kernels compiled: what runs are made of.
package final class Executable: Sendable {
  /// The making of callables, in listings of passes.
  package static let compilation = "compile"

  let plan: Plan
  let callables: [any KernelCallable]
  /// Each step's operands are neighbours in one table of addresses; this is where a step's begin.
  let firstOperand: [Int]
  let operandCount: Int
  let scratchByteCount: Int
  /// The steps that run every time, and those that run when a variable changed.
  let everyRun: [Int]
  let live: [Int]

  /// Below this, waking another thread costs more than it saves.
  static let parallelThreshold = 8_000

  /// - Throws: `SessionError` if no backend takes a kernel.
  init(_ plan: Plan, backends: [any Backend]) throws(SessionError) {
    let kernels = plan.steps.map(\.kernel)
    var found = [(any KernelCallable)?](repeating: nil, count: kernels.count)
    for backend in backends {
      let missing = kernels.indices.filter { found[$0] == nil }
      if missing.isEmpty { break }
      for (index, callable) in zip(missing, backend.compile(missing.map { kernels[$0] })) {
        found[index] = callable
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
    self.callables = callables
    var compiled = plan
    compiled.log.finish(Self.compilation, nodes: callables.count)
    self.plan = compiled
    var first: [Int] = []
    var count = 0
    for step in plan.steps {
      first.append(count)
      count += step.buffers.count
    }
    firstOperand = first
    operandCount = count
    // Scratch of different threads must not share a cache line.
    scratchByteCount = ((callables.map(\.scratchByteCount).max() ?? 0) + 127) / 64 * 64
    everyRun = plan.steps.indices.filter { !plan.steps[$0].isLive }
    live = plan.steps.indices.filter { plan.steps[$0].isLive }
  }
}

/// The memory of one run: the arena, each thread's scratch, and the addresses of all operands.
///
/// Reused from run to run; two runs at the same time have one each.
final class RunMemory: @unchecked Sendable {
  let arena: TensorStorage
  let scratch: [TensorStorage]
  let addresses: UnsafeMutablePointer<UnsafeMutableRawPointer>
  let bufferAddresses: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let constants: [TensorStorage]

  init(_ executable: Executable, live: TensorStorage, threads: Int) {
    let plan = executable.plan
    arena = TensorStorage(byteCount: plan.arenaByteCount)
    scratch = (0..<threads).map { _ in TensorStorage(byteCount: executable.scratchByteCount) }
    addresses = .allocate(capacity: max(executable.operandCount, 1))
    bufferAddresses = .allocate(capacity: max(plan.buffers.count, 1))
    var kept: [TensorStorage] = []
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.location {
      case .arena(let offset): bufferAddresses[index] = arena.base + offset
      case .live(let offset): bufferAddresses[index] = live.base + offset
      case .constant(let number):
        if case .bytes(let storage) = plan.constants[number].contents {
          kept.append(storage)
          bufferAddresses[index] = storage.base
        } else {
          bufferAddresses[index] = arena.base
        }
      case .feed, .variable, .randomCounter: bufferAddresses[index] = arena.base
      }
    }
    constants = kept
  }

  deinit {
    addresses.deallocate()
    bufferAddresses.deallocate()
  }

  /// Writes the operand table from the buffers' addresses.
  func fillOperands(_ executable: Executable) {
    var next = 0
    for step in executable.plan.steps {
      for buffer in step.buffers {
        addresses[next] = bufferAddresses[buffer]
        next += 1
      }
    }
  }
}

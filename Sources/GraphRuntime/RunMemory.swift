import GraphCompiler
import TensorCore

/// What a run's variables and random streams are bound to.
struct Bindings {
  var variables: [VariableStore.TensorStorageBox?] = []
  var counters: [VariableStore.UnsafeCounter] = []
  /// Variables that had no value before.
  var created: [String] = []
  /// The store's layout that all this is from; 0 if nothing is bound.
  var layout: UInt64 = 0

  /// Lets go of all, keeping the room.
  mutating func removeAll() {
    variables.removeAll(keepingCapacity: true)
    counters.removeAll(keepingCapacity: true)
    created.removeAll(keepingCapacity: true)
    layout = 0
  }
}

/// The memory of one run: the arena, each thread's scratch, and the addresses of all operands.
///
/// Reused from run to run, so that a run allocates nothing; two runs at the same time have one each.
final class RunMemory: @unchecked Sendable {
  let arena: TensorStorage
  let scratch: [TensorStorage]
  let addresses: UnsafeMutablePointer<UnsafeMutableRawPointer>
  let bufferAddresses: UnsafeMutablePointer<UnsafeMutableRawPointer>
  /// How a kernel ended on each thread.
  let statuses: UnsafeMutablePointer<KernelStatus>
  var bindings = Bindings()
  /// The live constants that the buffers point at, kept until the run is over.
  private var live: TensorStorage?
  private let constants: [TensorStorage]
  /// What the plan's stacks hold, kept from run to run.
  private let stacks: UnsafeMutablePointer<RunStack>
  private let stackCount: Int

  init(_ executable: Executable, threads: Int) {
    let plan = executable.plan
    arena = TensorStorage(byteCount: plan.arenaByteCount)
    scratch = (0..<threads).map { _ in TensorStorage(byteCount: executable.scratchByteCount) }
    addresses = .allocate(capacity: max(executable.operandCount, 1))
    bufferAddresses = .allocate(capacity: plan.buffers.count + executable.packed.count + 1)
    statuses = .allocate(capacity: threads)
    statuses.initialize(repeating: .success, count: threads)
    stackCount = plan.stacks.count
    stacks = .allocate(capacity: max(stackCount, 1))
    for number in 0..<stackCount { (stacks + number).initialize(to: RunStack()) }
    var kept: [TensorStorage] = []
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.location {
      case .arena(let offset): bufferAddresses[index] = arena.base + offset
      case .constant(let number):
        if case .bytes(let storage) = plan.constants[number].contents {
          kept.append(storage)
          bufferAddresses[index] = storage.base
        } else {
          bufferAddresses[index] = arena.base
        }
      case .stack(let number): bufferAddresses[index] = UnsafeMutableRawPointer(stacks + number)
      case .live, .feed, .variable, .randomCounter: bufferAddresses[index] = arena.base
      }
    }
    constants = kept
  }

  deinit {
    addresses.deallocate()
    bufferAddresses.deallocate()
    statuses.deallocate()
    for number in 0..<stackCount { stacks[number].free() }
    stacks.deallocate()
  }

  /// Has stacks grow to no more than these bytes each.
  func limitStacks(to byteCount: Int) {
    for number in 0..<stackCount { stacks[number].limit = byteCount }
  }

  /// How the kernel ended whose workers have just written their statuses.
  var firstFailure: KernelStatus {
    for worker in scratch.indices where statuses[worker] != .success { return statuses[worker] }
    return .success
  }

  /// Points the buffers of live constants and packed operands at their memory.
  func use(_ storage: TensorStorage, _ executable: Executable) {
    live = storage
    for index in executable.liveBuffers {
      if case .live(let offset) = executable.plan.buffers[index].location {
        bufferAddresses[index] = storage.base + offset
      }
    }
    for (number, operand) in executable.packed.enumerated() {
      bufferAddresses[executable.plan.buffers.count + number] = storage.base + operand.offset
    }
  }

  /// Writes the operand table from the buffers' addresses.
  func fillOperands(_ executable: Executable) {
    for (place, buffer) in executable.operands.enumerated() {
      addresses[place] = bufferAddresses[buffer]
    }
  }

  /// Lets go of what the run used, but for the variables' memory: the next run finds it there, if no
  /// variable has moved meanwhile.
  func release() {
    live = nil
    bindings.created.removeAll(keepingCapacity: true)
  }
}

import GraphCompiler
import Glibc

/// The bytes around the buffers of one step, which nothing may touch while the step runs.
///
/// Those behind each buffer of the arena hold a pattern, which is looked at after the step. In a process
/// that AddressSanitizer watches, whatever of arena and scratch the step was not given cannot be read
/// either. What is found is our mistake, since each plan was proved to stay inside of its buffers
/// (`ProveAccesses`), and ends the process.
struct MemoryGuard {
  /// The bytes behind each buffer: a widest vector's.
  static let byteCount = 64
  private static let pattern: UInt8 = 0xA5
  private typealias Marking = @convention(c) (UnsafeRawPointer, Int) -> Void
  /// AddressSanitizer's own functions, where it is linked.
  private static let forbid = symbol("__asan_poison_memory_region")
  private static let allow = symbol("__asan_unpoison_memory_region")

  private let memory: RunMemory
  private let node: String
  /// The memory of the step's buffers in the arena, in order and apart from one another.
  private let given: [Range<UnsafeMutableRawPointer>]

  /// Marks what the step may not touch.
  init(step: Int, of executable: Executable, in memory: RunMemory) {
    self.memory = memory
    let plan = executable.plan
    node = plan.steps[step].nodes.first ?? ""
    var ranges: [Range<UnsafeMutableRawPointer>] = []
    for buffer in plan.steps[step].buffers {
      guard case .arena(let offset) = plan.buffers[buffer].location else { continue }
      let start = memory.arena.base + offset
      ranges.append(start..<start + plan.buffers[buffer].byteCount)
    }
    var joined: [Range<UnsafeMutableRawPointer>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      // Results in the place of an operand.
      if let last = joined.last, range.lowerBound < last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    given = joined
    for range in given {
      memset(range.upperBound, Int32(Self.pattern), Self.byteCount)
    }
    guard let forbid = Self.forbid, let allow = Self.allow else { return }
    forbid(memory.arena.base, memory.arena.byteCount)
    for range in given {
      allow(range.lowerBound, range.upperBound - range.lowerBound)
    }
    let scratchByteCount = executable.callables[step].scratchByteCount
    for scratch in memory.scratch where scratchByteCount < scratch.byteCount {
      forbid(scratch.base + scratchByteCount, scratch.byteCount - scratchByteCount)
    }
  }

  /// Takes the marks away, and looks whether the step wrote where it may not.
  func close() {
    if let allow = Self.allow {
      allow(memory.arena.base, memory.arena.byteCount)
      for scratch in memory.scratch { allow(scratch.base, scratch.byteCount) }
    }
    for range in given {
      for offset in 0..<Self.byteCount
      where range.upperBound.load(fromByteOffset: offset, as: UInt8.self) != Self.pattern {
        preconditionFailure("the kernel of \"\(node)\" wrote \(offset) bytes behind a buffer")
      }
    }
  }

  private static func symbol(_ name: String) -> Marking? {
    dlsym(nil, name).map { unsafeBitCast($0, to: Marking.self) }
  }
}

extension Executor {
  /// Runs steps in order as `run` does, each with a guard around its buffers.
  ///
  /// A loop of its own, so that runs that nobody watches ask nothing at each step.
  func guarded(
    _ blocks: [Plan.Block], of executable: Executable, in memory: RunMemory
  ) throws(SessionError) {
    try walk(blocks, of: executable, in: memory) { index throws(SessionError) in
      let callable = executable.callables[index]
      let operands = UnsafePointer(memory.addresses + executable.firstOperand[index])
      let memoryGuard = MemoryGuard(step: index, of: executable, in: memory)
      let status = parallel(callable, callable.tileCount, operands, memory)
      memoryGuard.close()
      if status != .success { throw failure(status, of: index, executable.plan, memory) }
    }
  }
}

import CThreads
import GraphCompiler
import TensorCore

/// Runs steps in order; each step's tiles on the pool's threads where that pays.
struct Executor {
  let pool: ThreadPool
  /// After how many rounds a loop is an error; nil if it may go on.
  var roundLimit: Int?

  /// - Parameter pace: what whole runs took before; nil for steps that are no whole run.
  /// - Throws: `SessionError` naming the node whose kernel failed.
  func run(
    _ blocks: [Plan.Block], of executable: Executable, in memory: RunMemory,
    pace: RunPace? = nil
  ) throws(SessionError) {
    // As TensorFlow's threads do: numbers below the normal range cost a hundred times a normal one's
    // time, and vanishing gradients are full of them.
    let before = dataflow_flush_denormals()
    defer { dataflow_restore_denormals(before) }
    if executable.plan.guardByteCount > 0 { return try guarded(blocks, of: executable, in: memory) }
    let turn = turn(pace)
    defer { end(turn, pace) }
    try walk(blocks, of: executable, in: memory) { index throws(SessionError) in
      let callable = executable.callables[index]
      let operands = UnsafePointer(memory.addresses + executable.firstOperand[index])
      let tiles = callable.tileCount
      let status: KernelStatus
      if turn.shares, usesThreads(callable) {
        status = parallel(callable, tiles, operands, memory)
      } else {
        status = callable.run(tiles: 0..<tiles, operands: operands, scratch: memory.scratch[0].base)
      }
      if status != .success { throw failure(status, of: index, executable.plan, memory) }
    }
  }

  /// Runs steps in the order of their blocks, loops for as long as their conditions hold, and the sides of
  /// branches that predicates choose.
  ///
  /// - Throws: what running a step throws, and `SessionError` for a loop of too many rounds.
  func walk(
    _ blocks: [Plan.Block], of executable: Executable, in memory: RunMemory,
    _ run: (_ step: Int) throws(SessionError) -> Void
  ) throws(SessionError) {
    for block in blocks {
      switch block {
      case .steps(let steps): for step in steps { try run(step) }
      case .loop(let loop):
        var round = 0
        try walk(loop.condition, of: executable, in: memory, run)
        while memory.bufferAddresses[loop.predicate].load(as: UInt8.self) != 0 {
          round += 1
          if let roundLimit, round > roundLimit {
            throw SessionError(
              "the loop \"\(loop.name)\" goes on after \(roundLimit) rounds; feed values with which "
                + "it ends")
          }
          try walk(loop.body, of: executable, in: memory, run)
          for stream in loop.streams {
            memory.bindings.counters[stream.number].value &+= stream.advance
          }
        }
      case .branch(let branch):
        let isTrue = memory.bufferAddresses[branch.predicate].load(as: UInt8.self) != 0
        let side = isTrue ? branch.whenTrue : branch.whenFalse
        try walk(side.blocks, of: executable, in: memory, run)
        for stream in side.streams {
          memory.bindings.counters[stream.number].value &+= stream.advance
        }
      }
    }
  }

  /// Whether the tiles are worth handing to several threads.
  @inline(__always) func usesThreads(_ callable: any KernelCallable) -> Bool {
    pool.threadCount > 1 && Executable.isWorthSharing(callable)
  }

  func parallel(
    _ callable: any KernelCallable, _ tiles: Int,
    _ operands: UnsafePointer<UnsafeMutableRawPointer>, _ memory: RunMemory
  ) -> KernelStatus {
    memory.statuses.update(repeating: .success, count: memory.scratch.count)
    var call = KernelCall(callable: callable, operands: operands, memory: memory)
    withUnsafeMutablePointer(to: &call) {
      pool.run(
        tiles: tiles, nanoseconds: callable.estimatedNanoseconds,
        on: UnsafeMutableRawPointer($0), KernelCall.run)
    }
    return memory.firstFailure
  }
}

/// A kernel's call as all threads see it, on the stack of the one that called.
private struct KernelCall {
  let callable: any KernelCallable
  let operands: UnsafePointer<UnsafeMutableRawPointer>
  let memory: RunMemory

  static func run(_ call: UnsafeMutableRawPointer, _ tiles: Range<Int>, _ worker: Int) {
    let call = call.assumingMemoryBound(to: KernelCall.self)
    let memory = call.pointee.memory
    let status = call.pointee.callable.run(
      tiles: tiles, operands: call.pointee.operands, scratch: memory.scratch[worker].base)
    // One status for each worker, so that no two threads write the same.
    if status != .success { memory.statuses[worker] = status }
  }
}

import CThreads
import GraphCompiler
import TensorCore

/// Runs steps in order; each step's tiles on the pool's threads where that pays.
struct Executor {
  let pool: ThreadPool

  /// - Parameter pace: what whole runs took before; nil for steps that are no whole run.
  /// - Throws: `SessionError` naming the node whose kernel failed.
  func run(
    _ steps: [Int], of executable: Executable, in memory: RunMemory, pace: RunPace? = nil
  ) throws(SessionError) {
    // As TensorFlow's threads do: numbers below the normal range cost a hundred times a normal one's
    // time, and vanishing gradients are full of them.
    let before = dataflow_flush_denormals()
    defer { dataflow_restore_denormals(before) }
    if executable.plan.guardByteCount > 0 { return try guarded(steps, of: executable, in: memory) }
    let turn = turn(pace)
    defer { end(turn, pace) }
    for index in steps {
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

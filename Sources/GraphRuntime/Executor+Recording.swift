import CThreads
import GraphCompiler

extension Executor {
  /// Runs steps in order as `run` does, and notes when each begins and ends.
  ///
  /// A loop of its own, so that runs that nobody records ask nothing at each step.
  ///
  /// - Throws: `SessionError` naming the node whose kernel failed.
  func run(
    _ blocks: [Plan.Block], of executable: Executable, in memory: RunMemory,
    pace: RunPace? = nil, recording recorder: RunRecorder
  ) throws(SessionError) {
    let before = dataflow_flush_denormals()
    defer { dataflow_restore_denormals(before) }
    let turn = turn(recorder.manner == .plain ? pace : nil)
    defer { if recorder.manner == .plain { end(turn, pace) } }
    try walk(blocks, of: executable, in: memory) { index throws(SessionError) in
      let callable = executable.callables[index]
      let operands = UnsafePointer(memory.addresses + executable.firstOperand[index])
      let start = UInt64(Clock.now)
      let status: KernelStatus
      if recorder.manner == .traced {
        status = traced(callable, operands, memory, recorder)
      } else if turn.shares, usesThreads(callable) {
        status = parallel(callable, callable.tileCount, operands, memory)
      } else {
        status = callable.run(
          tiles: 0..<callable.tileCount, operands: operands, scratch: memory.scratch[0].base)
      }
      recorder.note(index, from: start, to: UInt64(Clock.now))
      if status != .success { throw failure(status, of: index, executable.plan, memory) }
    }
  }

  private func traced(
    _ callable: any KernelCallable, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    _ memory: RunMemory, _ recorder: RunRecorder
  ) -> KernelStatus {
    memory.statuses.update(repeating: .success, count: memory.scratch.count)
    var call = TracedCall(
      callable: callable, operands: operands, memory: memory, recorder: recorder)
    withUnsafeMutablePointer(to: &call) {
      if usesThreads(callable) {
        pool.run(
          tiles: callable.tileCount, nanoseconds: callable.estimatedNanoseconds,
          on: UnsafeMutableRawPointer($0), TracedCall.run)
      } else {
        TracedCall.run(UnsafeMutableRawPointer($0), 0..<callable.tileCount, 0)
      }
    }
    return memory.firstFailure
  }
}

/// A kernel's call of which each thread notes what it does, on the stack of the one that called.
private struct TracedCall {
  let callable: any KernelCallable
  let operands: UnsafePointer<UnsafeMutableRawPointer>
  let memory: RunMemory
  let recorder: RunRecorder

  static func run(_ call: UnsafeMutableRawPointer, _ tiles: Range<Int>, _ worker: Int) {
    let call = call.assumingMemoryBound(to: TracedCall.self).pointee
    let start = UInt64(Clock.now)
    let status = call.callable.run(
      tiles: tiles, operands: call.operands, scratch: call.memory.scratch[worker].base)
    call.recorder.note(tiles, on: worker, from: start, to: UInt64(Clock.now))
    if status != .success { call.memory.statuses[worker] = status }
  }
}

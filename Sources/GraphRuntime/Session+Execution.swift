import GraphCompiler
import GraphCore
import TensorCore

extension Session {
  /// Runs a plan and copies what it fetches.
  ///
  /// - Parameters:
  ///   - holdsLock: whether the caller holds the lock on runs.
  ///   - graph: the flat graph whose nodes are checked for NaNs and infinities, if any are.
  func execute(
    _ plan: CachedPlan, _ feeds: [TensorValue], holdsLock: Bool = false,
    checking graph: Graph? = nil
  ) throws -> [TensorValue] {
    let memory = plan.takeMemory(threads: executor.pool.threadCount)
    defer { plan.giveBack(memory) }
    defer { withExtendedLifetime(feeds) {} }
    return try execute(plan, in: memory, holdsLock: holdsLock, checking: graph) { position in
      if case .bytes(let storage) = feeds[position].contents { storage.base } else { nil }
    } collecting: {
      fetched(plan.executable.plan, feeds, memory)
    }
  }

  /// Runs a plan in the given memory; allocates nothing of its own.
  ///
  /// - Parameters:
  ///   - feed: the address of the value fed at a position; nil if its elements are in no buffer.
  ///   - collect: takes what is fetched, before any other run may change it.
  func execute<Result>(
    _ plan: CachedPlan, in memory: RunMemory, holdsLock: Bool = false,
    checking graph: Graph? = nil, feed: (Int) -> UnsafeMutableRawPointer?,
    collecting collect: () throws -> Result
  ) throws -> Result {
    if holdsLock { return try locked(plan, memory, graph, feed, collect) }
    return try runsExclusively(plan.executable.writes) { () throws -> Result in
      try locked(plan, memory, graph, feed, collect)
    }
  }

  private func locked<Result>(
    _ plan: CachedPlan, _ memory: RunMemory, _ graph: Graph?,
    _ feed: (Int) -> UnsafeMutableRawPointer?, _ collect: () throws -> Result
  ) throws -> Result {
    let executable = plan.executable
    defer { memory.release() }
    do {
      try bind(executable, memory, feed)
      if let graph {
        try runChecked(executable, memory, graph)
      } else {
        try prepareLive(plan, memory)
        try executor.run(executable.everyRun, of: executable, in: memory)
      }
    } catch {
      abandon(executable.plan, memory)
      throw error
    }
    finish(executable.plan, memory)
    return try collect()
  }

  /// Has live constants computed, and points all operands at their memory.
  private func prepareLive(_ plan: CachedPlan, _ memory: RunMemory) throws {
    let executable = plan.executable
    guard let block = plan.live else {
      // The compiler's own runs, once for each plan, have nothing to keep.
      if executable.keepsAnything {
        memory.use(TensorStorage(byteCount: executable.liveByteCount), executable)
      }
      memory.fillOperands(executable)
      return try executor.run(executable.live, of: executable, in: memory)
    }
    try liveConstants.refresh(block) { number in
      memory.bindings.variables[executable.liveVariables[number]]?.version ?? 0
    } bind: { storage in
      memory.use(storage, executable)
      memory.fillOperands(executable)
    } compute: {
      try executor.run(executable.live, of: executable, in: memory)
      for (number, operand) in executable.packed.enumerated() {
        operand.callable.pack(
          from: memory.bufferAddresses[operand.buffer],
          into: memory.bufferAddresses[executable.plan.buffers.count + number])
      }
    }
  }

  /// Runs every step, live ones too, and looks through what each has written.
  private func runChecked(_ executable: Executable, _ memory: RunMemory, _ graph: Graph) throws {
    memory.use(TensorStorage(byteCount: executable.liveByteCount), executable)
    memory.fillOperands(executable)
    var check = FiniteCheck(executable.plan, graph, memory)
    try check.examineSources()
    for step in executable.plan.steps.indices {
      try executor.run([step], of: executable, in: memory)
      try check.examine(step: step)
    }
  }

  private func fetched(_ plan: Plan, _ feeds: [TensorValue], _ memory: RunMemory) -> [TensorValue] {
    plan.fetches.map { buffer in
      let description = plan.buffers[buffer]
      switch description.location {
      case .constant(let number): return plan.constants[number]
      case .feed(let position): return feeds[position]
      case .variable(let number) where description.dtype.byteCount == nil:
        if let box = memory.bindings.variables[number] { return box.value }
      default: break
      }
      return TensorValue(
        dtype: description.dtype, shape: description.shape,
        storage: TensorStorage(
          copying: UnsafeRawBufferPointer(
            start: memory.bufferAddresses[buffer], count: description.byteCount)))
    }
  }
}

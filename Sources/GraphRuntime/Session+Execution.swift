import GraphCompiler
import GraphCore
import TensorCore

/// What a run does beside running.
enum RunManner {
  /// Nothing.
  case plain
  /// Looks for NaNs and infinities in what the nodes of the flat graph give.
  case checked(Graph)
  /// Notes the times of its steps.
  case recorded(RunRecorder)
}

extension FlatRequest {
  /// How the plan is run for this request.
  func manner(of plan: CachedPlan) -> RunManner {
    if let recorder {
      recorder.enter(plan, flat)
      return .recorded(recorder)
    }
    return check == .finite ? .checked(flat.graph) : .plain
  }
}

extension Session {
  /// Runs a plan and copies what it fetches.
  ///
  /// - Parameters:
  ///   - holdsLock: whether the caller holds the lock on runs.
  func execute(
    _ plan: CachedPlan, _ feeds: [TensorValue], holdsLock: Bool = false,
    manner: RunManner = .plain
  ) throws -> [TensorValue] {
    let memory = plan.takeMemory(threads: executor.pool.threadCount)
    defer { plan.giveBack(memory) }
    defer { withExtendedLifetime(feeds) {} }
    return try execute(plan, in: memory, holdsLock: holdsLock, manner: manner) { position in
      if case .bytes(let storage) = feeds[position].contents { storage.base } else { nil }
    } collecting: {
      fetched(plan.executable, feeds, memory)
    }
  }

  /// Runs a plan in the given memory; allocates nothing of its own.
  ///
  /// - Parameters:
  ///   - feed: the address of the value fed at a position; nil if its elements are in no buffer.
  ///   - collect: takes what is fetched, before any other run may change it.
  func execute<Result>(
    _ plan: CachedPlan, in memory: RunMemory, holdsLock: Bool = false,
    manner: RunManner = .plain, feed: (Int) -> UnsafeMutableRawPointer?,
    collecting collect: () throws -> Result
  ) throws -> Result {
    if holdsLock { return try locked(plan, memory, manner, feed, collect) }
    return try runsExclusively(plan.executable.writes) { () throws -> Result in
      try locked(plan, memory, manner, feed, collect)
    }
  }

  private func locked<Result>(
    _ plan: CachedPlan, _ memory: RunMemory, _ manner: RunManner,
    _ feed: (Int) -> UnsafeMutableRawPointer?, _ collect: () throws -> Result
  ) throws -> Result {
    let executable = plan.executable
    defer { memory.release() }
    do {
      memory.limitStacks(to: budget)
      try bind(executable, memory, feed)
      switch manner {
      case .plain:
        try prepareLive(plan, memory)
        try executor.run(
          executable.everyRun, of: executable, in: memory, pace: executable.pace)
      case .checked(let graph): try runChecked(executable, memory, graph)
      case .recorded(let recorder): try runRecorded(plan, memory, recorder)
      }
    } catch {
      abandon(executable.plan, memory)
      throw error
    }
    finish(executable, memory)
    return try collect()
  }

  /// Has live constants computed, and points all operands at their memory.
  private func prepareLive(
    _ plan: CachedPlan, _ memory: RunMemory, recording recorder: RunRecorder? = nil
  ) throws {
    let executable = plan.executable
    guard let block = plan.live else {
      // The compiler's own runs, once for each plan, have nothing to keep.
      if executable.keepsAnything {
        memory.use(TensorStorage(byteCount: executable.liveByteCount), executable)
      }
      memory.fillOperands(executable)
      return try computeKept(executable, memory, recorder)
    }
    try liveConstants.refresh(block) { number in
      memory.bindings.variables[executable.liveVariables[number]]?.version ?? 0
    } bind: { storage in
      memory.use(storage, executable)
      memory.fillOperands(executable)
    } compute: {
      try computeKept(executable, memory, recorder)
    }
  }

  /// Runs the live steps and lays packed operands out, in the memory that the run uses for them.
  private func computeKept(
    _ executable: Executable, _ memory: RunMemory, _ recorder: RunRecorder?
  ) throws {
    if let recorder {
      try executor.run(executable.live, of: executable, in: memory, recording: recorder)
    } else {
      try executor.run(executable.live, of: executable, in: memory)
    }
    for (number, operand) in executable.packed.enumerated() {
      operand.callable.pack(
        from: memory.bufferAddresses[operand.buffer],
        into: memory.bufferAddresses[executable.plan.buffers.count + number])
    }
  }

  /// Runs every step, live ones too, and looks through what each has written.
  private func runChecked(_ executable: Executable, _ memory: RunMemory, _ graph: Graph) throws {
    memory.use(TensorStorage(byteCount: executable.liveByteCount), executable)
    memory.fillOperands(executable)
    var check = FiniteCheck(executable.plan, graph, memory)
    try check.examineSources()
    for step in executable.plan.steps.indices {
      try executor.run([.steps(step..<(step + 1))], of: executable, in: memory)
      try check.examine(step: step)
    }
  }

  /// Runs the steps with their times noted.
  private func runRecorded(
    _ plan: CachedPlan, _ memory: RunMemory, _ recorder: RunRecorder
  ) throws {
    let executable = plan.executable
    if recorder.computesLiveAnew {
      // What is kept stays as it is: these results are for this run alone.
      memory.use(TensorStorage(byteCount: executable.liveByteCount), executable)
      memory.fillOperands(executable)
      try computeKept(executable, memory, recorder)
    } else {
      try prepareLive(plan, memory, recording: recorder)
    }
    try executor.run(
      executable.everyRun, of: executable, in: memory, pace: executable.pace, recording: recorder)
  }

  private func fetched(
    _ executable: Executable, _ feeds: [TensorValue], _ memory: RunMemory
  ) -> [TensorValue] {
    executable.plan.fetches.map { buffer in
      let description = executable.plan.buffers[buffer]
      switch description.location {
      case .constant(let number): return executable.plan.constants[number]
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

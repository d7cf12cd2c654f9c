import GraphCompiler
import GraphCore
import TensorCore

/// A fed tensor with its value in the tensor's type.
struct ResolvedFeed {
  let tensor: Tensor
  let value: TensorValue
}

extension Session {
  /// Checks feeds against the tensors they replace.
  func resolve(_ feeds: Feeds) throws(SessionError) -> [ResolvedFeed] {
    var resolved: [ResolvedFeed] = []
    for (element, value) in feeds.entries {
      var tensors: [Tensor]
      if let variable = element as? Variable {
        tensors = variable.isReference ? [variable.handle] : reads(of: variable)
      } else if let tensor = element as? Tensor {
        tensors = [tensor]
      } else {
        throw SessionError("\(element.target) is an operation; only tensors and variables are fed")
      }
      for tensor in tensors {
        guard tensor.graph == graph, !tensor.isPoison else {
          throw SessionError("\(tensor), which is fed, is not part of the session's graph")
        }
        resolved.append(
          ResolvedFeed(tensor: tensor, value: try Self.converted(value, for: tensor)))
      }
    }
    resolved.sort {
      ($0.tensor.node.index, $0.tensor.index) < ($1.tensor.node.index, $1.tensor.index)
    }
    for (a, b) in zip(resolved, resolved.dropFirst()) where a.tensor == b.tensor {
      throw SessionError("\(a.tensor) is fed twice")
    }
    return resolved
  }

  /// Every value that the graph reads from a variable.
  private func reads(of variable: Variable) -> [Tensor] {
    graph.operations.filter {
      $0.op == "ReadVariableOp" && $0.record.inputs.first == variable.handle.endpoint
    }.map { $0.output(0) }
  }

  private static func converted(_ value: any TensorConvertible, for tensor: Tensor)
    throws(SessionError) -> TensorValue
  {
    func failure(_ what: String) -> SessionError {
      let site = tensor.node.site.map { ", made at \($0)" } ?? ""
      return SessionError("\(tensor)\(site), cannot be fed \(what)")
    }
    let converted: TensorValue
    do throws(TensorError) {
      converted = try value.tensorValue(as: tensor.dtype)
    } catch {
      throw failure("this: \(error)")
    }
    guard tensor.shape.matches(converted.shape) else {
      throw failure("a value of shape \(converted.shape)")
    }
    return converted
  }

  /// Points the run's buffers at feeds, variables and counters.
  func bind(
    _ executable: Executable, _ memory: RunMemory, _ feed: (Int) -> UnsafeMutableRawPointer?
  ) throws(SessionError) {
    for (index, position) in executable.feedBuffers {
      if let address = feed(position) { memory.bufferAddresses[index] = address }
    }
    let bound: Result<Void, SessionError> = variables.withLock { store in
      // A variable's presence is looked up in every run.
      if memory.bindings.layout == store.layout, !executable.readsPresence { return .success(()) }
      do throws(SessionError) {
        try Self.bind(executable.plan, memory, &store)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try bound.get()
  }

  /// Points the run's buffers at variables and counters.
  private static func bind(_ plan: Plan, _ memory: RunMemory, _ store: inout VariableStore)
    throws(SessionError)
  {
    memory.bindings.removeAll()
    try check(plan, store)
    for use in plan.variables {
      if use.isWritten {
        if store.values[use.name] == nil { memory.bindings.created.append(use.name) }
        memory.bindings.variables.append(
          store.reserve(use.name, dtype: use.dtype, shape: use.shape))
      } else {
        memory.bindings.variables.append(store.values[use.name])
      }
    }
    for (variable, buffer) in plan.presence {
      let name = plan.variables[variable].name
      let exists = store.values[name] != nil && !memory.bindings.created.contains(name)
      memory.bufferAddresses[buffer].storeBytes(of: exists ? 1 : 0, as: UInt8.self)
    }
    for stream in plan.randomStreams {
      memory.bindings.counters.append(store.counter(stream.name))
    }
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.location {
      case .variable(let number):
        if let box = memory.bindings.variables[number] {
          memory.bufferAddresses[index] = box.storage.base
        }
      case .randomCounter(let number):
        memory.bufferAddresses[index] = memory.bindings.counters[number].storage.base
      case .arena, .live, .constant, .feed, .stack: break
      }
    }
    memory.bindings.layout = store.layout
  }

  /// Checks that every variable that is read has a value of the right kind.
  private static func check(_ plan: Plan, _ store: VariableStore) throws(SessionError) {
    for use in plan.variables where use.needsValue {
      guard let box = store.values[use.name] else { throw missing(plan, store) }
      if box.dtype != use.dtype || box.shape != use.shape {
        throw SessionError(
          "the variable \"\(use.node)\" holds \(box.dtype)\(box.shape), "
            + "the graph expects \(use.dtype)\(use.shape)")
      }
    }
  }

  private static func missing(_ plan: Plan, _ store: VariableStore) -> SessionError {
    let missing = plan.variables.filter { $0.needsValue && store.values[$0.name] == nil }
    let others = missing.count > 1 ? " (and \(missing.count - 1) more)" : ""
    return SessionError(
      "the variable \"\(missing.first?.node ?? "")\"\(others) has no value; "
        + "run its initializer or restore a checkpoint first")
  }

  /// Marks written variables and moves random streams on.
  func finish(_ executable: Executable, _ memory: RunMemory) {
    guard executable.writes else { return }
    let plan = executable.plan
    touchWritten(plan, memory)
    for (counter, stream) in zip(memory.bindings.counters, plan.randomStreams) {
      counter.value = counter.value &+ stream.advance
    }
  }

  /// Ends a run that failed: a variable that it was to give its first value still has none; the others
  /// may have been written, so that what follows from them is computed again.
  func abandon(_ plan: Plan, _ memory: RunMemory) {
    touchWritten(plan, memory)
    variables.withLock { store in
      for name in memory.bindings.created { store.remove(name) }
    }
    memory.bindings.removeAll()
  }

  private func touchWritten(_ plan: Plan, _ memory: RunMemory) {
    variables.withLock { store in
      // A run that could not be bound has fewer.
      for (use, box) in zip(plan.variables, memory.bindings.variables) where use.isWritten {
        if let box { store.touch(box) }
      }
    }
  }
}

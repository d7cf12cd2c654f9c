import GraphCompiler
import GraphCore
import TensorCore

/// A fed tensor with its value in the tensor's type.
struct ResolvedFeed {
  let tensor: Tensor
  let value: TensorValue
}

/// What a run's dynamic buffers are bound to.
struct Bindings {
  var variables: [VariableStore.TensorStorageBox?] = []
  var counters: [VariableStore.UnsafeCounter] = []
  /// Variables that had no value before.
  var created: [String] = []
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
    let site = tensor.node.site.map { ", made at \($0)" } ?? ""
    let converted: TensorValue
    do throws(TensorError) {
      converted = try value.tensorValue(as: tensor.dtype)
    } catch {
      throw SessionError("\(tensor)\(site), cannot be fed this: \(error)")
    }
    guard tensor.shape.matches(converted.shape) else {
      throw SessionError("\(tensor)\(site), cannot be fed a value of shape \(converted.shape)")
    }
    return converted
  }

  /// Points the run's buffers at feeds, variables and counters.
  func bind(_ plan: Plan, _ feeds: [TensorValue], _ memory: RunMemory) throws(SessionError)
    -> Bindings
  {
    var bindings = Bindings()
    let result: Result<Bindings, SessionError> = variables.withLock { store in
      do throws(SessionError) {
        try Self.check(plan, store)
      } catch {
        return .failure(error)
      }
      for use in plan.variables {
        if use.isWritten {
          if store.values[use.name] == nil { bindings.created.append(use.name) }
          bindings.variables.append(
            store.reserve(use.name, dtype: use.dtype, shape: use.shape))
        } else {
          bindings.variables.append(store.values[use.name])
        }
      }
      for (variable, buffer) in plan.presence {
        let name = plan.variables[variable].name
        let exists = store.values[name] != nil && !bindings.created.contains(name)
        memory.bufferAddresses[buffer].storeBytes(of: exists ? 1 : 0, as: UInt8.self)
      }
      bindings.counters = plan.randomStreams.map { store.counter($0.name) }
      return .success(bindings)
    }
    bindings = try result.get()
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.location {
      case .feed(let position):
        if position >= 0, case .bytes(let storage) = feeds[position].contents {
          memory.bufferAddresses[index] = storage.base
        }
      case .variable(let number):
        if let box = bindings.variables[number] {
          memory.bufferAddresses[index] = box.storage.base
        }
      case .randomCounter(let number):
        memory.bufferAddresses[index] = bindings.counters[number].storage.base
      case .arena, .live, .constant: break
      }
    }
    return bindings
  }

  /// Checks that every variable that is read has a value of the right kind.
  private static func check(_ plan: Plan, _ store: VariableStore) throws(SessionError) {
    let missing = plan.variables.filter { $0.needsValue && store.values[$0.name] == nil }
    if let first = missing.first {
      let others = missing.count > 1 ? " (and \(missing.count - 1) more)" : ""
      throw SessionError(
        "the variable \"\(first.node)\"\(others) has no value; "
          + "run its initializer or restore a checkpoint first")
    }
    for use in plan.variables where use.needsValue {
      guard let box = store.values[use.name] else { continue }
      if box.dtype != use.dtype || box.shape != use.shape {
        throw SessionError(
          "the variable \"\(use.node)\" holds \(box.dtype)\(box.shape), "
            + "the graph expects \(use.dtype)\(use.shape)")
      }
    }
  }

  /// Marks written variables and moves random streams on.
  func finish(_ plan: Plan, _ bindings: Bindings) {
    if plan.writtenVariables.isEmpty && bindings.counters.isEmpty { return }
    variables.withLock { store in
      for index in plan.writtenVariables {
        if let box = bindings.variables[index] { store.touch(box) }
      }
    }
    for (counter, stream) in zip(bindings.counters, plan.randomStreams) {
      counter.value = counter.value &+ stream.advance
    }
  }
}

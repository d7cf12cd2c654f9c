import GraphCore

extension Graph {
  /// Takes variables out of what optimizers train by default, the collection `trainable_variables`.
  ///
  /// Training ops that exist go on moving them: what a layer with frozen weights needs is a new
  /// `minimize`.
  public func freeze(_ variables: [Variable]) { setTrainable(false, variables) }

  /// Freezes all variables whose names begin with `scope/`, or are it.
  public func freeze(scope: String) { freeze(variables(inScope: scope)) }

  /// Puts variables back among what optimizers train by default.
  public func unfreeze(_ variables: [Variable]) { setTrainable(true, variables) }

  /// Unfreezes the variables whose names begin with `scope/`, or are it. Those that were never
  /// trainable, such as moving averages and slots, are left out.
  public func unfreeze(scope: String) {
    let frozen = Set(items(in: .frozenVariables).compactMap(\.element).map(\.target.name))
    unfreeze(variables(inScope: scope).filter { frozen.contains($0.handle.node.name) })
  }

  /// Empties a collection: a new training op is to stand alone in `train_op`.
  public func clearCollection(_ key: CollectionKey) {
    state.withLock { $0.collections[key] = nil }
  }

  private func variables(inScope scope: String) -> [Variable] {
    let prefix = scope.hasSuffix("/") ? scope : scope + "/"
    return variables().filter { $0.name.hasPrefix(prefix) || $0.name + "/" == prefix }
  }

  private func setTrainable(_ isTrainable: Bool, _ variables: [Variable]) {
    let changed = Set(variables.map(\.handle.endpoint))
    state.withLock { state in
      // Each collection holds copies that say whether they are trainable, which files repeat.
      for (key, items) in state.collections {
        state.collections[key] = items.map { item in
          guard case .variable(var variable) = item, changed.contains(variable.handle) else {
            return item
          }
          variable.isTrainable = isTrainable
          return .variable(variable)
        }
      }
      for variable in variables { state.variables[variable.name]?.isTrainable = isTrainable }
      func isOther(_ item: CollectionRecord) -> Bool {
        switch item {
        case .variable(let variable): !changed.contains(variable.handle)
        case .operation(let node): !changed.contains { $0.node == node }
        default: true
        }
      }
      var trained = (state.collections[.trainableVariables] ?? []).filter(isOther)
      var frozen = (state.collections[.frozenVariables] ?? []).filter(isOther)
      for variable in variables {
        var record = VariableRecord(variable)
        record.isTrainable = isTrainable
        if isTrainable {
          trained.append(.variable(record))
        } else {
          frozen.append(.operation(record.handle.node))
        }
      }
      // In the order in which they were made, as if nothing had been frozen.
      func index(_ item: CollectionRecord) -> Int { item.target ?? 0 }
      state.collections[.trainableVariables] = trained.sorted { index($0) < index($1) }
      state.collections[.frozenVariables] = frozen.isEmpty ? nil : frozen
    }
  }
}

extension CollectionKey {
  /// The variables that `freeze` took out of training.
  public static let frozenVariables: CollectionKey = "frozen_variables"
}

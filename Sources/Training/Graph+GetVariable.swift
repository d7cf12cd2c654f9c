import GraphCore
import StandardOps
import TensorCore

extension Graph {
  /// The variable of that name in the open variable scope, made or found as the scope's reuse says.
  ///
  /// - Parameters:
  ///   - initializer: how a new variable starts.
  ///   - regularizer: a penalty on a new variable, added to `regularization_losses`.
  ///   - constraint: what a new variable must satisfy after each update; its op is added to
  ///     `weight_constraints`, which optimizers run.
  ///   - collections: what lists a new variable, besides the trainable ones.
  public func getVariable(
    _ name: String, shape: Shape, dtype: DType = .float32,
    initializer: Initializer = .glorotUniform(), regularizer: Regularizer? = nil,
    constraint: Constraint? = nil, trainable: Bool = true,
    collections: [CollectionKey] = [.globalVariables], file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    let site = SourceSite(file, line)
    let full = scope.variables + name
    let existing = variable(named: full)
    if let existing {
      if scope.reuse == .none {
        return refuse(
          "the variable exists already; open its scope with reuse: .existing or .automatic",
          full, site, existing)
      }
      guard existing.dtype == dtype, existing.shape.matches(shape) else {
        return refuse(
          "the existing variable is \(existing.dtype) \(existing.shape), "
            + "found \(dtype)\(shape)", full, site, existing)
      }
      return existing
    }
    if scope.reuse == .existing {
      return refuse("there is no such variable to reuse", full, site, nil)
    }
    return at(site) {
      atRoot {
        let variable = nameScope(full + "/") {
          let start = nameScope(full + "/Initializer/") { initializer.build(self, shape, dtype) }
          return makeVariable(
            full + "/", start, trainable: trainable, collections: collections)
        }
        if variable.handle.isPoison { return variable }
        if let regularizer {
          add(
            nameScope(full + "/Regularizer/") { regularizer(variable.value) },
            to: .regularizationLosses)
        }
        if let constraint { constrain(variable, constraint) }
        return variable
      }
    }
  }

  private func refuse(
    _ message: String, _ name: String, _ site: SourceSite, _ existing: Variable?
  ) -> Variable {
    record(
      GraphError(
        message, node: name, op: "getVariable", site: scope.site ?? site,
        notes: existing.map { [Graph.note("existing", $0.handle)] } ?? []))
    return poisonVariable
  }
}

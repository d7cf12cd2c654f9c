import GraphCore
import GraphRuntime
import GraphTools
import Persistence
import TensorCore
import TensorFlowFormats

extension Saver {
  /// Sets the session's variables from a checkpoint that holds them under other names, all at once or
  /// none.
  ///
  /// - Parameter names: the name in the file for the names of variables that differ there; of a
  ///   partitioned variable the whole's.
  /// - Throws: if a file is missing or damaged, or if it lacks variables or holds them in another type
  ///   or shape: one error with the whole report, likely renames included.
  public func restore(_ session: Session, from prefix: String, names: [String: String]) throws {
    let (values, report) = try reconcile(prefix, names: names, takesLikelyRenames: false)
    guard report.isComplete else {
      throw SessionError("the checkpoint \(prefix) does not fit the graph: \(report)")
    }
    for (variable, value) in values { try session.set(variable, to: value) }
  }

  /// Sets the session's variables from a checkpoint under the given names, as moving averages give them
  /// (`variablesToRestore`), all at once or none.
  ///
  /// - Throws: if a file is missing or damaged, or does not hold them all.
  public func restore(_ session: Session, from prefix: String, names: [String: Variable]) throws {
    let own = Dictionary(names.map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    try restore(session, from: prefix, names: own)
  }

  /// Sets those of the session's variables that a checkpoint has in their type and shape, and tells
  /// about all others; the rest keep their values.
  ///
  /// - Parameters:
  ///   - names: the name in the file for the names of variables that differ there; of a partitioned
  ///     variable the whole's.
  ///   - takesLikelyRenames: whether a variable that is missing takes what looks like it under another
  ///     name.
  /// - Throws: only if a file is missing or damaged.
  @discardableResult
  public func restorePartially(
    _ session: Session, from prefix: String, names: [String: String] = [:],
    takesLikelyRenames: Bool = false
  ) throws -> RestoreReport {
    let (values, report) = try reconcile(
      prefix, names: names, takesLikelyRenames: takesLikelyRenames)
    for (variable, value) in values { try session.set(variable, to: value) }
    return report
  }

  /// The values that fit, all read before the first is set, and what became of each name.
  private func reconcile(_ prefix: String, names: [String: String], takesLikelyRenames: Bool) throws
    -> ([(Variable, TensorValue)], RestoreReport)
  {
    let reader = try CheckpointReader(prefix: prefix)
    let stored = table(
      reader.variableEntries.map {
        ($0.name, .init(dtype: $0.dtype, shape: PartialShape($0.shape)))
      })
    // Under these names a TensorFlow 2 checkpoint knows its objects' variables.
    let objectKeys = try reader.objectKeys()
    func source(of variable: Variable) -> String {
      let own = variable.part?.name ?? variable.name
      if let stated = names[variable.name] ?? names[own] { return stated }
      return stored[own] == nil ? objectKeys[own] ?? own : own
    }
    let wanted = table(variables.map { (source(of: $0), $0.storedEntry) })
    let differences = try WeightDifferences(from: WeightTable(wanted), to: WeightTable(stored))
    let renames = Dictionary(
      differences.likelyRenames.map { ($0.old, $0.new) }, uniquingKeysWith: { first, _ in first })

    var report = RestoreReport()
    var unused = Set(stored.keys)
    var values: [(Variable, TensorValue)] = []
    for variable in variables {
      var source = source(of: variable)
      if let rename = renames[source] {
        report.likelyRenames.append((variable.name, rename))
        if takesLikelyRenames { source = rename }
      }
      guard let entry = stored[source] else {
        report.missing.append(variable.name)
        continue
      }
      unused.remove(source)
      let expected = variable.storedEntry
      guard entry.dtype == expected.dtype, entry.shape.isCompatible(with: expected.shape) else {
        report.otherShape.append((variable.name, "\(expected)", "\(entry)"))
        continue
      }
      let value =
        if let part = variable.part {
          try reader.value(of: source, slice: TensorSlice(part))
        } else {
          try reader.value(of: source)
        }
      values.append((variable, value))
      report.restored.append((variable.name, source))
    }
    report.unused = unused.sorted()
    return (values, report)
  }

  private func table(_ entries: [(String, WeightTable.Entry)]) -> [String: WeightTable.Entry] {
    Dictionary(entries, uniquingKeysWith: { first, _ in first })
  }
}

extension Variable {
  /// What a checkpoint holds for the variable: of a part the whole.
  fileprivate var storedEntry: WeightTable.Entry {
    WeightTable.Entry(dtype: dtype, shape: part.map { PartialShape($0.wholeShape) } ?? shape)
  }
}

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
  /// - Parameter names: the name in the file for the names of variables that differ there.
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
  ///   - names: the name in the file for the names of variables that differ there.
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
    let wanted = table(
      variables.map { ($0.name, .init(dtype: $0.dtype, shape: $0.shape)) })
    let stored = table(
      reader.entries.map { ($0.name, .init(dtype: $0.dtype, shape: PartialShape($0.shape))) })
    let differences = try WeightDifferences(
      from: WeightTable(wanted), to: WeightTable(stored), names: names)

    var report = RestoreReport()
    report.likelyRenames = differences.likelyRenames.map { ($0.old, $0.new) }
    let renames = Dictionary(
      differences.likelyRenames.map { ($0.old, $0.new) }, uniquingKeysWith: { first, _ in first })
    var unused = Set(stored.keys)
    var values: [(Variable, TensorValue)] = []
    for variable in variables {
      let source =
        names[variable.name] ?? (takesLikelyRenames ? renames[variable.name] : nil) ?? variable.name
      guard let entry = stored[source] else {
        report.missing.append(variable.name)
        continue
      }
      unused.remove(source)
      guard let expected = wanted[variable.name], entry.dtype == expected.dtype,
        entry.shape.isCompatible(with: expected.shape)
      else {
        report.otherShape.append(
          (variable.name, "\(variable.dtype)\(variable.shape)", "\(entry)"))
        continue
      }
      values.append((variable, try reader.value(of: source)))
      report.restored.append((variable.name, source))
    }
    report.unused = unused.sorted()
    return (values, report)
  }

  private func table(_ entries: [(String, WeightTable.Entry)]) -> [String: WeightTable.Entry] {
    Dictionary(entries, uniquingKeysWith: { first, _ in first })
  }
}

import GraphCore
import TensorCore

/// How two sets of named tensors differ: everything in one report, with the likely renames among what
/// one side lacks.
public struct WeightDifferences: Sendable {
  /// Names that only the first has, and that no likely rename explains.
  public private(set) var missing: [String] = []
  /// Names that only the second has, and that no likely rename explains.
  public private(set) var extra: [String] = []
  /// Names whose type or shape differs, with both.
  public private(set) var changed: [String] = []
  /// Names of one type and shape that look like one tensor under two names.
  public private(set) var likelyRenames: [(old: String, new: String)] = []
  /// Tensors whose values differ beyond the tolerance.
  public private(set) var values: [String] = []
  private let old: WeightTable
  private let new: WeightTable

  /// Whether both hold the same tensors under the same names.
  public var isSame: Bool {
    missing.isEmpty && extra.isEmpty && changed.isEmpty && likelyRenames.isEmpty && values.isEmpty
  }

  /// Compares two tables, and their values if both have some.
  ///
  /// - Parameters:
  ///   - names: for names of the first table those that the second is known to use.
  ///   - tolerance: by how much values may differ.
  /// - Throws: if a value cannot be read.
  public init(
    from old: WeightTable, to new: WeightTable, names: [String: String] = [:],
    tolerance: Double = 0
  ) throws {
    self.old = old
    self.new = new
    var pairs: [(String, String)] = []
    var left = Set(new.entries.keys)
    for name in old.entries.keys.sorted() {
      let other = names[name] ?? name
      if left.remove(other) != nil { pairs.append((name, other)) } else { missing.append(name) }
    }
    extra = left.sorted()
    for (name, other) in LikelyRenames.find(missing, old.entries, extra, new.entries) {
      likelyRenames.append((name, other))
      pairs.append((name, other))
    }
    let (gone, come) = (Set(likelyRenames.map(\.old)), Set(likelyRenames.map(\.new)))
    missing.removeAll { gone.contains($0) }
    extra.removeAll { come.contains($0) }
    for (name, other) in pairs {
      guard let a = old.entries[name], let b = new.entries[other] else { continue }
      let shown = name == other ? name : "\(name) -> \(other)"
      guard a.isCompatible(with: b) else {
        changed.append("\(shown): \(a) -> \(b)")
        continue
      }
      guard let value = old.value, let newValue = new.value else { continue }
      let difference = TensorComparison(
        try value(name), try newValue(other), tolerance: tolerance)
      if let difference { values.append("\(shown): \(difference)") }
    }
  }

  /// The report, a line each.
  public func lines() -> [String] {
    likelyRenames.map { "likely renamed \($0.old) -> \($0.new)" }
      + missing.map { "missing \($0) \(old.entries[$0].map { "\($0)" } ?? "")" }
      + extra.map { "extra \($0) \(new.entries[$0].map { "\($0)" } ?? "")" }
      + changed.map { "changed \($0)" } + values.map { "values \($0)" }
  }

  /// The likely renames as a mapping for other tools, `old new` a line.
  public var map: String { likelyRenames.map { "\($0.old) \($0.new)\n" }.joined() }
}

/// What each epoch of a training gave: `loss`, `val_loss`, and the metrics under their names.
public struct History: Sendable {
  /// The numbers of each epoch, by name.
  public private(set) var epochs: [[String: Double]] = []

  /// A history without epochs.
  public init() {}

  /// Takes note of an epoch.
  public mutating func append(_ logs: [String: Double]) { epochs.append(logs) }

  /// Goes on with another training's epochs.
  public mutating func append(_ other: History) { epochs += other.epochs }

  /// One number's course; empty if there is none of that name.
  public subscript(name: String) -> [Double] { epochs.compactMap { $0[name] } }

  /// The names of the numbers: those of training first, each group in alphabetical order.
  public var names: [String] {
    let all = Set(epochs.flatMap(\.keys))
    return all.filter { !$0.hasPrefix("val_") }.sorted()
      + all.filter { $0.hasPrefix("val_") }.sorted()
  }
}

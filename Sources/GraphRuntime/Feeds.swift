import GraphCore
import TensorCore

/// What a run is fed: tensors (or variables, for this run alone) with their values.
///
/// Written as a dictionary literal: `[x: images, training: true]`.
public struct Feeds: ExpressibleByDictionaryLiteral, Sendable {
  package private(set) var entries: [(key: any GraphElement, value: any TensorConvertible)] = []

  /// No feeds.
  public init() {}

  /// The feeds of a literal.
  public init(dictionaryLiteral elements: (any GraphElement, any TensorConvertible)...) {
    entries = elements.map { ($0.0, $0.1) }
  }

  /// Adds a feed.
  public mutating func feed(_ value: any TensorConvertible, to element: any GraphElement) {
    entries.append((element, value))
  }
}

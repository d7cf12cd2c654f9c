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

extension Feeds {
  /// What is fed, if it is tensors alone.
  var tensors: [Tensor]? {
    var tensors: [Tensor] = []
    tensors.reserveCapacity(entries.count)
    for entry in entries {
      guard let tensor = entry.key as? Tensor else { return nil }
      tensors.append(tensor)
    }
    return tensors
  }

  /// The values in the types of the tensors that they are for; nil if one does not adapt.
  func values(for tensors: [Tensor]) -> [TensorValue]? {
    var values: [TensorValue] = []
    values.reserveCapacity(tensors.count)
    for (entry, tensor) in zip(entries, tensors) {
      guard let value = try? entry.value.tensorValue(as: tensor.dtype) else { return nil }
      values.append(value)
    }
    return values
  }
}

import Synchronization

/// Tensors in order, as TensorFlow's lists hold them: a value, which loops make a longer or a shorter
/// one of in each round.
///
/// Lists share what is in front: to put an element at the end of the longest one, or to leave the last
/// out, copies nothing. (Copying made a loop of T rounds take T² steps.)
package final class TensorList: Sendable {
  private final class Buffer: Sendable {
    let items: Mutex<[TensorValue]>
    init(_ items: [TensorValue]) { self.items = Mutex(items) }
  }

  private let buffer: Buffer
  /// The number of tensors.
  package let count: Int

  private init(_ buffer: Buffer, _ count: Int) { (self.buffer, self.count) = (buffer, count) }

  /// The given tensors.
  package convenience init(_ items: [TensorValue]) { self.init(Buffer(items), items.count) }

  /// All tensors.
  package var items: [TensorValue] {
    buffer.items.withLock { $0.count == count ? $0 : Array($0[..<count]) }
  }

  /// One of the tensors.
  package subscript(place: Int) -> TensorValue {
    precondition(place < count, "a list of \(count) tensors has no place \(place)")
    return buffer.items.withLock { $0[place] }
  }

  /// The list with one more tensor at its end.
  package func appending(_ item: TensorValue) -> TensorList {
    let isLongest = buffer.items.withLock { items in
      guard items.count == count else { return false }
      items.append(item)
      return true
    }
    return isLongest ? TensorList(buffer, count + 1) : TensorList(items + [item])
  }

  /// The list without its last tensor; without any if it has none.
  package func dropLast() -> TensorList { TensorList(buffer, max(count - 1, 0)) }
}

extension TensorList: Hashable {
  /// Whether the tensors are the same.
  package static func == (a: TensorList, b: TensorList) -> Bool { a.items == b.items }
  /// Takes in the tensors.
  package func hash(into hasher: inout Hasher) { hasher.combine(items) }
}

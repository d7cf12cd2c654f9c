/// The comments at one place of a graph written as text.
package struct TextComments: Sendable {
  /// Whole lines above, empty ones included.
  package var above: [String] = []
  /// What follows on the line itself.
  package var beside = ""

  package var isEmpty: Bool { above.isEmpty && beside.isEmpty }
}

/// What comments can stand at.
package enum TextPlace: Hashable, Sendable {
  case node(Int)
  case collection(CollectionKey)
  case item(CollectionKey, Int)
  case collectionEnd(CollectionKey)
  case details
  case end
  /// Somewhere the text had lines that are made anew.
  case generated
}

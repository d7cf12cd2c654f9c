import TensorCore

extension Node {
  /// What is known of the integers in the `index`th input where they are sizes, indices, axes or
  /// strides: at most `Int.beyondSizes`, which is more than any tensor has, so that an op may add them
  /// up without care. Values to be handed on as they are come from `partialValue`.
  package func sizes(_ index: Int) -> PartialValue? {
    guard let value = partialValue(index) else { return nil }
    let elements = value.elements.map { $0?.asSize }
    return value.isScalar ? PartialValue(scalar: elements[0]) : PartialValue(vector: elements)
  }

  /// The integers of the `index`th input if it is a constant, of any shape, as `sizes` gives them.
  package func constantSizes(_ index: Int) -> [Int]? {
    constantValue(index)?.integers?.map(\.asSize)
  }
}

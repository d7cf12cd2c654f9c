/// Arithmetic on numbers that come from files and from values and are believed only once it is done.
extension Int {
  /// No tensor has a size, an index or a stride of this magnitude: it stands for all that are greater.
  /// Sums of thousands of such numbers, or a product with another of 10 bits, overflow no integer.
  package static let beyondSizes = 1 << 52

  /// The number, or `beyondSizes` of its sign if it is of greater magnitude.
  package var asSize: Int { Swift.min(Swift.max(self, -.beyondSizes), .beyondSizes) }
}

extension Sequence<Int> {
  /// The product, or `beyondSizes` of its sign if it is of greater magnitude; 0 if any factor is 0.
  package var sizeProduct: Int {
    var product = 1
    for factor in self {
      if factor == 0 { return 0 }
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      product =
        overflow ? ((product < 0) == (factor < 0) ? .beyondSizes : -.beyondSizes) : next.asSize
    }
    return product
  }
}

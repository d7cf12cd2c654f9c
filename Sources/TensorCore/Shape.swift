/// The sizes of a tensor's dimensions, all known: what a value has and what a plan runs with.
public struct Shape: Hashable, Sendable {
  /// The size of each dimension, outermost first; empty for a scalar.
  public var dimensions: [Int]

  /// More elements are refused wherever sizes come from a file or from values: no machine holds them,
  /// and products of sizes below it overflow no integer.
  package static let mostElements = 1 << 48

  /// A shape of the given sizes, outermost first.
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  /// The shape `[]` of one element.
  public static let scalar = Shape([])

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The number of elements: the product of the sizes, 1 for a scalar.
  public var count: Int { dimensions.reduce(1, *) }

  /// The number of elements, or nil where the product does not fit an `Int`.
  ///
  /// For shapes that came from a file and cannot be believed yet.
  public var checkedCount: Int? {
    var count = 1
    for dimension in dimensions {
      guard dimension >= 0 else { return nil }
      // A size of 0 must not hide an overflow, which strides would run into.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(dimension, 1))
      if overflow { return nil }
      count = product
    }
    return dimensions.contains(0) ? 0 : count
  }

  /// The row-major distance, in elements, between neighbours along each dimension.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    return strides
  }

  /// The size of dimension `axis`.
  public subscript(axis: Int) -> Int {
    get { dimensions[axis] }
    set { dimensions[axis] = newValue }
  }
}

extension Shape: ExpressibleByArrayLiteral, CustomStringConvertible {
  /// A shape written as its sizes: `[50, 784]`.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The sizes in brackets: `[50, 784]`.
  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }
}

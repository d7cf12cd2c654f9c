/// What is known of a tensor's shape before a plan runs: nothing, the rank, or the rank and some sizes.
public struct PartialShape: Hashable, Sendable {
  /// The sizes, nil where unknown; the whole is nil if even the rank is unknown.
  public var dimensions: [Int?]?

  /// A shape of known rank with the given sizes, nil where a size is unknown.
  public init(_ dimensions: [Int?]) { self.dimensions = dimensions }

  /// A shape of which everything is known.
  public init(_ shape: Shape) { self.dimensions = shape.dimensions }

  private init(unknown: Void) { self.dimensions = nil }

  /// A shape whose rank is not known.
  public static let unknown = PartialShape(unknown: ())

  /// The shape `[]` of one element.
  public static let scalar = PartialShape([Int?]())

  /// TensorFlow's limit of dimensions.
  private static let mostDimensions = 254

  /// A shape of `rank` unknown sizes; unknown altogether where no tensor has so many dimensions, as a
  /// file may say.
  public static func ofRank(_ rank: Int) -> PartialShape {
    guard (0...mostDimensions).contains(rank) else { return .unknown }
    return PartialShape([Int?](repeating: nil, count: rank))
  }

  /// The number of dimensions, if known.
  public var rank: Int? { dimensions?.count }

  /// The whole shape, if all of it is known.
  public var fullyDefined: Shape? {
    guard let dimensions else { return nil }
    var sizes: [Int] = []
    for dimension in dimensions {
      guard let dimension else { return nil }
      sizes.append(dimension)
    }
    return Shape(sizes)
  }

  /// The number of elements, if every size is known.
  public var count: Int? { fullyDefined?.count }

  /// The size of dimension `axis`, nil if it or the rank is unknown.
  public subscript(axis: Int) -> Int? {
    guard let dimensions, dimensions.indices.contains(axis) else { return nil }
    return dimensions[axis]
  }

  /// Whether a tensor may have both this and the other shape.
  public func isCompatible(with other: PartialShape) -> Bool { merged(with: other) != nil }

  /// Whether `shape` is one of the shapes that this one stands for.
  public func matches(_ shape: Shape) -> Bool { isCompatible(with: PartialShape(shape)) }

  /// All that is known from either shape of the same tensor, or nil if they contradict one another.
  public func merged(with other: PartialShape) -> PartialShape? {
    guard let mine = dimensions else { return other }
    guard let theirs = other.dimensions else { return self }
    guard mine.count == theirs.count else { return nil }
    var merged: [Int?] = []
    for (a, b) in zip(mine, theirs) {
      if let a, let b, a != b { return nil }
      merged.append(a ?? b)
    }
    return PartialShape(merged)
  }

  /// This shape's dimensions followed by another's; unknown if either's rank is.
  public func appending(_ other: PartialShape) -> PartialShape {
    guard let mine = dimensions, let theirs = other.dimensions else { return .unknown }
    return PartialShape(mine + theirs)
  }

  /// The shape that two operands broadcast to by NumPy's rules, or nil if they do not.
  public static func broadcast(_ a: PartialShape, _ b: PartialShape) -> PartialShape? {
    guard let a = a.dimensions, let b = b.dimensions else { return .unknown }
    let rank = max(a.count, b.count)
    var result: [Int?] = []
    for axis in 0..<rank {
      let left = axis - (rank - a.count)
      let right = axis - (rank - b.count)
      let x: Int? = left < 0 ? 1 : a[left]
      let y: Int? = right < 0 ? 1 : b[right]
      switch (x, y) {
      case (1, _): result.append(y)
      case (_, 1): result.append(x)
      case (let x?, let y?):
        guard x == y else { return nil }
        result.append(x)
      // A size above one beside an unknown one: the unknown is 1 or the same.
      case (let x?, nil): result.append(x)
      case (nil, let y?): result.append(y)
      case (nil, nil): result.append(nil)
      }
    }
    return PartialShape(result)
  }
}

extension PartialShape: ExpressibleByArrayLiteral, CustomStringConvertible {
  /// A shape written as its sizes, nil where unknown: `[nil, 784]`.
  public init(arrayLiteral elements: Int?...) { self.init(elements) }

  /// The sizes in brackets, `?` where unknown (`[?, 784]`); `<unknown>` without a rank.
  public var description: String {
    guard let dimensions else { return "<unknown>" }
    return "[" + dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") + "]"
  }
}

extension TensorValue: Hashable {
  /// Whether type, shape and every bit are equal: 0.0 is not −0.0, and a NaN is itself.
  public static func == (a: TensorValue, b: TensorValue) -> Bool {
    guard a.dtype == b.dtype, a.shape == b.shape else { return false }
    switch (a.contents, b.contents) {
    case (.bytes(let x), .bytes(let y)):
      if x === y { return true }
      return a.withUnsafeBytes { left in b.withUnsafeBytes { left.elementsEqual($0) } }
    case (.strings(let x), .strings(let y)): return x == y
    case (.list(let x), .list(let y)): return x == y
    case (.shared(let x), .shared(let y)): return x === y
    default: return false
    }
  }

  /// Hashes type, shape and at most the first 256 bytes, which is enough to tell constants apart.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(dtype)
    hasher.combine(shape)
    switch contents {
    case .bytes: withUnsafeBytes { hasher.combine(bytes: .init(rebasing: $0.prefix(256))) }
    case .strings(let strings): hasher.combine(strings)
    case .list(let list): hasher.combine(list)
    case .shared(let values): hasher.combine(ObjectIdentifier(values))
    }
  }
}

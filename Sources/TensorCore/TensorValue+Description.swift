extension TensorValue: CustomStringConvertible {
  /// Type, shape and elements, abbreviated beyond `elementLimit`: `float32[2, 2] [[1.0, 2.0], …]`.
  public var description: String { "\(dtype)\(shape) \(elementsDescription(limit: 64))" }

  /// The elements in nested brackets, at most `limit` of them.
  public func elementsDescription(limit: Int) -> String {
    var printed: [String] = []
    switch dtype {
    case .string:
      for string in (try? strings()) ?? [] where printed.count < limit {
        printed.append("\"\(String(decoding: string, as: UTF8.self))\"")
      }
    case .bool: printed = (integers ?? []).prefix(limit).map { $0 == 0 ? "false" : "true" }
    case .float32: printed = ((try? scalars(as: Float.self)) ?? []).prefix(limit).map { "\($0)" }
    case .uint64: printed = ((try? scalars(as: UInt64.self)) ?? []).prefix(limit).map { "\($0)" }
    default:
      if let integers {
        printed = integers.prefix(limit).map { "\($0)" }
      } else if let doubles {
        printed = doubles.prefix(limit).map { "\($0)" }
      } else {
        return "<\(byteCount) bytes>"
      }
    }
    if count > limit { printed.append("…") }
    var index = 0
    func nested(_ axis: Int) -> String {
      guard axis < shape.rank else {
        defer { index += 1 }
        return index < printed.count ? printed[index] : ""
      }
      var parts: [String] = []
      for _ in 0..<shape[axis] where index < printed.count { parts.append(nested(axis + 1)) }
      return "[" + parts.joined(separator: ", ") + "]"
    }
    return nested(0)
  }
}

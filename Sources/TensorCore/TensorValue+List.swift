extension TensorValue {
  /// A scalar of `variant` that holds tensors: TensorFlow's `TensorList`.
  package init(list: TensorList) {
    self.init(dtype: .variant, shape: .scalar, contents: .list(list))
  }

  /// The tensors that a list holds; nil for any other value.
  package var list: TensorList? {
    if case .list(let list) = contents { list } else { nil }
  }

  /// A scalar of `resource` that names a variable.
  package init(resource name: String) {
    self.init(dtype: .resource, shape: .scalar, contents: .strings([Array(name.utf8)]))
  }

  /// The parts along the first axis, each without it.
  package var slices: [TensorValue] {
    guard shape.rank > 0 else { return [self] }
    let inner = Shape(Array(shape.dimensions.dropFirst()))
    if case .strings(let strings) = contents {
      return (0..<shape[0]).map { row in
        let part = Array(strings[(row * inner.count)..<((row + 1) * inner.count)])
        return TensorValue(dtype: dtype, shape: inner, contents: .strings(part))
      }
    }
    let size = inner.count * (dtype.byteCount ?? 0)
    return (0..<shape[0]).map { row in
      var part = TensorValue(zeros: inner, dtype: dtype)
      withUnsafeBytes { source in
        part.withUnsafeMutableBytes { target in
          target.copyMemory(from: .init(rebasing: source[(row * size)..<((row + 1) * size)]))
        }
      }
      return part
    }
  }
}

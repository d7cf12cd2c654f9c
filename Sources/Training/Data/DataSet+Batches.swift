import TensorCore

extension DataSet {
  /// Some images with their labels: what one training step takes.
  public struct Batch: Sendable {
    /// Some rows of a split's images.
    public let images: TensorValue
    /// Their labels.
    public let labels: TensorValue
  }

  /// A size that no batch can have.
  public struct BatchSizeError: Error, CustomStringConvertible {
    let size: Int
    /// What was asked for.
    public var description: String { "a batch must have at least 1 image, not \(size)" }
  }
}

extension DataSet.Split {
  /// The images in their order, `size` at a time; the last batch may be smaller.
  ///
  /// - Throws: `DataSet.BatchSizeError` if `size` is less than 1.
  public func batches(of size: Int) throws(DataSet.BatchSizeError) -> some Sequence<
    DataSet.Batch
  > {
    guard size >= 1 else { throw DataSet.BatchSizeError(size: size) }
    return stride(from: 0, to: count, by: size).lazy.map { start in
      let rows = Array(start..<Swift.min(start + size, count))
      return DataSet.Batch(images: images.rows(rows), labels: labels.rows(rows))
    }
  }

  /// The same images in an order that follows from a seed.
  public func shuffled(seed: UInt64) -> DataSet.Split {
    var order = Array(0..<count)
    var generator = SplitMix64(state: seed)
    order.shuffle(using: &generator)
    return DataSet.Split(images: images.rows(order), labels: labels.rows(order))
  }
}

extension TensorValue {
  /// The given rows of the outermost dimension.
  func rows(_ indices: [Int]) -> TensorValue {
    let shape = Shape([indices.count] + shape.dimensions.dropFirst())
    var result = TensorValue(zeros: shape, dtype: dtype)
    let size = indices.isEmpty ? 0 : result.byteCount / indices.count
    withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        for (place, row) in indices.enumerated() {
          UnsafeMutableRawBufferPointer(rebasing: target[(place * size)..<((place + 1) * size)])
            .copyMemory(from: .init(rebasing: source[(row * size)..<((row + 1) * size)]))
        }
      }
    }
    return result
  }
}

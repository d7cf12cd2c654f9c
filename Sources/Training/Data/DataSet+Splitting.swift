import TensorCore

extension DataSet.Split {
  /// Examples with what is to be learned of each.
  ///
  /// - Parameters:
  ///   - images: an example a row, `[count, …]`.
  ///   - labels: as many, `[count]` or `[count, …]`.
  /// - Throws: `DataSet.SizeError` if the counts differ.
  public init(_ images: TensorValue, labels: TensorValue) throws(DataSet.SizeError) {
    guard images.shape.rank >= 1, labels.shape.rank >= 1, images.shape[0] == labels.shape[0] else {
      throw DataSet.SizeError(
        description: "labels of shape \(labels.shape) are no labels for examples of shape "
          + "\(images.shape): the first sizes must be the same")
    }
    self.init(images: images, labels: labels)
  }

  /// The examples at the given places, as far as there are any.
  public subscript(range: Range<Int>) -> DataSet.Split {
    let rows = Array(range.clamped(to: 0..<count))
    return DataSet.Split(images: images.rows(rows), labels: labels.rows(rows))
  }

  /// The first examples, at most `limit` of them.
  public func prefix(_ limit: Int) -> DataSet.Split { self[0..<Swift.max(0, limit)] }

  /// The examples but for the last ones, and these, to validate with; as Keras' `validation_split`
  /// they are not shuffled before.
  ///
  /// - Parameter share: how many of the examples are held back, from 0 to 1.
  public func divided(validation share: Double) -> (
    train: DataSet.Split, validation: DataSet.Split
  ) {
    let kept = count - Int((Double(count) * Swift.min(Swift.max(share, 0), 1)).rounded())
    return (self[0..<kept], self[kept..<count])
  }

  /// The examples of some classes, which are then counted from 0 in the order given.
  ///
  /// - Parameter limit: the most examples to take of each class.
  public func keeping(classes: [Int], limit: Int = .max) -> DataSet.Split {
    var taken = [Int](repeating: 0, count: classes.count)
    var rows: [Int] = []
    var own: [Int64] = []
    for (row, label) in (labels.integers ?? []).enumerated() {
      guard let place = classes.firstIndex(of: label), taken[place] < limit else { continue }
      taken[place] += 1
      rows.append(row)
      own.append(Int64(place))
    }
    return DataSet.Split(images: images.rows(rows), labels: TensorValue(own))
  }

  /// The same examples with other labels, such as the examples themselves.
  ///
  /// - Throws: `DataSet.SizeError` if the counts differ.
  public func labelled(_ labels: TensorValue) throws(DataSet.SizeError) -> DataSet.Split {
    try DataSet.Split(images, labels: labels)
  }
}

extension DataSet {
  /// Examples and labels that do not belong together.
  public struct SizeError: Error, CustomStringConvertible {
    /// Both shapes.
    public let description: String
  }

  /// The images of some classes, which are then counted from 0 in the order given.
  public func keeping(classes: [Int]) -> DataSet {
    DataSet(train: train.keeping(classes: classes), test: test.keeping(classes: classes))
  }
}

import TensorCore
import TensorFlowFormats

extension DataSet.Split {
  /// Examples from a file of comma-separated values; `CSVTable` says how it is read.
  ///
  /// - Parameters:
  ///   - label: the label's column; the last by default.
  ///   - hasHeader: whether the first row names the columns.
  ///   - separator: what stands between fields.
  /// - Throws: `FileError` naming the line with a field too many or too few, or with one that is not
  ///   a number.
  public static func csv(
    _ path: String, label: String? = nil, hasHeader: Bool = true, separator: Character = ","
  ) throws(FileError) -> DataSet.Split {
    try CSVTable.read(path, hasHeader: hasHeader, separator: separator).split(label: label)
  }

  /// Examples from two of NumPy's `.npy` files; their numbers are not scaled.
  ///
  /// - Parameters:
  ///   - images: numbers `[count, …]`, which become `float32`.
  ///   - labels: `[count, …]`; whole numbers become `int64`, others `float32`.
  /// - Throws: `FileError` if a file is damaged, or if the counts differ.
  public static func npy(images: String, labels: String) throws(FileError) -> DataSet.Split {
    let (examples, targets) = (try NPY.read(images), try NPY.read(labels))
    guard examples.shape.rank >= 1, targets.shape.rank >= 1, examples.shape[0] == targets.shape[0]
    else {
      throw FileError(
        labels, "has labels of shape \(targets.shape) for examples of shape \(examples.shape)")
    }
    return DataSet.Split(
      images: try converted(examples, .float32, images),
      labels: try converted(targets, targets.dtype.isInteger ? .int64 : .float32, labels))
  }

  private static func converted(_ value: TensorValue, _ dtype: DType, _ path: String)
    throws(FileError) -> TensorValue
  {
    if value.dtype == dtype { return value }
    let result: TensorValue?
    if dtype == .int64 {
      result = value.integers.flatMap {
        try? TensorValue(integers: $0, as: dtype, shape: value.shape)
      }
    } else {
      let numbers = value.doubles ?? value.integers?.map(Double.init)
      result = numbers.flatMap { try? TensorValue(converting: $0, to: dtype, shape: value.shape) }
    }
    guard let result else { throw FileError(path, "holds \(value.dtype), which is no number") }
    return result
  }
}

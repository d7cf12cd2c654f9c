import TensorCore

/// Moves and scales examples so that those it was made from have mean 0 and standard deviation 1;
/// test data take the training data's numbers.
public struct Standardization: Sendable {
  /// What shares a mean and a deviation.
  public enum Scope: Sendable {
    /// Each feature for itself.
    case eachFeature
    /// All features together: for features on one scale, such as pixels, some of which hardly vary.
    case allFeatures
  }

  /// What is subtracted, for each feature.
  public let mean: [Double]
  /// What is divided by, for each feature; 1 where a feature does not vary.
  public let standardDeviation: [Double]

  /// The statistics of examples `[count, …]`; the deviation is that of the examples themselves.
  public init(of examples: TensorValue, _ scope: Scope = .eachFeature) {
    let numbers = examples.doubles ?? []
    let count = examples.shape.rank > 0 ? examples.shape[0] : 0
    let width = count > 0 ? numbers.count / count : 0
    var mean = [Double](repeating: 0, count: width)
    var variance = mean
    for row in 0..<count {
      for column in 0..<width { mean[column] += numbers[row * width + column] }
    }
    for column in 0..<width { mean[column] /= Double(count) }
    if case .allFeatures = scope {
      mean = [Double](repeating: mean.reduce(0, +) / Double(max(width, 1)), count: width)
    }
    for row in 0..<count {
      for column in 0..<width {
        let distance = numbers[row * width + column] - mean[column]
        variance[column] += distance * distance
      }
    }
    for column in 0..<width { variance[column] /= Double(count) }
    if case .allFeatures = scope {
      variance = [Double](repeating: variance.reduce(0, +) / Double(max(width, 1)), count: width)
    }
    self.mean = mean
    standardDeviation = variance.map { $0 > 0 ? $0.squareRoot() : 1 }
  }

  /// Examples of the same features, moved and scaled, in `float32`.
  ///
  /// - Throws: `TensorError` if they have another number of features.
  public func callAsFunction(_ examples: TensorValue) throws(TensorError) -> TensorValue {
    let width = examples.shape.dimensions.dropFirst().reduce(1, *)
    guard examples.shape.rank > 0, width == mean.count, var numbers = examples.doubles else {
      throw TensorError(
        "the statistics are those of \(mean.count) features, found examples of shape "
          + "\(examples.shape) and type \(examples.dtype)")
    }
    for row in 0..<examples.shape[0] {
      for column in 0..<width {
        let place = row * width + column
        numbers[place] = (numbers[place] - mean[column]) / standardDeviation[column]
      }
    }
    return try TensorValue(converting: numbers, to: .float32, shape: examples.shape)
  }
}

extension DataSet {
  /// Both parts, standardised by the statistics of the training images.
  ///
  /// - Throws: `TensorError` if the test images have another number of features.
  public func standardized(_ scope: Standardization.Scope = .eachFeature) throws(TensorError)
    -> DataSet
  {
    let standardization = Standardization(of: train.images, scope)
    return DataSet(
      train: Split(images: try standardization(train.images), labels: train.labels),
      test: Split(images: try standardization(test.images), labels: test.labels))
  }
}

import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// What several runs of a graph that draws random numbers gave.
public struct SampledPredictions: Sendable {
  /// The mean of the samples, element by element.
  public let mean: TensorValue
  /// Their standard deviation, element by element: how unsure the net is.
  public let standardDeviation: TensorValue
  /// The number of runs.
  public let count: Int
}

extension Session {
  /// Mean and spread of a tensor over several runs, for nets whose dropout stays on (`training: nil`);
  /// Gal and Ghahramani, 2016.
  ///
  /// The deviation is that of the samples themselves: the root of their mean squared distance.
  ///
  /// - Parameters:
  ///   - tensor: of a floating-point type, such as the probabilities of classes.
  ///   - samples: how many runs to make, at least 1.
  /// - Throws: what a run throws; `SessionError` if the tensor cannot be averaged.
  public func predictions(of tensor: Tensor, samples: Int = 100, feeding feeds: Feeds = [:]) throws
    -> SampledPredictions
  {
    guard samples >= 1, tensor.dtype.isFloatingPoint else {
      throw SessionError(
        "predictions takes a floating-point tensor and 1 sample or more, found \(tensor.dtype) "
          + "\"\(tensor.name)\" and \(samples)")
    }
    var shape = Shape.scalar
    // Welford's sums do not cancel where the spread is small beside the mean.
    var (mean, squares): ([Double], [Double]) = ([], [])
    for sample in 1...samples {
      let value = try run(tensor, feeding: feeds)
      let numbers = value.doubles ?? []
      if sample == 1 {
        shape = value.shape
        mean = numbers.map { _ in 0 }
        squares = mean
      }
      guard value.shape == shape else {
        throw SessionError(
          "\"\(tensor.name)\" has shape \(value.shape) in one run and \(shape) in another")
      }
      for (place, number) in numbers.enumerated() {
        let distance = number - mean[place]
        mean[place] += distance / Double(sample)
        squares[place] += distance * (number - mean[place])
      }
    }
    let deviations = squares.map { ($0 / Double(samples)).squareRoot() }
    return SampledPredictions(
      mean: try TensorValue(converting: mean, to: tensor.dtype, shape: shape),
      standardDeviation: try TensorValue(converting: deviations, to: tensor.dtype, shape: shape),
      count: samples)
  }
}

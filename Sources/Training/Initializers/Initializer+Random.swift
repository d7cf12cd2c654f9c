import GraphCore
import StandardOps
import TensorCore

extension Initializer {
  /// Uniform in [min, max); TensorFlow's `RandomUniform`.
  public static func randomUniform(min: Double = 0, max: Double = 1, seed: Int? = nil)
    -> Initializer
  {
    Initializer { $0.randomUniform($1, min: min, max: max, dtype: $2, seed: seed) }
  }

  /// Normal with the given mean and standard deviation; TensorFlow's `RandomNormal`.
  public static func randomNormal(
    mean: Double = 0, standardDeviation: Double = 1, seed: Int? = nil
  ) -> Initializer {
    Initializer {
      $0.randomNormal(
        $1, mean: mean, standardDeviation: standardDeviation, dtype: $2, seed: seed)
    }
  }

  /// Normal, drawn again while two deviations or more from the mean; TensorFlow's
  /// `TruncatedNormal`.
  public static func truncatedNormal(
    mean: Double = 0, standardDeviation: Double = 1, seed: Int? = nil
  ) -> Initializer {
    Initializer {
      $0.truncatedNormal(
        $1, mean: mean, standardDeviation: standardDeviation, dtype: $2, seed: seed)
    }
  }
}

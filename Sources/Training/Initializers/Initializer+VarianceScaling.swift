import GraphCore
import StandardOps
import TensorCore

extension Initializer {
  /// Which side of a layer a variance is scaled by.
  public enum Fan: Sendable {
    /// The inputs of a unit.
    case fanIn
    /// The outputs that an input reaches.
    case fanOut
    /// The mean of both.
    case fanAverage
  }

  /// What numbers of a scaled variance are drawn from.
  public enum Distribution: Sendable {
    /// Normal, drawn again beyond two deviations, and widened so that the variance is right again.
    case truncatedNormal
    /// Normal.
    case untruncatedNormal
    /// Uniform in [−√(3·variance), √(3·variance)).
    case uniform
  }

  /// Mean 0 and variance `scale / fan`, where a fan below 1 counts as 1; TensorFlow's
  /// `VarianceScaling`.
  ///
  /// Of a kernel, the last two dimensions are input and output channels, and those before them a
  /// window that multiplies both fans.
  public static func varianceScaling(
    scale: Double = 1, mode: Fan = .fanIn, distribution: Distribution = .truncatedNormal,
    seed: Int? = nil
  ) -> Initializer {
    Initializer { graph, shape, dtype in
      guard scale > 0 else {
        return graph.mistake(
          "scale must be positive, found \(scale)", op: "variance_scaling",
          site: SourceSite(#fileID, #line))
      }
      let (fanIn, fanOut) = fans(of: shape)
      let size: Double =
        switch mode {
        case .fanIn: fanIn
        case .fanOut: fanOut
        case .fanAverage: (fanIn + fanOut) / 2
        }
      let variance = scale / max(1, size)
      switch distribution {
      case .uniform:
        let limit = (3 * variance).squareRoot()
        return graph.randomUniform(shape, min: -limit, max: limit, dtype: dtype, seed: seed)
      case .untruncatedNormal:
        return graph.randomNormal(
          shape, mean: 0, standardDeviation: variance.squareRoot(), dtype: dtype, seed: seed)
      case .truncatedNormal:
        // The deviation of a normal cut off at two deviations is 0.8796… of the whole one's.
        let deviation = variance.squareRoot() / 0.87962566103423978
        return graph.truncatedNormal(
          shape, mean: 0, standardDeviation: deviation, dtype: dtype, seed: seed)
      }
    }
  }

  /// Glorot and Bengio's uniform initializer (2010), the default of layers: variance
  /// 2 / (inputs + outputs).
  public static func glorotUniform(seed: Int? = nil) -> Initializer {
    varianceScaling(mode: .fanAverage, distribution: .uniform, seed: seed)
  }
  /// Glorot and Bengio's normal initializer, truncated.
  public static func glorotNormal(seed: Int? = nil) -> Initializer {
    varianceScaling(mode: .fanAverage, seed: seed)
  }
  /// He and others' uniform initializer (2015): variance 2 / inputs.
  public static func heUniform(seed: Int? = nil) -> Initializer {
    varianceScaling(scale: 2, distribution: .uniform, seed: seed)
  }
  /// He and others' normal initializer, truncated.
  public static func heNormal(seed: Int? = nil) -> Initializer {
    varianceScaling(scale: 2, seed: seed)
  }
  /// LeCun's uniform initializer (1998): variance 1 / inputs.
  public static func lecunUniform(seed: Int? = nil) -> Initializer {
    varianceScaling(distribution: .uniform, seed: seed)
  }
  /// LeCun's normal initializer, truncated; what nets of `selu` start from.
  public static func lecunNormal(seed: Int? = nil) -> Initializer { varianceScaling(seed: seed) }

  /// Inputs and outputs of a kernel whose last two dimensions are input and output channels.
  private static func fans(of shape: Shape) -> (Double, Double) {
    switch shape.rank {
    case 0: return (1, 1)
    case 1: return (Double(shape[0]), Double(shape[0]))
    default:
      let receptive = shape.dimensions.dropLast(2).reduce(1, *)
      return (
        Double(shape[shape.rank - 2] * receptive), Double(shape[shape.rank - 1] * receptive)
      )
    }
  }
}

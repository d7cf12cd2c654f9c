import GraphCore
import StandardOps
import TensorCore

/// How a variable starts: from its shape and type to a tensor.
public struct Initializer: Sendable {
  package let build: @Sendable (Graph, Shape, DType) -> Tensor

  /// An initializer by a function that builds the initial value.
  public init(_ build: @escaping @Sendable (Graph, Shape, DType) -> Tensor) { self.build = build }

  /// All elements equal to a number.
  public static func constant(_ number: Double) -> Initializer {
    filled(number, name: "Const")
  }
  /// All elements 0.
  public static let zeros = filled(0, name: "zeros")
  /// All elements 1.
  public static let ones = filled(1, name: "ones")

  private static func filled(_ number: Double, name: String) -> Initializer {
    Initializer { graph, shape, dtype in
      let value = try? TensorValue(converting: [number], to: dtype, shape: .scalar)
      return graph.constant(
        (value ?? TensorValue(zeros: .scalar, dtype: dtype)), shape: shape, name: name)
    }
  }

  /// Uniform in [min, max).
  public static func randomUniform(min: Double = -0.05, max: Double = 0.05, seed: Int? = nil)
    -> Initializer
  {
    Initializer { $0.randomUniform($1, min: min, max: max, dtype: $2, seed: seed) }
  }

  /// Normal with the given mean and standard deviation.
  public static func randomNormal(
    mean: Double = 0, standardDeviation: Double = 1, seed: Int? = nil
  ) -> Initializer {
    Initializer {
      $0.randomNormal(
        $1, mean: mean, standardDeviation: standardDeviation, dtype: $2, seed: seed)
    }
  }

  /// Normal, drawn again while two deviations or more from the mean.
  public static func truncatedNormal(
    mean: Double = 0, standardDeviation: Double = 1, seed: Int? = nil
  ) -> Initializer {
    Initializer {
      $0.truncatedNormal(
        $1, mean: mean, standardDeviation: standardDeviation, dtype: $2, seed: seed)
    }
  }

  /// Which side of a layer a variance is scaled by.
  public enum Fan: Sendable {
    /// The inputs of a unit.
    case fanIn
    /// The outputs that an input reaches.
    case fanOut
    /// The mean of both.
    case average
  }

  /// Variance `scale / fan`, uniform or truncated normal: TensorFlow's `VarianceScaling`.
  public static func varianceScaling(
    scale: Double = 1, fan: Fan = .fanIn, isUniform: Bool = false, seed: Int? = nil
  ) -> Initializer {
    Initializer { graph, shape, dtype in
      let (fanIn, fanOut) = fans(of: shape)
      let size: Double =
        switch fan {
        case .fanIn: fanIn
        case .fanOut: fanOut
        case .average: (fanIn + fanOut) / 2
        }
      let variance = scale / max(1, size)
      if isUniform {
        let limit = (3 * variance).squareRoot()
        return graph.randomUniform(shape, min: -limit, max: limit, dtype: dtype, seed: seed)
      }
      // The deviation of a normal cut off at two deviations is 0.8796… of the whole one's.
      let deviation = variance.squareRoot() / 0.87962566103423978
      return graph.truncatedNormal(
        shape, mean: 0, standardDeviation: deviation, dtype: dtype, seed: seed)
    }
  }

  /// Glorot and Bengio's uniform initializer, the default of layers.
  public static let glorotUniform = varianceScaling(fan: .average, isUniform: true)
  /// Glorot and Bengio's normal initializer.
  public static let glorotNormal = varianceScaling(fan: .average)
  /// He and others' normal initializer.
  public static let heNormal = varianceScaling(scale: 2)
  /// He and others' uniform initializer.
  public static let heUniform = varianceScaling(scale: 2, isUniform: true)
  /// LeCun's normal initializer.
  public static let lecunNormal = varianceScaling()

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

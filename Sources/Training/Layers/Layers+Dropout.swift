import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// Drops each element with probability `rate` while training and scales the rest by 1/(1 − rate);
  /// TensorFlow's `tf.layers.dropout`, after Srivastava and others, 2014.
  ///
  /// - Parameters:
  ///   - noiseShape: the shape of what is drawn, where nil takes the input's size: with
  ///     `[nil, 1, 1, nil]`, channels of images are dropped whole.
  ///   - training: whether to drop, or a Boolean scalar that says so at run time. nil drops always:
  ///     Monte Carlo dropout, whose runs `session.predictions(of:samples:)` gathers.
  public static func dropout(
    _ inputs: Tensor, rate: Double = 0.5, noiseShape: [Int?]? = nil, seed: Int? = nil,
    training: (any TrainingFlag)? = false, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    noisy(inputs, rate, training, name, "dropout", SourceSite(file, line)) {
      let kept = keptElements(inputs, rate, noiseShape, seed)
      return inputs * (1 / (1 - rate)) * kept
    }
  }

  /// Dropout that keeps mean and variance of what `selu` gives: dropped elements become its least
  /// value −λα, and all are scaled and moved; Klambauer and others, 2017, Keras's `AlphaDropout`.
  ///
  /// a·(x·kept − λα·(1 − kept)) + b with a = ((1 − rate)·(1 + rate·(λα)²))^−½ and b = a·λα·rate.
  ///
  /// - Parameter training: as in `dropout`.
  public static func alphaDropout(
    _ inputs: Tensor, rate: Double = 0.5, noiseShape: [Int?]? = nil, seed: Int? = nil,
    training: (any TrainingFlag)? = false, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    noisy(inputs, rate, training, name, "alpha_dropout", SourceSite(file, line)) {
      let kept = keptElements(inputs, rate, noiseShape, seed)
      let least = -1.7580993408473766
      let a = 1 / ((1 - rate) * (1 + rate * least * least)).squareRoot()
      let b = -a * least * rate
      return (inputs * kept + (1 - kept) * least) * a + b
    }
  }

  /// Adds normal noise of the given standard deviation while training; Keras's `GaussianNoise`.
  ///
  /// - Parameter training: as in `dropout`.
  public static func gaussianNoise(
    _ inputs: Tensor, standardDeviation: Double, seed: Int? = nil,
    training: (any TrainingFlag)? = false, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    noisy(inputs, 0, training, name, "gaussian_noise", SourceSite(file, line)) {
      inputs
        + inputs.graph.randomNormal(
          shape(of: inputs), standardDeviation: standardDeviation, dtype: inputs.dtype, seed: seed)
    }
  }

  private static func noisy(
    _ inputs: Tensor, _ rate: Double, _ training: (any TrainingFlag)?, _ name: String?,
    _ kind: String, _ site: SourceSite, _ body: () -> Tensor
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    return inLayer(inputs.graph, name, kind, site) {
      guard (0..<1).contains(rate) else {
        return inputs.graph.mistake(
          "rate must be in [0, 1), found \(rate)", op: kind, site: site, beside: [inputs])
      }
      return inTraining(training, otherwise: inputs, body)
    }
  }

  /// 1 where an element is kept, 0 where it is dropped.
  private static func keptElements(
    _ inputs: Tensor, _ rate: Double, _ noiseShape: [Int?]?, _ seed: Int?
  ) -> Tensor {
    let graph = inputs.graph
    var sizes = shape(of: inputs)
    if let noiseShape {
      let own = sizes
      sizes = stack(
        noiseShape.enumerated().map { axis, size in
          size.map { graph.constant($0, .int32) } ?? own[axis]
        })
    }
    let random = graph.randomUniform(sizes, dtype: inputs.dtype, seed: seed)
    return cast(random .>= rate, inputs.dtype)
  }
}

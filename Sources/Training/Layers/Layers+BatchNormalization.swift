import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// Ioffe and Szegedy's batch normalization (2015), TensorFlow's `tf.layers.batch_normalization`.
  ///
  /// While training, each channel is normalised by the batch's own mean and (biased) variance, and
  /// nodes that move the averages are put into the collection `update_ops`: run them beside the
  /// training op. Otherwise the moving averages normalise. The nodes are those of TensorFlow's
  /// unfused form; where TensorFlow's layer chooses its fused op, which is for images of one axis of
  /// channels, the moving variance follows the unbiased variance, as that op has it.
  ///
  /// - Parameters:
  ///   - axis: the channels' dimension, whose size must be known.
  ///   - momentum: how much of the moving averages an update keeps.
  ///   - epsilon: added to the variance.
  ///   - center: whether an offset `beta` is learned.
  ///   - scale: whether a factor `gamma` is learned.
  ///   - training: `true` or `false`, or a Boolean scalar that is fed at run time, say.
  ///   - fused: whether the moving variance follows the unbiased variance; nil as TensorFlow chooses.
  public static func batchNormalization(
    _ inputs: Tensor, axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 1e-3,
    center: Bool = true, scale: Bool = true, betaInitializer: Initializer = .zeros,
    gammaInitializer: Initializer = .ones, movingMeanInitializer: Initializer = .zeros,
    movingVarianceInitializer: Initializer = .ones, betaRegularizer: Regularizer? = nil,
    gammaRegularizer: Regularizer? = nil, betaConstraint: Constraint? = nil,
    gammaConstraint: Constraint? = nil, training: any TrainingFlag = false,
    trainable: Bool = true, fused: Bool? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    batchNormalization(
      inputs, axes: [axis], momentum: momentum, epsilon: epsilon, center: center, scale: scale,
      betaInitializer: betaInitializer, gammaInitializer: gammaInitializer,
      movingMeanInitializer: movingMeanInitializer,
      movingVarianceInitializer: movingVarianceInitializer, betaRegularizer: betaRegularizer,
      gammaRegularizer: gammaRegularizer, betaConstraint: betaConstraint,
      gammaConstraint: gammaConstraint, training: training, trainable: trainable, fused: fused,
      name: name, file: file, line: line)
  }

  /// Batch normalization along several axes at once: each place along them has its own moments and
  /// parameters, which are then of the input's rank, with size 1 along all other axes.
  public static func batchNormalization(
    _ inputs: Tensor, axes: [Int], momentum: Double = 0.99, epsilon: Double = 1e-3,
    center: Bool = true, scale: Bool = true, betaInitializer: Initializer = .zeros,
    gammaInitializer: Initializer = .ones, movingMeanInitializer: Initializer = .zeros,
    movingVarianceInitializer: Initializer = .ones, betaRegularizer: Regularizer? = nil,
    gammaRegularizer: Regularizer? = nil, betaConstraint: Constraint? = nil,
    gammaConstraint: Constraint? = nil, training: any TrainingFlag = false,
    trainable: Bool = true, fused: Bool? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let (graph, site) = (inputs.graph, SourceSite(file, line))
    return inLayer(graph, name, "batch_normalization", site) {
      guard let channels = ChannelAxes(of: inputs, axes) else {
        return graph.mistake(
          "the input must have a known size along "
            + (axes.count == 1 ? "axis \(axes[0])" : "distinct axes \(axes)")
            + ", found shape \(inputs.shape)", op: "batch_normalization", site: site,
          beside: [inputs])
      }
      func channel(_ name: String, _ weight: Weight, _ trainable: Bool) -> Variable {
        variable(name, channels.shape, inputs, weight, trainable: trainable)
      }
      let gamma = Weight(
        initializer: gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint)
      let beta = Weight(
        initializer: betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint)
      let factor = scale ? channel("gamma", gamma, trainable) : nil
      let offset = center ? channel("beta", beta, trainable) : nil
      let moving = MovingMoments(
        mean: channel("moving_mean", Weight(initializer: movingMeanInitializer), false),
        variance: channel("moving_variance", Weight(initializer: movingVarianceInitializer), false),
        momentum: momentum, isUnbiased: fused ?? channels.isFusedByTensorFlow)
      let (mean, variance) = moving.moments(of: inputs, channels, training.phase)
      return normalized(
        inputs, channels.placed(mean), channels.placed(variance), epsilon,
        gamma: factor.map { channels.placed($0.value) },
        beta: offset.map { channels.placed($0.value) })
    }
  }

  /// γ·(x − mean)/√(variance + ε) + β, as TensorFlow's `tf.nn.batch_normalization` computes it.
  static func normalized(
    _ inputs: Tensor, _ mean: Tensor, _ variance: Tensor, _ epsilon: Double, gamma: Tensor?,
    beta: Tensor?
  ) -> Tensor {
    inputs.graph.nameScope("batchnorm") {
      var factor = rsqrt(variance + epsilon)
      if let gamma { factor = factor * gamma }
      let offset = mean * factor
      return inputs * factor + (beta.map { $0 - offset } ?? -offset)
    }
  }
}

import GraphCore
import TensorCore

// Each is the function of the same name in `Layers`, which says what its arguments mean.
extension Layer {
  /// Batch normalization, which follows the batch while training and the moving averages otherwise.
  public static func batchNormalization(
    axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true,
    scale: Bool = true, betaInitializer: Initializer = .zeros,
    gammaInitializer: Initializer = .ones, movingMeanInitializer: Initializer = .zeros,
    movingVarianceInitializer: Initializer = .ones, betaRegularizer: Regularizer? = nil,
    gammaRegularizer: Regularizer? = nil, betaConstraint: Constraint? = nil,
    gammaConstraint: Constraint? = nil, trainable: Bool = true, fused: Bool? = nil,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    batchNormalization(
      axes: [axis], momentum: momentum, epsilon: epsilon, center: center, scale: scale,
      betaInitializer: betaInitializer, gammaInitializer: gammaInitializer,
      movingMeanInitializer: movingMeanInitializer,
      movingVarianceInitializer: movingVarianceInitializer, betaRegularizer: betaRegularizer,
      gammaRegularizer: gammaRegularizer, betaConstraint: betaConstraint,
      gammaConstraint: gammaConstraint, trainable: trainable, fused: fused, name: name,
      file: file, line: line)
  }

  /// Batch normalization along several axes at once.
  public static func batchNormalization(
    axes: [Int], momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true,
    scale: Bool = true, betaInitializer: Initializer = .zeros,
    gammaInitializer: Initializer = .ones, movingMeanInitializer: Initializer = .zeros,
    movingVarianceInitializer: Initializer = .ones, betaRegularizer: Regularizer? = nil,
    gammaRegularizer: Regularizer? = nil, betaConstraint: Constraint? = nil,
    gammaConstraint: Constraint? = nil, trainable: Bool = true, fused: Bool? = nil,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("BatchNormalization", kind: "batch_normalization", name: name) { inputs, name, training in
      Layers.batchNormalization(
        inputs, axes: axes, momentum: momentum, epsilon: epsilon, center: center, scale: scale,
        betaInitializer: betaInitializer, gammaInitializer: gammaInitializer,
        movingMeanInitializer: movingMeanInitializer,
        movingVarianceInitializer: movingVarianceInitializer, betaRegularizer: betaRegularizer,
        gammaRegularizer: gammaRegularizer, betaConstraint: betaConstraint,
        gammaConstraint: gammaConstraint, training: training, trainable: trainable, fused: fused,
        name: name, file: file, line: line)
    }
  }

  /// Layer normalization.
  public static func layerNormalization(
    axes: [Int] = [-1], epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
    betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
    betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil,
    betaConstraint: Constraint? = nil, gammaConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("LayerNormalization", kind: "layer_normalization", name: name) { inputs, name, _ in
      Layers.layerNormalization(
        inputs, axes: axes, epsilon: epsilon, center: center, scale: scale,
        betaInitializer: betaInitializer, gammaInitializer: gammaInitializer,
        betaRegularizer: betaRegularizer, gammaRegularizer: gammaRegularizer,
        betaConstraint: betaConstraint, gammaConstraint: gammaConstraint, trainable: trainable,
        name: name, file: file, line: line)
    }
  }
}

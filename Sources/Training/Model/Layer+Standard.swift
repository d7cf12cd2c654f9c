import GraphCore
import StandardOps
import TensorCore

// Each is the function of the same name in `Layers`, which says what its arguments mean.
extension Layer {
  /// A fully connected layer.
  public static func dense(
    _ units: Int, activation: Activation? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Layer {
    Layer("Dense", kind: "dense", name: name) { inputs, name, _ in
      Layers.dense(
        inputs, units: units, activation: activation, useBias: useBias,
        kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
        kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
        kernelConstraint: kernelConstraint, biasConstraint: biasConstraint, trainable: trainable,
        name: name, file: file, line: line)
    }
  }

  /// An activation by itself, such as after a normalization.
  public static func activation(_ activation: Activation, name: String? = nil) -> Layer {
    Layer("Activation", kind: "activation", name: name) { inputs, name, _ in
      inputs.graph.variableScope(name) { identity(activation(inputs)) }
    }
  }

  /// An activation whose slope below 0 is learned.
  public static func parametricRelu(
    sharedAxes: [Int] = [], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("PReLU", kind: "p_re_lu", name: name) { inputs, name, _ in
      Layers.parametricRelu(inputs, sharedAxes: sharedAxes, name: name, file: file, line: line)
    }
  }

  /// All but the batch's dimension joined into one.
  public static func flatten(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Flatten", kind: "flatten", name: name) { inputs, name, _ in
      Layers.flatten(inputs, name: name, file: file, line: line)
    }
  }

  /// Each example under another shape.
  public static func reshape(
    _ targetShape: [Int], name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Reshape", kind: "reshape", name: name) { inputs, name, _ in
      Layers.reshape(inputs, targetShape: targetShape, name: name, file: file, line: line)
    }
  }

  /// Batch normalization, which follows the batch while training and the moving averages otherwise.
  public static func batchNormalization(
    axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true,
    scale: Bool = true, trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("BatchNormalization", kind: "batch_normalization", name: name) { inputs, name, training in
      Layers.batchNormalization(
        inputs, axis: axis, momentum: momentum, epsilon: epsilon, center: center, scale: scale,
        training: training, trainable: trainable, name: name, file: file, line: line)
    }
  }

  /// Layer normalization.
  public static func layerNormalization(
    axes: [Int] = [-1], epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("LayerNormalization", kind: "layer_normalization", name: name) { inputs, name, _ in
      Layers.layerNormalization(
        inputs, axes: axes, epsilon: epsilon, center: center, scale: scale, trainable: trainable,
        name: name, file: file, line: line)
    }
  }

  /// Dropout.
  ///
  /// - Parameter always: whether it drops at inference too, as Monte Carlo dropout does.
  public static func dropout(
    _ rate: Double, always: Bool = false, seed: Int? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Dropout", kind: "dropout", name: name) { inputs, name, training in
      Layers.dropout(
        inputs, rate: rate, seed: seed, training: always ? nil : training, name: name, file: file,
        line: line)
    }
  }

  /// Dropout for nets of `selu`.
  ///
  /// - Parameter always: whether it drops at inference too.
  public static func alphaDropout(
    _ rate: Double, always: Bool = false, seed: Int? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("AlphaDropout", kind: "alpha_dropout", name: name) { inputs, name, training in
      Layers.alphaDropout(
        inputs, rate: rate, seed: seed, training: always ? nil : training, name: name, file: file,
        line: line)
    }
  }

  /// Normal noise while training.
  public static func gaussianNoise(
    _ standardDeviation: Double, seed: Int? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GaussianNoise", kind: "gaussian_noise", name: name) { inputs, name, training in
      Layers.gaussianNoise(
        inputs, standardDeviation: standardDeviation, seed: seed, training: training, name: name,
        file: file, line: line)
    }
  }
}

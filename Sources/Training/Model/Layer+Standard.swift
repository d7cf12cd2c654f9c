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
    alphaInitializer: Initializer = .zeros, alphaRegularizer: Regularizer? = nil,
    alphaConstraint: Constraint? = nil, sharedAxes: [Int] = [], trainable: Bool = true,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("PReLU", kind: "p_re_lu", name: name) { inputs, name, _ in
      Layers.parametricRelu(
        inputs, alphaInitializer: alphaInitializer, alphaRegularizer: alphaRegularizer,
        alphaConstraint: alphaConstraint, sharedAxes: sharedAxes, trainable: trainable,
        name: name, file: file, line: line)
    }
  }

  /// An activation whose slope below 0 is drawn while training.
  ///
  /// - Parameter always: whether it is drawn at inference too.
  public static func randomizedLeakyRelu(
    lower: Double = 0.125, upper: Double = 1.0 / 3, seed: Int? = nil, always: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("RReLU", kind: "rrelu", name: name) { inputs, name, training in
      Layers.randomizedLeakyRelu(
        inputs, lower: lower, upper: upper, seed: seed, training: always ? nil : training,
        name: name, file: file, line: line)
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
}

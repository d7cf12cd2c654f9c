import GraphCore
import TensorCore

// Each is the function of the same name in `Layers`, which says what its arguments mean.
extension Layer {
  /// A convolution over images.
  public static func conv2D(
    _ filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: Size2D = 1,
    activation: Activation? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Conv2D", kind: "conv2d", name: name) { inputs, name, _ in
      Layers.conv2D(
        inputs, filters: filters, kernelSize: kernelSize, strides: strides, padding: padding,
        dataFormat: dataFormat, dilationRate: dilationRate, activation: activation,
        useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
        kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
        kernelConstraint: kernelConstraint, biasConstraint: biasConstraint, trainable: trainable,
        name: name, file: file, line: line)
    }
  }

  /// A convolution over sequences.
  public static func conv1D(
    _ filters: Int, kernelSize: Int, strides: Int = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: Int = 1, activation: Activation? = nil,
    useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform(),
    biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
    biasRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
    biasConstraint: Constraint? = nil, trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Conv1D", kind: "conv1d", name: name) { inputs, name, _ in
      Layers.conv1D(
        inputs, filters: filters, kernelSize: kernelSize, strides: strides, padding: padding,
        dataFormat: dataFormat, dilationRate: dilationRate, activation: activation,
        useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
        kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
        kernelConstraint: kernelConstraint, biasConstraint: biasConstraint, trainable: trainable,
        name: name, file: file, line: line)
    }
  }

  /// A convolution over images that widens them.
  public static func conv2DTranspose(
    _ filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
    outputPadding: Size2D? = nil, dataFormat: DataFormat = .channelsLast,
    activation: Activation? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Conv2DTranspose", kind: "conv2d_transpose", name: name) { inputs, name, _ in
      Layers.conv2DTranspose(
        inputs, filters: filters, kernelSize: kernelSize, strides: strides, padding: padding,
        outputPadding: outputPadding, dataFormat: dataFormat, activation: activation,
        useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
        kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
        kernelConstraint: kernelConstraint, biasConstraint: biasConstraint, trainable: trainable,
        name: name, file: file, line: line)
    }
  }

  /// A convolution over images, each channel with filters of its own.
  public static func depthwiseConv2D(
    kernelSize: Size2D, strides: Int = 1, padding: Padding = .valid, depthMultiplier: Int = 1,
    dataFormat: DataFormat = .channelsLast, dilationRate: Size2D = 1,
    activation: Activation? = nil, useBias: Bool = true,
    depthwiseInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    depthwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("DepthwiseConv2D", kind: "depthwise_conv2d", name: name) { inputs, name, _ in
      Layers.depthwiseConv2D(
        inputs, kernelSize: kernelSize, strides: strides, padding: padding,
        depthMultiplier: depthMultiplier, dataFormat: dataFormat, dilationRate: dilationRate,
        activation: activation, useBias: useBias, depthwiseInitializer: depthwiseInitializer,
        biasInitializer: biasInitializer, depthwiseRegularizer: depthwiseRegularizer,
        biasRegularizer: biasRegularizer, depthwiseConstraint: depthwiseConstraint,
        biasConstraint: biasConstraint, trainable: trainable, name: name, file: file, line: line)
    }
  }

  /// A convolution over images, each channel apart, then one over the channels at each place.
  public static func separableConv2D(
    _ filters: Int, kernelSize: Size2D, strides: Int = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: Size2D = 1, depthMultiplier: Int = 1,
    activation: Activation? = nil, useBias: Bool = true,
    depthwiseInitializer: Initializer = .glorotUniform(),
    pointwiseInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    depthwiseRegularizer: Regularizer? = nil, pointwiseRegularizer: Regularizer? = nil,
    biasRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
    pointwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("SeparableConv2D", kind: "separable_conv2d", name: name) { inputs, name, _ in
      Layers.separableConv2D(
        inputs, filters: filters, kernelSize: kernelSize, strides: strides, padding: padding,
        dataFormat: dataFormat, dilationRate: dilationRate, depthMultiplier: depthMultiplier,
        activation: activation, useBias: useBias, depthwiseInitializer: depthwiseInitializer,
        pointwiseInitializer: pointwiseInitializer, biasInitializer: biasInitializer,
        depthwiseRegularizer: depthwiseRegularizer, pointwiseRegularizer: pointwiseRegularizer,
        biasRegularizer: biasRegularizer, depthwiseConstraint: depthwiseConstraint,
        pointwiseConstraint: pointwiseConstraint, biasConstraint: biasConstraint,
        trainable: trainable, name: name, file: file, line: line)
    }
  }
}

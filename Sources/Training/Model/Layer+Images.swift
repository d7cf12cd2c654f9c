import GraphCore
import TensorCore

// Each is the function of the same name in `Layers`, which says what its arguments mean.
extension Layer {
  /// A convolution over images.
  public static func conv2D(
    _ filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: Size2D = 1,
    activation: Activation? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(), kernelRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Conv2D", kind: "conv2d", name: name) { inputs, name, _ in
      Layers.conv2D(
        inputs, filters: filters, kernelSize: kernelSize, strides: strides, padding: padding,
        dataFormat: dataFormat, dilationRate: dilationRate, activation: activation,
        useBias: useBias, kernelInitializer: kernelInitializer,
        kernelRegularizer: kernelRegularizer, kernelConstraint: kernelConstraint,
        trainable: trainable, name: name, file: file, line: line)
    }
  }

  /// A convolution over images, each channel with filters of its own.
  public static func depthwiseConv2D(
    kernelSize: Size2D, strides: Int = 1, padding: Padding = .valid, depthMultiplier: Int = 1,
    activation: Activation? = nil, useBias: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("DepthwiseConv2D", kind: "depthwise_conv2d", name: name) { inputs, name, _ in
      Layers.depthwiseConv2D(
        inputs, kernelSize: kernelSize, strides: strides, padding: padding,
        depthMultiplier: depthMultiplier, activation: activation, useBias: useBias, name: name,
        file: file, line: line)
    }
  }

  /// A convolution over images that widens them.
  public static func conv2DTranspose(
    _ filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
    activation: Activation? = nil, useBias: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Conv2DTranspose", kind: "conv2d_transpose", name: name) { inputs, name, _ in
      Layers.conv2DTranspose(
        inputs, filters: filters, kernelSize: kernelSize, strides: strides, padding: padding,
        activation: activation, useBias: useBias, name: name, file: file, line: line)
    }
  }

  /// The greatest of each window.
  public static func maxPooling2D(
    _ poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("MaxPooling2D", kind: "max_pooling2d", name: name) { inputs, name, _ in
      Layers.maxPooling2D(
        inputs, poolSize: poolSize, strides: strides, padding: padding, name: name, file: file,
        line: line)
    }
  }

  /// The mean of each window.
  public static func averagePooling2D(
    _ poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("AveragePooling2D", kind: "average_pooling2d", name: name) { inputs, name, _ in
      Layers.averagePooling2D(
        inputs, poolSize: poolSize, strides: strides, padding: padding, name: name, file: file,
        line: line)
    }
  }

  /// The mean of each channel.
  public static func globalAveragePooling2D(
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GlobalAveragePooling2D", kind: "global_average_pooling2d", name: name) {
      inputs, name, _ in
      Layers.globalAveragePooling2D(inputs, name: name, file: file, line: line)
    }
  }
}

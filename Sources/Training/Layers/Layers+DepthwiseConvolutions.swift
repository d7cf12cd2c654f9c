import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// A convolution of each channel with filters of its own; Keras's `DepthwiseConv2D`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, rows, columns, channels]`, or channels first, with known channels.
  ///   - strides: the window's steps, as many along rows as along columns.
  ///   - depthMultiplier: how many channels each becomes.
  ///   - dilationRate: the steps between what a window sees; where it is above 1, strides are 1.
  ///   - name: the scope of the variables `depthwise_kernel`,
  ///     `[rows, columns, channels, depthMultiplier]`, and `bias`.
  public static func depthwiseConv2D(
    _ inputs: Tensor, kernelSize: Size2D, strides: Int = 1, padding: Padding = .valid,
    depthMultiplier: Int = 1, dataFormat: DataFormat = .channelsLast, dilationRate: Size2D = 1,
    activation: Activation? = nil, useBias: Bool = true,
    depthwiseInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    depthwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let site = SourceSite(file, line)
    return inLayer(inputs.graph, name, "depthwise_conv2d", site) {
      let numbers = [
        ("kernelSize", kernelSize.pair), ("strides", [strides]),
        ("depthMultiplier", [depthMultiplier]), ("dilationRate", dilationRate.pair),
      ]
      guard let channels = channels(of: inputs, rank: 4, dataFormat, "depthwise_conv2d", site),
        arePositive(numbers, "depthwise_conv2d", inputs, site),
        isForImages(padding, "depthwise_conv2d", inputs, site),
        isEither(strides, dilationRate, "depthwise_conv2d", inputs, site)
      else { return inputs.graph.poison }
      let kernel = variable(
        "depthwise_kernel", [kernelSize.rows, kernelSize.columns, channels, depthMultiplier],
        inputs,
        Weight(
          initializer: depthwiseInitializer, regularizer: depthwiseRegularizer,
          constraint: depthwiseConstraint), trainable: trainable)
      let convolved = depthwise(
        inputs, kernel, strides: strides, padding: padding, dataFormat, dilation: dilationRate)
      let bias = Weight(
        initializer: biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
      let ending = Ending(
        bias: useBias ? bias : nil, isChannelsFirst: dataFormat == .channelsFirst,
        activation: activation, isTrainable: trainable)
      return ending(convolved, units: channels * depthMultiplier)
    }
  }

  /// A convolution of each channel apart, then one over the channels at each place; TensorFlow's
  /// `tf.layers.separable_conv2d`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, rows, columns, channels]`, or channels first, with known channels.
  ///   - filters: the number of channels of the result.
  ///   - strides: the window's steps, as many along rows as along columns.
  ///   - dilationRate: the steps between what a window sees; where it is above 1, strides are 1.
  ///   - depthMultiplier: how many channels each becomes in between.
  ///   - name: the scope of the variables `depthwise_kernel`,
  ///     `[rows, columns, channels, depthMultiplier]`, `pointwise_kernel`,
  ///     `[1, 1, channels · depthMultiplier, filters]`, and `bias`.
  public static func separableConv2D(
    _ inputs: Tensor, filters: Int, kernelSize: Size2D, strides: Int = 1,
    padding: Padding = .valid, dataFormat: DataFormat = .channelsLast, dilationRate: Size2D = 1,
    depthMultiplier: Int = 1, activation: Activation? = nil, useBias: Bool = true,
    depthwiseInitializer: Initializer = .glorotUniform(),
    pointwiseInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    depthwiseRegularizer: Regularizer? = nil, pointwiseRegularizer: Regularizer? = nil,
    biasRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
    pointwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let (graph, site) = (inputs.graph, SourceSite(file, line))
    return inLayer(graph, name, "separable_conv2d", site) {
      let numbers = [
        ("filters", [filters]), ("kernelSize", kernelSize.pair), ("strides", [strides]),
        ("depthMultiplier", [depthMultiplier]), ("dilationRate", dilationRate.pair),
      ]
      guard let channels = channels(of: inputs, rank: 4, dataFormat, "separable_conv2d", site),
        arePositive(numbers, "separable_conv2d", inputs, site),
        isForImages(padding, "separable_conv2d", inputs, site),
        isEither(strides, dilationRate, "separable_conv2d", inputs, site)
      else { return graph.poison }
      let depthwise = variable(
        "depthwise_kernel", [kernelSize.rows, kernelSize.columns, channels, depthMultiplier],
        inputs,
        Weight(
          initializer: depthwiseInitializer, regularizer: depthwiseRegularizer,
          constraint: depthwiseConstraint), trainable: trainable)
      let pointwise = variable(
        "pointwise_kernel", [1, 1, channels * depthMultiplier, filters], inputs,
        Weight(
          initializer: pointwiseInitializer, regularizer: pointwiseRegularizer,
          constraint: pointwiseConstraint), trainable: trainable)
      let convolved = graph.nameScope("separable_conv2d") {
        let apart = Self.depthwise(
          inputs, depthwise, strides: strides, padding: padding, dataFormat,
          dilation: dilationRate)
        return conv2d(
          apart, pointwise.value, dataFormat: dataFormat.name, name: graph.scope.names)
      }
      let bias = Weight(
        initializer: biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
      let ending = Ending(
        bias: useBias ? bias : nil, isChannelsFirst: dataFormat == .channelsFirst,
        activation: activation, isTrainable: trainable)
      return ending(convolved, units: filters)
    }
  }
}

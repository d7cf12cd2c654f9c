import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// A convolution of images: `activation(inputs ∗ kernel + bias)`; TensorFlow's `tf.layers.conv2d`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, rows, columns, channels]`, or channels first, with known channels.
  ///   - filters: the number of channels of the result.
  ///   - kernelSize: the window's rows and columns.
  ///   - strides: the window's steps.
  ///   - dilationRate: the steps between what a window sees; where it is above 1, strides are 1.
  ///   - name: the scope of the variables `kernel`, `[rows, columns, channels, filters]`, and `bias`.
  public static func conv2D(
    _ inputs: Tensor, filters: Int, kernelSize: Size2D, strides: Size2D = 1,
    padding: Padding = .valid, dataFormat: DataFormat = .channelsLast, dilationRate: Size2D = 1,
    activation: Activation? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let site = SourceSite(file, line)
    return inLayer(inputs.graph, name, "conv2d", site) {
      let numbers = [
        ("filters", [filters]), ("kernelSize", kernelSize.pair), ("strides", strides.pair),
        ("dilationRate", dilationRate.pair),
      ]
      guard let channels = channels(of: inputs, rank: 4, dataFormat, "conv2d", site),
        arePositive(numbers, "conv2d", inputs, site)
      else { return inputs.graph.poison }
      let kernel = variable(
        "kernel", [kernelSize.rows, kernelSize.columns, channels, filters], inputs,
        Weight(
          initializer: kernelInitializer, regularizer: kernelRegularizer,
          constraint: kernelConstraint), trainable: trainable)
      let bias = Weight(
        initializer: biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
      return Ending(
        bias: useBias ? bias : nil, isChannelsFirst: dataFormat == .channelsFirst,
        activation: activation, isTrainable: trainable)(
          conv2d(
            inputs, kernel.value, strides: strides.pair, padding: padding.rawValue,
            dataFormat: dataFormat.name, dilations: dilationRate.pair), units: filters)
    }
  }

  /// A convolution of sequences; TensorFlow's `tf.layers.conv1d`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, steps, channels]`, or channels first, with known channels.
  ///   - filters: the number of channels of the result.
  ///   - kernelSize: the window's steps.
  ///   - name: the scope of the variables `kernel`, `[steps, channels, filters]`, and `bias`.
  public static func conv1D(
    _ inputs: Tensor, filters: Int, kernelSize: Int, strides: Int = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: Int = 1, activation: Activation? = nil,
    useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform(),
    biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
    biasRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
    biasConstraint: Constraint? = nil, trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let (graph, site) = (inputs.graph, SourceSite(file, line))
    return inLayer(graph, name, "conv1d", site) {
      let numbers = [
        ("filters", [filters]), ("kernelSize", [kernelSize]), ("strides", [strides]),
        ("dilationRate", [dilationRate]),
      ]
      guard let channels = channels(of: inputs, rank: 3, dataFormat, "conv1d", site),
        arePositive(numbers, "conv1d", inputs, site)
      else { return graph.poison }
      let kernel = variable(
        "kernel", [kernelSize, channels, filters], inputs,
        Weight(
          initializer: kernelInitializer, regularizer: kernelRegularizer,
          constraint: kernelConstraint), trainable: trainable)
      // A sequence is an image of one row.
      let row = dataFormat.firstSpatial
      let convolved = graph.nameScope("Conv1D") {
        let image = conv2d(
          expandDimensions(inputs, axis: row), expandDimensions(kernel.value, axis: 0),
          strides: [1, strides], padding: padding.rawValue, dataFormat: dataFormat.name,
          dilations: [1, dilationRate], name: graph.scope.names)
        return squeeze(image, axes: [row])
      }
      let bias = Weight(
        initializer: biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
      let ending = Ending(
        bias: useBias ? bias : nil, isChannelsFirst: dataFormat == .channelsFirst,
        activation: activation, isTrainable: trainable)
      return ending(convolved, units: filters)
    }
  }

  /// A transposed convolution, which makes images larger; TensorFlow's `tf.layers.conv2d_transpose`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, rows, columns, channels]`, or channels first, all but the batch known.
  ///   - strides: the factors by which rows and columns become more.
  ///   - padding: with `.same` exactly by these; with `.valid` by what the window goes over, too.
  ///   - name: the scope of the variables `kernel`, `[rows, columns, filters, channels]`, and `bias`.
  public static func conv2DTranspose(
    _ inputs: Tensor, filters: Int, kernelSize: Size2D, strides: Size2D = 1,
    padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
    activation: Activation? = nil, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let (graph, site) = (inputs.graph, SourceSite(file, line))
    return inLayer(graph, name, "conv2d_transpose", site) {
      let numbers = [
        ("filters", [filters]), ("kernelSize", kernelSize.pair), ("strides", strides.pair),
      ]
      guard let channels = channels(of: inputs, rank: 4, dataFormat, "conv2d_transpose", site),
        arePositive(numbers, "conv2d_transpose", inputs, site)
      else { return graph.poison }
      let first = dataFormat.firstSpatial
      guard let rows = inputs.shape[first], let columns = inputs.shape[first + 1] else {
        return graph.mistake(
          "the input must have known rows and columns, found shape \(inputs.shape)",
          op: "conv2d_transpose", site: site, beside: [inputs])
      }
      let kernel = variable(
        "kernel", [kernelSize.rows, kernelSize.columns, filters, channels], inputs,
        Weight(
          initializer: kernelInitializer, regularizer: kernelRegularizer,
          constraint: kernelConstraint), trainable: trainable)
      func enlarged(_ size: Int, _ window: Int, _ stride: Int) -> Int {
        size * stride + (padding == .valid ? max(window - stride, 0) : 0)
      }
      let image = [
        enlarged(rows, kernelSize.rows, strides.rows),
        enlarged(columns, kernelSize.columns, strides.columns),
      ]
      let sizes = dataFormat == .channelsLast ? image + [filters] : [filters] + image
      let outputShape = stack(
        [shape(of: inputs)[0]]
          + sizes.enumerated().map { graph.constant($1, .int32, name: "stack/\($0 + 1)") })
      let larger = conv2dTranspose(
        inputs, kernel.value, outputShape: outputShape, strides: strides.pair,
        padding: padding.rawValue, dataFormat: dataFormat.name)
      let bias = Weight(
        initializer: biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
      let ending = Ending(
        bias: useBias ? bias : nil, isChannelsFirst: dataFormat == .channelsFirst,
        activation: activation, isTrainable: trainable)
      return ending(larger, units: filters)
    }
  }
}

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
        arePositive(numbers, "conv2d", inputs, site),
        isForImages(padding, "conv2d", inputs, site)
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
  ///   - padding: `.causal` too, which lets no step see a later one.
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
      var (sequence, inner) = (inputs, padding)
      if padding == .causal {
        var around = [[0, 0], [0, 0], [0, 0]]
        around[dataFormat.firstSpatial][0] = dilationRate * (kernelSize - 1)
        (sequence, inner) = (pad(inputs, around), .valid)
      }
      // A sequence is an image of one row.
      let row = dataFormat.firstSpatial
      let convolved = graph.nameScope("Conv1D") {
        let image = conv2d(
          expandDimensions(sequence, axis: row), expandDimensions(kernel.value, axis: 0),
          strides: [1, strides], padding: inner.rawValue, dataFormat: dataFormat.name,
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
}

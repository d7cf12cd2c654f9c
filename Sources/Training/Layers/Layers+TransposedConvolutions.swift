import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// A transposed convolution, which makes images larger; TensorFlow's `tf.layers.conv2d_transpose`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, rows, columns, channels]`, or channels first, with known channels.
  ///   - strides: the factors by which rows and columns become more.
  ///   - padding: with `.same` exactly by these; with `.valid` by what the window goes over, too.
  ///   - outputPadding: of the sizes that the convolution would make the input's, by how much the
  ///     result exceeds the least, below the strides; nil for those above. With `.same` the least is
  ///     (size − 1)·stride + window − 2·⌊window / 2⌋, as Keras has it.
  ///   - name: the scope of the variables `kernel`, `[rows, columns, filters, channels]`, and `bias`.
  public static func conv2DTranspose(
    _ inputs: Tensor, filters: Int, kernelSize: Size2D, strides: Size2D = 1,
    padding: Padding = .valid, outputPadding: Size2D? = nil,
    dataFormat: DataFormat = .channelsLast, activation: Activation? = nil, useBias: Bool = true,
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
        arePositive(numbers, "conv2d_transpose", inputs, site),
        isForImages(padding, "conv2d_transpose", inputs, site)
      else { return graph.poison }
      let axes = zip(kernelSize.pair, strides.pair).enumerated().map { place, pair in
        Enlargement(
          window: pair.0, stride: pair.1, padding: padding,
          outputPadding: outputPadding?.pair[place])
      }
      if let mistake = axes.lazy.compactMap(\.mistake).first {
        return graph.mistake(mistake, op: "conv2d_transpose", site: site, beside: [inputs])
      }
      let kernel = variable(
        "kernel", [kernelSize.rows, kernelSize.columns, filters, channels], inputs,
        Weight(
          initializer: kernelInitializer, regularizer: kernelRegularizer,
          constraint: kernelConstraint), trainable: trainable)
      let own = shape(of: inputs)
      let image = axes.enumerated().map { place, axis in
        let dimension = dataFormat.firstSpatial + place
        return inputs.shape[dimension].map {
          graph.constant(axis.size(of: $0), .int32, name: "stack/\(dimension)")
        } ?? own[dimension] * Double(axis.stride) + Double(axis.added)
      }
      let channel = graph.constant(filters, .int32, name: "stack/\(dataFormat.channels(4))")
      let outputShape = stack(
        [own[0]] + (dataFormat == .channelsLast ? image + [channel] : [channel] + image))
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

/// By how much a transposed convolution makes rows or columns more.
private struct Enlargement {
  let window: Int
  let stride: Int
  let padding: Padding
  let outputPadding: Int?

  /// What a size is more than `stride` times the input's.
  var added: Int {
    guard let outputPadding else { return padding == .valid ? max(window - stride, 0) : 0 }
    let cut = padding == .valid ? 0 : window / 2
    return window - 2 * cut - stride + outputPadding
  }

  func size(of size: Int) -> Int { size * stride + added }

  /// Why no convolution makes the input's size of the result's.
  var mistake: String? {
    guard let outputPadding else { return nil }
    guard (0..<stride).contains(outputPadding) else {
      return "outputPadding must be at least 0 and less than the stride \(stride), "
        + "found \(outputPadding)"
    }
    if padding == .same, window.isMultiple(of: 2), outputPadding == 0 {
      return "outputPadding must be at least 1 with .same and an even window, found 0 beside a "
        + "window of \(window)"
    }
    return nil
  }
}

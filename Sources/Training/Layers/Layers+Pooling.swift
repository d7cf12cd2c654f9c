import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// The greatest element of each window of images; TensorFlow's `tf.layers.max_pooling2d`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, rows, columns, channels]`, or channels first.
  ///   - poolSize: the window's rows and columns.
  ///   - strides: its steps; the window's size by default.
  public static func maxPooling2D(
    _ inputs: Tensor, poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    pooled(
      inputs, 4, poolSize, strides, padding, dataFormat, name, "max_pooling2d",
      SourceSite(file, line)
    ) {
      maxPool(
        inputs, size: $0, strides: $1, padding: padding.rawValue, dataFormat: dataFormat.name)
    }
  }

  /// The mean element of each window of images, over what lies inside; TensorFlow's
  /// `tf.layers.average_pooling2d`. Parameters as for `maxPooling2D`.
  public static func averagePooling2D(
    _ inputs: Tensor, poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    pooled(
      inputs, 4, poolSize, strides, padding, dataFormat, name, "average_pooling2d",
      SourceSite(file, line)
    ) {
      averagePool(
        inputs, size: $0, strides: $1, padding: padding.rawValue, dataFormat: dataFormat.name)
    }
  }

  /// The greatest element of each window of sequences; TensorFlow's `tf.layers.max_pooling1d`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, steps, channels]`, or channels first.
  ///   - poolSize: the window's steps.
  ///   - strides: by how many it moves; the window's size by default.
  public static func maxPooling1D(
    _ inputs: Tensor, poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    pooledSequence(
      inputs, poolSize, strides, padding, dataFormat, name, "max_pooling1d",
      SourceSite(file, line)
    ) {
      maxPool($0, size: $1, strides: $2, padding: padding.rawValue, dataFormat: dataFormat.name)
    }
  }

  /// The mean element of each window of sequences, over what lies inside; TensorFlow's
  /// `tf.layers.average_pooling1d`. Parameters as for `maxPooling1D`.
  public static func averagePooling1D(
    _ inputs: Tensor, poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    pooledSequence(
      inputs, poolSize, strides, padding, dataFormat, name, "average_pooling1d",
      SourceSite(file, line)
    ) {
      averagePool($0, size: $1, strides: $2, padding: padding.rawValue, dataFormat: dataFormat.name)
    }
  }

  /// The greatest element of each channel of images; Keras's `GlobalMaxPooling2D`.
  ///
  /// - Returns: `[batch, channels]`, or of the input's rank if dimensions are kept.
  public static func globalMaxPooling2D(
    _ inputs: Tensor, dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    global(inputs, 4, dataFormat, name, "global_max_pooling2d", SourceSite(file, line)) {
      reduceMax(inputs, axes: $0, keepDimensions: keepDimensions)
    }
  }

  /// The mean element of each channel of images; Keras's `GlobalAveragePooling2D`.
  ///
  /// - Returns: `[batch, channels]`, or of the input's rank if dimensions are kept.
  public static func globalAveragePooling2D(
    _ inputs: Tensor, dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    global(inputs, 4, dataFormat, name, "global_average_pooling2d", SourceSite(file, line)) {
      reduceMean(inputs, axes: $0, keepDimensions: keepDimensions)
    }
  }

  /// The greatest element of each channel of sequences; Keras's `GlobalMaxPooling1D`.
  public static func globalMaxPooling1D(
    _ inputs: Tensor, dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    global(inputs, 3, dataFormat, name, "global_max_pooling1d", SourceSite(file, line)) {
      reduceMax(inputs, axes: $0, keepDimensions: keepDimensions)
    }
  }

  /// The mean element of each channel of sequences; Keras's `GlobalAveragePooling1D`.
  public static func globalAveragePooling1D(
    _ inputs: Tensor, dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    global(inputs, 3, dataFormat, name, "global_average_pooling1d", SourceSite(file, line)) {
      reduceMean(inputs, axes: $0, keepDimensions: keepDimensions)
    }
  }

  private static func pooled(
    _ inputs: Tensor, _ rank: Int, _ size: Size2D, _ strides: Size2D?, _ padding: Padding,
    _ format: DataFormat, _ name: String?, _ kind: String, _ site: SourceSite,
    _ body: ([Int], [Int]) -> Tensor
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    return inLayer(inputs.graph, name, kind, site) {
      let steps = strides ?? size
      guard channels(of: inputs, rank: rank, format, kind, site) != nil,
        arePositive([("poolSize", size.pair), ("strides", steps.pair)], kind, inputs, site),
        isForImages(padding, kind, inputs, site)
      else { return inputs.graph.poison }
      return body(size.pair, steps.pair)
    }
  }

  /// A sequence is an image of one column.
  private static func pooledSequence(
    _ inputs: Tensor, _ size: Int, _ strides: Int?, _ padding: Padding, _ format: DataFormat,
    _ name: String?, _ kind: String, _ site: SourceSite, _ body: (Tensor, [Int], [Int]) -> Tensor
  ) -> Tensor {
    let column = format.firstSpatial + 1
    return pooled(
      inputs, 3, Size2D(size, 1), strides.map { Size2D($0, 1) } ?? Size2D(size, 1), padding, format,
      name, kind, site
    ) { window, steps in
      squeeze(body(expandDimensions(inputs, axis: column), window, steps), axes: [column])
    }
  }

  private static func global(
    _ inputs: Tensor, _ rank: Int, _ format: DataFormat, _ name: String?, _ kind: String,
    _ site: SourceSite, _ body: ([Int]) -> Tensor
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    return inLayer(inputs.graph, name, kind, site) {
      guard channels(of: inputs, rank: rank, format, kind, site) != nil else {
        return inputs.graph.poison
      }
      return body(Array(format.firstSpatial..<(format.firstSpatial + rank - 2)))
    }
  }
}

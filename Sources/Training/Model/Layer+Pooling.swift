import GraphCore
import TensorCore

// Each is the function of the same name in `Layers`, which says what its arguments mean.
extension Layer {
  /// The greatest of each window of images.
  public static func maxPooling2D(
    _ poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Layer {
    Layer("MaxPooling2D", kind: "max_pooling2d", name: name) { inputs, name, _ in
      Layers.maxPooling2D(
        inputs, poolSize: poolSize, strides: strides, padding: padding, dataFormat: dataFormat,
        name: name, file: file, line: line)
    }
  }

  /// The mean of each window of images.
  public static func averagePooling2D(
    _ poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Layer {
    Layer("AveragePooling2D", kind: "average_pooling2d", name: name) { inputs, name, _ in
      Layers.averagePooling2D(
        inputs, poolSize: poolSize, strides: strides, padding: padding, dataFormat: dataFormat,
        name: name, file: file, line: line)
    }
  }

  /// The greatest of each window of sequences.
  public static func maxPooling1D(
    _ poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Layer {
    Layer("MaxPooling1D", kind: "max_pooling1d", name: name) { inputs, name, _ in
      Layers.maxPooling1D(
        inputs, poolSize: poolSize, strides: strides, padding: padding, dataFormat: dataFormat,
        name: name, file: file, line: line)
    }
  }

  /// The mean of each window of sequences.
  public static func averagePooling1D(
    _ poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Layer {
    Layer("AveragePooling1D", kind: "average_pooling1d", name: name) { inputs, name, _ in
      Layers.averagePooling1D(
        inputs, poolSize: poolSize, strides: strides, padding: padding, dataFormat: dataFormat,
        name: name, file: file, line: line)
    }
  }

  /// The greatest of each channel of images.
  public static func globalMaxPooling2D(
    dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GlobalMaxPooling2D", kind: "global_max_pooling2d", name: name) { inputs, name, _ in
      Layers.globalMaxPooling2D(
        inputs, dataFormat: dataFormat, keepDimensions: keepDimensions, name: name, file: file,
        line: line)
    }
  }

  /// The mean of each channel of images.
  public static func globalAveragePooling2D(
    dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GlobalAveragePooling2D", kind: "global_average_pooling2d", name: name) {
      inputs, name, _ in
      Layers.globalAveragePooling2D(
        inputs, dataFormat: dataFormat, keepDimensions: keepDimensions, name: name, file: file,
        line: line)
    }
  }

  /// The greatest of each channel of sequences.
  public static func globalMaxPooling1D(
    dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GlobalMaxPooling1D", kind: "global_max_pooling1d", name: name) { inputs, name, _ in
      Layers.globalMaxPooling1D(
        inputs, dataFormat: dataFormat, keepDimensions: keepDimensions, name: name, file: file,
        line: line)
    }
  }

  /// The mean of each channel of sequences.
  public static func globalAveragePooling1D(
    dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GlobalAveragePooling1D", kind: "global_average_pooling1d", name: name) {
      inputs, name, _ in
      Layers.globalAveragePooling1D(
        inputs, dataFormat: dataFormat, keepDimensions: keepDimensions, name: name, file: file,
        line: line)
    }
  }
}

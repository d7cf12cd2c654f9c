import GraphCore
import TensorCore

// Each is the function of the same name in `Layers`, which says what its arguments mean.
extension Layer {
  /// Dropout.
  ///
  /// - Parameter always: whether it drops at inference too, as Monte Carlo dropout does.
  public static func dropout(
    _ rate: Double = 0.5, noiseShape: [Int?]? = nil, seed: Int? = nil, always: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Dropout", kind: "dropout", name: name) { inputs, name, training in
      Layers.dropout(
        inputs, rate: rate, noiseShape: noiseShape, seed: seed,
        training: always ? nil : training, name: name, file: file, line: line)
    }
  }

  /// Dropout for nets of `selu`.
  ///
  /// - Parameter always: whether it drops at inference too.
  public static func alphaDropout(
    _ rate: Double = 0.5, noiseShape: [Int?]? = nil, seed: Int? = nil, always: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("AlphaDropout", kind: "alpha_dropout", name: name) { inputs, name, training in
      Layers.alphaDropout(
        inputs, rate: rate, noiseShape: noiseShape, seed: seed,
        training: always ? nil : training, name: name, file: file, line: line)
    }
  }

  /// Normal noise while training.
  ///
  /// - Parameter always: whether it is added at inference too.
  public static func gaussianNoise(
    _ standardDeviation: Double, seed: Int? = nil, always: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GaussianNoise", kind: "gaussian_noise", name: name) { inputs, name, training in
      Layers.gaussianNoise(
        inputs, standardDeviation: standardDeviation, seed: seed,
        training: always ? nil : training, name: name, file: file, line: line)
    }
  }
}

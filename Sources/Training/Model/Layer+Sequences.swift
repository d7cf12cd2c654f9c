import GraphCore
import TensorCore

// Each is the function of the same name in `Layers`, which says what its arguments mean.
extension Layer {
  /// A row of a table for each index; the model's input is then of a whole number's type.
  public static func embedding(
    _ inputDimension: Int, _ outputDimension: Int, dtype: DType = .float32,
    embeddingsInitializer: Initializer = .randomUniform(min: -0.05, max: 0.05),
    embeddingsRegularizer: Regularizer? = nil, embeddingsConstraint: Constraint? = nil,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("Embedding", kind: "embedding", name: name) { inputs, name, _ in
      Layers.embedding(
        inputs, inputDimension: inputDimension, outputDimension: outputDimension, dtype: dtype,
        embeddingsInitializer: embeddingsInitializer, embeddingsRegularizer: embeddingsRegularizer,
        embeddingsConstraint: embeddingsConstraint, trainable: trainable, name: name, file: file,
        line: line)
    }
  }

  /// A recurrent layer of one activation.
  public static func simpleRNN(
    _ units: Int, activation: Activation = .tanh, returnSequences: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("SimpleRNN", kind: "simple_rnn", name: name) { inputs, name, _ in
      Layers.simpleRNN(
        inputs, units: units, activation: activation, returnSequences: returnSequences, name: name,
        file: file, line: line)
    }
  }

  /// Long short-term memory.
  public static func lstm(
    _ units: Int, returnSequences: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("LSTM", kind: "lstm", name: name) { inputs, name, _ in
      Layers.lstm(
        inputs, units: units, returnSequences: returnSequences, name: name, file: file, line: line)
    }
  }

  /// A gated recurrent unit.
  public static func gru(
    _ units: Int, returnSequences: Bool = false, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Layer {
    Layer("GRU", kind: "gru", name: name) { inputs, name, _ in
      Layers.gru(
        inputs, units: units, returnSequences: returnSequences, name: name, file: file, line: line)
    }
  }
}

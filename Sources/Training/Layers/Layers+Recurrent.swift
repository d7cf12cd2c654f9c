import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// A layer whose state is its result: `h ← activation(x · kernel + h · recurrent_kernel + bias)`;
  /// Keras's `SimpleRNN`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, steps, features]` with known features.
  ///   - units: the size of the state.
  ///   - returnSequences: whether to give the state after every step rather than after the last.
  ///   - goBackwards: whether to begin with the last step.
  ///   - unroll: whether to build each of a known number of steps rather than a `While` loop: more
  ///     nodes, but the compiler sees them all.
  ///   - name: the layer's scope, in which `simple_rnn_cell` holds `kernel`, `[features, units]`,
  ///     `recurrent_kernel`, `[units, units]`, and `bias`.
  /// - Returns: `[batch, units]`, or `[batch, steps, units]`.
  public static func simpleRNN(
    _ inputs: Tensor, units: Int, activation: Activation = .tanh, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(),
    recurrentInitializer: Initializer = .orthogonal(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, recurrentRegularizer: Regularizer? = nil,
    biasRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
    recurrentConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    returnSequences: Bool = false, goBackwards: Bool = false, unroll: Bool = false,
    trainable: Bool = true, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let options = RecurrentOptions(
      returnSequences: returnSequences, goBackwards: goBackwards, unroll: unroll)
    let weights = RecurrentWeights(
      kernel: Weight(
        initializer: kernelInitializer, regularizer: kernelRegularizer,
        constraint: kernelConstraint),
      recurrent: Weight(
        initializer: recurrentInitializer, regularizer: recurrentRegularizer,
        constraint: recurrentConstraint),
      bias: useBias
        ? Weight(
          initializer: biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
        : nil)
    return recurrentLayer(
      inputs, units, gates: 1, [units], weights, trainable, name, "simple_rnn",
      SourceSite(file, line)
    ) { kernel, recurrent, bias in
      let cell = RecurrentCell(stateSizes: [units], weights: [recurrent.value]) { x, states, w in
        [activation(x + matmul(states[0], w[0]))]
      }
      return Layers.recurrent(inputs, kernel, bias?.value, cell, options)
    }
  }

  /// Hochreiter and Schmidhuber's long short-term memory (1997); Keras's `LSTM`.
  ///
  /// Of z = x · kernel + h · recurrent_kernel + bias in four parts i, f, g, o:
  /// c ← σ(f)·c + σ(i)·activation(g), h ← σ(o)·activation(c).
  ///
  /// - Parameters:
  ///   - inputs: `[batch, steps, features]` with known features.
  ///   - units: the size of each of the two states.
  ///   - recurrentActivation: the σ of the gates.
  ///   - unitForgetBias: whether the bias of f starts at 1 (Jozefowicz and others, 2015).
  ///   - returnSequences: whether to give h after every step rather than after the last.
  ///   - goBackwards: whether to begin with the last step.
  ///   - unroll: whether to build each of a known number of steps rather than a `While` loop.
  ///   - name: the layer's scope, in which `lstm_cell` holds `kernel`, `[features, 4·units]`,
  ///     `recurrent_kernel`, `[units, 4·units]`, and `bias`.
  /// - Returns: `[batch, units]`, or `[batch, steps, units]`.
  public static func lstm(
    _ inputs: Tensor, units: Int, activation: Activation = .tanh,
    recurrentActivation: Activation = .sigmoid, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(),
    recurrentInitializer: Initializer = .orthogonal(), biasInitializer: Initializer = .zeros,
    unitForgetBias: Bool = true, kernelRegularizer: Regularizer? = nil,
    recurrentRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, recurrentConstraint: Constraint? = nil,
    biasConstraint: Constraint? = nil, returnSequences: Bool = false, goBackwards: Bool = false,
    unroll: Bool = false, trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let options = RecurrentOptions(
      returnSequences: returnSequences, goBackwards: goBackwards, unroll: unroll)
    let biasStart = unitForgetBias ? forgetBias(biasInitializer, units) : biasInitializer
    let weights = RecurrentWeights(
      kernel: Weight(
        initializer: kernelInitializer, regularizer: kernelRegularizer,
        constraint: kernelConstraint),
      recurrent: Weight(
        initializer: recurrentInitializer, regularizer: recurrentRegularizer,
        constraint: recurrentConstraint),
      bias: useBias
        ? Weight(initializer: biasStart, regularizer: biasRegularizer, constraint: biasConstraint)
        : nil)
    return recurrentLayer(
      inputs, units, gates: 4, [4 * units], weights, trainable, name, "lstm",
      SourceSite(file, line)
    ) { kernel, recurrent, bias in
      let cell = RecurrentCell(stateSizes: [units, units], weights: [recurrent.value]) {
        x, states, w in
        let z = split(x + matmul(states[0], w[0]), into: 4, axis: 1)
        let kept = recurrentActivation(z[1]) * states[1]
        let memory = kept + recurrentActivation(z[0]) * activation(z[2])
        return [recurrentActivation(z[3]) * activation(memory), memory]
      }
      return Layers.recurrent(inputs, kernel, bias?.value, cell, options)
    }
  }

  private static func forgetBias(_ others: Initializer, _ units: Int) -> Initializer {
    Initializer { graph, _, dtype in
      concat(
        [
          others.build(graph, [units], dtype), Initializer.ones.build(graph, [units], dtype),
          others.build(graph, [2 * units], dtype),
        ], axis: 0)
    }
  }
}

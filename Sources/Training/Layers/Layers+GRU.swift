import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// Cho and others' gated recurrent unit (2014); Keras's `GRU`.
  ///
  /// z and r are σ(x · kernel + h · recurrent_kernel + biases) of the first two of three parts;
  /// h ← z·h + (1 − z)·activation(x · kernel + r·(h · recurrent_kernel)) with the third.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, steps, features]` with known features.
  ///   - units: the size of the state.
  ///   - recurrentActivation: the σ of the gates.
  ///   - resetAfter: whether r applies to the product with the recurrent kernel, whose bias is then
  ///     one of its own, rather than to h itself.
  ///   - returnSequences: whether to give h after every step rather than after the last.
  ///   - goBackwards: whether to begin with the last step.
  ///   - unroll: whether to build each of a known number of steps rather than a `While` loop.
  ///   - name: the layer's scope, in which `gru_cell` holds `kernel`, `[features, 3·units]`,
  ///     `recurrent_kernel`, `[units, 3·units]`, and `bias`, `[2, 3·units]` or `[3·units]`.
  /// - Returns: `[batch, units]`, or `[batch, steps, units]`.
  public static func gru(
    _ inputs: Tensor, units: Int, activation: Activation = .tanh,
    recurrentActivation: Activation = .sigmoid, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform(),
    recurrentInitializer: Initializer = .orthogonal(), biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, recurrentRegularizer: Regularizer? = nil,
    biasRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
    recurrentConstraint: Constraint? = nil, biasConstraint: Constraint? = nil,
    resetAfter: Bool = true, returnSequences: Bool = false, goBackwards: Bool = false,
    unroll: Bool = false, trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
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
      inputs, units, gates: 3, resetAfter ? [2, 3 * units] : [3 * units], weights, trainable, name,
      "gru", SourceSite(file, line)
    ) { kernel, recurrent, bias in
      var (inputBias, constants) = (bias?.value, [recurrent.value])
      if resetAfter, let both = bias?.value {
        inputBias = both[0]
        constants.append(both[1])
      }
      let cell = RecurrentCell(stateSizes: [units], weights: constants) { x, states, w in
        resetAfter
          ? laterReset(x, states[0], w, activation, recurrentActivation)
          : earlierReset(x, states[0], w[0], units, activation, recurrentActivation)
      }
      return Layers.recurrent(inputs, kernel, inputBias, cell, options)
    }
  }

  private static func laterReset(
    _ x: Tensor, _ h: Tensor, _ weights: [Tensor], _ activation: Activation, _ gate: Activation
  ) -> [Tensor] {
    var inner = matmul(h, weights[0])
    if weights.count > 1 { inner = biasAdd(inner, weights[1]) }
    let (own, recurrent) = (split(x, into: 3, axis: 1), split(inner, into: 3, axis: 1))
    let z = gate(own[0] + recurrent[0])
    let r = gate(own[1] + recurrent[1])
    return [z * h + (1 - z) * activation(own[2] + r * recurrent[2])]
  }

  private static func earlierReset(
    _ x: Tensor, _ h: Tensor, _ recurrent: Tensor, _ units: Int, _ activation: Activation,
    _ gate: Activation
  ) -> [Tensor] {
    let kernels = split(recurrent, sizes: [2 * units, units], axis: 1)
    let own = split(x, into: 3, axis: 1)
    let inner = split(matmul(h, kernels[0]), into: 2, axis: 1)
    let z = gate(own[0] + inner[0])
    let r = gate(own[1] + inner[1])
    return [z * h + (1 - z) * activation(own[2] + matmul(r * h, kernels[1]))]
  }
}

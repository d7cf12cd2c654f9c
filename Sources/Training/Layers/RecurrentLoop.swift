import GraphCore
import StandardOps
import TensorCore

/// What a recurrent layer does at each step of its sequences.
struct RecurrentCell {
  /// The sizes of the states, the first of which is the layer's result.
  let stateSizes: [Int]
  /// What stays the same in every step.
  let weights: [Tensor]
  /// New states from a step's projected inputs `[batch, n]`, the states and the weights.
  let step: (_ x: Tensor, _ states: [Tensor], _ weights: [Tensor]) -> [Tensor]
}

/// How a recurrent layer goes through its sequences.
struct RecurrentOptions {
  let returnSequences: Bool
  let goBackwards: Bool
  let unroll: Bool
}

extension Layers {
  /// The results of a cell on sequences: after the last step, `[batch, units]`, or after each,
  /// `[batch, steps, units]`.
  ///
  /// - Parameters:
  ///   - kernel: the weights `[features, n]` of the inputs, which are projected for all steps at once.
  ///   - bias: added to the projection, `[n]`.
  static func recurrent(
    _ inputs: Tensor, _ kernel: Variable, _ bias: Tensor?, _ cell: RecurrentCell,
    _ options: RecurrentOptions
  ) -> Tensor {
    let (graph, width) = (inputs.graph, kernel.shape[1] ?? 0)
    // Steps first, so that a step is one slice.
    let sequence = transpose(inputs, permutation: [1, 0, 2])
    var rows = matmul(
      StandardOps.reshape(sequence, to: [-1, kernel.shape[0] ?? -1]), kernel.value)
    if let bias { rows = biasAdd(rows, bias) }
    let projected = unfolded(rows, as: sequence, width)
    let batch = shape(of: inputs)[0]
    let states = cell.stateSizes.map { size in
      graph.zeros(stack([batch, graph.constant(size, .int32)]), dtype: inputs.dtype)
    }
    return options.unroll
      ? unrolled(projected, states, cell, options) : looped(projected, states, cell, options)
  }

  private static func unrolled(
    _ sequence: Tensor, _ first: [Tensor], _ cell: RecurrentCell, _ options: RecurrentOptions
  ) -> Tensor {
    guard let count = sequence.shape[0], count > 0 else {
      return sequence.graph.mistake(
        "a layer is unrolled over a known number of steps, found shape \(sequence.shape) of steps, "
          + "batch and projections", op: "recurrent", site: SourceSite(#fileID, #line))
    }
    let steps = unstack(sequence)
    var (states, results): ([Tensor], [Tensor]) = (first, [])
    for x in options.goBackwards ? steps.reversed() : steps {
      states = cell.step(x, states, cell.weights)
      results.append(states[0])
    }
    return options.returnSequences ? stack(results, axis: 1) : states[0]
  }

  /// The steps as a `While` loop that takes them from a list and puts results into another, so that a
  /// round touches no more than its own step.
  private static func looped(
    _ sequence: Tensor, _ first: [Tensor], _ cell: RecurrentCell, _ options: RecurrentOptions
  ) -> Tensor {
    let (graph, dtype) = (sequence.graph, sequence.dtype)
    let steps = TensorListHandle(ofRows: sequence)
    let results =
      options.returnSequences
      ? [TensorListHandle(of: shape(of: sequence)[0], dtype).tensor] : []
    // The loop's variables: the number of the round, the steps, the states, weights, and the results if
    // all are asked for.
    let states = 2..<(2 + first.count)
    let fixed = states.upperBound..<(states.upperBound + cell.weights.count)
    let stepShape = PartialShape([sequence.shape[1], sequence.shape[2]])
    let variables = [graph.constant(0, .int32), steps.tensor] + first + cell.weights + results
    let last = graph.whileLoop(variables) { _, x in
      x[0] .< TensorListHandle(x[1], dtype).count
    } body: { _, x in
      let steps = TensorListHandle(x[1], dtype)
      let place = options.goBackwards ? steps.count - 1 - x[0] : x[0]
      let step = steps.item(at: place, shape: stepShape)
      let new = cell.step(step, Array(x[states]), Array(x[fixed]))
      let results = x[fixed.upperBound...].map {
        TensorListHandle($0, dtype).setting(new[0], at: x[0]).tensor
      }
      return [x[0] + 1, x[1]] + new + x[fixed] + results
    }
    guard options.returnSequences else { return last[states.lowerBound] }
    let rows = TensorListHandle(last[fixed.upperBound], dtype).stacked(sizes: shape(of: first[0]))
    return transpose(rows, permutation: [1, 0, 2])
  }
}

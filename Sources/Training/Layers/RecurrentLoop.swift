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

  private static func looped(
    _ sequence: Tensor, _ first: [Tensor], _ cell: RecurrentCell, _ options: RecurrentOptions
  ) -> Tensor {
    let graph = sequence.graph
    // The loop's variables: the step, the sequence, states, weights, and the results if all are asked.
    let states = 2..<(2 + first.count)
    let fixed = states.upperBound..<(states.upperBound + cell.weights.count)
    var variables = [graph.constant(0, .int32, name: "time"), sequence] + first + cell.weights
    if options.returnSequences {
      let sizes = stack(
        [shape(of: sequence)[0], shape(of: sequence)[1]]
          + [graph.constant(cell.stateSizes[0], .int32)])
      variables.append(graph.zeros(sizes, dtype: sequence.dtype))
    }
    let last = graph.whileLoop(variables) { _, x in
      x[0] .< shape(of: x[1])[0]
    } body: { own, x in
      let (time, count) = (x[0], shape(of: x[1])[0])
      let place = options.goBackwards ? count - 1 - time : time
      let new = cell.step(gather(x[1], place), Array(x[states]), Array(x[fixed]))
      var next = [time + 1, x[1]] + new + x[fixed]
      if options.returnSequences {
        // Every step's result has a place of its own, so that adding collects them.
        let places = range(own.constant(0, .int32), count, own.constant(1, .int32))
        let isHere = StandardOps.reshape(cast(places .== time, new[0].dtype), to: [-1, 1, 1])
        next.append(addN([x[fixed.upperBound], isHere * expandDimensions(new[0], axis: 0)]))
      }
      return next
    }
    if options.returnSequences { return transpose(last[fixed.upperBound], permutation: [1, 0, 2]) }
    return last[states.lowerBound]
  }
}

import Glibc
import GraphCompiler
import StandardOps
import TensorCore

/// The steps of an LSTM and their gradients, for some rows of the batch at a time: rows do not depend
/// on one another.
struct LSTMRows: Sendable {
  private static let rowsPerTile = 16

  private let steps: LSTMSteps
  private let time: Int
  private let batch: Int
  private let cells: Int

  /// The function of a call; nil for numbers of another type.
  static func callable(
    _ call: NamedKernelCall, _ steps: LSTMSteps, isGradient: Bool
  ) -> NamedCallable? {
    // A gradient takes what a step gave, and both have a tensor of all steps there.
    let step = isGradient ? call.inputs[6] : call.outputs[0]
    guard step.dtype == .float32 else { return nil }
    let rows = LSTMRows(
      steps: steps, time: step.shape[0], batch: step.shape[1], cells: step.shape[2])
    let (end, outputs) = (call.inputs[0].buffer, call.outputs.map(\.buffer))
    let parts = call.inputs.dropFirst().map(\.buffer)
    // Where there are no cells there may be any number of rows.
    let tiles = rows.cells == 0 ? 0 : (rows.batch + rowsPerTile - 1) / rowsPerTile
    let work = [rows.time, rows.batch, rows.cells, rows.cells + 40].sizeProduct
    let scratch = 4 * min(rowsPerTile, rows.batch) * 4 * rows.cells
    return NamedCallable(tiles: tiles, scratch: scratch, nanoseconds: work) {
      tiles, operands, scratch in
      let stated = operands[end].load(as: Int64.self)
      guard let end = Int(exactly: stated), (0...rows.time).contains(end) else { return .badIndex }
      let given = Tensors(operands: operands, buffers: parts)
      let made = Tensors(operands: operands, buffers: outputs)
      for tile in tiles {
        let first = tile * rowsPerTile
        let own = first..<min(first + rowsPerTile, rows.batch)
        if isGradient {
          rows.backward(own, end, given, made)
        } else {
          rows.forward(own, end, given, made, scratch.assumingMemoryBound(to: Float.self))
        }
      }
      return .success
    }
  }

  /// The tensors of a call, by their number; no array is made of them, since a run allocates nothing.
  private struct Tensors {
    let operands: UnsafePointer<UnsafeMutableRawPointer>
    let buffers: [Int]

    subscript(number: Int) -> UnsafeMutablePointer<Float> {
      operands[buffers[number]].assumingMemoryBound(to: Float.self)
    }
  }

  /// - Parameters:
  ///   - given: gates of all steps, state, output, weights, peepholes.
  ///   - made: i, cs, f, o, ci, co, h of all steps.
  private func forward(
    _ rows: Range<Int>, _ end: Int, _ given: Tensors, _ made: Tensors,
    _ gates: UnsafeMutablePointer<Float>
  ) {
    let (count, width) = (rows.count * cells, 4 * cells)
    let (i, cs, f, o, ci, co, h) = (made[0], made[1], made[2], made[3], made[4], made[5], made[6])
    let (wci, wcf, wco) = (given[4], given[5], given[6])
    let limit = steps.cellClip > 0 ? steps.cellClip : .infinity
    for t in 0..<end {
      let start = (t * batch + rows.lowerBound) * cells
      let (state, output) =
        t == 0
        ? (given[1] + start, given[2] + start)
        : (cs + start - batch * cells, h + start - batch * cells)
      gates.update(from: given[0] + 4 * start, count: 4 * count)
      Float.multiply(
        false, false, rows.count, width, cells, output, cells, given[3], width, 1, gates, width)
      for row in 0..<rows.count {
        let (before, at) = (state + row * cells, start + row * cells)
        let gate = gates + row * width
        let input = gate + steps.order.i * cells
        let candidate = gate + steps.order.c * cells
        let forget = gate + steps.order.f * cells
        let out = gate + steps.order.o * cells
        for j in 0..<cells { forget[j] += steps.forgetBias }
        if steps.usesPeephole {
          for j in 0..<cells { input[j] += before[j] * wci[j] }
          for j in 0..<cells { forget[j] += before[j] * wcf[j] }
        }
        ExponentialLanes.sigmoid(i + at, input, cells)
        ExponentialLanes.sigmoid(f + at, forget, cells)
        for j in 0..<cells {
          ci[at + j] = tanhf(candidate[j])
          let free = ci[at + j] * i[at + j] + f[at + j] * before[j]
          cs[at + j] = free < -limit ? -limit : free > limit ? limit : free
          co[at + j] = tanhf(cs[at + j])
        }
        if steps.usesPeephole {
          for j in 0..<cells { out[j] += cs[at + j] * wco[j] }
        }
        ExponentialLanes.sigmoid(o + at, out, cells)
        for j in 0..<cells { h[at + j] = o[at + j] * co[at + j] }
      }
    }
    for t in end..<time {
      let start = (t * batch + rows.lowerBound) * cells
      for part in made.buffers.indices { (made[part] + start).update(repeating: 0, count: count) }
    }
  }

  /// - Parameters:
  ///   - given: the first state, weights, peepholes, the six parts of all steps, and the gradients of
  ///     states and outputs.
  ///   - made: the gradients of all gates, of the first state and of the first output, which carry
  ///     those of the step before until then.
  private func backward(
    _ rows: Range<Int>, _ end: Int, _ given: Tensors, _ made: Tensors
  ) {
    let (count, width, first) = (rows.count * cells, 4 * cells, rows.lowerBound * cells)
    let (wci, wcf, wco) = (given[2], given[3], given[4])
    let (i, cs, f) = (given[5], given[6], given[7])
    let (o, ci, co) = (given[8], given[9], given[10])
    let (csGradient, hGradient) = (given[11], given[12])
    let (state, output) = (made[1] + first, made[2] + first)
    state.update(repeating: 0, count: count)
    output.update(repeating: 0, count: count)
    let looks = steps.usesPeephole
    for t in (0..<end).reversed() {
      let start = t * batch * cells + first
      let before = t == 0 ? given[0] + start : cs + start - batch * cells
      for row in 0..<rows.count {
        let gate = made[0] + 4 * start + row * width
        for j in 0..<cells {
          let (own, at) = (row * cells + j, start + row * cells + j)
          let dh = hGradient[at] + output[own]
          let dO = o[at] * (1 - o[at]) * dh * co[at]
          var dcs = (1 - co[at] * co[at]) * dh * o[at] + (csGradient[at] + state[own])
          if looks { dcs += dO * wco[j] }
          let df = f[at] * (1 - f[at]) * dcs * before[own]
          let di = i[at] * (1 - i[at]) * dcs * ci[at]
          gate[steps.order.i * cells + j] = di
          gate[steps.order.c * cells + j] = (1 - ci[at] * ci[at]) * dcs * i[at]
          gate[steps.order.f * cells + j] = df
          gate[steps.order.o * cells + j] = dO
          state[own] = dcs * f[at]
          if looks { state[own] += di * wci[j] + df * wcf[j] }
        }
      }
      Float.multiply(
        false, true, rows.count, cells, width, made[0] + 4 * start, width, given[1], width, 0,
        output, cells)
    }
    for t in end..<time {
      (made[0] + 4 * (t * batch * cells + first)).update(repeating: 0, count: 4 * count)
    }
  }
}

import StandardOps

/// The indices that a kernel reads and refuses where they are out of range.
package struct IndexCheck {
  /// The position among the step's buffers of the one that holds them.
  package let buffer: Int
  /// What the elements must be below: one limit after the other, in turn.
  package let limits: [Int]
  /// Whether negative ones are passed over.
  package var dropsNegative = false
}

extension Kernel {
  /// The indices that the kernel refuses where they are out of range.
  package var indexChecks: [IndexCheck] {
    switch self {
    case .loop(let loop): return loop.indexChecks
    case .staged(let staged): return staged.stages.flatMap(\.loop.indexChecks)
    case .contraction(let product): return product.epilogue?.indexChecks ?? []
    case .convolution(let convolution): return convolution.epilogue?.indexChecks ?? []
    case .named(let call):
      func sizes(_ input: Int) -> [Int] { call.inputs[input].shape.dimensions }
      switch call.kernel {
      case .gather(let axis, _):
        return [IndexCheck(buffer: call.inputs[1].buffer, limits: [sizes(0)[axis]])]
      case .gatherND, .scatter:
        let limits = Array(sizes(0).prefix(sizes(1).last ?? 0))
        return [IndexCheck(buffer: call.inputs[1].buffer, limits: limits)]
      case .segment:
        return [
          IndexCheck(
            buffer: call.inputs[1].buffer, limits: [call.outputs[0].shape[0]], dropsNegative: true)
        ]
      case .lstm(_, let isGradient):
        let time = (isGradient ? call.inputs[6] : call.outputs[0]).shape[0]
        return [IndexCheck(buffer: call.inputs[0].buffer, limits: [time + 1])]
      default: return []
      }
    }
  }
}

extension LoopKernel {
  /// The loads that the body takes as indices.
  fileprivate var indexChecks: [IndexCheck] {
    let steps = body.instructions
    return steps.compactMap { step in
      guard case .binary(.index, let a, let b) = step, case .load(let load) = steps[a],
        case .constant(let limit) = steps[b], loads.indices.contains(load)
      else { return nil }
      return IndexCheck(buffer: loads[load].buffer, limits: [Int(truncatingIfNeeded: limit)])
    }
  }
}

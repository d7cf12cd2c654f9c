import GraphCore
import StandardOps
import TensorCore

/// Proves that no kernel of a plan reads or writes outside of its buffers.
///
/// Ops check their operands, so that a proof never fails where they do it well. It is made anyway, from
/// what backends go by alone — a kernel's loops, strides, offsets and shapes, with arithmetic that
/// does not overflow — so that a check which an op forgets is an error, never an access. What indices
/// held in buffers address is checked by the named kernels, element by element.
package struct ProveAccesses: PlanPass {
  package static let name = "prove-accesses"
  package static let summary = "proves that no kernel reads or writes outside of its buffers"

  private let buffers: [Plan.Buffer]

  /// - Throws: `GraphError` naming the node whose kernel would leave a buffer.
  package static func run(_ plan: inout Plan) throws(GraphError) {
    for step in plan.steps {
      let proof = ProveAccesses(buffers: step.buffers.map { plan.buffers[$0] })
      do throws(GraphError) {
        try proof.check(step.kernel)
      } catch {
        throw GraphError(
          "the kernel made for it does not fit its operands: \(error.message)",
          node: step.nodes.first)
      }
    }
  }

  private func check(_ kernel: Kernel) throws(GraphError) {
    switch kernel {
    case .loop(let loop): try check(loop)
    case .staged(let staged):
      for stage in staged.stages {
        guard stage.shared.count == staged.extents.count,
          zip(stage.shared, staged.extents).allSatisfy({ dimension, extent in
            stage.loop.extents.indices.contains(dimension)
              && stage.loop.extents[dimension] == extent
          })
        else { throw GraphError("its stages differ in shared dimensions") }
        try check(stage.loop)
      }
    case .contraction(let contraction): try check(contraction)
    case .convolution(let convolution): try check(convolution)
    case .named(let call): try check(call)
    }
  }

  // MARK: Loops

  /// What a kernel itself gives an epilogue is not among its loads.
  private func check(_ loop: LoopKernel) throws(GraphError) {
    let all = loop.extents + loop.reducedExtents
    guard all.allSatisfy({ $0 >= 0 }) else { throw GraphError("a loop has a negative extent") }
    for load in loop.loads { try check(load, all) }
    for operand in loop.finishLoads + loop.stores { try check(operand, loop.extents) }
    for coordinates in loop.body.coordinates + (loop.finish?.coordinates ?? []) {
      guard coordinates.count <= all.count else { throw GraphError("a coordinate has no loop") }
    }
  }

  private func check(_ operand: Operand, _ extents: [Int]) throws(GraphError) {
    guard operand.access.strides.count == extents.count else {
      throw GraphError("an access has \(operand.access.strides.count) of \(extents.count) strides")
    }
    try check(
      operand.buffer, operand.dtype, from: operand.access.offset,
      zip(operand.access.strides, extents).map { ($0, $1) })
  }

  /// Checks the elements `start + Σ step·i` for all `i` below each count.
  private func check(
    _ position: Int, _ dtype: DType, from start: Int, _ steps: [(step: Int, count: Int)]
  ) throws(GraphError) {
    let buffer = try buffer(position, dtype)
    if steps.contains(where: { $0.count == 0 }) { return }
    var (lowest, highest) = (start, start)
    for (step, count) in steps {
      let (reach, isLarge) = step.multipliedReportingOverflow(by: count - 1)
      let (end, overflow) =
        reach < 0
        ? lowest.addingReportingOverflow(reach) : highest.addingReportingOverflow(reach)
      guard !isLarge, !overflow else { throw GraphError("positions beyond 64 bits") }
      if reach < 0 { lowest = end } else { highest = end }
    }
    guard lowest >= 0, highest < buffer.shape.count else {
      throw GraphError(
        "elements \(lowest) to \(highest) of \"\(buffer.name)\", which has \(buffer.shape.count)")
    }
  }

  private func buffer(_ position: Int, _ dtype: DType) throws(GraphError) -> Plan.Buffer {
    guard buffers.indices.contains(position) else { throw GraphError("there is no such operand") }
    let buffer = buffers[position]
    guard buffer.dtype.byteCount == dtype.byteCount else {
      throw GraphError("\"\(buffer.name)\" holds \(buffer.dtype), not \(dtype)")
    }
    return buffer
  }

  // MARK: Products

  private func check(_ product: ContractionKernel) throws(GraphError) {
    let sizes = product.batch + [product.m, product.n, product.k]
    guard sizes.allSatisfy({ $0 >= 0 }) else { throw GraphError("a product of negative sizes") }
    try check(product.a, product, rows: product.m, columns: product.k)
    try check(product.b, product, rows: product.k, columns: product.n)
    let extents = product.batch + [product.m, product.n]
    if let epilogue = product.epilogue {
      guard epilogue.extents == extents else { throw GraphError("an epilogue of other extents") }
      try check(epilogue)
    } else {
      try check(product.product, product.dtype, from: 0, [(1, extents.sizeProduct)])
    }
  }

  private func check(
    _ matrix: MatrixOperand, _ product: ContractionKernel, rows: Int, columns: Int
  ) throws(GraphError) {
    guard matrix.batchStrides.count == product.batch.count else {
      throw GraphError("a factor has \(matrix.batchStrides.count) batch dimensions")
    }
    let (down, across) = matrix.isTransposed ? (columns, rows) : (rows, columns)
    try check(
      matrix.buffer, product.dtype, from: matrix.offset,
      zip(matrix.batchStrides, product.batch).map { ($0, $1) }
        + [(matrix.leadingDimension, down), (1, across)])
  }

  private func check(_ convolution: ConvolutionKernel) throws(GraphError) {
    let geometry = convolution.geometry
    try check(geometry)
    let groups = geometry.groups
    guard geometry.groupChannels >= 1 || geometry.inputChannels == 0,
      convolution.isDepthwise
        ? geometry.inputChannels == 0
          || geometry.outputChannels % max(geometry.inputChannels, 1) == 0
        : geometry.inputChannels == groups * geometry.groupChannels
          && (groups == 0 || geometry.outputChannels % groups == 0)
    else { throw GraphError("its groups of channels are not equal") }
    let input = [
      geometry.batch, geometry.inputHeight, geometry.inputWidth, geometry.inputChannels,
    ].sizeProduct
    let filter = [
      geometry.windowHeight, geometry.windowWidth,
      convolution.isDepthwise ? 1 : geometry.groupChannels, geometry.outputChannels,
    ].sizeProduct
    let output = geometry.outputCount
    let counts: (Int, Int, Int) =
      switch convolution.part {
      case .output: (input, filter, output)
      case .inputGradient: (filter, output, input)
      case .filterGradient: (input, output, filter)
      }
    guard convolution.inputs.count == 2 else { throw GraphError("it takes two tensors") }
    try check(convolution.inputs[0], holds: counts.0)
    try check(convolution.inputs[1], holds: counts.1)
    if let epilogue = convolution.epilogue {
      guard epilogue.count == counts.2 else { throw GraphError("an epilogue of other extents") }
      try check(epilogue)
    } else {
      try check(convolution.output, holds: counts.2)
    }
  }

  private func check(_ geometry: ConvolutionGeometry) throws(GraphError) {
    let sizes = [
      geometry.batch, geometry.inputHeight, geometry.inputWidth, geometry.inputChannels,
      geometry.windowHeight, geometry.windowWidth, geometry.outputHeight, geometry.outputWidth,
      geometry.outputChannels, geometry.padTop, geometry.padLeft,
    ]
    let steps = [
      geometry.strideHeight, geometry.strideWidth, geometry.dilationHeight, geometry.dilationWidth,
    ]
    guard sizes.allSatisfy({ $0 >= 0 }), steps.allSatisfy({ $0 >= 1 }) else {
      throw GraphError("windows of negative sizes or steps")
    }
  }

  // MARK: Named kernels

  /// A value whose buffer has its elements.
  private func check(_ value: NamedKernelCall.Value, holds count: Int? = nil) throws(GraphError) {
    let own = value.shape.checkedCount ?? .max
    let buffer = try buffer(value.buffer, value.dtype)
    guard own <= buffer.shape.count, (count ?? own) == own else {
      throw GraphError(
        "\(count ?? own) elements in shape \(value.shape) of \"\(buffer.name)\", which has "
          + "\(buffer.shape.count)")
    }
  }

  private func check(_ call: NamedKernelCall) throws(GraphError) {
    for value in call.inputs + call.outputs { try check(value) }
    if let counter = call.counter { _ = try buffer(counter, .uint64) }
    let inputs = call.inputs.map(\.shape)
    let outputs = call.outputs.map(\.shape)
    func expect(_ condition: Bool) throws(GraphError) {
      guard condition else {
        throw GraphError("\(call.kernel.name) takes \(inputs) to \(outputs)")
      }
    }
    switch call.kernel {
    case .random: try expect(call.counter != nil)
    case .assertion: try expect(inputs[0].count >= 1)
    case .stack:
      guard let stack = call.stack else { throw GraphError("\(call.kernel.name) has no stack") }
      try expect(try buffer(stack, .uint64).byteCount >= MemoryLayout<RunStack>.size)
    case .gather(let axis, let batch):
      let (params, indices) = (inputs[0].dimensions, inputs[1].dimensions)
      try expect(axis < params.count && batch <= min(axis, indices.count))
      try expect(params[..<batch] == indices[..<batch])
      let sizes = params[..<axis] + indices[batch...] + params[(axis + 1)...]
      try expect(sizes.sizeProduct == outputs[0].count)
    case .gatherND:
      let slices = try slices(of: inputs[0], at: inputs[1])
      try expect(slices == outputs[0].count)
    case .scatter:
      let slices = try slices(of: inputs[0], at: inputs[1])
      try expect(inputs[0].count == outputs[0].count && slices == inputs[2].count)
    case .segment:
      let (data, ids) = (inputs[0].dimensions, inputs[1].dimensions)
      try expect(ids.count <= data.count && ids == Array(data.prefix(ids.count)))
      let inner = Array(data.dropFirst(ids.count))
      try expect(outputs[0].rank >= 1 && Array(outputs[0].dimensions.dropFirst()) == inner)
    case .topK:
      let rows = Array(inputs[0].dimensions.dropLast())
      try expect(inputs[0].rank >= 1 && outputs.count == 2)
      for output in outputs {
        try expect(output.rank == inputs[0].rank && Array(output.dimensions.dropLast()) == rows)
        try expect(output[output.rank - 1] <= inputs[0][inputs[0].rank - 1])
      }
    case .cumulate(let axis, _, _, _):
      try expect(axis < inputs[0].rank && inputs[0].count == outputs[0].count)
    case .lstm(_, let isGradient):
      let state = isGradient ? inputs[1] : inputs[2]
      let step = isGradient ? inputs[6] : outputs[0]
      try expect(step.rank == 3 && state.dimensions == Array(step.dimensions.dropFirst()))
      let width = [4, step[2]].sizeProduct
      let gates = Shape([step[0], step[1], width])
      let weights = [Shape([step[2], width])] + Array(repeating: Shape([step[2]]), count: 3)
      if isGradient {
        let parts = Array(repeating: step, count: 8)
        try expect(inputs == [.scalar, state] + weights + parts)
        try expect(outputs == [gates, state, state])
      } else {
        try expect(inputs == [.scalar, gates, state, state] + weights)
        try expect(outputs == Array(repeating: step, count: 7))
      }
    case .pool(let kind, let geometry, let isGradient):
      try check(geometry)
      let input = [
        geometry.batch, geometry.inputHeight, geometry.inputWidth, geometry.inputChannels,
      ].sizeProduct
      try expect(geometry.outputChannels == geometry.inputChannels)
      try expect(outputs[0].count == (isGradient ? input : geometry.outputCount))
      let last = inputs[inputs.count - 1].count
      try expect(last == (isGradient ? geometry.outputCount : input))
      if kind != .average { try expect(inputs[0].count == input) }
    case .resize(_, _, _, let isGradient):
      let (small, large) = isGradient ? (outputs[0], inputs[0]) : (inputs[0], outputs[0])
      try expect(small.rank == 4 && large.rank == 4)
      try expect(small[0] == large[0] && small[3] == large[3])
      try expect(large.count == 0 || small.count > 0)
    }
  }

  /// The number of elements in all slices of a tensor that index vectors name.
  private func slices(of tensor: Shape, at indices: Shape) throws(GraphError) -> Int {
    guard let depth = indices.dimensions.last, depth <= tensor.rank else {
      throw GraphError("index vectors of shape \(indices) for shape \(tensor)")
    }
    return (indices.dimensions.dropLast() + tensor.dimensions.dropFirst(depth)).sizeProduct
  }
}

extension ConvolutionGeometry {
  /// The number of elements of the output.
  fileprivate var outputCount: Int {
    [batch, outputHeight, outputWidth, outputChannels].sizeProduct
  }
}

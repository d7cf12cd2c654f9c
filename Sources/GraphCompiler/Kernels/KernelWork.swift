import StandardOps
import TensorCore

/// What a kernel has to do, counted from its description alone: the measure that times are held
/// against, the same for every backend.
///
/// An operation is an addition, a multiplication, any other function of one or two elements, a
/// comparison or a selection, whatever it costs: an exponential counts as one. Casts, coordinates and
/// constants count as none. Bytes are those of the distinct elements that are read or written, each
/// once, however often it is taken: what a backend moves at the least. A buffer that one stage of a
/// kernel hands to another is both read and written.
package struct KernelWork: Hashable, Sendable {
  /// The number of arithmetic operations.
  package var operations = 0
  /// The bytes of distinct elements that are read.
  package var bytesRead = 0
  /// The bytes of distinct elements that are written.
  package var bytesWritten = 0

  /// The bytes that are read or written.
  package var bytes: Int { bytesRead + bytesWritten }

  /// No work.
  package init() {}

  /// The work of a step of a plan.
  package init(_ step: Plan.Step, in plan: Plan) {
    var reads = TouchedElements()
    var writes = TouchedElements()
    switch step.kernel {
    case .loop(let loop):
      operations = loop.operations
      loop.touch(&reads, &writes)
    case .staged(let staged):
      operations = staged.stages.reduce(0) { $0 + $1.loop.operations }
      for stage in staged.stages { stage.loop.touch(&reads, &writes) }
    case .contraction(let contraction):
      operations = contraction.operations
      contraction.touch(&reads, &writes)
    case .convolution(let convolution):
      operations = convolution.operations
      convolution.touch(&reads, &writes)
    case .named(let call):
      operations = call.operations
      call.touch(&reads, &writes)
    }
    func bytes(_ touched: TouchedElements) -> Int {
      touched.counts.reduce(0) { sum, entry in
        let buffer = plan.buffers[step.buffers[entry.key]]
        return sum + min(entry.value, buffer.shape.count) * (buffer.dtype.byteCount ?? 0)
      }
    }
    bytesRead = bytes(reads)
    bytesWritten = bytes(writes)
  }

  package static func += (sum: inout KernelWork, other: KernelWork) {
    sum.operations += other.operations
    sum.bytesRead += other.bytesRead
    sum.bytesWritten += other.bytesWritten
  }
}

/// The distinct elements that a kernel reads of each buffer, or writes.
private struct TouchedElements {
  /// The dimensions along which an access moves, from the longest stride to the shortest.
  private struct Region: Hashable {
    struct Dimension: Hashable {
      var stride: Int
      var extent: Int
    }
    var buffer: Int
    var offset: Int
    var dimensions: [Dimension]

    /// Accesses that reach the same elements by other dimensions are equal.
    init(_ buffer: Int, offset: Int, strides: [Int], extents: [Int]) {
      self.buffer = buffer
      self.offset = offset
      dimensions = []
      let moving = zip(strides, extents).filter { $0 != 0 && $1 != 1 }
        .sorted { abs($0.0) > abs($1.0) }
      for (stride, extent) in moving {
        if let last = dimensions.last, last.stride == stride * extent {
          dimensions[dimensions.count - 1] = Dimension(
            stride: stride, extent: last.extent * extent)
        } else {
          dimensions.append(Dimension(stride: stride, extent: extent))
        }
      }
    }

    /// Windows that overlap reach no more than what lies between their ends.
    var count: Int {
      let product = dimensions.reduce(1) { $0 * $1.extent }
      if product == 0 { return 0 }
      return min(product, dimensions.reduce(1) { $0 + abs($1.stride) * ($1.extent - 1) })
    }
  }

  private var regions = Set<Region>()
  private(set) var counts: [Int: Int] = [:]

  mutating func add(_ buffer: Int, offset: Int, strides: [Int], extents: [Int]) {
    let region = Region(buffer, offset: offset, strides: strides, extents: extents)
    if regions.insert(region).inserted { counts[buffer, default: 0] += region.count }
  }

  mutating func add(_ operand: Operand, _ extents: [Int]) {
    add(
      operand.buffer, offset: operand.access.offset, strides: operand.access.strides,
      extents: extents)
  }

  mutating func add(_ value: NamedKernelCall.Value, atMost count: Int = .max) {
    add(value.buffer, offset: 0, strides: [1], extents: [min(value.shape.count, count)])
  }
}

extension ElementExpression {
  /// The operations of one element.
  fileprivate var operationCount: Int {
    instructions.reduce(0) { sum, instruction in
      switch instruction {
      case .load, .coordinate, .constant, .cast: sum
      case .unary, .binary, .comparison, .select: sum + 1
      }
    }
  }
}

extension LoopKernel {
  fileprivate var operations: Int {
    var sum = work * body.operationCount
    if let reduction { sum += work * reduction.combine.operationCount }
    if let finish { sum += count * finish.operationCount }
    return sum
  }

  fileprivate func touch(_ reads: inout TouchedElements, _ writes: inout TouchedElements) {
    for load in loads { reads.add(load, extents + reducedExtents) }
    for load in finishLoads { reads.add(load, extents) }
    for store in stores { writes.add(store, extents) }
  }
}

extension ContractionKernel {
  /// A multiplication and an addition for each term of each sum, and the epilogue.
  fileprivate var operations: Int {
    2 * batch.reduce(1, *) * m * n * k + (epilogue?.operations ?? 0)
  }

  fileprivate func touch(_ reads: inout TouchedElements, _ writes: inout TouchedElements) {
    for (factor, rows, columns) in [(a, m, k), (b, k, n)] {
      let (outer, inner) = factor.isTransposed ? (columns, rows) : (rows, columns)
      reads.add(
        factor.buffer, offset: factor.offset,
        strides: factor.batchStrides + [factor.leadingDimension, 1],
        extents: batch + [outer, inner])
    }
    if let epilogue {
      epilogue.touch(&reads, &writes)
    } else {
      writes.add(product, offset: 0, strides: [1], extents: [batch.reduce(1, *) * m * n])
    }
  }
}

extension ConvolutionKernel {
  /// A multiplication and an addition for each element of each window, and the epilogue.
  fileprivate var operations: Int { 2 * work + (epilogue?.operations ?? 0) }

  fileprivate func touch(_ reads: inout TouchedElements, _ writes: inout TouchedElements) {
    for input in inputs { reads.add(input) }
    if let epilogue {
      epilogue.touch(&reads, &writes)
    } else {
      writes.add(output)
    }
  }
}

extension NamedKernelCall {
  fileprivate var operations: Int {
    let (given, made) = (inputs.map(\.shape.count), outputs.map(\.shape.count))
    switch kernel {
    case .pool(_, let geometry, _):
      return geometry.batch * geometry.outputHeight * geometry.outputWidth
        * geometry.inputChannels * geometry.windowHeight * geometry.windowWidth
    // Between two pairs of pixels and then between the results: a difference, a product and a sum.
    case .resize(.bilinear, _, _, let isGradient): return 9 * (isGradient ? given[0] : made[0])
    case .scatter(let combination): return combination == .update ? 0 : given[2]
    case .segment: return given[0]
    case .cumulate: return made[0]
    // The product with the weights of the output, and about 40 operations for each cell of a step.
    case .lstm(_, let isGradient):
      let step = isGradient ? inputs[6].shape : outputs[0].shape
      return [step.count, 8 * step[2] + 40].sizeProduct
    case .random, .gather, .gatherND, .topK, .resize, .assertion, .stack: return 0
    }
  }

  fileprivate func touch(_ reads: inout TouchedElements, _ writes: inout TouchedElements) {
    let made = outputs.reduce(0) { $0 + $1.shape.count }
    for (number, input) in inputs.enumerated() {
      switch kernel {
      // Only the slices that are asked for.
      case .gather where number == 0, .gatherND where number == 0:
        reads.add(input, atMost: made)
      default: reads.add(input)
      }
    }
    for output in outputs { writes.add(output) }
  }
}

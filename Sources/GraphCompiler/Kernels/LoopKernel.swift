import StandardOps
import TensorCore

/// Where a loop's elements lie in a buffer: `offset + Σ strides[d] · index[d]`, in elements.
public struct Access: Hashable, Sendable {
  /// The element at the origin.
  public var offset: Int
  /// The step along each of the loop's dimensions; 0 repeats the element.
  public var strides: [Int]

  /// The given map.
  public init(offset: Int = 0, strides: [Int]) {
    self.offset = offset
    self.strides = strides
  }
}

/// A read or write of a kernel: which operand, of which type, and where.
public struct Operand: Hashable, Sendable {
  /// The position among the step's buffers.
  public var buffer: Int
  /// The type of the elements.
  public var dtype: DType
  /// Where the elements lie.
  public var access: Access

  /// A read or write of the given elements.
  public init(buffer: Int, dtype: DType, access: Access) {
    self.buffer = buffer
    self.dtype = dtype
    self.access = access
  }
}

/// How a loop combines elements along its reduced dimensions.
///
/// The order is part of the meaning: the reduced elements in row-major order are cut into chunks of
/// 4,096; in a chunk, element `i` enters lane `i mod 16`, in order, and lanes combine `l` with `l + 8`,
/// `+ 4`, `+ 2`, `+ 1`; chunks combine in pairs of neighbours until one is left.
public struct LoopReduction: Hashable, Sendable {
  /// The state of no elements, by its bits.
  public var initial: [UInt64]
  /// The types of the state's parts.
  public var types: [DType]
  /// Two states to one: loads `0..<n` are the earlier state, `n..<2n` the later.
  public var combine: ElementExpression

  /// The number of lanes.
  public static let laneCount = 16
  /// The number of elements in a chunk.
  public static let chunkCount = 4096
}

/// Nested loops over strided buffers, computing an element expression.
///
/// Dimensions are row-major: the parallel ones first, then those that are reduced.
public struct LoopKernel: Hashable, Sendable {
  /// The sizes of the parallel dimensions.
  public var extents: [Int]
  /// The sizes of the reduced dimensions; empty if nothing is reduced.
  public var reducedExtents: [Int] = []
  /// What the body's loads read, over all dimensions.
  public var loads: [Operand]
  /// The results to store, or the state of one element to reduce.
  public var body: ElementExpression
  /// How elements combine; nil for a plain loop.
  public var reduction: LoopReduction?
  /// From the reduced state (loads `0..<n`) and more loads to the results to store.
  public var finish: ElementExpression?
  /// What the finish's further loads read, over the parallel dimensions.
  public var finishLoads: [Operand] = []
  /// Where the results go, over the parallel dimensions.
  public var stores: [Operand]

  /// A plain loop, or one that reduces some dimensions.
  package init(
    extents: [Int], reducedExtents: [Int] = [], loads: [Operand], body: ElementExpression,
    reduction: LoopReduction? = nil, finish: ElementExpression? = nil, finishLoads: [Operand] = [],
    stores: [Operand]
  ) {
    self.extents = extents
    self.reducedExtents = reducedExtents
    self.loads = loads
    self.body = body
    self.reduction = reduction
    self.finish = finish
    self.finishLoads = finishLoads
    self.stores = stores
  }

  /// The number of elements of the parallel dimensions.
  public var count: Int { extents.reduce(1, *) }
  /// The number of elements that are combined into one.
  public var reducedCount: Int { reducedExtents.reduce(1, *) }
}

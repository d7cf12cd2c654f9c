import StandardOps
import TensorCore

/// One matrix operand of a contraction: where its elements lie.
public struct MatrixOperand: Hashable, Sendable {
  /// The position among the step's buffers.
  public var buffer: Int
  /// The element at the origin.
  public var offset = 0
  /// The step along each batch dimension; 0 repeats the matrix.
  public var batchStrides: [Int]
  /// The distance between rows of the stored matrix.
  public var leadingDimension: Int
  /// Whether the stored matrix is the transpose of the operand.
  public var isTransposed: Bool
}

/// A (batched) matrix product, and a loop over each finished tile of it.
///
/// A sum is complete before the epilogue reads it: no operation crosses the seam. With an epilogue the
/// product is stored nowhere but in the scratch of a tile.
public struct ContractionKernel: Hashable, Sendable {
  /// The sizes of the batch dimensions.
  public var batch: [Int]
  /// Rows, columns, and terms of each sum.
  public var m: Int, n: Int, k: Int
  /// The type of all elements.
  public var dtype: DType
  /// The factors.
  public var a: MatrixOperand, b: MatrixOperand
  /// The buffer that the product is written to, dense and row-major, if there is no epilogue.
  public var product: Int
  /// A plain loop over `batch + [m, n]`, whose load 0 is the product's element; the loop's own loads
  /// are those from 1.
  public var epilogue: LoopKernel?
}

/// A kernel that is one function: which, and the buffers it takes and gives.
public struct NamedKernelCall: Hashable, Sendable {
  /// A dense, row-major tensor of the call.
  public struct Value: Hashable, Sendable {
    /// The position among the step's buffers.
    public var buffer: Int
    /// The type of the elements.
    public var dtype: DType
    /// Their arrangement.
    public var shape: Shape
  }

  /// The function, with its numbers.
  public var kernel: NamedKernel
  /// What it reads.
  public var inputs: [Value]
  /// What it writes.
  public var outputs: [Value]
  /// The buffer of its random stream: three `UInt64`s, the position, then the key and the upper half
  /// of the counter for an op whose seeds are both 0.
  public var counter: Int?
  /// The buffer of the stack that it changes, a `RunStack`.
  public var stack: Int?
}

/// What the compiler asks of a backend: one of a small set of forms over strided buffers.
public enum Kernel: Hashable, Sendable {
  case loop(LoopKernel)
  case staged(StagedKernel)
  case contraction(ContractionKernel)
  case convolution(ConvolutionKernel)
  case named(NamedKernelCall)
}

/// A compiled kernel.
///
/// Work is cut into tiles by the kernel's shape alone, so that results do not depend on the number of
/// threads; the runtime decides which thread runs which tile.
public protocol KernelCallable: AnyObject, Sendable {
  /// The number of pieces that may run at the same time.
  var tileCount: Int { get }
  /// The bytes of 64-byte aligned scratch that each running thread needs.
  var scratchByteCount: Int { get }
  /// A rough number of nanoseconds for all tiles, to decide whether threads pay.
  var estimatedNanoseconds: Int { get }
  /// Runs some of the tiles.
  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus
}

/// How a kernel ended.
public enum KernelStatus: Int32, Sendable {
  case success
  /// An integer was divided by zero.
  case divisionByZero
  /// Random integers were drawn from an empty range.
  case emptyRange
  /// An index lies outside of what it indexes.
  case badIndex
  /// A place is named twice where each may be named once.
  case repeatedIndex
  /// An integer was raised to a negative power.
  case negativeExponent
  /// An asserted condition is false.
  case assertionFailed
  /// There is nothing left to take from a stack.
  case stackIsEmpty
  /// What is put onto a stack takes more memory than there may be.
  case stackTooLarge
}

/// Turns kernels into callables, or declines.
public protocol Backend: Sendable {
  /// The name on the command line and in listings.
  var name: String { get }
  /// A callable for each kernel; nil for those that the backend declines.
  func compile(_ kernels: [Kernel]) -> [(any KernelCallable)?]
}

import GraphCompiler
import StandardOps
import TensorCore

/// A plain loop: blocks of the row-major index space, one after the other.
final class LoopCallable: KernelCallable {
  private let kernel: LoopKernel
  private let program: BlockProgram
  private let count: Int
  /// Whether the result may be computed where it is stored: nothing that the loop reads lies there.
  private let storesDirectly: Bool
  private let storesDensely: Bool
  private let size: Int
  /// The bytes of an element of the block that load 0 reads, where the caller provides it.
  private let providedSize: Int

  /// The elements of one tile: enough work to be worth a thread's while.
  private static let tileElements = 8192

  /// - Parameter provided: the type of load 0, whose elements the caller of `run` provides densely;
  ///   nil if the loop reads all that it needs.
  init?(_ kernel: LoopKernel, provided: DType? = nil) {
    guard
      let program = BlockProgram(
        kernel.body, loads: kernel.loads, extents: kernel.extents, provided: provided == nil ? 0 : 1
      ),
      let store = kernel.stores.first, let size = store.dtype.byteCount
    else { return nil }
    self.kernel = kernel
    self.program = program
    self.size = size
    providedSize = provided?.byteCount ?? 0
    count = kernel.count
    let dense = Shape(kernel.extents).strides
    storesDensely = zip(kernel.extents, zip(store.access.strides, dense)).allSatisfy {
      $0.0 == 1 || $0.1.0 == $0.1.1
    }
    storesDirectly =
      storesDensely && program.isComputed(result: 0)
      && !kernel.loads.contains { $0.buffer == store.buffer }
  }

  var tileCount: Int { max(1, (count + Self.tileElements - 1) / Self.tileElements) }
  var scratchByteCount: Int { program.scratchByteCount + 64 }
  var estimatedNanoseconds: Int { Int(program.nanosecondsPerElement * Double(count)) }

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    run(tiles: tiles, operands: operands, provided: scratch, scratch: scratch)
  }

  /// Runs some of the tiles, of a loop whose load 0 reads `provided`.
  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    provided: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    let start = tiles.lowerBound * Self.tileElements
    return run(
      elements: start..<max(start, min(tiles.upperBound * Self.tileElements, count)),
      operands: operands, provided: provided + start * providedSize, scratch: scratch)
  }

  /// Runs some of the elements, in row-major order, of a loop whose load 0 reads `provided`.
  func run(
    elements: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    provided: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    let status = scratch
    status.storeBytes(of: 0, as: Int32.self)
    var start = elements.lowerBound
    while start < elements.upperBound {
      let next = min(start + BlockProgram.blockCount, elements.upperBound)
      let block = provided + (start - elements.lowerBound) * providedSize
      runBlock(start..<next, operands, block, scratch + 64, status)
      start = next
    }
    return KernelStatus(rawValue: status.load(as: Int32.self)) ?? .success
  }

  private func runBlock(
    _ range: Range<Int>, _ operands: UnsafePointer<UnsafeMutableRawPointer>,
    _ provided: UnsafeMutableRawPointer, _ scratch: UnsafeMutableRawPointer,
    _ status: UnsafeMutableRawPointer
  ) {
    let store = kernel.stores[0]
    let base = operands[store.buffer]
    let destination = base + (store.access.offset + range.lowerBound) * size
    let registers = withUnsafePointer(to: provided) {
      program.evaluate(
        range, operands: operands, provided: $0, destination: storesDirectly ? destination : nil,
        scratch: scratch, status: status)
    }
    if storesDirectly { return }
    let result = registers[program.results[0]]
    if program.isUniform(result: 0) {
      // One element everywhere: through the general store with a step of 0 on the reading side.
      for position in range {
        StridedCopy.scatter(
          result, to: base, size: size, offset: store.access.offset,
          strides: store.access.strides, extents: kernel.extents, range: position..<(position + 1))
      }
    } else if storesDensely {
      destination.copyMemory(from: result, byteCount: range.count * size)
    } else {
      StridedCopy.scatter(
        result, to: base, size: size, offset: store.access.offset, strides: store.access.strides,
        extents: kernel.extents, range: range)
    }
  }
}

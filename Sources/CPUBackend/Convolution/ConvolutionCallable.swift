import COpenBLAS
import GraphCompiler
import StandardOps
import TensorCore

/// A convolution or one of its backward forms, cut into tiles of its result by the sizes alone. Each
/// tile has the same bits with an epilogue and without one.
protocol TiledConvolution: Sendable {
  associatedtype Element: MatrixElement
  /// The number of tiles, which may be computed at the same time.
  var tileCount: Int { get }
  /// The elements of the largest tile.
  var tileElementCount: Int { get }
  /// The elements of scratch that computing a tile takes beside the tile itself.
  var scratchElementCount: Int { get }
  /// A rough number of nanoseconds for all tiles.
  var estimatedNanoseconds: Int { get }

  /// Where the elements of a tile lie in the result.
  func place(of tile: Int) -> TilePlace
  /// Computes a tile from the kernel's two inputs.
  ///
  /// - Parameters:
  ///   - target: where the tile's first element goes.
  ///   - step: the elements from the start of one of its runs to the next there.
  func compute(
    _ tile: Int, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    to target: UnsafeMutablePointer<Element>, step: Int, scratch: UnsafeMutablePointer<Element>)
}

/// Runs of neighbouring elements in a result.
struct TilePlace {
  /// The first element.
  var start: Int
  /// The elements of each run.
  var count: Int
  /// The number of runs.
  var runs = 1
  /// The elements from the start of one run to the next.
  var step = 0

  /// As few runs as possible.
  var merged: TilePlace {
    step == count ? TilePlace(start: start, count: count * runs) : self
  }
}

/// Computes the tiles of a convolution. With an epilogue each goes to scratch, and from there through
/// the epilogue while it is in cache.
final class ConvolutionCallable: KernelCallable {
  /// Computes a tile of the result from two operands, as `TiledConvolution.compute` does.
  private typealias Compute =
    @Sendable (
      _ tile: Int, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
      _ target: UnsafeMutableRawPointer, _ step: Int, _ scratch: UnsafeMutableRawPointer
    ) -> Void

  // Functions rather than a generic class: that one's methods would serve all element types alike, by
  // way of their witnesses.
  private let place: @Sendable (Int) -> TilePlace
  private let compute: Compute
  let tileCount: Int
  private let elementSize: Int
  private let a: Int, b: Int, result: Int
  private let epilogue: LoopCallable?
  /// The bytes of a tile that goes through an epilogue.
  private let tileByteCount: Int
  let scratchByteCount: Int
  let estimatedNanoseconds: Int

  fileprivate init?<Product: TiledConvolution>(_ kernel: ConvolutionKernel, _ product: Product) {
    place = { product.place(of: $0) }
    compute = { tile, a, b, target, step, scratch in
      product.compute(
        tile, a.assumingMemoryBound(to: Product.Element.self),
        b.assumingMemoryBound(to: Product.Element.self),
        to: target.assumingMemoryBound(to: Product.Element.self), step: step,
        scratch: scratch.assumingMemoryBound(to: Product.Element.self))
    }
    tileCount = product.tileCount
    elementSize = MemoryLayout<Product.Element>.stride
    (a, b, result) = (kernel.inputs[0].buffer, kernel.inputs[1].buffer, kernel.output.buffer)
    if let loop = kernel.epilogue {
      guard let callable = LoopCallable(loop.collapsed(), provided: kernel.dtype) else {
        return nil
      }
      epilogue = callable
    } else {
      epilogue = nil
    }
    tileByteCount = epilogue == nil ? 0 : (product.tileElementCount * elementSize + 63) / 64 * 64
    // The epilogue begins where computing the tile has ended.
    let working = max(
      product.scratchElementCount * elementSize, epilogue?.scratchByteCount ?? 0)
    scratchByteCount = tileByteCount + max(working, 64)
    estimatedNanoseconds =
      product.estimatedNanoseconds + (epilogue?.estimatedNanoseconds ?? 0)
    openblas_set_num_threads(1)
  }

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    let working = scratch + tileByteCount
    for tile in tiles {
      let place = place(tile)
      guard let epilogue else {
        let target = operands[result] + place.start * elementSize
        compute(tile, operands[a], operands[b], target, place.step, working)
        continue
      }
      compute(tile, operands[a], operands[b], scratch, place.count, working)
      let merged = place.merged
      for run in 0..<merged.runs {
        let start = merged.start + run * merged.step
        let status = epilogue.run(
          elements: start..<(start + merged.count), operands: operands,
          provided: scratch + run * merged.count * elementSize, scratch: working)
        if status != .success { return status }
      }
    }
    return .success
  }
}

/// The convolutions of each element type.
enum Convolving {
  /// The callable of a kernel; nil where the element type has none.
  static func callable(_ kernel: ConvolutionKernel) -> (any KernelCallable)? {
    switch kernel.dtype {
    case .float32: callable(kernel, Float.self)
    case .float64: callable(kernel, Double.self)
    default: nil
    }
  }

  private static func callable<T: MatrixElement>(
    _ kernel: ConvolutionKernel, _: T.Type
  ) -> (any KernelCallable)? {
    kernel.isDepthwise
      ? ConvolutionCallable(kernel, ChannelProduct<T>(kernel))
      : ConvolutionCallable(kernel, WindowProduct<T>(kernel))
  }
}

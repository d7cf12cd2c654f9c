import GraphCompiler
import StandardOps

/// Convolutions as products of a matrix of windows with the filter: each row of that matrix holds the
/// elements that one output place sees.
struct WindowProduct<T: MatrixElement>: TiledConvolution {
  typealias Element = T

  private let g: ConvolutionGeometry
  private let part: ConvolutionPart
  private let windows: WindowMatrix<T>
  private let correction: PaddingCorrection<T>
  /// The output places whose windows are in scratch at a time.
  private let rows: Int
  /// The columns of the matrix whose rows of the filter's gradient are one tile.
  private let columns: Int
  /// The image rows of a tile of the input's gradient.
  private let height: Int
  let tileCount: Int
  let tileElementCount: Int
  let estimatedNanoseconds: Int

  /// The bytes of a matrix of windows, and of the tile that follows from it: they stay in the
  /// second-level cache beside the filter.
  private static var matrixBytes: Int { 512 << 10 }
  /// The multiplications of one tile of a gradient: below, what tiles repeat costs more than a thread
  /// gains.
  private static var tileWork: Int { 3_000_000 }
  /// The fewest rows of a tile of a filter's gradient: each reads the output's gradient again.
  private static var leastColumns: Int { 128 }
  /// The elements of a tile of the input's gradient, which stay in cache until they are finished.
  private static var imageElements: Int { 1 << 18 }

  init(_ kernel: ConvolutionKernel) {
    let g = kernel.geometry
    self.g = g
    part = kernel.part
    windows = WindowMatrix(g)
    correction = PaddingCorrection(g)
    let all = windows.columns
    estimatedNanoseconds = kernel.work / 20
    height = part == .inputGradient ? Self.height(g, kernel.work) : g.inputHeight
    switch part {
    case .output:
      columns = all
      rows = Self.rows(windows.places, max(all, g.outputChannels))
      tileCount = g.batch * ((windows.places + rows - 1) / rows)
      tileElementCount = rows * g.outputChannels
    case .inputGradient:
      columns = all
      rows = Self.rows(windows.places, all)
      tileCount = g.batch * ((g.inputHeight + height - 1) / height)
      tileElementCount = height * g.inputWidth * g.inputChannels
    case .filterGradient:
      // Every image adds to the whole filter, in order; so the filter's rows are what is cut.
      let pieces = max(1, min(16, kernel.work / Self.tileWork, all / Self.leastColumns))
      columns = ((all + pieces - 1) / pieces + 7) / 8 * 8
      rows = Self.rows(windows.places, min(columns, all) + g.outputChannels)
      tileCount = (all + columns - 1) / columns
      tileElementCount = min(columns, all) * g.outputChannels
    }
  }

  /// The image rows of a tile of the input's gradient. Windows that reach into two tiles are computed
  /// for both, so that tiles are much higher than what windows have in common.
  private static func height(_ g: ConvolutionGeometry, _ work: Int) -> Int {
    let shared = max(0, (g.windowHeight - 1) * g.dilationHeight + 1 - g.strideHeight)
    let pieces = max(1, min(16 / max(g.batch, 1), work / tileWork))
    let row = max(g.inputWidth * g.inputChannels, 1)
    let wanted = min((g.inputHeight + pieces - 1) / pieces, imageElements / row)
    return max(1, min(g.inputHeight, max(wanted, 8 * shared)))
  }

  private static func rows(_ places: Int, _ columns: Int) -> Int {
    max(1, min(places, matrixBytes / max(columns * MemoryLayout<T>.size, 1)))
  }

  var scratchElementCount: Int {
    windows.isInput && part != .inputGradient ? 0 : rows * min(columns, windows.columns)
  }

  /// The image and the output places of a tile of the output.
  private func places(_ tile: Int) -> (image: Int, range: Range<Int>) {
    let blocks = (windows.places + rows - 1) / rows
    let start = tile % blocks * rows
    return (tile / blocks, start..<min(start + rows, windows.places))
  }

  /// The image and its rows of a tile of the input's gradient.
  private func imageRows(_ tile: Int) -> (image: Int, range: Range<Int>) {
    let pieces = (g.inputHeight + height - 1) / height
    let start = tile % pieces * height
    return (tile / pieces, start..<min(start + height, g.inputHeight))
  }

  private func columns(_ tile: Int) -> Range<Int> {
    tile * columns..<min((tile + 1) * columns, windows.columns)
  }

  func place(of tile: Int) -> TilePlace {
    switch part {
    case .output:
      let (image, range) = places(tile)
      let first = image * windows.outputCount
      if g.isChannelsFirst {
        return TilePlace(
          start: first + range.lowerBound, count: range.count, runs: g.outputChannels,
          step: windows.places)
      }
      return TilePlace(
        start: first + range.lowerBound * g.outputChannels, count: range.count * g.outputChannels)
    case .inputGradient:
      let (image, range) = imageRows(tile)
      let first = image * windows.inputCount
      if g.isChannelsFirst {
        return TilePlace(
          start: first + range.lowerBound * g.inputWidth, count: range.count * g.inputWidth,
          runs: g.inputChannels, step: g.inputHeight * g.inputWidth)
      }
      let row = g.inputWidth * g.inputChannels
      return TilePlace(start: first + range.lowerBound * row, count: range.count * row)
    case .filterGradient:
      let range = columns(tile)
      return TilePlace(
        start: range.lowerBound * g.outputChannels, count: range.count * g.outputChannels)
    }
  }

  func compute(
    _ tile: Int, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, to target: UnsafeMutablePointer<T>,
    step: Int, scratch: UnsafeMutablePointer<T>
  ) {
    switch part {
    case .output:
      let (image, range) = places(tile)
      windows.forward(image, range, a, b, target, step, scratch)
      correction.correctOutput(image, range, a, b, target, step)
    case .inputGradient:
      let place = place(of: tile)
      for run in 0..<place.runs {
        (target + run * step).update(repeating: 0, count: place.count)
      }
      let (image, range) = imageRows(tile)
      eachBlock(windows.places(reaching: range)) {
        windows.backward(image, $0, range, a, b, target, step, scratch)
      }
    case .filterGradient:
      let range = columns(tile)
      target.update(repeating: 0, count: range.count * g.outputChannels)
      for image in 0..<g.batch {
        eachBlock(0..<windows.places) {
          windows.filterGradient(image, $0, range, a, b, target, scratch)
        }
      }
      correction.correctFilterGradient(range, a, b, target)
    }
  }

  @inline(__always)
  private func eachBlock(_ places: Range<Int>, _ body: (Range<Int>) -> Void) {
    var start = places.lowerBound
    while start < places.upperBound {
      body(start..<min(start + rows, places.upperBound))
      start += rows
    }
  }
}

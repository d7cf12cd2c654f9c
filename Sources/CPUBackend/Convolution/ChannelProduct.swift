import GraphCompiler
import StandardOps

/// Convolutions of each channel apart: plain sums over windows.
struct ChannelProduct<T: MatrixElement>: TiledConvolution {
  typealias Element = T

  private let g: ConvolutionGeometry
  private let part: ConvolutionPart
  private let walk: WindowWalk
  private let channels: Int
  /// The output channels of each input channel.
  private let multiplier: Int
  /// The output places of a tile of the output.
  private let rows: Int
  let tileCount: Int
  let tileElementCount: Int
  let scratchElementCount = 0
  let estimatedNanoseconds: Int

  /// The elements of a tile of the output, which stay in cache until the epilogue reads them.
  private static var tileElements: Int { 1 << 15 }

  init(_ kernel: ConvolutionKernel) {
    let g = kernel.geometry
    self.g = g
    part = kernel.part
    walk = WindowWalk(g)
    channels = g.inputChannels
    multiplier = g.outputChannels / max(channels, 1)
    estimatedNanoseconds = kernel.work
    rows = max(1, min(walk.places, Self.tileElements / max(g.outputChannels, 1)))
    switch part {
    case .output:
      tileCount = g.batch * ((walk.places + rows - 1) / rows)
      tileElementCount = rows * g.outputChannels
    case .inputGradient:
      // Windows overlap, so an image is one tile.
      tileCount = g.batch
      tileElementCount = g.inputHeight * g.inputWidth * channels
    case .filterGradient:
      // Every image adds to the whole filter, in order; so the filter's pixels are what is cut.
      tileCount = g.windowHeight * g.windowWidth
      tileElementCount = g.outputChannels
    }
  }

  /// The image and the output places of a tile of the output.
  private func places(_ tile: Int) -> (image: Int, range: Range<Int>) {
    let blocks = (walk.places + rows - 1) / rows
    let start = tile % blocks * rows
    return (tile / blocks, start..<min(start + rows, walk.places))
  }

  func place(of tile: Int) -> TilePlace {
    guard part == .output else {
      return TilePlace(start: tile * tileElementCount, count: tileElementCount)
    }
    let (image, range) = places(tile)
    let start = walk.output(image, range.lowerBound)
    return g.isChannelsFirst
      ? TilePlace(start: start, count: range.count, runs: g.outputChannels, step: walk.places)
      : TilePlace(start: start, count: range.count * g.outputChannels)
  }

  func compute(
    _ tile: Int, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, to target: UnsafeMutablePointer<T>,
    step: Int, scratch: UnsafeMutablePointer<T>
  ) {
    switch part {
    case .output: forward(tile, a, b, target, step)
    case .inputGradient: backward(tile, a, b, target)
    case .filterGradient: filterGradient(tile, a, b, target)
    }
  }

  /// Calls `body` for each output channel, with the steps from the first one of its pixel to it in
  /// input, filter and output.
  @inline(__always)
  private func eachChannel(_ outputStep: Int, _ body: (Int, Int, Int) -> Void) {
    for channel in 0..<channels {
      for m in 0..<multiplier {
        let own = channel * multiplier + m
        body(channel * walk.inputChannelStep, own, own * outputStep)
      }
    }
  }

  /// Whether each channel has one filter, and channels lie side by side: whole vectors of them.
  private var isPlain: Bool { multiplier == 1 && !g.isChannelsFirst }

  private func forward(
    _ tile: Int, _ x: UnsafePointer<T>, _ filter: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>, _ step: Int
  ) {
    let (image, range) = places(tile)
    let (placeStep, channelStep) = g.isChannelsFirst ? (1, step) : (g.outputChannels, 1)
    for place in range {
      let own = target + (place - range.lowerBound) * placeStep
      for channel in 0..<g.outputChannels { own[channel * channelStep] = 0 }
      walk.eachPixel(image, place) { input, tap in
        let (pixel, weights) = (x + input, filter + tap * g.outputChannels)
        if isPlain {
          multiplyAdd(own, pixel, weights, channels)
        } else {
          eachChannel(channelStep) { own[$2] += pixel[$0] * weights[$1] }
        }
      }
    }
  }

  private func backward(
    _ image: Int, _ filter: UnsafePointer<T>, _ gradient: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>
  ) {
    target.update(repeating: 0, count: tileElementCount)
    for place in 0..<walk.places {
      let dy = gradient + walk.output(image, place)
      // The target is one image alone, where pixels have the places that they have in the first.
      walk.eachPixel(0, place) { input, tap in
        let (own, weights) = (target + input, filter + tap * g.outputChannels)
        if isPlain {
          multiplyAdd(own, weights, dy, channels)
        } else {
          eachChannel(walk.outputChannelStep) { own[$0] += weights[$1] * dy[$2] }
        }
      }
    }
  }

  private func filterGradient(
    _ tap: Int, _ x: UnsafePointer<T>, _ gradient: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>
  ) {
    target.update(repeating: 0, count: g.outputChannels)
    for image in 0..<g.batch {
      for place in 0..<walk.places {
        let dy = gradient + walk.output(image, place)
        walk.pixel(image, place, tap: tap) { input in
          let pixel = x + input
          if isPlain {
            multiplyAdd(target, pixel, dy, channels)
          } else {
            eachChannel(walk.outputChannelStep) { target[$1] += pixel[$0] * dy[$2] }
          }
        }
      }
    }
  }
}

/// target ← target + a·b, element by element.
@inline(__always)
private func multiplyAdd<T: BinaryFloatingPoint>(
  _ target: UnsafeMutablePointer<T>, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ count: Int
) {
  for i in 0..<count { target[i] += a[i] * b[i] }
}

import GraphCompiler
import StandardOps
import TensorCore

/// Convolutions of each channel apart: plain sums over windows, image by image.
enum DepthwiseConvolving {
  static func convolution(
    _ call: NamedKernelCall, _ geometry: ConvolutionGeometry, _ part: ConvolutionPart
  ) -> NamedCallable? {
    switch call.outputs[0].dtype {
    case .float32: convolution(call, geometry, part, Float.self)
    case .float64: convolution(call, geometry, part, Double.self)
    default: nil
    }
  }

  private static func convolution<T: MatrixElement>(
    _ call: NamedKernelCall, _ g: ConvolutionGeometry, _ part: ConvolutionPart, _: T.Type
  ) -> NamedCallable {
    let walk = WindowWalk(g)
    let channels = g.inputChannels
    let multiplier = channels == 0 ? 0 : g.outputChannels / channels
    let work = g.batch * walk.places * g.windowHeight * g.windowWidth * g.outputChannels
    let (a, b, c) = (call.inputs[0].buffer, call.inputs[1].buffer, call.outputs[0].buffer)
    let count = call.outputs[0].shape.count
    let isWhole = part == .filterGradient
    let isPlain = multiplier == 1 && !g.isChannelsFirst
    return NamedCallable(tiles: isWhole ? 1 : g.batch, nanoseconds: work) { tiles, operands, _ in
      let x = UnsafePointer(operands[a].assumingMemoryBound(to: T.self))
      let y = UnsafePointer(operands[b].assumingMemoryBound(to: T.self))
      let target = operands[c].assumingMemoryBound(to: T.self)
      if isWhole { target.update(repeating: 0, count: count) }
      for image in isWhole ? 0..<g.batch : tiles {
        if !isWhole {
          let own = count / g.batch
          (target + image * own).update(repeating: 0, count: own)
        }
        walk.eachPixel(image) { input, output, tap in
          if isPlain {
            // One filter a channel, channels side by side: whole vectors of channels.
            let weight = tap * channels
            switch part {
            case .output: multiplyAdd(target + output, x + input, y + weight, channels)
            case .inputGradient: multiplyAdd(target + input, x + weight, y + output, channels)
            case .filterGradient: multiplyAdd(target + weight, x + input, y + output, channels)
            }
            return
          }
          for channel in 0..<channels {
            let pixel = input + channel * walk.inputChannelStep
            for m in 0..<multiplier {
              let weight = (tap * channels + channel) * multiplier + m
              let place = output + (channel * multiplier + m) * walk.outputChannelStep
              switch part {
              case .output: target[place] += x[pixel] * y[weight]
              case .inputGradient: target[pixel] += x[weight] * y[place]
              case .filterGradient: target[weight] += x[pixel] * y[place]
              }
            }
          }
        }
      }
      return .success
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

/// Goes through all windows of an image.
struct WindowWalk: Sendable {
  private let g: ConvolutionGeometry

  init(_ geometry: ConvolutionGeometry) { g = geometry }

  var places: Int { g.outputHeight * g.outputWidth }
  var inputChannelStep: Int { g.isChannelsFirst ? g.inputHeight * g.inputWidth : 1 }
  var outputChannelStep: Int { g.isChannelsFirst ? places : 1 }

  /// The position of the first channel of an output place.
  func output(_ image: Int, _ place: Int) -> Int {
    image * places * g.outputChannels + place * (g.isChannelsFirst ? 1 : g.outputChannels)
  }

  /// Calls `body` with the first channel's position of an input pixel and of the output place whose
  /// window it is in, and with the pixel's number in the window, in row-major order of both.
  @inline(__always)
  func eachPixel(_ image: Int, _ body: (_ input: Int, _ output: Int, _ tap: Int) -> Void) {
    for place in 0..<places { eachPixel(image, place) { body($0, output(image, place), $1) } }
  }

  /// The pixels of one window.
  @inline(__always)
  func eachPixel(_ image: Int, _ place: Int, _ body: (_ input: Int, _ tap: Int) -> Void) {
    let start = image * g.inputHeight * g.inputWidth * g.inputChannels
    let step = g.isChannelsFirst ? 1 : g.inputChannels
    let top = place / g.outputWidth * g.strideHeight - g.padTop
    let left = place % g.outputWidth * g.strideWidth - g.padLeft
    for i in 0..<g.windowHeight {
      let y = top + i * g.dilationHeight
      guard y >= 0, y < g.inputHeight else { continue }
      for j in 0..<g.windowWidth {
        let x = left + j * g.dilationWidth
        guard x >= 0, x < g.inputWidth else { continue }
        body(start + (y * g.inputWidth + x) * step, i * g.windowWidth + j)
      }
    }
  }
}

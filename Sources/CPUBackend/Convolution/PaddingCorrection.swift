import StandardOps

/// Leaves padding out of the sums that it has made NaN: a matrix of windows holds zeros for it, and zero
/// times infinity is no number. TensorFlow's sums have no terms for padding.
///
/// Gradients of the input need no correction: they are sums of what each window gives its pixels.
struct PaddingCorrection<T: MatrixElement>: Sendable {
  private let g: ConvolutionGeometry
  private let walk: WindowWalk
  private let groupOutputs: Int

  init(_ geometry: ConvolutionGeometry) {
    g = geometry
    walk = WindowWalk(g)
    groupOutputs = g.outputChannels / max(g.groups, 1)
  }

  /// Corrects some output places of an image.
  ///
  /// - Parameters:
  ///   - target: the first of these places.
  ///   - step: the elements from channel to channel there, if channels come first.
  func correctOutput(
    _ image: Int, _ places: Range<Int>, _ input: UnsafePointer<T>, _ filter: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>, _ step: Int
  ) {
    let (placeStep, channelStep) = g.isChannelsFirst ? (1, step) : (g.outputChannels, 1)
    for place in places {
      let own = target + (place - places.lowerBound) * placeStep
      for channel in 0..<g.outputChannels where own[channel * channelStep].isNaN {
        let firstInput = channel / groupOutputs * g.groupChannels
        var sum: T = 0
        walk.eachPixel(image, place) { pixel, tap in
          for c in 0..<g.groupChannels where !sum.isNaN {
            sum +=
              input[pixel + (firstInput + c) * walk.inputChannelStep]
              * filter[(tap * g.groupChannels + c) * g.outputChannels + channel]
          }
        }
        own[channel * channelStep] = sum
      }
    }
  }

  /// Corrects some rows of the filter's gradient, the taps' channels.
  func correctFilterGradient(
    _ rows: Range<Int>, _ input: UnsafePointer<T>, _ gradient: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>
  ) {
    for row in rows {
      let own = target + (row - rows.lowerBound) * g.outputChannels
      for channel in 0..<g.outputChannels where own[channel].isNaN {
        own[channel] = filterGradient(row, channel, input, gradient)
      }
    }
  }

  private func filterGradient(
    _ row: Int, _ channel: Int, _ input: UnsafePointer<T>, _ gradient: UnsafePointer<T>
  ) -> T {
    let (tap, c) = (row / g.groupChannels, row % g.groupChannels)
    let inputChannel = channel / groupOutputs * g.groupChannels + c
    var sum: T = 0
    for image in 0..<g.batch {
      for place in 0..<walk.places where !sum.isNaN {
        let dy = gradient[walk.output(image, place) + channel * walk.outputChannelStep]
        walk.pixel(image, place, tap: tap) {
          sum += input[$0 + inputChannel * walk.inputChannelStep] * dy
        }
      }
    }
    return sum
  }
}

import StandardOps

/// The windows of images as rows of a matrix, and the products that convolutions are of it.
struct WindowMatrix<T: MatrixElement>: Sendable {
  private let g: ConvolutionGeometry

  init(_ geometry: ConvolutionGeometry) { g = geometry }

  /// The output places of an image.
  var places: Int { g.outputHeight * g.outputWidth }
  /// The elements of a window in one group of channels.
  var columns: Int { g.windowHeight * g.windowWidth * g.groupChannels }

  private var inputCount: Int { g.inputHeight * g.inputWidth * g.inputChannels }
  private var outputCount: Int { places * g.outputChannels }
  private var groupOutputs: Int { g.outputChannels / g.groups }
  /// The steps in memory from pixel to pixel and from channel to channel.
  private var pixelStep: Int { g.isChannelsFirst ? 1 : g.inputChannels }
  private var channelStep: Int { g.isChannelsFirst ? g.inputHeight * g.inputWidth : 1 }

  /// Calls `body` for each pixel of a window that lies inside of the image: with its row of the matrix,
  /// its first column, and its pixel.
  @inline(__always)
  private func eachPixel(
    _ range: Range<Int>, _ outside: (Int, Int) -> Void, _ inside: (Int, Int, Int) -> Void
  ) {
    for place in range {
      let top = place / g.outputWidth * g.strideHeight - g.padTop
      let left = place % g.outputWidth * g.strideWidth - g.padLeft
      let row = (place - range.lowerBound) * columns
      for i in 0..<g.windowHeight {
        let y = top + i * g.dilationHeight
        for j in 0..<g.windowWidth {
          let x = left + j * g.dilationWidth
          let column = row + (i * g.windowWidth + j) * g.groupChannels
          if y >= 0, y < g.inputHeight, x >= 0, x < g.inputWidth {
            inside(row, column, y * g.inputWidth + x)
          } else {
            outside(row, column)
          }
        }
      }
    }
  }

  private func fill(
    _ matrix: UnsafeMutablePointer<T>, _ image: UnsafePointer<T>, _ group: Int, _ range: Range<Int>
  ) {
    let first = group * g.groupChannels
    eachPixel(
      range, { _, column in (matrix + column).update(repeating: 0, count: g.groupChannels) },
      { _, column, pixel in
        let source = image + pixel * pixelStep + first * channelStep
        if channelStep == 1 {
          (matrix + column).update(from: source, count: g.groupChannels)
        } else {
          for c in 0..<g.groupChannels { matrix[column + c] = source[c * channelStep] }
        }
      })
  }

  /// out = windows · filter.
  func forward(
    _ image: Int, _ range: Range<Int>, _ input: UnsafePointer<T>, _ filter: UnsafePointer<T>,
    _ output: UnsafeMutablePointer<T>, _ matrix: UnsafeMutablePointer<T>
  ) {
    if range.isEmpty || g.outputChannels == 0 { return }
    let target = output + image * outputCount
    for group in 0..<g.groups {
      fill(matrix, input + image * inputCount, group, range)
      let weights = filter + group * groupOutputs
      if g.isChannelsFirst {
        T.multiply(
          true, true, groupOutputs, range.count, columns, weights, g.outputChannels, matrix,
          columns, 0, target + group * groupOutputs * places + range.lowerBound, places)
      } else {
        T.multiply(
          false, false, range.count, groupOutputs, columns, matrix, columns, weights,
          g.outputChannels, 0, target + range.lowerBound * g.outputChannels + group * groupOutputs,
          g.outputChannels)
      }
    }
  }

  /// Sets an image to zero.
  func clear(_ image: Int, _ target: UnsafeMutablePointer<T>) {
    (target + image * inputCount).update(repeating: 0, count: inputCount)
  }

  /// Adds dy · filterᵀ, window by window, to the input's gradient.
  func backward(
    _ image: Int, _ range: Range<Int>, _ filter: UnsafePointer<T>, _ gradient: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>, _ matrix: UnsafeMutablePointer<T>
  ) {
    if range.isEmpty || g.outputChannels == 0 { return }
    let dy = gradient + image * outputCount
    let own = target + image * inputCount
    for group in 0..<g.groups {
      let weights = filter + group * groupOutputs
      if g.isChannelsFirst {
        T.multiply(
          true, true, range.count, columns, groupOutputs,
          dy + group * groupOutputs * places + range.lowerBound, places, weights,
          g.outputChannels, 0, matrix, columns)
      } else {
        T.multiply(
          false, true, range.count, columns, groupOutputs,
          dy + range.lowerBound * g.outputChannels + group * groupOutputs, g.outputChannels,
          weights, g.outputChannels, 0, matrix, columns)
      }
      let first = group * g.groupChannels
      eachPixel(
        range, { _, _ in },
        { _, column, pixel in
          let place = own + pixel * pixelStep + first * channelStep
          for c in 0..<g.groupChannels { place[c * channelStep] += matrix[column + c] }
        })
    }
  }

  /// Adds windowsᵀ · dy to the filter's gradient.
  func filterGradient(
    _ image: Int, _ range: Range<Int>, _ input: UnsafePointer<T>, _ gradient: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>, _ matrix: UnsafeMutablePointer<T>
  ) {
    if range.isEmpty || g.outputChannels == 0 || columns == 0 { return }
    let dy = gradient + image * outputCount
    for group in 0..<g.groups {
      fill(matrix, input + image * inputCount, group, range)
      let own = target + group * groupOutputs
      if g.isChannelsFirst {
        T.multiply(
          true, true, columns, groupOutputs, range.count, matrix, columns,
          dy + group * groupOutputs * places + range.lowerBound, places, 1, own,
          g.outputChannels)
      } else {
        T.multiply(
          true, false, columns, groupOutputs, range.count, matrix, columns,
          dy + range.lowerBound * g.outputChannels + group * groupOutputs, g.outputChannels, 1,
          own, g.outputChannels)
      }
    }
  }
}

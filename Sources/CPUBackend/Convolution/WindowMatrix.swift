import StandardOps

/// The windows of images as rows of a matrix, and the products that convolutions are of it.
struct WindowMatrix<T: MatrixElement>: Sendable {
  private let g: ConvolutionGeometry
  /// The output places of an image.
  let places: Int
  /// The elements of a window in one group of channels.
  let columns: Int
  /// The elements of an image, and of what it becomes.
  let inputCount: Int, outputCount: Int
  /// Whether the matrix is the image as it lies in memory.
  let isInput: Bool
  /// Whether the rows of a window lie in the image as they do in the matrix.
  private let hasWholeRows: Bool
  private let groupOutputs: Int
  /// The steps in memory from pixel to pixel and from channel to channel.
  private let pixelStep: Int, channelStep: Int

  init(_ geometry: ConvolutionGeometry) {
    g = geometry
    places = g.outputHeight * g.outputWidth
    columns = g.windowHeight * g.windowWidth * g.groupChannels
    inputCount = g.inputHeight * g.inputWidth * g.inputChannels
    outputCount = places * g.outputChannels
    groupOutputs = g.outputChannels / max(g.groups, 1)
    pixelStep = g.isChannelsFirst ? 1 : g.inputChannels
    channelStep = g.isChannelsFirst ? g.inputHeight * g.inputWidth : 1
    hasWholeRows = !g.isChannelsFirst && g.groups == 1 && g.dilationWidth == 1
    isInput =
      !g.isChannelsFirst && g.groups == 1 && g.windowHeight == 1 && g.windowWidth == 1
      && g.strideHeight == 1 && g.strideWidth == 1 && g.padTop == 0 && g.padLeft == 0
      && g.outputHeight == g.inputHeight && g.outputWidth == g.inputWidth
  }

  /// Calls `body` for pieces of the matrix that lie next to one another in a row: with the position and
  /// the number of elements in a matrix of these columns alone, and with the first one's position in the
  /// image, where they are `channelStep` apart; negative if they lie outside of these rows of it.
  @inline(__always)
  private func eachPiece(
    _ range: Range<Int>, _ columns: Range<Int>, within rows: Range<Int>,
    _ body: (Int, Int, Int) -> Void
  ) {
    if columns.isEmpty { return }
    let size = g.groupChannels
    let span = g.windowWidth * size
    let first = columns.lowerBound / span
    let last = (columns.upperBound - 1) / span
    for place in range {
      let top = place / g.outputWidth * g.strideHeight - g.padTop
      let left = place % g.outputWidth * g.strideWidth - g.padLeft
      let row = (place - range.lowerBound) * columns.count - columns.lowerBound
      for i in first...last {
        let y = top + i * g.dilationHeight
        let start = max(columns.lowerBound, i * span)
        let end = min(columns.upperBound, (i + 1) * span)
        if y < rows.lowerBound || y >= rows.upperBound {
          body(row + start, end - start, -1)
        } else if hasWholeRows {
          let lower = min(max(start, i * span - left * size), end)
          let upper = max(min(end, i * span + (g.inputWidth - left) * size), lower)
          if start < lower { body(row + start, lower - start, -1) }
          if lower < upper {
            body(
              row + lower, upper - lower, (y * g.inputWidth + left) * size + lower - i * span)
          }
          if upper < end { body(row + upper, end - upper, -1) }
        } else {
          for j in 0..<g.windowWidth {
            let tap = i * span + j * size
            let lower = max(start, tap)
            let upper = min(end, tap + size)
            if lower >= upper { continue }
            let x = left + j * g.dilationWidth
            let pixel = (y * g.inputWidth + x) * pixelStep
            body(
              row + lower, upper - lower,
              x < 0 || x >= g.inputWidth ? -1 : pixel + (lower - tap) * channelStep)
          }
        }
      }
    }
  }

  /// Some rows and columns of the matrix of a group's windows in an image.
  private func matrix(
    _ input: UnsafePointer<T>, _ image: Int, _ group: Int, _ range: Range<Int>,
    _ columns: Range<Int>, _ scratch: UnsafeMutablePointer<T>
  ) -> (start: UnsafePointer<T>, rowStep: Int) {
    let own = input + image * inputCount + group * g.groupChannels * channelStep
    if isInput { return (own + range.lowerBound * pixelStep + columns.lowerBound, pixelStep) }
    eachPiece(range, columns, within: 0..<g.inputHeight) { position, count, source in
      let piece = scratch + position
      if source < 0 {
        piece.update(repeating: 0, count: count)
      } else if channelStep == 1 {
        piece.update(from: own + source, count: count)
      } else {
        for c in 0..<count { piece[c] = own[source + c * channelStep] }
      }
    }
    return (UnsafePointer(scratch), columns.count)
  }

  /// out = windows · filter, for some places.
  ///
  /// - Parameters:
  ///   - target: the first of these places.
  ///   - step: the elements from channel to channel there, if channels come first.
  func forward(
    _ image: Int, _ range: Range<Int>, _ input: UnsafePointer<T>, _ filter: UnsafePointer<T>,
    _ target: UnsafeMutablePointer<T>, _ step: Int, _ scratch: UnsafeMutablePointer<T>
  ) {
    if range.isEmpty || g.outputChannels == 0 { return }
    if columns == 0 {
      // No terms: the zeros that a product of no columns is, which BLAS refuses to give.
      let runs = g.isChannelsFirst ? g.outputChannels : 1
      for run in 0..<runs {
        (target + run * step).update(
          repeating: 0, count: range.count * (g.outputChannels / runs))
      }
      return
    }
    for group in 0..<g.groups {
      let (windows, rowStep) = matrix(input, image, group, range, 0..<columns, scratch)
      let weights = filter + group * groupOutputs
      if g.isChannelsFirst {
        T.multiply(
          true, true, groupOutputs, range.count, columns, weights, g.outputChannels, windows,
          rowStep, 0, target + group * groupOutputs * step, step)
      } else {
        T.multiply(
          false, false, range.count, groupOutputs, columns, windows, rowStep, weights,
          g.outputChannels, 0, target + group * groupOutputs, g.outputChannels)
      }
    }
  }

  /// The output places whose windows reach into some rows of the image.
  func places(reaching rows: Range<Int>) -> Range<Int> {
    let reach = (g.windowHeight - 1) * g.dilationHeight
    let first = max(0, rows.lowerBound + g.padTop - reach + g.strideHeight - 1) / g.strideHeight
    let last = (rows.upperBound - 1 + g.padTop) / g.strideHeight
    let end = min(last + 1, g.outputHeight)
    return min(first, end) * g.outputWidth..<end * g.outputWidth
  }

  /// Adds dy · filterᵀ, window by window, to some rows of an image of the input's gradient.
  ///
  /// - Parameters:
  ///   - target: the first of these rows.
  ///   - step: the elements from channel to channel there, if channels come first.
  func backward(
    _ image: Int, _ range: Range<Int>, _ rows: Range<Int>, _ filter: UnsafePointer<T>,
    _ gradient: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>, _ step: Int,
    _ scratch: UnsafeMutablePointer<T>
  ) {
    if range.isEmpty || g.outputChannels == 0 || columns == 0 { return }
    let dy = gradient + image * outputCount
    for group in 0..<g.groups {
      let weights = filter + group * groupOutputs
      let (own, rowStep) = places(of: dy, group, range)
      T.multiply(
        g.isChannelsFirst, true, range.count, columns, groupOutputs, own, rowStep, weights,
        g.outputChannels, 0, scratch, columns)
      let channels = target + group * g.groupChannels * (g.isChannelsFirst ? step : 1)
      let first = rows.lowerBound * g.inputWidth * pixelStep
      eachPiece(range, 0..<columns, within: rows) { position, count, source in
        if source < 0 { return }
        let (piece, pixel) = (scratch + position, channels + (source - first))
        if g.isChannelsFirst {
          for c in 0..<count { pixel[c * step] += piece[c] }
        } else {
          for c in 0..<count { pixel[c] += piece[c] }
        }
      }
    }
  }

  /// Adds windowsᵀ · dy to some rows of the filter's gradient.
  func filterGradient(
    _ image: Int, _ range: Range<Int>, _ columns: Range<Int>, _ input: UnsafePointer<T>,
    _ gradient: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>,
    _ scratch: UnsafeMutablePointer<T>
  ) {
    if range.isEmpty || g.outputChannels == 0 || columns.isEmpty { return }
    let dy = gradient + image * outputCount
    for group in 0..<g.groups {
      let (windows, windowStep) = matrix(input, image, group, range, columns, scratch)
      let (own, rowStep) = places(of: dy, group, range)
      T.multiply(
        true, g.isChannelsFirst, columns.count, groupOutputs, range.count, windows, windowStep,
        own, rowStep, 1, target + group * groupOutputs, g.outputChannels)
    }
  }

  /// Some places of a group's channels in an image's gradient.
  private func places(
    of dy: UnsafePointer<T>, _ group: Int, _ range: Range<Int>
  ) -> (start: UnsafePointer<T>, rowStep: Int) {
    g.isChannelsFirst
      ? (dy + group * groupOutputs * places + range.lowerBound, places)
      : (dy + range.lowerBound * g.outputChannels + group * groupOutputs, g.outputChannels)
  }
}

import StandardOps

/// Goes through the windows of an image.
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

  /// Calls `body` with the first channel's position of each input pixel of a place's window, and with
  /// the pixel's number in the window, in row-major order.
  @inline(__always)
  func eachPixel(_ image: Int, _ place: Int, _ body: (_ input: Int, _ tap: Int) -> Void) {
    eachPixel(image, place, rows: 0..<g.windowHeight, columns: 0..<g.windowWidth, body)
  }

  /// Calls `body` with the first channel's position of a pixel of a place's window, if it lies inside
  /// of the image.
  @inline(__always)
  func pixel(_ image: Int, _ place: Int, tap: Int, _ body: (_ input: Int) -> Void) {
    let (i, j) = (tap / g.windowWidth, tap % g.windowWidth)
    eachPixel(image, place, rows: i..<(i + 1), columns: j..<(j + 1)) { input, _ in body(input) }
  }

  @inline(__always)
  private func eachPixel(
    _ image: Int, _ place: Int, rows: Range<Int>, columns: Range<Int>,
    _ body: (_ input: Int, _ tap: Int) -> Void
  ) {
    let start = image * g.inputHeight * g.inputWidth * g.inputChannels
    let step = g.isChannelsFirst ? 1 : g.inputChannels
    let top = place / g.outputWidth * g.strideHeight - g.padTop
    let left = place % g.outputWidth * g.strideWidth - g.padLeft
    for i in rows {
      let y = top + i * g.dilationHeight
      guard y >= 0, y < g.inputHeight else { continue }
      for j in columns {
        let x = left + j * g.dilationWidth
        guard x >= 0, x < g.inputWidth else { continue }
        body(start + (y * g.inputWidth + x) * step, i * g.windowWidth + j)
      }
    }
  }
}

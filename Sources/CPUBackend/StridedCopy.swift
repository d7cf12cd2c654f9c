/// Moves elements between a dense block and a strided buffer.
enum StridedCopy {
  /// Fills `destination` with the elements that `range` of the row-major index space `extents` reads.
  static func gather(
    _ destination: UnsafeMutableRawPointer, from base: UnsafeRawPointer, size: Int, offset: Int,
    strides: [Int], extents: [Int], range: Range<Int>
  ) {
    var written = destination
    rows(extents, strides, offset, range) { start, step, count in
      let source = base + start * size
      if step == 1 {
        written.copyMemory(from: source, byteCount: count * size)
      } else {
        switch size {
        case 1: spread(written, source, step, count, UInt8.self)
        case 2: spread(written, source, step, count, UInt16.self)
        case 4: spread(written, source, step, count, UInt32.self)
        default: spread(written, source, step, count, UInt64.self)
        }
      }
      written += count * size
    }
  }

  /// Fills `destination` with one element.
  static func fill(
    _ destination: UnsafeMutableRawPointer, with element: UnsafeRawPointer, size: Int, count: Int
  ) {
    switch size {
    case 1: spread(destination, element, 0, count, UInt8.self)
    case 2: spread(destination, element, 0, count, UInt16.self)
    case 4: spread(destination, element, 0, count, UInt32.self)
    default: spread(destination, element, 0, count, UInt64.self)
    }
  }

  /// Writes a dense block to the elements that `range` of the index space addresses.
  static func scatter(
    _ source: UnsafeRawPointer, to base: UnsafeMutableRawPointer, size: Int, offset: Int,
    strides: [Int], extents: [Int], range: Range<Int>
  ) {
    var read = source
    rows(extents, strides, offset, range) { start, step, count in
      let destination = base + start * size
      if step == 1 {
        destination.copyMemory(from: read, byteCount: count * size)
      } else {
        switch size {
        case 1: place(destination, read, step, count, UInt8.self)
        case 2: place(destination, read, step, count, UInt16.self)
        case 4: place(destination, read, step, count, UInt32.self)
        default: place(destination, read, step, count, UInt64.self)
        }
      }
      read += count * size
    }
  }

  /// Fills `destination` with an affine function of the index.
  static func coordinates(
    _ destination: UnsafeMutableRawPointer, offset: Int, coefficients: [Int], extents: [Int],
    range: Range<Int>
  ) {
    var written = destination.assumingMemoryBound(to: Int64.self)
    rows(extents, coefficients, offset, range) { start, step, count in
      for i in 0..<count { written[i] = Int64(start &+ i &* step) }
      written += count
    }
  }

  /// Calls `body` for each run along the innermost dimension.
  @inline(__always)
  private static func rows(
    _ extents: [Int], _ strides: [Int], _ offset: Int, _ range: Range<Int>,
    _ body: (_ start: Int, _ step: Int, _ count: Int) -> Void
  ) {
    guard let inner = extents.last, let step = strides.last else {
      body(offset, 0, range.count)
      return
    }
    // Rows that lie behind one another need no division each: what matrices are made of.
    let height = extents.count > 1 ? extents[extents.count - 2] : 1
    let down = extents.count > 1 ? strides[extents.count - 2] : 0
    var position = range.lowerBound
    while position < range.upperBound {
      var rest = position / inner
      let column = position - rest * inner
      var row = 0
      var start = offset + column * step
      if extents.count > 1 {
        row = rest % height
        rest /= height
        start += row * down
      }
      var dimension = extents.count - 3
      while dimension >= 0 {
        let next = rest / extents[dimension]
        start += (rest - next * extents[dimension]) * strides[dimension]
        rest = next
        dimension -= 1
      }
      let count = min(inner - column, range.upperBound - position)
      body(start, step, count)
      position += count
      row += 1
      start += down - column * step
      while row < height, position < range.upperBound {
        let count = min(inner, range.upperBound - position)
        body(start, step, count)
        position += count
        row += 1
        start += down
      }
    }
  }

  @inline(__always)
  private static func spread<T: BitwiseCopyable>(
    _ destination: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ step: Int, _ count: Int,
    _: T.Type
  ) {
    let result = destination.assumingMemoryBound(to: T.self)
    let x = source.assumingMemoryBound(to: T.self)
    if step == 0 {
      let element = x[0]
      for i in 0..<count { result[i] = element }
    } else {
      for i in 0..<count { result[i] = x[i * step] }
    }
  }

  @inline(__always)
  private static func place<T: BitwiseCopyable>(
    _ destination: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ step: Int, _ count: Int,
    _: T.Type
  ) {
    let result = destination.assumingMemoryBound(to: T.self)
    let x = source.assumingMemoryBound(to: T.self)
    for i in 0..<count { result[i * step] = x[i] }
  }
}

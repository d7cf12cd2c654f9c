import Glibc

extension Philox {
  /// Fills elements `offset` to `offset + count` of a run's output with normal numbers of mean 0 and
  /// deviation 1.
  ///
  /// Box and Muller's method in single precision; `offset` is a multiple of 4.
  package func fillNormal(_ output: UnsafeMutablePointer<Float>, offset: Int = 0, count: Int) {
    precondition(offset.isMultiple(of: 4), "a share starts at a whole block")
    fill(output, offset / 4, count) { stream in
      let x = stream.next()
      let a = Self.normals(x.0, x.1)
      let b = Self.normals(x.2, x.3)
      return (a.0, a.1, b.0, b.1)
    }
  }

  /// Fills elements `offset` to `offset + count` of a run's output with normal numbers of mean 0 and
  /// deviation 1.
  ///
  /// Box and Muller's method in double precision; `offset` is a multiple of 4.
  package func fillNormal(_ output: UnsafeMutablePointer<Double>, offset: Int = 0, count: Int) {
    precondition(offset.isMultiple(of: 4), "a share starts at a whole block")
    fill(output, offset / 2, count) { stream in
      let x = stream.next()
      return Self.normals(x.0, x.1, x.2, x.3)
    }
  }

  /// Fills elements `offset` to `offset + count` of a run's output with normal numbers, drawn again
  /// while they are two deviations or more from 0.
  ///
  /// Each group of four elements draws from blocks of its own; `offset` is a multiple of 4.
  package func fillTruncatedNormal(
    _ output: UnsafeMutablePointer<Float>, offset: Int = 0, count: Int
  ) {
    fillTruncated(output, offset, count, of: 4) { words in
      let first = words.next()
      return Self.normals(first, words.next())
    }
  }

  /// Fills elements `offset` to `offset + count` of a run's output with normal numbers, drawn again
  /// while they are two deviations or more from 0.
  ///
  /// Each group of two elements draws from blocks of its own; `offset` is a multiple of 4.
  package func fillTruncatedNormal(
    _ output: UnsafeMutablePointer<Double>, offset: Int = 0, count: Int
  ) {
    fillTruncated(output, offset, count, of: 2) { words in
      let (a, b, c) = (words.next(), words.next(), words.next())
      return Self.normals(a, b, c, words.next())
    }
  }

  @inline(__always)
  private func fillTruncated<Scalar: BinaryFloatingPoint>(
    _ output: UnsafeMutablePointer<Scalar>, _ offset: Int, _ count: Int, of groupSize: Int,
    _ draw: (inout PhiloxWords) -> (Scalar, Scalar)
  ) {
    precondition(offset.isMultiple(of: 4), "a share starts at a whole group")
    // Four words are a block, so a group of elements owns this many of the blocks reserved for it.
    let blocksPerGroup = groupSize * Self.blocksPerElement / 4
    var index = 0
    while index < count {
      let group = (offset + index) / groupSize
      var words = PhiloxWords(skipping(group * blocksPerGroup))
      let end = index + groupSize
      while index < end {
        let x = draw(&words)
        for candidate in [x.0, x.1] where abs(candidate) < 2 && index < end {
          if index < count { output[index] = candidate }
          index += 1
        }
      }
    }
  }

  /// Two normal numbers from two words; u₁ is kept from 0, whose logarithm is infinite.
  @inline(__always)
  static func normals(_ x: UInt32, _ y: UInt32) -> (Float, Float) {
    let u = max(unit(x), 1e-7)
    // The angle is rounded to single precision only after the product, as in TensorFlow.
    let angle = Float(2 * Double.pi * Double(unit(y)))
    let radius = (-2 * logf(u)).squareRoot()
    return (sinf(angle) * radius, cosf(angle) * radius)
  }

  /// Two normal numbers from four words.
  @inline(__always)
  static func normals(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> (Double, Double) {
    let u = max(unit(a, b), 1e-7)
    let angle = 2 * Double.pi * unit(c, d)
    let radius = (-2 * log(u)).squareRoot()
    return (sin(angle) * radius, cos(angle) * radius)
  }
}

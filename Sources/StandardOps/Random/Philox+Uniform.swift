extension Philox {
  /// Fills elements `offset` to `offset + count` of a run's output with numbers in [0, 1).
  ///
  /// 23 random bits each; `self` is the run's first block, `offset` a multiple of 4.
  package func fillUniform(_ output: UnsafeMutablePointer<Float>, offset: Int = 0, count: Int) {
    precondition(offset.isMultiple(of: 4), "a share starts at a whole block")
    fill(output, offset / 4, count) { stream in
      let x = stream.next()
      return (Self.unit(x.0), Self.unit(x.1), Self.unit(x.2), Self.unit(x.3))
    }
  }

  /// Fills elements `offset` to `offset + count` of a run's output with numbers in [0, 1).
  ///
  /// 52 random bits each; `self` is the run's first block, `offset` a multiple of 4.
  package func fillUniform(_ output: UnsafeMutablePointer<Double>, offset: Int = 0, count: Int) {
    precondition(offset.isMultiple(of: 4), "a share starts at a whole block")
    fill(output, offset / 2, count) { stream in
      let x = stream.next()
      return (Self.unit(x.0, x.1), Self.unit(x.2, x.3))
    }
  }

  /// Fills elements `offset` to `offset + count` of a run's output with integers in
  /// [minimum, maximum), which must not be empty.
  ///
  /// The word modulo the range, as TensorFlow does; `offset` is a multiple of 4.
  package func fillUniform(
    _ output: UnsafeMutablePointer<Int32>, from minimum: Int32, to maximum: Int32,
    offset: Int = 0, count: Int
  ) {
    precondition(offset.isMultiple(of: 4) && minimum < maximum, "an empty range or half a block")
    let range = UInt32(bitPattern: maximum) &- UInt32(bitPattern: minimum)
    func element(_ word: UInt32) -> Int32 { minimum &+ Int32(bitPattern: word % range) }
    fill(output, offset / 4, count) { stream in
      let x = stream.next()
      return (element(x.0), element(x.1), element(x.2), element(x.3))
    }
  }

  /// Fills elements `offset` to `offset + count` of a run's output with integers in
  /// [minimum, maximum), which must not be empty.
  ///
  /// Two words, low before high, modulo the range; `offset` is a multiple of 4.
  package func fillUniform(
    _ output: UnsafeMutablePointer<Int64>, from minimum: Int64, to maximum: Int64,
    offset: Int = 0, count: Int
  ) {
    precondition(offset.isMultiple(of: 4) && minimum < maximum, "an empty range or half a block")
    let range = UInt64(bitPattern: maximum) &- UInt64(bitPattern: minimum)
    func element(_ low: UInt32, _ high: UInt32) -> Int64 {
      minimum &+ Int64(bitPattern: (UInt64(high) << 32 | UInt64(low)) % range)
    }
    fill(output, offset / 2, count) { stream in
      let x = stream.next()
      return (element(x.0, x.1), element(x.2, x.3))
    }
  }

  /// A number in [0, 1) of 23 bits.
  @inline(__always)
  static func unit(_ word: UInt32) -> Float {
    Float(bitPattern: (word & 0x7f_ffff) | 0x3f80_0000) - 1
  }

  /// A number in [0, 1) of 52 bits.
  @inline(__always)
  static func unit(_ high: UInt32, _ low: UInt32) -> Double {
    let mantissa = UInt64(high & 0xf_ffff) << 32 | UInt64(low)
    return Double(bitPattern: mantissa | 0x3ff0_0000_0000_0000) - 1
  }

  /// Fills with four elements from each block, starting at block `first`.
  @inline(__always)
  func fill<Scalar>(
    _ output: UnsafeMutablePointer<Scalar>, _ first: Int, _ count: Int,
    _ draw: (inout Philox) -> (Scalar, Scalar, Scalar, Scalar)
  ) {
    var stream = skipping(first)
    var index = 0
    while index < count {
      let x = draw(&stream)
      output[index] = x.0
      if index + 1 < count { output[index + 1] = x.1 }
      if index + 2 < count { output[index + 2] = x.2 }
      if index + 3 < count { output[index + 3] = x.3 }
      index += 4
    }
  }

  /// Fills with two elements from each block, starting at block `first`.
  @inline(__always)
  func fill<Scalar>(
    _ output: UnsafeMutablePointer<Scalar>, _ first: Int, _ count: Int,
    _ draw: (inout Philox) -> (Scalar, Scalar)
  ) {
    var stream = skipping(first)
    var index = 0
    while index < count {
      let x = draw(&stream)
      output[index] = x.0
      if index + 1 < count { output[index + 1] = x.1 }
      index += 2
    }
  }
}

/// Salmon, Moraes, Dror and Shaw's counter-based generator Philox4x32-10 ("Parallel random numbers: as
/// easy as 1, 2, 3", 2011), keyed and counted as TensorFlow does.
///
/// Every block of four words is a function of key and counter alone, so a tensor may be filled from
/// any place by any number of threads.
package struct Philox: Sendable, Hashable {
  private let key: (UInt32, UInt32)
  private var low: UInt64
  private var high: UInt64

  /// TensorFlow reserves this many blocks for each element of a run's output.
  package static let blocksPerElement = 256

  /// The stream of an op with these seeds, or of what a session chose for an op without.
  package init(seed: UInt64, seed2: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    low = 0
    high = seed2
  }

  /// The stream at the start of an op's `run`th run (from 0), each run giving `count` elements.
  package init(seed: UInt64, seed2: UInt64, run: Int, count: Int) {
    self.init(seed: seed, seed2: seed2)
    skip(UInt64(run) &* UInt64(count) &* UInt64(Self.blocksPerElement))
  }

  /// Moves `count` blocks forward.
  package mutating func skip(_ count: UInt64) {
    let (sum, overflow) = low.addingReportingOverflow(count)
    low = sum
    if overflow { high &+= 1 }
  }

  /// The stream `count` blocks further on.
  package func skipping(_ count: Int) -> Philox {
    var later = self
    later.skip(UInt64(count))
    return later
  }

  /// The next block of four words.
  package mutating func next() -> (UInt32, UInt32, UInt32, UInt32) {
    var x = (
      UInt32(truncatingIfNeeded: low), UInt32(truncatingIfNeeded: low >> 32),
      UInt32(truncatingIfNeeded: high), UInt32(truncatingIfNeeded: high >> 32)
    )
    var k = key
    for round in 0..<10 {
      if round > 0 { k = (k.0 &+ 0x9e37_79b9, k.1 &+ 0xbb67_ae85) }
      let p = UInt64(0xd251_1f53) &* UInt64(x.0)
      let q = UInt64(0xcd9e_8d57) &* UInt64(x.2)
      x = (
        UInt32(truncatingIfNeeded: q >> 32) ^ x.1 ^ k.0, UInt32(truncatingIfNeeded: q),
        UInt32(truncatingIfNeeded: p >> 32) ^ x.3 ^ k.1, UInt32(truncatingIfNeeded: p)
      )
    }
    skip(1)
    return x
  }

  /// Key and counter as two and two words of 64 bits.
  package var words: (key: UInt64, low: UInt64, high: UInt64) {
    (UInt64(key.0) | UInt64(key.1) << 32, low, high)
  }

  /// Whether both streams give the same words from here on.
  package static func == (a: Philox, b: Philox) -> Bool {
    a.key == b.key && a.low == b.low && a.high == b.high
  }

  /// Hashes key and counter.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(key.0)
    hasher.combine(key.1)
    hasher.combine(low)
    hasher.combine(high)
  }
}

/// The words of a stream one by one, for distributions that draw until they are content.
package struct PhiloxWords {
  private var stream: Philox
  private var block: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  private var used = 4

  package init(_ stream: Philox) { self.stream = stream }

  /// The next word.
  package mutating func next() -> UInt32 {
    if used == 4 {
      block = stream.next()
      used = 0
    }
    used += 1
    switch used {
    case 1: return block.0
    case 2: return block.1
    case 3: return block.2
    default: return block.3
    }
  }
}

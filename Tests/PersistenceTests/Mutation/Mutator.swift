import Dataflow

/// Damages bytes as accidents and strangers do: bits, lengths, order, size.
struct Mutator {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(state: seed) }

  mutating func number(below limit: Int) -> Int {
    Int.random(in: 0..<max(limit, 1), using: &random)
  }

  /// One to four damages.
  mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0...number(below: 4) { damage(&result) }
    return result
  }

  /// Numbers on which lengths and counts break.
  private static let edges: [[UInt8]] = [
    [0], [1], [0x7f], [0x80], [0xff], [0xff, 0xff, 0xff, 0xff, 0x07],
    [0x80, 0x80, 0x80, 0x80, 0x10],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0, 0, 0, 0x80],
    [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0, 0, 0, 0, 0x80],
  ]
  private static let words = [
    "-1", "0", "99999999999999999999", "2147483648", "1073741824", "{", "}", "[", "]", "(", ")",
    "\"",
    "\\", ":", "nan", "inf", "#", "%", "\n", "dim { size: 1099511627776 }", "unknown_rank: true",
    "DT_STRING", "DT_RESOURCE",
  ].map { Array($0.utf8) }

  private mutating func damage(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return bytes = Self.edges[number(below: Self.edges.count)] }
    let place = number(below: bytes.count)
    let length = min(1 + number(below: number(below: 4) == 0 ? 200 : 12), bytes.count - place)
    let range = place..<(place + length)
    switch number(below: 9) {
    case 0, 1: bytes[place] ^= 1 << number(below: 8)
    case 2: bytes[place] = UInt8(number(below: 256))
    case 3:
      let edge = Self.edges[number(below: Self.edges.count)]
      bytes.replaceSubrange(place..<min(place + edge.count, bytes.count), with: edge)
    case 4: bytes.insert(contentsOf: Self.edges[number(below: Self.edges.count)], at: place)
    case 5: bytes.removeSubrange(range)
    case 6: bytes.insert(contentsOf: bytes[range], at: number(below: bytes.count))
    case 7:
      if number(below: 4) == 0 {
        bytes.removeSubrange(place...)
      } else {
        bytes.insert(contentsOf: Self.words[number(below: Self.words.count)], at: place)
      }
    default: replaceNumber(&bytes, from: place)
    }
  }

  /// Puts another number in the place of the next one that is written in digits.
  private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
    func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: Self.words[number(below: 5)])
  }
}

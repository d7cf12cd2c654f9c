import TensorFlowFormats

/// Reads the rows of comma-separated values one after the other.
struct CSVReader {
  let path: String
  let bytes: [UInt8]
  let separator: UInt8
  private var position = 0
  private var line = 1

  private static let (quote, feed, carriage) = (UInt8(ascii: "\""), UInt8(10), UInt8(13))

  init(path: String, bytes: [UInt8], separator: UInt8) {
    (self.path, self.bytes, self.separator) = (path, bytes, separator)
    // What some spreadsheets begin a file of UTF-8 with.
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// The next row and the line that it begins on; empty lines are passed over.
  mutating func next() throws(FileError) -> (row: [String], line: Int)? {
    while let byte, byte == Self.feed || byte == Self.carriage { step() }
    guard byte != nil else { return nil }
    let start = line
    var row = [try field()]
    while byte == separator {
      step()
      row.append(try field())
    }
    if byte == Self.carriage { step() }
    if byte == Self.feed { step() }
    return (row, start)
  }

  private mutating func step() {
    if bytes[position] == Self.feed { line += 1 }
    position += 1
  }

  /// The bytes up to a separator or the line's end.
  private mutating func field() throws(FileError) -> String {
    if byte == Self.quote { return try quoted() }
    let start = position
    while let byte, byte != separator, byte != Self.feed, byte != Self.carriage {
      guard byte != Self.quote else {
        throw FileError(
          path, "line \(line) has a quote within a field that does not begin with one")
      }
      step()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func quoted() throws(FileError) -> String {
    let start = line
    var text: [UInt8] = []
    step()
    while let byte {
      step()
      guard byte == Self.quote else {
        text.append(byte)
        continue
      }
      if self.byte == Self.quote {
        step()
        text.append(byte)
      } else {
        guard
          self.byte == nil || self.byte == separator || self.byte == Self.feed
            || self.byte == Self.carriage
        else {
          throw FileError(path, "line \(line) has text after a quoted field")
        }
        return String(decoding: text, as: UTF8.self)
      }
    }
    throw FileError(path, "line \(start) begins a quoted field that does not end")
  }
}

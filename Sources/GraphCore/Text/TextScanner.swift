import TensorCore

/// Reads the words of one line of the text form.
struct TextScanner {
  let path: String
  let line: Int
  private let bytes: [UInt8]
  private var position = 0
  /// The bytes that tensors may still take which the text does not hold itself.
  var allowance: Int

  init(_ text: String, path: String, line: Int, allowance: Int = 0) {
    bytes = Array(text.utf8)
    self.allowance = allowance
    self.path = path
    self.line = line
  }

  func mistake(_ message: String) -> GraphError {
    GraphError(message, site: SourceSite(path: path, line: line))
  }

  /// The place of the next byte that is not a blank; blanks are passed only with what follows them,
  /// since those before a comment belong to it.
  private var nextPosition: Int {
    var next = position
    while next < bytes.count, bytes[next] == UInt8(ascii: " ") { next += 1 }
    return next
  }

  private var next: UInt8? {
    let place = nextPosition
    return place < bytes.count ? bytes[place] : nil
  }

  /// Takes a sign if it comes next.
  mutating func take(_ sign: Character) -> Bool {
    guard next == sign.asciiValue else { return false }
    position = nextPosition + 1
    return true
  }

  /// Whether a sign comes next.
  func sees(_ sign: Character) -> Bool { next == sign.asciiValue }

  mutating func expect(_ sign: Character) throws(GraphError) {
    guard take(sign) else {
      let found = String(decoding: bytes[position...].prefix(12), as: UTF8.self)
      throw mistake(
        "expected \"\(sign)\", found \(found.isEmpty ? "the line's end" : "\"\(found)\"")")
    }
  }

  /// Takes a keyword if it comes next.
  mutating func take(word: String) -> Bool {
    let start = position
    if let found = plainWord(), found == word { return true }
    position = start
    return false
  }

  /// The longest run of plain characters; nil if there is none.
  mutating func plainWord() -> String? {
    guard let first = next, TextWriter.isPlain(first) || first == UInt8(ascii: "+") else {
      return nil
    }
    position = nextPosition
    let start = position
    while position < bytes.count,
      TextWriter.isPlain(bytes[position]) || bytes[position] == UInt8(ascii: "+")
    {
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A name, plain or in quotation marks.
  mutating func name() throws(GraphError) -> String {
    if next == UInt8(ascii: "\"") { return String(decoding: try string(), as: UTF8.self) }
    guard let word = plainWord() else { throw mistake("expected a name") }
    return word
  }

  /// A string in quotation marks.
  mutating func string() throws(GraphError) -> [UInt8] {
    try expect("\"")
    var result: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return result }
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard position < bytes.count else { break }
      let escaped = bytes[position]
      position += 1
      switch escaped {
      case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "x"):
        guard position + 2 <= bytes.count,
          let value = UInt8(
            String(decoding: bytes[position..<(position + 2)], as: UTF8.self), radix: 16)
        else { throw mistake("\\x must be followed by two hexadecimal digits") }
        result.append(value)
        position += 2
      default: result.append(escaped)
      }
    }
    throw mistake("a string has no end")
  }

  mutating func integer() throws(GraphError) -> Int {
    guard let word = plainWord(), let number = Int(word) else {
      throw mistake("expected an integer")
    }
    return number
  }

  /// What is left: nothing, or a comment with the blanks before it.
  func comment() throws(GraphError) -> String {
    if next == nil { return "" }
    guard sees("#") else {
      throw mistake("\"\(String(decoding: bytes[position...], as: UTF8.self))\" is too much")
    }
    return String(decoding: bytes[position...], as: UTF8.self)
  }

  /// Pairs `name: value` in braces.
  mutating func braced(_ body: (String, inout TextScanner) throws(GraphError) -> Void)
    throws(GraphError)
  {
    try list("{", "}") { (scanner: inout TextScanner) throws(GraphError) in
      let name = try scanner.name()
      try scanner.expect(":")
      try body(name, &scanner)
    }
  }

  /// Things between two signs, separated by commas.
  mutating func list(
    _ open: Character, _ close: Character,
    _ body: (inout TextScanner) throws(GraphError) -> Void
  ) throws(GraphError) {
    try expect(open)
    if take(close) { return }
    repeat { try body(&self) } while take(",")
    try expect(close)
  }
}

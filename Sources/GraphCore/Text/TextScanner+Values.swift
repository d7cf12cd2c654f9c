import TensorCore

extension TextScanner {
  /// Nesting beyond this is a mistake, not data.
  private static let deepest = 32
  mutating func attribute(depth: Int = 0) throws(GraphError) -> Attribute {
    guard depth < Self.deepest else { throw mistake("attributes are nested too deeply") }
    if sees("\"") { return .string(try string()) }
    if sees("(") { return .shape(try shape("(", ")")) }
    if sees("[") {
      var items: [Attribute] = []
      try list("[", "]") { (scanner: inout TextScanner) throws(GraphError) in
        items.append(try scanner.attribute(depth: depth + 1))
      }
      return .list(items)
    }
    if take("$") { return .placeholder(try name()) }
    if take("@") {
      let function = try name()
      var attributes: [String: Attribute] = [:]
      if sees("{") {
        try braced { (name, scanner: inout TextScanner) throws(GraphError) in
          attributes[name] = try scanner.attribute(depth: depth + 1)
        }
      }
      return .function(function, attributes)
    }
    guard let word = plainWord() else { throw mistake("expected an attribute's value") }
    if let number = Int(word) { return .int(number) }
    if word == "true" || word == "false" { return .bool(word == "true") }
    if let dtype = DType(name: word) {
      return sees("[") ? .tensor(try tensor(dtype)) : .type(dtype)
    }
    return .float(Float(bitPattern: UInt32(truncatingIfNeeded: try bits(of: word, .float32))))
  }

  mutating func shape(_ open: Character, _ close: Character) throws(GraphError) -> PartialShape {
    var sizes: [Int?] = []
    var isUnknown = false
    try list(open, close) { (scanner: inout TextScanner) throws(GraphError) in
      if scanner.take("?") {
        sizes.append(nil)
      } else if scanner.take(word: "...") {
        isUnknown = true
      } else {
        let size = try scanner.integer()
        guard size >= 0, size < Shape.mostElements else {
          throw scanner.mistake("\(size) is no size")
        }
        sizes.append(size)
      }
    }
    guard !isUnknown || sizes.isEmpty, sizes.count <= 254 else {
      throw mistake("this is no shape")
    }
    return isUnknown ? .unknown : PartialShape(sizes)
  }

  /// A type with what is known of the shape: `float32[?, 3]`, or `float32` if the rank is unknown.
  mutating func outputType() throws(GraphError) -> NodeRecord.Output {
    guard let word = plainWord(), let dtype = DType(name: word) else {
      throw mistake("expected a type such as float32[?, 3]")
    }
    return .init(dtype: dtype, shape: sees("[") ? try shape("[", "]") : .unknown)
  }

  private mutating func tensor(_ dtype: DType) throws(GraphError) -> TensorValue {
    guard let shape = try shape("[", "]").fullyDefined, let count = shape.checkedCount,
      count <= Shape.mostElements
    else { throw mistake("a tensor's shape must be known, and not too large") }
    if dtype == .string {
      var strings: [[UInt8]] = []
      try nested(shape) { (scanner: inout TextScanner) throws(GraphError) in
        strings.append(try scanner.string())
      }
      return try made { () throws(TensorError) in try TensorValue(strings: strings, shape: shape) }
    }
    guard let size = dtype.byteCount else { throw mistake("\(dtype) has no elements to write") }
    var bytes: [UInt8] = []
    if take(word: "splat") {
      let element = try element(dtype)
      guard count * size <= allowance else {
        throw mistake(
          "a tensor of \(dtype)\(shape) takes \(count * size) bytes, more than the \(allowance) that are "
            + "left for repeated elements; allow more with --max-memory")
      }
      allowance -= count * size
      bytes.reserveCapacity(count * size)
      for _ in 0..<count { bytes += element }
    } else if let data = hexadecimal() {
      bytes = data
    } else {
      try nested(shape) { (scanner: inout TextScanner) throws(GraphError) in
        bytes += try scanner.element(dtype)
      }
    }
    return try made { () throws(TensorError) in
      let result = bytes.withUnsafeBytes { buffer in
        Result { () throws(TensorError) in
          try TensorValue(dtype: dtype, shape: shape, bytes: buffer)
        }
      }
      return try result.get()
    }
  }

  private func made(_ body: () throws(TensorError) -> TensorValue) throws(GraphError) -> TensorValue
  {
    do throws(TensorError) { return try body() } catch { throw mistake("\(error)") }
  }

  /// The elements of nested brackets, as many of them as the shape has axes.
  private mutating func nested(
    _ shape: Shape, _ element: (inout TextScanner) throws(GraphError) -> Void
  ) throws(GraphError) {
    guard shape.rank > 0 else { return try element(&self) }
    func part(_ axis: Int, _ scanner: inout TextScanner) throws(GraphError) {
      guard axis < shape.rank else { return try element(&scanner) }
      try scanner.list("[", "]") { (inner: inout TextScanner) throws(GraphError) in
        try part(axis + 1, &inner)
      }
    }
    try part(0, &self)
  }

  private mutating func hexadecimal() -> [UInt8]? {
    let start = self
    guard let word = plainWord(), word.hasPrefix("0x"), word.utf8.count.isMultiple(of: 2) else {
      self = start
      return nil
    }
    var bytes: [UInt8] = []
    var half: UInt8?
    for digit in word.utf8.dropFirst(2) {
      guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else {
        self = start
        return nil
      }
      if let high = half {
        bytes.append(high << 4 | UInt8(value))
        half = nil
      } else {
        half = UInt8(value)
      }
    }
    return bytes
  }

  /// One element's bytes, the least first.
  private mutating func element(_ dtype: DType) throws(GraphError) -> [UInt8] {
    guard let word = plainWord() else { throw mistake("expected an element of \(dtype)") }
    let bits = try bits(of: word, dtype)
    return (0..<(dtype.byteCount ?? 0)).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
  }

  private mutating func bits(of word: String, _ dtype: DType) throws(GraphError) -> UInt64 {
    if word == "nan" || word == "-nan", dtype.isFloatingPoint, sees("(") {
      try expect("(")
      guard let payload = plainWord(), payload.hasPrefix("0x"),
        let bits = UInt64(payload.dropFirst(2), radix: 16)
      else { throw mistake("expected nan(0x…)") }
      try expect(")")
      return bits
    }
    let found: UInt64? =
      switch dtype {
      case .float32: Float(word).map { UInt64($0.bitPattern) }
      case .float64: Double(word)?.bitPattern
      case .float16: Float16(word).map { UInt64($0.bitPattern) }
      case .bool: word == "true" ? 1 : word == "false" ? 0 : nil
      case .int8: Int8(word).map { UInt64(truncatingIfNeeded: $0) }
      case .int16: Int16(word).map { UInt64(truncatingIfNeeded: $0) }
      case .int32: Int32(word).map { UInt64(truncatingIfNeeded: $0) }
      case .int64: Int64(word).map { UInt64(truncatingIfNeeded: $0) }
      case .uint8: UInt8(word).map { UInt64($0) }
      case .uint16: UInt16(word).map { UInt64($0) }
      case .uint32: UInt32(word).map { UInt64($0) }
      case .uint64: UInt64(word)
      default: nil
      }
    guard let found else { throw mistake("\"\(word)\" is no \(dtype)") }
    return found
  }
}

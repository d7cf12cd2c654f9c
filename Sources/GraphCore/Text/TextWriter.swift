import TensorCore

/// The words of the text form.
enum TextWriter {
  /// A longer tensor is written as its bytes.
  static let longestList = 64

  /// A name, in quotation marks unless it is plain.
  static func word(_ name: String) -> String {
    isPlain(name) ? name : quoted(Array(name.utf8))
  }

  static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { isPlain($0) }
  }

  /// Letters, digits and what names commonly hold besides.
  static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "/"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  static func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): text += "\\\""
      case UInt8(ascii: "\\"): text += "\\\\"
      case UInt8(ascii: "\n"): text += "\\n"
      case 32..<127: text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "\\x" + hex([byte])
      }
    }
    return text + "\""
  }

  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    var text = ""
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return text
  }

  static func reference(_ node: Node, _ output: Int) -> String {
    "%" + word(node.name) + (output == 0 ? "" : ":\(output)")
  }

  static func type(_ dtype: DType, _ shape: PartialShape) -> String {
    dtype.name + (shape.dimensions == nil ? "" : shape.description)
  }

  static func text(_ attribute: Attribute) -> String {
    switch attribute {
    case .int(let x): "\(x)"
    case .float(let x): text(x, bits: UInt64(x.bitPattern), quiet: UInt64(Float.nan.bitPattern))
    case .bool(let x): "\(x)"
    case .string(let x): quoted(x)
    case .type(let x): x.name
    case .shape(let x): text(x)
    case .tensor(let x): text(x)
    case .function(let name, let attributes):
      "@" + word(name)
        + (attributes.isEmpty
          ? ""
          : "{"
            + attributes.sorted { $0.key < $1.key }.map { "\(word($0)): \(text($1))" }
            .joined(separator: ", ") + "}")
    case .placeholder(let x): "$" + word(x)
    case .list(let items): "[" + items.map(text).joined(separator: ", ") + "]"
    }
  }

  static func text(_ shape: PartialShape) -> String {
    guard let sizes = shape.dimensions else { return "(...)" }
    return "(" + sizes.map { $0.map { "\($0)" } ?? "?" }.joined(separator: ", ") + ")"
  }

  static func text(_ item: CollectionItem) -> String {
    switch item {
    case .operation(let node): return "^" + word(node.name)
    case .tensor(let tensor): return "%" + word(tensor.node.name) + ":\(tensor.index)"
    case .bytes(let bytes): return quoted(bytes)
    case .int(let number): return "\(number)"
    case .float(let number): return text(Attribute.float(number))
    case .message(let url, let bytes): return "message \(quoted(Array(url.utf8))) \(quoted(bytes))"
    case .variable(let variable):
      var parts = ["initializer: ^" + word(variable.initializer.name)]
      parts.append("value: " + reference(variable.value.node, variable.value.index))
      if let initial = variable.initialValue {
        parts.append("initial_value: " + reference(initial.node, initial.index))
      }
      if !variable.isTrainable { parts.append("trainable: false") }
      if variable.distribution.synchronization != 0 {
        parts.append("synchronization: \(variable.distribution.synchronization)")
      }
      if variable.distribution.aggregation != 0 {
        parts.append("aggregation: \(variable.distribution.aggregation)")
      }
      return "variable \(reference(variable.handle.node, variable.handle.index)) "
        + "{\(parts.joined(separator: ", "))}"
    }
  }

  /// Type, shape, and the elements: in nested brackets, or as one repeated, or as bytes.
  static func text(_ value: TensorValue) -> String {
    let head = type(value.dtype, PartialShape(value.shape)) + " "
    if case .strings(let strings) = value.contents {
      return head + nested(strings.map(quoted), value.shape)
    }
    let size = value.dtype.byteCount ?? 1
    return value.withUnsafeBytes { bytes in
      guard elementReader(value.dtype) != nil else { return head + "0x" + hex(bytes) }
      if value.count > 1, (size..<bytes.count).allSatisfy({ bytes[$0] == bytes[$0 - size] }) {
        return head + "splat " + element(bytes, 0, value.dtype)
      }
      if value.count > longestList { return head + "0x" + hex(bytes) }
      return head
        + nested((0..<value.count).map { element(bytes, $0, value.dtype) }, value.shape)
    }
  }

  private static func nested(_ elements: [String], _ shape: Shape) -> String {
    var index = 0
    func part(_ axis: Int) -> String {
      guard axis < shape.rank else {
        defer { index += 1 }
        return elements[index]
      }
      if shape.count == 0 { return "[]" }
      return "[" + (0..<shape[axis]).map { _ in part(axis + 1) }.joined(separator: ", ") + "]"
    }
    return part(0)
  }

  private static func element(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ dtype: DType)
    -> String
  {
    elementReader(dtype).map { $0(bytes, index) } ?? ""
  }

  /// How elements of a type are written; nil for types that are written as bytes only.
  private static func elementReader(_ dtype: DType) -> ((UnsafeRawBufferPointer, Int) -> String)? {
    func number<T: BitwiseCopyable>(_ type: T.Type) -> ((UnsafeRawBufferPointer, Int) -> String) {
      { "\($0.loadUnaligned(fromByteOffset: $1 * MemoryLayout<T>.size, as: T.self))" }
    }
    switch dtype {
    case .float32:
      return {
        let x = $0.loadUnaligned(fromByteOffset: $1 * 4, as: Float.self)
        return text(x, bits: UInt64(x.bitPattern), quiet: UInt64(Float.nan.bitPattern))
      }
    case .float64:
      return {
        let x = $0.loadUnaligned(fromByteOffset: $1 * 8, as: Double.self)
        return text(x, bits: x.bitPattern, quiet: Double.nan.bitPattern)
      }
    case .float16:
      return {
        let x = $0.loadUnaligned(fromByteOffset: $1 * 2, as: Float16.self)
        return text(x, bits: UInt64(x.bitPattern), quiet: UInt64(Float16.nan.bitPattern))
      }
    case .bool: return { $0[$1] == 0 ? "false" : "true" }
    case .int8: return number(Int8.self)
    case .int16: return number(Int16.self)
    case .int32: return number(Int32.self)
    case .int64: return number(Int64.self)
    case .uint8: return number(UInt8.self)
    case .uint16: return number(UInt16.self)
    case .uint32: return number(UInt32.self)
    case .uint64: return number(UInt64.self)
    default: return nil
    }
  }

  /// A number that reads back as the same bits.
  private static func text<T: BinaryFloatingPoint>(_ x: T, bits: UInt64, quiet: UInt64) -> String {
    x.isNaN && bits != quiet ? "nan(0x\(String(bits, radix: 16)))" : "\(x)"
  }
}

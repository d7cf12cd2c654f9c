import TensorCore

/// The value of a node's attribute: data that can be compared, printed, parsed and exported without
/// knowing the op.
public indirect enum Attribute: Hashable, Sendable {
  case int(Int)
  case float(Float)
  case bool(Bool)
  case string([UInt8])
  case type(DType)
  case shape(PartialShape)
  case tensor(TensorValue)
  case function(String, [String: Attribute])
  case placeholder(String)
  case list([Attribute])

  /// Compares by bits: 0.0 is not −0.0, and a NaN is itself.
  public static func == (a: Attribute, b: Attribute) -> Bool {
    switch (a, b) {
    case (.int(let x), .int(let y)): x == y
    case (.float(let x), .float(let y)): x.bitPattern == y.bitPattern
    case (.bool(let x), .bool(let y)): x == y
    case (.string(let x), .string(let y)): x == y
    case (.type(let x), .type(let y)): x == y
    case (.shape(let x), .shape(let y)): x == y
    case (.tensor(let x), .tensor(let y)): x == y
    case (.function(let x, let p), .function(let y, let q)): x == y && p == q
    case (.placeholder(let x), .placeholder(let y)): x == y
    case (.list(let x), .list(let y)): x == y
    default: false
    }
  }

  /// Hashes consistently with the comparison by bits.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .int(let x): hasher.combine(x)
    case .float(let x): hasher.combine(x.bitPattern)
    case .bool(let x): hasher.combine(x)
    case .string(let x): hasher.combine(x)
    case .type(let x): hasher.combine(x)
    case .shape(let x): hasher.combine(x)
    case .tensor(let x): hasher.combine(x)
    case .function(let x, let p):
      hasher.combine(x)
      hasher.combine(p)
    case .placeholder(let x): hasher.combine(x)
    case .list(let x): hasher.combine(x)
    }
  }
}

/// A Swift type that an attribute can be read as.
public protocol AttributeConvertible: Sendable {
  /// The attribute's value as this type, or nil if it is of another kind.
  init?(_ attribute: Attribute)
  /// This value as an attribute.
  var attribute: Attribute { get }
}

/// An attribute's name with the type that its value is read as.
///
/// An op lists its attributes as keys, so that `node[Ops.MatMul.transposeA]` is a `Bool`.
public struct AttributeKey<Value: AttributeConvertible>: Sendable {
  /// TensorFlow's name of the attribute.
  public let name: String

  /// A key for the attribute of that name.
  public init(_ name: String) { self.name = name }
}

extension Int: AttributeConvertible {
  /// Reads an `int` attribute.
  public init?(_ attribute: Attribute) {
    guard case .int(let value) = attribute else { return nil }
    self = value
  }
  /// An `int` attribute.
  public var attribute: Attribute { .int(self) }
}

extension Float: AttributeConvertible {
  /// Reads a `float` attribute.
  public init?(_ attribute: Attribute) {
    guard case .float(let value) = attribute else { return nil }
    self = value
  }
  /// A `float` attribute.
  public var attribute: Attribute { .float(self) }
}

extension Bool: AttributeConvertible {
  /// Reads a `bool` attribute.
  public init?(_ attribute: Attribute) {
    guard case .bool(let value) = attribute else { return nil }
    self = value
  }
  /// A `bool` attribute.
  public var attribute: Attribute { .bool(self) }
}

extension String: AttributeConvertible {
  /// Reads a `string` attribute as UTF-8.
  public init?(_ attribute: Attribute) {
    guard case .string(let bytes) = attribute else { return nil }
    self = String(decoding: bytes, as: UTF8.self)
  }
  /// A `string` attribute.
  public var attribute: Attribute { .string(Array(utf8)) }
}

extension DType: AttributeConvertible {
  /// Reads a `type` attribute.
  public init?(_ attribute: Attribute) {
    guard case .type(let value) = attribute else { return nil }
    self = value
  }
  /// A `type` attribute.
  public var attribute: Attribute { .type(self) }
}

extension PartialShape: AttributeConvertible {
  /// Reads a `shape` attribute.
  public init?(_ attribute: Attribute) {
    guard case .shape(let value) = attribute else { return nil }
    self = value
  }
  /// A `shape` attribute.
  public var attribute: Attribute { .shape(self) }
}

extension TensorValue: AttributeConvertible {
  /// Reads a `tensor` attribute.
  public init?(_ attribute: Attribute) {
    guard case .tensor(let value) = attribute else { return nil }
    self = value
  }
  /// A `tensor` attribute.
  public var attribute: Attribute { .tensor(self) }
}

extension Array: AttributeConvertible where Element: AttributeConvertible {
  /// Reads a list attribute whose elements are all of this type.
  public init?(_ attribute: Attribute) {
    guard case .list(let values) = attribute else { return nil }
    var elements: [Element] = []
    for value in values {
      guard let element = Element(value) else { return nil }
      elements.append(element)
    }
    self = elements
  }
  /// A list attribute.
  public var attribute: Attribute { .list(map(\.attribute)) }
}

/// The type of a tensor's elements, numbered as TensorFlow's `DataType` is in files.
public enum DType: Int32, CaseIterable, Sendable, Hashable {
  case float32 = 1
  case float64 = 2
  case int32 = 3
  case uint8 = 4
  case int16 = 5
  case int8 = 6
  case string = 7
  case complex64 = 8
  case int64 = 9
  case bool = 10
  case qint8 = 11
  case quint8 = 12
  case qint32 = 13
  case bfloat16 = 14
  case qint16 = 15
  case quint16 = 16
  case uint16 = 17
  case complex128 = 18
  case float16 = 19
  case resource = 20
  case variant = 21
  case uint32 = 22
  case uint64 = 23

  /// The bytes one element takes; nil for strings, resources and variants, which are host values.
  public var byteCount: Int? {
    switch self {
    case .bool, .int8, .uint8, .qint8, .quint8: 1
    case .int16, .uint16, .float16, .bfloat16, .qint16, .quint16: 2
    case .float32, .int32, .uint32, .qint32: 4
    case .float64, .int64, .uint64, .complex64: 8
    case .complex128: 16
    case .string, .resource, .variant: nil
    }
  }

  /// Whether the type is a real floating-point type, the ones that gradients flow through.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16: true
    default: false
    }
  }

  /// Whether the type is a signed or unsigned (not quantized) integer type.
  public var isInteger: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }

  /// TensorFlow's name of the type in Python (`float32`, `int64`, `bool`).
  public var name: String { String(describing: self) }

  /// The type whose `name` is `name`, or nil; TensorFlow's aliases `float`, `double`, `half` and
  /// `int` are understood too.
  public init?(name: String) {
    switch name {
    case "float": self = .float32
    case "double": self = .float64
    case "half": self = .float16
    case "int": self = .int32
    default:
      guard let found = Self.byName[name] else { return nil }
      self = found
    }
  }

  /// Every signature asks for types by name, for each node of a graph.
  private static let byName = Dictionary(
    allCases.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

extension DType: CustomStringConvertible {
  /// TensorFlow's name of the type.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .uint8: "uint8"
    case .int16: "int16"
    case .int8: "int8"
    case .string: "string"
    case .complex64: "complex64"
    case .int64: "int64"
    case .bool: "bool"
    case .qint8: "qint8"
    case .quint8: "quint8"
    case .qint32: "qint32"
    case .bfloat16: "bfloat16"
    case .qint16: "qint16"
    case .quint16: "quint16"
    case .uint16: "uint16"
    case .complex128: "complex128"
    case .float16: "float16"
    case .resource: "resource"
    case .variant: "variant"
    case .uint32: "uint32"
    case .uint64: "uint64"
    }
  }
}

import GraphCore
import SwiftProtobuf
import TensorCore

extension TFDataType {
  /// Our type of that number; a reference's is the type it refers to.
  package var dtype: DType? { DType(rawValue: Int32(rawValue > 100 ? rawValue - 100 : rawValue)) }
}

extension TFTensorShapeProto {
  /// What the message says of a shape; nil if a size is out of range.
  package var partialShape: PartialShape? {
    if unknownRank { return .unknown }
    guard dim.count <= 254, dim.allSatisfy({ $0.size >= -1 && $0.size < 1 << 48 }) else {
      return nil
    }
    return PartialShape(dim.map { $0.size < 0 ? nil : Int($0.size) })
  }
}

extension TFTensorProto {
  /// The tensor: raw bytes, or a list whose last element is repeated to the end.
  ///
  /// - Throws: `TensorError` if the message contradicts itself or claims more than it may.
  package func tensorValue() throws(TensorError) -> TensorValue {
    guard let dtype = dtype.dtype else { throw TensorError("a tensor has an unknown type") }
    guard let shape = tensorShape.partialShape?.fullyDefined, let count = shape.checkedCount,
      count <= 1 << 31
    else { throw TensorError("a tensor has the shape \(tensorShape)") }
    if dtype == .string {
      let strings = stringVal.map { [UInt8]($0) }
      return try TensorValue(strings: filled(strings, count, []), shape: shape)
    }
    if !tensorContent.isEmpty {
      let content = [UInt8](tensorContent)
      let result = content.withUnsafeBytes { bytes in
        Result { () throws(TensorError) in
          try TensorValue(dtype: dtype, shape: shape, bytes: bytes)
        }
      }
      return try result.get()
    }
    switch dtype {
    case .float32: return try TensorValue(filled(floatVal, count, 0), shape: shape)
    case .float64: return try TensorValue(filled(doubleVal, count, 0), shape: shape)
    case .bool: return try TensorValue(filled(boolVal, count, false), shape: shape)
    case .int64: return try TensorValue(filled(int64Val, count, 0), shape: shape)
    case .uint32: return try TensorValue(filled(uint32Val, count, 0), shape: shape)
    case .uint64: return try TensorValue(filled(uint64Val, count, 0), shape: shape)
    case .float16:
      let bits = try filled(halfVal, count, 0).map {
        Float16(bitPattern: UInt16(truncatingIfNeeded: $0))
      }
      return try TensorValue(bits, shape: shape)
    case .int8, .int16, .int32, .uint8, .uint16:
      return try TensorValue(
        integers: filled(intVal, count, 0).map { Int($0) }, as: dtype, shape: shape)
    default: throw TensorError("a tensor of \(dtype) cannot be read from a file")
    }
  }

  private func filled<Element>(_ list: [Element], _ count: Int, _ zero: Element)
    throws(TensorError) -> [Element]
  {
    guard list.count <= count else {
      throw TensorError("a tensor of \(count) elements lists \(list.count)")
    }
    return list + Array(repeating: list.last ?? zero, count: count - list.count)
  }
}

extension TFAttrValue {
  /// The attribute.
  ///
  /// - Throws: `TensorError` if it holds a tensor, shape or type that cannot be read.
  package func attribute(depth: Int = 0) throws(TensorError) -> Attribute {
    guard depth < 32 else { throw TensorError("attributes are nested too deeply") }
    switch value {
    case .i(let x)?: return .int(Int(x))
    case .f(let x)?: return .float(x)
    case .b(let x)?: return .bool(x)
    case .s(let x)?: return .string([UInt8](x))
    case .type(let x)?: return .type(try Self.type(x))
    case .shape(let x)?: return .shape(try Self.shape(x))
    case .tensor(let x)?: return .tensor(try x.tensorValue())
    case .placeholder(let x)?: return .placeholder(x)
    case .func(let x)?: return try Self.function(x, depth)
    case .list(let list)?:
      var items: [Attribute] = []
      items += list.i.map { .int(Int($0)) } + list.f.map { .float($0) }
      items += list.b.map { .bool($0) } + list.s.map { .string([UInt8]($0)) }
      for x in list.type { items.append(.type(try Self.type(x))) }
      for x in list.shape { items.append(.shape(try Self.shape(x))) }
      for x in list.tensor { items.append(.tensor(try x.tensorValue())) }
      for x in list.func { items.append(try Self.function(x, depth)) }
      return .list(items)
    case nil: return .list([])
    }
  }

  private static func type(_ x: TFDataType) throws(TensorError) -> DType {
    guard let dtype = x.dtype else { throw TensorError("an unknown type, number \(x.rawValue)") }
    return dtype
  }

  private static func shape(_ x: TFTensorShapeProto) throws(TensorError) -> PartialShape {
    guard let shape = x.partialShape else { throw TensorError("a shape out of range") }
    return shape
  }

  private static func function(_ x: TFNameAttrList, _ depth: Int) throws(TensorError) -> Attribute {
    var attributes: [String: Attribute] = [:]
    for (name, value) in x.attr { attributes[name] = try value.attribute(depth: depth + 1) }
    return .function(x.name, attributes)
  }
}

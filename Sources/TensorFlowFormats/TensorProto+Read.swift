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
    guard dim.count <= 254, dim.allSatisfy({ $0.size >= -1 && $0.size < Shape.mostElements }) else {
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
    return try elements(dtype, shape, isComplete: false)
  }

  /// The elements as a tensor of the given type and shape, which the message need not state.
  ///
  /// - Parameter isComplete: whether a list must hold every element.
  /// - Throws: `TensorError` if the elements are not those of such a tensor.
  func elements(_ dtype: DType, _ shape: Shape, isComplete: Bool) throws(TensorError)
    -> TensorValue
  {
    if !tensorContent.isEmpty, dtype != .string {
      return try Self.tensor([UInt8](tensorContent), dtype, shape)
    }
    let count = shape.count
    func filled<Element>(_ list: [Element], _ zero: Element, each width: Int = 1)
      throws(TensorError) -> [Element]
    {
      let wanted = count * width
      guard list.count <= wanted, list.count.isMultiple(of: width),
        !isComplete || list.count == wanted
      else {
        throw TensorError("a tensor of \(count) elements lists \(list.count / width)")
      }
      let last = list.isEmpty ? Array(repeating: zero, count: width) : list.suffix(width)
      var all = list
      all.reserveCapacity(wanted)
      while all.count < wanted { all += last }
      return all
    }
    switch dtype {
    case .string:
      return try TensorValue(strings: filled(stringVal.map { [UInt8]($0) }, []), shape: shape)
    case .float32: return try TensorValue(filled(floatVal, 0), shape: shape)
    case .float64: return try TensorValue(filled(doubleVal, 0), shape: shape)
    case .bool: return try TensorValue(filled(boolVal, false), shape: shape)
    case .int64: return try TensorValue(filled(int64Val, 0), shape: shape)
    case .uint32: return try TensorValue(filled(uint32Val, 0), shape: shape)
    case .uint64: return try TensorValue(filled(uint64Val, 0), shape: shape)
    case .float16, .bfloat16:
      let bits = try filled(halfVal, 0).map { UInt16(truncatingIfNeeded: $0) }
      return try Self.tensor(bits.withUnsafeBytes { Array($0) }, dtype, shape)
    case .complex64:
      let parts = try filled(scomplexVal, 0, each: 2)
      return try Self.tensor(parts.withUnsafeBytes { Array($0) }, dtype, shape)
    case .complex128:
      let parts = try filled(dcomplexVal, 0, each: 2)
      return try Self.tensor(parts.withUnsafeBytes { Array($0) }, dtype, shape)
    case .int8, .int16, .int32, .uint8, .uint16:
      return try TensorValue(
        integers: filled(intVal, 0).map { Int($0) }, as: dtype, shape: shape)
    case .qint8, .quint8:
      return try Self.tensor(
        filled(intVal, 0).map { UInt8(truncatingIfNeeded: $0) }, dtype, shape)
    case .qint16, .quint16:
      let bits = try filled(intVal, 0).map { UInt16(truncatingIfNeeded: $0) }
      return try Self.tensor(bits.withUnsafeBytes { Array($0) }, dtype, shape)
    case .qint32:
      let bits = try filled(intVal, 0)
      return try Self.tensor(bits.withUnsafeBytes { Array($0) }, dtype, shape)
    case .resource, .variant:
      throw TensorError("a tensor of \(dtype) cannot be read from a file")
    }
  }

  private static func tensor(_ bytes: [UInt8], _ dtype: DType, _ shape: Shape)
    throws(TensorError) -> TensorValue
  {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(TensorError) in
        try TensorValue(dtype: dtype, shape: shape, bytes: bytes)
      }
    }
    return try result.get()
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

import GraphCore
import SwiftProtobuf
import TensorCore

extension TFTensorProto {
  /// A value as TensorFlow writes it: raw bytes, or strings.
  package init(_ value: TensorValue) {
    self.init()
    dtype = TFDataType(value.dtype)
    tensorShape = TFTensorShapeProto(PartialShape(value.shape))
    if let strings = try? value.strings() {
      stringVal = strings.map { .init($0) }
    } else {
      tensorContent = value.withUnsafeBytes { .init($0) }
    }
  }
}

extension TFDataType {
  package init(_ dtype: DType) { self = Self(rawValue: Int(dtype.rawValue)) ?? .dtInvalid }
}

extension TFTensorShapeProto {
  /// A shape of which some sizes may be unknown.
  package init(_ shape: PartialShape) {
    self.init()
    guard let dimensions = shape.dimensions else {
      unknownRank = true
      return
    }
    dim = dimensions.map { size in
      var dimension = TFTensorShapeProto.Dim()
      dimension.size = Int64(size ?? -1)
      return dimension
    }
  }
}

extension TFTensorInfo {
  /// What a signature says of a tensor.
  package init(_ tensor: Tensor) {
    self.init()
    name = tensor.name
    dtype = TFDataType(tensor.dtype)
    tensorShape = TFTensorShapeProto(tensor.shape)
  }
}

extension TFAttrValue {
  /// An attribute of a node.
  package init(_ attribute: Attribute) {
    self.init()
    switch attribute {
    case .int(let x): value = .i(Int64(x))
    case .float(let x): value = .f(x)
    case .bool(let x): value = .b(x)
    case .string(let x): value = .s(.init(x))
    case .type(let x): value = .type(TFDataType(x))
    case .shape(let x): value = .shape(TFTensorShapeProto(x))
    case .tensor(let x): value = .tensor(TFTensorProto(x))
    case .placeholder(let x): value = .placeholder(x)
    case .function(let name, let attributes):
      var function = TFNameAttrList()
      function.name = name
      function.attr = attributes.mapValues { TFAttrValue($0) }
      value = .func(function)
    case .list(let items):
      var list = TFAttrValue.ListValue()
      for item in items {
        switch TFAttrValue(item).value {
        case .i(let x)?: list.i.append(x)
        case .f(let x)?: list.f.append(x)
        case .b(let x)?: list.b.append(x)
        case .s(let x)?: list.s.append(x)
        case .type(let x)?: list.type.append(x)
        case .shape(let x)?: list.shape.append(x)
        case .tensor(let x)?: list.tensor.append(x)
        case .func(let x)?: list.func.append(x)
        default: break
        }
      }
      value = .list(list)
    }
  }
}

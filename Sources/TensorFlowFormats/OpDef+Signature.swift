import GraphCore
import TensorCore

extension Signature {
  /// The signature that a file states for one of its ops; nil if it cannot be understood.
  init?(_ op: TFOpDef) {
    var definitions: [AttributeDefinition] = []
    for attribute in op.attr {
      guard let kind = Self.kinds.first(where: { $0.name == attribute.type })?.kind,
        let value = try? attribute.defaultValue.attribute()
      else { return nil }
      let allowed = attribute.allowedValues.list.type.compactMap(\.dtype)
      definitions.append(
        AttributeDefinition(
          name: attribute.name, kind: kind,
          defaultValue: attribute.hasDefaultValue ? value : nil,
          allowedTypes: kind == .type ? allowed : []))
    }
    let inputs = op.inputArg.compactMap { Argument($0) }
    let outputs = op.outputArg.compactMap { Argument($0) }
    guard inputs.count == op.inputArg.count, outputs.count == op.outputArg.count else { return nil }
    self.init(inputs, gives: outputs, definitions)
  }

  fileprivate static let kinds: [(name: String, kind: AttributeDefinition.Kind)] = [
    ("int", .int), ("float", .float), ("bool", .bool), ("string", .string), ("type", .type),
    ("shape", .shape), ("tensor", .tensor), ("func", .function), ("list(int)", .listOfInt),
    ("list(float)", .listOfFloat), ("list(bool)", .listOfBool), ("list(string)", .listOfString),
    ("list(type)", .listOfType), ("list(shape)", .listOfShape), ("list(tensor)", .listOfTensor),
    ("list(func)", .listOfFunction),
  ]
}

extension Signature.Argument {
  fileprivate init?(_ argument: TFOpDef.ArgDef) {
    let dtype = argument.type.dtype
    let repeats = !argument.numberAttr.isEmpty
    if !argument.typeListAttr.isEmpty {
      self.init(
        name: argument.name, kind: .typed(by: argument.typeListAttr),
        isReference: argument.isRef)
    } else if !argument.typeAttr.isEmpty {
      self.init(
        name: argument.name,
        kind: repeats
          ? .repeated(count: argument.numberAttr, by: argument.typeAttr)
          : .typed(by: argument.typeAttr), isReference: argument.isRef)
    } else if let dtype {
      self.init(
        name: argument.name,
        kind: repeats ? .repeatedFixed(count: argument.numberAttr, dtype) : .fixed(dtype),
        isReference: argument.isRef)
    } else {
      return nil
    }
  }
}

extension TFOpDef {
  /// What an op takes and gives, as TensorFlow states it beside a graph.
  init(_ op: any Op.Type) {
    self.init()
    name = op.name
    let signature = op.signature
    inputArg = signature.inputs.map { ArgDef($0, signature) }
    outputArg = signature.outputs.map { ArgDef($0, signature) }
    isStateful = !op.effects.isEmpty
    attr = signature.attributes.map { definition in
      var attribute = AttrDef()
      attribute.name = definition.name
      attribute.type = Signature.kinds.first { $0.kind == definition.kind }?.name ?? ""
      if let value = definition.defaultValue { attribute.defaultValue = TFAttrValue(value) }
      if !definition.allowedTypes.isEmpty {
        attribute.allowedValues = TFAttrValue(.list(definition.allowedTypes.map { .type($0) }))
      }
      return attribute
    }
  }
}

extension TFOpDef.ArgDef {
  fileprivate init(_ argument: Signature.Argument, _ signature: Signature) {
    self.init()
    name = argument.name
    isRef = argument.isReference
    switch argument.kind {
    case .fixed(let dtype): type = TFDataType(dtype)
    case .typed(let by) where signature.attribute(named: by)?.kind == .listOfType:
      typeListAttr = by
    case .typed(let by): typeAttr = by
    case .repeated(let count, let by):
      numberAttr = count
      typeAttr = by
    case .repeatedFixed(let count, let dtype):
      numberAttr = count
      type = TFDataType(dtype)
    }
  }
}

import TensorCore

extension Graph {
  /// Checks inputs and attributes against a signature and fills in what follows from them.
  ///
  /// - Throws: `GraphError` naming the argument or attribute at fault.
  package static func resolve(
    _ signature: Signature, _ inputs: [Tensor], _ given: [String: Attribute]
  ) throws(GraphError) -> (attributes: [String: Attribute], outputs: [DType]) {
    var attributes = given
    try inferTypes(of: inputs, signature, &attributes)
    for definition in signature.attributes {
      if attributes[definition.name] == nil {
        guard let value = definition.defaultValue else {
          throw GraphError("the attribute \(definition.name) is missing")
        }
        attributes[definition.name] = value
      }
      guard let value = attributes[definition.name], definition.kind.admits(value) else {
        throw GraphError("the attribute \(definition.name) must be of kind \(definition.kind)")
      }
      if let excess = definition.excess(in: value) {
        throw GraphError("the attribute \(definition.name) must fit 32 bits, found \(excess)")
      }
      if case .type(let dtype) = value, !definition.allowedTypes.isEmpty,
        !definition.allowedTypes.contains(dtype)
      {
        let allowed = definition.allowedTypes.map(\.name).joined(separator: ", ")
        throw GraphError("\(dtype) is not among the types it takes: \(allowed)")
      }
    }
    var outputs: [DType] = []
    for argument in signature.outputs {
      outputs += try types(of: argument, attributes)
    }
    return (attributes, outputs)
  }

  /// Infers type and length attributes from the inputs, argument by argument.
  private static func inferTypes(
    of inputs: [Tensor], _ signature: Signature, _ attributes: inout [String: Attribute]
  ) throws(GraphError) {
    var next = 0
    // Whichever tensor fixed a type first, so that a conflict can name both.
    var witness: [String: Tensor] = [:]
    let lists = signature.inputs.filter { argument in
      switch argument.kind {
      case .fixed: false
      case .typed(let name): signature.attribute(named: name)?.kind == .listOfType
      case .repeated, .repeatedFixed: true
      }
    }.count
    for argument in signature.inputs {
      var length = 1
      switch argument.kind {
      case .fixed: break
      case .typed(let name) where signature.attribute(named: name)?.kind == .listOfType:
        length = listLength(attributes[name], inputs.count, signature.inputs.count)
        let given = inputs.dropFirst(next).prefix(length)
        if case .list(let stated)? = attributes[name] {
          for (place, (type, tensor)) in zip(stated, given).enumerated() {
            guard let dtype = DType(type), dtype != tensor.dtype else { continue }
            throw GraphError(
              "\(argument.name) \(place) must be \(dtype), found \(tensor.dtype)",
              notes: [note(argument.name, tensor)])
          }
        }
        attributes[name] = attributes[name] ?? .list(given.map { .type($0.dtype) })
      case .typed: break
      case .repeated(let count, _), .repeatedFixed(let count, _):
        if case .int(let stated)? = attributes[count] {
          length = stated
        } else {
          length = (inputs.count - (signature.inputs.count - lists)) / max(lists, 1)
          attributes[count] = .int(length)
        }
      }
      guard length >= 0, next + length <= inputs.count else {
        throw GraphError(
          "\(signature.inputs.count) inputs are expected, found \(inputs.count)")
      }
      for tensor in inputs[next..<(next + length)] {
        switch argument.kind {
        case .typed(let name) where signature.attribute(named: name)?.kind == .type,
          .repeated(_, let name):
          if case .type(let fixed)? = attributes[name] {
            guard fixed == tensor.dtype else {
              var notes = [note(argument.name, tensor)]
              if let other = witness[name] { notes.insert(note("beside", other), at: 0) }
              throw GraphError(
                "\(argument.name) must be \(fixed), found \(tensor.dtype); cast one of them",
                notes: notes)
            }
          } else {
            attributes[name] = .type(tensor.dtype)
            witness[name] = tensor
          }
        case .fixed(let dtype), .repeatedFixed(_, let dtype):
          guard dtype == tensor.dtype else {
            throw GraphError(
              "\(argument.name) must be \(dtype), found \(tensor.dtype)",
              notes: [note(argument.name, tensor)])
          }
        case .typed: break
        }
      }
      next += length
    }
    guard next == inputs.count else {
      throw GraphError("\(next) inputs are expected, found \(inputs.count)")
    }
  }

  /// Checks that inputs have the ranks that the signature states.
  ///
  /// - Parameter shapes: the inputs', where more is known of them than the node says.
  package static func checkRanks(
    of node: Node, _ signature: Signature, shapes: [PartialShape]? = nil
  ) throws(GraphError) {
    guard signature.statesRanks else { return }
    var next = 0
    for argument in signature.inputs {
      var length = 1
      switch argument.kind {
      case .fixed: break
      case .typed(let name):
        if case .list(let types)? = node.attributes[name] { length = types.count }
      case .repeated(let count, _), .repeatedFixed(let count, _):
        if case .int(let stated)? = node.attributes[count] { length = stated }
      }
      if let rank = argument.rank {
        for place in next..<min(next + length, node.record.inputs.count) {
          let input = node.input(place)
          let shape = shapes?[place] ?? input.shape
          guard (shape.rank ?? rank) == rank else {
            let kind = Signature.Argument.ranks.first { $0.value == rank }?.key ?? "tensor"
            throw GraphError(
              "\(argument.name) must be \(kind == "images" ? "of rank 4" : "a \(kind)"), "
                + "found shape \(shape)", notes: [note(argument.name, input)])
          }
        }
      }
      next += length
    }
  }

  private static func listLength(_ stated: Attribute?, _ inputs: Int, _ arguments: Int) -> Int {
    if case .list(let types)? = stated { return types.count }
    return inputs - (arguments - 1)
  }

  /// The types that the inputs have by a node's own attributes; nil if they do not say.
  package static func inputTypes(_ signature: Signature, _ stated: [String: Attribute]) -> [DType]?
  {
    var found: [DType] = []
    for argument in signature.inputs {
      guard let own = try? types(of: argument, stated) else { return nil }
      found += own
    }
    return found
  }

  private static func types(
    of argument: Signature.Argument, _ attributes: [String: Attribute]
  ) throws(GraphError) -> [DType] {
    func type(_ name: String) throws(GraphError) -> [DType] {
      switch attributes[name] {
      case .type(let dtype)?: return [dtype]
      case .list(let list)?: return list.compactMap { DType($0) }
      default: throw GraphError("the attribute \(name) is missing")
      }
    }
    switch argument.kind {
    case .fixed(let dtype): return [dtype]
    case .typed(let name): return try type(name)
    case .repeated(let count, let name):
      guard case .int(let n)? = attributes[count], (0...65_536).contains(n) else {
        throw GraphError("the attribute \(count) is missing or out of range")
      }
      guard let dtype = try type(name).first else {
        throw GraphError("the attribute \(name) states no type")
      }
      return Array(repeating: dtype, count: n)
    case .repeatedFixed(let count, let dtype):
      guard case .int(let n)? = attributes[count], (0...65_536).contains(n) else {
        throw GraphError("the attribute \(count) is missing or out of range")
      }
      return Array(repeating: dtype, count: n)
    }
  }
}

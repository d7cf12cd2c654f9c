import GraphCore
import TensorCore

extension TFFunctionDef {
  /// A function as TensorFlow writes it: what a node takes is named by the output that gives it.
  init(_ function: Function) {
    self.init()
    signature.name = function.name
    signature.inputArg = function.inputs.map { tensor in
      var argument = TFOpDef.ArgDef()
      argument.name = tensor.node.name
      argument.type = TFDataType(tensor.dtype)
      return argument
    }
    for (index, tensor) in function.outputs.enumerated() {
      var argument = TFOpDef.ArgDef()
      argument.name = "output_\(index)"
      argument.type = TFDataType(tensor.dtype)
      signature.outputArg.append(argument)
      ret[argument.name] = tensor.sourceInFunction
    }
    let arguments = Set(function.inputs.map(\.node.index))
    for node in function.body.operations where !arguments.contains(node.index) {
      var definition = TFNodeDef()
      definition.name = node.name
      definition.op = node.op
      definition.device = node.device
      definition.input =
        node.inputs.map(\.sourceInFunction)
        + node.controlInputs.filter { !arguments.contains($0.index) }.map { "^" + $0.name }
      definition.attr = node.attributes.mapValues { TFAttrValue($0) }
      nodeDef.append(definition)
      if node.definition?.effects.isEmpty == false { signature.isStateful = true }
    }
    for target in function.targets {
      controlRet[target.name] = target.name
      signature.controlOutput.append(target.name)
    }
  }
}

extension Tensor {
  /// The tensor as a function's nodes name it: an argument, or `node:output:number`.
  fileprivate var sourceInFunction: String {
    guard node.op != "_Arg", let signature = node.definition?.signature else { return node.name }
    var rest = index
    for argument in signature.outputs {
      let count = argument.count(signature, node.attributes)
      if rest < count { return "\(node.name):\(argument.name):\(rest)" }
      rest -= count
    }
    return "\(node.name):output:\(rest)"
  }
}

extension Signature.Argument {
  /// How many tensors the argument is on a node of these attributes.
  fileprivate func count(_ signature: Signature, _ attributes: [String: Attribute]) -> Int {
    switch kind {
    case .fixed: return 1
    case .typed(let name):
      guard signature.attribute(named: name)?.kind == .listOfType else { return 1 }
      if case .list(let types)? = attributes[name] { return types.count }
      return 1
    case .repeated(let name, _), .repeatedFixed(let name, _):
      if case .int(let count)? = attributes[name] { return count }
      return 1
    }
  }
}

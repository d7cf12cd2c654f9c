import GraphCore
import StandardOps
import TensorCore

extension Flattener {
  /// The endpoints of values that functions take; a variable is passed as its handle.
  func endpoints(_ values: [Value], _ node: Node) throws(GraphError) -> [Endpoint] {
    var result: [Endpoint] = []
    for value in values {
      switch value.image {
      case .tensor(let endpoint), .variable(let endpoint): result.append(endpoint)
      case .insideLoop:
        throw GraphError(
          "takes a value from inside of a loop without Exit", node: node.name, op: node.op)
      }
    }
    return result
  }

  mutating func call(
    _ node: Node, _ inputs: [Value], _ controls: [Int], _ name: String, _ flat: inout Flat
  ) throws(GraphError) {
    guard let op = node.definition as? any CallOp.Type else { return }
    var functions: [Function] = []
    for attribute in op.functionAttributes {
      let names = node.functionNames(attribute)
      if names.isEmpty {
        return try leave(
          node, "the function \(attribute), which is not there", inputs, controls, name, &flat)
      }
      for called in names {
        guard let function = library.function(named: called) else {
          let reason = library.state.withLock { $0.unreadFunctions[called] }
          let fault = reason.map { "cannot be understood: \($0)" } ?? "is not there"
          return try leave(
            node, "the function @\(called), which \(fault)", inputs, controls, name, &flat)
        }
        if let misfit = misfit(of: function, calledAs: attribute, inputs, node) {
          return try leave(
            node, "the function @\(called), which \(misfit)", inputs, controls, name, &flat)
        }
        functions.append(function)
      }
    }
    switch node.op {
    case Ops.While.name, Ops.StatelessWhile.name:
      let values = try endpoints(inputs, node)
      let made = try append(
        name, Ops.While.self, values, controls, node.attributes, node.record.outputs, node)
      loops[made.index] = .init(
        condition: functions[0], body: functions[1], variableCount: inputs.count)
      flat.nodes[node.index] = [made.index]
      flat.images[node.index] = made.outputs.map { Value(image: .tensor($0.endpoint)) }
    case _ where Self.isBranching(node):
      try branch(node, functions, inputs, controls, name, &flat)
    default:
      // What controls the call controls every node of it.
      let pivot = try append(name, Ops.NoOp.self, [], controls, [:], [], node).index
      let inner = try inPlace(functions[0], inputs, name + "/", pivot: [pivot])
      flat.images[node.index] = inner.outputs
      flat.nodes[node.index] = inner.targets + [pivot]
    }
  }

  /// In which way the function does not take what the node gives it, or does not give what the node
  /// says; nil if it fits.
  private func misfit(
    of function: Function, calledAs role: String, _ inputs: [Value], _ node: Node
  ) -> String? {
    let given = Self.isBranching(node) ? inputs.dropFirst() : inputs[...]
    guard function.inputs.count == given.count else {
      return "takes \(function.inputs.count) values, found \(given.count)"
    }
    for (parameter, value) in zip(function.inputs, given) {
      guard case .tensor(let endpoint) = value.image else { continue }
      let found = target.node(at: endpoint.node).record.outputs[endpoint.output].dtype
      guard parameter.dtype == found else {
        return "takes \(parameter.node.name) of \(parameter.dtype), found \(found)"
      }
    }
    // Of a loop's condition the session asks one Boolean.
    if role == "cond" { return nil }
    let stated = node.record.outputs.map(\.dtype)
    return function.outputs.map(\.dtype) == stated
      ? nil : "gives \(function.outputs.map(\.dtype)), the node states \(stated)"
  }

  /// A node that cannot run on what it is given, such as a call of a function that is missing: an unknown
  /// op, which is reported only where something needs it.
  mutating func leave(
    _ node: Node, _ fault: String, _ inputs: [Value], _ controls: [Int], _ name: String,
    _ flat: inout Flat
  ) throws(GraphError) {
    let made = try append(
      name, nil, try endpoints(inputs, node), controls, [:], node.record.outputs, node,
      op: "\(node.op) of \(fault)")
    flat.nodes[node.index] = [made.index]
    flat.images[node.index] = made.outputs.map { Value(image: .tensor($0.endpoint)) }
  }

  /// A function's nodes in place of a call.
  mutating func inPlace(
    _ function: Function, _ inputs: [Value], _ prefix: String, pivot: [Int]
  ) throws(GraphError) -> (outputs: [Value], targets: [Int]) {
    let arguments = Dictionary(
      zip(function.inputs.map(\.node.index), inputs), uniquingKeysWith: { first, _ in first })
    let inner = try flatten(function.body, arguments: arguments, prefix: prefix, pivot: pivot)
    let targets = (function.targets + function.effectNodes).flatMap { inner.nodes[$0.index] }
    let outputs = function.outputs.map { tensor -> Value in
      // Whatever follows the call follows its effects.
      Value(
        image: inner.images[tensor.node.index][tensor.index].image,
        after: inner.images[tensor.node.index][tensor.index].after)
    }
    return (outputs, targets)
  }

  /// A TensorFlow 1 loop as one node.
  mutating func place(
    _ frame: LoopFrame, _ flat: inout Flat, _ prefix: String, _ pivot: [Int]
  ) throws(GraphError) {
    let first = frame.enters[0]
    var values: [Value] = []
    var controls: [Int] = []
    for enter in frame.enters {
      let input = enter.record.inputs[0]
      var value = flat.images[input.node][input.output]
      controls += enter.record.controlInputs.flatMap { flat.nodes[$0] }
      if case .variable(let handle) = value.image, enter.op == Ops.Enter.name {
        value = Value(
          image: .tensor(
            try read(handle, enter, controls + value.after, prefix + enter.name + "/read")))
      }
      values.append(value)
    }
    let inputs = try endpoints(values, first)
    let outputs = frame.enters.prefix(frame.variableCount).map { enter in
      NodeRecord.Output(dtype: enter.record.outputs[0].dtype, shape: .unknown)
    }
    let made = try append(
      prefix + frame.name, Ops.While.self, inputs, controls, [:], Array(outputs), first)
    loops[made.index] = .init(
      condition: frame.condition, body: frame.body, variableCount: frame.variableCount)
    for (index, exits) in frame.exits.enumerated() {
      for exit in exits {
        flat.images[exit.index] = [
          Value(image: .tensor(Endpoint(node: made.index, output: index)))
        ]
        flat.nodes[exit.index] = [made.index]
      }
    }
  }
}

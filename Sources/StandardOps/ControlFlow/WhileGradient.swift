import GraphCore
import TensorCore

/// The gradient of a loop: a second loop runs like the first and records its variables in lists; a
/// third goes back through them.
package enum WhileGradient {
  static func gradient(of node: Node, _ upstream: [Tensor?], in context: GradientContext)
    -> Gradient
  {
    guard let condition = node.function("cond"), let body = node.function("body") else {
      return .unavailable("its functions are not known")
    }
    return .dense(
      gradients(condition, body, node.inputs, upstream, node.inputs.count, context))
  }

  /// The gradients with respect to what a loop began with.
  ///
  /// - Parameters:
  ///   - inputs: the variables' first values, then what is the same in every round.
  ///   - upstream: gradients with respect to the variables' last values; nil where there is none.
  ///   - variableCount: how many of the inputs are variables.
  package static func gradients(
    _ condition: Function, _ body: Function, _ inputs: [Tensor], _ upstream: [Tensor?],
    _ variableCount: Int, _ context: GradientContext
  ) -> [Tensor?] {
    let graph = context.graph
    if body.body.operations.contains(where: { $0.definition?.effects.contains(.writes) == true }) {
      graph.record(
        GraphError(
          "a loop whose body changes variables cannot be differentiated", node: body.name))
      return inputs.map { _ in nil }
    }
    let count = inputs.count
    let types = inputs.map(\.dtype)
    let floating = types.indices.filter { types[$0].isFloatingPoint }
    let recorded = types.indices.filter {
      types[$0] != .resource && types[$0] != .variant && $0 < variableCount && !body.passesOn($0)
    }

    // Forward once more: round, variables, a list for each variable.
    let listTypes = recorded.map { _ in DType.variant }
    let forwardTypes = [.int32] + types + listTypes
    // What the body knows of its variables holds in every round, and gradients may need it.
    let (shapes, listShapes) = (body.inputs.map(\.shape), recorded.map { _ in PartialShape.scalar })
    let forwardShapes = [.scalar] + shapes + listShapes
    let forwardCondition = Function.built(
      "while_forward_cond", forwardTypes, shapes: forwardShapes, in: graph
    ) { own, x in
      own.inlined(condition, Array(x[1...count]))
    }
    let forwardBody = Function.built(
      "while_forward_body", forwardTypes, shapes: forwardShapes, in: graph
    ) { own, x in
      let variables = Array(x[1...count])
      let next = own.inlined(body, variables) + variables[variableCount...]
      let lists = recorded.enumerated().map { place, index in
        x[1 + count + place].apply(
          Ops.TensorListPushBack.self, [variables[index]], ["element_dtype": .type(types[index])])
      }
      return [x[0] + 1] + next + lists
    }
    let empty = recorded.map { index in
      graph.add(
        Ops.EmptyTensorList.self,
        [graph.constant(-1, .int32), graph.constant(-1, .int32)],
        ["element_dtype": .type(types[index]), "shape_type": .type(.int32)]
      ).output(0)
    }
    let forward = loop(
      forwardCondition, forwardBody, [graph.constant(0, .int32)] + inputs + empty, graph)

    // Back: round, gradients, lists, and the variables that no list can hold.
    let fixed = types.indices.filter { !recorded.contains($0) }
    let backTypes = [.int32] + floating.map { types[$0] } + listTypes + fixed.map { types[$0] }
    let backShapes = [.scalar] + floating.map { shapes[$0] } + listShapes + fixed.map { shapes[$0] }
    let backCondition = Function.built("while_back_cond", backTypes, shapes: backShapes, in: graph)
    {
      _, x in
      [x[0] .> 0]
    }
    let backBody = Function.built("while_back_body", backTypes, shapes: backShapes, in: graph) {
      own, x in
      var variables: [Int: Tensor] = [:]
      var lists: [Tensor] = []
      for (place, index) in recorded.enumerated() {
        let popped = own.add(
          Ops.TensorListPopBack.self,
          [x[1 + floating.count + place], elementShape(shapes[index], own)],
          ["element_dtype": .type(types[index])])
        lists.append(popped.output(0))
        variables[index] = popped.output(1)
      }
      for (place, index) in fixed.enumerated() {
        variables[index] = x[1 + floating.count + recorded.count + place]
      }
      let ordered = types.indices.map { variables[$0] ?? own.poison }
      let next = own.inlined(body, ordered) + ordered[variableCount...]
      var dy = [Tensor?](repeating: nil, count: count)
      for (place, index) in floating.enumerated() { dy[index] = x[1 + place] }
      let dx = context.differentiate(next, dy, ordered)
      let gradients = floating.map { dx[$0] ?? zerosLike(ordered[$0]) }
      return [x[0] - 1] + gradients + lists + fixed.map { ordered[$0] }
    }
    let start = floating.map { index in
      (index < upstream.count ? upstream[index] : nil) ?? zerosLike(inputs[index])
    }
    let back = loop(
      backCondition, backBody,
      [forward[0]] + start + Array(forward[(1 + count)...]) + fixed.map { inputs[$0] }, graph)
    var result = [Tensor?](repeating: nil, count: count)
    for (place, index) in floating.enumerated() { result[index] = back[1 + place] }
    return result
  }

  /// What is known of a shape as lists take it: −1 for an unknown size, or for an unknown shape.
  private static func elementShape(_ shape: PartialShape, _ graph: Graph) -> Tensor {
    guard let sizes = shape.dimensions else { return graph.constant(-1, .int32) }
    return graph.constant(sizes.map { $0 ?? -1 }, .int32)
  }

  /// A `While` of the given functions.
  private static func loop(
    _ condition: Function, _ body: Function, _ inputs: [Tensor], _ graph: Graph
  ) -> [Tensor] {
    let node = graph.add(
      Ops.StatelessWhile.self, inputs,
      ["cond": .function(condition.name, [:]), "body": .function(body.name, [:])])
    return node.isPoison ? inputs.map { _ in graph.poison } : node.outputs
  }
}

extension Function {
  /// A function built like a graph, added to `graph` under a name of its own.
  ///
  /// - Parameter shapes: what is known of the arguments' shapes; by default nothing.
  package static func built(
    _ name: String, _ types: [DType], shapes: [PartialShape]? = nil, in graph: Graph,
    _ outputs: (Graph, [Tensor]) -> [Tensor]
  ) -> Function {
    let body = Graph(ops: graph.ops)
    for function in graph.functions { body.add(function) }
    let inputs = types.enumerated().map { index, dtype in
      var attributes: [String: Attribute] = ["T": .type(dtype), "index": .int(index)]
      if let shapes { attributes["_output_shapes"] = .list([.shape(shapes[index])]) }
      return body.add(Ops._Arg.self, name: "argument_\(index)", attributes).output(0)
    }
    let results = outputs(body, inputs)
    for error in body.errors { graph.record(error) }
    // Functions that its nodes call belong to the graph.
    for function in body.functions where graph.function(named: function.name) == nil {
      graph.add(function)
    }
    let function = Function(
      name: graph.uniqueFunctionName(name), body: body, inputs: inputs, outputs: results)
    graph.add(function)
    return function
  }

  /// Whether no gradient needs the value that the body takes at a place: it only gives it on, as loops
  /// do with their weights, or adds to it by `AddN`, as they collect results. (`AddV2` will not do:
  /// its gradient needs the shape, which broadcasting may change from round to round.)
  fileprivate func passesOn(_ index: Int) -> Bool {
    guard index < outputs.count else { return false }
    let (input, output) = (inputs[index], outputs[index])
    if input == output { return true }
    let takers = body.operations.filter { $0.inputs.contains(input) || $0.inputs.contains(output) }
    return output.node.op == Ops.AddN.name && takers == [output.node]
      && outputs.count { $0 == input || $0 == output } == 1
  }
}

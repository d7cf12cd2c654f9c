import GraphCore
import TensorCore

/// The gradient of a loop: a second loop runs like the first and records in lists what the gradient of a
/// round needs; a third goes back through them. A run that needs the first two does only the second.
package struct WhileGradient {
  private let graph: Graph
  private let context: GradientContext
  private let body: Function
  /// The loop's node, or one that gives a result of it.
  private let loop: Node?
  /// How many of the inputs are variables; the rest are the same in every round.
  private let variableCount: Int
  /// What the loop began with.
  private let inputs: [Tensor]
  /// The positions of the inputs that have gradients: numbers, and lists, whose elements may be.
  private let carriers: [Int]

  /// The attribute of a loop that repeats another to record it, which names that.
  package static let recorded = "_recorded_loop"
  /// The position of the other's first input and output among those of such a loop.
  package static let recordedStart = 1

  static func gradient(of node: Node, _ upstream: [Tensor?], in context: GradientContext)
    -> Gradient
  {
    guard let condition = node.function("cond"), let body = node.function("body") else {
      return .unavailable("its functions are not known")
    }
    return .dense(
      gradients(condition, body, node.inputs, upstream, node.inputs.count, of: node, context))
  }

  /// The gradients with respect to what a loop began with.
  ///
  /// - Parameters:
  ///   - inputs: the variables' first values, then what is the same in every round.
  ///   - upstream: gradients with respect to the variables' last values; nil where there is none.
  ///   - variableCount: how many of the inputs are variables.
  ///   - loop: the loop's node, or one that gives a result of it.
  package static func gradients(
    _ condition: Function, _ body: Function, _ inputs: [Tensor], _ upstream: [Tensor?],
    _ variableCount: Int, of loop: Node?, _ context: GradientContext
  ) -> [Tensor?] {
    if body.changesVariables(context.graph) {
      context.graph.record(
        GraphError(
          "a loop whose body changes variables cannot be differentiated", node: body.name))
      return inputs.map { _ in nil }
    }
    let gradient = WhileGradient(body, inputs, variableCount, loop, context)
    let round = gradient.round()
    // The positions, among the loop's inputs, of what the gradient of a round needs.
    let needed = Set(round.neededInputs.map { $0 - gradient.carriers.count })
    let recorded = gradient.recorded(needed)
    let forward = gradient.forward(condition, recording: recorded)
    let fixed = inputs.indices.filter { needed.contains($0) && !recorded.contains($0) }
    return gradient.back(round, forward, recorded, fixed, upstream)
  }

  private init(
    _ body: Function, _ inputs: [Tensor], _ variableCount: Int, _ loop: Node?,
    _ context: GradientContext
  ) {
    graph = context.graph
    self.context = context
    self.body = body
    self.loop = loop
    self.variableCount = variableCount
    self.inputs = inputs
    carriers = inputs.indices.filter {
      inputs[$0].dtype.isFloatingPoint || inputs[$0].dtype == .variant
    }
  }

  private var types: [DType] { inputs.map(\.dtype) }
  // What the body knows of its variables holds in every round, and gradients may need it.
  private var shapes: [PartialShape] { body.inputs.map(\.shape) }

  /// The gradient of one round: from gradients of what it gives, and what it took, to gradients of that.
  private func round() -> Function {
    Function.making(
      "round", carriers.map { types[$0] } + types, shapes: carriers.map { shapes[$0] } + shapes,
      in: graph
    ) { own, x in
      let taken = Array(x[carriers.count...])
      let given = own.inlined(body, taken) + taken[variableCount...]
      var dy = [Tensor?](repeating: nil, count: inputs.count)
      for (place, index) in carriers.enumerated() { dy[index] = x[place] }
      let dx = context.differentiate(given, dy, taken)
      return carriers.map { dx[$0] ?? zerosLike(taken[$0]) }
    }
  }

  /// The variables among what is needed whose values are others from round to round.
  private func recorded(_ needed: Set<Int>) -> [Int] {
    (0..<variableCount).filter {
      types[$0] != .resource && needed.contains($0)
        && !($0 < body.outputs.count && body.outputs[$0] == body.inputs[$0])
    }
  }

  /// The loop once more: the number of rounds, the variables, and a list for each that is recorded.
  private func forward(_ condition: Function, recording recorded: [Int]) -> [Tensor] {
    let count = inputs.count
    let forwardTypes = [.int32] + types + recorded.map { _ in DType.variant }
    let forwardShapes = [.scalar] + shapes + recorded.map { _ in PartialShape.scalar }
    let goesOn = Function.built(
      "while_forward_cond", forwardTypes, shapes: forwardShapes, in: graph
    ) { own, x in own.inlined(condition, Array(x[1...count])) }
    let next = Function.built("while_forward_body", forwardTypes, shapes: forwardShapes, in: graph)
    { own, x in
      let variables = Array(x[1...count])
      let lists = recorded.enumerated().map { place, index in
        TensorListHandle(x[1 + count + place], types[index]).appending(variables[index]).tensor
      }
      return [x[0] + 1] + own.inlined(body, variables) + variables[variableCount...] + lists
    }
    let empty = recorded.map { TensorListHandle(emptyIn: graph, types[$0]).tensor }
    return made(
      goesOn, next, [graph.constant(0, .int32)] + inputs + empty,
      loop.map { [Self.recorded: $0.name.attribute] } ?? [:])
  }

  /// The loop back: the number of the round, gradients, the lists, and what is the same in every round.
  private func back(
    _ round: Function, _ forward: [Tensor], _ recorded: [Int], _ fixed: [Int],
    _ upstream: [Tensor?]
  ) -> [Tensor?] {
    let lists = (1 + carriers.count)..<(1 + carriers.count + recorded.count)
    let backTypes =
      [.int32] + carriers.map { types[$0] } + recorded.map { _ in DType.variant }
      + fixed.map { types[$0] }
    let backShapes =
      [.scalar] + carriers.map { shapes[$0] } + recorded.map { _ in PartialShape.scalar }
      + fixed.map { shapes[$0] }
    let goesOn = Function.built("while_back_cond", backTypes, shapes: backShapes, in: graph) {
      [$1[0] .> 0]
    }
    let previous = Function.built("while_back_body", backTypes, shapes: backShapes, in: graph) {
      own, x in
      var taken: [Int: Tensor] = [:]
      var rest: [Tensor] = []
      for (list, index) in zip(x[lists], recorded) {
        let popped = TensorListHandle(list, types[index]).popped(shape: shapes[index])
        rest.append(popped.rest.tensor)
        taken[index] = popped.last
      }
      let same = Array(x[lists.upperBound...])
      for (index, value) in zip(fixed, same) { taken[index] = value }
      // What no gradient needs has no value here, and no node that takes it.
      let arguments = inputs.indices.map { taken[$0] }
      let dx = own.inlined(neededOf: round, x[1..<lists.lowerBound].map { $0 } + arguments)
      return [x[0] - 1] + dx + rest + same
    }
    let start = carriers.map { index in
      (index < upstream.count ? upstream[index] : nil) ?? zerosLike(forward[1 + index])
    }
    let last = made(
      goesOn, previous,
      [forward[0]] + start + forward[(1 + inputs.count)...] + fixed.map { inputs[$0] })
    var result = [Tensor?](repeating: nil, count: inputs.count)
    for (place, index) in carriers.enumerated() { result[index] = last[1 + place] }
    return result
  }

  /// A `While` of the given functions.
  private func made(
    _ condition: Function, _ body: Function, _ inputs: [Tensor],
    _ attributes: [String: Attribute] = [:]
  ) -> [Tensor] {
    let functions = [
      "cond": Attribute.function(condition.name, [:]), "body": .function(body.name, [:]),
    ]
    let node = graph.add(
      Ops.StatelessWhile.self, inputs, attributes.merging(functions) { $1 })
    return node.isPoison ? inputs.map { _ in graph.poison } : node.outputs
  }
}

extension Function {
  /// Whether a node writes what lasts; arrays of tensors last no longer than a run, and a call does what
  /// its functions do, which the library holds.
  fileprivate func changesVariables(_ library: Graph) -> Bool {
    // Functions may call themselves, and one another often.
    var seen: Set<String> = [name]
    var pending = [self]
    while let function = pending.popLast() {
      for node in function.body.operations {
        guard let definition = node.definition else { continue }
        guard let call = definition as? any CallOp.Type else {
          if definition.effects.contains(.writes), !(definition is any SharedValuesOp.Type) {
            return true
          }
          continue
        }
        let names = call.functionAttributes.flatMap { node.functionNames($0) }
        for name in names {
          guard let called = library.function(named: name) else { return true }
          if seen.insert(name).inserted { pending.append(called) }
        }
        if names.isEmpty { return true }
      }
    }
    return false
  }
}

import GraphCore
import StandardOps
import TensorCore

extension Flattener {
  /// Whether the node's first input chooses among its functions, which take the others.
  static func isBranching(_ node: Node) -> Bool { node.definition is any BranchOp.Type }

  /// All branches, each alive where switches lead to it, with their results merged.
  ///
  /// - Parameter functions: in the order in which the node names them.
  mutating func branch(
    _ node: Node, _ functions: [Function], _ inputs: [Value], _ controls: [Int], _ name: String,
    _ flat: inout Flat
  ) throws(GraphError) {
    let values = try endpoints(inputs, node)
    let isCase = [Ops.Case.name, Ops.StatelessCase.name].contains(node.op)
    let conditions =
      isCase
      ? try conditions(of: node, values[0], functions.count - 1, controls, name)
      : [try predicate(of: node, values[0], controls, name)]
    // First the branch for no condition.
    let ordered = isCase ? functions.suffix(1) + functions.dropLast() : functions
    let titles = isCase ? ordered.map(\.name) : ["else", "then"]
    /// Data as each branch has them.
    func parts(_ data: Endpoint, _ part: String) throws(GraphError) -> [Endpoint] {
      let output = target.node(at: data.node).record.outputs[data.output]
      var (rest, parts) = (data, [Endpoint]())
      for (number, condition) in conditions.enumerated() {
        let made = try append(
          name + part + (number == 0 ? "" : "_of_\(number)"), Ops.Switch.self, [rest, condition],
          controls, ["T": .type(output.dtype)], [output, output], node)
        parts.append(Endpoint(node: made.index, output: 1))
        rest = Endpoint(node: made.index, output: 0)
      }
      return [rest] + parts
    }
    let pivots = try parts(conditions.first ?? values[0], "/switch")
    var data: [[Endpoint]] = []
    for (position, value) in values.dropFirst().enumerated() {
      data.append(try parts(value, "/switch_\(position)"))
    }
    var branches: [(outputs: [Value], targets: [Int])] = []
    for (side, function) in ordered.enumerated() {
      let gate = try passed(pivots[side], [], name + "/branch_\(side)", node)
      let own = zip(inputs.dropFirst(), data).map { input, parts -> Value in
        if case .variable = input.image { return Value(image: .variable(handle: parts[side])) }
        return Value(image: .tensor(parts[side]))
      }
      branches.append(
        try inPlace(function, own, "\(name)/\(titles[side])/", pivot: [gate.node]))
    }
    var merged: [Value] = []
    for index in node.record.outputs.indices {
      let parts = try endpoints(branches.map { $0.outputs[index] }, node)
      let dtype = node.record.outputs[index].dtype
      let made = try self.merged(parts, dtype, index == 0 ? name : "\(name)_\(index)", node)
      merged.append(Value(image: .tensor(Endpoint(node: made, output: 0))))
    }
    flat.images[node.index] = merged
    // Alive once whichever branch was taken has had its effects.
    var ends: [Endpoint] = []
    for (side, branch) in branches.enumerated() {
      ends.append(try passed(pivots[side], branch.targets, name + "/done_\(side)", node))
    }
    let dtype = target.node(at: ends[0].node).record.outputs[0].dtype
    flat.nodes[node.index] = [try self.merged(ends, dtype, name + "/done", node)]
  }

  /// A pivot as it is after other nodes.
  private mutating func passed(
    _ pivot: Endpoint, _ controls: [Int], _ name: String, _ node: Node
  ) throws(GraphError) -> Endpoint {
    let output = target.node(at: pivot.node).record.outputs[pivot.output]
    let made = try append(
      name, Ops.Identity.self, [pivot], controls, ["T": .type(output.dtype)], [output], node)
    return Endpoint(node: made.index, output: 0)
  }

  private mutating func merged(_ parts: [Endpoint], _ dtype: DType, _ name: String, _ node: Node)
    throws(GraphError) -> Int
  {
    try append(
      name, Ops.Merge.self, parts, [], ["T": .type(dtype), "N": .int(parts.count)],
      [.init(dtype: dtype, shape: .unknown), .init(dtype: .int32, shape: .scalar)], node
    ).index
  }

  /// The condition of an `If` as a Boolean.
  private mutating func predicate(
    of node: Node, _ value: Endpoint, _ controls: [Int], _ name: String
  ) throws(GraphError) -> Endpoint {
    let dtype = target.node(at: value.node).record.outputs[value.output].dtype
    if dtype == .bool { return value }
    let made = try append(
      name + "/pred", Ops.Cast.self, [value], controls,
      ["SrcT": .type(dtype), "DstT": .type(.bool), "Truncate": .bool(false)],
      [.init(dtype: .bool, shape: .scalar)], node)
    return Endpoint(node: made.index, output: 0)
  }

  /// Whether the index of a `Case` is 0, 1 and so on.
  private mutating func conditions(
    of node: Node, _ index: Endpoint, _ count: Int, _ controls: [Int], _ name: String
  ) throws(GraphError) -> [Endpoint] {
    var conditions: [Endpoint] = []
    for number in 0..<count {
      let constant = try append(
        "\(name)/index_\(number)", Ops.Const.self, [], controls,
        ["dtype": .type(.int32), "value": .tensor(TensorValue(Int32(number)))],
        [.init(dtype: .int32, shape: .scalar)], node)
      let made = try append(
        "\(name)/is_\(number)", Ops.Equal.self,
        [index, Endpoint(node: constant.index, output: 0)], controls,
        ["T": .type(.int32), "incompatible_shape_error": .bool(true)],
        [.init(dtype: .bool, shape: .scalar)], node)
      conditions.append(Endpoint(node: made.index, output: 0))
    }
    return conditions
  }
}

import GraphCore
import StandardOps
import TensorCore

extension CollectionKey {
  /// Ops that bring variables back to what their constraints allow, to run after each update.
  public static let weightConstraints: CollectionKey = "weight_constraints"
}

extension Graph {
  /// Adds the op that applies a constraint to a variable, and lists it.
  func constrain(_ variable: Variable, _ constraint: Constraint) {
    let assignment = nameScope(variable.name + "/Constraint/") {
      variable.assign(constraint(variable.read()))
    }
    add(assignment, to: .weightConstraints)
  }

  /// Copies of the ops that constrain the given variables, at this place among effects.
  ///
  /// Copies, because a node's control inputs are fixed when it is made; from the collection, because
  /// a graph from a file has nothing else that knows of the constraints.
  func constraintSteps(of variables: [Variable]) -> [Node] {
    let handles = Set(variables.map(\.handle))
    return items(in: .weightConstraints).compactMap { item -> Node? in
      guard case .operation(let assignment) = item, !assignment.isPoison,
        let handle = assignment.inputs.first, handles.contains(handle)
      else { return nil }
      return nameScope("constrain_\(handle.node.name)") { copied(assignment, from: handle) }
    }
  }

  /// A copy of a node and of all between a tensor and it, with the open control dependencies.
  private func copied(_ node: Node, from source: Tensor) -> Node {
    var copies: [Node: Node] = [:]
    for original in nodes(from: source, to: node) {
      guard let definition = original.definition else { continue }
      let inputs = original.inputs.map { input in
        copies[input.node].map { $0.output(input.index) } ?? input
      }
      let name = original.name.split(separator: "/").last.map(String.init)
      copies[original] = add(definition, inputs, name: name, original.attributes)
    }
    return copies[node] ?? node
  }

  /// The nodes on the ways from a tensor to a node, in the order in which they were made.
  private func nodes(from source: Tensor, to target: Node) -> [Node] {
    var ancestors: Set<Node> = []
    var pending = [target]
    // What was made before the source does not depend on it.
    while let node = pending.popLast() {
      guard node.index > source.node.index, ancestors.insert(node).inserted else { continue }
      pending += node.inputs.map(\.node)
    }
    var reached: Set<Node> = [source.node]
    return ancestors.sorted { $0.index < $1.index }.filter { node in
      guard node.inputs.contains(where: { reached.contains($0.node) }) else { return false }
      reached.insert(node)
      return true
    }
  }
}

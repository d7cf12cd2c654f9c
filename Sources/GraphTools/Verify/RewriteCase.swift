import GraphCompiler
import GraphCore
import StandardOps
import TensorCore

/// A rule's application cut out of its graph: what it replaced and what it put there, on placeholders.
struct RewriteCase {
  /// Holds both, ending in the nodes `before` and `after` (`before_1` … for further outputs).
  let graph: Graph
  let before: [Tensor]
  let after: [Tensor]
  /// What is fed.
  let placeholders: [Tensor]

  /// Cuts out the nodes at most `depth` steps above what the rule took and gave.
  ///
  /// - Returns: nil where an edge that is cut carries no numbers.
  init?(_ application: RuleApplication, depth: Int) {
    let source = application.inputs.first?.graph ?? application.replacement[0].graph
    let included = Self.surroundings(application, depth: depth)
    let target = Graph(ops: source.ops)
    var copies: [Endpoint: Tensor] = [:]
    var placeholders: [Tensor] = []
    func copy(_ tensor: Tensor) -> Tensor? {
      if let known = copies[tensor.endpoint] { return known }
      guard tensor.dtype.byteCount != nil, tensor.shape.fullyDefined != nil else { return nil }
      let placeholder = target.add(
        Ops.Placeholder.self, name: "input_\(placeholders.count)",
        ["dtype": .type(tensor.dtype), "shape": .shape(tensor.shape)]
      ).output(0)
      placeholders.append(placeholder)
      copies[tensor.endpoint] = placeholder
      return placeholder
    }
    for index in included.sorted() {
      let node = source.node(at: index)
      guard node.op != Ops.Placeholder.name, node.definition?.effects == Effects.none else {
        continue
      }
      let inputs = node.inputs.compactMap(copy)
      guard inputs.count == node.inputs.count else { return nil }
      guard let outputs = try? target.copy(node, inputs: inputs).outputs else { return nil }
      for output in outputs { copies[Endpoint(node: index, output: output.index)] = output }
    }
    let inputs = application.inputs.compactMap(copy)
    let after = application.replacement.compactMap(copy)
    guard inputs.count == application.inputs.count, after.count == application.replacement.count
    else { return nil }
    guard let before = try? target.copy(application.node, inputs: inputs).outputs,
      before.count == after.count, before.allSatisfy({ $0.dtype.byteCount != nil })
    else {
      return nil
    }
    graph = target
    self.before = before.map { identity($0, name: "before") }
    self.after = after.map { identity($0, name: "after") }
    self.placeholders = placeholders.filter { placeholder in
      target.operations.contains { node in node.inputs.contains(placeholder) }
    }
  }

  /// The nodes that the rule added, and those near what it took.
  private static func surroundings(_ application: RuleApplication, depth: Int) -> Set<Int> {
    var distance: [Int: Int] = [:]
    var pending = (application.inputs + application.replacement).map(\.node)
    for node in pending { distance[node.index] = node.index >= application.firstNew ? 0 : 1 }
    var next = 0
    while next < pending.count {
      let node = pending[next]
      next += 1
      let own = distance[node.index] ?? 0
      for input in node.inputs.map(\.node) {
        let further = input.index >= application.firstNew ? 0 : own + 1
        // Constants are part of what a rule looks at, wherever they are.
        guard further <= depth || input.op == Ops.Const.name,
          further < distance[input.index] ?? .max
        else { continue }
        distance[input.index] = further
        pending.append(input)
      }
    }
    return Set(distance.keys.filter { (distance[$0] ?? 0) <= depth || isConstant($0, application) })
  }

  private static func isConstant(_ index: Int, _ application: RuleApplication) -> Bool {
    let graph = application.inputs.first?.graph ?? application.replacement[0].graph
    return graph.node(at: index).op == Ops.Const.name
  }

  /// The case as text, the nodes named as they were.
  var text: String { GraphText.lines(of: graph).joined(separator: "\n") + "\n" }

  /// The same for two applications that differ in names alone.
  var structure: [String] {
    graph.operations.map { node in
      let inputs = node.inputs.map { "\($0.node.index):\($0.index)" }.joined(separator: ",")
      let attributes = node.attributes.sorted { $0.key < $1.key }.map { key, value in
        "\(key)=\(GraphText.text(value))"
      }
      return "\(node.op)(\(inputs)) \(attributes.joined(separator: " "))"
    }
  }
}

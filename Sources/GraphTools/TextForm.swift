import GraphCore
import TensorCore

/// The concise text of a graph, the same for every op:
/// `%h = MatMul(%x, %w) {transpose_b: true} : float32[?, 300]`.
package enum TextForm {
  package static func lines(of graph: Graph) -> [String] { graph.operations.map(line) }

  package static func line(of node: Node) -> String {
    let inputs =
      node.inputs.map { reference($0) } + node.controlInputs.map { "^" + quoted($0.name) }
    var line = "%\(quoted(node.name)) = \(node.op)(\(inputs.joined(separator: ", ")))"
    let attributes = shown(node)
    if !attributes.isEmpty { line += " {\(attributes.joined(separator: ", "))}" }
    let outputs = node.outputs.map { "\($0.dtype)\($0.shape)" }
    if !outputs.isEmpty { line += " : " + outputs.joined(separator: ", ") }
    return line
  }

  private static func reference(_ tensor: Tensor) -> String {
    "%" + quoted(tensor.node.name) + (tensor.index == 0 ? "" : ":\(tensor.index)")
  }

  private static func quoted(_ name: String) -> String {
    name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? name : "\"\(name)\""
  }

  /// The attributes that neither types nor defaults say already.
  private static func shown(_ node: Node) -> [String] {
    node.attributes.sorted { $0.key < $1.key }.compactMap { name, value in
      let definition = node.definition?.signature.attribute(named: name)
      if definition?.defaultValue == value || definition?.kind == .type
        || definition?.kind == .listOfType
      {
        return nil
      }
      return "\(name): \(text(value))"
    }
  }

  private static func text(_ attribute: Attribute) -> String {
    switch attribute {
    case .int(let x): "\(x)"
    case .float(let x): "\(x)"
    case .bool(let x): "\(x)"
    case .string(let x): "\"\(String(decoding: x, as: UTF8.self))\""
    case .type(let x): x.name
    case .shape(let x): "\(x)"
    case .tensor(let x): x.elementsDescription(limit: 8)
    case .function(let name, _): "@\(name)"
    case .placeholder(let x): "$\(x)"
    case .list(let items): "[" + items.map(text).joined(separator: ", ") + "]"
    }
  }
}

import GraphCore
import TensorCore

/// A graph as JSON, for other programs to read.
package enum JSON {
  /// Nodes with inputs, types, shapes and attributes (in the text form), collections, variables and
  /// the count of each op.
  package static func text(of graph: Graph) -> String {
    let nodes = graph.operations.map { node in
      object([
        ("name", string(node.name)), ("op", string(node.op)),
        ("inputs", array(node.inputs.map { string($0.name) })),
        ("control_inputs", array(node.controlInputs.map { string($0.name) })),
        (
          "attributes",
          object(
            node.attributes.sorted { $0.key < $1.key }.map { ($0, string(GraphText.text($1))) })
        ),
        ("device", string(node.device)),
        ("outputs", array(node.outputs.map { output($0.dtype, $0.shape) })),
        ("known", "\(node.definition != nil)"),
      ])
    }
    let collections = graph.collectionKeys.map { key in
      (key.rawValue, array(graph.items(in: key).map { string(GraphText.text($0)) }))
    }
    let variables = graph.variables().map { variable in
      object([
        ("name", string(variable.name)), ("trainable", "\(variable.isTrainable)"),
        ("type", output(variable.dtype, variable.shape)),
        (
          "bytes",
          variable.shape.count.map { "\($0 * (variable.dtype.byteCount ?? 0))" } ?? "null"
        ),
      ])
    }
    var counts: [String: Int] = [:]
    for node in graph.operations { counts[node.op, default: 0] += 1 }
    let ops = counts.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    return "{\n\"nodes\": [\n" + nodes.joined(separator: ",\n") + "\n],\n"
      + "\"collections\": \(object(collections)),\n\"variables\": \(array(variables)),\n"
      + "\"ops\": \(object(ops))\n}"
  }

  private static func output(_ dtype: DType, _ shape: PartialShape) -> String {
    let sizes = shape.dimensions.map { array($0.map { $0.map { "\($0)" } ?? "null" }) } ?? "null"
    return object([("dtype", string(dtype.name)), ("shape", sizes)])
  }

  package static func object(_ fields: [(String, String)]) -> String {
    "{" + fields.map { "\(string($0)): \($1)" }.joined(separator: ", ") + "}"
  }

  package static func array(_ items: [String]) -> String {
    "[" + items.joined(separator: ", ") + "]"
  }

  /// A number; JSON has none that is not finite.
  static func number(_ number: Double) -> String { number.isFinite ? "\(number)" : "null" }

  package static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

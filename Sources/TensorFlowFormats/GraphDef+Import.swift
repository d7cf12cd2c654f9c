import GraphCore
import SwiftProtobuf
import TensorCore

extension Graph {
  /// Appends a file's nodes to this graph.
  ///
  /// Ops that are not known here are kept, shown and written again, but cannot run.
  ///
  /// - Throws: `FileError` naming the node at fault.
  package func append(_ graphDef: TFGraphDef, path: String) throws(FileError) {
    var positions: [String: Int] = [:]
    for (index, node) in graphDef.node.enumerated() {
      guard positions.updateValue(index, forKey: node.name) == nil else {
        throw FileError(path, "has two nodes called \"\(node.name)\"")
      }
    }
    var inputs: [[FileInput]] = []
    var outputCounts = [Int](repeating: 0, count: graphDef.node.count)
    for node in graphDef.node {
      var own: [FileInput] = []
      for text in node.input {
        let input = FileInput(text)
        guard let position = positions[input.node] else {
          throw FileError(path, "\"\(node.name)\" takes \"\(text)\", which is not there")
        }
        if let output = input.output {
          guard output < 65_536 else {
            throw FileError(path, "\"\(node.name)\" takes \"\(text)\", which is not there")
          }
          outputCounts[position] = max(outputCounts[position], output + 1)
        }
        own.append(input)
      }
      inputs.append(own)
    }
    var made: [Int: Node] = [:]
    for index in try order(inputs, positions, graphDef, path) {
      let node = graphDef.node[index]
      let sources = inputs[index].map { ($0, made[positions[$0.node] ?? 0]) }
      var tensors: [Tensor] = []
      for (input, source) in sources {
        guard let output = input.output, let source else { continue }
        guard output < source.record.outputs.count else {
          throw FileError(
            path, "\"\(node.name)\" takes \"\(input.node):\(output)\", an output that is not there")
        }
        tensors.append(source.output(output))
      }
      let controls = sources.compactMap { $0.0.output == nil ? $0.1?.index : nil }
      made[index] = try add(node, tensors, controls, outputCounts[index], path)
    }
  }

  private func add(
    _ node: TFNodeDef, _ inputs: [Tensor], _ controls: [Int], _ outputCount: Int, _ path: String
  ) throws(FileError) -> Node {
    var attributes: [String: Attribute] = [:]
    for (name, value) in node.attr {
      do throws(TensorError) {
        attributes[name] = try value.attribute()
      } catch {
        throw FileError(path, "the attribute \(name) of \"\(node.name)\": \(error)")
      }
    }
    guard Self.isValid(name: node.name) else {
      throw FileError(path, "\"\(node.name)\" is not a name that TensorFlow allows")
    }
    let definition = ops[node.op]
    do throws(GraphError) {
      var outputs = [NodeRecord.Output](
        repeating: .init(dtype: .float32, shape: .unknown), count: outputCount)
      if let definition {
        let resolved = try Self.resolve(definition, inputs, attributes)
        attributes = resolved.attributes
        outputs = resolved.outputs.map { .init(dtype: $0, shape: .unknown) }
      }
      let draft = NodeRecord(
        index: -2, name: node.name, op: node.op, definition: definition,
        inputs: inputs.map(\.endpoint), controlInputs: controls, attributes: attributes,
        device: node.device, site: nil, outputs: outputs)
      return try append(try inferred(draft))
    } catch {
      let located = Self.located(error, node: node.name, op: node.op, site: nil, inputs: inputs)
      throw FileError(path, located.description)
    }
  }

  /// Producers before consumers, otherwise in the file's order.
  private func order(
    _ inputs: [[FileInput]], _ positions: [String: Int], _ graphDef: TFGraphDef, _ path: String
  ) throws(FileError) -> [Int] {
    var order: [Int] = []
    var state = [UInt8](repeating: 0, count: inputs.count)
    for start in inputs.indices where state[start] == 0 {
      var stack: [(node: Int, next: Int)] = [(start, 0)]
      state[start] = 1
      while let (node, next) = stack.last {
        guard next < inputs[node].count else {
          state[node] = 2
          order.append(node)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        let source = positions[inputs[node][next].node] ?? 0
        if state[source] == 1 {
          throw FileError(
            path, "\"\(graphDef.node[source].name)\" is part of a loop, which is not supported")
        }
        if state[source] == 0 {
          state[source] = 1
          stack.append((source, 0))
        }
      }
    }
    return order
  }
}

/// An input as a file writes it: `name`, `name:k` or `^name`.
private struct FileInput {
  let node: String
  /// Nil for a control input.
  let output: Int?

  init(_ text: String) {
    if text.hasPrefix("^") {
      node = String(text.dropFirst())
      output = nil
    } else if let colon = text.lastIndex(of: ":"),
      let number = Int(text[text.index(after: colon)...]), number >= 0
    {
      node = String(text[..<colon])
      output = number
    } else {
      node = text
      output = 0
    }
  }
}

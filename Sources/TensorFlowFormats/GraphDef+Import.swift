import GraphCore
import SwiftProtobuf
import TensorCore

extension Graph {
  /// Adds the nodes of a file, whatever their order, under their own names; what the file says
  /// besides is kept for writing it again.
  ///
  /// - Throws: `FileError` naming the node that cannot be understood.
  package func append(_ graphDef: TFGraphDef, path: String) throws(FileError) {
    var whole = TFMetaGraphDef()
    whole.graphDef = graphDef
    try append(whole, path: path)
  }

  /// Up to this version of graphs a placeholder with an empty shape takes any.
  private static let lastAmbiguousProducer: Int32 = 21

  /// Adds the nodes of a MetaGraph; collections come after them.
  func appendNodes(of metaGraph: TFMetaGraphDef, path: String) throws(FileError) {
    let nodes = metaGraph.graphDef.node
    var outputCounts: [String: Int] = [:]
    var descriptions: [NodeDescription] = []
    for node in nodes {
      var description = NodeDescription(name: node.name, op: node.op)
      description.device = node.device
      for text in node.input {
        let input = NodeDescription.Input(fileText: text)
        if case .data(let name, let output) = input {
          guard output < 65_536 else {
            throw FileError(path, "\"\(node.name)\" takes \"\(text)\", which is not there")
          }
          outputCounts[name] = max(outputCounts[name] ?? 0, output + 1)
        }
        description.inputs.append(input)
      }
      var rest = node.residual
      for (name, value) in node.attr {
        do throws(TensorError) {
          description.attributes[name] = try value.attribute()
          if !value.isHeldWhole { rest.attr[name] = value }
        } catch {
          // What an op that is known here needs must be understood; the rest is only kept.
          if ops[node.op]?.signature.attribute(named: name) != nil {
            throw FileError(path, "the attribute \(name) of \"\(node.name)\": \(error)")
          }
          rest.attr[name] = value
        }
      }
      // Older graphs cannot tell a scalar from a shape that is not known.
      if node.op == "Placeholder",
        metaGraph.graphDef.versions.producer <= Self.lastAmbiguousProducer,
        case .shape(.scalar)? = description.attributes["shape"]
      {
        description.attributes["shape"] = .shape(.unknown)
      }
      description.details = rest.compactText
      descriptions.append(description)
    }
    let stated = Dictionary(
      metaGraph.metaInfoDef.strippedOpList.op.map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    for index in descriptions.indices where ops[descriptions[index].op] == nil {
      descriptions[index].signature = stated[descriptions[index].op].flatMap { Signature($0) }
      descriptions[index].outputs = Array(
        repeating: .init(dtype: .float32, shape: .unknown),
        count: outputCounts[descriptions[index].name] ?? 0)
    }
    Self.completeTypes(&descriptions, ops)
    do throws(GraphError) {
      try append(descriptions)
    } catch {
      throw FileError(path, error.description)
    }
  }
}

extension Graph {
  /// Gives the outputs of unknown ops the types that known ops expect of them.
  static func completeTypes(_ descriptions: inout [NodeDescription], _ ops: OpSet) {
    let places = Dictionary(
      descriptions.enumerated().map { ($0.element.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    for node in descriptions {
      guard let signature = ops[node.op]?.signature,
        let types = inputTypes(signature, node.attributes)
      else { continue }
      for (input, dtype) in zip(node.inputs, types) {
        guard case .data(let name, let output) = input, let place = places[name],
          ops[descriptions[place].op] == nil, output < descriptions[place].outputs.count
        else { continue }
        descriptions[place].outputs[output] = .init(dtype: dtype, shape: .unknown)
      }
    }
  }
}

extension NodeDescription.Input {
  /// An input as a file writes it: `name`, `name:1` or `^name`.
  fileprivate init(fileText text: String) {
    if text.hasPrefix("^") {
      self = .control(String(text.dropFirst()))
    } else if let colon = text.lastIndex(of: ":"),
      let number = Int(text[text.index(after: colon)...]), number >= 0
    {
      self = .data(String(text[..<colon]), number)
    } else {
      self = .data(text, 0)
    }
  }
}

extension TFAttrValue {
  /// Whether an `Attribute` says all that the message does.
  fileprivate var isHeldWhole: Bool {
    switch value {
    case .type(let type)?: type.rawValue <= 100
    case .list(let list)?: list.type.allSatisfy { $0.rawValue <= 100 }
    case nil: false
    default: true
    }
  }
}

extension TFNodeDef {
  /// What a node's name, op, inputs, device and attributes do not say.
  fileprivate var residual: TFNodeDef {
    var rest = self
    rest.name = ""
    rest.op = ""
    rest.input = []
    rest.device = ""
    rest.attr = [:]
    return rest
  }
}

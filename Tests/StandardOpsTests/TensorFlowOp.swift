import Foundation
import GraphCore
import TensorCore

/// One line of `Fixtures/tensorflow-ops.txt`: `name|inputs|outputs|attributes`, as TensorFlow 2.21
/// registers the op.
struct TensorFlowOp {
  let name: String
  let inputs: String
  let outputs: String
  /// `name kind = default` by name.
  var attributes: [String: String] = [:]
  /// The types an attribute allows, by its name; empty for any.
  var allowedTypes: [String: Set<String>] = [:]

  init(line: String) {
    let fields = line.components(separatedBy: "|")
    name = fields[0]
    inputs = fields[1]
    outputs = fields[2]
    for text in fields[3].components(separatedBy: "; ") where !text.isEmpty {
      let halves = text.components(separatedBy: " in ")
      let key = String(text.prefix { $0 != " " })
      attributes[key] = halves[0]
      if halves.count > 1 { allowedTypes[key] = Set(halves[1].components(separatedBy: ",")) }
    }
  }

  static func all() throws -> [String: TensorFlowOp] {
    let url = Bundle.module.url(
      forResource: "tensorflow-ops", withExtension: "txt", subdirectory: "Fixtures")
    let text = try String(contentsOf: url!, encoding: .utf8)
    let ops = text.split(separator: "\n").map { TensorFlowOp(line: String($0)) }
    return Dictionary(uniqueKeysWithValues: ops.map { ($0.name, $0) })
  }
}

extension Signature.Argument {
  /// The argument as the fixture writes it.
  var text: String {
    switch kind {
    case .fixed(let dtype): "\(name):\(dtype)"
    case .typed(let attribute): "\(name):\(attribute)"
    case .repeated(let count, let attribute): "\(name):\(count)*\(attribute)"
    case .repeatedFixed(let count, let dtype): "\(name):\(count)*\(dtype)"
    }
  }
}

extension Signature.AttributeDefinition {
  /// The attribute as the fixture writes it, without its allowed types.
  var text: String { "\(name) \(kindName)" + (defaultValue.map { " = \($0.text)" } ?? "") }

  private var kindName: String {
    switch kind {
    case .int, .float, .bool, .string, .type, .shape, .tensor: "\(kind)"
    case .function: "func"
    case .listOfBool: "list(bool)"
    case .listOfFunction: "list(func)"
    case .listOfInt: "list(int)"
    case .listOfFloat: "list(float)"
    case .listOfString: "list(string)"
    case .listOfType: "list(type)"
    case .listOfShape: "list(shape)"
    case .listOfTensor: "list(tensor)"
    }
  }
}

extension Attribute {
  fileprivate var text: String {
    switch self {
    case .int(let value): "\(value)"
    case .float(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .string(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
    case .type(let dtype): "\(dtype)"
    case .shape(let shape): "\(shape)"
    case .list(let items): "[\(items.map(\.text).joined(separator: ", "))]"
    case .tensor: "?tensor"
    case .function, .placeholder: "?"
    }
  }
}

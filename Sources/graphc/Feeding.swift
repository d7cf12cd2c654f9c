import ArgumentParser
import Dataflow

/// A mistake on the command line or in what it names.
struct CommandError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// `NAME=VALUE`, as several options take it.
func assignment(_ text: String) throws -> (name: String, value: String) {
  guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
    throw CommandError("\"\(text)\" must be NAME=VALUE")
  }
  return (String(text[..<equals]), String(text[text.index(after: equals)...]))
}

extension Session {
  /// A number or Boolean from the command line in a tensor's type.
  func scalar(_ text: String, for name: String) throws -> TensorValue {
    guard let tensor = graph.tensor(named: name) else {
      throw CommandError("the graph has no tensor \"\(name)\"")
    }
    switch text {
    case "true": return try true.tensorValue(as: tensor.dtype)
    case "false": return try false.tensorValue(as: tensor.dtype)
    default:
      if let integer = Int(text) { return try integer.tensorValue(as: tensor.dtype) }
      if let number = Double(text) { return try number.tensorValue(as: tensor.dtype) }
      throw CommandError("\"\(text)\" for \(name) is no number, true or false")
    }
  }
}

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

/// The shape of a fed tensor, `50,784`, in the option `text`.
func feedShape(_ text: String, _ value: String) throws -> Shape {
  let sizes = value.split(separator: ",", omittingEmptySubsequences: true).map { Int($0) }
  guard sizes.allSatisfy({ $0.map { $0 >= 0 } ?? false }),
    let count = Shape(sizes.map { $0 ?? 0 }).checkedCount, count <= 1 << 31
  else { throw CommandError("\"\(text)\" must be NAME=SIZE,SIZE,…") }
  return Shape(sizes.map { $0 ?? 0 })
}

extension Session {
  /// A number or Boolean from the command line in a tensor's type.
  func scalar(_ text: String, for name: String) throws -> TensorValue {
    let dtype = try tensor(named: name).dtype
    do throws(TensorError) {
      switch text {
      case "true": return try true.tensorValue(as: dtype)
      case "false": return try false.tensorValue(as: dtype)
      default:
        if let integer = Int(text) { return try integer.tensorValue(as: dtype) }
        if let number = Double(text) { return try number.tensorValue(as: dtype) }
      }
    } catch {
      throw CommandError("\(name), which is \(dtype), cannot be fed \(text): \(error)")
    }
    throw CommandError("\"\(text)\" for \(name) is no number, true or false")
  }

  /// Feeds of given shapes, `NAME=50,784`, or values, `NAME=true`; numbers run from 0 to below 1.
  ///
  /// - Parameter completing: whether placeholders that are not named are fed too, with size 1 where
  ///   their size is unknown.
  func exampleFeeds(_ texts: [String], completing: Bool = false) throws -> Feeds {
    var feeds = Feeds()
    var named = Set<Tensor>()
    for text in texts {
      let (name, value) = try assignment(text)
      let tensor = try tensor(named: name)
      named.insert(tensor)
      if value == "true" || value == "false" {
        feeds.feed(try scalar(value, for: name), to: tensor)
        continue
      }
      let shape = try feedShape(text, value)
      guard tensor.dtype.isFloatingPoint else {
        feeds.feed(TensorValue(zeros: shape, dtype: tensor.dtype), to: tensor)
        continue
      }
      let numbers = (0..<shape.count).map { Double($0 * 7919 % 1000) / 1000 }
      feeds.feed(
        try TensorValue(converting: numbers, to: tensor.dtype, shape: shape), to: tensor)
    }
    guard completing else { return feeds }
    for node in graph.operations where node.op == "Placeholder" {
      let tensor = node.output(0)
      guard !named.contains(tensor), tensor.dtype.byteCount != nil else { continue }
      let sizes = (tensor.shape.dimensions ?? []).map { $0 ?? 1 }
      feeds.feed(TensorValue(zeros: Shape(sizes), dtype: tensor.dtype), to: tensor)
    }
    return feeds
  }
}

import GraphCore
import TensorCore

/// How much memory what a file says may take.
///
/// A constant whose elements are equal states one of them, so that a few bytes can ask for all memory
/// there is. What a file holds in full needs no allowance.
package struct MemoryAllowance: Sendable {
  /// The most bytes that tensors may take which the file does not hold in full, all together.
  package let repeated: Int

  /// - Parameters:
  ///   - limit: the most memory that the user grants; nil for what fits any machine and the file's size.
  ///   - fileBytes: the size of the file.
  package init(limit: Int?, fileBytes: Int) {
    repeated = limit ?? max(1 << 28, 4 * fileBytes)
  }

  /// - Throws: `FileError` naming the node whose constants ask for more.
  package func check(_ graph: TFGraphDef, _ path: String) throws(FileError) {
    var left = repeated
    for node in graph.node { try check(node, &left, path) }
    for function in graph.library.function {
      for node in function.nodeDef { try check(node, &left, path) }
    }
  }

  private func check(_ node: TFNodeDef, _ left: inout Int, _ path: String) throws(FileError) {
    for value in node.attr.values {
      let wanted = Self.repeatedBytes(value, depth: 0)
      if wanted > left {
        throw FileError(
          path,
          "the node \"\(node.name)\" states a tensor of \(wanted) bytes by a few of them, more than the "
            + "\(left) that are left for such tensors; allow more with --max-memory")
      }
      left -= wanted
    }
  }

  /// The bytes of the tensors that an attribute states by some of their elements.
  private static func repeatedBytes(_ value: TFAttrValue, depth: Int) -> Int {
    switch value.value {
    case .tensor(let tensor)?: repeatedBytes(tensor)
    case .list(let list)?: sum(list.tensor.map { repeatedBytes($0) })
    case .func(let function)? where depth < 32:
      sum(function.attr.values.map { repeatedBytes($0, depth: depth + 1) })
    default: 0
    }
  }

  private static func repeatedBytes(_ tensor: TFTensorProto) -> Int {
    // A shape that cannot be believed is refused where the tensor is made.
    guard tensor.tensorContent.isEmpty,
      let count = tensor.tensorShape.partialShape?.fullyDefined?.checkedCount,
      count <= Shape.mostElements
    else { return 0 }
    // A string's place takes as much whatever it holds.
    let size = tensor.dtype.dtype?.byteCount ?? 24
    return count * size
  }

  private static func sum(_ sizes: [Int]) -> Int {
    sizes.reduce(0) { min($0 + $1, Shape.mostElements * 16) }
  }
}

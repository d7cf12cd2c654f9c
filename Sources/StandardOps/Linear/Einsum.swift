import GraphCore
import TensorCore

/// `bij,bjk->bik` taken apart.
struct EinsumEquation {
  let inputs: [[Character]]
  let output: [Character]

  /// - Throws: `GraphError` for equations of unknown form.
  init(_ text: String) throws(GraphError) {
    let sides = text.filter { $0 != " " }.components(separatedBy: "->")
    guard sides.count == 2 else {
      throw GraphError("an equation such as ij,jk->ik is expected, found \(text)")
    }
    inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
    output = Array(sides[1])
    for labels in inputs + [output] {
      guard Set(labels).count == labels.count, labels.allSatisfy(\.isLetter) else {
        throw GraphError.unsupported(
          "repeated labels and ellipses are not supported, found \(text)")
      }
    }
    let known = Set(inputs.flatMap { $0 })
    guard output.allSatisfy(known.contains) else {
      throw GraphError("every label of the output must be among the inputs' in \(text)")
    }
  }
}

extension String {
  /// The parts between occurrences of a separator.
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}

extension Ops {
  /// Sums of products over named axes.
  public enum Einsum: CompositeOp {
    /// Which axes are multiplied and summed.
    public static let equation = AttributeKey<String>("equation")
    public static let signature = Signature(
      ["inputs: N * T"], gives: ["output: T"],
      [.string("equation"), .int("N"), .type("T", .floats + .indices)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let parsed = try EinsumEquation(node[equation])
      guard parsed.inputs.count == node.inputs.count, (1...2).contains(node.inputs.count) else {
        throw GraphError(
          "the equation \(node[equation]) has \(parsed.inputs.count) operands, one or two are "
            + "supported, found \(node.inputs.count)")
      }
      var sizes: [Character: Int] = [:]
      for (labels, tensor) in zip(parsed.inputs, node.inputs) {
        guard let dimensions = tensor.shape.dimensions else { continue }
        guard dimensions.count == labels.count else {
          throw GraphError("\(String(labels)) does not fit shape \(tensor.shape)")
        }
        for case (let label, let size?) in zip(labels, dimensions) {
          if let other = sizes[label], other != size {
            throw GraphError("the axis \(label) has the sizes \(other) and \(size)")
          }
          sizes[label] = size
        }
      }
      return [PartialShape(parsed.output.map { sizes[$0] })]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      guard let parsed = try? EinsumEquation(node[equation]) else {
        preconditionFailure("\(node) has an unknown equation")
      }
      var operands = zip(parsed.inputs, node.inputs).map { labels, tensor in
        Operand(labels: labels, tensor: tensor)
      }
      for index in operands.indices {
        // What stands in one operand alone is summed before all else.
        let others = operands.indices.filter { $0 != index }.flatMap { operands[$0].labels }
        operands[index].sum { !parsed.output.contains($0) && !others.contains($0) }
      }
      guard operands.count == 2 else { return [operands[0].ordered(parsed.output).tensor] }
      return [
        Operand.product(operands[0], operands[1], parsed.output).ordered(parsed.output).tensor
      ]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let none: [Tensor?] = node.inputs.map { _ in nil }
      guard let dy = upstream[0], let parsed = try? EinsumEquation(node[equation]) else {
        return .dense(none)
      }
      return .dense(
        node.inputs.indices.map { index in
          let others = node.inputs.indices.filter { $0 != index }
          let labels = parsed.inputs[index]
          let known = Set(parsed.output + others.flatMap { parsed.inputs[$0] })
          let kept = labels.filter { known.contains($0) }
          let terms = [parsed.output] + others.map { parsed.inputs[$0] }
          let text = terms.map { String($0) }.joined(separator: ",") + "->" + String(kept)
          let partial = dy.apply(
            Einsum.self, others.map { node.input($0) }, ["equation": text.attribute])
          if kept.count == labels.count { return partial }
          // An axis that was summed away gives its gradient to every element.
          var spread = partial
          for (axis, label) in labels.enumerated() where !known.contains(label) {
            spread = expandDimensions(spread, axis: axis)
          }
          return broadcast(spread, to: shapeTensor(of: node.input(index)))
        })
    }
  }

  /// A tensor whose axes have names.
  private struct Operand {
    var labels: [Character]
    var tensor: Tensor

    func size(_ label: Character) -> Int {
      labels.firstIndex(of: label).flatMap { tensor.shape[$0] } ?? 1
    }

    mutating func sum(_ isSummed: (Character) -> Bool) {
      let axes = labels.indices.filter { isSummed(labels[$0]) }
      if axes.isEmpty { return }
      tensor = reduceSum(tensor, axes: Array(axes))
      labels.removeAll(where: isSummed)
    }

    func ordered(_ order: [Character]) -> Operand {
      if order == labels { return self }
      let permutation = order.map { labels.firstIndex(of: $0) ?? 0 }
      return Operand(labels: order, tensor: transpose(tensor, permutation: permutation))
    }

    /// A batch of matrix products: shared axes that stay, own axes, shared axes that are summed.
    static func product(_ a: Operand, _ b: Operand, _ output: [Character]) -> Operand {
      let shared = a.labels.filter { b.labels.contains($0) }
      let batch = shared.filter { output.contains($0) }
      let summed = shared.filter { !output.contains($0) }
      let rows = a.labels.filter { !shared.contains($0) }
      let columns = b.labels.filter { !shared.contains($0) }
      func count(_ labels: [Character], _ operand: Operand) -> Int {
        labels.reduce(1) { $0 * operand.size($1) }
      }
      let outer = batch.map { a.size($0) }
      let inner = count(summed, a)
      let left = reshape(
        a.ordered(batch + rows + summed).tensor, to: outer + [count(rows, a), inner])
      let right = reshape(
        b.ordered(batch + summed + columns).tensor, to: outer + [inner, count(columns, b)])
      let sizes = outer + rows.map { a.size($0) } + columns.map { b.size($0) }
      return Operand(
        labels: batch + rows + columns, tensor: reshape(matmul(left, right), to: sizes))
    }
  }
}

/// Sums of products over named axes, TensorFlow's `tf.einsum`.
///
/// - Parameter equation: such as `bij,bjk->bik`, without repeated labels in one operand.
public func einsum(
  _ equation: String, _ inputs: Tensor..., name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  inputs[0].apply(
    Ops.Einsum.self, Array(inputs.dropFirst()), name: name, ["equation": equation.attribute],
    site: SourceSite(file, line))
}

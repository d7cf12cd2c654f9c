import GraphCore
import TensorCore

extension Ops {
  /// The first elements of each sequence in reverse order, as many as its length says, and the others
  /// as they are; a length beyond the sequence fails the run.
  public enum ReverseSequence: CompositeOp, MovingOp {
    /// The axis along which sequences lie.
    public static let sequenceAxis = AttributeKey<Int>("seq_dim")
    /// The axis that has one sequence, and its length, at each index.
    public static let batchAxis = AttributeKey<Int>("batch_dim")
    public static let signature = Signature(
      ["input: T", "seq_lengths: Tlen vector"], gives: ["output: T"],
      [
        .int("seq_dim"), .int("batch_dim", default: 0), .type("T"),
        .type("Tlen", .indices, default: .int64),
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (sequence, batch) = (node[sequenceAxis], node[batchAxis])
      guard sequence >= 0, batch >= 0, sequence != batch else {
        throw GraphError(
          "seq_dim and batch_dim must differ and count from the front, found \(sequence) and \(batch)"
        )
      }
      guard var sizes = node.input(0).shape.dimensions else { return [.unknown] }
      guard max(sequence, batch) < sizes.count else {
        throw GraphError(
          "axes \(sequence) and \(batch) are out of range for shape \(node.input(0).shape)")
      }
      let count = node.input(1).shape[0]
      if let size = sizes[batch], let count, size != count {
        throw GraphError("\(count) lengths are given for \(size) sequences along axis \(batch)")
      }
      sizes[batch] = sizes[batch] ?? count
      return [PartialShape(sizes)]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      guard let shape = node.output(0).shape.fullyDefined else {
        preconditionFailure("\(node) is expanded before its shape is known")
      }
      let (sequence, batch) = (node[sequenceAxis], node[batchAxis])
      let count = shape[sequence]
      if count == 0 {
        // Lengths must be 0, as indices into one tensor: it is of no elements, and so are its copies.
        let one = reshape(node.input(0), to: [1] + shape.dimensions)
        return [reshape(gather(one, node.input(1)), to: shape.dimensions)]
      }
      let lengths = expandDimensions(
        node.input(1).apply(_Index.self, [], ["limit": .int(count + 1)]), axis: 1)
      let places = classIndices(count, lengths)
      let sources = select(places .< lengths, lengths - places - 1, places + zerosLike(lengths))
      let order = [batch, sequence] + (0..<shape.rank).filter { $0 != batch && $0 != sequence }
      let back = order.indices.sorted { order[$0] < order[$1] }
      let rows = transpose(node.input(0), permutation: order).apply(
        GatherV2.self, [sources, node.graph.constant(1, .int32)], ["batch_dims": .int(1)])
      return [transpose(rows, permutation: back)]
    }

    /// The same reversal takes each element back.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([
        upstream[0].map {
          $0.apply(
            ReverseSequence.self, [node.input(1)],
            ["seq_dim": .int(node[sequenceAxis]), "batch_dim": .int(node[batchAxis])])
        }, nil,
      ])
    }
  }
}

/// Each sequence with its first `lengths[i]` elements in reverse order, TensorFlow's
/// `tf.reverse_sequence`.
///
/// - Parameters:
///   - sequenceAxis: the axis along which sequences lie.
///   - batchAxis: the axis that has one sequence at each index.
public func reverseSequence(
  _ x: Tensor, lengths: Tensor, sequenceAxis: Int = 1, batchAxis: Int = 0, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.apply(
    Ops.ReverseSequence.self, [lengths], name: name,
    ["seq_dim": .int(sequenceAxis), "batch_dim": .int(batchAxis)], site: SourceSite(file, line))
}

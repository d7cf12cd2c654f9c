import GraphCore
import TensorCore

extension Ops {
  /// The cross-entropy of each row of labels, which are probabilities, with the softmax of the same
  /// row of features; and the gradient of its sum with respect to the features.
  public enum SoftmaxCrossEntropyWithLogits: CompositeOp {
    public static let signature = Signature(
      ["features: T", "labels: T"], gives: ["loss: T", "backprop: T"], [.type("T", .floats)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let shape = try broadcastShape(node.inputs)
      guard (shape.rank ?? 2) == 2 else {
        throw GraphError("features and labels must broadcast to a matrix, found \(shape)")
      }
      return [[shape[0]], [shape[0], shape[1]]]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      var (features, labels) = (node.input(0), node.input(1))
      if features.shape != node.output(1).shape || labels.shape != features.shape {
        let sizes = node.output(1).shape.fullyDefined?.dimensions ?? []
        let common = node.graph.constant(sizes, .int32)
        features = broadcast(features, to: common)
        labels = broadcast(labels, to: common)
      }
      let shifted = belowMaximum(features)
      let powers = exp(shifted)
      let sum = sumAlongLast(powers)
      let loss = reduceSum(labels * (log(sum) - shifted), axes: [-1])
      return [loss, powers / sum - labels]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let (features, labels) = (node.input(0), node.input(1))
      let beside = node.output(1)
      let dFeatures = gradientOfFeatures(of: node, upstream).map {
        sumToShape($0, of: features, beside: beside)
      }
      let dLabels = upstream[0].map {
        sumToShape(
          expandDimensions($0, axis: -1) * -logSoftmax(features), of: labels, beside: beside)
      }
      return .dense([dFeatures, dLabels])
    }

    /// The loss's gradient by the second output, which is that output's own use of the softmax too.
    static func gradientOfFeatures(of node: Node, _ upstream: [Tensor?]) -> Tensor? {
      let first = upstream[0].map { expandDimensions($0, axis: -1) * node.output(1) }
      guard let second = upstream[1] else { return first }
      let probabilities = softmax(node.input(0))
      let through = (second - sumAlongLast(second * probabilities)) * probabilities
      return first.map { $0 + through } ?? through
    }
  }

  /// The same for labels that name one class each; one that names none is an error of the run.
  public enum SparseSoftmaxCrossEntropyWithLogits: CompositeOp {
    public static let signature = Signature(
      ["features: T", "labels: Tlabels"], gives: ["loss: T", "backprop: T"],
      [.type("T", .floats), .type("Tlabels", .indices, default: .int64)])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (features, labels) = (node.input(0).shape, node.input(1).shape)
      guard (features.rank ?? 2) == 2, (labels.rank ?? 1) == 1 else {
        throw GraphError(
          "a matrix of features and a vector of labels are expected, found \(features) and "
            + "\(labels)")
      }
      guard features[1] != 0 else {
        throw GraphError("features of shape \(features) have no class that a label could name")
      }
      guard let rows = PartialShape([features[0]]).merged(with: labels) else {
        throw GraphError(
          "each row of features needs one label: \(features) and \(labels) differ in rows")
      }
      return [rows, [rows[0], features[1]]]
    }

    public static func expand(_ node: Node) -> [Tensor] {
      let (features, labels) = (node.input(0), node.input(1))
      guard let classes = features.shape[1] else {
        preconditionFailure("\(node) is expanded before its shape is known")
      }
      let column = expandDimensions(labels, axis: 1).apply(
        _Index.self, [], ["limit": .int(classes)])
      let isLabel = column .== classIndices(classes, labels)
      let shifted = belowMaximum(features)
      let powers = exp(shifted)
      let sum = sumAlongLast(powers)
      let losses = select(isLabel, log(sum) - shifted, zerosLike(features))
      return [reduceSum(losses, axes: [-1]), powers / sum - cast(isLabel, features.dtype)]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      .dense([SoftmaxCrossEntropyWithLogits.gradientOfFeatures(of: node, upstream), nil])
    }
  }

  /// 0, 1, … in the type of the labels.
  static func classIndices(_ count: Int, _ labels: Tensor) -> Tensor {
    let graph = labels.graph
    return range(
      graph.constant(0, labels.dtype), graph.constant(count, labels.dtype),
      graph.constant(1, labels.dtype))
  }
}

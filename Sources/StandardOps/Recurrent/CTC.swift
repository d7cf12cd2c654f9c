import GraphCore
import TensorCore

/// An op on the logits of sequences, `[time, batch, classes]`, of which each has a length of its own.
public protocol SequenceLogitsOp: DataOp {}

extension SequenceLogitsOp {
  /// - Throws: `GraphError` unless there is one length for each sequence.
  static func checkedLogits(_ node: Node) throws(GraphError) -> (logits: PartialShape, batch: Int?)
  {
    let lengths = node.operand("sequence_length").shape
    let batch = node.input(0).shape[1] ?? lengths[0]
    try node.expect(["inputs": [nil, batch, nil], "sequence_length": [batch]])
    return ([node.input(0).shape[0], batch, node.input(0).shape[2]], batch)
  }

  /// The logits' sizes, none of them 0.
  static func sizes(_ logits: TensorValue) throws(GraphError) -> (
    time: Int, batch: Int, classes: Int
  ) {
    let shape = logits.shape
    guard shape.rank == 3, shape.count > 0 else {
      throw GraphError("[time, batch, classes] of logits are expected, found shape \(shape)")
    }
    return (shape[0], shape[1], shape[2])
  }

  /// The lengths of sequences, of which none is longer than the time.
  static func lengths(_ value: TensorValue, atMost time: Int, least: Int) throws(GraphError)
    -> [Int]
  {
    let lengths = value.integers ?? []
    for (sequence, length) in lengths.enumerated() where length < least || length > time {
      throw GraphError("sequence \(sequence) has length \(length), there are \(time) steps")
    }
    return lengths
  }
}

extension Ops {
  /// The negative logarithms of the probabilities that sequences spell their labels, with repetitions
  /// and blanks, the last class, in between; and their gradients with respect to the logits.
  public enum CTCLoss: SequenceLogitsOp {
    /// Whether equal labels beside one another are taken for one.
    public static let collapsesLabels = AttributeKey<Bool>("preprocess_collapse_repeated")
    /// Whether a class stays the same label until a blank.
    public static let mergesRepeated = AttributeKey<Bool>("ctc_merge_repeated")
    /// Whether a sequence with more labels than steps costs nothing, rather than fail the run.
    public static let ignoresLonger = AttributeKey<Bool>("ignore_longer_outputs_than_inputs")
    public static let signature = Signature(
      [
        "inputs: T", "labels_indices: int64 matrix", "labels_values: int32 vector",
        "sequence_length: int32 vector",
      ], gives: ["loss: T", "gradient: T"],
      [
        .flag("preprocess_collapse_repeated"), .flag("ctc_merge_repeated", default: true),
        .flag("ignore_longer_outputs_than_inputs"),
        .type("T", [.float32, .float64], default: .float32),
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (logits, batch) = try checkedLogits(node)
      let count = node.input(1).shape[0] ?? node.input(2).shape[0]
      try node.expect(["labels_indices": [count, nil], "labels_values": [count]])
      return [[batch], logits]
    }

    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let (time, batch, classes) = try sizes(inputs[0])
      let lengths = try lengths(inputs[3], atMost: time, least: 0)
      let labels = try CTCLabels.sequences(inputs[1], inputs[2], batch)
      let logits = inputs[0].doubles ?? []
      guard lengths.count == batch, logits.count == time * batch * classes else {
        throw GraphError("\(batch) lengths are expected, found \(lengths.count)")
      }
      var losses = [Double](repeating: 0, count: batch)
      var gradients = [Double](repeating: 0, count: logits.count)
      for sequence in 0..<batch {
        let own = try CTCLabels(labels[sequence], node, sequence, classes: classes)
        if own.count > lengths[sequence] {
          if node[ignoresLonger] { continue }
          throw GraphError(
            "sequence \(sequence) has \(own.count) labels and \(lengths[sequence]) steps")
        }
        let paths = CTCPaths(own, mergesRepeated: node[mergesRepeated])
        let steps = (0..<lengths[sequence]).map { step in
          let start = (step * batch + sequence) * classes
          return logits[start..<(start + classes)]
        }
        let found = paths.loss(of: steps)
        losses[sequence] = found.loss
        for (step, row) in found.gradients.enumerated() {
          let start = (step * batch + sequence) * classes
          gradients.replaceSubrange(start..<(start + classes), with: row)
        }
      }
      let dtype = inputs[0].dtype
      do throws(TensorError) {
        return [
          try TensorValue(converting: losses, to: dtype, shape: [batch]),
          try TensorValue(converting: gradients, to: dtype, shape: inputs[0].shape),
        ]
      } catch {
        throw GraphError("\(error)")
      }
    }

    /// What the longest sequence's beginnings of paths take, beside what the outputs do.
    public static func byteCount(of node: Node, _ inputs: [TensorValue]) -> Int {
      let time = inputs[0].shape.dimensions.first ?? 0
      return [time, 2 * min(inputs[2].shape.count, time) + 1, 8].sizeProduct
    }

    /// By the second output, which has no derivative of its own.
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      guard upstream[1] == nil else {
        return .unavailable("its second output, which is a gradient, has no derivative here")
      }
      let fixed = preventGradient(
        node.output(1), message: "the gradient of CTCLoss has no derivative here")
      return .dense([upstream[0].map { expandDimensions($0, axis: -1) * fixed }, nil, nil, nil])
    }
  }

  /// The greatest class of each step, without blanks, as the rows of a sparse matrix; and the negative
  /// sum of these logits.
  public enum CTCGreedyDecoder: SequenceLogitsOp {
    /// Whether a class that stays the same is one.
    public static let mergesRepeated = AttributeKey<Bool>("merge_repeated")
    /// The class that is a blank, from the end if negative.
    public static let blank = AttributeKey<Int>("blank_index")
    public static let signature = Signature(
      ["inputs: T", "sequence_length: int32 vector"],
      gives: [
        "decoded_indices: int64", "decoded_values: int64", "decoded_shape: int64",
        "log_probability: T",
      ],
      [
        .flag("merge_repeated"), .int("blank_index", default: -1),
        .type("T", [.float32, .float64], default: .float32),
      ])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let (_, batch) = try checkedLogits(node)
      return [[nil, 2], [nil], [2], [batch, 1]]
    }

    public static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
      -> [TensorValue]
    {
      let (time, batch, classes) = try sizes(inputs[0])
      let lengths = try lengths(inputs[1], atMost: time, least: .min)
      let blank = node[blank] < 0 ? classes + node[blank] : node[blank]
      guard (0..<classes).contains(blank) else {
        throw GraphError("blank_index \(node[self.blank]) is not among \(classes) classes")
      }
      let logits = inputs[0].doubles ?? []
      guard lengths.count == batch, logits.count == time * batch * classes else {
        throw GraphError("\(batch) lengths are expected, found \(lengths.count)")
      }
      var (places, found, sums): ([Int], [Int], [Double]) = ([], [], [])
      var longest = 0
      for sequence in 0..<batch {
        var (last, count, sum) = (-1, 0, 0.0)
        for step in 0..<max(lengths[sequence], 0) {
          let start = (step * batch + sequence) * classes
          var greatest = 0
          for other in 1..<max(classes, 1) where logits[start + other] > logits[start + greatest] {
            greatest = other
          }
          sum -= logits[start + greatest]
          if greatest != blank, greatest != last || !node[mergesRepeated] {
            places += [sequence, count]
            found.append(greatest)
            count += 1
          }
          last = greatest
        }
        longest = max(longest, count)
        sums.append(sum)
      }
      do throws(TensorError) {
        return [
          try TensorValue(integers: places, as: .int64, shape: [found.count, 2]),
          try TensorValue(integers: found, as: .int64, shape: [found.count]),
          try TensorValue(integers: [batch, longest], as: .int64, shape: [2]),
          try TensorValue(converting: sums, to: inputs[0].dtype, shape: [batch, 1]),
        ]
      } catch {
        throw GraphError("\(error)")
      }
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .none("which classes are greatest has no derivative") }
  }
}

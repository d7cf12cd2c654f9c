import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Scales and offsets after a linear op, moved into its weights and into one offset: together they
  /// fold a batch normalization into the layer before it.
  ///
  /// With weights w and data x, a result z = Σ w·x + b changes by no more than a small multiple of
  /// (number of terms) · ε · (Σ |w·s·x| + |b·s| + |t|) wherever no product overflows.
  static let linear: [Rule] = [
    // (x·W) ∘ s = x·(W ∘ s), s a number a channel.
    Rule(
      name: "scale-into-weights", identity: "(x·W) ∘ s = x·(W ∘ s)", contract: .rescaling,
      ops: scalings
    ) { context in
      for (position, other) in context.operandOrders {
        let node = context[position].node
        guard let product = LinearProduct(node, node.inputs, context.isLive),
          context.isOnlyUse(position),
          let scale = context.scale(other, of: position, along: product.outputAxis)
        else { continue }
        return [product.scalingOutputs(by: scale)]
      }
      return nil
    },
    // (z + b) ∘ s = z ∘ s + b ∘ s, where z is a linear product.
    Rule(
      name: "scale-over-bias", identity: "(x·W + b) ∘ s = (x·W) ∘ s + b ∘ s",
      contract: .rescaling, ops: scalings
    ) { context in
      for (position, other) in context.operandOrders {
        guard let sum = OffsetProduct(context[position].node, context.isLive),
          context.isOnlyUse(position),
          let scale = context.scale(other, of: position, along: sum.product.outputAxis)
        else { continue }
        let scaled = scale.divides ? sum.tensor / context[other] : sum.tensor * context[other]
        return [sum.product.adding(scale.applied(to: sum.offset), to: scaled)]
      }
      return nil
    },
    // (z + b) + t = z + (b + t), where z is a linear product.
    Rule(
      name: "join-offsets", identity: "(x·W + b) + t = x·W + (b + t)", contract: .rescaling,
      ops: OffsetProduct.ops
    ) { context in
      for (position, other) in context.operandOrders {
        guard let sum = OffsetProduct(context[position].node, context.isLive),
          context.isOnlyUse(position), context.isLive(context[other]),
          let offset = context.node.offset(
            context[other], of: context[position], along: sum.product.outputAxis),
          context[position].shape == context.output.shape
        else { continue }
        let joined =
          context.node.op == "Sub" ? sum.offset - offset.vector : sum.offset + offset.vector
        return [sum.product.adding(joined, to: sum.tensor)]
      }
      return nil
    },
    // A normalization whose statistics are live is taken apart, so that the rules above see into it.
    Rule(
      name: "normalization-in-parts", identity: "batch_norm(x) = (x − μ) ∘ γ/√(σ² + ε) + β",
      contract: .exact, ops: ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"]
    ) { context in
      guard context.node.attributes["is_training"] == .bool(false), !context.isLive(context[0]),
        context.inputs.dropFirst().allSatisfy(context.isLive)
      else { return nil }
      return ExpandComposites.expansion(
        of: context.node, on: context.inputs, in: context[0].graph)
    },
    // What TensorFlow 1 makes of a dilated convolution has its images' parts put together between the
    // convolution and its offset: an offset or scale of channels is the same before that.
    Rule(
      name: "channels-before-blocks",
      identity: "batch_to_space(z) ∘ s = batch_to_space(z ∘ s)", contract: .exact,
      ops: scalings.union(OffsetProduct.ops)
    ) { context in
      guard let definition = context.node.definition else { return nil }
      for (position, other) in context.operandOrders {
        let join = context[position].node
        guard join.op == Ops.BatchToSpaceND.name, context.isOnlyUse(position),
          context.isTakenOnce(join.input(0)), context.isLive(context[other]),
          context[position].shape == context.output.shape
        else { continue }
        let tensor = join.input(0)
        guard let rank = tensor.shape.rank, join.input(1).shape[0].map({ $0 < rank - 1 }) == true,
          context.node.offset(context[other], of: context[position], along: rank - 1) != nil,
          context.isLinear(tensor.node)
        else { continue }
        var inputs = context.inputs
        inputs[position] = tensor
        let changed = inputs[0].apply(
          definition, Array(inputs.dropFirst()), context.node.attributes)
        return [changed.apply(Ops.BatchToSpaceND.self, [join.input(1), join.input(2)])]
      }
      return nil
    },
  ]

  /// Ops that scale.
  static let scalings: Set<String> = ["Mul", "RealDiv", "Div"]
}

/// `x·W + b` with a live number a channel.
struct OffsetProduct {
  /// Ops that add.
  static let ops: Set<String> = ["Add", "AddV2", "Sub", "BiasAdd"]

  let product: LinearProduct
  /// The product's result.
  let tensor: Tensor
  /// The vector that is added to it.
  let offset: Tensor

  init?(_ node: Node, _ isLive: (Tensor) -> Bool) {
    guard Self.ops.contains(node.op) else { return nil }
    let orders = ["Sub", "BiasAdd"].contains(node.op) ? [(0, 1)] : [(0, 1), (1, 0)]
    for (position, other) in orders {
      let (tensor, inner) = (node.input(position), node.input(position).node)
      guard let product = LinearProduct(inner, inner.inputs, isLive), isLive(node.input(other)),
        tensor.shape == node.output(0).shape,
        let offset = node.offset(node.input(other), of: tensor, along: product.outputAxis)
      else { continue }
      self.product = product
      self.tensor = tensor
      self.offset = node.op == "Sub" ? -offset.vector : offset.vector
      return
    }
    return nil
  }
}

extension Node {
  /// What the node adds to a tensor, if that is a number for each place along one axis.
  func offset(_ offset: Tensor, of tensor: Tensor, along axis: Int) -> ChannelVector? {
    guard op == "BiasAdd" else { return ChannelVector(offset, along: axis, of: tensor.shape) }
    let isFirst = attributes["data_format"] == "NCHW".attribute
    let place = isFirst ? 1 : (tensor.shape.rank ?? 2) - 1
    return axis == place ? ChannelVector(bias: offset) : nil
  }
}

extension RuleContext {
  /// The positions of what is changed and of what changes it: either way round, where that is the
  /// same.
  var operandOrders: [(Int, Int)] {
    ["Add", "AddV2", "Mul"].contains(node.op) ? [(0, 1), (1, 0)] : [(0, 1)]
  }

  /// The live numbers by which the node multiplies or divides a tensor's channels.
  func scale(_ scale: Int, of tensor: Int, along axis: Int) -> ChannelScale? {
    guard isLive(inputs[scale]), inputs[scale].isModerate, inputs[tensor].shape == output.shape,
      let vector = ChannelVector(inputs[scale], along: axis, of: output.shape)
    else { return nil }
    return ChannelScale(vector: vector, divides: node.op != "Mul")
  }
}

extension Tensor {
  /// Whether weights can be scaled by this without leaving their type's range, as far as that is known:
  /// constants that are not finite, zero or huge stay where they are.
  fileprivate var isModerate: Bool {
    guard let numbers = constantValue?.doubles else { return true }
    return numbers.allSatisfy { 0x1p-40...0x1p40 ~= abs($0) }
  }
}

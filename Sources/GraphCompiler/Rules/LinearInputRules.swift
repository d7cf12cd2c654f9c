import GraphCore
import StandardOps
import TensorCore

extension Rule {
  /// Scales and offsets before a linear op, moved into its weights and past it.
  static let linearInputs: [Rule] = [
    // (x ∘ s)·W = x·(s ∘ W). Zeros around an image stay zeros, so padding does not matter.
    Rule(
      name: "scale-from-input", identity: "(x ∘ s)·W = x·(s ∘ W)", contract: .rescaling,
      ops: LinearProduct.ops
    ) { context in
      guard let (product, node) = context.changedData, scalings.contains(node.op),
        product.seesEveryChannel
      else { return nil }
      for (position, other) in node.op == "Mul" ? [(0, 1), (1, 0)] : [(0, 1)] {
        let (x, scale) = (node.input(position), node.input(other))
        guard context.isLive(scale), !context.isLive(x), x.shape == product.data.shape,
          let vector = ChannelVector(scale, along: product.inputAxis, of: x.shape)
        else { continue }
        let factor = ChannelScale(vector: vector, divides: node.op != "Mul")
        return [product.scalingInputs(x, by: factor)]
      }
      return nil
    },
    // (x + t)·W = x·W + t·W, where every window lies inside the image. Around it are zeros to which t
    // is not added, so before a padded convolution the offset stays, and so does a scale before it.
    Rule(
      name: "offset-from-input", identity: "(x + t)·W = x·W + t·W", contract: .rescaling,
      ops: LinearProduct.ops
    ) { context in
      guard let (product, node) = context.changedData, OffsetProduct.ops.contains(node.op) else {
        return nil
      }
      let orders = ["Sub", "BiasAdd"].contains(node.op) ? [(0, 1)] : [(0, 1), (1, 0)]
      for (position, other) in orders {
        let (x, offset) = (node.input(position), node.input(other))
        // An offset after another linear op costs nothing where it is.
        guard context.isLive(offset), !context.isLive(x), x.shape == product.data.shape,
          LinearProduct(x.node, x.node.inputs, context.isLive) == nil,
          let vector = node.offset(offset, of: x, along: product.inputAxis),
          let moved = product.offset(from: vector), let op = context.node.definition
        else { continue }
        var inputs = context.inputs
        inputs[product.dataPosition] = x
        let result = inputs[0].apply(op, Array(inputs.dropFirst()), context.node.attributes)
        return [product.adding(node.op == "Sub" ? -moved : moved, to: result)]
      }
      return nil
    },
  ]
}

extension RuleContext {
  /// The node as a linear product, with the node that computes its data for it alone.
  fileprivate var changedData: (product: LinearProduct, node: Node)? {
    guard let product = LinearProduct(node, inputs, isLive), isTakenOnce(product.data) else {
      return nil
    }
    return (product, product.data.node)
  }
}

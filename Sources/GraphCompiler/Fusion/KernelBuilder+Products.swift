import GraphCore
import StandardOps
import TensorCore

/// Matrix products and convolutions, with what follows them.
extension KernelBuilder {
  /// The kernel of a product; whatever of its group comes after the product is the epilogue.
  func product(
    _ heavy: Node, _ tensor: Tensor, root: Node, into output: FusedKernel.Source
  ) -> FusedKernel {
    var operands = OperandList(output)
    var kernel = product(heavy, &operands)
    var nodes = [heavy]
    if tensor.node != heavy {
      let (epilogue, computed) = epilogue(of: heavy, tensor, root, &operands)
      kernel.epilogue = epilogue
      nodes = computed + nodes
    }
    return FusedKernel(
      work: .kernel(kernel), operands: operands.list, root: root, nodes: merged(root, nodes))
  }

  /// The product alone, written to the first operand.
  private func product(_ node: Node, _ operands: inout OperandList) -> Kernel {
    guard let op = node.definition as? any KernelOp.Type else {
      preconditionFailure("\(node) is no product")
    }
    switch op.kernel(of: node) {
    case .contraction(let transposeA, let transposeB):
      return .contraction(contraction(node, transposeA, transposeB, &operands))
    case .convolution(let geometry, let part, let isDepthwise):
      let inputs = part.readInputs(of: node).map {
        value($0, operands.position(.tensor(grouping.memory(of: $0).base)))
      }
      return .convolution(
        ConvolutionKernel(
          geometry: geometry, part: part, isDepthwise: isDepthwise, dtype: node.output(0).dtype,
          inputs: inputs, output: value(node.output(0), 0)))
    case .named: preconditionFailure("\(node) is no product")
    }
  }

  /// The loop from the product's element to the element of `tensor`, and the nodes that it computes.
  private func epilogue(
    of heavy: Node, _ tensor: Tensor, _ root: Node, _ operands: inout OperandList
  ) -> (loop: LoopKernel, nodes: [Node]) {
    let sizes = tensor.shape.fullyDefined?.dimensions ?? []
    var lowering = Lowering(grouping, root: root, rank: sizes.count, provided: 1)
    lowering.heavy = heavy
    // The product's element is the first load.
    lowering.heavyElement = lowering.builder.element(.load(0), heavy.output(0).dtype)
    let element = lowering.element(tensor, at: identity(sizes.count))
    let loads = lowering.loads.map { load in
      Operand(
        buffer: operands.position(.tensor(load.tensor)), dtype: load.tensor.dtype,
        access: load.access)
    }
    // The epilogue runs over the product's dimensions; those of size 1 may be others in the result.
    let product = heavy.output(0).shape.fullyDefined?.dimensions ?? []
    let store = Operand(
      buffer: 0, dtype: tensor.dtype, access: Access(strides: Shape(sizes).strides))
    let body = lowering.builder.expression([element])
    let loop = LoopKernel(
      extents: product, loads: loads.map { $0.projected(from: sizes, to: product) },
      body: body.mapCoordinates { Self.projected($0, from: sizes, to: product) },
      stores: [store.projected(from: sizes, to: product)])
    return (loop, lowering.nodes)
  }

  private func contraction(
    _ node: Node, _ transposeA: Bool, _ transposeB: Bool, _ operands: inout OperandList
  ) -> ContractionKernel {
    let sizes = node.output(0).shape.fullyDefined?.dimensions ?? []
    let batch = Array(sizes.dropLast(2))
    func operand(_ tensor: Tensor, _ transposed: Bool) -> MatrixOperand {
      let shape = tensor.shape.fullyDefined?.dimensions ?? []
      let view = grouping.memory(of: tensor)
      guard let matrix = view.matrix(shape) else {
        preconditionFailure("\(tensor) is read in place as a matrix that it is not")
      }
      let missing = batch.count - (shape.count - 2)
      let batchStrides = batch.indices.map { axis in
        axis < missing || shape[axis - missing] == 1 ? 0 : view.access.strides[axis - missing]
      }
      return MatrixOperand(
        buffer: operands.position(.tensor(view.base)), offset: view.access.offset,
        batchStrides: batchStrides, leadingDimension: matrix.leadingDimension,
        isTransposed: transposed != matrix.isTransposed)
    }
    let a = node.input(0).shape.fullyDefined?.dimensions ?? []
    return ContractionKernel(
      batch: batch, m: sizes[sizes.count - 2], n: sizes[sizes.count - 1],
      k: transposeA ? a[a.count - 2] : a[a.count - 1], dtype: node.output(0).dtype,
      a: operand(node.input(0), transposeA), b: operand(node.input(1), transposeB), product: 0)
  }
}

extension ConvolutionPart {
  /// The tensors that are read when the kernel runs; the sizes are known when the plan is made.
  fileprivate func readInputs(of node: Node) -> [Tensor] {
    switch self {
    case .output: node.inputs
    case .inputGradient: [node.input(1), node.input(2)]
    case .filterGradient: [node.input(0), node.input(2)]
    }
  }
}

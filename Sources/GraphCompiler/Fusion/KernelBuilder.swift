import GraphCore
import StandardOps
import TensorCore

/// Turns each root of a grouping into kernels.
package struct KernelBuilder {
  let grouping: Grouping
  private let options: CompilerOptions

  init(_ grouping: Grouping, _ options: CompilerOptions) {
    self.grouping = grouping
    self.options = options
  }

  /// The kernels in order; a root that only names what is stored elsewhere has none.
  package func kernels() -> [FusedKernel] { grouping.roots.flatMap(kernels) }

  private func kernels(of root: Node) -> [FusedKernel] {
    if root.mustRun, root.definition is any StateOp.Type { return assignment(root) }
    if let region = LoopRegion(root, options) { return [region.item] }
    if let region = BranchRegion(root, options) { return [region.item] }
    switch root.definition {
    case is any SourceOp.Type, is any StateOp.Type: return []
    case let op as any KernelOp.Type where !root.isProduct: return [named(op, root)]
    case let op as any ViewOp.Type:
      switch op.view(of: root) {
      case .reshape?: return reshape(root)
      case .pieces(let pieces)?: return pieces.map { piece($0, root) }
      case nil: preconditionFailure("\(root) is a view that depends on data")
      }
    default:
      let output = root.output(0)
      return [computed(output, root: root, into: .tensor(output))]
    }
  }

  /// A reshaped tensor that is fetched or kept: the same elements, copied.
  private func reshape(_ root: Node) -> [FusedKernel] {
    [computed(root.output(0), root: root, into: .tensor(root.output(0)))]
  }

  /// The value of an assignment, computed straight into the variable; by way of a buffer if the kernel
  /// reads the variable's elements elsewhere than where it writes them.
  private func assignment(_ root: Node) -> [FusedKernel] {
    let variable = root.input(0).node.variableName
    let value = root.input(1)
    let direct = computed(value, root: root, into: .variable(variable))
    if !direct.readsElsewhere(variable) { return [direct] }
    var copy = Lowering(grouping, root: root, rank: 1)
    let count = value.shape.count ?? 0
    let access = Access(strides: [1])
    let element = copy.copied(value, access)
    return [
      computed(value, root: root, into: .tensor(value)),
      finished(
        copy, element, extents: [count], root: root, into: .variable(variable), access,
        value.dtype),
    ]
  }

  /// The kernel that computes a tensor, element-wise or by the one heavy node of its group.
  private func computed(_ tensor: Tensor, root: Node, into output: FusedKernel.Source)
    -> FusedKernel
  {
    let heavy = grouping.heavy[root.index].map { root.graph.node(at: $0) }
    switch heavy?.definition {
    case let op as any ReductionOp.Type:
      return reduction(op, heavy ?? root, tensor, root: root, into: output)
    case is any KernelOp.Type:
      return product(heavy ?? root, tensor, root: root, into: output)
    default: return loop(tensor, root: root, into: output)
    }
  }

  private func loop(_ tensor: Tensor, root: Node, into output: FusedKernel.Source) -> FusedKernel {
    let sizes = tensor.shape.fullyDefined?.dimensions ?? []
    var lowering = Lowering(grouping, root: root, rank: sizes.count)
    let element = lowering.element(tensor, at: identity(sizes.count))
    return finished(
      lowering, element, extents: sizes, root: root, into: output,
      Access(strides: Shape(sizes).strides),
      tensor.dtype)
  }

  private func piece(_ piece: ViewPiece, _ root: Node) -> FusedKernel {
    let output = root.output(0)
    var lowering = Lowering(grouping, root: root, rank: piece.extents.count)
    let rows = piece.lower.indices.map {
      AffineIndex(along: $0, rank: piece.extents.count, offset: piece.lower[$0])
    }
    let element = lowering.piece(piece, root, at: rows)
    let access = Lowering.flat(
      rows, output.shape.fullyDefined?.dimensions ?? [], piece.extents.count)
    return finished(
      lowering, element, extents: piece.extents, root: root, into: .tensor(output), access,
      output.dtype)
  }

  private func finished(
    _ lowering: Lowering, _ element: Element, extents: [Int], root: Node,
    into output: FusedKernel.Source, _ access: Access, _ dtype: DType
  ) -> FusedKernel {
    var operands = OperandList(output)
    let loads = lowering.loads.map { load in
      Operand(
        buffer: operands.position(.tensor(load.tensor)), dtype: load.tensor.dtype,
        access: load.access)
    }
    let kernel = LoopKernel(
      extents: extents, loads: loads, body: lowering.builder.expression([element]),
      stores: [Operand(buffer: 0, dtype: dtype, access: access)])
    return FusedKernel(
      work: .kernel(.loop(kernel)), operands: operands.list, root: root,
      nodes: merged(root, lowering.nodes))
  }

  private func reduction(
    _ op: any ReductionOp.Type, _ heavy: Node, _ tensor: Tensor, root: Node,
    into output: FusedKernel.Source
  ) -> FusedKernel {
    let input = heavy.input(0)
    let sizes = input.shape.fullyDefined?.dimensions ?? []
    let axes = (try? op.axes(of: heavy)) ?? []
    let kept = sizes.indices.filter { !axes.contains($0) }
    // Kept dimensions come first in the loop, reduced ones after them.
    var position: [Int: Int] = [:]
    for (dimension, axis) in (kept + axes).enumerated() { position[axis] = dimension }
    let rows = sizes.indices.map { AffineIndex(along: position[$0], rank: sizes.count) }
    var below = Lowering(grouping, root: root, rank: sizes.count)
    let element = below.element(input, at: rows)
    let state = op.lift(
      element,
      coordinate: {
        below.builder.element(
          .coordinate(offset: 0, coefficients: rows[axes.first ?? 0].coefficients), .int64)
      }, of: heavy)
    let types = op.stateTypes(of: heavy)
    let reduction = LoopReduction(
      initial: zip(op.initial(of: heavy), types).map { ElementConstant.bits($0, $1) },
      types: types, combine: Self.combination(op, heavy, types))

    let outer = tensor.shape.fullyDefined?.dimensions ?? []
    var above = Lowering(grouping, root: root, rank: outer.count, provided: types.count)
    above.heavy = heavy
    let states = types.enumerated().map { above.builder.element(.load($0), $1) }
    let count = axes.reduce(1) { $0 * sizes[$1] }
    above.heavyElement = op.finish(states, count: count, of: heavy)
    let result = above.element(tensor, at: identity(outer.count))

    var operands = OperandList(output)
    let loads = below.loads.map { load in
      Operand(
        buffer: operands.position(.tensor(load.tensor)), dtype: load.tensor.dtype,
        access: load.access)
    }
    // The finish runs over the kept dimensions; its own dimensions of size 1 say nothing more.
    let keptSizes = kept.map { sizes[$0] }
    let finish = above.builder.expression([result])
    let finishLoads = above.loads.map { load in
      Operand(
        buffer: operands.position(.tensor(load.tensor)), dtype: load.tensor.dtype,
        access: load.access)
    }
    let store = Operand(
      buffer: 0, dtype: tensor.dtype, access: Access(strides: Shape(outer).strides))
    let kernel = LoopKernel(
      extents: keptSizes, reducedExtents: axes.map { sizes[$0] }, loads: loads,
      body: below.builder.expression(state), reduction: reduction,
      finish: finish.mapCoordinates { Self.projected($0, from: outer, to: keptSizes) },
      finishLoads: finishLoads.map { $0.projected(from: outer, to: keptSizes) },
      stores: [store.projected(from: outer, to: keptSizes)])
    return FusedKernel(
      work: .kernel(.loop(kernel)), operands: operands.list, root: root,
      nodes: merged(root, above.nodes + [heavy] + below.nodes))
  }

  private static func combination(
    _ op: any ReductionOp.Type, _ node: Node, _ types: [DType]
  ) -> ElementExpression {
    let builder = ElementBuilder()
    let first = types.enumerated().map { builder.element(.load($0), $1) }
    let second = types.enumerated().map { builder.element(.load($0 + types.count), $1) }
    return builder.expression(op.combine(first, second, of: node))
  }

  private func named(_ op: any KernelOp.Type, _ root: Node) -> FusedKernel {
    guard case .named(let kernel) = op.kernel(of: root) else {
      preconditionFailure("\(root) has no named kernel")
    }
    var operands = OperandList(root.outputs.map { .tensor($0) })
    if case .stack = kernel { _ = operands.position(.stack(root.input(0).node.variableName)) }
    let outputs = root.outputs.enumerated().map { value($0.element, $0.offset) }
    let inputs = kernel.readInputs(of: root).map {
      value($0, operands.position(.tensor(grouping.memory(of: $0).base)))
    }
    var counter: Int?
    if case .random = kernel { counter = operands.position(.randomCounter(root.name)) }
    var call = NamedKernelCall(kernel: kernel, inputs: inputs, outputs: outputs, counter: counter)
    if case .stack = kernel {
      // Whoever touches it changes it, so that all that happens to it keeps its order.
      call.stack = outputs.count
      return FusedKernel(
        work: .kernel(.named(call)), operands: operands.list, outputCount: outputs.count + 1,
        root: root, nodes: [root])
    }
    return FusedKernel(
      work: .kernel(.named(call)), operands: operands.list, outputCount: outputs.count, root: root,
      nodes: [root])
  }

  /// A dense tensor in a buffer.
  func value(_ tensor: Tensor, _ buffer: Int) -> NamedKernelCall.Value {
    .init(buffer: buffer, dtype: tensor.dtype, shape: tensor.shape.fullyDefined ?? .scalar)
  }

  func identity(_ rank: Int) -> [AffineIndex] {
    (0..<rank).map { AffineIndex(along: $0, rank: rank) }
  }

  func merged(_ root: Node, _ nodes: [Node]) -> [Node] {
    [root] + nodes.filter { $0 != root && $0.op != Ops.Const.name }
  }

  /// Coefficients over an output's dimensions as ones over the dimensions that a reduction kept:
  /// what is left after dropping sizes of 1 is the same in both.
  static func projected(_ strides: [Int], from outer: [Int], to kept: [Int]) -> [Int] {
    let moving = zip(outer, strides).filter { $0.0 != 1 }.map(\.1)
    var next = 0
    return kept.map { size in
      if size == 1 { return 0 }
      defer { next += 1 }
      return moving[next]
    }
  }
}

extension NamedKernel {
  /// The inputs that are read when the kernel runs; others are known when the plan is made.
  func readInputs(of node: Node) -> [Tensor] {
    let inputs = node.inputs
    return switch self {
    case .random: Array(inputs.dropFirst())
    case .gather, .segment: Array(inputs.prefix(2))
    case .topK, .cumulate, .assertion: [inputs[0]]
    case .stack: Array(inputs.dropFirst())
    case .gatherND, .scatter, .lstm: inputs
    case .pool(.average, _, isGradient: true): [inputs[1]]
    case .pool: inputs
    case .resize: [inputs[0]]
    }
  }
}

extension Operand {
  func projected(from outer: [Int], to kept: [Int]) -> Operand {
    var operand = self
    operand.access.strides = KernelBuilder.projected(access.strides, from: outer, to: kept)
    return operand
  }
}

/// The operands of a kernel under construction, each once.
struct OperandList {
  private(set) var list: [FusedKernel.Source]

  init(_ output: FusedKernel.Source) { list = [output] }

  init(_ outputs: [FusedKernel.Source]) { list = outputs }

  mutating func position(_ operand: FusedKernel.Source) -> Int {
    // The output is looked up too: an update reads the variable that it writes by another name.
    if let known = list.firstIndex(of: operand) { return known }
    list.append(operand)
    return list.count - 1
  }
}

import GraphCore
import StandardOps
import TensorCore

/// Builds the loop of one root: walks from the root's element down to what is stored in buffers.
///
/// Recursion is bounded, since groups are at most 100 nodes deep.
struct Lowering {
  let grouping: Grouping
  let root: Node
  /// The node whose result the kernel gets as its state or product, if it holds one.
  var heavy: Node?
  let builder = ElementBuilder()
  /// The dimensions that accesses are functions of.
  let rank: Int
  private(set) var loads: [(tensor: Tensor, access: Access)] = []
  /// What stands for the heavy node's element.
  var heavyElement: Element?
  private var known: [Key: Element] = [:]
  private(set) var nodes: [Node] = []
  private var seen = Set<Int>()

  private struct Key: Hashable {
    let tensor: Endpoint
    let index: [AffineIndex]
  }

  /// The number of loads that the kernel itself provides: a state's parts, or a product.
  private let provided: Int

  init(_ grouping: Grouping, root: Node, rank: Int, provided: Int = 0) {
    self.grouping = grouping
    self.root = root
    self.rank = rank
    self.provided = provided
  }

  /// An op's own expression on plain inputs, for weighing it.
  static func expression(of op: any ElementwiseOp.Type, _ node: Node) -> ElementExpression {
    let builder = ElementBuilder()
    let inputs = node.inputs.enumerated().map { builder.element(.load($0), $1.dtype) }
    let context = ElementContext(node: node, builder: builder, inputs: inputs) { axis in
      builder.element(.coordinate(offset: 0, coefficients: [axis + 1]), .int64)
    }
    return builder.expression([op.body(context)])
  }

  /// The element of `tensor` at the given index along each of its axes.
  mutating func element(_ tensor: Tensor, at index: [AffineIndex]) -> Element {
    let key = Key(tensor: tensor.endpoint, index: index)
    if let element = known[key] { return element }
    let element = makeElement(tensor, at: index)
    known[key] = element
    return element
  }

  private mutating func makeElement(_ tensor: Tensor, at index: [AffineIndex]) -> Element {
    let node = tensor.node
    if let heavy, node == heavy, let heavyElement { return heavyElement }
    if let constant = tensor.constantValue, constant.count == 1, constant.dtype.byteCount != nil {
      return builder.element(.constant(ElementConstant.bits(of: constant)), tensor.dtype)
    }
    if node != root, grouping.isStored(node) { return load(tensor, at: index) }
    let computes = node.definition is any ElementwiseOp.Type || node.definition is any ViewOp.Type
    if computes, seen.insert(node.index).inserted { nodes.append(node) }
    switch node.definition {
    case let op as any ElementwiseOp.Type: return elementwise(op, node, at: index)
    case let op as any ViewOp.Type: return view(op, node, at: index)
    default: return load(tensor, at: index)
    }
  }

  mutating func elementwise(
    _ op: any ElementwiseOp.Type, _ node: Node, at index: [AffineIndex]
  ) -> Element {
    var inputs: [Element] = []
    for (position, input) in node.inputs.enumerated() {
      let sizes = input.shape.fullyDefined?.dimensions ?? []
      let axes =
        op.axes(ofInput: position, of: node)
        ?? Array((index.count - sizes.count)..<max(index.count, index.count - sizes.count))
      let rows = zip(sizes, axes).map { size, axis in
        size == 1 ? AffineIndex(along: nil, rank: rank) : index[axis]
      }
      inputs.append(element(input, at: rows))
    }
    let builder = builder
    let context = ElementContext(node: node, builder: builder, inputs: inputs) { axis in
      builder.element(
        .coordinate(offset: index[axis].offset, coefficients: index[axis].coefficients), .int64)
    }
    return op.body(context)
  }

  private mutating func view(
    _ op: any ViewOp.Type, _ node: Node, at index: [AffineIndex]
  ) -> Element {
    switch op.view(of: node) {
    case .reshape?:
      let input = node.input(0)
      let sizes = input.shape.fullyDefined?.dimensions ?? []
      let output = node.output(0).shape.fullyDefined?.dimensions ?? []
      guard sizes.filter({ $0 != 1 }) == output.filter({ $0 != 1 }) else {
        // The elements are in memory in the same order: read them through the output's shape.
        return load(input, flat: Self.flat(index, output, rank))
      }
      let moving = zip(output, index).filter { $0.0 != 1 }.map(\.1)
      var next = 0
      let rows = sizes.map { size -> AffineIndex in
        if size == 1 { return AffineIndex(along: nil, rank: rank) }
        defer { next += 1 }
        return moving[next]
      }
      return element(input, at: rows)
    case .pieces(let pieces)? where pieces.count == 1:
      return piece(pieces[0], node, at: index)
    default: preconditionFailure("\(node) of several pieces inside a kernel")
    }
  }

  /// The element of one piece, whose box's index is given.
  mutating func piece(_ piece: ViewPiece, _ node: Node, at index: [AffineIndex]) -> Element {
    switch piece.source {
    case .fill(let number): return builder.constant(number, node.output(0).dtype)
    case .input(let position, let axes):
      return element(node.input(position), at: MemoryView.mapped(index, piece, axes, rank))
    }
  }

  private mutating func load(_ tensor: Tensor, at index: [AffineIndex]) -> Element {
    load(tensor, flat: Self.flat(index, tensor.shape.fullyDefined?.dimensions ?? [], rank))
  }

  /// An element of a tensor that is in memory.
  mutating func copied(_ tensor: Tensor, _ access: Access) -> Element {
    load(tensor, flat: access)
  }

  private mutating func load(_ tensor: Tensor, flat access: Access) -> Element {
    let number =
      loads.firstIndex { $0.tensor == tensor && $0.access == access }
      ?? {
        loads.append((tensor, access))
        return loads.count - 1
      }()
    return builder.element(.load(provided + number), tensor.dtype)
  }

  /// Per-axis indices as one row-major position.
  static func flat(_ index: [AffineIndex], _ sizes: [Int], _ rank: Int) -> Access {
    var access = Access(strides: Array(repeating: 0, count: rank))
    for (row, stride) in zip(index, Shape(sizes).strides) {
      access.offset += row.offset * stride
      for dimension in 0..<rank {
        access.strides[dimension] += row.coefficients[dimension] * stride
      }
    }
    return access
  }
}

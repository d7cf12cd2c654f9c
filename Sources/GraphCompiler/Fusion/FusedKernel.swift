import GraphCore
import StandardOps
import TensorCore

/// A kernel whose operands are still tensors: the product of fusion, before buffers are placed.
package struct FusedKernel {
  /// What an operand stands for.
  package enum Source: Hashable {
    case tensor(Tensor)
    /// The variable that a write node sets.
    case variable(String)
    /// What a tensor that stands for a value of a loop's round was before the next took its place.
    case kept(Tensor)
    case randomCounter(String)
    case stack(String)
  }
  /// What is done.
  package enum Work {
    case kernel(Kernel)
    case loop(LoopRegion)
    case branch(BranchRegion)
  }
  package var work: Work
  /// The outputs first.
  package var operands: [Source]
  /// How many of the operands are written.
  package var outputCount = 1
  /// The node whose place in the order the kernel takes.
  package var root: Node
  /// All nodes computed, the root first.
  package var nodes: [Node]

  /// Whether it is a loop or a branch of other kernels.
  var isRegion: Bool {
    if case .kernel = work { return false }
    return true
  }

  /// The lists of kernels in a loop or a branch.
  var innerLists: [KernelList] {
    switch work {
    case .kernel: []
    case .loop(let region): [region.condition, region.body]
    case .branch(let region): [region.whenTrue, region.whenFalse]
    }
  }

  /// The kernel, if it is one.
  var kernel: Kernel? {
    if case .kernel(let kernel) = work { return kernel }
    return nil
  }

  /// The kernel, if it is a plain loop.
  var loop: LoopKernel? {
    if case .kernel(.loop(let loop)) = work { return loop }
    return nil
  }

  /// Whether the kernel, which writes a variable, reads it other than element by element in place.
  func readsElsewhere(_ variable: String) -> Bool {
    readsElsewhere { source in
      guard case .tensor(let tensor) = source, tensor.node.op == Ops.ReadVariableOp.name else {
        return false
      }
      return tensor.node.input(0).node.variableName == variable
    }
  }

  /// Whether the kernel, which is to write a place, reads it other than element by element in place.
  func readsElsewhere(_ isPlace: (Source) -> Bool) -> Bool {
    let readers = operands.indices.filter { $0 >= outputCount && isPlace(operands[$0]) }
    func differs(_ loop: LoopKernel) -> Bool {
      // What a reduction's body reads, it reads for other elements too.
      loop.loads.contains {
        readers.contains($0.buffer)
          && (loop.reduction != nil || $0.access != loop.stores[0].access)
      }
        || loop.finishLoads.contains {
          readers.contains($0.buffer) && $0.access != loop.stores[0].access
        }
    }
    if readers.isEmpty { return false }
    switch kernel {
    case .loop(let loop)?: return differs(loop)
    case .contraction?, .convolution?:
      return kernel?.factors.contains { readers.contains($0) } == true
        || kernel?.epilogue.map(differs) ?? false
    case .named?, .staged?, nil: return true
    }
  }

  /// The same kernel with as few dimensions as possible.
  func collapsed() -> FusedKernel {
    guard let loop else { return self }
    var result = self
    result.work = .kernel(.loop(loop.collapsed()))
    return result
  }

  /// Copies what is in one place to another.
  ///
  /// - Parameter tensor: has the type and the shape of both, and its node the name.
  static func copy(_ source: Source, to place: Source, like tensor: Tensor) -> FusedKernel {
    let builder = ElementBuilder()
    let element = builder.element(.load(0), tensor.dtype)
    let access = Access(strides: [1])
    let kernel = LoopKernel(
      extents: [tensor.shape.count ?? 0],
      loads: [Operand(buffer: 1, dtype: tensor.dtype, access: access)],
      body: builder.expression([element]),
      stores: [Operand(buffer: 0, dtype: tensor.dtype, access: access)])
    return FusedKernel(
      work: .kernel(.loop(kernel)), operands: [place, source], root: tensor.node,
      nodes: [tensor.node])
  }
}

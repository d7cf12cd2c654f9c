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
    case randomCounter(String)
  }
  package var kernel: Kernel
  /// The outputs first.
  package var operands: [Source]
  /// How many of the operands are written.
  package var outputCount = 1
  /// The node whose place in the order the kernel takes.
  package var root: Node
  /// All nodes computed, the root first.
  package var nodes: [Node]

  /// Whether the kernel, which writes a variable, reads it other than element by element in place.
  func readsElsewhere(_ variable: String) -> Bool {
    let readers = operands.indices.filter { position in
      guard case .tensor(let tensor) = operands[position],
        tensor.node.op == Ops.ReadVariableOp.name
      else { return false }
      return tensor.node.input(0).node.variableName == variable
    }
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
    case .loop(let loop): return differs(loop)
    case .contraction, .convolution:
      return kernel.factors.contains { readers.contains($0) }
        || kernel.epilogue.map(differs) ?? false
    case .named, .staged: return true
    }
  }

  /// The same kernel with as few dimensions as possible.
  func collapsed() -> FusedKernel {
    guard case .loop(let loop) = kernel else { return self }
    var result = self
    result.kernel = .loop(loop.collapsed())
    return result
  }

  /// Keeps the value that a variable has now.
  static func copy(of variable: String, to tensor: Tensor) -> FusedKernel {
    let builder = ElementBuilder()
    let element = builder.element(.load(0), tensor.dtype)
    let access = Access(strides: [1])
    let kernel = LoopKernel(
      extents: [tensor.shape.count ?? 0],
      loads: [Operand(buffer: 1, dtype: tensor.dtype, access: access)],
      body: builder.expression([element]),
      stores: [Operand(buffer: 0, dtype: tensor.dtype, access: access)])
    return FusedKernel(
      kernel: .loop(kernel), operands: [.tensor(tensor), .variable(variable)], root: tensor.node,
      nodes: [tensor.node])
  }
}

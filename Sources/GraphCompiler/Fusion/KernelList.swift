import GraphCore
import StandardOps

/// The kernels of a plan under construction, in order; their operands still are tensors.
package struct KernelList {
  /// The nodes that they compute.
  package let workspace: Workspace
  package let options: CompilerOptions
  package var kernels: [FusedKernel] = []
  /// Values of variables that are used after the variable was written, and so have been copied.
  package var savedReads: Set<Tensor> = []
  package var log: RewriteLog
  private var liveness: Liveness

  init(_ workspace: Workspace, _ options: CompilerOptions) {
    self.workspace = workspace
    self.options = options
    log = workspace.log
    liveness = Liveness(written: ApplyRules.writtenVariables(workspace))
  }

  /// The memory that an operand stands for: a variable for its value, unless that was copied.
  func location(_ source: FusedKernel.Source) -> FusedKernel.Source {
    guard case .tensor(let tensor) = source, tensor.node.op == Ops.ReadVariableOp.name,
      !savedReads.contains(tensor)
    else { return source }
    return .variable(tensor.node.input(0).node.variableName)
  }

  /// Whether the kernel runs only after a variable changed.
  mutating func isLive(_ kernel: FusedKernel) -> Bool {
    guard kernel.outputCount > 0, case .tensor(let tensor) = kernel.operands[0] else {
      return false
    }
    return tensor.node.op != Ops.ReadVariableOp.name && liveness.isLive(tensor)
  }
}

/// One rewriting of kernels whose operands are not in buffers yet.
package protocol KernelPass: SendableMetatype {
  /// The name in listings, in kebab case.
  static var name: String { get }
  /// What the pass does, in one sentence.
  static var summary: String { get }
  /// Whether a plan cannot be made without it.
  static var isNeeded: Bool { get }
  /// Rewrites the list.
  static func run(_ list: inout KernelList)
}

extension KernelPass {
  /// Most passes only improve.
  package static var isNeeded: Bool { false }
}

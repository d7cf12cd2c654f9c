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
  /// What is read after the last of them.
  let results: [Tensor]
  /// For a loop's body what the next round has, and the argument that it takes the place of; for a side
  /// of a branch its results and the outputs that they are.
  let carries: [(result: Tensor, argument: Tensor)]
  /// Whether they are a part of a loop or a branch.
  let isRound: Bool
  /// What changes with variables alone; nil in a loop, whose kernels run in every round.
  private var liveness: Liveness?

  /// - Parameter carries: for a loop's body what the next round has; nil outside of loops.
  init(
    _ workspace: Workspace, _ options: CompilerOptions, results: [Tensor],
    carries: [(result: Tensor, argument: Tensor)]? = nil
  ) {
    self.workspace = workspace
    self.options = options
    self.results = results
    self.carries = carries ?? []
    isRound = carries != nil
    log = workspace.log
    liveness = isRound ? nil : Liveness(written: ApplyRules.writtenVariables(workspace))
  }

  /// Rewrites the kernels of loops and branches.
  mutating func rewriteRegions(
    _ rewrite: (inout KernelList) throws(GraphError) -> Void
  ) throws(GraphError) {
    func rewriteLogged(_ list: inout KernelList) throws(GraphError) {
      list.log = log
      try rewrite(&list)
      log = list.log
    }
    for index in kernels.indices {
      switch kernels[index].work {
      case .kernel: break
      case .loop(var region):
        try rewriteLogged(&region.condition)
        try rewriteLogged(&region.body)
        kernels[index].work = .loop(region)
      case .branch(var region):
        try rewriteLogged(&region.whenTrue)
        try rewriteLogged(&region.whenFalse)
        kernels[index].work = .branch(region)
      }
    }
  }

  /// The number of kernels, those of loops and branches included.
  var kernelCount: Int {
    kernels.reduce(0) { count, item in
      count + (item.isRegion ? item.innerLists.reduce(0) { $0 + $1.kernelCount } : 1)
    }
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
    guard kernel.outputCount > 0, case .tensor(let tensor) = kernel.operands[0],
      tensor.node.op != Ops.ReadVariableOp.name
    else { return false }
    return liveness?.isLive(tensor) ?? false
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

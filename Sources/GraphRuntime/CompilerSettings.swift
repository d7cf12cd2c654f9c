import GraphCompiler
import TensorCore

/// How a session compiles: what its users choose, and what tools and tests put in.
package struct CompilerSettings: Sendable {
  /// What rewrites may do to the numbers.
  package var contracts: Set<Contract>
  /// Whether passes rewrite the graph beyond what running it needs.
  package var rewrites: Bool
  /// Whether nodes are joined into kernels.
  package var fuses: Bool
  /// Whether loops become part of a plan where they can.
  package var makesRegions: Bool
  /// Whether the graph is a compiler's own, which may hold memory that lasts as long as a run.
  package var isCompilersGraph = false
  /// The rules that are tried, in this order.
  package var rules = ApplyRules.rules
  /// After how many rounds a loop is an error; nil if it may go on.
  package var roundLimit: Int?
  /// Whether runs look after each step whether it wrote beyond its buffers.
  package var guardsBuffers = false
  /// Sees every step of a compilation.
  package var observer: (any CompilationObserver)?

  package init(
    contracts: Set<Contract> = [.exact, .rescaling], rewrites: Bool = true, fuses: Bool = true
  ) {
    self.contracts = contracts
    self.rewrites = rewrites
    self.fuses = fuses
    makesRegions = rewrites
  }

  /// The compiler's options; what is checked is compiled node by node.
  func options(
    for check: RunCheck?, _ evaluate: @escaping @Sendable (Plan) throws -> [TensorValue]
  ) -> CompilerOptions {
    var options = CompilerOptions(evaluate: evaluate)
    options.contracts = contracts
    options.rewrites = rewrites && check == nil
    options.fuses = fuses && check == nil
    options.makesRegions = makesRegions && check == nil
    options.isCompilersGraph = isCompilersGraph
    options.rules = rules
    options.guardByteCount = guardsBuffers ? MemoryGuard.byteCount : 0
    options.observer = observer
    return options
  }
}

import GraphCompiler

/// Compiles kernels to machine code through LLVM, which is loaded on first use; where there is none,
/// it declines every kernel, so that the backends after it run them.
public struct LLVMBackend: Backend {
  /// `llvm`.
  public let name = "llvm"

  /// The backend.
  public init() {}

  #if LLVM
    private var own: CodeLibrary?

    /// The backend with functions of its own beside the process's.
    package init(_ library: CodeLibrary) { own = library }
  #endif

  /// A callable for each kernel; nil for those that have no code.
  public func compile(_ kernels: [Kernel]) -> [(any KernelCallable)?] {
    #if LLVM
      guard let library = own ?? CodeLibrary.shared else { return kernels.map { _ in nil } }
      let recipes = kernels.map { Recipe($0, library.library.machine) }
      let code = library.code(for: recipes.flatMap { $0?.forms ?? [] })
      var next = 0
      return recipes.map { recipe in
        guard let recipe else { return nil }
        defer { next += recipe.forms.count }
        return recipe.callable(Array(code[next..<(next + recipe.forms.count)]))
      }
    #else
      return kernels.map { _ in nil }
    #endif
  }
}

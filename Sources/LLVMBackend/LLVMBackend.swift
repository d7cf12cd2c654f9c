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
      let recipes = kernels.map { recipe(for: $0, library.library.machine) }
      let forms = recipes.map { $0?.forms ?? [] }
      var code = library.code(for: Array(forms.joined()))[...]
      return zip(recipes, forms).map { recipe, forms in
        let own = code.prefix(forms.count).compactMap { $0 }
        code = code.dropFirst(forms.count)
        return own.count == forms.count ? recipe?.callable(own) : nil
      }
    #else
      return kernels.map { _ in nil }
    #endif
  }
}

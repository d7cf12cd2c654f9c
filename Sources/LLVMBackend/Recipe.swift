#if LLVM
  import GraphCompiler

  /// What becomes of a kernel: the forms of the functions that it needs, and how they make a callable.
  enum Recipe {
    case nest(NestRecipe)

    /// Nil for a kernel that has no code.
    init?(_ kernel: Kernel) {
      switch kernel {
      case .loop(let loop): self = .nest(NestRecipe(loop))
      case .staged(let staged): self = .nest(NestRecipe(staged))
      case .contraction, .named: return nil
      }
    }

    var forms: [any CodeForm] {
      switch self {
      case .nest(let recipe): [recipe.form]
      }
    }

    /// The callable, if each form has its code.
    func callable(_ code: [Code?]) -> (any KernelCallable)? {
      let found = code.compactMap { $0 }
      guard found.count == code.count else { return nil }
      switch self {
      case .nest(let recipe): return NestCallable(recipe, found[0])
      }
    }
  }
#endif

#if LLVM
  import GraphCompiler

  /// What becomes of a kernel: the forms of the functions that it needs, and how they make a callable.
  enum Recipe {
    case nest(NestRecipe)
    case product(ProductRecipe)
    case rowProduct(RowProductRecipe)
    case window(WindowRecipe)
    case filterGradient(FilterGradientRecipe)
    case pool(PoolRecipe)

    /// Nil for a kernel that has no code.
    init?(_ kernel: Kernel, _ machine: HostMachine) {
      switch kernel {
      case .loop(let loop): self = .nest(NestRecipe(loop))
      case .staged(let staged): self = .nest(NestRecipe(staged))
      case .contraction(let contraction):
        if let loop = contraction.outerProduct {
          self = .nest(NestRecipe(loop))
        } else if let recipe = RowProductRecipe(contraction, machine) {
          self = .rowProduct(recipe)
        } else if let recipe = ProductRecipe(contraction, machine) {
          self = .product(recipe)
        } else {
          return nil
        }
      case .convolution(let convolution):
        if let recipe = WindowRecipe(convolution, machine) {
          self = .window(recipe)
        } else if let recipe = FilterGradientRecipe(convolution, machine) {
          self = .filterGradient(recipe)
        } else {
          return nil
        }
      case .named(let call):
        guard let recipe = PoolRecipe(call) else { return nil }
        self = .pool(recipe)
      }
    }

    var forms: [any CodeForm] {
      switch self {
      case .nest(let recipe): [recipe.form]
      case .product(let recipe): recipe.forms
      case .rowProduct(let recipe): recipe.forms
      case .window(let recipe): recipe.forms
      case .filterGradient(let recipe): recipe.forms
      case .pool(let recipe): [recipe.form]
      }
    }

    /// The callable, if each form has its code.
    func callable(_ code: [Code?]) -> (any KernelCallable)? {
      let found = code.compactMap { $0 }
      guard found.count == code.count else { return nil }
      switch self {
      case .nest(let recipe): return NestCallable(recipe, found[0])
      case .product(let recipe): return recipe.callable(found)
      case .rowProduct(let recipe): return recipe.callable(found)
      case .window(let recipe): return recipe.callable(found)
      case .filterGradient(let recipe): return recipe.callable(found)
      case .pool(let recipe): return recipe.callable(found[0])
      }
    }
  }
#endif

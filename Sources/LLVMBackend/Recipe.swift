#if LLVM
  import GraphCompiler

  /// What becomes of a kernel: the forms of the functions that it needs, and how they make a callable.
  protocol Recipe {
    var forms: [any CodeForm] { get }
    /// The callable, of one function for each form.
    func callable(_ code: [Code]) -> any KernelCallable
  }

  /// The recipe of a kernel; nil for one that has no code.
  func recipe(for kernel: Kernel, _ machine: HostMachine) -> (any Recipe)? {
    switch kernel {
    case .loop(let loop): return NestRecipe(loop)
    case .staged(let staged): return NestRecipe(staged)
    case .contraction(let contraction):
      if let loop = contraction.outerProduct { return NestRecipe(loop) }
      if let row = RowProductRecipe(contraction, machine) { return row }
      return ProductRecipe(contraction, machine)
    case .convolution(let convolution):
      if let window = WindowRecipe(convolution, machine) { return window }
      return FilterGradientRecipe(convolution, machine)
    case .named(let call): return PoolRecipe(call)
    }
  }
#endif

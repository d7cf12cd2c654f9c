#if LLVM
  /// All that the code of one function depends on: equal forms have the same code, whatever the sizes,
  /// strides and constants of the kernels that use it, which are arguments.
  protocol CodeForm: Hashable, Sendable {
    /// Emits the function; nil if some step has no code.
    func emit(_ library: LLVMLibrary) -> Emitter?
  }

  /// The address of a compiled function.
  struct Code: @unchecked Sendable {
    let address: UnsafeRawPointer
  }
#endif

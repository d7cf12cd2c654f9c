#if LLVM
  import CLLVM

  /// LLVM's C functions, loaded when they are first asked for.
  package struct LLVMLibrary: @unchecked Sendable {
    /// The functions, by LLVM's names without their prefix.
    package let functions: DataflowLLVM
    /// What code is made for.
    let machine: HostMachine

    /// The functions, or the name of the library or function that is missing here.
    package static let loaded: Result<LLVMLibrary, LLVMMissing> = {
      var table = DataflowLLVM()
      if let missing = dataflow_llvm_load(&table) {
        return .failure(LLVMMissing(name: String(cString: missing)))
      }
      guard let machine = HostMachine(table) else {
        return .failure(LLVMMissing(name: "LLVM's target for this machine"))
      }
      return .success(LLVMLibrary(functions: table, machine: machine))
    }()
  }

  /// What of LLVM is missing; the CPU backend then runs every kernel.
  package struct LLVMMissing: Error, CustomStringConvertible {
    let name: String
    package var description: String {
      "\(name) is missing; install llvm-dev to have kernels compiled"
    }
  }
#endif

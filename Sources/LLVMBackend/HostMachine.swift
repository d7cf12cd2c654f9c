#if LLVM
  import CLLVM

  /// The machine that code is made for: this one.
  struct HostMachine {
    /// The architecture, vendor and system.
    let triple: String
    /// The processor's name and the instructions that it has.
    let processor: String, features: String
    /// The bytes of a vector register.
    let vectorByteCount: Int

    init?(_ llvm: DataflowLLVM) {
      func text(_ message: UnsafeMutablePointer<CChar>?) -> String {
        guard let message else { return "" }
        defer { llvm.DisposeMessage(message) }
        return String(cString: message)
      }
      triple = text(llvm.GetDefaultTargetTriple())
      processor = text(llvm.GetHostCPUName())
      features = text(llvm.GetHostCPUFeatures())
      let present = Set(features.split(separator: ","))
      vectorByteCount =
        present.contains("+avx512f") && present.contains("+avx512vl")
        ? 64 : present.contains("+avx") ? 32 : 16
      var target: LLVMTargetRef?
      if llvm.GetTargetFromTriple(triple, &target, nil) != 0 { return nil }
    }

    /// What compiled code depends on beside its source.
    var description: String {
      "LLVM \(LLVM_VERSION_MAJOR).\(LLVM_VERSION_MINOR) \(triple) \(processor) \(features)"
    }

    /// A code generator of its own for each thread.
    func makeTargetMachine(_ llvm: DataflowLLVM) -> LLVMTargetMachineRef? {
      var target: LLVMTargetRef?
      if llvm.GetTargetFromTriple(triple, &target, nil) != 0 { return nil }
      return llvm.CreateTargetMachine(
        target, triple, processor, features, LLVMCodeGenLevelDefault, LLVMRelocPIC,
        LLVMCodeModelJITDefault)
    }
  }
#endif

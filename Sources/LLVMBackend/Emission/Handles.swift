#if LLVM
  import CLLVM

  /// What LLVM's functions give and take: null stands for nothing, as in C.
  typealias IRValue = LLVMValueRef?
  typealias IRType = LLVMTypeRef?
  typealias IRBlock = LLVMBasicBlockRef?
#endif

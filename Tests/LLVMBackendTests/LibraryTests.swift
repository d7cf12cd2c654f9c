#if LLVM
  import LLVMBackend
  import Testing

  @Suite struct LibraryTests {
    @Test func functionsAreLoaded() throws {
      let llvm = try LLVMLibrary.loaded.get().functions
      let context = try #require(llvm.ContextCreate())
      let module = llvm.ModuleCreateWithNameInContext("empty", context)
      #expect(module != nil)
      llvm.DisposeModule(module)
      llvm.ContextDispose(context)
    }
  }
#endif

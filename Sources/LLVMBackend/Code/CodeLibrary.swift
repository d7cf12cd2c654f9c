#if LLVM
  import CLLVM
  import Dispatch
  import Glibc
  import Synchronization

  /// The functions compiled in this process, by their forms.
  ///
  /// Plans, sessions and batch sizes share them. Forms hold no sizes, so that there are few, and what is
  /// compiled stays.
  package final class CodeLibrary: Sendable {
    /// The library of all sessions; nil without LLVM.
    static let shared = (try? LLVMLibrary.loaded.get()).map {
      CodeLibrary($0, cache: ObjectCache.standard)
    }

    let library: LLVMLibrary
    private let known = Mutex<[AnyHashableForm: Code?]>([:])
    private let linker: Mutex<Linker>
    private let cache: ObjectCache?

    private struct AnyHashableForm: Hashable, @unchecked Sendable {
      let form: AnyHashable
    }

    /// A library without any functions yet.
    package init(_ library: LLVMLibrary, cache: ObjectCache?) {
      self.library = library
      linker = Mutex(Linker(library.functions))
      self.cache = cache
    }

    /// How many functions there are, whether they were compiled here or found on disk.
    package var functionCount: Int { known.withLock { $0.values.count { $0 != nil } } }

    /// The code of each form, compiled where it is not known yet; nil where a form has none.
    ///
    /// Missing ones are compiled on all processors.
    func code(for forms: [any CodeForm]) -> [Code?] {
      let keys = forms.map { AnyHashableForm(form: AnyHashable($0)) }
      var missing: [(key: AnyHashableForm, form: any CodeForm)] = []
      known.withLock { known in
        var seen = Set<AnyHashableForm>()
        for (key, form) in zip(keys, forms) where known[key] == nil && seen.insert(key).inserted {
          missing.append((key, form))
        }
      }
      let work = missing
      if work.count > 1 {
        DispatchQueue.concurrentPerform(iterations: work.count) { index in
          compile(work[index].key, work[index].form)
        }
      } else if let only = work.first {
        compile(only.key, only.form)
      }
      return known.withLock { known in keys.map { known[$0] ?? nil } }
    }

    private func compile(_ key: AnyHashableForm, _ form: any CodeForm) {
      let code = form.emit(library).flatMap(machineCode)
      known.withLock { $0[key] = .some(code) }
    }

    private func machineCode(_ emitter: Emitter) -> Code? {
      let llvm = library.functions
      guard let text = llvm.PrintModuleToString(emitter.module) else { return nil }
      defer { llvm.DisposeMessage(text) }
      let key = ObjectKey(
        text: UnsafeBufferPointer(start: text, count: strlen(text)),
        machine: library.machine.description)
      emitter.rename(key.symbol)
      if let object = cache?.object(key), let code = link(object, key) { return code }
      guard let object = emitter.object() else { return nil }
      cache?.keep(object, key)
      return link(object, key)
    }

    private func link(_ object: [UInt8], _ key: ObjectKey) -> Code? {
      linker.withLock { $0.link(object, symbol: key.symbol) }
    }
  }

  /// LLVM's linker of this process.
  private struct Linker: @unchecked Sendable {
    private let llvm: DataflowLLVM
    private let jit: LLVMOrcLLJITRef?
    private var linked: [String: Code] = [:]

    init(_ llvm: DataflowLLVM) {
      self.llvm = llvm
      var jit: LLVMOrcLLJITRef?
      Self.consume(llvm, llvm.OrcCreateLLJIT(&jit, nil))
      self.jit = jit
      guard let jit else { return }
      // What code calls of the C library.
      var generator: LLVMOrcDefinitionGeneratorRef?
      Self.consume(
        llvm,
        llvm.OrcCreateDynamicLibrarySearchGeneratorForProcess(
          &generator, llvm.OrcLLJITGetGlobalPrefix(jit), nil, nil))
      if let generator {
        llvm.OrcJITDylibAddGenerator(llvm.OrcLLJITGetMainJITDylib(jit), generator)
      }
    }

    mutating func link(_ object: [UInt8], symbol: String) -> Code? {
      if let code = linked[symbol] { return code }
      guard let jit else { return nil }
      let buffer = object.withUnsafeBytes { bytes in
        llvm.CreateMemoryBufferWithMemoryRangeCopy(
          bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, symbol)
      }
      let main = llvm.OrcLLJITGetMainJITDylib(jit)
      if Self.consume(llvm, llvm.OrcLLJITAddObjectFile(jit, main, buffer)) { return nil }
      var address: LLVMOrcExecutorAddress = 0
      if Self.consume(llvm, llvm.OrcLLJITLookup(jit, &address, symbol)) { return nil }
      guard let pointer = UnsafeRawPointer(bitPattern: UInt(address)) else { return nil }
      let code = Code(address: pointer)
      linked[symbol] = code
      return code
    }

    /// Whether there was an error, which is let go of.
    @discardableResult
    private static func consume(_ llvm: DataflowLLVM, _ error: LLVMErrorRef?) -> Bool {
      guard let error else { return false }
      llvm.ConsumeError(error)
      return true
    }
  }

  extension Emitter {
    /// Gives the function its name.
    func rename(_ symbol: String) {
      llvm.SetValueName2(function, symbol, symbol.utf8.count)
    }

    /// The object file of the module; nil if it does not hold together.
    func object() -> [UInt8]? {
      var message: UnsafeMutablePointer<CChar>?
      if llvm.VerifyModule(module, LLVMReturnStatusAction, &message) != 0 {
        let text = message.map { String(cString: $0) } ?? ""
        preconditionFailure("LLVM finds the emitted code wrong: \(text)")
      }
      if let message { llvm.DisposeMessage(message) }
      guard let target = machine.makeTargetMachine(llvm) else { return nil }
      defer { llvm.DisposeTargetMachine(target) }
      let layout = llvm.CreateTargetDataLayout(target)
      llvm.SetModuleDataLayout(module, layout)
      llvm.DisposeTargetData(layout)
      var buffer: LLVMMemoryBufferRef?
      var failure: UnsafeMutablePointer<CChar>?
      let failed = llvm.TargetMachineEmitToMemoryBuffer(
        target, module, LLVMObjectFile, &failure, &buffer)
      if failed != 0 {
        if let failure { llvm.DisposeMessage(failure) }
        return nil
      }
      guard let buffer else { return nil }
      defer { llvm.DisposeMemoryBuffer(buffer) }
      let bytes = UnsafeRawBufferPointer(
        start: llvm.GetBufferStart(buffer), count: llvm.GetBufferSize(buffer))
      return Array(bytes)
    }
  }
#endif

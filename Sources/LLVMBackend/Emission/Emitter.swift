#if LLVM
  import CLLVM
  import TensorCore

  /// A module of one function under construction, as LLVM sees it.
  ///
  /// No passes run over what is emitted: invariant values are emitted outside of their loops, and
  /// accumulators are carried by loops, so that instruction selection alone gives good code.
  final class Emitter {
    /// The name of the function until the module's text is known.
    static let functionName = "kernel"

    let llvm: DataflowLLVM
    let machine: HostMachine
    let context: LLVMContextRef?
    let module: LLVMModuleRef?
    let builder: LLVMBuilderRef?
    private(set) var function: IRValue
    /// Where values are emitted that the whole function shares.
    private let entry: IRBlock

    /// A function of the given parameters that returns a 32-bit status.
    init(_ library: LLVMLibrary, parameters: [ParameterType]) {
      llvm = library.functions
      machine = library.machine
      context = llvm.ContextCreate()
      module = llvm.ModuleCreateWithNameInContext("kernel", context)
      builder = llvm.CreateBuilderInContext(context)
      llvm.SetTarget(module, library.machine.triple)
      let byte: IRType = llvm.PointerType(llvm.Int8TypeInContext(context), 0)
      let long: IRType = llvm.Int64TypeInContext(context)
      var types: [IRType] = parameters.map { $0 == .pointer ? byte : long }
      let type = llvm.FunctionType(
        llvm.Int32TypeInContext(context), &types, UInt32(types.count), 0)
      function = llvm.AddFunction(module, Self.functionName, type)
      entry = llvm.AppendBasicBlockInContext(context, function, "entry")
      let start: IRBlock = llvm.AppendBasicBlockInContext(context, function, "start")
      llvm.PositionBuilderAtEnd(builder, entry)
      _ = llvm.BuildBr(builder, start)
      llvm.PositionBuilderAtEnd(builder, start)
    }

    deinit {
      llvm.DisposeBuilder(builder)
      llvm.DisposeModule(module)
      llvm.ContextDispose(context)
    }

    enum ParameterType { case pointer, integer }

    func parameter(_ index: Int) -> IRValue { llvm.GetParam(function, UInt32(index)) }

    // MARK: Types

    var boolType: IRType { llvm.Int1TypeInContext(context) }
    var byteType: IRType { llvm.Int8TypeInContext(context) }
    var int32Type: IRType { llvm.Int32TypeInContext(context) }
    var int64Type: IRType { llvm.Int64TypeInContext(context) }
    var pointerType: IRType { pointer(to: byteType) }

    func pointer(to type: IRType) -> IRType { llvm.PointerType(type, 0) }

    /// The type of an element in a register: a `bool` is one bit, a `bfloat16` its bits.
    func type(_ dtype: DType) -> IRType {
      switch dtype {
      case .float32: llvm.FloatTypeInContext(context)
      case .float64: llvm.DoubleTypeInContext(context)
      case .float16: llvm.HalfTypeInContext(context)
      case .bool: boolType
      default: llvm.IntTypeInContext(context, UInt32(8 * (dtype.byteCount ?? 8)))
      }
    }

    func type(_ dtype: DType, count: Int?) -> IRType {
      guard let count else { return type(dtype) }
      return llvm.VectorType(type(dtype), UInt32(count))
    }

    // MARK: Integers and addresses

    func integer(_ value: Int) -> IRValue {
      llvm.ConstInt(int64Type, UInt64(bitPattern: Int64(value)), 1)
    }

    func add(_ a: IRValue, _ b: IRValue) -> IRValue {
      llvm.BuildAdd(builder, a, b, "")
    }
    func subtract(_ a: IRValue, _ b: IRValue) -> IRValue {
      llvm.BuildSub(builder, a, b, "")
    }
    func multiply(_ a: IRValue, _ b: IRValue) -> IRValue {
      llvm.BuildMul(builder, a, b, "")
    }
    func and(_ a: IRValue, _ b: IRValue) -> IRValue {
      llvm.BuildAnd(builder, a, b, "")
    }
    func isLess(_ a: IRValue, _ b: IRValue) -> IRValue {
      llvm.BuildICmp(builder, LLVMIntSLT, a, b, "")
    }
    func select(_ condition: IRValue, _ a: IRValue, _ b: IRValue) -> IRValue {
      llvm.BuildSelect(builder, condition, a, b, "")
    }
    func least(_ a: IRValue, _ b: IRValue) -> IRValue { select(isLess(a, b), a, b) }

    /// The address of the `index`th element of a type.
    func address(_ base: IRValue, _ index: IRValue, of type: IRType) -> IRValue {
      var indices: [IRValue] = [index]
      let typed = llvm.BuildBitCast(builder, base, pointer(to: type), "")
      return llvm.BuildGEP2(builder, type, typed, &indices, 1, "")
    }

    func load(_ type: IRType, _ address: IRValue, alignment: Int) -> IRValue {
      let typed = llvm.BuildBitCast(builder, address, pointer(to: type), "")
      let value: IRValue = llvm.BuildLoad2(builder, type, typed, "")
      llvm.SetAlignment(value, UInt32(alignment))
      return value
    }

    func store(_ value: IRValue, _ address: IRValue, alignment: Int) {
      let typed = llvm.BuildBitCast(builder, address, pointer(to: llvm.TypeOf(value)), "")
      llvm.SetAlignment(llvm.BuildStore(builder, value, typed), UInt32(alignment))
    }

    // MARK: Blocks

    /// Emits once for the whole function, before anything else runs.
    func atEntry<Result>(_ body: () -> Result) -> Result {
      let current = llvm.GetInsertBlock(builder)
      llvm.PositionBuilderBefore(builder, llvm.GetBasicBlockTerminator(entry))
      defer { llvm.PositionBuilderAtEnd(builder, current) }
      return body()
    }

    /// Memory of the function's own, on its stack.
    func reserve(_ type: IRType, count: Int = 1) -> IRValue {
      atEntry {
        let memory: IRValue = llvm.BuildAlloca(
          builder, llvm.ArrayType(type, UInt32(count)), "")
        llvm.SetAlignment(memory, 64)
        return llvm.BuildBitCast(builder, memory, pointerType, "")
      }
    }

    func appendBlock() -> IRBlock {
      llvm.AppendBasicBlockInContext(context, function, "")
    }

    var currentBlock: IRBlock { llvm.GetInsertBlock(builder) }

    /// Emits `body` so that it runs only if the condition holds.
    func when(_ condition: IRValue, _ body: () -> Void) {
      let (inside, after) = (appendBlock(), appendBlock())
      _ = llvm.BuildCondBr(builder, condition, inside, after)
      llvm.PositionBuilderAtEnd(builder, inside)
      body()
      _ = llvm.BuildBr(builder, after)
      llvm.PositionBuilderAtEnd(builder, after)
    }

    /// A loop of `from`, `from + step`, … below `end`.
    ///
    /// - Parameters:
    ///   - carried: values that each round takes from the one before.
    /// - Returns: the values after the last round.
    @discardableResult
    func loop(
      from start: IRValue, to end: IRValue, step: Int = 1,
      carrying carried: [IRValue] = [],
      _ body: (_ index: IRValue, _ carried: [IRValue]) -> [IRValue]
    ) -> [IRValue] {
      let (before, inside, after) = (currentBlock, appendBlock(), appendBlock())
      _ = llvm.BuildCondBr(builder, isLess(start, end), inside, after)
      llvm.PositionBuilderAtEnd(builder, inside)
      let index: IRValue = llvm.BuildPhi(builder, int64Type, "")
      let inner: [IRValue] = carried.map { llvm.BuildPhi(builder, llvm.TypeOf($0), "") }
      let results = body(index, inner)
      let next = add(index, integer(step))
      let last = currentBlock
      _ = llvm.BuildCondBr(builder, isLess(next, end), inside, after)
      connect(index, [(start, before), (next, last)])
      for (place, phi) in inner.enumerated() {
        connect(phi, [(carried[place], before), (results[place], last)])
      }
      llvm.PositionBuilderAtEnd(builder, after)
      return carried.indices.map { place in
        let phi: IRValue = llvm.BuildPhi(builder, llvm.TypeOf(carried[place]), "")
        connect(phi, [(carried[place], before), (results[place], last)])
        return phi
      }
    }

    private func connect(_ phi: IRValue, _ edges: [(IRValue, IRBlock)]) {
      var values: [IRValue] = edges.map(\.0)
      var blocks: [IRBlock] = edges.map(\.1)
      llvm.AddIncoming(phi, &values, &blocks, UInt32(edges.count))
    }

    /// Ends the function.
    func finish(status: IRValue = nil) {
      _ = llvm.BuildRet(builder, status ?? llvm.ConstInt(int32Type, 0, 0))
    }

    // MARK: Functions

    /// Calls one of LLVM's intrinsics, overloaded on the given types.
    func intrinsic(_ name: String, _ overloads: [IRType], _ arguments: [IRValue])
      -> IRValue
    {
      let id = llvm.LookupIntrinsicID(name, name.utf8.count)
      var types: [IRType] = overloads
      let function: IRValue = llvm.GetIntrinsicDeclaration(module, id, &types, types.count)
      return call(function, arguments)
    }

    /// Calls a function of the C library whose arguments and result have one type.
    func external(_ name: String, _ type: IRType, _ arguments: [IRValue]) -> IRValue {
      var function: IRValue = llvm.GetNamedFunction(module, name)
      if function == nil {
        var types = [IRType](repeating: type, count: arguments.count)
        function = llvm.AddFunction(
          module, name, llvm.FunctionType(type, &types, UInt32(types.count), 0))
      }
      return call(function, arguments)
    }

    private func call(_ function: IRValue, _ arguments: [IRValue]) -> IRValue {
      let type = llvm.GlobalGetValueType(function)
      var values: [IRValue] = arguments
      return llvm.BuildCall2(builder, type, function, &values, UInt32(values.count), "")
    }
  }
#endif

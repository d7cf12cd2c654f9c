// Headers and a table: the functions are reached through pointers that dlopen fills on first use, so
// that a program which never compiles a kernel does not pay for loading libLLVM, and starts where
// there is none.
#include <dlfcn.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm/Config/llvm-config.h>
#include <stdio.h>

// Every function that the backend calls, without its prefix.
#define DATAFLOW_LLVM_FUNCTIONS(use) \
  use(AddFunction) \
  use(AddIncoming) \
  use(AppendBasicBlockInContext) \
  use(ArrayType) \
  use(BuildAShr) \
  use(BuildAdd) \
  use(BuildAlloca) \
  use(BuildAnd) \
  use(BuildBitCast) \
  use(BuildBr) \
  use(BuildCall2) \
  use(BuildCondBr) \
  use(BuildExtractElement) \
  use(BuildFAdd) \
  use(BuildFCmp) \
  use(BuildFDiv) \
  use(BuildFMul) \
  use(BuildFNeg) \
  use(BuildFPExt) \
  use(BuildFPToSI) \
  use(BuildFPToUI) \
  use(BuildFPTrunc) \
  use(BuildFRem) \
  use(BuildFSub) \
  use(BuildGEP2) \
  use(BuildICmp) \
  use(BuildInsertElement) \
  use(BuildLShr) \
  use(BuildLoad2) \
  use(BuildMul) \
  use(BuildNeg) \
  use(BuildNot) \
  use(BuildOr) \
  use(BuildPhi) \
  use(BuildRet) \
  use(BuildSDiv) \
  use(BuildSExt) \
  use(BuildSIToFP) \
  use(BuildSRem) \
  use(BuildSelect) \
  use(BuildShl) \
  use(BuildShuffleVector) \
  use(BuildStore) \
  use(BuildSub) \
  use(BuildTrunc) \
  use(BuildUDiv) \
  use(BuildUIToFP) \
  use(BuildURem) \
  use(BuildXor) \
  use(BuildZExt) \
  use(ConstBitCast) \
  use(ConstInt) \
  use(ConstNull) \
  use(ConstReal) \
  use(ConstVector) \
  use(ConsumeError) \
  use(ContextCreate) \
  use(ContextDispose) \
  use(CreateBuilderInContext) \
  use(CreateMemoryBufferWithMemoryRangeCopy) \
  use(CreateTargetDataLayout) \
  use(CreateTargetMachine) \
  use(DisposeBuilder) \
  use(DisposeMemoryBuffer) \
  use(DisposeMessage) \
  use(DisposeModule) \
  use(DisposeTargetData) \
  use(DisposeTargetMachine) \
  use(DoubleTypeInContext) \
  use(FloatTypeInContext) \
  use(FunctionType) \
  use(GetBasicBlockTerminator) \
  use(GetBufferSize) \
  use(GetBufferStart) \
  use(GetDefaultTargetTriple) \
  use(GetHostCPUFeatures) \
  use(GetHostCPUName) \
  use(GetInsertBlock) \
  use(GetIntrinsicDeclaration) \
  use(GetNamedFunction) \
  use(GetParam) \
  use(GetTargetFromTriple) \
  use(GlobalGetValueType) \
  use(GetUndef) \
  use(HalfTypeInContext) \
  use(Int1TypeInContext) \
  use(Int32TypeInContext) \
  use(Int64TypeInContext) \
  use(Int8TypeInContext) \
  use(IntTypeInContext) \
  use(LookupIntrinsicID) \
  use(ModuleCreateWithNameInContext) \
  use(OrcCreateDynamicLibrarySearchGeneratorForProcess) \
  use(OrcCreateLLJIT) \
  use(OrcJITDylibAddGenerator) \
  use(OrcLLJITAddObjectFile) \
  use(OrcLLJITGetGlobalPrefix) \
  use(OrcLLJITGetMainJITDylib) \
  use(OrcLLJITLookup) \
  use(PointerType) \
  use(PositionBuilderAtEnd) \
  use(PositionBuilderBefore) \
  use(PrintModuleToString) \
  use(SetAlignment) \
  use(SetModuleDataLayout) \
  use(SetTarget) \
  use(SetValueName2) \
  use(TargetMachineEmitToMemoryBuffer) \
  use(TypeOf) \
  use(VectorType) \
  use(VerifyModule) \
  use(VoidTypeInContext)

#define DATAFLOW_DECLARE(name) __typeof__(LLVM##name) *name;
typedef struct {
  DATAFLOW_LLVM_FUNCTIONS(DATAFLOW_DECLARE)
} DataflowLLVM;
#undef DATAFLOW_DECLARE

// The library of the headers' version under one of the names that distributions give it.
static inline void *dataflow_llvm_open(void) {
  const char *patterns[] = {"libLLVM-%d.so.1", "libLLVM-%d.so", "libLLVM.so.%d.1", "libLLVM.so.%d"};
  for (unsigned i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    char name[64];
    snprintf(name, sizeof name, patterns[i], LLVM_VERSION_MAJOR);
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library) return library;
  }
  return NULL;
}

// Registers this machine's target; returns NULL, or the name of what is missing.
#define DATAFLOW_TEXT_OF(name) #name
#define DATAFLOW_TEXT(name) DATAFLOW_TEXT_OF(name)
static inline const char *dataflow_llvm_initialize(void *library) {
  const char *names[] = {DATAFLOW_TEXT(LLVM_NATIVE_TARGETINFO), DATAFLOW_TEXT(LLVM_NATIVE_TARGET),
                         DATAFLOW_TEXT(LLVM_NATIVE_TARGETMC), DATAFLOW_TEXT(LLVM_NATIVE_ASMPRINTER)};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    void (*initialize)(void) = (void (*)(void))dlsym(library, names[i]);
    if (!initialize) return names[i];
    initialize();
  }
  return NULL;
}

// Fills the table; returns NULL, or the name of what is missing.
static inline const char *dataflow_llvm_load(DataflowLLVM *table) {
  void *library = dataflow_llvm_open();
  if (!library) return "libLLVM";
#define DATAFLOW_FIND(name) \
  table->name = (__typeof__(LLVM##name) *)dlsym(library, "LLVM" #name); \
  if (!table->name) return "LLVM" #name;
  DATAFLOW_LLVM_FUNCTIONS(DATAFLOW_FIND)
#undef DATAFLOW_FIND
  return dataflow_llvm_initialize(library);
}

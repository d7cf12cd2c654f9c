// Headers only: the functions are reached through `dataflow_llvm`, a table filled by dlopen on first
// use, so that a program which never compiles a kernel does not pay for loading libLLVM.
#include <llvm-c/Core.h>
#include <llvm/Config/llvm-config.h>

typedef struct {
  __typeof__(LLVMContextCreate) *ContextCreate;
  __typeof__(LLVMContextDispose) *ContextDispose;
} DataflowLLVMFunctions;

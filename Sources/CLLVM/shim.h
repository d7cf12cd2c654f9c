// Headers and a table: the functions are reached through pointers that dlopen fills on first use, so
// that a program which never compiles a kernel does not pay for loading libLLVM, and starts where
// there is none.
#include <dlfcn.h>
#include <llvm-c/Core.h>
#include <llvm/Config/llvm-config.h>
#include <stdio.h>

// Every function that the backend calls, without its prefix.
#define DATAFLOW_LLVM_FUNCTIONS(use) \
  use(ContextCreate) \
  use(ContextDispose) \
  use(ModuleCreateWithNameInContext) \
  use(DisposeModule)

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

// Fills the table; returns NULL, or the name of what is missing.
static inline const char *dataflow_llvm_load(DataflowLLVM *table) {
  void *library = dataflow_llvm_open();
  if (!library) return "libLLVM";
#define DATAFLOW_FIND(name) \
  table->name = (__typeof__(LLVM##name) *)dlsym(library, "LLVM" #name); \
  if (!table->name) return "LLVM" #name;
  DATAFLOW_LLVM_FUNCTIONS(DATAFLOW_FIND)
#undef DATAFLOW_FIND
  return NULL;
}

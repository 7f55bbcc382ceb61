#include "emit.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Target.h>

#include <dlfcn.h>
#include <stdlib.h>

struct jit {
  LLVMOrcLLJITRef engine;
};

/* Lets generated code call the C library's functions of this process. */
static LLVMErrorRef resolve_from_process(LLVMOrcLLJITRef engine) {
  LLVMOrcDefinitionGeneratorRef generator = NULL;
  char prefix = LLVMOrcLLJITGetGlobalPrefix(engine);
  LLVMErrorRef error = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&generator, prefix, NULL, NULL);
  if (!error) LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(engine), generator);
  return error;
}

/* What code for --contract=openblas calls; loaded only for it, since loading it starts threads. */
bool jit_load_openblas(void) { return dlopen("libopenblas.so.0", RTLD_NOW | RTLD_GLOBAL) != NULL; }

static LLVMErrorRef add_object(LLVMOrcLLJITRef engine, const void *object, size_t size) {
  LLVMMemoryBufferRef copy = LLVMCreateMemoryBufferWithMemoryRangeCopy(object, size, "model");
  return LLVMOrcLLJITAddObjectFile(engine, LLVMOrcLLJITGetMainJITDylib(engine), copy);
}

struct jit *jit_load(const void *object, size_t size, const char **error) {
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  struct jit *j = calloc(1, sizeof *j);
  if (!j) {
    *error = "out of memory";
    return NULL;
  }
  LLVMErrorRef failure = LLVMOrcCreateLLJIT(&j->engine, NULL);
  if (!failure) failure = resolve_from_process(j->engine);
  if (!failure) failure = add_object(j->engine, object, size);
  if (!failure) return j;
  LLVMConsumeError(failure);
  jit_free(j);
  *error = "LLVM cannot load the object into this process";
  return NULL;
}

void *jit_symbol(struct jit *j, const char *name) {
  LLVMOrcExecutorAddress address = 0;
  LLVMErrorRef error = LLVMOrcLLJITLookup(j->engine, &address, name);
  if (!error) return (void *)(uintptr_t)address;
  LLVMConsumeError(error);
  return NULL;
}

void jit_free(struct jit *j) {
  if (!j) return;
  if (j->engine) LLVMConsumeError(LLVMOrcDisposeLLJIT(j->engine));
  free(j);
}

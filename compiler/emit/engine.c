#include "engine.h"

#include "codegen.h"

#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>

#include <stdlib.h>
#include <string.h>

struct engine {
  struct arena *arena; /* of the names of the target */
  LLVMOrcLLJITRef jit;
  struct code_host host;
  struct target target;
  int64_t loads; /* so far: names must differ while they are loaded */
};

static bool refuse(LLVMErrorRef failure, const char *what, const char **error) {
  if (!failure) return true;
  LLVMConsumeError(failure);
  *error = what;
  return false;
}

/* Lets generated code call the C library's functions of this process. */
static bool open_linker(struct engine *e, const char **error) {
  LLVMOrcDefinitionGeneratorRef generator = NULL;
  if (!refuse(LLVMOrcCreateLLJIT(&e->jit, NULL), "LLVM cannot load code into this process", error)) return false;
  char prefix = LLVMOrcLLJITGetGlobalPrefix(e->jit);
  if (!refuse(LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&generator, prefix, NULL, NULL),
              "LLVM cannot read the symbols of this process", error))
    return false;
  LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(e->jit), generator);
  return true;
}

struct engine *engine_new(struct arena *a, const char **error) {
  const struct target native = {NULL, NULL, false};
  struct engine *e = calloc(1, sizeof *e);
  *error = "out of memory";
  if (!e) return NULL;
  e->arena = arena_new();
  e->host.handle = target_open(e->arena, &native, &e->target, &e->host.machine, error);
  if (e->host.handle && open_linker(e, error)) return e;
  *error = arena_strdup(a, *error);
  engine_free(e);
  return NULL;
}

void engine_free(struct engine *e) {
  if (!e) return;
  if (e->jit) LLVMConsumeError(LLVMOrcDisposeLLJIT(e->jit));
  if (e->host.handle) LLVMDisposeTargetMachine(e->host.handle);
  arena_free(e->arena);
  free(e);
}

const struct machine *engine_machine(const struct engine *e) { return &e->host.machine; }
const struct target *engine_target(const struct engine *e) { return &e->target; }

static bool find(struct engine *e, struct arena *a, const char *prefix, const char *name, hrm_entry **out,
                 const char **error) {
  LLVMOrcExecutorAddress address = 0;
  const char *symbol = arena_printf(a, "%s_%s", prefix, name);
  if (!refuse(LLVMOrcLLJITLookup(e->jit, &address, symbol), "LLVM cannot link the generated code", error))
    return false;
  void *pointer = (void *)(uintptr_t)address;
  memcpy(out, &pointer, sizeof *out);
  return true;
}

static bool load_object(struct engine *e, struct arena *a, const struct emitted *object, const char *prefix,
                        struct loaded_code *out, const char **error) {
  LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(e->jit);
  LLVMOrcResourceTrackerRef tracker = LLVMOrcJITDylibCreateResourceTracker(library);
  LLVMMemoryBufferRef copy = LLVMCreateMemoryBufferWithMemoryRangeCopy(object->bytes, object->size, prefix);
  out->tracker = tracker;
  return refuse(LLVMOrcLLJITAddObjectFileWithRT(e->jit, tracker, copy), "LLVM cannot read the generated code",
                error) &&
         find(e, a, prefix, "prepare", &out->prepare, error) && find(e, a, prefix, "forward", &out->forward, error) &&
         find(e, a, prefix, "train", &out->train, error) && find(e, a, prefix, "trace", &out->trace, error);
}

bool engine_load(struct engine *e, struct arena *a, const struct plan *plan, struct loaded_code *out,
                 const char **error) {
  struct emitted object;
  struct code_host host = e->host;
  *out = (struct loaded_code){0};
  host.prefix = arena_printf(a, "code%lld", (long long)e->loads++);
  if (!emit_with(a, plan, NULL, &host, EMIT_OBJECT, &object, error)) return false;
  bool loaded = load_object(e, a, &object, host.prefix, out, error);
  emitted_free(&object);
  if (!loaded) engine_unload(e, out);
  return loaded;
}

void engine_unload(struct engine *e, struct loaded_code *code) {
  if (code->tracker) {
    LLVMConsumeError(LLVMOrcResourceTrackerRemove(code->tracker));
    LLVMOrcReleaseResourceTracker(code->tracker);
    LLVMOrcSymbolStringPoolClearDeadEntries(
        LLVMOrcExecutionSessionGetSymbolStringPool(LLVMOrcLLJITGetExecutionSession(e->jit)));
  }
  *code = (struct loaded_code){0};
}

#include "engine.h"

#include "emission.h"

#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Kernels that plans share; given up as a whole. */
struct generation {
  struct arena *arena; /* of the texts and names */
  struct kept_kernel {
    uint64_t hash; /* of the text */
    const char *text, *name;
  } * kernels;
  int kernel_count, kernel_capacity;
  int loaded; /* kernels that are linked; those behind them belong to the plan that is being loaded */
  LLVMOrcResourceTrackerRef *trackers;
  int tracker_count, tracker_capacity;
  int users; /* loaded plans */
};

enum { KEPT_KERNELS = 512 };

struct engine {
  int kept_kernels;              /* of a generation */
  struct generation *generation; /* the youngest; older ones go with their last user */
  int64_t kernels;               /* named so far */
  struct arena *arena;           /* of the names of the target */
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

static void generation_free(struct engine *e, struct generation *g);

struct engine *engine_new(struct arena *a, const struct target *wanted, const char **error) {
  struct engine *e = calloc(1, sizeof *e);
  *error = "out of memory";
  if (!e) return NULL;
  e->kept_kernels = KEPT_KERNELS;
  e->host.openblas = wanted->openblas;
  e->arena = arena_new_guarded(arena_guard(a));
  e->host.handle = target_open(e->arena, wanted, &e->target, &e->host.machine, error);
  if (e->host.handle && open_linker(e, error)) return e;
  *error = arena_strdup(a, *error);
  engine_free(e);
  return NULL;
}

void engine_free(struct engine *e) {
  if (!e) return;
  if (e->generation) generation_free(e, e->generation);
  if (e->jit) LLVMConsumeError(LLVMOrcDisposeLLJIT(e->jit));
  if (e->host.handle) LLVMDisposeTargetMachine(e->host.handle);
  arena_free(e->arena);
  free(e);
}

const struct machine *engine_machine(const struct engine *e) { return &e->host.machine; }
const struct target *engine_target(const struct engine *e) { return &e->target; }

/* The address of a function, into the pointer that *out is. */
static bool find(struct engine *e, struct arena *a, const char *prefix, const char *name, void *out,
                 const char **error) {
  LLVMOrcExecutorAddress address = 0;
  const char *symbol = arena_printf(a, "%s_%s", prefix, name);
  if (!refuse(LLVMOrcLLJITLookup(e->jit, &address, symbol), "LLVM cannot link the generated code", error))
    return false;
  void *pointer = (void *)(uintptr_t)address;
  memcpy(out, &pointer, sizeof pointer);
  return true;
}

static void remove_tracker(struct engine *e, LLVMOrcResourceTrackerRef tracker) {
  LLVMConsumeError(LLVMOrcResourceTrackerRemove(tracker));
  LLVMOrcReleaseResourceTracker(tracker);
  LLVMOrcSymbolStringPoolClearDeadEntries(
      LLVMOrcExecutionSessionGetSymbolStringPool(LLVMOrcLLJITGetExecutionSession(e->jit)));
}

/* ---- shared kernels ---- */

static struct generation *generation_new(struct guard *guard) {
  struct arena *a = arena_new_guarded(guard);
  struct generation *g = arena_new_object(a, struct generation);
  g->arena = a;
  return g;
}

static void generation_free(struct engine *e, struct generation *g) {
  for (int i = 0; i < g->tracker_count; i++) remove_tracker(e, g->trackers[i]);
  arena_free(g->arena);
}

/* Gives up what nothing uses. */
static void release(struct engine *e, struct generation *g) {
  if (g && g != e->generation && g->users == 0) generation_free(e, g);
}

static uint64_t hash_of(const char *text) { /* FNV-1a */
  uint64_t hash = UINT64_C(14695981039346656037);
  for (; *text; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
  return hash;
}

static const char *kept_name(void *context, const char *text, bool *is_new) {
  struct engine *e = context;
  struct generation *g = e->generation;
  uint64_t hash = hash_of(text);
  *is_new = false;
  for (int i = 0; i < g->kernel_count; i++)
    if (g->kernels[i].hash == hash && !strcmp(g->kernels[i].text, text)) return g->kernels[i].name;
  *is_new = true;
  struct kept_kernel kept = {hash, arena_strdup(g->arena, text),
                             arena_printf(g->arena, "kernel%lld", (long long)e->kernels++)};
  arena_push(g->arena, g->kernels, g->kernel_count, g->kernel_capacity, kept);
  return kept.name;
}

static void renew_generation(struct engine *e) {
  struct generation *old = e->generation;
  if (old && old->kernel_count < e->kept_kernels) return;
  e->generation = generation_new(arena_guard(e->arena));
  release(e, old);
}

/* ---- loading ---- */

static LLVMOrcResourceTrackerRef new_tracker(struct engine *e) {
  return LLVMOrcJITDylibCreateResourceTracker(LLVMOrcLLJITGetMainJITDylib(e->jit));
}

static bool add_object(struct engine *e, LLVMOrcResourceTrackerRef tracker, const struct emitted *object,
                       const char *name, const char **error) {
  LLVMMemoryBufferRef copy = LLVMCreateMemoryBufferWithMemoryRangeCopy(object->bytes, object->size, name);
  return refuse(LLVMOrcLLJITAddObjectFileWithRT(e->jit, tracker, copy), "LLVM cannot read the generated code", error);
}

static bool add_kernels(struct engine *e, struct generation *g, const struct emitted_objects *objects,
                        const char **error) {
  if (objects->count == 1) return true;
  arena_push(g->arena, g->trackers, g->tracker_count, g->tracker_capacity, new_tracker(e));
  LLVMOrcResourceTrackerRef tracker = g->trackers[g->tracker_count - 1];
  for (int i = 1; i < objects->count; i++)
    if (!add_object(e, tracker, &objects->objects[i], "kernels", error)) return false;
  return true;
}

static bool link_code(struct engine *e, struct arena *a, const struct emitted_objects *objects, const char *prefix,
                      struct loaded_code *out, const char **error) {
  out->tracker = new_tracker(e);
  return add_object(e, out->tracker, &objects->objects[0], "functions", error) &&
         add_kernels(e, e->generation, objects, error) && find(e, a, prefix, "pack", &out->pack, error) &&
         find(e, a, prefix, "prepare", &out->prepare, error) && find(e, a, prefix, "forward", &out->forward, error) &&
         find(e, a, prefix, "train", &out->train, error) && find(e, a, prefix, "trace", &out->trace, error);
}

static bool generate_and_link(struct engine *e, struct arena *a, const struct plan *plan, struct loaded_code *out,
                              const char **error) {
  struct code_host host = e->host;
  host.prefix = arena_printf(a, "code%lld", (long long)e->loads++);
  host.kernel_name = kept_name;
  host.kernel_context = e;
  struct emitted_objects *objects = emit_objects_for(a, plan, NULL, &host, error);
  if (!objects) return false;
  bool linked = link_code(e, a, objects, host.prefix, out, error);
  emit_release(objects);
  return linked;
}

bool engine_load(struct engine *e, struct arena *a, const struct plan *plan, struct loaded_code *out,
                 const char **error) {
  *out = (struct loaded_code){0};
  renew_generation(e);
  struct generation *g = e->generation;
  g->kernel_count = g->loaded;
  if (!generate_and_link(e, a, plan, out, error)) {
    engine_unload(e, out);
    return false;
  }
  g->loaded = g->kernel_count;
  g->users++;
  out->generation = g;
  return true;
}

bool emit_load_openblas(void) { return dlopen("libopenblas.so.0", RTLD_NOW | RTLD_GLOBAL) != NULL; }

void engine_keep(struct engine *e, int kernels) { e->kept_kernels = kernels; }

void engine_unload(struct engine *e, struct loaded_code *code) {
  if (code->tracker) remove_tracker(e, code->tracker);
  if (code->generation) {
    code->generation->users--;
    release(e, code->generation);
  }
  *code = (struct loaded_code){0};
}

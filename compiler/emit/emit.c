#include "emission.h"

#include <llvm-c/Analysis.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- modules ---- */

static void codegen_close(void *codegen) {
  struct codegen *g = codegen;
  if (!g->context) return;
  LLVMDisposeBuilder(g->builder);
  LLVMDisposeModule(g->module);
  LLVMContextDispose(g->context);
  g->context = NULL;
}

static LLVMModuleRef module_new(LLVMContextRef context, const char *name, LLVMTargetMachineRef machine) {
  LLVMModuleRef module = LLVMModuleCreateWithNameInContext(name, context);
  char *triple = LLVMGetTargetMachineTriple(machine);
  LLVMSetTarget(module, triple);
  LLVMDisposeMessage(triple);
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
  LLVMSetModuleDataLayout(module, layout);
  LLVMDisposeTargetData(layout);
  return module;
}

struct codegen *codegen_new(struct arena *a, const struct code_host *host, int64_t tile, const char *module) {
  struct codegen *g = arena_new_object(a, struct codegen);
  *g = (struct codegen){.arena = a, .machine = host->machine, .tile = tile, .openblas = host->openblas};
  g->context = LLVMContextCreate();
  g->module = module_new(g->context, module, host->handle);
  g->builder = LLVMCreateBuilderInContext(g->context);
  g->pointer_type = LLVMPointerTypeInContext(g->context, 0);
  arena_defer(a, codegen_close, g);
  return g;
}

static void emit_description(struct codegen *g, const char *text) {
  LLVMValueRef bytes = LLVMConstStringInContext2(g->context, text, strlen(text), false);
  LLVMValueRef constant = LLVMAddGlobal(g->module, LLVMTypeOf(bytes), "hrm_model_description");
  LLVMSetInitializer(constant, bytes);
  LLVMSetGlobalConstant(constant, true);
}

/* ---- writing ---- */

static bool verify(struct codegen *g, const char **error) {
  char *message = NULL;
  bool broken = LLVMVerifyModule(g->module, LLVMReturnStatusAction, &message);
  if (broken) *error = arena_printf(g->arena, "the generated code is invalid: %s", message);
  LLVMDisposeMessage(message);
  return !broken;
}

void emit_release(struct emitted_objects *objects) {
  for (int i = 0; i < objects->count; i++) free((char *)objects->objects[i].bytes);
  objects->count = 0;
}

static void release(void *objects) { emit_release(objects); }

/* A place for code that is released with the arena, at whatever point the work is ended. */
static struct emitted_objects *objects_new(struct arena *a, int count) {
  struct emitted_objects *o = arena_new_object(a, struct emitted_objects);
  *o = (struct emitted_objects){.count = count};
  arena_defer(a, release, o);
  return o;
}

static bool copy_out(struct emitted *out, const char *bytes, size_t size) {
  char *copy = malloc(size + 1);
  if (!copy) return false;
  memcpy(copy, bytes, size);
  copy[size] = '\0';
  *out = (struct emitted){copy, size};
  return true;
}

static bool write_text(LLVMModuleRef module, struct emitted *out) {
  char *text = LLVMPrintModuleToString(module);
  bool done = copy_out(out, text, strlen(text));
  LLVMDisposeMessage(text);
  return done;
}

static bool write_machine_code(struct codegen *g, LLVMTargetMachineRef machine, LLVMCodeGenFileType type,
                               struct emitted *out, const char **error) {
  LLVMMemoryBufferRef buffer = NULL;
  char *message = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(machine, g->module, type, &message, &buffer)) {
    *error = arena_printf(g->arena, "code generation failed: %s", message);
    LLVMDisposeMessage(message);
    return false;
  }
  bool done = copy_out(out, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
  LLVMDisposeMemoryBuffer(buffer);
  return done;
}

static bool write(struct codegen *g, LLVMTargetMachineRef machine, enum emit_form form, struct emitted *out,
                  const char **error) {
  *error = g->error;
  if (g->error || !verify(g, error)) return false;
  *error = "out of memory";
  LLVMCodeGenFileType type = form == EMIT_OBJECT ? LLVMObjectFile : LLVMAssemblyFile;
  bool done = form == EMIT_LLVM ? write_text(g->module, out) : write_machine_code(g, machine, type, out, error);
  if (done) *error = NULL;
  return done;
}

/* ---- all in one file ---- */

static bool emit_plan_for(struct arena *a, const struct plan *plan, const char *description,
                          const struct code_host *host, enum emit_form form, struct emitted *out,
                          const char **error) {
  struct codegen *g = codegen_new(a, host, plan->tile, "model");
  struct emitted_objects *made = objects_new(a, 1);
  struct kernel_list called = {0};
  if (description) emit_description(g, description);
  emit_functions(g, plan, host, &called);
  for (int i = 0; i < called.count; i++)
    LLVMSetLinkage(emit_kernel(g, called.items[i].kernel, called.items[i].name), LLVMInternalLinkage);
  bool done = write(g, host->handle, form, &made->objects[0], error);
  *out = made->objects[0];
  codegen_close(g);
  return done;
}

/* ---- in parts, at the same time ---- */

/* An object in the making.  What it is made of is its own, so that a thread can work on it alone. */
struct part {
  const struct code_host *host;
  int64_t tile;
  bool quick;
  struct arena *arena;
  struct guard guard;
  struct codegen *g;
  struct kernel_list kernels; /* still to be generated */
  struct emitted *out;
  const char *error;
  pthread_t thread;
  bool has_thread, was_ended;
};

static void part_close(void *part) {
  struct part *p = part;
  arena_free(p->arena);
  p->arena = NULL;
}

static void dispose_target(void *handle) { LLVMDisposeTargetMachine(handle); }

static void part_open(struct part *p, struct arena *a, const struct plan *plan, const struct code_host *host,
                      bool quick, const char *module) {
  const struct guard *outer = arena_guard(a);
  *p = (struct part){.host = host, .tile = plan->tile, .quick = quick};
  p->guard.interrupted = outer ? outer->interrupted : NULL;
  p->arena = arena_new_guarded(&p->guard);
  arena_defer(a, part_close, p);
  p->g = codegen_new(p->arena, host, plan->tile, module);
}

/* Hidden: other parts call it directly. */
static void make_part(void *part) {
  struct part *p = part;
  LLVMTargetMachineRef handle = target_copy(p->host->handle, p->quick);
  arena_defer(p->arena, dispose_target, handle);
  for (int i = 0; i < p->kernels.count; i++)
    LLVMSetVisibility(emit_kernel(p->g, p->kernels.items[i].kernel, p->kernels.items[i].name), LLVMHiddenVisibility);
  write(p->g, handle, EMIT_OBJECT, p->out, &p->error);
}

static void *run_part(void *part) {
  struct part *p = part;
  p->was_ended = !guard_run(&p->guard, make_part, p);
  return NULL;
}

/* The first on this thread, which may leave no other behind. */
static void run_parts(struct part *parts, int count) {
  for (int i = 1; i < count; i++) {
    parts[i].has_thread = !pthread_create(&parts[i].thread, NULL, run_part, &parts[i]);
    if (!parts[i].has_thread) run_part(&parts[i]);
  }
  run_part(&parts[0]);
  for (int i = 1; i < count; i++)
    if (parts[i].has_thread) pthread_join(parts[i].thread, NULL);
}

/* True where all parts were made; ends the work of `a` where theirs was ended. */
static bool close_parts(struct arena *a, struct part *parts, int count, const char **error) {
  *error = NULL;
  for (int i = 0; i < count; i++) {
    struct part *p = &parts[i];
    if (p->was_ended) arena_fail(a, p->guard.cause, "%s", p->guard.text);
    if (p->error && !*error) *error = arena_strdup(a, p->error);
    part_close(p);
  }
  return !*error;
}

/* One by one in turn: kernels that follow each other are about as large. */
static void deal_kernels(struct part *parts, int count, const struct kernel_list *called) {
  for (int i = 0; i < called->count; i++) {
    struct part *p = &parts[i % count];
    arena_push(p->arena, p->kernels.items, p->kernels.count, p->kernels.capacity, called->items[i]);
  }
}

struct emitted_objects *emit_objects_for(struct arena *a, const struct plan *plan, const char *description,
                                         const struct code_host *host, const char **error) {
  enum { KERNELS_FOR_A_THREAD = 4 };
  struct part *parts = arena_new_array(a, struct part, EMIT_PARTS);
  struct kernel_list called = {0};
  part_open(&parts[0], a, plan, host, true, "functions");
  if (description) emit_description(parts[0].g, description);
  emit_functions(parts[0].g, plan, host, &called);
  int kernel_parts = (called.count + KERNELS_FOR_A_THREAD - 1) / KERNELS_FOR_A_THREAD;
  if (kernel_parts > EMIT_PARTS - 1) kernel_parts = EMIT_PARTS - 1;
  struct emitted_objects *made = objects_new(a, 1 + kernel_parts);
  for (int i = 1; i < made->count; i++) part_open(&parts[i], a, plan, host, false, "kernels");
  for (int i = 0; i < made->count; i++) parts[i].out = &made->objects[i];
  if (kernel_parts) deal_kernels(parts + 1, kernel_parts, &called);
  run_parts(parts, made->count);
  return close_parts(a, parts, made->count, error) ? made : NULL;
}

/* ---- for a target by name ---- */

bool emit_open(struct arena *a, const char **error) { /* it is linked with its caller */
  (void)a;
  *error = NULL;
  return true;
}

static bool host_open(struct arena *a, const struct target *target, struct code_host *host, const char **error) {
  struct target resolved;
  *host = (struct code_host){.openblas = target->openblas, .prefix = "hrm_model"};
  host->handle = target_open(a, target, &resolved, &host->machine, error);
  if (host->handle) arena_defer(a, dispose_target, host->handle);
  return host->handle;
}

bool emit_plan(struct arena *a, const struct plan *plan, const char *description, const struct target *target,
               enum emit_form form, struct emitted *out, const char **error) {
  struct code_host host;
  *out = (struct emitted){0};
  return host_open(a, target, &host, error) && emit_plan_for(a, plan, description, &host, form, out, error);
}

bool emit_objects(struct arena *a, const struct plan *plan, const char *description, const struct target *target,
                  struct emitted_objects *out, const char **error) {
  struct code_host host;
  *out = (struct emitted_objects){0};
  if (!host_open(a, target, &host, error)) return false;
  const struct emitted_objects *made = emit_objects_for(a, plan, description, &host, error);
  if (made) *out = *made;
  return made;
}

bool emit_resolve(struct arena *a, const struct target *wanted, struct target *resolved, struct machine *machine,
                  const char **error) {
  LLVMTargetMachineRef opened = target_open(a, wanted, resolved, machine, error);
  if (opened) LLVMDisposeTargetMachine(opened);
  resolved->openblas = wanted->openblas;
  return opened != NULL;
}

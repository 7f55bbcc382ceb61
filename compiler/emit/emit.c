#include "codegen.h"
#include "runtime/hrm.h"

#include <llvm-c/Analysis.h>

#include <stdlib.h>
#include <string.h>

struct emission {
  struct codegen g;
  const struct plan *plan;
  const char *prefix; /* of the functions' names */
  const struct code_host *host;
  LLVMModuleRef kernel_module; /* where kernels are generated: that of the functions, or one of their own */
  LLVMValueRef *kernels;       /* by form, as the functions' module knows them; NULL: not used yet */
  int generated;               /* kernels so far */
};

/* What a model function reads once from its struct hrm_tile. */
struct frame {
  LLVMValueRef n, member, members, finished;
  LLVMValueRef base[SPACE_IO]; /* of the spaces before it */
  LLVMValueRef tensors;
  LLVMValueRef around[CHAIN_MAX_LOOPS]; /* indices of the loops of the chain that is being generated */
  int around_count;
};

static LLVMTypeRef kernel_type(struct codegen *g, int access_count) {
  LLVMTypeRef *parameters = arena_new_array(g->arena, LLVMTypeRef, (size_t)(access_count + KERNEL_FIRST_BASE));
  for (int i = 0; i < KERNEL_FIRST_BASE; i++) parameters[i] = LLVMInt64TypeInContext(g->context);
  for (int i = 0; i < access_count; i++) parameters[i + KERNEL_FIRST_BASE] = g->pointer_type;
  unsigned count = (unsigned)(access_count + KERNEL_FIRST_BASE);
  return LLVMFunctionType(LLVMVoidTypeInContext(g->context), parameters, count, false);
}

static int kernel_accesses(const struct kernel *k, const struct access **accesses, struct access storage[3]) {
  if (k->kind == KERNEL_LOOP) {
    *accesses = k->loop.accesses;
    return k->loop.access_count;
  }
  storage[0] = k->contraction.a;
  storage[1] = k->contraction.b;
  storage[2] = k->contraction.c;
  *accesses = storage;
  return 3;
}

static void emit_body(struct codegen *g, const struct kernel *k) {
  if (k->kind == KERNEL_CONTRACTION && g->openblas && blas_can(g, &k->contraction))
    emit_blas(g, &k->contraction);
  else if (k->kind == KERNEL_CONTRACTION)
    emit_contraction(g, &k->contraction);
  else if (loop_is_transposition(&k->loop))
    emit_transposition(g, &k->loop);
  else
    emit_loop(g, &k->loop);
}

static LLVMValueRef generate_kernel(struct emission *e, const struct kernel *k, LLVMTypeRef type, const char *name,
                                    bool internal) {
  struct codegen *g = &e->g;
  struct codegen caller = *g;
  LLVMBasicBlockRef here = LLVMGetInsertBlock(g->builder);
  g->module = e->kernel_module;
  LLVMValueRef function = function_open(g, name, type, internal);
  g->member = LLVMGetParam(function, 1);
  g->members = LLVMGetParam(function, 2);
  g->is_shared = false;
  emit_body(g, k);
  function_close(g);
  caller.error = g->error;
  *g = caller;
  LLVMPositionBuilderAtEnd(g->builder, here);
  e->generated++;
  return function;
}

/* Generated in this module; or in another, now or for an earlier plan. */
static LLVMValueRef make_kernel(struct emission *e, const struct kernel *k, LLVMTypeRef type) {
  const struct kernel_form *form = &e->plan->forms[k->form];
  bool is_new = true;
  if (!e->host->kernel_name) return generate_kernel(e, k, type, form->name, true);
  const char *text = arena_printf(e->g.arena, "tile %lld %s", (long long)e->plan->tile, form->signature);
  const char *name = e->host->kernel_name(e->host->kernel_context, text, &is_new);
  if (is_new) generate_kernel(e, k, type, name, false);
  return LLVMAddFunction(e->g.module, name, type);
}

static LLVMValueRef kernel_function(struct emission *e, const struct kernel *k, LLVMTypeRef type) {
  LLVMValueRef *made = &e->kernels[k->form];
  if (!*made) *made = make_kernel(e, k, type);
  return *made;
}

static LLVMValueRef access_base(struct codegen *g, const struct frame *f, const struct access *access) {
  LLVMValueRef base = NULL;
  if (access->space == SPACE_IO) {
    LLVMValueRef entry = build_offset(g, f->tensors, (int64_t)sizeof(void *) * access->io);
    base = build_load(g, g->pointer_type, entry, NULL);
  } else {
    base = f->base[access->space];
  }
  base = build_offset(g, base, access->offset);
  for (int i = 0; i < f->around_count; i++)
    base = build_indexed(g, base, f->around[i], access->around[i] * dtype_size(access->dtype));
  return base;
}

static void emit_call(struct emission *e, const struct frame *f, const struct kernel *k) {
  struct codegen *g = &e->g;
  struct access storage[3];
  const struct access *accesses = NULL;
  int count = kernel_accesses(k, &accesses, storage);
  LLVMTypeRef type = kernel_type(g, count);
  LLVMValueRef function = kernel_function(e, k, type);
  LLVMValueRef *operands = arena_new_array(g->arena, LLVMValueRef, (size_t)(count + KERNEL_FIRST_BASE));
  operands[0] = f->n;
  operands[1] = f->member;
  operands[2] = f->members;
  for (int i = 0; i < count; i++) operands[i + KERNEL_FIRST_BASE] = access_base(g, f, &accesses[i]);
  LLVMBuildCall2(g->builder, type, function, operands, (unsigned)(count + KERNEL_FIRST_BASE), "");
}

/* Tells the runtime, where it wants to know, that this thread has done its part. */
static void emit_finished(struct codegen *g, const struct frame *f, int form) {
  LLVMTypeRef parameters[] = {g->pointer_type, LLVMInt64TypeInContext(g->context)};
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->context), parameters, 2, false);
  LLVMValueRef arguments[] = {LLVMGetParam(g->function, 0), constant_i64(g, form)};
  LLVMBasicBlockRef call = LLVMAppendBasicBlockInContext(g->context, g->function, "");
  LLVMBasicBlockRef after = LLVMAppendBasicBlockInContext(g->context, g->function, "");
  LLVMBuildCondBr(g->builder, LLVMBuildIsNull(g->builder, f->finished, ""), after, call);
  LLVMPositionBuilderAtEnd(g->builder, call);
  LLVMBuildCall2(g->builder, type, f->finished, arguments, 2, "");
  LLVMBuildBr(g->builder, after);
  LLVMPositionBuilderAtEnd(g->builder, after);
}

static void emit_steps(struct emission *e, const struct frame *f, const struct step *steps, int count);

/* The loops of a chain from number f->around_count on. */
static void emit_chain(struct emission *e, const struct frame *f, const struct chain *c) {
  struct codegen *g = &e->g;
  struct frame inner = *f;
  if (f->around_count == c->loop_count) {
    struct counted_loop alone;
    inner.n = inner.members = constant_i64(g, 1);
    inner.member = constant_i64(g, 0);
    alone_open(g, &alone);
    for (int i = 0; i < c->count; i++) emit_call(e, &inner, c->steps[i].kernel);
    alone_close(g, &alone);
    return;
  }
  struct counted_loop l;
  int loop = f->around_count;
  LLVMValueRef limit = build_extent(g, c->loop[loop], f->n);
  bool shared = !g->is_shared && c->loop[loop].count > 1 && chain_is_parallel(c, loop);
  if (shared)
    shared_open(g, &l, limit, 1);
  else
    loop_open(g, &l, constant_i64(g, 0), limit, 1, false, NULL, 0);
  inner.around[inner.around_count++] = l.index;
  emit_chain(e, &inner, c);
  (shared ? shared_close : loop_close)(g, &l);
}

static void emit_steps(struct emission *e, const struct frame *f, const struct step *steps, int count) {
  for (int i = 0; i < count; i++) {
    if (steps[i].kind == STEP_KERNEL) {
      emit_call(e, f, steps[i].kernel);
      emit_finished(&e->g, f, steps[i].kernel->form);
    } else if (steps[i].kind == STEP_CHAIN) {
      emit_chain(e, f, &steps[i].chain);
      emit_finished(&e->g, f, steps[i].chain.form);
    } else if (steps[i].repeat.trips > 0) {
      struct counted_loop l;
      LLVMValueRef trips = constant_i64(&e->g, steps[i].repeat.trips);
      loop_open(&e->g, &l, constant_i64(&e->g, 0), trips, 1, false, NULL, 0);
      emit_steps(e, f, steps[i].repeat.steps, steps[i].repeat.count);
      loop_close(&e->g, &l);
    }
  }
}

static LLVMValueRef load_field(struct codegen *g, LLVMTypeRef type, size_t offset) {
  return build_load(g, type, build_offset(g, LLVMGetParam(g->function, 0), (int64_t)offset), NULL);
}

static struct frame load_frame(struct codegen *g) {
  struct frame f = {.around_count = 0};
  f.n = load_field(g, LLVMInt64TypeInContext(g->context), offsetof(struct hrm_tile, n));
  f.base[SPACE_WEIGHTS] = load_field(g, g->pointer_type, offsetof(struct hrm_tile, weights));
  f.base[SPACE_SHARED] = load_field(g, g->pointer_type, offsetof(struct hrm_tile, shared));
  f.base[SPACE_ARENA] = load_field(g, g->pointer_type, offsetof(struct hrm_tile, arena));
  f.base[SPACE_GRADS] = load_field(g, g->pointer_type, offsetof(struct hrm_tile, gradients));
  f.base[SPACE_LOCAL] = load_field(g, g->pointer_type, offsetof(struct hrm_tile, local));
  f.tensors = load_field(g, g->pointer_type, offsetof(struct hrm_tile, tensors));
  f.finished = load_field(g, g->pointer_type, offsetof(struct hrm_tile, finished));
  f.member = load_field(g, LLVMInt64TypeInContext(g->context), offsetof(struct hrm_tile, member));
  f.members = load_field(g, LLVMInt64TypeInContext(g->context), offsetof(struct hrm_tile, members));
  LLVMValueRef nobody = LLVMBuildIsNull(g->builder, f.members, "");
  f.members = LLVMBuildSelect(g->builder, nobody, constant_i64(g, 1), f.members, "");
  return f;
}

/* The functions of a model are as long as its plan, but do nothing except call kernels: left unoptimised, they take a
 * fraction of the time to generate. */
static void emit_function(struct emission *e, const struct function *f) {
  struct codegen *g = &e->g;
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->context), &g->pointer_type, 1, false);
  function_open(g, arena_printf(g->arena, "%s_%s", e->prefix, f->name), type, false);
  function_attribute(g, g->function, "noinline"); /* which optnone needs */
  function_attribute(g, g->function, "optnone");
  struct frame frame = load_frame(g);
  g->member = frame.member;
  g->members = frame.members;
  g->is_shared = false;
  emit_steps(e, &frame, f->steps, f->count);
  function_close(g);
}

static void emit_description(struct codegen *g, const char *text) {
  LLVMValueRef bytes = LLVMConstStringInContext2(g->context, text, strlen(text), false);
  LLVMValueRef constant = LLVMAddGlobal(g->module, LLVMTypeOf(bytes), "hrm_model_description");
  LLVMSetInitializer(constant, bytes);
  LLVMSetGlobalConstant(constant, true);
}

static bool verify(struct codegen *g, LLVMModuleRef module, const char **error) {
  char *message = NULL;
  bool broken = LLVMVerifyModule(module, LLVMReturnStatusAction, &message);
  if (broken) *error = arena_printf(g->arena, "the generated code is invalid: %s", message);
  LLVMDisposeMessage(message);
  return !broken;
}

static bool copy_out(struct emitted *out, const char *bytes, size_t size) {
  out->bytes = malloc(size + 1);
  if (!out->bytes) return false;
  memcpy(out->bytes, bytes, size);
  out->bytes[size] = '\0';
  out->size = size;
  return true;
}

static bool write_text(LLVMModuleRef module, struct emitted *out) {
  char *text = LLVMPrintModuleToString(module);
  bool done = copy_out(out, text, strlen(text));
  LLVMDisposeMessage(text);
  return done;
}

static bool write_machine_code(struct arena *a, LLVMModuleRef module, LLVMTargetMachineRef machine,
                               LLVMCodeGenFileType type, struct emitted *out, const char **error) {
  LLVMMemoryBufferRef buffer = NULL;
  char *message = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, type, &message, &buffer)) {
    *error = arena_printf(a, "code generation failed: %s", message);
    LLVMDisposeMessage(message);
    return false;
  }
  bool done = copy_out(out, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
  LLVMDisposeMemoryBuffer(buffer);
  return done;
}

static bool write(struct codegen *g, LLVMModuleRef module, LLVMTargetMachineRef machine, enum emit_form form,
                  struct emitted *out, const char **error) {
  if (!verify(g, module, error)) return false;
  *error = "out of memory";
  bool done = form == EMIT_LLVM
                  ? write_text(module, out)
                  : write_machine_code(g->arena, module, machine,
                                       form == EMIT_OBJECT ? LLVMObjectFile : LLVMAssemblyFile, out, error);
  if (done) *error = NULL;
  return done;
}

static LLVMModuleRef module_new(struct codegen *g, const char *name, LLVMTargetMachineRef machine) {
  LLVMModuleRef module = LLVMModuleCreateWithNameInContext(name, g->context);
  char *triple = LLVMGetTargetMachineTriple(machine);
  LLVMSetTarget(module, triple);
  LLVMDisposeMessage(triple);
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
  LLVMSetModuleDataLayout(module, layout);
  LLVMDisposeTargetData(layout);
  return module;
}

static void emission_close(void *emission) {
  struct emission *e = emission;
  struct codegen *g = &e->g;
  if (!g->context) return;
  LLVMDisposeBuilder(g->builder);
  if (e->kernel_module != g->module) LLVMDisposeModule(e->kernel_module);
  LLVMDisposeModule(g->module);
  LLVMContextDispose(g->context);
  g->context = NULL;
}

static struct emission *emission_open(struct arena *a, const struct plan *plan, const struct code_host *host,
                                      bool kernels_apart) {
  struct emission *e = arena_new_object(a, struct emission);
  struct codegen *g = &e->g;
  *e = (struct emission){.g = {.arena = a, .machine = host->machine, .tile = plan->tile, .openblas = host->openblas},
                         .plan = plan,
                         .prefix = host->prefix,
                         .host = host,
                         .kernels = arena_new_array(a, LLVMValueRef, (size_t)plan->form_count + 1)};
  arena_defer(a, emission_close, e);
  g->context = LLVMContextCreate();
  g->module = module_new(g, "model", host->handle);
  e->kernel_module = kernels_apart ? module_new(g, "kernels", host->handle) : g->module;
  g->builder = LLVMCreateBuilderInContext(g->context);
  g->pointer_type = LLVMPointerTypeInContext(g->context, 0);
  return e;
}

/* False where something cannot be generated. */
static bool generate(struct emission *e, const char **error) {
  emit_function(e, &e->plan->prepare);
  emit_function(e, &e->plan->forward);
  emit_function(e, &e->plan->train);
  emit_function(e, &e->plan->trace);
  *error = e->g.error;
  return !e->g.error;
}

bool emit_with(struct arena *a, const struct plan *plan, const char *description, const struct code_host *host,
               enum emit_form form, struct emitted *out, const char **error) {
  struct emission *e = emission_open(a, plan, host, false);
  *out = (struct emitted){0};
  if (description) emit_description(&e->g, description);
  bool done = generate(e, error) && write(&e->g, e->g.module, host->handle, form, out, error);
  emission_close(e);
  return done;
}

bool emit_apart(struct arena *a, const struct plan *plan, const struct code_host *host, struct emitted *functions,
                struct emitted *kernels, const char **error) {
  struct emission *e = emission_open(a, plan, host, true);
  *functions = *kernels = (struct emitted){0};
  bool done = generate(e, error) && write(&e->g, e->g.module, host->quick_handle, EMIT_OBJECT, functions, error);
  if (done && e->generated) done = write(&e->g, e->kernel_module, host->handle, EMIT_OBJECT, kernels, error);
  emission_close(e);
  return done;
}

static void dispose_target(void *handle) { LLVMDisposeTargetMachine(handle); }

bool emit_open(struct arena *a, const char **error) { /* it is linked with its caller */
  (void)a;
  *error = NULL;
  return true;
}

bool emit_plan(struct arena *a, const struct plan *plan, const char *description, const struct target *target,
               enum emit_form form, struct emitted *out, const char **error) {
  struct code_host host = {.openblas = target->openblas, .prefix = "hrm_model"};
  struct target resolved;
  *out = (struct emitted){0};
  host.handle = target_open(a, target, &resolved, &host.machine, error);
  if (!host.handle) return false;
  arena_defer(a, dispose_target, host.handle);
  return emit_with(a, plan, description, &host, form, out, error);
}

bool emit_resolve(struct arena *a, const struct target *wanted, struct target *resolved, struct machine *machine,
                  const char **error) {
  LLVMTargetMachineRef opened = target_open(a, wanted, resolved, machine, error);
  if (opened) LLVMDisposeTargetMachine(opened);
  resolved->openblas = wanted->openblas;
  return opened != NULL;
}

void emitted_free(struct emitted *e) {
  free(e->bytes);
  e->bytes = NULL;
  e->size = 0;
}

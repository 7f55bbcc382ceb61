/* The functions of a plan: they call its kernels, one after another. */
#include "emission.h"

#include "runtime/hrm.h"

struct emission {
  struct codegen *g;
  const struct plan *plan;
  const struct code_host *host;
  LLVMValueRef *declared; /* kernels by form; NULL: not called yet */
  struct kernel_list *list;
};

/* What a model function reads once from its struct hrm_tile. */
struct frame {
  LLVMValueRef n, member, members, finished;
  LLVMValueRef base[SPACE_IO]; /* of the spaces before it */
  LLVMValueRef tensors;
  LLVMValueRef around[CHAIN_MAX_LOOPS]; /* indices of the loops of the chain that is being generated */
  int around_count;
};

/* Parameters of the function that packs. */
enum { PACK_WEIGHT = 1, PACK_FIRST, PACK_NEXT };

/* The symbol of the kernel: it is to be generated beside this plan, or was for an earlier one. */
static LLVMValueRef declare_kernel(struct emission *e, const struct kernel *k, LLVMTypeRef type) {
  struct kernel_list *list = e->list;
  const struct kernel_form *form = &e->plan->forms[k->form];
  struct called_kernel called = {k, form->name};
  bool is_new = true;
  if (e->host->kernel_name) {
    const char *text = arena_printf(e->g->arena, "tile %lld %s", (long long)e->plan->tile, form->signature);
    called.name = e->host->kernel_name(e->host->kernel_context, text, &is_new);
  }
  if (is_new) arena_push(e->g->arena, list->items, list->count, list->capacity, called);
  return LLVMAddFunction(e->g->module, called.name, type);
}

static LLVMValueRef kernel_function(struct emission *e, const struct kernel *k, LLVMTypeRef type) {
  LLVMValueRef *made = &e->declared[k->form];
  if (!*made) *made = declare_kernel(e, k, type);
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
  struct codegen *g = e->g;
  const struct access *accesses = NULL;
  int count = kernel_accesses(g->arena, k, &accesses);
  LLVMTypeRef type = kernel_type(g, k);
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

/* The kernels of a chain at one place of its loops, for one example. */
static void emit_place(struct emission *e, const struct frame *f, const struct chain *c) {
  struct frame alone = *f;
  alone.n = alone.members = constant_i64(e->g, 1);
  alone.member = constant_i64(e->g, 0);
  for (int i = 0; i < c->count; i++) emit_call(e, &alone, c->steps[i].kernel);
}

/* The loops of a chain from number f->around_count on. */
static void emit_chain(struct emission *e, const struct frame *f, const struct chain *c) {
  struct codegen *g = e->g;
  struct frame inner = *f;
  if (f->around_count == c->loop_count) {
    struct counted_loop alone;
    alone_open(g, &alone);
    emit_place(e, f, c);
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
      emit_finished(e->g, f, steps[i].kernel->form);
    } else if (steps[i].kind == STEP_CHAIN) {
      emit_chain(e, f, &steps[i].chain);
      emit_finished(e->g, f, steps[i].chain.form);
    } else if (steps[i].repeat.trips > 0) {
      struct counted_loop l;
      LLVMValueRef trips = constant_i64(e->g, steps[i].repeat.trips);
      loop_open(e->g, &l, constant_i64(e->g, 0), trips, 1, false, NULL, 0);
      emit_steps(e, f, steps[i].repeat.steps, steps[i].repeat.count);
      loop_close(e->g, &l);
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
 * fraction of the time to generate.  Their parameters are the tile and `numbers` integers. */
static struct frame open_function(struct emission *e, const char *name, unsigned numbers) {
  struct codegen *g = e->g;
  LLVMTypeRef i64 = LLVMInt64TypeInContext(g->context), parameters[] = {g->pointer_type, i64, i64, i64};
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->context), parameters, 1 + numbers, false);
  function_open(g, arena_printf(g->arena, "%s_%s", e->host->prefix, name), type);
  function_attribute(g, g->function, "noinline"); /* which optnone needs */
  function_attribute(g, g->function, "optnone");
  return load_frame(g);
}

static void emit_function(struct emission *e, const struct function *f) {
  struct codegen *g = e->g;
  struct frame frame = open_function(e, f->name, 0);
  g->member = frame.member;
  g->members = frame.members;
  g->is_shared = false;
  emit_steps(e, &frame, f->steps, f->count);
  function_close(g);
}

/* ---- packing ---- */

/* Which trip of a run of blocks is that block, or the nearest one, or the end? */
static LLVMValueRef trip_of(struct codegen *g, LLVMValueRef block, int64_t begin, int64_t trips) {
  LLVMValueRef trip = LLVMBuildSub(g->builder, block, constant_i64(g, begin), "");
  trip = build_select_max(g, trip, constant_i64(g, 0));
  return build_select_min(g, trip, constant_i64(g, trips));
}

/* The blocks of a run that are asked for. */
static void emit_run(struct emission *e, const struct frame *f, const struct chain *c, int64_t begin) {
  struct codegen *g = e->g;
  struct counted_loop l;
  struct frame inner = *f;
  int64_t trips = c->loop[0].count;
  LLVMValueRef from = trip_of(g, LLVMGetParam(g->function, PACK_FIRST), begin, trips);
  LLVMValueRef limit = trip_of(g, LLVMGetParam(g->function, PACK_NEXT), begin, trips);
  loop_open(g, &l, from, limit, 1, true, NULL, 0);
  inner.around[inner.around_count++] = l.index;
  emit_place(e, &inner, c);
  loop_close(g, &l);
}

static void emit_packing(struct emission *e, const struct frame *f, const struct packing *p) {
  for (int i = 0; i < p->count; i++) emit_run(e, f, &e->plan->pack.steps[p->first + i].chain, p->begin[i]);
}

/* A case for each weight that has copies. */
static void emit_pack(struct emission *e) {
  struct codegen *g = e->g;
  struct frame f = open_function(e, e->plan->pack.name, PACK_NEXT);
  LLVMBasicBlockRef end = LLVMAppendBasicBlockInContext(g->context, g->function, "");
  LLVMValueRef number = LLVMGetParam(g->function, PACK_WEIGHT);
  LLVMValueRef choice = LLVMBuildSwitch(g->builder, number, end, (unsigned)e->plan->weight_count);
  for (int i = 0; i < e->plan->weight_count; i++) {
    if (e->plan->packings[i].count == 0) continue;
    LLVMBasicBlockRef here = LLVMAppendBasicBlockInContext(g->context, g->function, "");
    LLVMAddCase(choice, constant_i64(g, i), here);
    LLVMPositionBuilderAtEnd(g->builder, here);
    emit_packing(e, &f, &e->plan->packings[i]);
    LLVMBuildBr(g->builder, end);
  }
  LLVMPositionBuilderAtEnd(g->builder, end);
  function_close(g);
}

void emit_functions(struct codegen *g, const struct plan *plan, const struct code_host *host,
                    struct kernel_list *called) {
  size_t forms = (size_t)plan->form_count + 1;
  struct emission e = {g, plan, host, arena_new_array(g->arena, LLVMValueRef, forms), called};
  emit_pack(&e);
  emit_function(&e, &plan->prepare);
  emit_function(&e, &plan->forward);
  emit_function(&e, &plan->train);
  emit_function(&e, &plan->trace);
}

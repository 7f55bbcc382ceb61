/* plan_program: from the final graphs to the functions of a plan. */
#include "cost.h"
#include "planner.h"

#include <string.h>

enum { ALIGNMENT = 64 };

/* ---- appending kernels ---- */

static void touch(struct planner *p, struct access *access, struct buffer *b) {
  if (b->space != SPACE_ARENA && b->space != SPACE_LOCAL) {
    access->offset += b->offset;
    return;
  }
  if (p->step_number < b->first) b->first = p->step_number;
  b->last = p->step_number;
  struct access_place place = {.access = access, .buffer = b};
  arena_push(p->arena, p->places, p->place_count, p->place_capacity, place);
}

static void push_step(struct planner *p, struct step_list *list, struct step step) {
  arena_push(p->arena, list->steps, list->count, list->capacity, step);
}

static struct kernel *new_kernel(struct planner *p, enum kernel_kind kind) {
  struct kernel *k = arena_new_object(p->arena, struct kernel);
  k->kind = kind;
  k->origin = p->origin;
  return k;
}

/* The kernel as a step that touches its buffers now. */
static void append(struct planner *p, struct step_list *list, const struct pending_kernel *pending) {
  struct kernel *k = pending->kernel;
  struct contraction *c = &k->contraction;
  struct access *operands[3] = {&c->a, &c->b, &c->c};
  for (int i = 0; i < pending->count; i++)
    touch(p, k->kind == KERNEL_LOOP ? &k->loop.accesses[i] : operands[i], pending->buffers[i]);
  push_step(p, list, (struct step){.kind = STEP_KERNEL, .kernel = k});
  p->step_number++;
}

static void push_kernel(struct planner *p, struct kernel *k, struct buffer *const *buffers, int count,
                        bool in_chain) {
  struct pending_kernel pending = {k, arena_new_array(p->arena, struct buffer *, (size_t)count), count};
  memcpy(pending.buffers, buffers, (size_t)count * sizeof *buffers);
  if (in_chain)
    arena_push(p->arena, p->pending->kernels, p->pending->count, p->pending->capacity, pending);
  else
    append(p, p->steps, &pending);
}

void plan_push_loop(struct planner *p, const struct loop *loop, struct buffer *const *buffers, bool in_chain) {
  struct kernel *k = new_kernel(p, KERNEL_LOOP);
  k->loop = *loop;
  push_kernel(p, k, buffers, loop->access_count, in_chain);
}

void plan_push_contraction(struct planner *p, const struct contraction *c, struct buffer *const buffers[3],
                           bool in_chain) {
  struct kernel *k = new_kernel(p, KERNEL_CONTRACTION);
  k->contraction = *c;
  push_kernel(p, k, buffers, 3, in_chain);
}

/* What lives both inside and outside lives during all trips. */
void plan_push_chain(struct planner *p, const struct step *loops, const struct pending *pending) {
  struct step_list inner = {0};
  struct step_range range = {.first = p->step_number};
  for (int i = 0; i < pending->count; i++) append(p, &inner, &pending->kernels[i]);
  struct step step = *loops;
  step.chain.steps = inner.steps;
  step.chain.count = inner.count;
  push_step(p, p->steps, step);
  range.last = p->step_number - 1;
  arena_push(p->arena, p->repeats, p->repeat_count, p->repeat_capacity, range);
}

/* ---- memory outside the arena ---- */

static struct buffer *fixed_buffer(struct arena *a, enum space space, int io, int64_t offset) {
  struct buffer *b = arena_new_object(a, struct buffer);
  *b = (struct buffer){.space = space, .io = io, .offset = offset};
  return b;
}

static void add_weights(struct shared *s) {
  int count = s->program->weight_count;
  s->weights = arena_new_array(s->arena, struct buffer *, (size_t)count);
  s->gradients = arena_new_array(s->arena, struct buffer *, (size_t)count);
  s->copies = arena_new_array(s->arena, struct step_list, (size_t)count);
  for (int i = 0; i < count; i++) {
    s->weights[i] = fixed_buffer(s->arena, SPACE_WEIGHTS, 0, s->program->weights[i]->offset);
    s->gradients[i] = fixed_buffer(s->arena, SPACE_GRADS, 0, s->program->weights[i]->offset);
  }
}

static void add_tensors(struct shared *s) {
  int count = s->program->tensor_count;
  s->tensors = arena_new_array(s->arena, struct buffer *, (size_t)count);
  for (int i = 0; i < count; i++) s->tensors[i] = fixed_buffer(s->arena, SPACE_IO, i, 0);
}

static void add_hoisted(struct shared *s, const struct hoisted *h) {
  for (int i = 0; i < h->symbol_count; i++) {
    const struct type *type = &h->symbols[i]->type;
    struct shared_value value = {.symbol = h->symbols[i],
                                 .buffer = fixed_buffer(s->arena, SPACE_SHARED, 0, s->bytes)};
    arena_push(s->arena, s->values, s->value_count, s->value_capacity, value);
    int64_t bytes = type_bytes(type);
    s->bytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}

/* ---- functions ---- */

/* A planner with its graph's kernels; their arena has no offsets yet. */
static struct planner *plan_graph(struct shared *s, const struct graph *g, bool is_prepare) {
  struct planner *p = arena_new_object(s->arena, struct planner);
  p->arena = s->arena;
  p->shared = s;
  p->graph = g;
  p->facts = analyse(s->arena, g);
  p->steps = arena_new_object(s->arena, struct step_list);
  if (is_prepare) s->prepare = p;
  plan_fuse(p);
  plan_region(p, g->top);
  plan_late_stores(p);
  p->origin = NULL;
  return p;
}

static struct function function_of(struct planner *p, const char *name) {
  struct function f = {.name = name, .steps = p->steps->steps, .count = p->steps->count};
  plan_memory(p, &f);
  return f;
}

static struct graph *lowered(const struct graph *g, const struct machine *machine) {
  return plan_widen(plan_split(g), machine);
}

struct plan *plan_program(struct arena *a, const struct program *program, const struct program_graphs *graphs,
                          const struct machine *machine, int64_t tile) {
  struct program_graphs low = {lowered(graphs->forward, machine), lowered(graphs->train, machine),
                               graphs->trace ? lowered(graphs->trace, machine) : NULL};
  struct hoisted h = plan_hoist(a, &low);
  struct shared s = {.arena = a, .program = program, .machine = machine, .tile = tile};
  add_weights(&s);
  add_tensors(&s);
  add_hoisted(&s, &h);
  struct planner *prepare_planner = plan_graph(&s, h.prepare, true);
  struct planner *forward_planner = plan_graph(&s, h.forward, false);
  struct planner *train_planner = plan_graph(&s, h.train, false);
  struct planner *trace_planner = h.trace ? plan_graph(&s, h.trace, false) : NULL;
  struct plan *plan = arena_new_object(a, struct plan);
  plan->tile = tile;
  plan_packs(&s, plan);
  plan->prepare = function_of(prepare_planner, "prepare");
  plan->forward = function_of(forward_planner, "forward");
  plan->train = function_of(train_planner, "train");
  plan->trace = trace_planner ? function_of(trace_planner, "trace") : (struct function){.name = "trace"};
  plan->shared_bytes = s.bytes;
  plan->forward_flops = graph_flops(graphs->forward);
  plan->train_flops = graph_flops(graphs->train);
  plan_forms(a, plan);
  return plan;
}

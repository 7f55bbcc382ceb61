/* See plan_harness.h. */
#include "tests/plan_harness.h"

#include "tests/kernel_interpreter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- programs ---- */

static bool is_weight(const struct symbol *s) { return s->role == ROLE_PARAM || s->role == ROLE_BUFFER; }

static bool is_known(const struct program *p, const struct symbol *s) {
  for (int i = 0; i < p->weight_count; i++)
    if (p->weights[i]->symbol == s) return true;
  for (int i = 0; i < p->tensor_count; i++)
    if (p->tensors[i].symbol == s) return true;
  return false;
}

static void add_weight(struct program *p, struct symbol *s) {
  struct weight *w = arena_new_object(p->arena, struct weight);
  *w = (struct weight){.symbol = s, .offset = p->weight_bytes};
  p->weights[p->weight_count++] = w;
  p->weight_bytes += (type_elements(&s->type) * dtype_size(s->type.dtype) + 63) / 64 * 64;
}

static void add_tensor(struct program *p, struct symbol *s) {
  p->tensors[p->tensor_count++] = (struct tensor){.symbol = s, .gradient = -1};
  if (s->role != ROLE_ROWS) return;
  struct symbol *gradient = arena_new_object(p->arena, struct symbol);
  *gradient = (struct symbol){arena_printf(p->arena, "%s.gradient", s->name), ROLE_OUTPUT, s->type};
  p->tensors[p->tensor_count - 1].gradient = p->tensor_count;
  p->tensors[p->tensor_count++] = (struct tensor){.symbol = gradient, .gradient = -1};
}

static void add_symbols(struct program *p, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    if (n->op == OP_REPEAT) add_symbols(p, n->repeat.body);
    bool has_symbol = n->op == OP_LEAF || (op_is_sink(n->op) && n->op != OP_LOSS);
    if (!has_symbol || is_known(p, n->symbol)) continue;
    if (is_weight(n->symbol))
      add_weight(p, n->symbol);
    else
      add_tensor(p, n->symbol);
  }
}

struct weight *program_weight(const struct program *p, const struct symbol *symbol) {
  for (int i = 0; i < p->weight_count; i++)
    if (p->weights[i]->symbol == symbol) return p->weights[i];
  return NULL;
}

struct program *program_of_graphs(struct arena *a, const struct graph *forward, const struct graph *train) {
  size_t most = (size_t)(forward->next_id + train->next_id) * 2 + 1;
  struct program *p = arena_new_object(a, struct program);
  p->arena = a;
  p->weights = arena_new_array(a, struct weight *, most);
  p->tensors = arena_new_array(a, struct tensor, most);
  add_symbols(p, forward->top);
  add_symbols(p, train->top);
  return p;
}

/* ---- memory ---- */

/* Exactly as long as said, so that a sanitizer sees every step beyond; filled with NaN. */
static char *memory_new(int64_t bytes) {
  char *memory = aligned_alloc(64, (size_t)(bytes + 63) / 64 * 64 + 64);
  if (!memory) abort();
  memset(memory, 0xff, (size_t)bytes);
  return memory;
}

static int64_t count_of(const struct symbol *s, int64_t n) {
  return type_elements(&s->type) * (is_weight(s) ? 1 : n);
}

static const struct evaluate_input *find_input(const struct evaluate_input *inputs, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (strcmp(inputs[i].name, name) == 0) return &inputs[i];
  return NULL;
}

static void write_values(const struct symbol *s, char *to, const struct evaluate_input *input, int64_t n) {
  for (int64_t i = 0; input && i < count_of(s, n); i++)
    interpret_store(s->type.dtype, to + i * dtype_size(s->type.dtype), input->values[i]);
}

static double *read_values(struct arena *a, enum dtype dtype, const char *from, int64_t count) {
  double *values = arena_new_array(a, double, (size_t)count);
  for (int64_t i = 0; i < count; i++) values[i] = interpret_load(dtype, from + i * dtype_size(dtype));
  return values;
}

static char *tensor_new(const struct symbol *s, int64_t n) {
  return memory_new(count_of(s, n) * dtype_size(s->type.dtype));
}

/* ---- running ---- */

static void interpret(void *context, const struct plan *plan, const struct function *f, int64_t n, char *weights,
                      char *shared, char *arena, char *gradients, char *const *tensors) {
  (void)context, (void)plan;
  struct kernel_memory m = {n, weights, shared, arena, gradients, arena + f->arena_bytes, tensors};
  interpret_function(f, &m);
}

static struct evaluate_output output_of(struct arena *a, const struct program *p, const struct node *sink, int64_t n,
                                        const char *gradients, char *const *tensors) {
  const struct symbol *s = sink->symbol;
  int64_t count = count_of(s, type_is_batched(&sink->operand[0]->type) || is_weight(s) ? n : 1);
  const char *from;
  if (is_weight(s)) {
    from = gradients + program_weight(p, s)->offset;
  } else {
    int number = program_tensor(p, s);
    from = tensors[s->role == ROLE_ROWS ? p->tensors[number].gradient : number];
  }
  return (struct evaluate_output){s, read_values(a, s->type.dtype, from, count), count};
}

static bool has_output(const struct evaluation *e, const struct symbol *s) {
  for (int i = 0; i < e->count; i++)
    if (e->outputs[i].symbol == s) return true;
  return false;
}

static struct evaluation read_outputs(struct arena *a, const struct program *p, const struct graph *g, int64_t n,
                                      const char *gradients, char *const *tensors) {
  struct evaluation e = {0};
  e.outputs = arena_new_array(a, struct evaluate_output, (size_t)g->top->count + 1);
  for (int i = 0; i < g->top->count; i++) {
    const struct node *sink = g->top->nodes[i];
    if (!op_is_sink(sink->op) || sink->op == OP_LOSS || has_output(&e, sink->symbol)) continue;
    e.outputs[e.count++] = output_of(a, p, sink, n, gradients, tensors);
  }
  return e;
}

struct evaluation run_plan_with(struct arena *a, const struct program *p, const struct plan *plan,
                                const struct function *f, const struct graph *g, const struct evaluate_input *inputs,
                                int count, int64_t n, run_function *run, void *context) {
  char *weights = memory_new(p->weight_bytes), *gradients = memory_new(p->weight_bytes);
  char *shared = memory_new(plan->shared_bytes), *arena = memory_new(f->arena_bytes + f->local_bytes);
  char *prepare_arena = memory_new(plan->prepare.arena_bytes + plan->prepare.local_bytes);
  char **tensors = arena_new_array(a, char *, (size_t)p->tensor_count);
  memset(gradients, 0, (size_t)p->weight_bytes);
  for (int i = 0; i < p->weight_count; i++) {
    const struct symbol *s = p->weights[i]->symbol;
    if (p->weights[i]->sparse) continue;
    write_values(s, weights + p->weights[i]->offset, find_input(inputs, count, s->name), n);
  }
  for (int i = 0; i < p->tensor_count; i++) {
    const struct symbol *s = p->tensors[i].symbol;
    tensors[i] = tensor_new(s, n);
    write_values(s, tensors[i], find_input(inputs, count, s->name), n);
  }
  run(context, plan, &plan->pack, n, weights, shared, prepare_arena, NULL, NULL);
  run(context, plan, &plan->prepare, n, weights, shared, prepare_arena, NULL, NULL);
  run(context, plan, f, n, weights, shared, arena, gradients, tensors);
  struct evaluation e = read_outputs(a, p, g, n, gradients, tensors);
  for (int i = 0; i < p->tensor_count; i++) free(tensors[i]);
  free(weights), free(gradients), free(shared), free(arena), free(prepare_arena);
  return e;
}

struct evaluation run_plan(struct arena *a, const struct program *p, const struct plan *plan,
                           const struct function *f, const struct graph *g, const struct evaluate_input *inputs,
                           int count, int64_t n) {
  return run_plan_with(a, p, plan, f, g, inputs, count, n, interpret, NULL);
}

static double difference(struct arena *a, const struct program *p, const struct plan *plan, const struct function *f,
                         const struct graph *g, const struct evaluate_input *inputs, int count, int64_t n) {
  struct evaluation wanted = evaluate(a, g, inputs, count, n);
  struct evaluation got = run_plan(a, p, plan, f, g, inputs, count, n);
  wanted.loss = 0; /* plans compute what losses are stored, not their sum */
  return evaluate_difference(&wanted, &got);
}

double plan_difference(struct arena *a, const struct program *p, const struct plan *plan, const struct graph *forward,
                       const struct graph *train, const struct evaluate_input *inputs, int count) {
  double largest = 0;
  for (int64_t n = 1; n <= plan->tile; n++) {
    largest = fmax(largest, difference(a, p, plan, &plan->forward, forward, inputs, count, n));
    if (train != forward) largest = fmax(largest, difference(a, p, plan, &plan->train, train, inputs, count, n));
  }
  return largest;
}

/* ---- counting ---- */

static int count_in(const struct step *steps, int count, bool (*test)(const struct kernel *, int), int kind) {
  int found = 0;
  for (int i = 0; i < count; i++) {
    if (steps[i].kind == STEP_REPEAT)
      found += count_in(steps[i].repeat.steps, steps[i].repeat.count, test, kind);
    else if (steps[i].kind == STEP_CHAIN)
      found += count_in(steps[i].chain.steps, steps[i].chain.count, test, kind);
    else
      found += test(steps[i].kernel, kind);
  }
  return found;
}

static bool has_kind(const struct kernel *k, int kind) { return (int)k->kind == kind; }

static bool is_copy(const struct kernel *k, int kind) {
  (void)kind;
  return k->kind == KERNEL_LOOP && k->loop.value_count == 1 && k->loop.values[0].kind == VALUE_LOAD;
}

int count_kernels(const struct function *f, enum kernel_kind kind) {
  return count_in(f->steps, f->count, has_kind, (int)kind);
}

int count_copies(const struct function *f) { return count_in(f->steps, f->count, is_copy, 0); }

/* Running one graph in this process. */
#include "execute.h"

#include "runtime/footprint.h"
#include "runtime/hrm.h"

#include <stdlib.h>
#include <string.h>

/* NULL where the machine has no room for so much. */
static void *aligned_zeros(int64_t bytes) {
  enum { SMALL = 64 << 20 };
  if (bytes > SMALL && bytes > footprint_available()) return NULL;
  size_t size = ((size_t)bytes + 63) / 64 * 64 + 64;
  void *memory = aligned_alloc(64, size);
  return memory ? memset(memory, 0, size) : NULL;
}

struct program *execute_program(struct compilation *c, struct symbol *const *symbols, int count) {
  struct program *p = arena_new_object(c->arena, struct program);
  p->arena = c->arena;
  p->tensors = arena_new_array(c->arena, struct tensor, (size_t)count + 1);
  p->tensor_count = count;
  for (int i = 0; i < count; i++) {
    bool rows = symbols[i]->role == ROLE_ROWS;
    p->tensors[i] = (struct tensor){.symbol = symbols[i], .gradient = rows ? i + 1 : -1};
  }
  return p;
}

static bool report(struct compilation *c, enum message message, const char *error) {
  diag_report(c->diags, message, (struct span){0}, error);
  return false;
}

/* The number that a store writes everywhere, where it is known. */
static const struct node *constant_of(const struct node *store) {
  const struct node *n = store->operand[0];
  while (n->op == OP_BROADCAST || n->op == OP_RESHAPE) n = n->operand[0];
  return n->op == OP_CONST ? n : NULL;
}

static bool is_constant(const struct graph *g) {
  for (int i = 0; i < g->top->count; i++) {
    const struct node *n = g->top->nodes[i];
    bool is_value = n->op == OP_CONST || n->op == OP_BROADCAST || n->op == OP_RESHAPE;
    if (!is_value && (n->op != OP_STORE || !constant_of(n))) return false;
  }
  return true;
}

static void fill(void *to, const struct type *type, double value) {
  for (int64_t i = 0; i < type_elements(type); i++)
    if (type->dtype == DTYPE_F64)
      ((double *)to)[i] = value;
    else if (type->dtype == DTYPE_I32)
      ((int32_t *)to)[i] = (int32_t)value;
    else
      ((float *)to)[i] = (float)value;
}

static void fill_constants(struct executable *x) {
  for (int i = 0; i < x->constants->top->count; i++) {
    const struct node *n = x->constants->top->nodes[i];
    if (n->op == OP_STORE) fill(execute_value(x, n->symbol), &n->symbol->type, constant_of(n)->value);
  }
}

static bool load_code(struct compilation *c, const struct graph *final, struct executable *x) {
  const char *error = NULL;
  if (!compile_open_engine(c)) return false;
  x->engine = c->engine;
  const struct plan *plan =
      plan_program(c->arena, x->program, &(struct program_graphs){final, graph_new(c->arena, "train"), NULL},
                   engine_machine(c->engine), 1);
  if (!engine_load(c->engine, c->arena, plan, &x->code, &error)) return report(c, MSG_JIT_FAILED, error);
  int64_t forward = plan->forward.arena_bytes, prepare = plan->prepare.arena_bytes;
  x->shared = aligned_zeros(plan->shared_bytes);
  x->arena = aligned_zeros(forward > prepare ? forward : prepare);
  x->local = aligned_zeros(plan->forward.local_bytes + plan->prepare.local_bytes);
  return (x->shared && x->arena && x->local) ||
         report(c, MSG_SYSTEM, "out of memory: the values of this expression are too large");
}

static bool allocate_tensors(struct compilation *c, struct symbol *const *symbols, int count, struct executable *x) {
  x->tensors = arena_new_array(c->arena, void *, (size_t)count + 1);
  for (int i = 0; i < count; i++) {
    x->tensors[i] = aligned_zeros(type_bytes(&symbols[i]->type));
    if (!x->tensors[i]) return report(c, MSG_SYSTEM, "out of memory: the tensors of this expression are too large");
  }
  return true;
}

static void release(void *executable) { execute_free(executable); }

struct executable *execute_load(struct compilation *c, const struct graph *g, struct symbol *const *symbols,
                                int count) {
  struct executable *x = arena_new_object(c->arena, struct executable);
  x->program = execute_program(c, symbols, count);
  arena_defer(c->arena, release, x);
  const struct graph *final = compile_run_passes(c, g, NULL);
  if (!final || !allocate_tensors(c, symbols, count, x)) return NULL;
  if (!is_constant(final)) return load_code(c, final, x) ? x : NULL;
  x->constants = final;
  return x;
}

void execute_run(struct executable *x) {
  struct hrm_tile tile = {.n = 1, .shared = x->shared, .arena = x->arena, .tensors = x->tensors, .local = x->local};
  if (x->constants) {
    fill_constants(x);
    return;
  }
  x->code.prepare(&tile);
  x->code.forward(&tile);
}

void *execute_value(const struct executable *x, const struct symbol *symbol) {
  return x->tensors[program_tensor(x->program, symbol)];
}

void execute_free(struct executable *x) {
  if (!x) return;
  for (int i = 0; x->tensors && i < x->program->tensor_count; i++) free(x->tensors[i]);
  free(x->shared);
  free(x->arena);
  free(x->local);
  if (x->engine) engine_unload(x->engine, &x->code);
  *x = (struct executable){NULL};
}

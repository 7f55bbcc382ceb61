/* Running one graph in this process. */
#include "execute.h"

#include "runtime/hrm.h"

#include <stdlib.h>
#include <string.h>

static void *aligned_zeros(int64_t bytes) {
  size_t size = ((size_t)bytes + 63) / 64 * 64 + 64;
  void *memory = aligned_alloc(64, size);
  if (!memory) abort();
  return memset(memory, 0, size);
}

/* A ROWS symbol is followed in the list by the output that takes its gradient. */
static struct program *program_of(struct compilation *c, struct symbol *const *symbols, int count) {
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

static bool load(struct compilation *c, const struct plan *plan, struct executable *out) {
  struct emitted object;
  struct target target = {NULL, NULL, false};
  const char *error = NULL;
  if (!emit_plan(c->arena, plan, NULL, &target, EMIT_OBJECT, &object, &error)) {
    diag_report(c->diags, MSG_TARGET, (struct span){0}, error);
    return false;
  }
  out->jit = jit_load(object.bytes, object.size, &error);
  emitted_free(&object);
  if (!out->jit) {
    diag_report(c->diags, MSG_JIT_FAILED, (struct span){0}, error);
    return false;
  }
  return true;
}

static hrm_entry *entry(const struct executable *x, const char *name) {
  void *address = jit_symbol(x->jit, name);
  hrm_entry *function;
  memcpy(&function, &address, sizeof function);
  return function;
}

bool execute_load(struct compilation *c, const struct graph *g, struct symbol *const *symbols, int count,
                  struct executable *out) {
  *out = (struct executable){.program = program_of(c, symbols, count)};
  const struct graph *final = compile_run_passes(c, g, NULL);
  if (!final) return false;
  const struct graph *train = graph_new(c->arena, "train");
  struct target wanted = {NULL, NULL, false};
  const char *error = NULL;
  if (!emit_resolve(c->arena, &wanted, &c->target, &c->machine, &error)) {
    diag_report(c->diags, MSG_TARGET, (struct span){0}, error);
    return false;
  }
  const struct plan *plan = plan_program(c->arena, out->program, final, train, &c->machine, 1);
  if (!load(c, plan, out)) return false;
  int64_t arena =
      plan->forward.arena_bytes > plan->prepare.arena_bytes ? plan->forward.arena_bytes : plan->prepare.arena_bytes;
  out->shared = aligned_zeros(plan->shared_bytes);
  out->arena = aligned_zeros(arena);
  out->local = aligned_zeros(plan->forward.local_bytes + plan->prepare.local_bytes);
  out->tensors = arena_new_array(c->arena, void *, (size_t)count + 1);
  for (int i = 0; i < count; i++)
    out->tensors[i] = aligned_zeros(type_elements(&symbols[i]->type) * dtype_size(symbols[i]->type.dtype));
  return true;
}

void execute_run(struct executable *x) {
  struct hrm_tile tile = {.n = 1, .shared = x->shared, .arena = x->arena, .tensors = x->tensors, .local = x->local};
  entry(x, "hrm_model_prepare")(&tile);
  entry(x, "hrm_model_forward")(&tile);
}

void *execute_value(const struct executable *x, const struct symbol *symbol) {
  return x->tensors[program_tensor(x->program, symbol)];
}

void execute_free(struct executable *x) {
  for (int i = 0; x->tensors && i < x->program->tensor_count; i++) free(x->tensors[i]);
  free(x->shared);
  free(x->arena);
  free(x->local);
  if (x->jit) jit_free(x->jit);
}

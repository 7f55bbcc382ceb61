/* An expression of a session, compiled and run in this process. */
#include "session.h"

#include "../driver/execute.h"
#include "interrupt_point.h"
#include "runtime/clock.h"

#include <string.h>

struct symbol_list {
  struct symbol **items;
  int count, capacity;
};

static void add_symbol(struct arena *a, struct symbol_list *list, struct symbol *symbol) {
  for (int i = 0; i < list->count; i++)
    if (list->items[i] == symbol) return;
  arena_push(a, list->items, list->count, list->capacity, symbol);
}

/* What the graph reads: held tensors and parameters. */
static void add_leaves(struct arena *a, struct symbol_list *list, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    if (r->nodes[i]->op == OP_LEAF && r->nodes[i]->symbol->role == ROLE_INPUT)
      add_symbol(a, list, r->nodes[i]->symbol);
    if (r->nodes[i]->op == OP_REPEAT) add_leaves(a, list, r->nodes[i]->repeat.body);
  }
}

static const void *value_of(struct session *s, const struct answer *answer, const struct symbol *symbol) {
  for (int i = 0; i < answer->weight_count; i++)
    if (answer->weights[i]->symbol == symbol) return session_parameter(s, answer->weights[i]);
  return session_find_held(s, symbol->name)->data;
}

static void copy_out(struct entry_run *r, const struct executable *x, const struct symbol *symbol,
                     struct session_tensor *out) {
  if (!out) return;
  out->type = symbol->type;
  out->data = arena_alloc(r->c.arena, (size_t)type_bytes(&symbol->type));
  memcpy(out->data, execute_value(x, symbol), (size_t)type_bytes(&symbol->type));
}

static void copy_in(struct entry_run *r, const struct answer *answer, struct executable *x, struct symbol **symbols,
                    int count) {
  for (int i = 0; i < count; i++) {
    if (symbols[i]->role == ROLE_OUTPUT) continue;
    memcpy(execute_value(x, symbols[i]), value_of(r->session, answer, symbols[i]), (size_t)type_bytes(&symbols[i]->type));
  }
}

static bool run_once(struct entry_run *r, struct executable *x) {
  if (interrupt_point_run(x)) return true;
  diag_report(r->c.diags, MSG_INTERRUPTED, (struct span){0});
  return false;
}

/* The shortest of as many runs as fit into a moment. */
static bool run_timed(struct entry_run *r, struct executable *x, double *shortest) {
  const double moment = 0.1;
  double start = clock_seconds(), begin = start, end = start;
  *shortest = 1e9;
  do {
    begin = clock_seconds();
    if (!run_once(r, x)) return false;
    end = clock_seconds();
    if (end - begin < *shortest) *shortest = end - begin;
  } while (end - start < moment);
  return true;
}

struct symbol **session_symbols(struct entry_run *r, const struct answer *answer, int *count) {
  struct symbol_list list = {0};
  struct arena *a = r->c.arena;
  if (answer->argument) {
    add_symbol(a, &list, answer->argument);
    add_symbol(a, &list, answer->gradient);
  }
  add_leaves(a, &list, answer->graph->top);
  add_symbol(a, &list, answer->result);
  *count = list.count;
  return list.items;
}

bool session_evaluate(struct entry_run *r, const struct answer *answer, struct session_tensor *value,
                      struct session_tensor *gradient, double *seconds) {
  int count;
  struct symbol **symbols = session_symbols(r, answer, &count);
  struct executable *x = execute_load(&r->c, answer->graph, symbols, count);
  if (!x) return false;
  copy_in(r, answer, x, symbols, count);
  bool done = seconds ? run_timed(r, x, seconds) : run_once(r, x);
  if (done) copy_out(r, x, answer->result, value);
  if (done) copy_out(r, x, answer->gradient, gradient);
  execute_free(x);
  return done;
}

/* graph_verify: every rule of graph.h, checked anew on a finished graph. */
#include "graph.h"
#include "infer.h"

#include <string.h>

struct verifier {
  struct arena *arena;
  const struct graph *graph;
  const struct node **by_id; /* the node seen with this id */
  bool *visible;             /* by id: may be used here */
  struct symbol **symbols;
  int symbol_count, symbol_capacity;
};

static const char *complain(struct verifier *v, const struct node *n, const char *error) {
  return arena_printf(v->arena, "%%%d %s%s%s: %s", n->id, op_text(n->op), n->origin ? " from " : "",
                      n->origin ? n->origin : "", error);
}

static const char *enter_id(struct verifier *v, const struct node *n) {
  if (n->id < 0 || n->id >= v->graph->next_id) return complain(v, n, "id out of range");
  if (v->by_id[n->id]) return complain(v, n, "id used twice");
  v->by_id[n->id] = n;
  v->visible[n->id] = true;
  return NULL;
}

static bool is_visible(const struct verifier *v, const struct node *n) {
  return n && n->id >= 0 && n->id < v->graph->next_id && v->by_id[n->id] == n && v->visible[n->id];
}

/* One name means one symbol. */
static const char *enter_symbol(struct verifier *v, const struct node *n) {
  if (!n->symbol || !n->symbol->name) return complain(v, n, "no symbol");
  for (int i = 0; i < v->symbol_count; i++)
    if (v->symbols[i] == n->symbol) return NULL;
  for (int i = 0; i < v->symbol_count; i++)
    if (strcmp(v->symbols[i]->name, n->symbol->name) == 0)
      return complain(v, n, arena_printf(v->arena, "two symbols are called %s", n->symbol->name));
  arena_push(v->arena, v->symbols, v->symbol_count, v->symbol_capacity, n->symbol);
  return NULL;
}

/* A state, output or rows gradient is written in one place. */
static const char *check_single_write(struct verifier *v, const struct node *sink) {
  if (sink->op != OP_STORE && !(sink->op == OP_ACCUMULATE && sink->symbol->role == ROLE_ROWS)) return NULL;
  const struct region *top = v->graph->top;
  for (int i = 0; i < top->count && top->nodes[i] != sink; i++)
    if (top->nodes[i]->op == sink->op && top->nodes[i]->symbol == sink->symbol)
      return complain(v, sink, arena_printf(v->arena, "second write to %s", sink->symbol->name));
  return NULL;
}

static const char *check_attributes(struct verifier *v, const struct node *n) {
  if (n->op == OP_MAP && (int)n->scalar >= SCALAR_COUNT) return complain(v, n, "unknown scalar function");
  if (n->op == OP_REDUCE && n->reduce.kind > REDUCE_MIN) return complain(v, n, "unknown reduction");
  if (n->op == OP_REPEAT && !n->repeat.body) return complain(v, n, "no body");
  if (n->op == OP_LEAF || (op_is_sink(n->op) && n->op != OP_LOSS)) return enter_symbol(v, n);
  return NULL;
}

static const char *check_type(struct verifier *v, const struct node *n) {
  struct type type = n->type;
  const char *error = infer_type(v->arena, n, &type);
  if (error) return complain(v, n, error);
  if (type_equal(&type, &n->type)) return NULL;
  return complain(v, n,
                  arena_printf(v->arena, "has type %s, should have %s", type_text(v->arena, &n->type),
                               type_text(v->arena, &type)));
}

static const char *check_region(struct verifier *v, const struct region *r);

static const char *check_carries(struct verifier *v, const struct node *repeat) {
  const struct region *body = repeat->repeat.body;
  const char *error = NULL;
  for (int i = 0; i < body->carry_count && !error; i++) {
    const struct node *carry = body->carries[i];
    error =
        carry->op == OP_CARRY && carry->index == i ? enter_id(v, carry) : complain(v, repeat, "a carry is no carry");
  }
  return error;
}

static const char *check_yields(struct verifier *v, const struct node *repeat) {
  const struct region *body = repeat->repeat.body;
  for (int i = 0; i < body->carry_count; i++) {
    const struct node *result = body->results[i];
    if (!is_visible(v, result))
      return complain(v, repeat, arena_printf(v->arena, "new value of carry %d is not known", i));
    if (!type_equal(&result->type, &body->carries[i]->type))
      return complain(v, repeat, arena_printf(v->arena, "carry %d changes its type", i));
  }
  return NULL;
}

/* What a body defines is not visible after it. */
static void hide(struct verifier *v, const struct region *body) {
  for (int i = 0; i < body->carry_count; i++) v->visible[body->carries[i]->id] = false;
  for (int i = 0; i < body->count; i++) v->visible[body->nodes[i]->id] = false;
}

static const char *check_body(struct verifier *v, const struct node *repeat, const struct region *around) {
  if (repeat->repeat.body->parent != around) return complain(v, repeat, "its body has another parent");
  const char *error = check_carries(v, repeat);
  if (!error) error = check_region(v, repeat->repeat.body);
  if (!error) error = check_yields(v, repeat);
  if (!error) hide(v, repeat->repeat.body);
  return error;
}

static const char *check_node(struct verifier *v, const struct node *n, const struct region *around) {
  if ((int)n->op >= OP_COUNT) return arena_printf(v->arena, "%%%d: unknown operator", n->id);
  if (n->op == OP_CARRY) return complain(v, n, "stands among the nodes of a region");
  if (op_is_sink(n->op) && around->parent) return complain(v, n, "sink inside a repeat");
  for (int i = 0; i < n->arity; i++)
    if (!is_visible(v, n->operand[i]))
      return complain(v, n, arena_printf(v->arena, "operand %d is not known here", i));
  const char *error = check_attributes(v, n);
  if (!error && n->op == OP_REPEAT) error = check_body(v, n, around);
  if (!error) error = check_type(v, n);
  if (!error) error = check_single_write(v, n);
  return error ? error : enter_id(v, n);
}

static const char *check_region(struct verifier *v, const struct region *r) {
  const char *error = NULL;
  for (int i = 0; i < r->count && !error; i++) error = check_node(v, r->nodes[i], r);
  return error;
}

const char *graph_verify(struct arena *a, const struct graph *g) {
  struct verifier v = {.arena = a, .graph = g};
  v.by_id = arena_new_array(a, const struct node *, (size_t)g->next_id + 1);
  v.visible = arena_new_array(a, bool, (size_t)g->next_id + 1);
  if (g->top->parent || g->top->carry_count) return "the top region has a parent or carries";
  if (g->cursor != g->top) return "a repeat is open";
  return check_region(&v, g->top);
}

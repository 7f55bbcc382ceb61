/* plan_hoist: what depends on weights alone moves to the function `prepare`, which runs once after each change of the
 * weights.
 *
 * Views, constants and cheap values stay where they are used.  Every other value that the rest of a graph needs is
 * stored by `prepare` under a symbol of its own and becomes a leaf of that symbol.  Values that both graphs need are
 * computed once.  Requires: plan_split (so nothing that a repeat repeats without need stands in its body). */
#include "planner.h"
#include "rebuild.h"

#include <stddef.h>
#include <string.h>

struct hoist {
  struct arena *arena;
  struct hoisted *out;
  /* of the graph at hand */
  const struct facts *facts;
  bool *is_weight_only, *is_needed; /* by id */
  struct node **imported;           /* by id: what stands for a node in prepare */
};

/* ---- what depends on weights alone ---- */

static bool is_weight_only(const struct hoist *h, const struct node *n) {
  if (n->op == OP_LEAF) return n->symbol->role == ROLE_PARAM || n->symbol->role == ROLE_BUFFER;
  if (op_is_sink(n->op) || n->op == OP_REPEAT || n->op == OP_RESULT || type_is_batched(&n->type)) return false;
  for (int i = 0; i < n->arity; i++)
    if (!h->is_weight_only[n->operand[i]->id]) return false;
  return true;
}

/* Stays in the graph that uses it. */
static bool stays(const struct hoist *h, const struct node *n) {
  return n->op == OP_LEAF || op_is_view(n->op) || is_cheap(h->facts, n);
}

static void need(struct hoist *h, const struct node *n) {
  if (!h->is_weight_only[n->id] || h->is_needed[n->id]) return;
  h->is_needed[n->id] = true;
  if (!stays(h, n)) return;
  for (int i = 0; i < n->arity; i++) need(h, n->operand[i]);
}

static void need_operands(struct hoist *h, const struct region *r) {
  for (int i = 0; i < r->carry_count; i++) need(h, r->results[i]);
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    if (h->is_weight_only[n->id]) continue;
    for (int j = 0; j < n->arity; j++) need(h, n->operand[j]);
    if (n->op == OP_REPEAT) need_operands(h, n->repeat.body);
  }
}

/* ---- prepare ---- */

static bool same_attributes(const struct node *x, const struct node *y) {
  size_t begin = offsetof(struct node, value), end = offsetof(struct node, origin);
  return memcmp((const char *)x + begin, (const char *)y + begin, end - begin) == 0;
}

static struct node *find_equal(const struct graph *g, const struct node *n, struct node *const *operands) {
  for (int i = 0; i < g->top->count; i++) {
    struct node *m = g->top->nodes[i];
    if (m->op == n->op && m->arity == n->arity && type_equal(&m->type, &n->type) && same_attributes(m, n) &&
        memcmp(m->operand, operands, (size_t)n->arity * sizeof *operands) == 0)
      return m;
  }
  return NULL;
}

static struct node *import(struct hoist *h, const struct node *n) {
  struct node **slot = &h->imported[n->id];
  if (*slot) return *slot;
  struct graph *prepare = h->out->prepare;
  struct node **operands = arena_new_array(h->arena, struct node *, (size_t)n->arity);
  for (int i = 0; i < n->arity; i++) operands[i] = import(h, n->operand[i]);
  *slot = find_equal(prepare, n, operands);
  if (!*slot) *slot = graph_copy_node(prepare, n, operands);
  return *slot;
}

/* The symbol under which prepare stores n. */
static struct symbol *cross(struct hoist *h, const struct node *n) {
  struct node *source = import(h, n);
  const struct region *top = h->out->prepare->top;
  for (int i = 0; i < top->count; i++)
    if (top->nodes[i]->op == OP_STORE && top->nodes[i]->operand[0] == source) return top->nodes[i]->symbol;
  struct symbol *symbol = arena_new_object(h->arena, struct symbol);
  *symbol = (struct symbol){
      .name = arena_printf(h->arena, "shared.%d", h->out->symbol_count), .role = ROLE_OUTPUT, .type = n->type};
  arena_push(h->arena, h->out->symbols, h->out->symbol_count, h->out->symbol_capacity, symbol);
  graph_store(h->out->prepare, symbol, source);
  return symbol;
}

/* ---- the rest ---- */

static struct graph *rest_of(struct hoist *h, const struct graph *g) {
  struct rebuild r = rebuild_new(g);
  for (int i = 0; i < g->top->count; i++) {
    const struct node *n = g->top->nodes[i];
    if (h->is_weight_only[n->id] && !h->is_needed[n->id]) continue;
    if (h->is_weight_only[n->id] && !stays(h, n))
      r.map[n->id] = graph_leaf(r.to, cross(h, n), n->type);
    else
      rebuild_node(&r, n);
  }
  return r.to;
}

static struct graph *part(struct hoist *h, const struct graph *g) {
  size_t ids = (size_t)g->next_id + 1;
  h->facts = analyse(h->arena, g);
  h->is_weight_only = arena_new_array(h->arena, bool, ids);
  h->is_needed = arena_new_array(h->arena, bool, ids);
  h->imported = arena_new_array(h->arena, struct node *, ids);
  for (int i = 0; i < g->top->count; i++)
    h->is_weight_only[g->top->nodes[i]->id] = is_weight_only(h, g->top->nodes[i]);
  need_operands(h, g->top);
  return rest_of(h, g);
}

struct hoisted plan_hoist(struct arena *a, const struct program_graphs *graphs) {
  struct hoisted out = {.prepare = graph_new(a, "prepare")};
  struct hoist h = {.arena = a, .out = &out};
  out.forward = part(&h, graphs->forward);
  out.train = part(&h, graphs->train);
  if (graphs->trace) out.trace = part(&h, graphs->trace);
  return out;
}

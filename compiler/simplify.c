/* pass_simplify: fewer and cheaper nodes with the same values.
 *
 * Requires: nothing.  Provides: no two equal nodes where one could serve, no node that no sink needs, stores at the
 * end. Each round finds what is live, then builds the graph anew: every node is copied, rewritten by the rule of its
 * operator (simplify.h), and replaced by an earlier equal node where there is one.  Rounds repeat until nothing
 * changes.
 *
 * While a graph has a LOSS, what stops gradients (detach, unrecorded repeats) is kept as it is. */
#include "simplify.h"
#include "passes.h"
#include "rebuild.h"

#include <string.h>

enum { MAX_ROUNDS = 32, MAX_REWRITES = 32 };

/* A node that later equal nodes are replaced by, valid in its region and those within. */
struct entry {
  struct node *node;
  const struct region *region;
};

struct simplifier {
  struct rebuild rebuild;
  struct graph *graph; /* rebuild.to */
  bool *live;          /* by id in the old graph */
  bool *outlives;      /* by id of an old carry: its final value is used */
  struct entry *table; /* open addressing; a power of two */
  size_t table_size;
  struct node ***final; /* by id of an old repeat: the new final value of each carry */
  bool gradients_pending;
  int changes;
};

/* ---- liveness ---- */

static void mark_region(struct simplifier *s, const struct region *r);

static void mark_operands(struct simplifier *s, const struct node *n) {
  for (int i = 0; i < n->arity; i++) s->live[n->operand[i]->id] = true;
}

/* Which carries count: those whose result is used, and those that these need; the rest vanish. */
static void mark_repeat(struct simplifier *s, const struct node *n) {
  const struct region *body = n->repeat.body;
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 0; i < n->arity; i++) {
      if (!s->live[body->carries[i]->id] || s->live[body->results[i]->id]) continue;
      s->live[body->results[i]->id] = changed = true;
    }
    int before = 0, after = 0;
    for (int i = 0; i < n->arity; i++) before += s->live[body->carries[i]->id];
    mark_region(s, body);
    for (int i = 0; i < n->arity; i++) after += s->live[body->carries[i]->id];
    changed |= after > before;
  }
  for (int i = 0; i < n->arity; i++)
    if (s->live[body->carries[i]->id]) s->live[n->operand[i]->id] = true;
}

static void mark_node(struct simplifier *s, const struct node *n) {
  if (op_is_sink(n->op)) s->live[n->id] = true;
  if (!s->live[n->id]) return;
  if (n->op == OP_REPEAT)
    mark_repeat(s, n);
  else
    mark_operands(s, n);
  if (n->op != OP_RESULT) return;
  int carry = n->operand[0]->repeat.body->carries[n->index]->id;
  s->live[carry] = s->outlives[carry] = true;
}

static void mark_region(struct simplifier *s, const struct region *r) {
  for (int i = r->count - 1; i >= 0; i--) mark_node(s, r->nodes[i]);
}

/* ---- equal nodes ---- */

static size_t hash_node(const struct node *n) {
  uint64_t hash = (uint64_t)n->op * 31 + (uint64_t)n->type.dtype;
  for (int i = 0; i < n->type.rank; i++) hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)n->type.extent[i];
  for (int i = 0; i < n->arity; i++) hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)n->operand[i]->id;
  if (n->op == OP_MAP) hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)n->scalar;
  return (size_t)(hash ^ hash >> 32);
}

static bool same_axes(const struct node *x, const struct node *y) {
  return memcmp(x->axes, y->axes, (size_t)x->operand[0]->type.rank) == 0;
}

static bool same_contract(const struct node *x, const struct node *y) {
  return memcmp(x->contract.left, y->contract.left, (size_t)x->operand[0]->type.rank) == 0 &&
         memcmp(x->contract.right, y->contract.right, (size_t)x->operand[1]->type.rank) == 0 &&
         memcmp(x->contract.result, y->contract.result, (size_t)x->type.rank) == 0;
}

static bool same_range(const struct node *x, const struct node *y) {
  return x->range.axis == y->range.axis && x->range.from == y->range.from && x->range.step == y->range.step;
}

static bool same_attributes(const struct node *x, const struct node *y) {
  switch (x->op) {
  case OP_CONST: return memcmp(&x->value, &y->value, sizeof x->value) == 0;
  case OP_LEAF: return x->symbol == y->symbol;
  case OP_MAP: return x->scalar == y->scalar;
  case OP_REDUCE: return x->reduce.kind == y->reduce.kind && x->reduce.axes == y->reduce.axes;
  case OP_CONTRACT: return same_contract(x, y);
  case OP_TRANSPOSE:
  case OP_BROADCAST: return same_axes(x, y);
  case OP_SLICE:
  case OP_PAD: return same_range(x, y);
  case OP_CONCAT: return x->range.axis == y->range.axis;
  case OP_RESULT: return x->index == y->index;
  case OP_BARRIER:
  case OP_REPEAT: return false;
  default: return !op_is_sink(x->op);
  }
}

static bool same_node(const struct node *x, const struct node *y) {
  if (x->op != y->op || x->arity != y->arity || !type_equal(&x->type, &y->type)) return false;
  for (int i = 0; i < x->arity; i++)
    if (x->operand[i] != y->operand[i]) return false;
  return same_attributes(x, y);
}

/* Is the cursor within the region? */
static bool is_visible(const struct simplifier *s, const struct region *region) {
  const struct region *r = s->graph->cursor;
  while (r && r != region) r = r->parent;
  return r != NULL;
}

static void grow_table(struct simplifier *s, size_t needed) {
  s->table_size = 64;
  while (s->table_size < 4 * needed) s->table_size *= 2;
  s->table = arena_new_array(s->graph->arena, struct entry, s->table_size);
}

/* An equal node that may stand for n, or n itself.  An entry of a closed region gives up its place. */
static struct node *unify(struct simplifier *s, struct node *n) {
  size_t mask = s->table_size - 1, at = hash_node(n) & mask;
  struct entry *free_entry = NULL;
  for (; s->table[at].node; at = (at + 1) & mask) {
    struct entry *e = &s->table[at];
    if (!is_visible(s, e->region)) {
      if (!free_entry) free_entry = e;
    } else if (e->node == n) {
      return n;
    } else if (same_node(e->node, n)) {
      s->changes++;
      return e->node;
    }
  }
  if (!free_entry) free_entry = &s->table[at];
  *free_entry = (struct entry){n, s->graph->cursor};
  return n;
}

/* ---- rewriting ---- */

typedef struct node *rule_fn(struct graph *g, struct node *n);

static rule_fn *const rules[OP_COUNT] = {
    [OP_MAP] = simplify_map,           [OP_REDUCE] = simplify_reduce,
    [OP_CONTRACT] = simplify_contract, [OP_GATHER] = simplify_gather,
    [OP_RESHAPE] = simplify_reshape,   [OP_TRANSPOSE] = simplify_transpose,
    [OP_SLICE] = simplify_slice,       [OP_PAD] = simplify_pad,
    [OP_CONCAT] = simplify_concat,     [OP_BROADCAST] = simplify_broadcast,
};

static struct node *rewrite(struct simplifier *s, struct node *n) {
  for (int i = 0; i < MAX_REWRITES && rules[n->op]; i++) {
    struct node *better = rules[n->op](s->graph, n);
    if (!better) break;
    s->changes++;
    n = better;
  }
  return n;
}

static void simplify_region(struct simplifier *s, const struct region *r);

static void simplify_node(struct simplifier *s, const struct node *n) {
  struct node **operands = rebuild_operands(&s->rebuild, n);
  struct node *copy;
  if (n->op == OP_DETACH && !s->gradients_pending)
    copy = operands[0];
  else
    copy = unify(s, rewrite(s, graph_copy_node(s->graph, n, operands)));
  s->rebuild.map[n->id] = copy;
}

/* ---- repeats ---- */

/* A carry that every trip hands on unchanged is its initial value. */
static bool is_invariant(const struct simplifier *s, const struct node *n, int i) {
  const struct node *result = n->repeat.body->results[i];
  return !s->gradients_pending && (result == n->repeat.body->carries[i] || result == n->operand[i]);
}

static bool stays_carry(const struct simplifier *s, const struct node *n, int i) {
  return s->live[n->repeat.body->carries[i]->id] && !is_invariant(s, n, i);
}

/* No trips: the initial values; one trip: the body in its place. */
static void simplify_inline(struct simplifier *s, const struct node *n, struct node **values) {
  const struct region *body = n->repeat.body;
  s->changes++;
  if (n->repeat.trips == 0) return;
  for (int i = 0; i < n->arity; i++) s->rebuild.map[body->carries[i]->id] = values[i];
  simplify_region(s, body);
  for (int i = 0; i < n->arity; i++)
    if (s->live[body->carries[i]->id]) values[i] = rebuild_find(&s->rebuild, body->results[i]);
}

/* Replaces values by the final ones, through a repeat of the carries that stay. */
static void simplify_loop(struct simplifier *s, const struct node *n, struct node **values) {
  const struct region *body = n->repeat.body;
  struct node **kept = arena_new_array(s->graph->arena, struct node *, (size_t)n->arity);
  int count = 0;
  for (int i = 0; i < n->arity; i++)
    if (stays_carry(s, n, i)) kept[count++] = values[i];
  s->changes += n->arity - count;
  struct node *repeat = graph_repeat_open(s->graph, n->repeat.trips, n->repeat.last, kept, count);
  repeat->repeat.is_checkpoint = n->repeat.is_checkpoint;
  for (int i = 0, next = 0; i < n->arity; i++)
    s->rebuild.map[body->carries[i]->id] = stays_carry(s, n, i) ? repeat->repeat.body->carries[next++] : values[i];
  simplify_region(s, body);
  for (int i = 0, next = 0; i < n->arity; i++)
    if (stays_carry(s, n, i)) kept[next++] = rebuild_find(&s->rebuild, body->results[i]);
  graph_repeat_close(s->graph, repeat, kept);
  for (int i = 0, next = 0; i < n->arity; i++) {
    if (!stays_carry(s, n, i)) continue;
    if (s->outlives[body->carries[i]->id]) values[i] = graph_result(s->graph, repeat, next);
    next++;
  }
}

static void simplify_repeat(struct simplifier *s, const struct node *n) {
  struct node **values = rebuild_operands(&s->rebuild, n);
  if (n->repeat.trips <= 1 && !s->gradients_pending)
    simplify_inline(s, n, values);
  else
    simplify_loop(s, n, values);
  s->final[n->id] = values;
}

static void simplify_region(struct simplifier *s, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    s->graph->origin = n->origin;
    if (!s->live[n->id])
      s->changes++;
    else if (n->op == OP_REPEAT)
      simplify_repeat(s, n);
    else if (n->op == OP_RESULT)
      s->rebuild.map[n->id] = s->final[n->operand[0]->id][n->index];
    else if (n->op != OP_STORE)
      simplify_node(s, n);
  }
}

/* ---- rounds ---- */

static struct graph *simplify_round(const struct graph *g, int *changes) {
  size_t ids = (size_t)g->next_id + 1;
  struct simplifier s = {.rebuild = rebuild_new(g), .gradients_pending = graph_has(g, OP_LOSS)};
  s.graph = s.rebuild.to;
  s.live = arena_new_array(g->arena, bool, ids);
  s.outlives = arena_new_array(g->arena, bool, ids);
  s.final = arena_new_array(g->arena, struct node **, ids);
  grow_table(&s, ids);
  mark_region(&s, g->top);
  simplify_region(&s, g->top);
  for (int i = 0; i < g->top->count; i++)
    if (g->top->nodes[i]->op == OP_STORE) rebuild_node(&s.rebuild, g->top->nodes[i]);
  *changes = s.changes;
  return s.graph;
}

struct graph *pass_simplify(const struct graph *g) {
  int changes = 0;
  struct graph *simpler = simplify_round(g, &changes);
  for (int round = 1; round < MAX_ROUNDS && changes; round++) simpler = simplify_round(simpler, &changes);
  return simpler;
}

/* pass_grad: reverse-mode differentiation, from graph to graph.
 *
 * Requires: pass_horizon.  Provides: no LOSS; accumulate sinks for every PARAM and ROWS leaf that the loss depends
 * on. The forward nodes are copied first, then the nodes are visited in reverse: each one's cotangent is complete
 * when it is reached, and its rule contributes to the cotangents of its operands.  Stores come last, after every read
 * of a state.
 *
 * A checkpointed repeat is copied trip by trip, and the carries before each trip are remembered.  Going backwards,
 * each trip's nodes are copied once more, from the remembered carries, and then visited: what the backward steps read
 * is the second copy, and of the first nothing but the carries outlives its trip. */
#include "grad_scalar.h"
#include "pads.h"
#include "passes.h"
#include "rebuild.h"

#include <string.h>

/* What has been contributed to the cotangent of one node. */
struct cotangent {
  struct node **parts;
  int count, capacity;
  struct pad *pads; /* what came from slices */
  int pad_count, pad_capacity;
};

struct grad {
  struct rebuild rebuild;
  struct graph *graph;          /* rebuild.to */
  bool *needed;                 /* by id in the old graph: has a gradient that a parameter asks for */
  struct cotangent *cotangents; /* by id in the old graph */
  const struct node **first;    /* by id of a leaf: the first leaf of its symbol, which gets the cotangents of all */
  const struct node **leaves;   /* the first ones */
  int leaf_count, leaf_capacity;
  struct checkpoint **kept; /* by id of a checkpointed repeat in the old graph */
};

/* A checkpointed repeat that has been copied. */
struct checkpoint {
  struct node ***before;        /* by trip: the carries before it, in the new graph */
  struct node **final;          /* the carries in the end */
  struct cotangent *of_results; /* by number of the carry */
};

static bool is_float(const struct node *n) { return n->type.dtype != DTYPE_I32; }

static bool is_leaf_of(const struct node *n, enum role role) { return n->op == OP_LEAF && n->symbol->role == role; }

/* ---- analysis ---- */

/* Does a gradient pass from the node to its operand i? */
static bool passes_gradient(const struct node *n, int i) {
  switch (n->op) {
  case OP_MAP: return scalar_has_gradient(n->scalar, i);
  case OP_GATHER: return i == 0;
  case OP_SCATTER: return i == 1;
  case OP_DETACH:
  case OP_REPEAT: return false;
  default: return true;
  }
}

static bool is_checkpoint(const struct node *n) { return n->op == OP_REPEAT && n->repeat.is_checkpoint; }

static bool is_needed(const struct grad *d, const struct node *n) {
  if (!is_float(n)) return false;
  if (n->op == OP_LEAF) return is_leaf_of(n, ROLE_PARAM) || is_leaf_of(n, ROLE_ROWS);
  if (n->op == OP_RESULT)
    return is_checkpoint(n->operand[0]) && d->needed[n->operand[0]->repeat.body->carries[n->index]->id];
  for (int i = 0; i < n->arity; i++)
    if (passes_gradient(n, i) && d->needed[n->operand[i]->id]) return true;
  return false;
}

static void analyse(struct grad *d, const struct region *r);

/* A carry is needed where its initial value or its next one is, which may depend on other carries. */
static void analyse_checkpoint(struct grad *d, const struct node *n) {
  const struct region *body = n->repeat.body;
  for (int i = 0; i < n->arity; i++) d->needed[body->carries[i]->id] = d->needed[n->operand[i]->id];
  for (bool changed = true; changed;) {
    analyse(d, body);
    changed = false;
    for (int i = 0; i < n->arity; i++) {
      bool *carry = &d->needed[body->carries[i]->id];
      changed |= !*carry && d->needed[body->results[i]->id];
      *carry |= d->needed[body->results[i]->id];
    }
  }
}

static const struct node *first_leaf(struct grad *d, const struct node *leaf) {
  for (int i = 0; i < d->leaf_count; i++)
    if (d->leaves[i]->symbol == leaf->symbol) return d->leaves[i];
  arena_push(d->graph->arena, d->leaves, d->leaf_count, d->leaf_capacity, leaf);
  return leaf;
}

static void analyse(struct grad *d, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    if (n->op == OP_LEAF) d->first[n->id] = first_leaf(d, n);
    if (is_checkpoint(n)) analyse_checkpoint(d, n);
    d->needed[n->id] = is_needed(d, n);
  }
}

/* ---- cotangents ---- */

/* The cotangent slot of an old node; NULL where nobody needs it. */
static struct cotangent *slot(struct grad *d, const struct node *n) {
  if (!d->needed[n->id]) return NULL;
  if (n->op == OP_LEAF) n = d->first[n->id];
  return &d->cotangents[n->id];
}

/* Adds c to the cotangent of an old node.  A parameter's contribution goes straight to its gradient, so that no sum
 * of the size of a weight is ever built. */
static void contribute(struct grad *d, const struct node *n, struct node *c) {
  struct cotangent *to = slot(d, n);
  if (!to) return;
  if (is_leaf_of(n, ROLE_PARAM))
    graph_accumulate(d->graph, n->symbol, c);
  else
    arena_push(d->graph->arena, to->parts, to->count, to->capacity, c);
}

static void contribute_pad(struct grad *d, const struct node *n, struct pad pad) {
  struct cotangent *to = slot(d, n);
  if (to) arena_push(d->graph->arena, to->pads, to->pad_count, to->pad_capacity, pad);
}

/* The sum of a cotangent, which starts anew: the next trip of a checkpointed repeat uses it again. */
static struct node *take(struct grad *d, struct cotangent *c, const struct type *type) {
  struct node *sum = c->pad_count ? pads_sum(d->graph, c->pads, c->pad_count, type) : NULL;
  for (int i = 0; i < c->count; i++) sum = sum ? graph_map2(d->graph, SCALAR_ADD, sum, c->parts[i]) : c->parts[i];
  *c = (struct cotangent){0};
  return sum;
}

/* The cotangent of n, all of whose users have been visited; NULL: the loss does not depend on it. */
static struct node *cotangent_of(struct grad *d, const struct node *n) {
  return take(d, &d->cotangents[n->id], &n->type);
}

static struct node *primal(const struct grad *d, const struct node *n) { return rebuild_find(&d->rebuild, n); }

/* ---- rules: n an old node, c the cotangent of its value ---- */

typedef void rule_fn(struct grad *d, const struct node *n, struct node *c);

/* y = x·x:  2c·x, one contribution instead of two equal ones */
static void grad_square(struct grad *d, const struct node *n, struct node *c) {
  struct node *two = graph_const(d->graph, c->type.dtype, 2);
  two = graph_broadcast_leading(d->graph, two, c->type.rank, c->type.extent);
  struct node *x = primal(d, n->operand[0]);
  contribute(d, n->operand[0], graph_map2(d->graph, SCALAR_MUL, graph_map2(d->graph, SCALAR_MUL, c, two), x));
}

static void grad_map(struct grad *d, const struct node *n, struct node *c) {
  if (n->scalar == SCALAR_MUL && n->operand[0] == n->operand[1]) return grad_square(d, n, c);
  struct node **x = rebuild_operands(&d->rebuild, n);
  for (int i = 0; i < n->arity; i++)
    if (d->needed[n->operand[i]->id] && scalar_has_gradient(n->scalar, i))
      contribute(d, n->operand[i], scalar_gradient(d->graph, n->scalar, x, primal(d, n), c, i));
}

/* The value of a reduction repeated along the axes that it lost. */
static struct node *unreduce(struct grad *d, const struct node *n, struct node *value) {
  const struct type *type = &n->operand[0]->type;
  int8_t axes[GRAPH_MAX_RANK];
  int count = 0;
  for (int i = 0; i < type->rank; i++)
    if (!(n->reduce.axes >> i & 1)) axes[count++] = (int8_t)i;
  return graph_broadcast(d->graph, value, axes, type->rank, type->extent);
}

/* y = Σ x:  c for every x.   y = max x or min x:  c for the x that equals y, shared equally where several do. */
static void grad_reduce(struct grad *d, const struct node *n, struct node *c) {
  struct graph *g = d->graph;
  const struct node *x = n->operand[0];
  if (n->reduce.kind == REDUCE_SUM) return contribute(d, x, unreduce(d, n, c));
  struct node *is_best = graph_map2(g, SCALAR_EQ, primal(d, x), unreduce(d, n, primal(d, n)));
  is_best = graph_cast(g, x->type.dtype, is_best);
  struct node *share = graph_map2(g, SCALAR_DIV, c, graph_reduce(g, REDUCE_SUM, n->reduce.axes, is_best));
  contribute(d, x, graph_map2(g, SCALAR_MUL, is_best, unreduce(d, n, share)));
}

static bool has_label(const int8_t *labels, int count, int8_t label) {
  return memchr(labels, label, (size_t)count) != NULL;
}

/* For y = Σ x·w, operand `side`:  x̄ = Σ c·w over the labels that x lacks (the batch among them, where x is a weight);
 * along labels that x alone has, x̄ repeats. */
static void grad_contract_side(struct grad *d, const struct node *n, struct node *c, int side) {
  const struct node *x = n->operand[side], *other = n->operand[1 - side];
  const int8_t *mine = side == 0 ? n->contract.left : n->contract.right;
  const int8_t *theirs = side == 0 ? n->contract.right : n->contract.left;
  int8_t kept[GRAPH_MAX_RANK], axes[GRAPH_MAX_RANK];
  int count = 0;
  for (int i = 0; i < x->type.rank; i++) {
    if (!has_label(n->contract.result, n->type.rank, mine[i]) && !has_label(theirs, other->type.rank, mine[i]))
      continue;
    kept[count] = mine[i];
    axes[count++] = (int8_t)i;
  }
  struct node *y = primal(d, other);
  enum dtype dtype = x->type.dtype;
  struct node *product = side == 0
                             ? graph_contract_as(d->graph, dtype, n->contract.result, theirs, kept, count, c, y)
                             : graph_contract_as(d->graph, dtype, theirs, n->contract.result, kept, count, y, c);
  if (count < x->type.rank) product = graph_broadcast(d->graph, product, axes, x->type.rank, x->type.extent);
  contribute(d, x, product);
}

static void grad_contract(struct grad *d, const struct node *n, struct node *c) {
  for (int side = 0; side < 2; side++)
    if (d->needed[n->operand[side]->id]) grad_contract_side(d, n, c, side);
}

/* y[l…] = table[index[l…]]:  rows of c are added to the rows of the table. */
static void grad_gather(struct grad *d, const struct node *n, struct node *c) {
  const struct node *table = n->operand[0];
  struct node *index = primal(d, n->operand[1]);
  if (is_leaf_of(table, ROLE_PARAM))
    graph_accumulate_rows(d->graph, table->symbol, index, c);
  else
    contribute(d, table, graph_scatter(d->graph, index, c, table->type.extent[0]));
}

/* y = Σ rows by index:  each row gets the cotangent of the sum that it went into. */
static void grad_scatter(struct grad *d, const struct node *n, struct node *c) {
  contribute(d, n->operand[1], graph_gather(d->graph, c, primal(d, n->operand[0])));
}

static void grad_reshape(struct grad *d, const struct node *n, struct node *c) {
  const struct type *type = &n->operand[0]->type;
  contribute(d, n->operand[0], graph_reshape(d->graph, c, type->rank, type->extent));
}

static void grad_transpose(struct grad *d, const struct node *n, struct node *c) {
  int8_t inverse[GRAPH_MAX_RANK] = {0};
  for (int i = 0; i < n->type.rank; i++) inverse[n->axes[i]] = (int8_t)i;
  contribute(d, n->operand[0], graph_transpose(d->graph, c, inverse));
}

static void grad_slice(struct grad *d, const struct node *n, struct node *c) {
  contribute_pad(d, n->operand[0], (struct pad){c, n->range.axis, n->range.from, n->range.step});
}

static void grad_pad(struct grad *d, const struct node *n, struct node *c) {
  int axis = n->range.axis;
  const struct node *x = n->operand[0];
  contribute(d, x, graph_slice(d->graph, c, axis, n->range.from, n->range.step, x->type.extent[axis]));
}

static void grad_concat(struct grad *d, const struct node *n, struct node *c) {
  int64_t from = 0;
  for (int i = 0; i < n->arity; i++) {
    int64_t size = n->operand[i]->type.extent[n->range.axis];
    if (d->needed[n->operand[i]->id])
      contribute(d, n->operand[i], graph_slice(d->graph, c, n->range.axis, from, 1, size));
    from += size;
  }
}

/* y repeats x:  the sum over all places that x went to. */
static void grad_broadcast(struct grad *d, const struct node *n, struct node *c) {
  uint32_t repeated = (UINT32_C(1) << n->type.rank) - 1;
  for (int i = 0; i < n->operand[0]->type.rank; i++) repeated &= ~(UINT32_C(1) << n->axes[i]);
  contribute(d, n->operand[0], repeated ? graph_reduce(d->graph, REDUCE_SUM, repeated, c) : c);
}

/* A final value of a checkpointed repeat. */
static void grad_result(struct grad *d, const struct node *n, struct node *c) {
  struct cotangent *to = &d->kept[n->operand[0]->id]->of_results[n->index];
  arena_push(d->graph->arena, to->parts, to->count, to->capacity, c);
}

static rule_fn *const rules[OP_COUNT] = {
    [OP_MAP] = grad_map,
    [OP_REDUCE] = grad_reduce,
    [OP_CONTRACT] = grad_contract,
    [OP_GATHER] = grad_gather,
    [OP_SCATTER] = grad_scatter,
    [OP_RESHAPE] = grad_reshape,
    [OP_TRANSPOSE] = grad_transpose,
    [OP_SLICE] = grad_slice,
    [OP_PAD] = grad_pad,
    [OP_CONCAT] = grad_concat,
    [OP_BROADCAST] = grad_broadcast,
    [OP_RESULT] = grad_result,
};

/* ---- forward: copying ---- */

static void copy_region(struct grad *d, const struct region *r);

/* One trip on the given carries, which become the next ones. */
static void copy_trip(struct grad *d, const struct region *body, struct node **carries) {
  for (int i = 0; i < body->carry_count; i++) d->rebuild.map[body->carries[i]->id] = carries[i];
  copy_region(d, body);
  for (int i = 0; i < body->carry_count; i++) carries[i] = primal(d, body->results[i]);
}

static void copy_checkpoint(struct grad *d, const struct node *n) {
  struct arena *a = d->graph->arena;
  struct checkpoint *kept = d->kept[n->id] = arena_new_object(a, struct checkpoint);
  kept->before = arena_new_array(a, struct node **, (size_t)n->repeat.trips);
  kept->of_results = arena_new_array(a, struct cotangent, (size_t)n->arity + 1);
  kept->final = rebuild_operands(&d->rebuild, n);
  for (int64_t t = 0; t < n->repeat.trips; t++) {
    kept->before[t] = arena_new_array(a, struct node *, (size_t)n->arity + 1);
    for (int i = 0; i < n->arity; i++) kept->before[t][i] = kept->final[i];
    copy_trip(d, n->repeat.body, kept->final);
  }
}

static void copy_node(struct grad *d, const struct node *n) {
  if (is_checkpoint(n))
    copy_checkpoint(d, n);
  else if (n->op == OP_RESULT && is_checkpoint(n->operand[0]))
    d->rebuild.map[n->id] = d->kept[n->operand[0]->id]->final[n->index];
  else if (n->op != OP_STORE && n->op != OP_LOSS)
    rebuild_node(&d->rebuild, n);
}

static void copy_region(struct grad *d, const struct region *r) {
  for (int i = 0; i < r->count; i++) copy_node(d, r->nodes[i]);
}

/* ---- backward: visiting ---- */

static void visit_region(struct grad *d, const struct region *r);

/* One trip backwards: the cotangents of its results become those of its carries. */
static void visit_trip(struct grad *d, const struct region *body, struct node *const *before, struct node **c) {
  struct node **again = arena_new_array(d->graph->arena, struct node *, (size_t)body->carry_count + 1);
  for (int i = 0; i < body->carry_count; i++) again[i] = graph_barrier(d->graph, before[i]);
  copy_trip(d, body, again);
  for (int i = 0; i < body->carry_count; i++)
    if (c[i]) contribute(d, body->results[i], c[i]);
  visit_region(d, body);
  for (int i = 0; i < body->carry_count; i++) c[i] = cotangent_of(d, body->carries[i]);
}

static void visit_checkpoint(struct grad *d, const struct node *n) {
  struct checkpoint *kept = d->kept[n->id];
  struct node **c = arena_new_array(d->graph->arena, struct node *, (size_t)n->arity + 1);
  bool reached = false;
  for (int i = 0; i < n->arity; i++) {
    c[i] = take(d, &kept->of_results[i], &n->operand[i]->type);
    reached |= c[i] != NULL;
  }
  for (int64_t t = n->repeat.trips - 1; reached && t >= 0; t--) visit_trip(d, n->repeat.body, kept->before[t], c);
  for (int i = 0; i < n->arity; i++)
    if (c[i]) contribute(d, n->operand[i], c[i]);
}

/* The gradient of Σ loss: the cotangent of each example's loss is 1. */
static void seed(struct grad *d, const struct node *loss) {
  const struct type *type = &loss->operand[0]->type;
  struct node *one = graph_const(d->graph, type->dtype, 1);
  contribute(d, loss->operand[0], graph_broadcast_leading(d->graph, one, type->rank, type->extent));
}

static void visit(struct grad *d, const struct node *n) {
  d->graph->origin = n->origin;
  if (n->op == OP_LOSS) return seed(d, n);
  if (is_checkpoint(n)) return visit_checkpoint(d, n);
  struct node *c = rules[n->op] ? cotangent_of(d, n) : NULL;
  if (c) rules[n->op](d, n, c);
}

static void visit_region(struct grad *d, const struct region *r) {
  for (int i = r->count - 1; i >= 0; i--) visit(d, r->nodes[i]);
}

/* ---- the pass ---- */

/* What came to leaves from all over the graph.  The gradient of rows is written even where it is zero: the runtime
 * reads it. */
static void accumulate_leaves(struct grad *d) {
  for (int i = 0; i < d->leaf_count; i++) {
    const struct node *leaf = d->leaves[i];
    if (!d->needed[leaf->id]) continue;
    struct node *c = cotangent_of(d, leaf);
    if (!c && is_leaf_of(leaf, ROLE_ROWS)) c = pads_zero(d->graph, &leaf->type);
    if (c) graph_accumulate(d->graph, leaf->symbol, c);
  }
}

struct graph *pass_grad(const struct graph *g) {
  struct grad d = {.rebuild = rebuild_new(g)};
  size_t ids = (size_t)g->next_id + 1;
  d.graph = d.rebuild.to;
  d.needed = arena_new_array(g->arena, bool, ids);
  d.cotangents = arena_new_array(g->arena, struct cotangent, ids);
  d.first = arena_new_array(g->arena, const struct node *, ids);
  d.kept = arena_new_array(g->arena, struct checkpoint *, ids);
  const struct region *top = g->top;
  analyse(&d, top);
  copy_region(&d, top);
  if (graph_has(g, OP_LOSS)) {
    visit_region(&d, top);
    accumulate_leaves(&d);
  }
  for (int i = 0; i < top->count; i++)
    if (top->nodes[i]->op == OP_STORE) rebuild_node(&d.rebuild, top->nodes[i]);
  return d.graph;
}

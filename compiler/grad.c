/* pass_grad: reverse-mode differentiation, from graph to graph.
 *
 * Requires: pass_horizon.  Provides: no LOSS; accumulate sinks for every PARAM and ROWS leaf that the loss depends
 * on. The forward nodes are copied first, then the nodes are visited in reverse: each one's cotangent is complete
 * when it is reached, and its rule contributes to the cotangents of its operands.  Stores come last, after every read
 * of a state. */
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
  case OP_REPEAT:
  case OP_RESULT: return false;
  default: return true;
  }
}

static bool is_needed(const struct grad *d, const struct node *n) {
  if (!is_float(n)) return false;
  if (n->op == OP_LEAF) return is_leaf_of(n, ROLE_PARAM) || is_leaf_of(n, ROLE_ROWS);
  for (int i = 0; i < n->arity; i++)
    if (passes_gradient(n, i) && d->needed[n->operand[i]->id]) return true;
  return false;
}

static const struct node *first_leaf(const struct region *top, const struct node *leaf) {
  int i = 0;
  while (top->nodes[i]->op != OP_LEAF || top->nodes[i]->symbol != leaf->symbol) i++;
  return top->nodes[i];
}

static void analyse(struct grad *d, const struct region *top) {
  for (int i = 0; i < top->count; i++) {
    const struct node *n = top->nodes[i];
    d->needed[n->id] = is_needed(d, n);
    if (n->op == OP_LEAF) d->first[n->id] = first_leaf(top, n);
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

/* The cotangent of n, all of whose users have been visited; NULL: the loss does not depend on it. */
static struct node *cotangent_of(struct grad *d, const struct node *n) {
  struct cotangent *c = &d->cotangents[n->id];
  struct node *sum = c->pad_count ? pads_sum(d->graph, c->pads, c->pad_count, &n->type) : NULL;
  for (int i = 0; i < c->count; i++) sum = sum ? graph_map2(d->graph, SCALAR_ADD, sum, c->parts[i]) : c->parts[i];
  return sum;
}

static struct node *primal(const struct grad *d, const struct node *n) { return rebuild_find(&d->rebuild, n); }

/* ---- rules: n an old node, c the cotangent of its value ---- */

typedef void rule_fn(struct grad *d, const struct node *n, struct node *c);

static void grad_leaf(struct grad *d, const struct node *n, struct node *c) {
  graph_accumulate(d->graph, n->symbol, c);
}

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

static rule_fn *const rules[OP_COUNT] = {
    [OP_LEAF] = grad_leaf,       [OP_MAP] = grad_map,
    [OP_REDUCE] = grad_reduce,   [OP_CONTRACT] = grad_contract,
    [OP_GATHER] = grad_gather,   [OP_SCATTER] = grad_scatter,
    [OP_RESHAPE] = grad_reshape, [OP_TRANSPOSE] = grad_transpose,
    [OP_SLICE] = grad_slice,     [OP_PAD] = grad_pad,
    [OP_CONCAT] = grad_concat,   [OP_BROADCAST] = grad_broadcast,
};

/* ---- the pass ---- */

/* The gradient of Σ loss: the cotangent of each example's loss is 1. */
static void seed(struct grad *d, const struct node *loss) {
  const struct type *type = &loss->operand[0]->type;
  struct node *one = graph_const(d->graph, type->dtype, 1);
  contribute(d, loss->operand[0], graph_broadcast_leading(d->graph, one, type->rank, type->extent));
}

/* The gradient of rows is written even where it is zero: the runtime reads it. */
static bool is_owed_zero(const struct grad *d, const struct node *n) {
  return is_leaf_of(n, ROLE_ROWS) && d->needed[n->id] && d->first[n->id] == n;
}

static void visit(struct grad *d, const struct node *n) {
  d->graph->origin = n->origin;
  if (n->op == OP_LOSS) return seed(d, n);
  struct node *c = cotangent_of(d, n);
  if (!c && is_owed_zero(d, n)) c = pads_zero(d->graph, &n->type);
  if (c) rules[n->op](d, n, c);
}

struct graph *pass_grad(const struct graph *g) {
  struct grad d = {.rebuild = rebuild_new(g)};
  size_t ids = (size_t)g->next_id + 1;
  d.graph = d.rebuild.to;
  d.needed = arena_new_array(g->arena, bool, ids);
  d.cotangents = arena_new_array(g->arena, struct cotangent, ids);
  d.first = arena_new_array(g->arena, const struct node *, ids);
  const struct region *top = g->top;
  analyse(&d, top);
  for (int i = 0; i < top->count; i++)
    if (top->nodes[i]->op != OP_STORE && top->nodes[i]->op != OP_LOSS) rebuild_node(&d.rebuild, top->nodes[i]);
  if (graph_has(g, OP_LOSS))
    for (int i = top->count - 1; i >= 0; i--) visit(&d, top->nodes[i]);
  for (int i = 0; i < top->count; i++)
    if (top->nodes[i]->op == OP_STORE) rebuild_node(&d.rebuild, top->nodes[i]);
  return d.graph;
}

/* plan_split: lowers what kernels do not have.
 *
 * A reduction over several axes becomes one for each axis; a contraction that no matrix kernel serves (nothing
 * summed, or only one operand with axes of its own) becomes products and sums, which fuse with their neighbours; a
 * contraction of integers is computed in f64; a repeat of one trip becomes its body.
 * What a repeat computes anew in each trip without need moves before it.  DETACH and LOSS, which only `grad` reads,
 * and BARRIER, which only `simplify` reads, go. */
#include "planner.h"
#include "rebuild.h"

#include <string.h>

struct split {
  struct rebuild rebuild;
  struct node ***final; /* by id of a repeat that was unrolled: the final values of its carries; else NULL */
};

static void split_region(struct split *s, const struct region *r);
static struct node *split_node(struct split *s, const struct node *n);

/* ---- reductions ---- */

static struct node *drop_axis(struct graph *g, struct node *x, int axis) {
  int64_t extent[GRAPH_MAX_RANK];
  int rank = 0;
  for (int i = 0; i < x->type.rank; i++)
    if (i != axis) extent[rank++] = x->type.extent[i];
  return graph_reshape(g, x, rank, extent);
}

/* One axis at a time, the last first: so the batch comes last, over the smallest value. */
static struct node *reduce_axes(struct graph *g, enum reduction kind, uint32_t axes, struct node *x) {
  for (int i = x->type.rank - 1; i >= 0; i--)
    if (axes >> i & 1) x = x->type.extent[i] == 1 ? drop_axis(g, x, i) : graph_reduce(g, kind, UINT32_C(1) << i, x);
  return x;
}

static struct node *split_reduce(struct split *s, const struct node *n) {
  return reduce_axes(s->rebuild.to, n->reduce.kind, n->reduce.axes, rebuild_find(&s->rebuild, n->operand[0]));
}

/* ---- contractions ---- */

/* An operand or the result: its labels, as many as its rank. */
struct labelled {
  struct node *node;
  int8_t label[GRAPH_MAX_RANK];
  int rank;
};

static struct labelled labelled(struct node *node, const int8_t *label, int rank) {
  struct labelled x = {.node = node, .rank = rank};
  memcpy(x.label, label, (size_t)rank);
  return x;
}

static int find_label(const struct labelled *x, int8_t label) {
  for (int i = 0; i < x->rank; i++)
    if (x->label[i] == label) return i;
  return -1;
}

/* Sums over the axes that neither the other operand nor the result has. */
static void sum_private(struct graph *g, struct labelled *x, const struct labelled *other,
                        const struct labelled *result) {
  uint32_t axes = 0;
  int rank = 0;
  struct labelled kept = *x;
  for (int i = 0; i < x->rank; i++) {
    if (find_label(other, x->label[i]) < 0 && find_label(result, x->label[i]) < 0)
      axes |= UINT32_C(1) << i;
    else
      kept.label[rank++] = x->label[i];
  }
  kept.rank = rank;
  kept.node = reduce_axes(g, REDUCE_SUM, axes, x->node);
  *x = kept;
}

/* Has x an axis that the other operand lacks? */
static bool has_own_axis(const struct labelled *x, const struct labelled *other) {
  for (int i = 0; i < x->rank; i++)
    if (find_label(other, x->label[i]) < 0) return true;
  return false;
}

static bool has_summed_axis(const struct labelled *x, const struct labelled *result) {
  for (int i = 0; i < x->rank; i++)
    if (find_label(result, x->label[i]) < 0) return true;
  return false;
}

/* x in the space of `space`, whose labels include its own. */
static struct node *spread(struct graph *g, const struct labelled *x, const struct labelled *space,
                           const int64_t *extent) {
  int8_t order[GRAPH_MAX_RANK], axes[GRAPH_MAX_RANK];
  int rank = 0;
  for (int i = 0; i < space->rank; i++) {
    int axis = find_label(x, space->label[i]);
    if (axis < 0) continue;
    order[rank] = (int8_t)axis;
    axes[rank++] = (int8_t)i;
  }
  struct node *ordered = graph_transpose(g, x->node, order);
  return graph_broadcast(g, ordered, axes, space->rank, extent);
}

static void push_label(struct labelled *space, int64_t *extent, const struct labelled *x, int axis) {
  extent[space->rank] = x->node->type.extent[axis];
  space->label[space->rank++] = x->label[axis];
}

/* The space of all products: a summed batch first, then the result's axes, then the other summed ones. */
static struct labelled product_space(const struct labelled *x, const struct labelled *y,
                                     const struct labelled *result, int64_t *extent) {
  struct labelled space = {0};
  if (type_is_batched(&x->node->type) && find_label(result, x->label[0]) < 0) push_label(&space, extent, x, 0);
  for (int i = 0; i < result->rank; i++) {
    const struct labelled *from = find_label(x, result->label[i]) >= 0 ? x : y;
    push_label(&space, extent, from, find_label(from, result->label[i]));
  }
  for (int i = 0; i < x->rank; i++)
    if (find_label(&space, x->label[i]) < 0) push_label(&space, extent, x, i);
  return space;
}

static struct node *product_and_sum(struct graph *g, const struct labelled *x, const struct labelled *y,
                                    const struct labelled *result) {
  int64_t extent[GRAPH_MAX_RANK];
  struct labelled space = product_space(x, y, result, extent);
  struct node *product = graph_map2(g, SCALAR_MUL, spread(g, x, &space, extent), spread(g, y, &space, extent));
  uint32_t summed = 0;
  for (int i = 0; i < space.rank; i++)
    if (find_label(result, space.label[i]) < 0) summed |= UINT32_C(1) << i;
  return reduce_axes(g, REDUCE_SUM, summed, product);
}

static bool takes_bf16(const struct node *n) {
  return n->operand[0]->type.dtype == DTYPE_BF16 || n->operand[1]->type.dtype == DTYPE_BF16;
}

/* Has x an axis that neither the other operand nor the result has? */
static bool has_private_axis(const struct labelled *x, const struct labelled *other, const struct labelled *result) {
  for (int i = 0; i < x->rank; i++)
    if (find_label(other, x->label[i]) < 0 && find_label(result, x->label[i]) < 0) return true;
  return false;
}

/* A product of bf16 matrices, which has a kernel of its own. */
static struct node *bf16_product(struct split *s, const struct node *n) {
  struct node **operand = rebuild_operands(&s->rebuild, n);
  struct labelled x = labelled(operand[0], n->contract.left, operand[0]->type.rank);
  struct labelled y = labelled(operand[1], n->contract.right, operand[1]->type.rank);
  struct labelled result = labelled(NULL, n->contract.result, n->type.rank);
  if (!takes_bf16(n) || has_private_axis(&x, &y, &result) || has_private_axis(&y, &x, &result)) return NULL;
  if (!has_own_axis(&x, &y) || !has_own_axis(&y, &x) || !has_summed_axis(&x, &result)) return NULL;
  return graph_contract_as(s->rebuild.to, n->type.dtype, x.label, y.label, result.label, n->type.rank, x.node,
                           y.node);
}

/* An operand in the type that sums are computed in. */
static struct node *operand_to_sum(struct split *s, const struct node *n, int i) {
  struct graph *g = s->rebuild.to;
  struct node *x = rebuild_find(&s->rebuild, n->operand[i]);
  if (takes_bf16(n)) return graph_cast(g, DTYPE_F32, graph_cast(g, DTYPE_BF16, x));
  return graph_cast(g, n->type.dtype == DTYPE_I32 ? DTYPE_F64 : n->type.dtype, x);
}

static struct node *split_contract(struct split *s, const struct node *n) {
  struct graph *g = s->rebuild.to;
  struct node *product = bf16_product(s, n);
  if (product) return product;
  struct node *left = operand_to_sum(s, n, 0), *right = operand_to_sum(s, n, 1);
  struct labelled x = labelled(left, n->contract.left, left->type.rank);
  struct labelled y = labelled(right, n->contract.right, right->type.rank);
  struct labelled result = labelled(NULL, n->contract.result, n->type.rank);
  sum_private(g, &x, &y, &result);
  sum_private(g, &y, &x, &result);
  bool matrices = has_own_axis(&x, &y) && has_own_axis(&y, &x) && has_summed_axis(&x, &result);
  struct node *sum = matrices ? graph_contract_ids(g, x.label, y.label, result.label, result.rank, x.node, y.node)
                              : product_and_sum(g, &x, &y, &result);
  return graph_cast(g, n->type.dtype, sum);
}

/* ---- repeats ---- */

/* Appends the nodes of a body that depend on nothing in it.  Widening stays: it costs less than the memory. */
static void lift_invariants(struct split *s, const struct region *body) {
  for (int i = 0; i < body->count; i++) {
    const struct node *n = body->nodes[i];
    if (n->op == OP_REPEAT) lift_invariants(s, n->repeat.body);
    bool known = n->op != OP_REPEAT && n->op != OP_RESULT && !is_widening(n) && !rebuild_find(&s->rebuild, n);
    for (int j = 0; j < n->arity && known; j++) known = rebuild_find(&s->rebuild, n->operand[j]) != NULL;
    if (known) s->rebuild.map[n->id] = split_node(s, n);
  }
}

static void split_body(struct split *s, const struct region *body, struct node *const *carries,
                       struct node **results) {
  for (int i = 0; i < body->carry_count; i++) s->rebuild.map[body->carries[i]->id] = carries[i];
  split_region(s, body);
  for (int i = 0; i < body->carry_count; i++) results[i] = rebuild_find(&s->rebuild, body->results[i]);
}

static struct node *split_repeat(struct split *s, const struct node *n) {
  struct graph *g = s->rebuild.to;
  struct node **values = rebuild_operands(&s->rebuild, n);
  if (n->repeat.trips <= 1) {
    if (n->repeat.trips == 1) split_body(s, n->repeat.body, values, values);
    s->final[n->id] = values;
    return NULL;
  }
  lift_invariants(s, n->repeat.body);
  struct node *copy = graph_repeat_open(g, n->repeat.trips, n->repeat.last, values, n->arity);
  split_body(s, n->repeat.body, copy->repeat.body->carries, values);
  graph_repeat_close(g, copy, values);
  return copy;
}

static struct node *split_result(struct split *s, const struct node *n) {
  struct node **final = s->final[n->operand[0]->id];
  if (final) return final[n->index];
  return graph_copy_node(s->rebuild.to, n, rebuild_operands(&s->rebuild, n));
}

static struct node *split_detach(struct split *s, const struct node *n) {
  return rebuild_find(&s->rebuild, n->operand[0]);
}

static struct node *split_loss(struct split *s, const struct node *n) {
  (void)s, (void)n;
  return NULL;
}

static struct node *split_node(struct split *s, const struct node *n) {
  static struct node *(*const table[OP_COUNT])(struct split *, const struct node *) = {
      [OP_REDUCE] = split_reduce,  [OP_CONTRACT] = split_contract, [OP_REPEAT] = split_repeat,
      [OP_RESULT] = split_result,  [OP_DETACH] = split_detach,     [OP_LOSS] = split_loss,
      [OP_BARRIER] = split_detach,
  };
  s->rebuild.to->origin = n->origin;
  return table[n->op] ? table[n->op](s, n) : graph_copy_node(s->rebuild.to, n, rebuild_operands(&s->rebuild, n));
}

static void split_region(struct split *s, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    if (!s->rebuild.map[n->id]) s->rebuild.map[n->id] = split_node(s, n);
  }
}

struct graph *plan_split(const struct graph *g) {
  struct split s = {.rebuild = rebuild_new(g)};
  s.final = arena_new_array(g->arena, struct node **, (size_t)g->next_id + 1);
  split_region(&s, g->top);
  return s.rebuild.to;
}

/* Rules for views, and for the operators that can look through them; see simplify.h. */
#include "simplify.h"

#include <string.h>

/* ---- reshape and transpose ---- */

/* reshape x to its own shape = x;  reshape(reshape x) = reshape x;  a constant has any shape */
struct node *simplify_reshape(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  double value;
  if (type_equal(&x->type, &n->type)) return x;
  if (x->op == OP_RESHAPE) return graph_reshape(g, x->operand[0], n->type.rank, n->type.extent);
  if (simplify_is_constant(x, &value)) return simplify_constant(g, value, &n->type);
  return NULL;
}

/* Do the axes longer than 1 keep their order? */
static bool moves_unit_axes_only(const struct node *n) {
  int before = -1;
  for (int i = 0; i < n->type.rank; i++) {
    if (n->type.extent[i] == 1) continue;
    if (n->axes[i] < before) return false;
    before = n->axes[i];
  }
  return true;
}

/* transpose(broadcast x) = broadcast(transpose x): the smaller value moves. */
static struct node *transpose_before_broadcast(struct graph *g, struct node *n) {
  struct node *broadcast = n->operand[0], *x = broadcast->operand[0];
  int8_t source[GRAPH_MAX_RANK], axes[GRAPH_MAX_RANK], order[GRAPH_MAX_RANK];
  int count = 0;
  memset(source, -1, sizeof source);
  for (int i = 0; i < x->type.rank; i++) source[broadcast->axes[i]] = (int8_t)i;
  for (int i = 0; i < n->type.rank; i++) {
    if (source[n->axes[i]] < 0) continue;
    order[count] = source[n->axes[i]];
    axes[count++] = (int8_t)i;
  }
  return graph_broadcast(g, graph_transpose(g, x, order), axes, n->type.rank, n->type.extent);
}

static struct node *transpose_of_transpose(struct graph *g, struct node *n) {
  const struct node *inner = n->operand[0];
  int8_t axes[GRAPH_MAX_RANK];
  for (int i = 0; i < n->type.rank; i++) axes[i] = inner->axes[n->axes[i]];
  return graph_transpose(g, inner->operand[0], axes);
}

struct node *simplify_transpose(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  bool identity = true;
  for (int i = 0; i < n->type.rank; i++) identity &= n->axes[i] == i;
  if (identity) return x;
  if (moves_unit_axes_only(n)) return graph_reshape(g, x, n->type.rank, n->type.extent);
  if (x->op == OP_TRANSPOSE) return transpose_of_transpose(g, n);
  return x->op == OP_BROADCAST ? transpose_before_broadcast(g, n) : NULL;
}

/* ---- slice and pad ---- */

static int64_t size_along(const struct node *n) { return n->type.extent[n->range.axis]; }

/* The same range along an axis of another node. */
static struct node *slice_like(struct graph *g, const struct node *n, struct node *x, int axis) {
  return graph_slice(g, x, axis, n->range.from, n->range.step, size_along(n));
}

/* slice(broadcast x): the slice of x where the axis is one of x, else a shorter broadcast. */
static struct node *slice_of_broadcast(struct graph *g, struct node *n) {
  const struct node *broadcast = n->operand[0];
  struct node *x = broadcast->operand[0];
  for (int i = 0; i < x->type.rank; i++)
    if (broadcast->axes[i] == n->range.axis) {
      x = slice_like(g, n, x, i);
      break;
    }
  return graph_broadcast(g, x, broadcast->axes, n->type.rank, n->type.extent);
}

/* A slice that lies within one part of a concat. */
static struct node *slice_of_concat(struct graph *g, struct node *n) {
  const struct node *concat = n->operand[0];
  int axis = n->range.axis;
  int64_t begin = n->range.from, end = begin + (size_along(n) - 1) * n->range.step + 1;
  if (concat->range.axis != axis) return NULL;
  for (int i = 0; i < concat->arity; i++) {
    int64_t size = concat->operand[i]->type.extent[axis];
    if (begin >= 0 && end <= size)
      return graph_slice(g, concat->operand[i], axis, begin, n->range.step, size_along(n));
    begin -= size, end -= size;
  }
  return NULL;
}

static struct node *slice_of_slice(struct graph *g, struct node *n) {
  const struct node *inner = n->operand[0];
  if (inner->range.axis != n->range.axis) return NULL;
  int64_t from = inner->range.from + inner->range.step * n->range.from;
  return graph_slice(g, inner->operand[0], n->range.axis, from, inner->range.step * n->range.step, size_along(n));
}

/* A slice that undoes a pad. */
static struct node *slice_of_pad(struct node *n) {
  const struct node *pad = n->operand[0];
  bool undoes = pad->range.axis == n->range.axis && pad->range.from == n->range.from &&
                pad->range.step == n->range.step && type_equal(&pad->operand[0]->type, &n->type);
  return undoes ? pad->operand[0] : NULL;
}

struct node *simplify_slice(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  if (type_equal(&x->type, &n->type)) return x;
  switch (x->op) {
  case OP_BROADCAST: return slice_of_broadcast(g, n);
  case OP_CONCAT: return slice_of_concat(g, n);
  case OP_SLICE: return slice_of_slice(g, n);
  case OP_PAD: return slice_of_pad(n);
  default: return NULL;
  }
}

/* pad to the same size = x;  pad of zeros = zeros;  pad of pad along one axis = one pad */
struct node *simplify_pad(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  if (type_equal(&x->type, &n->type)) return x;
  if (simplify_is(x, 0)) return simplify_constant(g, 0, &n->type);
  if (x->op != OP_PAD || x->range.axis != n->range.axis) return NULL;
  int64_t from = n->range.from + n->range.step * x->range.from;
  return graph_pad(g, x->operand[0], n->range.axis, from, n->range.step * x->range.step, size_along(n));
}

/* ---- concat ---- */

/* Two neighbours that are one value: equal constants, or slices that meet. */
static struct node *merge_parts(struct graph *g, struct node *x, struct node *y, int axis) {
  struct type type = x->type;
  double a, b;
  type.extent[axis] += y->type.extent[axis];
  if (simplify_is_constant(x, &a) && simplify_is_constant(y, &b))
    return a == b ? simplify_constant(g, a, &type) : NULL;
  bool slices = x->op == OP_SLICE && y->op == OP_SLICE && x->operand[0] == y->operand[0] && x->range.axis == axis &&
                y->range.axis == axis && x->range.step == 1 && y->range.step == 1;
  if (!slices || x->range.from + x->type.extent[axis] != y->range.from) return NULL;
  return graph_slice(g, x->operand[0], axis, x->range.from, 1, type.extent[axis]);
}

/* The parts, those of a concat within counted one by one. */
static struct node **flat_parts(struct graph *g, const struct node *n, int *count) {
  struct node **parts = NULL;
  int capacity = 0;
  *count = 0;
  for (int i = 0; i < n->arity; i++) {
    struct node *x = n->operand[i];
    bool inner = x->op == OP_CONCAT && x->range.axis == n->range.axis;
    for (int j = 0; j < (inner ? x->arity : 1); j++)
      arena_push(g->arena, parts, *count, capacity, inner ? x->operand[j] : x);
  }
  return parts;
}

struct node *simplify_concat(struct graph *g, struct node *n) {
  int count, kept = 0;
  struct node **parts = flat_parts(g, n, &count);
  bool flattened = count != n->arity;
  for (int i = 0; i < count; i++) {
    struct node *merged = kept ? merge_parts(g, parts[kept - 1], parts[i], n->range.axis) : NULL;
    if (merged)
      parts[kept - 1] = merged;
    else
      parts[kept++] = parts[i];
  }
  if (kept == 1) return parts[0];
  return flattened || kept < count ? graph_concat(g, parts, kept, n->range.axis) : NULL;
}

/* ---- broadcast ---- */

/* broadcast to the same shape = x;  broadcast of broadcast = one broadcast */
struct node *simplify_broadcast(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  int8_t axes[GRAPH_MAX_RANK];
  if (type_equal(&x->type, &n->type)) return x;
  if (x->op != OP_BROADCAST) return NULL;
  for (int i = 0; i < x->operand[0]->type.rank; i++) axes[i] = n->axes[x->axes[i]];
  return graph_broadcast(g, x->operand[0], axes, n->type.rank, n->type.extent);
}

/* ---- operators that look through views ---- */

/* A reduction over unit axes is a reshape; one of a reduction of its kind is one reduction over all axes. */
static struct node *reduce_of_reduce(struct graph *g, struct node *n) {
  const struct node *inner = n->operand[0];
  if (inner->reduce.kind != n->reduce.kind) return NULL;
  uint32_t axes = inner->reduce.axes;
  for (int i = 0, kept = 0; i < inner->operand[0]->type.rank; i++) {
    if (inner->reduce.axes >> i & 1) continue;
    if (n->reduce.axes >> kept++ & 1) axes |= UINT32_C(1) << i;
  }
  return graph_reduce(g, n->reduce.kind, axes, inner->operand[0]);
}

/* Which axes of the result of a broadcast are its operand's? */
static uint32_t source_axes(const struct node *broadcast) {
  uint32_t mask = 0;
  for (int i = 0; i < broadcast->operand[0]->type.rank; i++) mask |= UINT32_C(1) << broadcast->axes[i];
  return mask;
}

/* Over repeated axes a sum is a product by their extent, a maximum is the value; other axes are reduced first. */
static struct node *reduce_of_broadcast(struct graph *g, struct node *n) {
  const struct node *broadcast = n->operand[0];
  uint32_t repeated = n->reduce.axes & ~source_axes(broadcast);
  if (n->reduce.kind == REDUCE_SUM && (repeated & 1) && type_is_batched(&broadcast->type)) return NULL;
  struct node *x = broadcast->operand[0];
  uint32_t inner = 0;
  double count = 1;
  int8_t axes[GRAPH_MAX_RANK];
  int kept = 0, position = 0;
  for (int i = 0, source = 0; i < broadcast->type.rank; i++) {
    bool reduced = n->reduce.axes >> i & 1, own = source_axes(broadcast) >> i & 1;
    if (reduced && own) inner |= UINT32_C(1) << source;
    if (reduced && !own) count *= (double)broadcast->type.extent[i];
    if (!reduced && own) axes[kept++] = (int8_t)position;
    position += !reduced;
    source += own;
  }
  if (inner) x = graph_reduce(g, n->reduce.kind, inner, x);
  if (n->reduce.kind == REDUCE_SUM && count != 1)
    x = graph_map2(g, SCALAR_MUL, x, simplify_constant(g, count, &x->type));
  return graph_broadcast(g, x, axes, n->type.rank, n->type.extent);
}

/* Σ x·c = c·Σ x and Σ x/c = (Σ x)/c where the broadcast value c does not vary along the sum. */
static struct node *sum_of_scaled(struct graph *g, struct node *n, enum scalar_op op, struct node *x,
                                  struct node *factor) {
  if (factor->op != OP_BROADCAST || (source_axes(factor) & n->reduce.axes)) return NULL;
  int8_t axes[GRAPH_MAX_RANK];
  for (int i = 0; i < factor->operand[0]->type.rank; i++) {
    uint32_t lost = n->reduce.axes & ((UINT32_C(1) << factor->axes[i]) - 1);
    axes[i] = (int8_t)(factor->axes[i] - __builtin_popcount(lost));
  }
  factor = graph_broadcast(g, factor->operand[0], axes, n->type.rank, n->type.extent);
  return graph_map2(g, op, graph_reduce(g, REDUCE_SUM, n->reduce.axes, x), factor);
}

/* What every summand has in common is applied once, to the sum. */
static struct node *sum_of_map(struct graph *g, struct node *n) {
  struct node *map = n->operand[0], *x = map->operand[0];
  if (n->reduce.kind != REDUCE_SUM) return NULL;
  if (map->scalar == SCALAR_NEG) return graph_map1(g, SCALAR_NEG, graph_reduce(g, REDUCE_SUM, n->reduce.axes, x));
  bool scales = map->scalar == SCALAR_MUL || (map->scalar == SCALAR_DIV && n->type.dtype != DTYPE_I32);
  if (!scales) return NULL;
  struct node *y = map->operand[1], *scaled = sum_of_scaled(g, n, map->scalar, x, y);
  return scaled || map->scalar == SCALAR_DIV ? scaled : sum_of_scaled(g, n, SCALAR_MUL, y, x);
}

struct node *simplify_reduce(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  bool units = true;
  for (int i = 0; i < x->type.rank; i++) units &= !(n->reduce.axes >> i & 1) || x->type.extent[i] == 1;
  if (units) return graph_reshape(g, x, n->type.rank, n->type.extent);
  if (x->op == OP_REDUCE) return reduce_of_reduce(g, n);
  if (x->op == OP_MAP) return sum_of_map(g, n);
  return x->op == OP_BROADCAST ? reduce_of_broadcast(g, n) : NULL;
}

/* A transposed operand is the operand with its labels permuted. */
struct node *simplify_contract(struct graph *g, struct node *n) {
  int8_t labels[2][GRAPH_MAX_RANK];
  struct node *operands[2] = {n->operand[0], n->operand[1]};
  bool changed = false;
  memcpy(labels[0], n->contract.left, GRAPH_MAX_RANK);
  memcpy(labels[1], n->contract.right, GRAPH_MAX_RANK);
  for (int side = 0; side < 2; side++) {
    const struct node *x = n->operand[side];
    if (x->op != OP_TRANSPOSE) continue;
    const int8_t *outer = side == 0 ? n->contract.left : n->contract.right;
    for (int i = 0; i < x->type.rank; i++) labels[side][x->axes[i]] = outer[i];
    operands[side] = x->operand[0];
    changed = true;
  }
  if (!changed) return NULL;
  return graph_contract_as(g, n->type.dtype, labels[0], labels[1], n->contract.result, n->type.rank, operands[0],
                           operands[1]);
}

/* table[0, 1, … N-1] = table */
struct node *simplify_gather(struct graph *g, struct node *n) {
  (void)g;
  bool all_rows = n->operand[1]->op == OP_IOTA && type_equal(&n->operand[0]->type, &n->type);
  return all_rows ? n->operand[0] : NULL;
}

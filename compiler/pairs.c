/* plan_pairs: operands of bf16 contractions.
 *
 * Such a contraction multiplies two neighbours along k at once (kernel.h), so they must be neighbours in memory.  In
 * an operand whose unit stride lies along k they are; of others a copy is made, in which each pair is an element of
 * i32: an interleaving of rows where they lie across k, a transposition of pairs where they lie along it. */
#include "contraction.h"

struct type type_of_pairs(const struct type *type, int axis) {
  struct type pairs = *type;
  pairs.dtype = DTYPE_I32;
  pairs.extent[axis] = (type->extent[axis] + 1) / 2;
  return pairs;
}

/* How x, itself in pairs, is seen element by element: bf16, its stride along the axis is from pair to pair. */
static struct view view_of_pairs(const struct view *pairs, const struct type *x, int axis) {
  struct view v = *pairs;
  v.type.dtype = DTYPE_BF16;
  v.type.extent[axis] = x->extent[axis];
  v.offset *= 2;
  for (int i = 0; i < v.type.rank; i++) v.stride[i] *= 2;
  return v;
}

/* Every second element along the axis, from the first or the second on. */
static struct view every_second(const struct view *x, int axis, int64_t from, int64_t count) {
  struct type part = x->type;
  part.extent[axis] = count;
  return view_slice(x, axis, from, 2, &part);
}

static int load_as_bf16(struct nest *nest, const struct view *x, const int8_t *axis) {
  int access = nest_access(nest, x, axis);
  int value = nest_value(nest, (struct value){.kind = VALUE_LOAD, .dtype = x->type.dtype, .access = access});
  return nest_cast(nest, value, DTYPE_BF16);
}

/* `count` pairs from number `first` on; where the second elements are beyond the end, zeros. */
static void copy_pairs(struct planner *p, const struct view *x, int axis, const struct view *pairs, int64_t first,
                       int64_t count, bool has_second) {
  struct type part = pairs->type;
  part.extent[axis] = count;
  struct view to = view_slice(pairs, axis, first, 1, &part);
  int8_t axes[GRAPH_MAX_RANK];
  struct nest nest = nest_over(p, &part, axes);
  int target = nest_access(&nest, &to, axes);
  struct view lower = every_second(x, axis, 2 * first, count);
  struct value pair = {.kind = VALUE_PAIR, .dtype = DTYPE_I32};
  pair.operand[0] = load_as_bf16(&nest, &lower, axes);
  if (has_second) {
    struct view upper = every_second(x, axis, 2 * first + 1, count);
    pair.operand[1] = load_as_bf16(&nest, &upper, axes);
  } else {
    pair.operand[1] = nest_value(&nest, (struct value){.kind = VALUE_CONST, .dtype = DTYPE_BF16});
  }
  nest_store(&nest, nest_value(&nest, pair), target, false);
  nest_push(&nest);
}

/* Are the pairs elements of i32 as they are? */
static bool holds_pairs(const struct view *x, int axis) {
  bool whole = x->offset % 2 == 0 && x->type.extent[axis] % 2 == 0;
  for (int i = 0; i < x->type.rank; i++)
    if (i != axis && x->type.extent[i] != 1) whole &= x->stride[i] % 2 == 0;
  return whole && x->type.dtype == DTYPE_BF16 && x->stride[axis] == 1 && x->buffer->space != SPACE_IO;
}

static struct view as_pairs(const struct view *x, int axis) {
  struct view v = *x;
  v.type = type_of_pairs(&x->type, axis);
  v.offset /= 2;
  for (int i = 0; i < v.type.rank; i++) v.stride[i] = i == axis ? 1 : x->stride[i] / 2;
  return v;
}

void plan_pairs(struct planner *p, const struct view *x, int axis, const struct view *pairs) {
  int64_t count = x->type.extent[axis];
  if (holds_pairs(x, axis)) {
    struct view from = as_pairs(x, axis);
    plan_copy(p, &from, pairs, false);
    return;
  }
  if (count > 1) copy_pairs(p, x, axis, pairs, 0, count / 2, true);
  if (count % 2) copy_pairs(p, x, axis, pairs, count / 2, 1, false);
}

/* ---- operands ---- */

bool label_has_pairs(const struct problem *q, int which, int label) {
  return q->view[which].type.dtype == DTYPE_BF16 && label_stride(q, which, label) == 1;
}

static void move_to_end(int *labels, int count, int label) {
  int kept = 0;
  for (int i = 0; i < count; i++)
    if (labels[i] != label) labels[kept++] = labels[i];
  if (kept < count) labels[kept] = label;
}

/* The batch, outer labels, the operand's own, then the summed ones, of which the paired one is last; `last` after
 * all. */
static void order_of_pairs(const struct problem *q, int b, int which, int last, int8_t *order) {
  int labels[CONTRACTION_MAX_LABELS];
  int count = labels_append(q, label_is_any_batch, b, which, C, labels, 0);
  count = labels_append(q, label_is_outer, b, which, C, labels, count);
  count = labels_append(q, which == b ? label_is_column : label_is_row, b, which, C, labels, count);
  count = labels_append(q, label_is_summed, b, which, 1 - which, labels, count);
  move_to_end(labels, count, q->pair);
  move_to_end(labels, count, last);
  for (int i = 0; i < count; i++) order[i] = (int8_t)q->label[labels[i]].axis[which];
}

static void pair_operand(struct problem *q, int b, int which, int last) {
  int8_t order[GRAPH_MAX_RANK];
  int axis = q->label[q->pair].axis[which];
  order_of_pairs(q, b, which, last, order);
  struct view x = q->view[which], pairs;
  if (q->is_weight[which]) {
    pairs = packed_copy(q, which, axis, order);
  } else {
    struct type type = type_of_pairs(&x.type, axis);
    pairs = view_new(q->planner, &type, order);
    plan_pairs(q->planner, &x, axis, &pairs);
  }
  q->view[which] = view_of_pairs(&pairs, &x.type, axis);
}

/* The row label along which neighbours of a lie side by side; else the paired one, so that rows are whole. */
static int innermost_of_a(const struct problem *q, int b) {
  for (int i = 0; i < q->count; i++)
    if (label_is_row(q, b, i) && !label_is_batch(q, i) && label_stride(q, 1 - b, i) == 1) return i;
  return q->pair;
}

void pair_a(struct problem *q, int b) {
  int a = 1 - b;
  if (label_has_pairs(q, a, q->pair))
    q->view[a].stride[q->label[q->pair].axis[a]] = 2;
  else
    pair_operand(q, b, a, q->is_weight[a] ? q->pair : innermost_of_a(q, b));
}

void pair_b(struct problem *q, int b, int n) { pair_operand(q, b, b, n); }

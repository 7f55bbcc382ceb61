/* Views: how values lie in buffers.  Every view operator is arithmetic on strides; see planner.h. */
#include "planner.h"

#include <string.h>

static int64_t extent_of_example(int64_t extent) { return extent == EXTENT_BATCH ? 1 : extent; }

struct view view_dense(struct buffer *buffer, const struct type *type, const int8_t *order) {
  struct view v = {.buffer = buffer, .type = *type};
  int64_t stride = 1;
  for (int i = type->rank - 1; i >= 0; i--) {
    int axis = order ? order[i] : i;
    v.stride[axis] = stride;
    stride *= extent_of_example(type->extent[axis]);
  }
  return v;
}

void order_insert(int8_t *order, int count, int axis) {
  int at = count;
  for (int i = 0; i < count; i++)
    if (order[i] == axis + 1) at = i;
  memmove(&order[at + 1], &order[at], (size_t)(count - at));
  order[at] = (int8_t)axis;
}

struct view view_slice(const struct view *whole, int axis, int64_t from, int64_t step, const struct type *part) {
  struct view v = *whole;
  v.type = *part;
  v.offset += from * whole->stride[axis];
  v.stride[axis] = step * whole->stride[axis];
  return v;
}

bool view_same_place(const struct view *a, const struct view *b) {
  if (a->buffer != b->buffer || a->offset != b->offset || !type_equal(&a->type, &b->type)) return false;
  for (int i = 0; i < a->type.rank; i++)
    if (a->type.extent[i] != 1 && a->stride[i] != b->stride[i]) return false;
  return true;
}

static bool forward_transpose(const struct node *n, const struct view *x, struct view *v) {
  for (int i = 0; i < n->type.rank; i++) v->stride[i] = x->stride[n->axes[i]];
  return true;
}

static bool forward_broadcast(const struct node *n, const struct view *x, struct view *v) {
  memset(v->stride, 0, sizeof v->stride);
  for (int i = 0; i < x->type.rank; i++) v->stride[n->axes[i]] = x->stride[i];
  return true;
}

static bool forward_slice(const struct node *n, const struct view *x, struct view *v) {
  *v = view_slice(x, n->range.axis, n->range.from, n->range.step, &n->type);
  return true;
}

static bool forward_detach(const struct node *n, const struct view *x, struct view *v) {
  (void)n, (void)x, (void)v;
  return true;
}

/* The axes of a view without extents of 1, neighbours joined where memory goes on without a gap. */
struct run {
  int64_t extent, stride;
};

static int runs_of(const struct view *v, struct run runs[GRAPH_MAX_RANK]) {
  int count = 0;
  for (int i = 0; i < v->type.rank; i++) {
    int64_t extent = v->type.extent[i], stride = v->stride[i];
    if (extent == 1) continue;
    struct run *outer = count ? &runs[count - 1] : NULL;
    if (outer && outer->extent != EXTENT_BATCH && outer->stride == extent * stride)
      *outer = (struct run){outer->extent * extent, stride};
    else
      runs[count++] = (struct run){extent, stride};
  }
  return count;
}

/* Takes an axis of this extent from the inner end of the last run; false: it does not divide. */
static bool take_from_run(struct run *runs, int *count, int64_t extent, int64_t *stride) {
  if (*count == 0) return false;
  struct run *last = &runs[*count - 1];
  *stride = last->stride;
  if (last->extent == extent) {
    --*count;
    return true;
  }
  if (extent == EXTENT_BATCH || last->extent == EXTENT_BATCH || last->extent % extent != 0) return false;
  last->extent /= extent;
  last->stride *= extent;
  return true;
}

static bool reshape(const struct view *x, const struct type *type, struct view *v) {
  struct run runs[GRAPH_MAX_RANK];
  int count = runs_of(x, runs);
  *v = (struct view){.buffer = x->buffer, .offset = x->offset, .type = *type};
  for (int i = type->rank - 1; i >= 0; i--)
    if (type->extent[i] != 1 && !take_from_run(runs, &count, type->extent[i], &v->stride[i])) return false;
  return true;
}

static bool forward_reshape(const struct node *n, const struct view *x, struct view *v) {
  return reshape(x, &n->type, v);
}

bool view_forward(const struct node *n, const struct view *operand, struct view *result) {
  static bool (*const table[OP_COUNT])(const struct node *, const struct view *, struct view *) = {
      [OP_TRANSPOSE] = forward_transpose, [OP_BROADCAST] = forward_broadcast, [OP_SLICE] = forward_slice,
      [OP_DETACH] = forward_detach,       [OP_RESHAPE] = forward_reshape,
  };
  *result = *operand;
  result->type = n->type;
  return table[n->op](n, operand, result);
}

bool view_backward(const struct node *n, const struct view *result, struct view *operand) {
  const struct type *type = &n->operand[0]->type;
  *operand = *result;
  operand->type = *type;
  if (n->op == OP_DETACH) return true;
  if (n->op == OP_RESHAPE) return reshape(result, type, operand);
  if (n->op != OP_TRANSPOSE) return false;
  for (int i = 0; i < n->type.rank; i++) operand->stride[n->axes[i]] = result->stride[i];
  return true;
}

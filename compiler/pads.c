/* See pads.h. */
#include "pads.h"

#include <stdlib.h>

struct node *pads_zero(struct graph *g, const struct type *type) {
  return graph_broadcast_leading(g, graph_const(g, type->dtype, 0), type->rank, type->extent);
}

static int64_t pad_size(const struct pad *p) { return p->value->type.extent[p->axis]; }

static int compare_pads(const void *x, const void *y) {
  const struct pad *a = x, *b = y;
  if (a->axis != b->axis) return a->axis < b->axis ? -1 : 1;
  if (a->step != b->step) return a->step < b->step ? -1 : 1;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  return (a->value->id > b->value->id) - (a->value->id < b->value->id);
}

static bool same_kind(const struct pad *a, const struct pad *b) { return a->axis == b->axis && a->step == b->step; }

static struct node *pad_alone(struct graph *g, const struct pad *p, const struct type *whole) {
  int64_t size = whole->extent[p->axis];
  return pad_size(p) == size ? p->value : graph_pad(g, p->value, p->axis, p->from, p->step, size);
}

static struct node *zero_gap(struct graph *g, const struct pad *p, int64_t size) {
  struct type gap = p->value->type;
  gap.extent[p->axis] = size;
  return pads_zero(g, &gap);
}

/* Parts in order that do not overlap, with zeros in the gaps. */
static struct node *join(struct graph *g, const struct pad *pads, int count, const struct type *whole) {
  if (count == 1) return pad_alone(g, pads, whole);
  struct node **parts = arena_new_array(g->arena, struct node *, 2 * (size_t)count + 1);
  int part_count = 0;
  int64_t end = 0, size = whole->extent[pads->axis];
  for (int i = 0; i < count; i++) {
    if (pads[i].from > end) parts[part_count++] = zero_gap(g, &pads[i], pads[i].from - end);
    parts[part_count++] = pads[i].value;
    end = pads[i].from + pad_size(&pads[i]);
  }
  if (end < size) parts[part_count++] = zero_gap(g, pads, size - end);
  return graph_concat(g, parts, part_count, pads->axis);
}

/* Do the pads, each with the same step, fill the axis in turn: 0, step, …; 1, step + 1, …? */
static bool interleaves(const struct pad *pads, int count, const struct type *whole) {
  if (pads->step == 1 || count != pads->step || whole->rank == GRAPH_MAX_RANK) return false;
  for (int i = 0; i < count; i++)
    if (pads[i].from != i || pad_size(&pads[i]) * pads->step != whole->extent[pads->axis]) return false;
  return true;
}

/* [… n …] × step -> [… n, step …] -> [… n·step …] */
static struct node *interleave(struct graph *g, const struct pad *pads, int count, const struct type *whole) {
  struct node **parts = arena_new_array(g->arena, struct node *, (size_t)count);
  struct type split = pads->value->type;
  for (int i = split.rank++; i > pads->axis + 1; i--) split.extent[i] = split.extent[i - 1];
  split.extent[pads->axis + 1] = 1;
  for (int i = 0; i < count; i++) parts[i] = graph_reshape(g, pads[i].value, split.rank, split.extent);
  struct node *joined = graph_concat(g, parts, count, pads->axis + 1);
  return graph_reshape(g, joined, whole->rank, whole->extent);
}

/* Moves the parts that can stand side by side to the front, in order; returns how many. */
static int take_disjoint(struct graph *g, struct pad *pads, int count) {
  if (pads->step != 1) return 1;
  struct pad *left = arena_new_array(g->arena, struct pad, (size_t)count);
  int taken = 0, left_count = 0;
  int64_t end = 0;
  for (int i = 0; i < count; i++) {
    if (pads[i].from < end) {
      left[left_count++] = pads[i];
      continue;
    }
    end = pads[i].from + pad_size(&pads[i]);
    pads[taken++] = pads[i];
  }
  for (int i = 0; i < left_count; i++) pads[taken + i] = left[i];
  return taken;
}

/* The sum of pads of one axis and step. */
static struct node *sum_of_kind(struct graph *g, struct pad *pads, int count, const struct type *whole) {
  if (interleaves(pads, count, whole)) return interleave(g, pads, count, whole);
  struct node *sum = NULL;
  while (count > 0) {
    int taken = take_disjoint(g, pads, count);
    struct node *joined = join(g, pads, taken, whole);
    sum = sum ? graph_map2(g, SCALAR_ADD, sum, joined) : joined;
    pads += taken, count -= taken;
  }
  return sum;
}

struct node *pads_sum(struct graph *g, struct pad *pads, int count, const struct type *whole) {
  qsort(pads, (size_t)count, sizeof *pads, compare_pads);
  struct node *sum = NULL;
  for (int begin = 0, end; begin < count; begin = end) {
    for (end = begin; end < count && same_kind(&pads[begin], &pads[end]);) end++;
    struct node *of_kind = sum_of_kind(g, pads + begin, end - begin, whole);
    sum = sum ? graph_map2(g, SCALAR_ADD, sum, of_kind) : of_kind;
  }
  return sum;
}

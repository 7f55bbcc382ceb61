/* plan_panels: contractions with a weight.
 *
 * The weight w[k, n] is copied into panels [n / P][k][P] of P columns (machine_panel) ahead, so that the kernel
 * streams through memory; the columns that do not fill a panel make one of their own.  Equal copies are made once:
 * those of weights by `pack` (pack.c), those of what `prepare` computes there.
 *
 * An activation that many rows go through is copied into panels, too, just before: else its columns, which lie far
 * apart, would be looked up again by each tile of rows. */
#include "contraction.h"

#include <string.h>

enum { ALIGNMENT = 64 };

/* ---- parts of a problem ---- */

static void narrow(struct view *v, int axis, int64_t from, int64_t size) {
  struct type type = v->type;
  type.extent[axis] = size;
  *v = view_slice(v, axis, from, 1, &type);
}

/* The part of the problem with columns from … from + size - 1 of label n. */
static struct problem columns_of(const struct problem *q, int b, int n, int64_t from, int64_t size) {
  struct problem part = *q;
  part.label[n].extent = size;
  narrow(&part.view[b], part.label[n].axis[b], from, size);
  narrow(&part.view[C], part.label[n].axis[C], from, size);
  return part;
}

static int panel_of(const struct problem *q) { return machine_panel(q->planner->shared->machine); }

static void split_axis(struct problem *q, int which, int n, int panels) {
  struct view *v = &q->view[which];
  int inner = q->label[n].axis[which], outer = v->type.rank++;
  v->type.extent[outer] = q->label[panels].extent;
  v->stride[outer] = panel_of(q) * v->stride[inner];
  v->type.extent[inner] = panel_of(q);
  q->label[panels].axis[which] = outer;
}

/* Label n becomes two: the panel and the column in it. */
static void split_label(struct problem *q, int b, int n) {
  int panels = q->count++;
  q->label[panels].extent = q->label[n].extent / panel_of(q);
  q->label[n].extent = panel_of(q);
  split_axis(q, b, n, panels);
  split_axis(q, C, n, panels);
}

/* ---- packing ---- */

/* All labels but k and n lie outside, then k like the other operand's, then n. */
static void order_of_pack(const struct problem *q, int b, int n, int8_t *order) {
  int labels[CONTRACTION_MAX_LABELS], columns[CONTRACTION_MAX_LABELS];
  int count = labels_sorted(q, label_is_outer, b, b, C, labels, 0);
  int column_count = labels_sorted(q, label_is_column, b, b, C, columns, 0);
  for (int i = 0; i < column_count; i++)
    if (columns[i] != n) labels[count++] = columns[i];
  count = labels_sorted(q, label_is_summed, b, b, 1 - b, labels, count);
  labels[count++] = n;
  for (int i = 0; i < count; i++) order[i] = (int8_t)q->label[labels[i]].axis[b];
}

static const char *key_of_pack(struct arena *a, const struct view *v, enum dtype dtype, int pair_axis,
                               const int8_t *order) {
  const struct buffer *b = v->buffer;
  char *key =
      arena_printf(a, "%d %lld+%lld %d %d:", b->space, (long long)b->offset, (long long)v->offset, dtype, pair_axis);
  for (int i = 0; i < v->type.rank; i++)
    key = arena_printf(a, "%s %lld*%lld", key, (long long)v->type.extent[order[i]], (long long)v->stride[order[i]]);
  return key;
}

static struct buffer *shared_buffer(struct shared *s, const struct type *type) {
  struct buffer *b = arena_new_object(s->arena, struct buffer);
  int64_t bytes = type_bytes(type);
  *b = (struct buffer){.space = SPACE_SHARED, .offset = s->bytes, .bytes = bytes};
  s->bytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return b;
}

struct buffer *shared_value(struct shared *s, const char *key, const struct type *type, bool *is_new) {
  *is_new = false;
  for (int i = 0; i < s->packed_count; i++)
    if (strcmp(s->packed[i].key, key) == 0) return s->packed[i].buffer;
  *is_new = true;
  struct packed packed = {key, shared_buffer(s, type)};
  arena_push(s->arena, s->packed, s->packed_count, s->packed_capacity, packed);
  return packed.buffer;
}

/* Where the steps of a copy go. */
static struct step_list *list_of_copies(const struct shared *s, const struct view *of) {
  for (int i = 0; i < s->program->weight_count; i++)
    if (s->weights[i] == of->buffer) return &s->copies[i];
  return s->prepare->steps;
}

static void plan_packed_copy(struct planner *p, const struct view *weight, int pair_axis, const struct view *copy) {
  struct step_list *steps = p->steps;
  p->steps = list_of_copies(p->shared, weight);
  if (pair_axis < 0)
    plan_copy(p, weight, copy, false);
  else
    plan_pairs(p, weight, pair_axis, copy);
  p->steps = steps;
}

struct view packed_copy(const struct problem *q, int which, int pair_axis, const int8_t *order) {
  struct shared *s = q->planner->shared;
  const struct view *weight = &q->view[which];
  struct type type = pair_axis < 0 ? weight->type : type_of_pairs(&weight->type, pair_axis);
  if (q->rounds[which]) type.dtype = DTYPE_ROUNDED;
  bool is_new;
  struct buffer *packed =
      shared_value(s, key_of_pack(s->arena, weight, type.dtype, pair_axis, order), &type, &is_new);
  struct view copy = view_dense(packed, &type, order);
  if (is_new) plan_packed_copy(s->prepare, weight, pair_axis, &copy);
  return copy;
}

static void pack(struct problem *q, int b, int n) {
  int8_t order[GRAPH_MAX_RANK];
  if (q->is_paired) {
    pair_b(q, b, n);
    return;
  }
  order_of_pack(q, b, n, order);
  q->view[b] = packed_copy(q, b, -1, order);
}

/* ---- activations ---- */

/* Dense in that order, of which the batch need not be outermost. */
static struct view view_in_order(const struct problem *q, const struct type *type, const int8_t *order) {
  struct view v = view_new(q->planner, type, order);
  int64_t stride = 1;
  for (int i = type->rank - 1; i >= 0; i--) {
    int64_t extent = type->extent[order[i]];
    v.stride[order[i]] = stride;
    stride *= extent == EXTENT_BATCH ? q->planner->shared->tile : extent;
  }
  return v;
}

/* Elements of an example that pass the test for operand b. */
static int64_t extent_of(const struct problem *q, label_test *test, int b) {
  int64_t extent = 1;
  for (int i = 0; i < q->count; i++)
    if (test(q, b, i) && !label_is_batch(q, i)) extent *= q->label[i].extent;
  return extent;
}

bool panels_pay(const struct problem *q, int b, int n) {
  enum { FEW = 64 };
  int64_t panel = panel_of(q), columns = q->label[n].extent;
  bool has_room = q->view[b].type.rank < GRAPH_MAX_RANK && q->view[C].type.rank < GRAPH_MAX_RANK;
  bool is_large = extent_of(q, label_is_row, b) >= FEW && extent_of(q, label_is_summed, b) >= FEW;
  return !q->planner->part && !q->is_paired && has_room && is_large && columns > panel && columns % panel == 0;
}

void plan_copied_panels(const struct problem *q, int b, int n, bool accumulate) {
  struct problem split = *q;
  int8_t order[GRAPH_MAX_RANK];
  split_label(&split, b, n);
  order_of_pack(&split, b, n, order);
  struct view copy = view_in_order(&split, &split.view[b].type, order);
  plan_copy(q->planner, &split.view[b], &copy, false);
  split.view[b] = copy;
  plan_matrix(&split, b, accumulate);
}

/* ---- the contraction ---- */

void plan_panels(const struct problem *q, int b, int n, bool accumulate) {
  int64_t columns = q->label[n].extent, panel = panel_of(q);
  bool has_room = q->view[b].type.rank < GRAPH_MAX_RANK && q->view[C].type.rank < GRAPH_MAX_RANK;
  int64_t whole = has_room ? columns / panel * panel : 0;
  if (whole > 0) {
    struct problem part = columns_of(q, b, n, 0, whole);
    if (whole > panel) split_label(&part, b, n);
    pack(&part, b, n);
    plan_matrix(&part, b, accumulate);
  }
  if (columns > whole) {
    struct problem part = columns_of(q, b, n, whole, columns - whole);
    pack(&part, b, n);
    plan_matrix(&part, b, accumulate);
  }
}

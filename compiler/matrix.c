/* plan_matrix: merges the labels of a contraction into m, n, k and outer loops, and appends the kernel. */
#include "chain.h"
#include "contraction.h"

enum { MAX_LOOPS = KERNEL_MAX_AXES - 3 };

/* ---- merging labels ---- */

struct dim {
  struct extent extent;
  int64_t stride[3]; /* a, b, c */
  bool is_paired;    /* strides of a and b are from pair to pair */
};

struct dims {
  struct dim dim[CONTRACTION_MAX_LABELS];
  int count;
};

static struct dim dim_of(const struct problem *q, int b, int label) {
  struct dim d = {.extent = {q->label[label].extent, false}};
  if (chain_blocks_axis(q->planner, label)) d.extent.count = q->planner->chain->block;
  if (label_is_batch(q, label)) d.extent = (struct extent){1, true};
  d.stride[0] = label_stride(q, 1 - b, label);
  d.stride[1] = label_stride(q, b, label);
  d.stride[2] = label_stride(q, C, label);
  d.is_paired = q->is_paired && label == q->pair;
  return d;
}

/* Does memory go on from the inner dimension to the outer one, in all three? */
static bool joins(const struct dim *outer, const struct dim *inner) {
  int64_t steps = inner->is_paired ? inner->extent.count / 2 : inner->extent.count;
  if (inner->extent.per_example || outer->is_paired) return false;
  if (inner->is_paired && inner->extent.count % 2) return false;
  for (int i = 0; i < 3; i++)
    if (outer->stride[i] != steps * inner->stride[i]) return false;
  return true;
}

static void join_pair(struct dims *d, int outer, int inner) {
  d->dim[inner].extent.count *= d->dim[outer].extent.count;
  d->dim[inner].extent.per_example = d->dim[outer].extent.per_example;
  d->dim[outer] = d->dim[--d->count];
}

static bool join_any(struct dims *d) {
  for (int i = 0; i < d->count; i++)
    for (int j = 0; j < d->count; j++)
      if (i != j && joins(&d->dim[i], &d->dim[j])) {
        join_pair(d, i, j);
        return true;
      }
  return false;
}

/* Is the label left to a loop of the chain? */
static bool is_around(const struct problem *q, int label) {
  return chain_loop_of(q->planner, label) >= 0 && !chain_blocks_axis(q->planner, label);
}

static struct dims merged(const struct problem *q, int b, label_test *test) {
  struct dims d = {.count = 0};
  for (int i = 0; i < q->count; i++)
    if ((label_in(q, X, i) || label_in(q, Y, i)) && q->label[i].extent != 1 && !is_around(q, i) && test(q, b, i))
      d.dim[d.count++] = dim_of(q, b, i);
  while (join_any(&d)) {}
  return d;
}

static double size_of(const struct dim *d) { return (double)d->extent.count * (d->extent.per_example ? 4 : 1); }

/* Takes the largest dimension out; an extent of 1 where there is none. */
static struct dim take_largest(struct dims *d) {
  int best = 0;
  if (d->count == 0) return (struct dim){.extent = {1, false}, .stride = {1, 1, 1}};
  for (int i = 1; i < d->count; i++)
    if (size_of(&d->dim[i]) > size_of(&d->dim[best])) best = i;
  struct dim taken = d->dim[best];
  d->dim[best] = d->dim[--d->count];
  return taken;
}

static struct dim take_pairs(struct dims *d) {
  for (int i = 0; i < d->count; i++)
    if (d->dim[i].is_paired) {
      struct dim taken = d->dim[i];
      d->dim[i] = d->dim[--d->count];
      return taken;
    }
  return (struct dim){.extent = {1, false}, .stride = {2, 2, 0}, .is_paired = true};
}

/* Neighbours of b lie b_unit apart, those of c side by side. */
static struct dim take_unit(struct dims *d, int64_t b_unit) {
  for (int i = 0; i < d->count; i++)
    if (d->dim[i].stride[1] == b_unit && d->dim[i].stride[2] == 1) {
      struct dim taken = d->dim[i];
      d->dim[i] = d->dim[--d->count];
      return taken;
    }
  return (struct dim){.extent = {1, false}, .stride = {0, b_unit, 1}};
}

/* ---- the kernel ---- */

struct builder {
  struct contraction c;
  struct dim loop[CONTRACTION_MAX_LABELS];
};

/* Outer loops: examples first, sums last. */
static int rank_of_loop(const struct dim *d) { return d->extent.per_example ? 0 : d->stride[2] != 0 ? 1 : 2; }

static void add_loops(struct builder *b, const struct dims *d) {
  for (int i = 0; i < d->count; i++) {
    int at = b->c.loop_count++;
    for (; at > 0 && rank_of_loop(&b->loop[at - 1]) > rank_of_loop(&d->dim[i]); at--) b->loop[at] = b->loop[at - 1];
    b->loop[at] = d->dim[i];
  }
}

static struct access access_of(const struct builder *b, const struct view *v, int which, const struct dim *m,
                               const struct dim *n, const struct dim *k) {
  struct access a = {.space = v->buffer->space,
                     .io = v->buffer->io,
                     .offset = v->offset * dtype_size(v->type.dtype),
                     .dtype = v->type.dtype,
                     .index = -1};
  int axis = 0;
  for (int i = 0; i < b->c.loop_count; i++) a.stride[axis++] = b->loop[i].stride[which];
  a.stride[axis++] = which == 1 ? 0 : m->stride[which];
  a.stride[axis++] = which == 0 ? 0 : n->stride[which];
  a.stride[axis++] = which == 2 ? 0 : k->stride[which];
  return a;
}

static bool sums_in_loops(const struct builder *b) {
  for (int i = 0; i < b->c.loop_count; i++)
    if (b->loop[i].stride[2] == 0) return true;
  return false;
}

/* Sorts the labels into m, n, k, whose dimensions are returned there, and outer loops. */
static struct builder build_loops(const struct problem *q, int b, struct dim *m, struct dim *n, struct dim *k) {
  struct builder build = {0};
  struct dims outer = merged(q, b, label_is_outer), rows = merged(q, b, label_is_row),
              columns = merged(q, b, label_is_column), sums = merged(q, b, label_is_summed);
  *n = take_unit(&columns, q->is_paired ? 2 : 1);
  *m = take_largest(&rows);
  *k = q->is_paired ? take_pairs(&sums) : take_largest(&sums);
  add_loops(&build, &outer);
  add_loops(&build, &rows);
  add_loops(&build, &columns);
  add_loops(&build, &sums);
  return build;
}

static int label_count(const struct problem *q) {
  int count = 0;
  for (int i = 0; i < q->count; i++) count += (label_in(q, X, i) || label_in(q, Y, i)) && q->label[i].extent != 1;
  return count;
}

/* How labels of bf16 operands merge is not known before these have their pairs. */
bool matrix_fits(const struct problem *q, int b, bool has_panels) {
  struct dim m, n, k;
  if (q->is_paired) return label_count(q) - 3 + has_panels <= MAX_LOOPS;
  return build_loops(q, b, &m, &n, &k).c.loop_count + has_panels <= MAX_LOOPS;
}

/* Does a loop of the chain run along a label that is summed? */
static bool sums_around(const struct problem *q, int b) {
  for (int i = 0; i < q->count; i++)
    if (label_is_summed(q, b, i) && chain_loop_of(q->planner, i) >= 0) return true;
  return false;
}

static void surround(const struct problem *q, struct access *access, const struct view *v, int which) {
  for (int i = 0; i < q->count; i++)
    if (chain_loop_of(q->planner, i) >= 0)
      chain_surround(q->planner, access, v->buffer, i, label_stride(q, which, i));
}

void plan_matrix(const struct problem *q, int b, bool accumulate) {
  struct dim m, n, k;
  struct builder build = build_loops(q, b, &m, &n, &k);
  build.c.accumulate = accumulate;
  bool around = sums_around(q, b);
  if ((sums_in_loops(&build) || around) && !accumulate) {
    if (!around || q->planner->chain->from == 0) plan_fill(q->planner, &q->view[C]);
    build.c.accumulate = true;
  }
  for (int i = 0; i < build.c.loop_count; i++) build.c.loop[i] = build.loop[i].extent;
  build.c.m = m.extent;
  build.c.n = n.extent;
  build.c.k = k.extent;
  const struct view *views[3] = {&q->view[1 - b], &q->view[b], &q->view[C]};
  const int which[3] = {1 - b, b, C};
  struct access *access[3] = {&build.c.a, &build.c.b, &build.c.c};
  struct buffer *buffers[3];
  for (int i = 0; i < 3; i++) {
    *access[i] = access_of(&build, views[i], i, &m, &n, &k);
    surround(q, access[i], views[i], which[i]);
    buffers[i] = views[i]->buffer;
  }
  plan_push_contraction(q->planner, &build.c, buffers, q->planner->part != NULL);
}

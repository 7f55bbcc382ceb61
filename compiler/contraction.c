/* plan_contraction: a contraction to its kernel.
 *
 * Labels fall into four kinds: outer (in both operands and the result), m and n (in one operand and the result), k
 * (summed).  A choice is which operand is `b`, the one read along n with unit stride, and which of its labels is
 * innermost in n.  A weight that is b is copied into panels ahead; an activation that is b and has no unit
 * stride in a label of its own is copied here.  The cheapest choice is taken.  Then neighbouring labels of one kind
 * merge, and those that remain become outer loops (matrix.c).
 *
 * Operands of bf16 need pairs along k (kernel.h): b is always copied into them, and so is the other operand unless k
 * is its unit stride (pairs.c). */
#include "chain.h"
#include "contraction.h"

/* Relative costs of a choice: of an element that is copied, of a multiply-add; and to decide between equals. */
static const double COPY_COST = 2, COMPUTE_COST = 1.0 / 32, PACK_COST = 10, REORDER_COST = 1;

/* b: X or Y; n: the innermost label. */
struct choice {
  int b, n;
  bool copies_b, copies_c;
  double cost;
};

/* ---- labels ---- */

int64_t label_stride(const struct problem *q, int which, int label) {
  int axis = q->label[label].axis[which];
  return axis < 0 ? 0 : q->view[which].stride[axis];
}

bool label_in(const struct problem *q, int which, int label) { return q->label[label].axis[which] >= 0; }

bool label_is_batch(const struct problem *q, int label) { return q->label[label].extent == EXTENT_BATCH; }

/* Kept, and in this operand alone. */
static bool is_own(const struct problem *q, int which, int label) {
  return label_in(q, which, label) && !label_in(q, 1 - which, label) && label_in(q, C, label);
}

bool label_is_outer(const struct problem *q, int b, int label) {
  if (is_own(q, b, label)) return label_is_batch(q, label);
  return label_in(q, X, label) && label_in(q, Y, label) && label_in(q, C, label);
}

bool label_is_row(const struct problem *q, int b, int label) { return is_own(q, 1 - b, label); }

bool label_is_column(const struct problem *q, int b, int label) {
  return is_own(q, b, label) && !label_is_batch(q, label);
}

bool label_is_summed(const struct problem *q, int b, int label) {
  (void)b;
  return label_in(q, X, label) && !label_in(q, C, label);
}

static bool goes_before(const struct problem *q, int like, int label, int other) {
  if (label_is_batch(q, label) || label_is_batch(q, other)) return label_is_batch(q, label);
  return label_stride(q, like, label) > label_stride(q, like, other);
}

int labels_sorted(const struct problem *q, label_test *test, int b, int which, int like, int *labels, int count) {
  int begin = count;
  for (int i = 0; i < q->count; i++) {
    if (!label_in(q, which, i) || !test(q, b, i)) continue;
    int at = count++;
    for (; at > begin && goes_before(q, like, i, labels[at - 1]); at--) labels[at] = labels[at - 1];
    labels[at] = i;
  }
  return count;
}

/* ---- the problem ---- */

static void read_labels(struct problem *q, int which, const int8_t *labels, const struct type *type) {
  for (int i = 0; i < type->rank; i++) {
    struct label *l = &q->label[labels[i]];
    l->extent = type->extent[i];
    l->axis[which] = i;
    if (labels[i] >= q->count) q->count = labels[i] + 1;
  }
}

static void drop_axis(struct problem *q, int which, int label) {
  struct view *v = &q->view[which];
  int dropped = q->label[label].axis[which], rank = --v->type.rank;
  for (int i = dropped; i < rank; i++) {
    v->type.extent[i] = v->type.extent[i + 1];
    v->stride[i] = v->stride[i + 1];
  }
  q->label[label].axis[which] = -1;
  for (int i = 0; i < q->count; i++)
    if (q->label[i].axis[which] > dropped) q->label[i].axis[which]--;
}

/* An operand that only repeats along a label that the other has needs no such label. */
static void drop_repeats(struct problem *q, int which) {
  for (int i = 0; i < q->count; i++)
    if (label_in(q, X, i) && label_in(q, Y, i) && label_in(q, C, i) && label_stride(q, which, i) == 0 &&
        q->label[i].extent != 1 && chain_loop_of(q->planner, i) < 0)
      drop_axis(q, which, i);
}

/* A weight, or what `prepare` made of some; not in `prepare` itself, whose values have no copies made ahead. */
static bool is_weight(const struct planner *p, const struct view *v) {
  return p->shared->prepare != p && !type_is_batched(&v->type) &&
         (v->buffer->space == SPACE_WEIGHTS || v->buffer->space == SPACE_SHARED);
}

static struct problem problem_of(struct planner *p, struct node *n) {
  struct problem q = {.planner = p, .node = n};
  for (int i = 0; i < CONTRACTION_MAX_LABELS; i++) q.label[i] = (struct label){.extent = 1, .axis = {-1, -1, -1}};
  read_labels(&q, X, n->contract.left, &n->operand[X]->type);
  read_labels(&q, Y, n->contract.right, &n->operand[Y]->type);
  read_labels(&q, C, n->contract.result, &n->type);
  for (int i = X; i <= Y; i++) q.view[i] = view_of(p, n->operand[i]);
  for (int i = X; i <= Y; i++) {
    drop_repeats(&q, i);
    q.is_weight[i] = is_weight(p, &q.view[i]);
  }
  q.is_paired = q.view[X].type.dtype == DTYPE_BF16 || q.view[Y].type.dtype == DTYPE_BF16;
  for (int i = X; i <= Y; i++)
    q.rounds[i] = q.view[i].type.dtype == DTYPE_F32 && q.view[1 - i].type.dtype == DTYPE_ROUNDED;
  q.view[C].type = n->type;
  for (int i = 0; i < n->type.rank; i++) q.order[i] = (int8_t)i;
  demanded_order(p, n, q.order);
  return q;
}

/* ---- the choice ---- */

static double elements(const struct problem *q, int which) { return (double)type_elements(&q->view[which].type); }

static double multiply_adds(const struct problem *q) {
  double product = 1;
  for (int i = 0; i < q->count; i++)
    if (!label_is_batch(q, i)) product *= (double)q->label[i].extent;
  return product;
}

/* Lanes that vectors along n occupy for each that they use. */
static double lanes_per_column(int64_t columns) { return (double)((columns + 15) / 16 * 16) / (double)columns; }

/* The summed label that makes pairs where operand b is the one read along n: one along which the other operand's
 * pairs are there already, else the longest.  -1: none but the batch. */
static int paired_label(const struct problem *q, int b) {
  int best = -1;
  for (int i = 0; i < q->count; i++) {
    if (!label_is_summed(q, b, i) || label_is_batch(q, i)) continue;
    if (label_has_pairs(q, 1 - b, i)) return i;
    if (best < 0 || q->label[i].extent > q->label[best].extent) best = i;
  }
  return best;
}

/* What copies of activations into pairs cost. */
static double pairing_cost(const struct problem *q, int b) {
  int pair = paired_label(q, b);
  double cost = q->is_weight[b] ? PACK_COST : elements(q, b) * COPY_COST;
  if (pair >= 0 && !q->is_weight[1 - b] && !label_has_pairs(q, 1 - b, pair)) cost += elements(q, 1 - b) * COPY_COST;
  return cost;
}

/* Do blocks of a chain go through rows of b again and again, each of which lies in a page of its own? */
static bool is_scattered(const struct problem *q, int b) {
  enum { PAGE = 4096 };
  if (!q->planner->part || q->planner->chain->blocks < 4) return false;
  for (int i = 0; i < q->count; i++)
    if (label_is_summed(q, b, i) && !chain_blocks_axis(q->planner, i) &&
        label_stride(q, b, i) * dtype_size(q->view[b].type.dtype) >= PAGE)
      return true;
  return false;
}

static struct choice choice_of(const struct problem *q, int b, int n) {
  struct choice c = {.b = b, .n = n};
  bool is_single = q->label[n].extent == 1;
  c.cost = multiply_adds(q) * COMPUTE_COST * lanes_per_column(q->label[n].extent);
  if (q->is_paired) {
    c.cost += pairing_cost(q, b);
  } else if (q->is_weight[b]) {
    c.cost += PACK_COST;
  } else if ((label_stride(q, b, n) != 1 && !is_single) || is_scattered(q, b)) {
    c.copies_b = true;
    c.cost += elements(q, b) * COPY_COST;
  }
  if (q->c_is_fixed && label_stride(q, C, n) != 1 && !is_single) {
    c.copies_c = true;
    c.cost += elements(q, C) * COPY_COST;
  }
  if (!q->c_is_fixed && q->order[q->node->type.rank - 1] != q->label[n].axis[C]) c.cost += REORDER_COST;
  return c;
}

static bool is_local(const struct view *v) { return v->buffer && v->buffer->is_local; }

/* In a chain, wide values are read element by element and written along their unit stride; the chain's loops run
 * along no column but in blocks. */
static bool is_allowed(const struct problem *q, int b, int n) {
  if (!q->planner->part) return true;
  if (is_local(&q->view[b])) return false;
  if (chain_loop_of(q->planner, n) >= 0 && !chain_blocks_axis(q->planner, n)) return false;
  return !is_local(&q->view[C]) || label_stride(q, C, n) == 1;
}

static struct choice best_choice(const struct problem *q) {
  struct choice best = {.n = -1};
  for (int b = Y; b >= X; b--)
    for (int n = 0; n < q->count; n++) {
      if (!label_is_column(q, b, n) || !is_allowed(q, b, n)) continue;
      struct choice c = choice_of(q, b, n);
      if (best.n < 0 || c.cost < best.cost) best = c;
    }
  return best;
}

/* ---- the place of the result ---- */

/* The wanted order with axis `last` innermost. */
static void order_with_last(const struct problem *q, int last, int8_t *order) {
  int count = 0;
  for (int i = 0; i < q->node->type.rank; i++)
    if (q->order[i] != last) order[count++] = q->order[i];
  order[count] = (int8_t)last;
}

static void place_result(struct problem *q, const struct choice *c) {
  if (q->c_is_fixed && !c->copies_c) return;
  int8_t order[GRAPH_MAX_RANK];
  int last = q->label[c->n].axis[C];
  order_with_last(q, last, order);
  struct facts *f = facts_of(q->planner, q->node);
  if (!q->c_is_fixed) place_of(q->planner, q->node, order);
  if (q->c_is_fixed || (f->view.stride[last] != 1 && q->label[c->n].extent != 1))
    f->view = view_new(q->planner, &q->node->type, order);
  f->has_view = true;
  q->view[C] = f->view;
}

/* Where the result must lie so that it is its sink's gradient.  False: not expressible. */
static bool gradient_place(struct planner *p, struct node *n, const struct node *sink, struct view *v) {
  struct node *user = facts_of(p, n)->users[0];
  if (user == sink) {
    *v = view_gradient(p, sink->symbol, &n->type);
    return true;
  }
  struct view result;
  return gradient_place(p, user, sink, &result) && view_backward(user, &result, v);
}

/* ---- copies ---- */

bool label_is_any_batch(const struct problem *q, int b, int label) {
  (void)b;
  return label_is_batch(q, label);
}

static bool label_is_any(const struct problem *q, int b, int label) {
  (void)q, (void)b, (void)label;
  return true;
}

int labels_append(const struct problem *q, label_test *test, int b, int which, int like, int *labels, int count) {
  int found[CONTRACTION_MAX_LABELS], before = count;
  int found_count = labels_sorted(q, test, b, which, like, found, 0);
  for (int i = 0; i < found_count; i++) {
    bool is_new = true;
    for (int j = 0; j < before; j++) is_new &= labels[j] != found[i];
    if (is_new) labels[count++] = found[i];
  }
  return count;
}

/* A dense layout: the batch, outer labels, then those of two further kinds, each kind in the order of the result or,
 * where it is summed, of operand k_like. */
static struct view dense(const struct problem *q, int b, int which, label_test *first, label_test *second,
                         int k_like) {
  int labels[CONTRACTION_MAX_LABELS];
  int8_t order[GRAPH_MAX_RANK];
  int count = labels_append(q, label_is_any_batch, b, which, C, labels, 0);
  count = labels_append(q, label_is_outer, b, which, C, labels, count);
  count = labels_append(q, first, b, which, first == label_is_summed ? k_like : C, labels, count);
  count = labels_append(q, second, b, which, second == label_is_summed ? k_like : C, labels, count);
  for (int i = 0; i < count; i++) order[i] = (int8_t)q->label[labels[i]].axis[which];
  return view_new(q->planner, &q->view[which].type, order);
}

/* b with n innermost, k like that of the other operand. */
static void copy_b(struct problem *q, int b) {
  struct view copy = dense(q, b, b, label_is_summed, label_is_column, 1 - b);
  plan_copy(q->planner, &q->view[b], &copy, false);
  q->view[b] = copy;
}

static void copy_rounded(struct problem *q, int which) {
  struct view from = q->view[which];
  struct type type = from.type;
  type.dtype = DTYPE_ROUNDED;
  q->view[which] = view_new(q->planner, &type, NULL);
  plan_copy(q->planner, &from, &q->view[which], false);
  q->rounds[which] = false;
}

/* Every operand of bf16, and one that is rounded to it, as f32. */
static void widen_operands(struct problem *q) {
  for (int i = X; i <= Y; i++) {
    if (q->view[i].type.dtype != DTYPE_ROUNDED) copy_rounded(q, i);
    q->view[i].type.dtype = DTYPE_F32;
  }
  q->is_paired = false;
}

/* A weight that is read row by row, in the order in which it lies. */
static void round_weight(struct problem *q, int b, int which) {
  int labels[CONTRACTION_MAX_LABELS];
  int8_t order[GRAPH_MAX_RANK];
  int count = labels_sorted(q, label_is_any, b, which, which, labels, 0);
  for (int i = 0; i < count; i++) order[i] = (int8_t)q->label[labels[i]].axis[which];
  q->view[which] = packed_copy(q, which, -1, order);
}

/* A contraction with more axes than a kernel has, none of which merge: everything is copied into an order in which
 * all labels of a kind are one axis. */
static void plan_copied(struct problem *q, int b, bool accumulate) {
  if (dtype_is_bf16(q->view[X].type.dtype) || dtype_is_bf16(q->view[Y].type.dtype)) widen_operands(q);
  struct problem d = *q;
  d.view[C].type.dtype = d.view[X].type.dtype;
  d.view[1 - b] = dense(&d, b, 1 - b, label_is_row, label_is_summed, X);
  d.view[b] = dense(&d, b, b, label_is_summed, label_is_column, X);
  d.view[C] = dense(&d, b, C, label_is_row, label_is_column, X);
  plan_copy(q->planner, &q->view[X], &d.view[X], false);
  plan_copy(q->planner, &q->view[Y], &d.view[Y], false);
  plan_matrix(&d, b, false);
  plan_copy(q->planner, &d.view[C], &q->view[C], accumulate);
}

static void plan_chosen(struct problem *q, const struct choice *c, bool accumulate) {
  q->pair = paired_label(q, c->b);
  bool copies_panels = !q->is_weight[c->b] && panels_pay(q, c->b, c->n) && matrix_fits(q, c->b, true);
  if (c->copies_b && !copies_panels) copy_b(q, c->b);
  bool has_panels = q->is_weight[c->b];
  bool has_kernel = matrix_fits(q, c->b, has_panels) && (!q->is_paired || q->pair >= 0);
  if (has_kernel && q->rounds[1 - c->b]) round_weight(q, c->b, 1 - c->b);
  if (has_kernel && q->is_paired) pair_a(q, c->b);
  if (has_kernel && q->is_paired && !has_panels) pair_b(q, c->b, c->n);
  if (!has_kernel)
    plan_copied(q, c->b, accumulate);
  else if (copies_panels)
    plan_copied_panels(q, c->b, c->n, accumulate);
  else if (has_panels)
    plan_panels(q, c->b, c->n, accumulate);
  else
    plan_matrix(q, c->b, accumulate);
}

void plan_contraction(struct planner *p, struct node *n) {
  struct problem q = problem_of(p, n);
  struct node *sink = sink_of_contraction(p, n);
  for (int i = X; i <= Y; i++)
    if (q.rounds[i] && !q.is_weight[i]) copy_rounded(&q, i);
  if (sink) q.c_is_fixed = gradient_place(p, n, sink, &q.view[C]);
  if (is_local(&facts_of(p, n)->view)) {
    q.c_is_fixed = true;
    q.view[C] = facts_of(p, n)->view;
  }
  struct choice choice = best_choice(&q);
  place_result(&q, &choice);
  bool in_place = sink && q.c_is_fixed && !choice.copies_c;
  plan_chosen(&q, &choice, in_place);
  if (!sink || in_place) return;
  struct view sum = view_of(p, sink->operand[0]), gradient = view_gradient(p, sink->symbol, &sum.type);
  plan_copy(p, &sum, &gradient, true);
}

/* See evaluate.h. */
#include "tests/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AXES = 24 };

struct tensor {
  int rank;
  int64_t extent[GRAPH_MAX_RANK], stride[GRAPH_MAX_RANK]; /* in elements, row-major */
  int64_t count;
  double *data;
};

struct evaluator {
  struct arena *arena;
  const struct graph *graph;
  const struct evaluate_input *inputs;
  int input_count;
  int64_t n;
  struct tensor *values; /* by node id; a node in a repeat overwrites its value in each trip */
  bool is_rounded;       /* to the type of each node */
  struct evaluation evaluation;
  int capacity;
};

static _Noreturn void die(const char *what, const char *name) {
  fprintf(stderr, "evaluate: %s %s\n", what, name);
  abort();
}

/* The tensor of a node, allocated at its first evaluation. */
static struct tensor *tensor_of(struct evaluator *e, const struct node *n) {
  struct tensor *t = &e->values[n->id];
  if (t->data) return t;
  t->rank = n->type.rank;
  t->count = 1;
  for (int i = t->rank - 1; i >= 0; i--) {
    t->extent[i] = n->type.extent[i] == EXTENT_BATCH ? e->n : n->type.extent[i];
    t->stride[i] = t->count;
    t->count *= t->extent[i];
  }
  t->data = arena_new_array(e->arena, double, (size_t)t->count);
  return t;
}

static const struct tensor *operand(const struct evaluator *e, const struct node *n, int i) {
  return &e->values[n->operand[i]->id];
}

/* ---- walking several tensors at once ---- */

enum { MAX_WALKED = 3 };

/* A loop nest over axes, with the offset into each walked tensor (stride 0: does not move along the axis). */
struct walk {
  int rank;
  int64_t extent[MAX_AXES], index[MAX_AXES];
  int64_t stride[MAX_WALKED][MAX_AXES], offset[MAX_WALKED];
};

static bool walk_next(struct walk *w) {
  for (int axis = w->rank - 1; axis >= 0; axis--) {
    bool wraps = ++w->index[axis] == w->extent[axis];
    for (int i = 0; i < MAX_WALKED; i++)
      w->offset[i] += wraps ? -w->stride[i][axis] * (w->extent[axis] - 1) : w->stride[i][axis];
    if (!wraps) return true;
    w->index[axis] = 0;
  }
  return false;
}

/* Over all elements of t, which is walked as number 0. */
static struct walk walk_over(const struct tensor *t) {
  struct walk w = {.rank = t->rank};
  memcpy(w.extent, t->extent, sizeof t->extent);
  memcpy(w.stride[0], t->stride, sizeof t->stride);
  return w;
}

/* to[offset 0] = from[offset 1] */
static void walk_copy(struct walk w, double *to, const double *from) {
  do to[w.offset[0]] = from[w.offset[1]];
  while (walk_next(&w));
}

/* ---- operators ---- */

typedef void evaluate_fn(struct evaluator *e, const struct node *n, struct tensor *y);

static void evaluate_const(struct evaluator *e, const struct node *n, struct tensor *y) {
  (void)e;
  y->data[0] = n->value;
}

static void evaluate_iota(struct evaluator *e, const struct node *n, struct tensor *y) {
  (void)e, (void)n;
  for (int64_t i = 0; i < y->count; i++) y->data[i] = (double)i;
}

static void evaluate_leaf(struct evaluator *e, const struct node *n, struct tensor *y) {
  for (int i = 0; i < e->input_count; i++)
    if (strcmp(e->inputs[i].name, n->symbol->name) == 0) {
      memcpy(y->data, e->inputs[i].values, (size_t)y->count * sizeof *y->data);
      return;
    }
  die("no input for", n->symbol->name);
}

static double quotient(enum dtype dtype, double x, double y) { return dtype == DTYPE_I32 ? trunc(x / y) : x / y; }

double evaluate_scalar(enum scalar_op op, enum dtype dtype, const double *x) {
  switch (op) {
  case SCALAR_NEG: return -x[0];
  case SCALAR_ABS: return fabs(x[0]);
  case SCALAR_EXP: return exp(x[0]);
  case SCALAR_LOG: return log(x[0]);
  case SCALAR_SQRT: return sqrt(x[0]);
  case SCALAR_SIN: return sin(x[0]);
  case SCALAR_COS: return cos(x[0]);
  case SCALAR_TANH: return tanh(x[0]);
  case SCALAR_SIGMOID: return 1 / (1 + exp(-x[0]));
  case SCALAR_FLOOR: return floor(x[0]);
  case SCALAR_CAST: return dtype == DTYPE_I32 ? trunc(x[0]) : x[0];
  case SCALAR_ADD: return x[0] + x[1];
  case SCALAR_SUB: return x[0] - x[1];
  case SCALAR_MUL: return x[0] * x[1];
  case SCALAR_DIV: return quotient(dtype, x[0], x[1]);
  case SCALAR_POW: return pow(x[0], x[1]);
  case SCALAR_MAX: return x[0] > x[1] ? x[0] : x[1];
  case SCALAR_MIN: return x[0] < x[1] ? x[0] : x[1];
  case SCALAR_EQ: return x[0] == x[1];
  case SCALAR_NE: return x[0] != x[1];
  case SCALAR_LT: return x[0] < x[1];
  case SCALAR_LE: return x[0] <= x[1];
  case SCALAR_SELECT: return x[0] != 0 ? x[1] : x[2];
  case SCALAR_COUNT: break;
  }
  die("unknown scalar function", "");
}

static double round_if_bf16(enum dtype dtype, double x) { return dtype_is_bf16(dtype) ? dtype_round(dtype, x) : x; }

static void evaluate_map(struct evaluator *e, const struct node *n, struct tensor *y) {
  for (int64_t i = 0; i < y->count; i++) {
    double x[3];
    for (int j = 0; j < n->arity; j++) x[j] = operand(e, n, j)->data[i];
    y->data[i] = round_if_bf16(n->type.dtype, evaluate_scalar(n->scalar, n->type.dtype, x));
  }
}

static double combine(enum reduction kind, double x, double y) {
  if (kind == REDUCE_SUM) return x + y;
  return kind == REDUCE_MAX ? (y > x ? y : x) : (y < x ? y : x); /* a NaN in y leaves x */
}

static void evaluate_reduce(struct evaluator *e, const struct node *n, struct tensor *y) {
  const struct tensor *x = operand(e, n, 0);
  static const double neutral[] = {[REDUCE_SUM] = 0, [REDUCE_MAX] = -INFINITY, [REDUCE_MIN] = INFINITY};
  for (int64_t i = 0; i < y->count; i++) y->data[i] = neutral[n->reduce.kind];
  struct walk w = walk_over(x);
  for (int i = 0, kept = 0; i < x->rank; i++)
    if (!(n->reduce.axes >> i & 1)) w.stride[1][i] = y->stride[kept++];
  do y->data[w.offset[1]] = combine(n->reduce.kind, y->data[w.offset[1]], x->data[w.offset[0]]);
  while (walk_next(&w));
}

static void walk_labels(struct walk *w, int walked, const struct tensor *t, const int8_t *labels) {
  for (int i = 0; i < t->rank; i++) {
    if (labels[i] >= w->rank) w->rank = labels[i] + 1;
    w->extent[labels[i]] = t->extent[i];
    w->stride[walked][labels[i]] = t->stride[i];
  }
}

static void evaluate_contract(struct evaluator *e, const struct node *n, struct tensor *y) {
  const struct tensor *left = operand(e, n, 0), *right = operand(e, n, 1);
  struct walk w = {.rank = 0};
  for (int i = 0; i < MAX_AXES; i++) w.extent[i] = 1;
  walk_labels(&w, 0, y, n->contract.result);
  walk_labels(&w, 1, left, n->contract.left);
  walk_labels(&w, 2, right, n->contract.right);
  memset(y->data, 0, (size_t)y->count * sizeof *y->data);
  bool narrow = n->operand[0]->type.dtype == DTYPE_BF16 || n->operand[1]->type.dtype == DTYPE_BF16;
  enum dtype used = narrow ? DTYPE_BF16 : n->type.dtype;
  do
    y->data[w.offset[0]] +=
        round_if_bf16(used, left->data[w.offset[1]]) * round_if_bf16(used, right->data[w.offset[2]]);
  while (walk_next(&w));
  for (int64_t i = 0; i < y->count; i++) y->data[i] = round_if_bf16(n->type.dtype, y->data[i]);
}

static int64_t clamp_row(double index, int64_t rows) {
  if (index < 0) return 0;
  return index < (double)rows ? (int64_t)index : rows - 1;
}

static void evaluate_gather(struct evaluator *e, const struct node *n, struct tensor *y) {
  const struct tensor *table = operand(e, n, 0), *index = operand(e, n, 1);
  int64_t size = table->stride[0];
  for (int64_t i = 0; i < index->count; i++)
    memcpy(y->data + i * size, table->data + clamp_row(index->data[i], table->extent[0]) * size,
           (size_t)size * sizeof *y->data);
}

static void add_rows(double *to, int64_t row_count, const struct tensor *index, const struct tensor *rows) {
  int64_t size = rows->count / index->count;
  for (int64_t i = 0; i < index->count; i++) {
    double *row = to + clamp_row(index->data[i], row_count) * size;
    for (int64_t j = 0; j < size; j++) row[j] += rows->data[i * size + j];
  }
}

static void evaluate_scatter(struct evaluator *e, const struct node *n, struct tensor *y) {
  memset(y->data, 0, (size_t)y->count * sizeof *y->data);
  add_rows(y->data, y->extent[0], operand(e, n, 0), operand(e, n, 1));
}

static void evaluate_copy(struct evaluator *e, const struct node *n, struct tensor *y) {
  memcpy(y->data, operand(e, n, 0)->data, (size_t)y->count * sizeof *y->data);
}

static void evaluate_transpose(struct evaluator *e, const struct node *n, struct tensor *y) {
  const struct tensor *x = operand(e, n, 0);
  struct walk w = walk_over(y);
  for (int i = 0; i < y->rank; i++) w.stride[1][i] = x->stride[n->axes[i]];
  walk_copy(w, y->data, x->data);
}

static void evaluate_broadcast(struct evaluator *e, const struct node *n, struct tensor *y) {
  const struct tensor *x = operand(e, n, 0);
  struct walk w = walk_over(y);
  for (int i = 0; i < x->rank; i++) w.stride[1][n->axes[i]] = x->stride[i];
  walk_copy(w, y->data, x->data);
}

static void evaluate_slice(struct evaluator *e, const struct node *n, struct tensor *y) {
  const struct tensor *x = operand(e, n, 0);
  int axis = n->range.axis;
  struct walk w = walk_over(y);
  memcpy(w.stride[1], x->stride, sizeof x->stride);
  w.stride[1][axis] *= n->range.step;
  walk_copy(w, y->data, x->data + n->range.from * x->stride[axis]);
}

/* Writes x into y from an index on along an axis. */
static void place(const struct tensor *x, const struct tensor *y, int axis, int64_t from, int64_t step) {
  struct walk w = walk_over(x);
  struct walk to = w;
  memcpy(to.stride[0], y->stride, sizeof y->stride);
  to.stride[0][axis] *= step;
  memcpy(to.stride[1], w.stride[0], sizeof w.stride[0]);
  walk_copy(to, y->data + from * y->stride[axis], x->data);
}

static void evaluate_pad(struct evaluator *e, const struct node *n, struct tensor *y) {
  memset(y->data, 0, (size_t)y->count * sizeof *y->data);
  place(operand(e, n, 0), y, n->range.axis, n->range.from, n->range.step);
}

static void evaluate_concat(struct evaluator *e, const struct node *n, struct tensor *y) {
  int64_t from = 0;
  for (int i = 0; i < n->arity; i++) {
    place(operand(e, n, i), y, n->range.axis, from, 1);
    from += operand(e, n, i)->extent[n->range.axis];
  }
}

static void evaluate_region(struct evaluator *e, const struct region *r);

static void set_carry(struct evaluator *e, const struct node *carry, const double *values) {
  struct tensor *t = tensor_of(e, carry);
  memcpy(t->data, values, (size_t)t->count * sizeof *t->data);
}

/* The new values of all carries are taken before any is set: one carry may become another. */
static void advance_carries(struct evaluator *e, const struct region *body) {
  double **next = arena_new_array(e->arena, double *, (size_t)body->carry_count);
  for (int i = 0; i < body->carry_count; i++) {
    const struct tensor *t = &e->values[body->results[i]->id];
    next[i] = arena_new_array(e->arena, double, (size_t)t->count);
    memcpy(next[i], t->data, (size_t)t->count * sizeof *t->data);
  }
  for (int i = 0; i < body->carry_count; i++) set_carry(e, body->carries[i], next[i]);
}

static void evaluate_repeat(struct evaluator *e, const struct node *n, struct tensor *y) {
  (void)y;
  const struct region *body = n->repeat.body;
  for (int i = 0; i < n->arity; i++) set_carry(e, body->carries[i], operand(e, n, i)->data);
  for (int64_t trip = 0; trip < n->repeat.trips; trip++) {
    evaluate_region(e, body);
    advance_carries(e, body);
  }
}

static void evaluate_result(struct evaluator *e, const struct node *n, struct tensor *y) {
  const struct node *carry = n->operand[0]->repeat.body->carries[n->index];
  memcpy(y->data, e->values[carry->id].data, (size_t)y->count * sizeof *y->data);
}

/* ---- sinks ---- */

/* The output of a symbol, zero at first. */
static struct evaluate_output *output_of(struct evaluator *e, const struct symbol *s, int64_t count) {
  struct evaluation *v = &e->evaluation;
  for (int i = 0; i < v->count; i++)
    if (v->outputs[i].symbol == s) return &v->outputs[i];
  struct evaluate_output output = {s, arena_new_array(e->arena, double, (size_t)count), count};
  arena_push(e->arena, v->outputs, v->count, e->capacity, output);
  return &v->outputs[v->count - 1];
}

static void evaluate_store(struct evaluator *e, const struct node *n, struct tensor *y) {
  (void)y;
  const struct tensor *x = operand(e, n, 0);
  memcpy(output_of(e, n->symbol, x->count)->values, x->data, (size_t)x->count * sizeof *x->data);
}

static void evaluate_accumulate(struct evaluator *e, const struct node *n, struct tensor *y) {
  (void)y;
  const struct tensor *x = operand(e, n, 0);
  double *sum = output_of(e, n->symbol, x->count)->values;
  for (int64_t i = 0; i < x->count; i++) sum[i] += x->data[i];
}

static void evaluate_accumulate_rows(struct evaluator *e, const struct node *n, struct tensor *y) {
  (void)y;
  double *sum = output_of(e, n->symbol, type_elements(&n->symbol->type))->values;
  add_rows(sum, n->symbol->type.extent[0], operand(e, n, 0), operand(e, n, 1));
}

static void evaluate_loss(struct evaluator *e, const struct node *n, struct tensor *y) {
  (void)y;
  const struct tensor *x = operand(e, n, 0);
  for (int64_t i = 0; i < x->count; i++) e->evaluation.loss += x->data[i];
}

static evaluate_fn *const handlers[OP_COUNT] = {
    [OP_CONST] = evaluate_const,
    [OP_IOTA] = evaluate_iota,
    [OP_LEAF] = evaluate_leaf,
    [OP_MAP] = evaluate_map,
    [OP_REDUCE] = evaluate_reduce,
    [OP_CONTRACT] = evaluate_contract,
    [OP_GATHER] = evaluate_gather,
    [OP_SCATTER] = evaluate_scatter,
    [OP_RESHAPE] = evaluate_copy,
    [OP_TRANSPOSE] = evaluate_transpose,
    [OP_SLICE] = evaluate_slice,
    [OP_PAD] = evaluate_pad,
    [OP_CONCAT] = evaluate_concat,
    [OP_BROADCAST] = evaluate_broadcast,
    [OP_DETACH] = evaluate_copy,
    [OP_BARRIER] = evaluate_copy,
    [OP_REPEAT] = evaluate_repeat,
    [OP_RESULT] = evaluate_result,
    [OP_STORE] = evaluate_store,
    [OP_ACCUMULATE] = evaluate_accumulate,
    [OP_ACCUMULATE_ROWS] = evaluate_accumulate_rows,
    [OP_LOSS] = evaluate_loss,
};

static void evaluate_region(struct evaluator *e, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    struct tensor *y = tensor_of(e, n);
    handlers[n->op](e, n, y);
    for (int64_t k = 0; e->is_rounded && k < y->count; k++) y->data[k] = dtype_round(n->type.dtype, y->data[k]);
  }
}

static struct evaluation run(struct arena *a, const struct graph *g, const struct evaluate_input *inputs, int count,
                             int64_t n, bool is_rounded) {
  struct evaluator e = {.arena = a, .graph = g, .inputs = inputs, .input_count = count, .n = n};
  e.is_rounded = is_rounded;
  e.values = arena_new_array(a, struct tensor, (size_t)g->next_id + 1);
  evaluate_region(&e, g->top);
  return e.evaluation;
}

struct evaluation evaluate(struct arena *a, const struct graph *g, const struct evaluate_input *inputs, int count,
                           int64_t n) {
  return run(a, g, inputs, count, n, false);
}

struct evaluation evaluate_rounded(struct arena *a, const struct graph *g, const struct evaluate_input *inputs,
                                   int count, int64_t n) {
  return run(a, g, inputs, count, n, true);
}

const struct evaluate_output *evaluate_find(const struct evaluation *e, const char *name) {
  for (int i = 0; i < e->count; i++)
    if (strcmp(e->outputs[i].symbol->name, name) == 0) return &e->outputs[i];
  return NULL;
}

static double difference(double x, double y) {
  if (isnan(x) || isnan(y)) return isnan(x) && isnan(y) ? 0 : INFINITY;
  return x == y ? 0 : fabs(x - y) / (1 + fabs(x));
}

double evaluate_difference(const struct evaluation *x, const struct evaluation *y) {
  if (x->count != y->count) return INFINITY;
  double largest = difference(x->loss, y->loss);
  for (int i = 0; i < x->count; i++) {
    const struct evaluate_output *a = &x->outputs[i], *b = evaluate_find(y, a->symbol->name);
    if (!b || a->count != b->count) return INFINITY;
    for (int64_t j = 0; j < a->count; j++) largest = fmax(largest, difference(a->values[j], b->values[j]));
  }
  return largest;
}

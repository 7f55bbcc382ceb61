/* pass_batch: from the program of one example to that of a batch (vmap).
 *
 * Requires: no batch axis.  Provides: whatever depends on an example has the batch axis in front; weights, and what
 * depends on them alone, are as before and computed once.  First an analysis finds which values depend on an
 * example (a fixpoint over the carries of repeats), then one handler for each operator moves its axes. */
#include "passes.h"
#include "rebuild.h"

#include <string.h>

struct batch {
  struct rebuild rebuild;
  bool *batched; /* by id in the old graph: depends on an example */
};

/* ---- analysis ---- */

static void analyse_region(struct batch *b, const struct region *r);

/* A carry depends on an example as soon as its initial value or its new one does. */
static void analyse_repeat(struct batch *b, const struct node *n) {
  const struct region *body = n->repeat.body;
  for (int i = 0; i < n->arity; i++) b->batched[body->carries[i]->id] |= b->batched[n->operand[i]->id];
  for (bool changed = true; changed;) {
    analyse_region(b, body);
    changed = false;
    for (int i = 0; i < n->arity; i++) {
      bool *carry = &b->batched[body->carries[i]->id];
      changed |= !*carry && b->batched[body->results[i]->id];
      *carry |= b->batched[body->results[i]->id];
    }
  }
}

static bool depends_on_example(const struct batch *b, const struct node *n) {
  if (n->op == OP_LEAF) return n->symbol->role != ROLE_PARAM && n->symbol->role != ROLE_BUFFER;
  if (n->op == OP_RESULT) return b->batched[n->operand[0]->repeat.body->carries[n->index]->id];
  for (int i = 0; i < n->arity; i++)
    if (b->batched[n->operand[i]->id]) return true;
  return false;
}

static void analyse_region(struct batch *b, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    if (n->op == OP_REPEAT)
      analyse_repeat(b, n);
    else
      b->batched[n->id] = depends_on_example(b, n);
  }
}

/* ---- operands ---- */

static struct node *with_batch(struct batch *b, struct node *x) {
  if (type_is_batched(&x->type)) return x;
  struct type type = type_batched(&x->type);
  return graph_broadcast_leading(b->rebuild.to, x, type.rank, type.extent);
}

static struct node *operand(const struct batch *b, const struct node *n, int i) {
  return rebuild_find(&b->rebuild, n->operand[i]);
}

/* All operands, each with the batch axis. */
static struct node **operands_with_batch(struct batch *b, const struct node *n) {
  struct node **operands = rebuild_operands(&b->rebuild, n);
  for (int i = 0; i < n->arity; i++) operands[i] = with_batch(b, operands[i]);
  return operands;
}

/* 1 where the last axis equals the index, clamped as a gather does: [index…] -> [index…, rows]. */
static struct node *one_hot(struct batch *b, struct node *index, int64_t rows, enum dtype dtype) {
  struct graph *g = b->rebuild.to;
  struct type type = index->type;
  int8_t same[GRAPH_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
  struct node *zero = graph_const(g, DTYPE_I32, 0), *top = graph_const(g, DTYPE_I32, (double)(rows - 1));
  index = graph_map2(g, SCALAR_MAX, index, graph_broadcast_leading(g, zero, type.rank, type.extent));
  index = graph_map2(g, SCALAR_MIN, index, graph_broadcast_leading(g, top, type.rank, type.extent));
  type.extent[type.rank++] = rows;
  index = graph_broadcast(g, index, same, type.rank, type.extent);
  struct node *row = graph_broadcast_leading(g, graph_iota(g, rows), type.rank, type.extent);
  return graph_cast(g, dtype, graph_map2(g, SCALAR_EQ, index, row));
}

/* Labels 0…count-1 for an operand, after the batch label where it has that axis; returns how many. */
enum { LABEL_BATCH = 100, LABEL_REST = 50, LABEL_ROW = 49 };

static int add_batch_label(int8_t *labels, const struct node *x) {
  if (type_is_batched(&x->type)) labels[0] = LABEL_BATCH;
  return type_is_batched(&x->type);
}

static int add_labels(int8_t *labels, int at, int first, int count) {
  for (int i = 0; i < count; i++) labels[at + i] = (int8_t)(first + i);
  return at + count;
}

/* ---- handlers: the node for a batch; n depends on an example ---- */

static struct node *batch_leaf(struct batch *b, const struct node *n) {
  return graph_leaf(b->rebuild.to, n->symbol, type_batched(&n->type));
}

/* Elementwise operators and sinks: all operands in equal shape. */
static struct node *batch_equal(struct batch *b, const struct node *n) {
  return graph_copy_node(b->rebuild.to, n, operands_with_batch(b, n));
}

static struct node *batch_reduce(struct batch *b, const struct node *n) {
  return graph_reduce(b->rebuild.to, n->reduce.kind, n->reduce.axes << 1, operand(b, n, 0));
}

static struct node *batch_contract(struct batch *b, const struct node *n) {
  struct node *x = operand(b, n, 0), *y = operand(b, n, 1);
  int8_t left[GRAPH_MAX_RANK + 1], right[GRAPH_MAX_RANK + 1], result[GRAPH_MAX_RANK + 1] = {LABEL_BATCH};
  memcpy(left + add_batch_label(left, x), n->contract.left, GRAPH_MAX_RANK);
  memcpy(right + add_batch_label(right, y), n->contract.right, GRAPH_MAX_RANK);
  memcpy(result + 1, n->contract.result, GRAPH_MAX_RANK);
  return graph_contract_as(b->rebuild.to, n->type.dtype, left, right, result, n->type.rank + 1, x, y);
}

/* Rows of a table that differs between examples: Σ_row one_hot[lead…, row] · table[row, rest…]. */
static struct node *batch_gather(struct batch *b, const struct node *n) {
  struct graph *g = b->rebuild.to;
  struct node *table = operand(b, n, 0), *index = operand(b, n, 1);
  if (!type_is_batched(&table->type)) return graph_gather(g, table, index);
  int lead = n->operand[1]->type.rank, rest = n->operand[0]->type.rank - 1;
  enum dtype dtype = table->type.dtype == DTYPE_I32 ? DTYPE_F64 : table->type.dtype;
  struct node *hot = one_hot(b, index, n->operand[0]->type.extent[0], dtype);
  int8_t left[GRAPH_MAX_RANK + 1], right[GRAPH_MAX_RANK + 1] = {LABEL_BATCH, LABEL_ROW},
                                                          result[GRAPH_MAX_RANK + 1] = {LABEL_BATCH};
  int row = add_labels(left, add_batch_label(left, hot), 0, lead);
  left[row] = LABEL_ROW;
  add_labels(right, 2, LABEL_REST, rest);
  add_labels(result, add_labels(result, 1, 0, lead), LABEL_REST, rest);
  struct node *rows = graph_contract_ids(g, left, right, result, n->type.rank + 1, hot, graph_cast(g, dtype, table));
  return graph_cast(g, table->type.dtype, rows);
}

/* Sums by example: Σ_lead one_hot[lead…, row] · rows[lead…, rest…]. */
static struct node *batch_scatter(struct batch *b, const struct node *n) {
  struct graph *g = b->rebuild.to;
  struct node *index = operand(b, n, 0), *rows = operand(b, n, 1);
  int lead = n->operand[0]->type.rank, rest = n->type.rank - 1;
  enum dtype dtype = rows->type.dtype == DTYPE_I32 ? DTYPE_F64 : rows->type.dtype;
  struct node *hot = one_hot(b, index, n->type.extent[0], dtype);
  int8_t left[GRAPH_MAX_RANK + 1], right[GRAPH_MAX_RANK + 1], result[GRAPH_MAX_RANK + 1] = {LABEL_BATCH, LABEL_ROW};
  int row = add_labels(left, add_batch_label(left, hot), 0, lead);
  left[row] = LABEL_ROW;
  add_labels(right, add_labels(right, add_batch_label(right, rows), 0, lead), LABEL_REST, rest);
  add_labels(result, 2, LABEL_REST, rest);
  struct node *sums = graph_contract_ids(g, left, right, result, n->type.rank + 1, hot, graph_cast(g, dtype, rows));
  return graph_cast(g, rows->type.dtype, sums);
}

static struct node *batch_reshape(struct batch *b, const struct node *n) {
  struct type type = type_batched(&n->type);
  return graph_reshape(b->rebuild.to, operand(b, n, 0), type.rank, type.extent);
}

/* The batch axis stays in front, the others move behind it. */
static void shift_axes(const struct node *n, int8_t axes[GRAPH_MAX_RANK + 1]) {
  axes[0] = 0;
  for (int i = 0; i < n->operand[0]->type.rank; i++) axes[i + 1] = (int8_t)(n->axes[i] + 1);
}

static struct node *batch_transpose(struct batch *b, const struct node *n) {
  int8_t axes[GRAPH_MAX_RANK + 1];
  shift_axes(n, axes);
  return graph_transpose(b->rebuild.to, operand(b, n, 0), axes);
}

static struct node *batch_broadcast(struct batch *b, const struct node *n) {
  int8_t axes[GRAPH_MAX_RANK + 1];
  shift_axes(n, axes);
  struct type type = type_batched(&n->type);
  return graph_broadcast(b->rebuild.to, operand(b, n, 0), axes, type.rank, type.extent);
}

static struct node *batch_slice(struct batch *b, const struct node *n) {
  return graph_slice(b->rebuild.to, operand(b, n, 0), n->range.axis + 1, n->range.from, n->range.step,
                     n->type.extent[n->range.axis]);
}

static struct node *batch_pad(struct batch *b, const struct node *n) {
  return graph_pad(b->rebuild.to, operand(b, n, 0), n->range.axis + 1, n->range.from, n->range.step,
                   n->type.extent[n->range.axis]);
}

static struct node *batch_concat(struct batch *b, const struct node *n) {
  return graph_concat(b->rebuild.to, operands_with_batch(b, n), n->arity, n->range.axis + 1);
}

/* The gradient of a weight is a sum over the examples. */
static struct node *batch_accumulate(struct batch *b, const struct node *n) {
  struct node *x = operand(b, n, 0);
  if (n->symbol->role == ROLE_ROWS)
    x = with_batch(b, x);
  else if (type_is_batched(&x->type))
    x = graph_reduce(b->rebuild.to, REDUCE_SUM, 1, x);
  return graph_accumulate(b->rebuild.to, n->symbol, x);
}

static struct node *batch_copy(struct batch *b, const struct node *n) {
  return graph_copy_node(b->rebuild.to, n, rebuild_operands(&b->rebuild, n));
}

static void batch_region(struct batch *b, const struct region *r);

static struct node *batch_repeat(struct batch *b, const struct node *n) {
  struct graph *g = b->rebuild.to;
  const struct region *body = n->repeat.body;
  struct node **values = rebuild_operands(&b->rebuild, n);
  for (int i = 0; i < n->arity; i++)
    if (b->batched[body->carries[i]->id]) values[i] = with_batch(b, values[i]);
  struct node *repeat = graph_repeat_open(g, n->repeat.trips, n->repeat.last, values, n->arity);
  repeat->repeat.is_checkpoint = n->repeat.is_checkpoint;
  for (int i = 0; i < n->arity; i++) b->rebuild.map[body->carries[i]->id] = repeat->repeat.body->carries[i];
  batch_region(b, body);
  for (int i = 0; i < n->arity; i++) {
    values[i] = rebuild_find(&b->rebuild, body->results[i]);
    if (b->batched[body->carries[i]->id]) values[i] = with_batch(b, values[i]);
  }
  graph_repeat_close(g, repeat, values);
  return repeat;
}

typedef struct node *batch_fn(struct batch *b, const struct node *n);

static batch_fn *const handlers[OP_COUNT] = {
    [OP_LEAF] = batch_leaf,
    [OP_MAP] = batch_equal,
    [OP_REDUCE] = batch_reduce,
    [OP_CONTRACT] = batch_contract,
    [OP_GATHER] = batch_gather,
    [OP_SCATTER] = batch_scatter,
    [OP_RESHAPE] = batch_reshape,
    [OP_TRANSPOSE] = batch_transpose,
    [OP_SLICE] = batch_slice,
    [OP_PAD] = batch_pad,
    [OP_CONCAT] = batch_concat,
    [OP_BROADCAST] = batch_broadcast,
    [OP_DETACH] = batch_equal,
    [OP_BARRIER] = batch_equal,
    [OP_RESULT] = batch_copy,
    [OP_STORE] = batch_equal,
    [OP_ACCUMULATE] = batch_accumulate,
    [OP_ACCUMULATE_ROWS] = batch_equal,
    [OP_LOSS] = batch_equal,
};

/* Stores and losses are per example even when their value is not. */
static bool needs_handler(const struct batch *b, const struct node *n) {
  return b->batched[n->id] || n->op == OP_STORE || n->op == OP_LOSS || n->op == OP_ACCUMULATE;
}

static void batch_region(struct batch *b, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    b->rebuild.to->origin = n->origin;
    batch_fn *handler = n->op == OP_REPEAT ? batch_repeat : needs_handler(b, n) ? handlers[n->op] : batch_copy;
    b->rebuild.map[n->id] = handler(b, n);
  }
}

struct graph *pass_batch(const struct graph *g) {
  struct batch b = {.rebuild = rebuild_new(g)};
  b.batched = arena_new_array(g->arena, bool, (size_t)g->next_id + 1);
  analyse_region(&b, g->top);
  batch_region(&b, g->top);
  return b.rebuild.to;
}

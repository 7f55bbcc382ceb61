/* Building graphs; see graph.h. */
#include "graph.h"

#include "infer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A builder was called with operands that do not fit: the bug of a pass, never the user's. */
static _Noreturn void bug(const struct graph *g, const struct node *n, const char *error) {
  arena_fail(g->arena, GUARD_BUG, "graph %s, %s%s%s: %s", g->name, op_text(n->op), n->origin ? " from " : "",
             n->origin ? n->origin : "", error);
}

struct graph *graph_new(struct arena *a, const char *name) {
  struct graph *g = arena_new_object(a, struct graph);
  g->name = name;
  g->arena = a;
  g->top = g->cursor = arena_new_object(a, struct region);
  return g;
}

static struct node *node_new(struct graph *g, enum op op, struct node *const *operands, int count) {
  struct node *n = arena_new_object(g->arena, struct node);
  n->id = g->next_id++;
  n->op = op;
  n->origin = g->origin;
  n->arity = count;
  n->operand = arena_new_array(g->arena, struct node *, (size_t)count);
  for (int i = 0; i < count; i++) n->operand[i] = operands[i];
  return n;
}

/* Types the finished node, whose type field holds the wanted type, and appends it. */
static struct node *append(struct graph *g, struct node *n) {
  const char *error = infer_type(g->arena, n, &n->type);
  if (error) bug(g, n, error);
  struct region *r = g->cursor;
  arena_push(g->arena, r->nodes, r->count, r->capacity, n);
  return n;
}

struct node *graph_const(struct graph *g, enum dtype dtype, double value) {
  struct node *n = node_new(g, OP_CONST, NULL, 0);
  n->type.dtype = dtype;
  n->value = value;
  return append(g, n);
}

struct node *graph_iota(struct graph *g, int64_t length) {
  struct node *n = node_new(g, OP_IOTA, NULL, 0);
  n->type = type_make(DTYPE_I32, 1, &length);
  return append(g, n);
}

struct node *graph_leaf(struct graph *g, struct symbol *symbol, struct type type) {
  struct node *n = node_new(g, OP_LEAF, NULL, 0);
  n->type = type;
  n->symbol = symbol;
  return append(g, n);
}

struct node *graph_map(struct graph *g, enum scalar_op op, struct node *const *operands, int count) {
  struct node *n = node_new(g, OP_MAP, operands, count);
  n->scalar = op;
  return append(g, n);
}

struct node *graph_map1(struct graph *g, enum scalar_op op, struct node *x) {
  return graph_map(g, op, &x, 1);
}

struct node *graph_map2(struct graph *g, enum scalar_op op, struct node *x, struct node *y) {
  return graph_map(g, op, (struct node *[]){x, y}, 2);
}

struct node *graph_select(struct graph *g, struct node *condition, struct node *x, struct node *y) {
  return graph_map(g, SCALAR_SELECT, (struct node *[]){condition, x, y}, 3);
}

struct node *graph_cast(struct graph *g, enum dtype dtype, struct node *x) {
  if (x->type.dtype == dtype) return x;
  struct node *n = node_new(g, OP_MAP, &x, 1);
  n->scalar = SCALAR_CAST;
  n->type.dtype = dtype;
  return append(g, n);
}

struct node *graph_reduce(struct graph *g, enum reduction kind, uint32_t axes, struct node *x) {
  struct node *n = node_new(g, OP_REDUCE, &x, 1);
  n->reduce.kind = kind;
  n->reduce.axes = axes;
  return append(g, n);
}

/* Labels are numbered anew in order of appearance, so that equal contractions have equal attributes. */
static void renumber(struct graph *g, struct node *n, int8_t number[128], int *count, const int8_t *labels, int rank,
                     int8_t *renumbered) {
  memset(renumbered, -1, GRAPH_MAX_RANK);
  for (int i = 0; i < rank; i++) {
    if (labels[i] < 0) bug(g, n, "a label is missing");
    int8_t *slot = &number[labels[i]];
    if (*slot < 0) *slot = (int8_t)(*count)++;
    renumbered[i] = *slot;
  }
}

struct node *graph_contract_as(struct graph *g, enum dtype dtype, const int8_t *left, const int8_t *right,
                               const int8_t *result, int result_rank, struct node *x, struct node *y) {
  struct node *n = node_new(g, OP_CONTRACT, (struct node *[]){x, y}, 2);
  if (result_rank < 0 || result_rank > GRAPH_MAX_RANK) bug(g, n, "rank of the result");
  int8_t number[128];
  int count = 0;
  memset(number, -1, sizeof number);
  renumber(g, n, number, &count, left, x->type.rank, n->contract.left);
  renumber(g, n, number, &count, right, y->type.rank, n->contract.right);
  renumber(g, n, number, &count, result, result_rank, n->contract.result);
  n->type.dtype = dtype;
  n->type.rank = result_rank;
  for (int i = 0; i < result_rank; i++) n->type.extent[i] = 1;
  return append(g, n);
}

struct node *graph_contract_ids(struct graph *g, const int8_t *left, const int8_t *right, const int8_t *result,
                                int result_rank, struct node *x, struct node *y) {
  return graph_contract_as(g, DTYPE_F32, left, right, result, result_rank, x, y);
}

/* Reads letters up to a character that is none; returns where it stopped. */
static const char *parse_labels(const char *text, int8_t labels[GRAPH_MAX_RANK], int *count) {
  for (*count = 0; isalpha((unsigned char)*text) && *count < GRAPH_MAX_RANK; text++)
    labels[(*count)++] = (int8_t)*text;
  return text;
}

struct node *graph_contract(struct graph *g, const char *labels, struct node *x, struct node *y) {
  int8_t part[3][GRAPH_MAX_RANK];
  int count[3] = {0};
  const char *text = parse_labels(labels, part[0], &count[0]);
  bool good = *text == ',';
  if (good) text = parse_labels(text + 1, part[1], &count[1]);
  good = good && text[0] == '-' && text[1] == '>';
  if (good) text = parse_labels(text + 2, part[2], &count[2]);
  if (!good || *text || count[0] != x->type.rank || count[1] != y->type.rank)
    bug(g, x,
        arena_printf(g->arena, "contract \"%s\" of %s and %s", labels, type_text(g->arena, &x->type),
                     type_text(g->arena, &y->type)));
  return graph_contract_ids(g, part[0], part[1], part[2], count[2], x, y);
}

struct node *graph_gather(struct graph *g, struct node *table, struct node *index) {
  return append(g, node_new(g, OP_GATHER, (struct node *[]){table, index}, 2));
}

struct node *graph_scatter(struct graph *g, struct node *index, struct node *rows, int64_t rows_of_result) {
  struct node *n = node_new(g, OP_SCATTER, (struct node *[]){index, rows}, 2);
  n->type = (struct type){.dtype = rows->type.dtype, .rank = 1, .extent = {rows_of_result}};
  for (int i = index->type.rank; i < rows->type.rank && n->type.rank < GRAPH_MAX_RANK; i++)
    n->type.extent[n->type.rank++] = rows->type.extent[i];
  return append(g, n);
}

struct node *graph_reshape(struct graph *g, struct node *x, int rank, const int64_t *extent) {
  struct node *n = node_new(g, OP_RESHAPE, &x, 1);
  n->type = type_make(x->type.dtype, rank, extent);
  return append(g, n);
}

struct node *graph_transpose(struct graph *g, struct node *x, const int8_t *axes) {
  struct node *n = node_new(g, OP_TRANSPOSE, &x, 1);
  memcpy(n->axes, axes, (size_t)x->type.rank);
  return append(g, n);
}

static struct node *append_range(struct graph *g, enum op op, struct node *x, int axis, int64_t from, int64_t step,
                                 int64_t size) {
  struct node *n = node_new(g, op, &x, 1);
  n->range.axis = axis;
  n->range.from = from;
  n->range.step = step;
  n->type = x->type;
  if (axis >= 0 && axis < x->type.rank) n->type.extent[axis] = size;
  return append(g, n);
}

struct node *graph_slice(struct graph *g, struct node *x, int axis, int64_t from, int64_t step, int64_t size) {
  return append_range(g, OP_SLICE, x, axis, from, step, size);
}

struct node *graph_pad(struct graph *g, struct node *x, int axis, int64_t from, int64_t step, int64_t size) {
  return append_range(g, OP_PAD, x, axis, from, step, size);
}

struct node *graph_concat(struct graph *g, struct node *const *parts, int count, int axis) {
  struct node *n = node_new(g, OP_CONCAT, parts, count);
  n->range.axis = axis;
  return append(g, n);
}

struct node *graph_broadcast(struct graph *g, struct node *x, const int8_t *axes, int rank, const int64_t *extent) {
  struct node *n = node_new(g, OP_BROADCAST, &x, 1);
  memcpy(n->axes, axes, (size_t)x->type.rank);
  n->type = type_make(x->type.dtype, rank, extent);
  return append(g, n);
}

struct node *graph_broadcast_leading(struct graph *g, struct node *x, int rank, const int64_t *extent) {
  int8_t axes[GRAPH_MAX_RANK] = {0};
  for (int i = 0; i < x->type.rank; i++) axes[i] = (int8_t)(rank - x->type.rank + i);
  return graph_broadcast(g, x, axes, rank, extent);
}

struct node *graph_detach(struct graph *g, struct node *x) {
  return append(g, node_new(g, OP_DETACH, &x, 1));
}

struct node *graph_barrier(struct graph *g, struct node *x) {
  return append(g, node_new(g, OP_BARRIER, &x, 1));
}

static struct node *append_sink(struct graph *g, enum op op, struct symbol *symbol, struct node *const *operands,
                                int count) {
  struct node *n = node_new(g, op, operands, count);
  n->symbol = symbol;
  return append(g, n);
}

struct node *graph_store(struct graph *g, struct symbol *symbol, struct node *x) {
  return append_sink(g, OP_STORE, symbol, &x, 1);
}

struct node *graph_accumulate(struct graph *g, struct symbol *symbol, struct node *x) {
  return append_sink(g, OP_ACCUMULATE, symbol, &x, 1);
}

struct node *graph_accumulate_rows(struct graph *g, struct symbol *symbol, struct node *index, struct node *rows) {
  return append_sink(g, OP_ACCUMULATE_ROWS, symbol, (struct node *[]){index, rows}, 2);
}

struct node *graph_loss(struct graph *g, struct node *x) {
  return append_sink(g, OP_LOSS, NULL, &x, 1);
}

static struct region *body_new(struct graph *g, struct node *const *initial, int count) {
  struct region *body = arena_new_object(g->arena, struct region);
  body->parent = g->cursor;
  body->carry_count = count;
  body->carries = arena_new_array(g->arena, struct node *, (size_t)count);
  body->results = arena_new_array(g->arena, struct node *, (size_t)count);
  for (int i = 0; i < count; i++) {
    struct node *carry = node_new(g, OP_CARRY, NULL, 0);
    carry->type = initial[i]->type;
    carry->index = i;
    body->carries[i] = carry;
  }
  return body;
}

struct node *graph_repeat_open(struct graph *g, int64_t trips, int64_t last, struct node *const *initial, int count) {
  struct node *n = node_new(g, OP_REPEAT, initial, count);
  n->repeat.trips = trips;
  n->repeat.last = last;
  n->repeat.body = body_new(g, initial, count);
  append(g, n);
  g->cursor = n->repeat.body;
  return n;
}

void graph_repeat_close(struct graph *g, struct node *repeat, struct node *const *results) {
  struct region *body = repeat->repeat.body;
  if (g->cursor != body) bug(g, repeat, "closed out of order");
  for (int i = 0; i < body->carry_count; i++) {
    if (!type_equal(&results[i]->type, &body->carries[i]->type))
      bug(g, repeat,
          arena_printf(g->arena, "carry %d goes from %s to %s", i, type_text(g->arena, &body->carries[i]->type),
                       type_text(g->arena, &results[i]->type)));
    body->results[i] = results[i];
  }
  g->cursor = body->parent;
}

struct node *graph_result(struct graph *g, struct node *repeat, int index) {
  struct node *n = node_new(g, OP_RESULT, &repeat, 1);
  n->index = index;
  return append(g, n);
}

struct node *graph_copy_node(struct graph *g, const struct node *n, struct node *const *operands) {
  if (n->op == OP_REPEAT || n->op == OP_CARRY) bug(g, n, "cannot be copied alone");
  struct node *copy = node_new(g, n->op, operands, n->arity);
  struct node made = *copy;
  *copy = *n;
  copy->id = made.id;
  copy->operand = made.operand;
  if (!copy->origin) copy->origin = made.origin;
  return append(g, copy);
}

/* The typing rule of every operator; see infer.h. */
#include "infer.h"

#include <math.h>

/* No program needs a tensor of more elements, and products of extents stay far from overflow. */
static const int64_t MAX_ELEMENTS = INT64_C(1) << 40;

enum { MAX_LABELS = 24 };

typedef const char *infer_fn(struct arena *a, const struct node *n, struct type *type);

static const struct type *operand_type(const struct node *n, int i) { return &n->operand[i]->type; }

static const char *mismatch(struct arena *a, const char *what, const struct type *x, const struct type *y) {
  return arena_printf(a, "%s: %s and %s", what, type_text(a, x), type_text(a, y));
}

static const char *misfit(struct arena *a, const char *what, const struct type *x) {
  return arena_printf(a, "%s: %s", what, type_text(a, x));
}

const char *infer_check_type(struct arena *a, const struct type *type) {
  if (type->rank < 0 || type->rank > GRAPH_MAX_RANK)
    return arena_printf(a, "rank %d is not within 0…%d", type->rank, GRAPH_MAX_RANK);
  int64_t elements = 1;
  for (int i = 0; i < type->rank; i++) {
    int64_t extent = type->extent[i];
    if (extent == EXTENT_BATCH && i == 0) continue;
    if (extent < 1) return misfit(a, "an extent is below 1, or the batch axis does not lead", type);
    if (__builtin_mul_overflow(elements, extent, &elements) || elements > MAX_ELEMENTS)
      return misfit(a, "too many elements", type);
  }
  return NULL;
}

static const char *infer_const(struct arena *a, const struct node *n, struct type *type) {
  type->rank = 0;
  bool whole = n->value == floor(n->value) && fabs(n->value) <= 2147483648.0;
  if (type->dtype == DTYPE_I32 && !whole) return arena_printf(a, "%g is not an i32", n->value);
  return NULL;
}

static const char *infer_iota(struct arena *a, const struct node *n, struct type *type) {
  (void)n;
  type->dtype = DTYPE_I32;
  if (type->rank != 1 || type_is_batched(type)) return misfit(a, "iota has one axis of known extent", type);
  return NULL;
}

/* The symbol's type, with or without the batch axis. */
static bool is_type_of_symbol(const struct symbol *s, const struct type *type) {
  struct type batched = type_batched(&s->type);
  bool shared = s->role == ROLE_PARAM || s->role == ROLE_BUFFER;
  return type_equal(&s->type, type) || (!shared && type_equal(&batched, type));
}

static const char *infer_leaf(struct arena *a, const struct node *n, struct type *type) {
  if (is_type_of_symbol(n->symbol, type)) return NULL;
  return mismatch(a, "leaf and symbol", type, &n->symbol->type);
}

static bool scalar_is_comparison(enum scalar_op op) {
  return op == SCALAR_EQ || op == SCALAR_NE || op == SCALAR_LT || op == SCALAR_LE;
}

static bool scalar_needs_float(enum scalar_op op) { return op >= SCALAR_EXP && op <= SCALAR_SIGMOID; }

static const char *infer_map(struct arena *a, const struct node *n, struct type *type) {
  enum dtype wanted = type->dtype;
  if (n->arity != scalar_arity(n->scalar))
    return arena_printf(a, "%s takes %d operands, not %d", scalar_text(n->scalar), scalar_arity(n->scalar), n->arity);
  int first = n->scalar == SCALAR_SELECT ? 1 : 0;
  if (n->scalar != SCALAR_CAST && dtype_is_bf16(operand_type(n, first)->dtype))
    return misfit(a, arena_printf(a, "%s of bf16", scalar_text(n->scalar)), operand_type(n, first));
  for (int i = 0; i < n->arity; i++)
    if (!type_same_shape(operand_type(n, first), operand_type(n, i)) ||
        (i > first && operand_type(n, first)->dtype != operand_type(n, i)->dtype))
      return mismatch(a, scalar_text(n->scalar), operand_type(n, first), operand_type(n, i));
  *type = *operand_type(n, first);
  if (scalar_needs_float(n->scalar) && type->dtype == DTYPE_I32) return misfit(a, scalar_text(n->scalar), type);
  if (scalar_is_comparison(n->scalar)) type->dtype = DTYPE_F32;
  if (n->scalar == SCALAR_CAST) type->dtype = wanted;
  return NULL;
}

static const char *infer_reduce(struct arena *a, const struct node *n, struct type *type) {
  const struct type *x = operand_type(n, 0);
  if (n->reduce.axes == 0 || n->reduce.axes >> x->rank != 0)
    return misfit(a, arena_printf(a, "reduce over axes %#x", n->reduce.axes), x);
  if (dtype_is_bf16(x->dtype)) return misfit(a, "reduce of bf16", x);
  *type = (struct type){.dtype = x->dtype};
  for (int i = 0; i < x->rank; i++)
    if (!(n->reduce.axes >> i & 1)) type->extent[type->rank++] = x->extent[i];
  return NULL;
}

/* Enters an operand's labels into the table of extents (0: label not seen). */
static const char *enter_labels(struct arena *a, const int8_t *labels, const struct type *x,
                                int64_t extent[MAX_LABELS]) {
  uint32_t seen = 0;
  for (int i = 0; i < x->rank; i++) {
    int label = labels[i];
    if (label < 0 || label >= MAX_LABELS || seen >> label & 1) return misfit(a, "contract: bad label for", x);
    seen |= UINT32_C(1) << label;
    if (extent[label] != 0 && extent[label] != x->extent[i])
      return misfit(
          a, arena_printf(a, "contract: label %c has extent %lld, not as in", 'a' + label, (long long)extent[label]),
          x);
    extent[label] = x->extent[i];
  }
  return NULL;
}

/* bf16 and f32 meet in a contraction alone, which gives either; other operands are of one type, the result's. */
static const char *infer_contract_dtype(struct arena *a, const struct type *x, const struct type *y,
                                        struct type *type) {
  const struct type *bf16 = dtype_is_bf16(x->dtype) ? x : y, *other = bf16 == x ? y : x;
  bool narrow = dtype_is_bf16(bf16->dtype);
  if (x->dtype != y->dtype && !(narrow && other->dtype == DTYPE_F32)) return mismatch(a, "contract", x, y);
  if (!narrow) type->dtype = x->dtype;
  if (type->dtype == x->dtype || type->dtype == DTYPE_F32 || type->dtype == bf16->dtype) return NULL;
  return misfit(a, "contract: bf16 operands give f32 or bf16", type);
}

static const char *infer_contract(struct arena *a, const struct node *n, struct type *type) {
  const struct type *x = operand_type(n, 0), *y = operand_type(n, 1);
  int64_t extent[MAX_LABELS] = {0};
  const char *error = infer_contract_dtype(a, x, y, type);
  if (!error) error = enter_labels(a, n->contract.left, x, extent);
  if (!error) error = enter_labels(a, n->contract.right, y, extent);
  if (error) return error;
  if (type->rank > GRAPH_MAX_RANK) return misfit(a, "contract", type);
  uint32_t seen = 0;
  for (int i = 0; i < type->rank; i++) {
    int label = n->contract.result[i];
    if (label < 0 || label >= MAX_LABELS || extent[label] == 0 || seen >> label & 1)
      return mismatch(a, "contract: bad label in the result", x, y);
    seen |= UINT32_C(1) << label;
    type->extent[i] = extent[label];
  }
  return NULL;
}

/* [lead…] of index followed by [rest…] of table, the axes of table after its first. */
static const char *join_lead_and_rest(struct arena *a, const struct type *index, const struct type *table,
                                      struct type *joined) {
  if (index->dtype != DTYPE_I32) return misfit(a, "an index is not i32", index);
  if (table->rank < 1 || type_is_batched(table)) return misfit(a, "not a table", table);
  *joined = *index;
  joined->dtype = table->dtype;
  if (index->rank + table->rank - 1 > GRAPH_MAX_RANK) return mismatch(a, "rank too large", index, table);
  for (int i = 1; i < table->rank; i++) joined->extent[joined->rank++] = table->extent[i];
  return NULL;
}

static const char *infer_gather(struct arena *a, const struct node *n, struct type *type) {
  return join_lead_and_rest(a, operand_type(n, 1), operand_type(n, 0), type);
}

static const char *infer_scatter(struct arena *a, const struct node *n, struct type *type) {
  const struct type *index = operand_type(n, 0), *rows = operand_type(n, 1);
  struct type joined;
  if (dtype_is_bf16(rows->dtype)) return misfit(a, "scatter of bf16", rows);
  const char *error = join_lead_and_rest(a, index, type, &joined);
  if (error) return error;
  return type_equal(&joined, rows) ? NULL : mismatch(a, "scatter", rows, &joined);
}

static const char *infer_reshape(struct arena *a, const struct node *n, struct type *type) {
  const struct type *x = operand_type(n, 0);
  type->dtype = x->dtype;
  if (type_elements(x) != type_elements(type) || type_is_batched(x) != type_is_batched(type))
    return mismatch(a, "reshape", x, type);
  return NULL;
}

static const char *infer_transpose(struct arena *a, const struct node *n, struct type *type) {
  const struct type *x = operand_type(n, 0);
  uint32_t seen = 0;
  *type = *x;
  for (int i = 0; i < x->rank; i++) {
    int axis = n->axes[i];
    if (axis < 0 || axis >= x->rank || seen >> axis & 1) return misfit(a, "transpose: not a permutation of axes", x);
    seen |= UINT32_C(1) << axis;
    type->extent[i] = x->extent[axis];
  }
  return NULL;
}

/* Do count steps from `from` stay within size? */
static bool range_fits(int64_t from, int64_t step, int64_t count, int64_t size) {
  return from >= 0 && from < size && step >= 1 && count >= 1 && count - 1 <= (size - 1 - from) / step;
}

/* A slice or pad keeps every extent but that of its axis. */
static const char *infer_range(struct arena *a, const struct node *n, struct type *type, bool is_pad) {
  const struct type *x = operand_type(n, 0);
  int axis = n->range.axis;
  if (axis < 0 || axis >= x->rank || type->rank != x->rank || x->extent[axis] == EXTENT_BATCH)
    return misfit(a, arena_printf(a, "%s along axis %d", op_text(n->op), axis), x);
  int64_t size = type->extent[axis];
  int64_t inner = is_pad ? x->extent[axis] : size, outer = is_pad ? size : x->extent[axis];
  if (!range_fits(n->range.from, n->range.step, inner, outer))
    return mismatch(a,
                    arena_printf(a, "%s from %lld step %lld does not fit", op_text(n->op), (long long)n->range.from,
                                 (long long)n->range.step),
                    x, type);
  *type = *x;
  type->extent[axis] = size;
  return NULL;
}

static const char *infer_slice(struct arena *a, const struct node *n, struct type *type) {
  return infer_range(a, n, type, false);
}

static const char *infer_pad(struct arena *a, const struct node *n, struct type *type) {
  return infer_range(a, n, type, true);
}

static const char *infer_concat(struct arena *a, const struct node *n, struct type *type) {
  if (n->arity < 1) return "concat of nothing";
  int axis = n->range.axis;
  *type = *operand_type(n, 0);
  if (axis < 0 || axis >= type->rank || type->extent[axis] == EXTENT_BATCH)
    return misfit(a, "concat along a bad axis", type);
  int64_t sum = 0;
  for (int i = 0; i < n->arity; i++) {
    struct type part = *operand_type(n, i);
    if (part.rank != type->rank) return mismatch(a, "concat", type, &part);
    sum += part.extent[axis];
    part.extent[axis] = type->extent[axis];
    if (!type_equal(&part, type)) return mismatch(a, "concat", type, operand_type(n, i));
  }
  type->extent[axis] = sum;
  return NULL;
}

static const char *infer_broadcast(struct arena *a, const struct node *n, struct type *type) {
  const struct type *x = operand_type(n, 0);
  type->dtype = x->dtype;
  int before = -1;
  for (int i = 0; i < x->rank; i++) {
    int axis = n->axes[i];
    if (axis <= before || axis >= type->rank || type->extent[axis] != x->extent[i])
      return mismatch(a, "broadcast", x, type);
    before = axis;
  }
  return NULL;
}

static const char *infer_detach(struct arena *a, const struct node *n, struct type *type) {
  (void)a;
  *type = *operand_type(n, 0);
  return NULL;
}

static const struct type NO_TYPE = {.dtype = DTYPE_F32};

static const char *infer_repeat(struct arena *a, const struct node *n, struct type *type) {
  *type = NO_TYPE;
  const struct region *body = n->repeat.body;
  if (n->repeat.trips < 0 || n->repeat.last < HORIZON_EVERYTHING) return "repeat: negative trips or horizon";
  if (body->carry_count != n->arity) return "repeat: carries and initial values differ in number";
  for (int i = 0; i < n->arity; i++)
    if (!type_equal(operand_type(n, i), &body->carries[i]->type))
      return mismatch(a, arena_printf(a, "carry %d", i), operand_type(n, i), &body->carries[i]->type);
  return NULL;
}

static const char *infer_carry(struct arena *a, const struct node *n, struct type *type) {
  (void)a, (void)n, (void)type;
  return NULL;
}

static const char *infer_result(struct arena *a, const struct node *n, struct type *type) {
  const struct node *repeat = n->operand[0];
  if (repeat->op != OP_REPEAT || n->index < 0 || n->index >= repeat->arity)
    return arena_printf(a, "result {%d} of %s", n->index, op_text(repeat->op));
  *type = *operand_type(repeat, n->index);
  return NULL;
}

static const char *infer_store(struct arena *a, const struct node *n, struct type *type) {
  *type = NO_TYPE;
  const struct symbol *s = n->symbol;
  if (s->role != ROLE_STATE && s->role != ROLE_OUTPUT) return arena_printf(a, "store to %s", s->name);
  if (!is_type_of_symbol(s, operand_type(n, 0))) return mismatch(a, s->name, operand_type(n, 0), &s->type);
  return NULL;
}

static const char *infer_accumulate(struct arena *a, const struct node *n, struct type *type) {
  *type = NO_TYPE;
  const struct symbol *s = n->symbol;
  if (s->role != ROLE_PARAM && s->role != ROLE_ROWS) return arena_printf(a, "accumulate into %s", s->name);
  if (!is_type_of_symbol(s, operand_type(n, 0))) return mismatch(a, s->name, operand_type(n, 0), &s->type);
  return NULL;
}

static const char *infer_accumulate_rows(struct arena *a, const struct node *n, struct type *type) {
  *type = NO_TYPE;
  struct type joined;
  if (n->symbol->role != ROLE_PARAM) return arena_printf(a, "accumulate_rows into %s", n->symbol->name);
  const char *error = join_lead_and_rest(a, operand_type(n, 0), &n->symbol->type, &joined);
  if (error) return error;
  return type_equal(&joined, operand_type(n, 1)) ? NULL : mismatch(a, n->symbol->name, operand_type(n, 1), &joined);
}

static const char *infer_loss(struct arena *a, const struct node *n, struct type *type) {
  *type = NO_TYPE;
  const struct type *x = operand_type(n, 0);
  bool one_an_example = x->rank == 0 || (x->rank == 1 && type_is_batched(x));
  bool is_float = x->dtype == DTYPE_F32 || x->dtype == DTYPE_F64;
  return is_float && one_an_example ? NULL : misfit(a, "loss is not one f32 or f64 an example", x);
}

static const struct rule {
  infer_fn *infer;
  int arity;
} rules[] = {
    [OP_CONST] = {infer_const, 0},
    [OP_IOTA] = {infer_iota, 0},
    [OP_LEAF] = {infer_leaf, 0},
    [OP_MAP] = {infer_map, -1},
    [OP_REDUCE] = {infer_reduce, 1},
    [OP_CONTRACT] = {infer_contract, 2},
    [OP_GATHER] = {infer_gather, 2},
    [OP_SCATTER] = {infer_scatter, 2},
    [OP_RESHAPE] = {infer_reshape, 1},
    [OP_TRANSPOSE] = {infer_transpose, 1},
    [OP_SLICE] = {infer_slice, 1},
    [OP_PAD] = {infer_pad, 1},
    [OP_CONCAT] = {infer_concat, -1},
    [OP_BROADCAST] = {infer_broadcast, 1},
    [OP_DETACH] = {infer_detach, 1},
    [OP_BARRIER] = {infer_detach, 1},
    [OP_REPEAT] = {infer_repeat, -1},
    [OP_CARRY] = {infer_carry, 0},
    [OP_RESULT] = {infer_result, 1},
    [OP_STORE] = {infer_store, 1},
    [OP_ACCUMULATE] = {infer_accumulate, 1},
    [OP_ACCUMULATE_ROWS] = {infer_accumulate_rows, 2},
    [OP_LOSS] = {infer_loss, 1},
};

static const char *check_operands(struct arena *a, const struct node *n) {
  int arity = rules[n->op].arity;
  if (arity >= 0 && n->arity != arity)
    return arena_printf(a, "%s takes %d operands, not %d", op_text(n->op), arity, n->arity);
  for (int i = 0; i < n->arity; i++) {
    enum op op = n->operand[i]->op;
    if (op_is_sink(op) || (op == OP_REPEAT && n->op != OP_RESULT))
      return arena_printf(a, "%s has no value for %s to use", op_text(op), op_text(n->op));
  }
  return NULL;
}

const char *infer_type(struct arena *a, const struct node *n, struct type *type) {
  const char *error = check_operands(a, n);
  if (!error) error = infer_check_type(a, type);
  if (!error) error = rules[n->op].infer(a, n, type);
  if (!error) error = infer_check_type(a, type);
  return error;
}

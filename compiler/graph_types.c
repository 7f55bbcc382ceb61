/* Types, and the names of operators. */
#include "graph.h"

#include <math.h>
#include <string.h>

bool op_is_sink(enum op op) {
  return op == OP_STORE || op == OP_ACCUMULATE || op == OP_ACCUMULATE_ROWS || op == OP_LOSS;
}

bool contract_is_twin(const struct node *n, const struct node *other) {
  return other->op == OP_CONTRACT && n->operand[0] == other->operand[0] && n->operand[1] == other->operand[1] &&
         memcmp(&n->contract, &other->contract, sizeof n->contract) == 0;
}

const char *op_text(enum op op) {
  static const char *const text[] = {
#define OP(name, text, arity) text,
      GRAPH_OPS(OP)
#undef OP
  };
  return text[op];
}

const char *scalar_text(enum scalar_op op) {
  static const char *const text[] = {
#define SCALAR(name, text, arity) text,
#include "ops.def"
#undef SCALAR
  };
  return text[op];
}

int scalar_arity(enum scalar_op op) {
  static const int arity[] = {
#define SCALAR(name, text, arity) arity,
#include "ops.def"
#undef SCALAR
  };
  return arity[op];
}

const char *dtype_text(enum dtype dtype) {
  static const char *const text[] = {
      [DTYPE_F32] = "f32",         [DTYPE_F64] = "f64", [DTYPE_BF16] = "bf16",
      [DTYPE_ROUNDED] = "rounded", [DTYPE_I32] = "i32",
  };
  return text[dtype];
}

int dtype_size(enum dtype dtype) {
  static const int size[] = {
      [DTYPE_F32] = 4, [DTYPE_F64] = 8, [DTYPE_BF16] = 2, [DTYPE_ROUNDED] = 4, [DTYPE_I32] = 4};
  return size[dtype];
}

bool dtype_is_bf16(enum dtype dtype) { return dtype == DTYPE_BF16 || dtype == DTYPE_ROUNDED; }

/* Ties to even.  What rounds beyond the largest value is infinite. */
static double round_to_bf16(double value) {
  float single = (float)value;
  uint32_t bits;
  if (!isfinite(single)) return single;
  memcpy(&bits, &single, sizeof bits);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & UINT32_C(0xffff0000);
  memcpy(&single, &bits, sizeof bits);
  return single;
}

double dtype_round(enum dtype dtype, double value) {
  if (dtype_is_bf16(dtype)) return round_to_bf16(value);
  return dtype == DTYPE_F32 ? (double)(float)value : value;
}

struct type type_make(enum dtype dtype, int rank, const int64_t *extent) {
  struct type type = {.dtype = dtype, .rank = rank};
  for (int i = 0; i < rank && i < GRAPH_MAX_RANK; i++) type.extent[i] = extent[i];
  return type;
}

struct type type_batched(const struct type *t) {
  struct type type = {.dtype = t->dtype, .rank = t->rank + 1};
  type.extent[0] = EXTENT_BATCH;
  for (int i = 0; i < t->rank && i + 1 < GRAPH_MAX_RANK; i++) type.extent[i + 1] = t->extent[i];
  return type;
}

bool type_equal(const struct type *a, const struct type *b) { return a->dtype == b->dtype && type_same_shape(a, b); }

bool type_same_shape(const struct type *a, const struct type *b) {
  return a->rank == b->rank && memcmp(a->extent, b->extent, (size_t)a->rank * sizeof a->extent[0]) == 0;
}

bool type_is_batched(const struct type *t) { return t->rank > 0 && t->extent[0] == EXTENT_BATCH; }

int64_t type_elements(const struct type *t) {
  int64_t elements = 1;
  for (int i = 0; i < t->rank; i++)
    if (t->extent[i] != EXTENT_BATCH) elements *= t->extent[i];
  return elements;
}

int64_t type_bytes(const struct type *t) { return type_elements(t) * dtype_size(t->dtype); }

const char *type_text(struct arena *a, const struct type *t) {
  char *text = arena_printf(a, "%s[", dtype_text(t->dtype));
  for (int i = 0; i < t->rank; i++) {
    const char *separator = i ? ", " : "";
    text = t->extent[i] == EXTENT_BATCH ? arena_printf(a, "%s%sB", text, separator)
                                        : arena_printf(a, "%s%s%lld", text, separator, (long long)t->extent[i]);
  }
  return arena_printf(a, "%s]", text);
}

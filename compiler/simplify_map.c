/* Rules for map: constant folding and algebra; see simplify.h. */
#include "pads.h"
#include "simplify.h"

#include <math.h>
#include <string.h>

/* ---- constants ---- */

bool simplify_is_constant(const struct node *n, double *value) {
  if (n->op == OP_BROADCAST) n = n->operand[0];
  if (n->op == OP_CONST) *value = n->value;
  return n->op == OP_CONST;
}

bool simplify_is(const struct node *n, double value) {
  double constant;
  return simplify_is_constant(n, &constant) && constant == value;
}

struct node *simplify_constant(struct graph *g, double value, const struct type *type) {
  struct node *scalar = graph_const(g, type->dtype, value);
  return type->rank == 0 ? scalar : graph_broadcast_leading(g, scalar, type->rank, type->extent);
}

static double quotient(enum dtype dtype, double x, double y) { return dtype == DTYPE_I32 ? trunc(x / y) : x / y; }

/* The function in double; NAN also stands for "not known here". */
static double scalar_value(enum scalar_op op, enum dtype dtype, const double *x) {
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
  return NAN;
}

/* All operands constant: the result too, rounded at each step as the running program would round it.  What is not
 * finite, does not fit i32, or is rounded to bf16, is left to the running program. */
static struct node *fold(struct graph *g, struct node *n) {
  double x[3] = {0};
  if (n->type.dtype == DTYPE_BF16) return NULL;
  for (int i = 0; i < n->arity; i++) {
    if (!simplify_is_constant(n->operand[i], &x[i]) || n->operand[i]->type.dtype == DTYPE_BF16) return NULL;
    x[i] = dtype_round(n->operand[i]->type.dtype, x[i]);
  }
  double value = dtype_round(n->type.dtype, scalar_value(n->scalar, n->type.dtype, x));
  if (!isfinite(value) || (n->type.dtype == DTYPE_I32 && fabs(value) > INT32_MAX)) return NULL;
  return simplify_constant(g, value, &n->type);
}

/* ---- shapes ---- */

/* The broadcast that all operands but constants share; NULL: none. */
static const struct node *common_broadcast(const struct node *n) {
  const struct node *common = NULL;
  for (int i = 0; i < n->arity; i++) {
    const struct node *x = n->operand[i];
    double ignored;
    if (simplify_is_constant(x, &ignored)) continue;
    if (x->op != OP_BROADCAST) return NULL;
    const struct type *source = &x->operand[0]->type;
    if (common && (!type_same_shape(&common->operand[0]->type, source) ||
                   memcmp(common->axes, x->axes, (size_t)source->rank) != 0))
      return NULL;
    common = x;
  }
  return common;
}

/* f(broadcast x, broadcast y, constant) = broadcast f(x, y, constant) */
static struct node *map_before_broadcast(struct graph *g, struct node *n) {
  const struct node *common = common_broadcast(n);
  if (!common) return NULL;
  struct node *operands[3];
  for (int i = 0; i < n->arity; i++) {
    double value;
    struct type type = common->operand[0]->type;
    type.dtype = n->operand[i]->type.dtype;
    bool is_constant = simplify_is_constant(n->operand[i], &value);
    operands[i] = is_constant ? simplify_constant(g, value, &type) : n->operand[i]->operand[0];
  }
  struct node *small = graph_copy_node(g, n, operands);
  return graph_broadcast(g, small, common->axes, n->type.rank, n->type.extent);
}

/* ---- algebra: one function a scalar function; x and y are its operands ---- */

static bool is_map(const struct node *n, enum scalar_op op) { return n->op == OP_MAP && n->scalar == op; }

/* n = op(z, constant)? */
static bool is_map_with_constant(const struct node *n, enum scalar_op op, double *value) {
  return is_map(n, op) && simplify_is_constant(n->operand[1], value);
}

/* NULL where the constant is none of the integers: then the running program computes as it is written. */
static struct node *map2_constant(struct graph *g, enum scalar_op op, struct node *x, double value) {
  if (x->type.dtype == DTYPE_I32 && fabs(value) > INT32_MAX) return NULL;
  return graph_map2(g, op, x, simplify_constant(g, dtype_round(x->type.dtype, value), &x->type));
}

/* A constant stands on the right, the older node on the left. */
static struct node *order_operands(struct graph *g, struct node *n) {
  struct node *x = n->operand[0], *y = n->operand[1];
  double ignored;
  bool left = simplify_is_constant(x, &ignored), right = simplify_is_constant(y, &ignored);
  bool in_order = left == right ? x->id <= y->id : right;
  return in_order ? NULL : graph_map2(g, n->scalar, y, x);
}

/* The pads that a value is the sum of: a pad, or a concat whose other parts are zero. */
static int as_pads(const struct node *n, struct pad *pads) {
  int count = 0;
  if (n->op == OP_PAD && n->range.step == 1)
    pads[count++] = (struct pad){n->operand[0], n->range.axis, n->range.from, 1};
  int64_t from = 0;
  for (int i = 0; n->op == OP_CONCAT && i < n->arity; i++) {
    if (!simplify_is(n->operand[i], 0)) pads[count++] = (struct pad){n->operand[i], n->range.axis, from, 1};
    from += n->operand[i]->type.extent[n->range.axis];
  }
  return count;
}

static bool overlap(const struct pad *a, const struct pad *b) {
  int64_t a_end = a->from + a->value->type.extent[a->axis], b_end = b->from + b->value->type.extent[b->axis];
  return a->axis != b->axis || (a->from < b_end && b->from < a_end);
}

/* The sum of values that fill disjoint parts of one axis is their concat. */
static struct node *add_pads(struct graph *g, struct node *n) {
  size_t limit = (size_t)n->operand[0]->arity + (size_t)n->operand[1]->arity;
  struct pad *pads = arena_new_array(g->arena, struct pad, limit + 1);
  int left = as_pads(n->operand[0], pads);
  int right = left ? as_pads(n->operand[1], pads + left) : 0;
  if (!left || !right) return NULL;
  for (int i = 0; i < left; i++)
    for (int j = left; j < left + right; j++)
      if (overlap(&pads[i], &pads[j])) return NULL;
  return pads_sum(g, pads, left + right, &n->type);
}

/* x + 0 = x;  (z + a) + b = z + (a + b);  x + -y = x - y */
static struct node *simplify_add(struct graph *g, struct node *n) {
  struct node *x = n->operand[0], *y = n->operand[1];
  double a, b;
  if (simplify_is(y, 0)) return x;
  if (simplify_is_constant(y, &b) && is_map_with_constant(x, SCALAR_ADD, &a))
    return map2_constant(g, SCALAR_ADD, x->operand[0], a + b);
  if (is_map(y, SCALAR_NEG)) return graph_map2(g, SCALAR_SUB, x, y->operand[0]);
  if (is_map(x, SCALAR_NEG)) return graph_map2(g, SCALAR_SUB, y, x->operand[0]);
  struct node *joined = add_pads(g, n);
  return joined ? joined : order_operands(g, n);
}

/* x - x = 0;  0 - y = -y;  x - a = x + -a;  x - -y = x + y */
static struct node *simplify_sub(struct graph *g, struct node *n) {
  struct node *x = n->operand[0], *y = n->operand[1];
  double a;
  if (x == y) return simplify_constant(g, 0, &n->type);
  if (simplify_is(x, 0)) return graph_map1(g, SCALAR_NEG, y);
  if (simplify_is_constant(y, &a)) return map2_constant(g, SCALAR_ADD, x, -a);
  if (is_map(y, SCALAR_NEG)) return graph_map2(g, SCALAR_ADD, x, y->operand[0]);
  return NULL;
}

/* x·0 = 0;  x·1 = x;  x·-1 = -x;  (z·a)·b = z·(a·b);  -z·a = z·-a;  -z·y = -(z·y), so that a sum can absorb the sign
 */
static struct node *simplify_mul(struct graph *g, struct node *n) {
  struct node *x = n->operand[0], *y = n->operand[1];
  double a, b;
  if (simplify_is_constant(y, &b)) {
    if (b == 0) return y;
    if (b == 1) return x;
    if (b == -1) return graph_map1(g, SCALAR_NEG, x);
    if (is_map_with_constant(x, SCALAR_MUL, &a)) return map2_constant(g, SCALAR_MUL, x->operand[0], a * b);
    if (is_map(x, SCALAR_NEG)) return map2_constant(g, SCALAR_MUL, x->operand[0], -b);
  }
  if (is_map(x, SCALAR_NEG)) return graph_map1(g, SCALAR_NEG, graph_map2(g, SCALAR_MUL, x->operand[0], y));
  if (is_map(y, SCALAR_NEG)) return graph_map1(g, SCALAR_NEG, graph_map2(g, SCALAR_MUL, x, y->operand[0]));
  return order_operands(g, n);
}

/* x/1 = x;  x/2ⁿ = x·2⁻ⁿ, which rounds alike;  -z/y = -(z/y).  0/y stays: y may be 0. */
static struct node *simplify_div(struct graph *g, struct node *n) {
  struct node *x = n->operand[0], *y = n->operand[1];
  double a;
  int exponent;
  if (simplify_is(y, 1)) return x;
  if (is_map(x, SCALAR_NEG)) return graph_map1(g, SCALAR_NEG, graph_map2(g, SCALAR_DIV, x->operand[0], y));
  if (n->type.dtype == DTYPE_I32 || !simplify_is_constant(y, &a)) return NULL;
  bool is_power = fabs(frexp(a, &exponent)) == 0.5 && exponent > -100 && exponent < 100;
  return is_power ? map2_constant(g, SCALAR_MUL, x, 1 / a) : NULL;
}

/* -(-z) = z;  -(x - y) = y - x;  -(z·a) = z·-a */
static struct node *simplify_neg(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  double a;
  if (is_map(x, SCALAR_NEG)) return x->operand[0];
  if (is_map(x, SCALAR_SUB)) return graph_map2(g, SCALAR_SUB, x->operand[1], x->operand[0]);
  if (is_map_with_constant(x, SCALAR_MUL, &a)) return map2_constant(g, SCALAR_MUL, x->operand[0], -a);
  return NULL;
}

/* xⁿ for a small n > 0 by squaring */
static struct node *whole_power(struct graph *g, struct node *x, int n) {
  if (n == 1) return x;
  struct node *half = whole_power(g, x, n / 2);
  struct node *square = graph_map2(g, SCALAR_MUL, half, half);
  return n % 2 ? graph_map2(g, SCALAR_MUL, square, x) : square;
}

/* x^0 = 1;  x^½ = √x;  xⁿ by products;  x^-a = 1/x^a for these */
static struct node *simplify_pow(struct graph *g, struct node *n) {
  double a;
  if (n->type.dtype == DTYPE_I32 || !simplify_is_constant(n->operand[1], &a)) return NULL;
  double size = fabs(a);
  if (size > 8 || (size != floor(size) && size != 0.5)) return NULL;
  if (a == 0) return simplify_constant(g, 1, &n->type);
  struct node *x = n->operand[0];
  struct node *power = size == 0.5 ? graph_map1(g, SCALAR_SQRT, x) : whole_power(g, x, (int)size);
  return a > 0 ? power : graph_map2(g, SCALAR_DIV, simplify_constant(g, 1, &n->type), power);
}

/* Are all values of the first dtype values of the second? */
static bool dtype_holds(enum dtype inner, enum dtype outer) {
  if (inner == outer || outer == DTYPE_F64) return true;
  return outer == DTYPE_F32 && inner == DTYPE_BF16;
}

/* A cast of a cast that lost nothing is one cast. */
static struct node *simplify_cast(struct graph *g, struct node *n) {
  struct node *x = n->operand[0];
  if (x->type.dtype == n->type.dtype) return x;
  if (!is_map(x, SCALAR_CAST) || !dtype_holds(x->operand[0]->type.dtype, x->type.dtype)) return NULL;
  return graph_cast(g, n->type.dtype, x->operand[0]);
}

/* max(x, x) = min(x, x) = x */
static struct node *simplify_extremum(struct graph *g, struct node *n) {
  (void)g;
  return n->operand[0] == n->operand[1] ? n->operand[0] : NULL;
}

/* A known condition chooses; equal choices need none. */
static struct node *simplify_select(struct graph *g, struct node *n) {
  (void)g;
  double condition;
  if (simplify_is_constant(n->operand[0], &condition)) return n->operand[condition != 0 ? 1 : 2];
  return n->operand[1] == n->operand[2] ? n->operand[1] : NULL;
}

typedef struct node *rule_fn(struct graph *g, struct node *n);

static rule_fn *const rules[SCALAR_COUNT] = {
    [SCALAR_ADD] = simplify_add,       [SCALAR_SUB] = simplify_sub,      [SCALAR_MUL] = simplify_mul,
    [SCALAR_DIV] = simplify_div,       [SCALAR_NEG] = simplify_neg,      [SCALAR_POW] = simplify_pow,
    [SCALAR_CAST] = simplify_cast,     [SCALAR_MAX] = simplify_extremum, [SCALAR_MIN] = simplify_extremum,
    [SCALAR_SELECT] = simplify_select,
};

struct node *simplify_map(struct graph *g, struct node *n) {
  struct node *better = fold(g, n);
  if (!better && rules[n->scalar]) better = rules[n->scalar](g, n);
  return better ? better : map_before_broadcast(g, n);
}

/* See grad_scalar.h.  One row and one small function for each scalar function. */
#include "grad_scalar.h"

/* c: cotangent of y = f(x[0], …); the result is c·∂y/∂x[i]. */
typedef struct node *rule_fn(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i);

static struct node *constant(struct graph *g, double value, const struct node *like) {
  struct node *scalar = graph_const(g, like->type.dtype, value);
  return graph_broadcast_leading(g, scalar, like->type.rank, like->type.extent);
}

static struct node *sub(struct graph *g, struct node *x, struct node *y) { return graph_map2(g, SCALAR_SUB, x, y); }
static struct node *mul(struct graph *g, struct node *x, struct node *y) { return graph_map2(g, SCALAR_MUL, x, y); }
static struct node *quotient(struct graph *g, struct node *x, struct node *y) {
  return graph_map2(g, SCALAR_DIV, x, y);
}
static struct node *neg(struct graph *g, struct node *x) { return graph_map1(g, SCALAR_NEG, x); }

/* c where the condition holds (or where it does not), else zero. */
static struct node *where(struct graph *g, struct node *condition, bool holds, struct node *c) {
  struct node *zero = constant(g, 0, c);
  return graph_select(g, condition, holds ? c : zero, holds ? zero : c);
}

/* y = -x:  -c */
static struct node *grad_neg(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)x, (void)y, (void)i;
  return neg(g, c);
}

/* y = |x|:  c·sign(x), with sign(0) = 0 */
static struct node *grad_abs(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y, (void)i;
  struct node *zero = constant(g, 0, x[0]);
  struct node *positive = where(g, graph_map2(g, SCALAR_LT, zero, x[0]), true, c);
  return graph_select(g, graph_map2(g, SCALAR_LT, x[0], zero), neg(g, c), positive);
}

/* y = exp x:  c·y */
static struct node *grad_exp(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)x, (void)i;
  return mul(g, c, y);
}

/* y = log x:  c/x */
static struct node *grad_log(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y, (void)i;
  return quotient(g, c, x[0]);
}

/* y = √x:  c/(2y) */
static struct node *grad_sqrt(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)x, (void)i;
  return quotient(g, mul(g, c, constant(g, 0.5, c)), y);
}

/* y = sin x:  c·cos x */
static struct node *grad_sin(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y, (void)i;
  return mul(g, c, graph_map1(g, SCALAR_COS, x[0]));
}

/* y = cos x:  -c·sin x */
static struct node *grad_cos(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y, (void)i;
  return neg(g, mul(g, c, graph_map1(g, SCALAR_SIN, x[0])));
}

/* y = tanh x:  c·(1 - y²) */
static struct node *grad_tanh(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)x, (void)i;
  return mul(g, c, sub(g, constant(g, 1, y), mul(g, y, y)));
}

/* y = 1/(1 + exp(-x)):  c·y·(1 - y) */
static struct node *grad_sigmoid(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)x, (void)i;
  return mul(g, c, mul(g, y, sub(g, constant(g, 1, y), y)));
}

/* y = x in another dtype:  c in the dtype of x */
static struct node *grad_cast(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y, (void)i;
  return graph_cast(g, x[0]->type.dtype, c);
}

/* y = x₀ + x₁:  c, c */
static struct node *grad_add(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)g, (void)x, (void)y, (void)i;
  return c;
}

/* y = x₀ - x₁:  c, -c */
static struct node *grad_sub(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)x, (void)y;
  return i == 0 ? c : neg(g, c);
}

/* y = x₀·x₁:  c·x₁, c·x₀ */
static struct node *grad_mul(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y;
  return mul(g, c, x[1 - i]);
}

/* y = x₀/x₁:  c/x₁, -c·y/x₁ */
static struct node *grad_div(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  return i == 0 ? quotient(g, c, x[1]) : neg(g, quotient(g, mul(g, c, y), x[1]));
}

/* y = x₀^x₁:  c·x₁·x₀^(x₁ - 1), c·y·log x₀ (zero where x₀ <= 0) */
static struct node *grad_pow(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  if (i == 0) {
    struct node *less = sub(g, x[1], constant(g, 1, x[1]));
    return mul(g, c, mul(g, x[1], graph_map2(g, SCALAR_POW, x[0], less)));
  }
  struct node *positive = graph_map2(g, SCALAR_LT, constant(g, 0, x[0]), x[0]);
  struct node *base = graph_select(g, positive, x[0], constant(g, 1, x[0]));
  return mul(g, c, mul(g, y, graph_map1(g, SCALAR_LOG, base)));
}

/* y = max(x₀, x₁):  c to the larger; to the first where they are equal */
static struct node *grad_max(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y;
  return where(g, graph_map2(g, SCALAR_LE, x[1], x[0]), i == 0, c);
}

/* y = min(x₀, x₁):  c to the smaller; to the first where they are equal */
static struct node *grad_min(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y;
  return where(g, graph_map2(g, SCALAR_LE, x[0], x[1]), i == 0, c);
}

/* y = x₀ ? x₁ : x₂:  nothing, c where x₀, c where not x₀ */
static struct node *grad_select(struct graph *g, struct node *const *x, struct node *y, struct node *c, int i) {
  (void)y;
  return where(g, x[0], i == 1, c);
}

static rule_fn *const rules[SCALAR_COUNT] = {
    [SCALAR_NEG] = grad_neg,   [SCALAR_ABS] = grad_abs,   [SCALAR_EXP] = grad_exp,
    [SCALAR_LOG] = grad_log,   [SCALAR_SQRT] = grad_sqrt, [SCALAR_SIN] = grad_sin,
    [SCALAR_COS] = grad_cos,   [SCALAR_TANH] = grad_tanh, [SCALAR_SIGMOID] = grad_sigmoid,
    [SCALAR_CAST] = grad_cast, [SCALAR_ADD] = grad_add,   [SCALAR_SUB] = grad_sub,
    [SCALAR_MUL] = grad_mul,   [SCALAR_DIV] = grad_div,   [SCALAR_POW] = grad_pow,
    [SCALAR_MAX] = grad_max,   [SCALAR_MIN] = grad_min,   [SCALAR_SELECT] = grad_select,
};

bool scalar_has_gradient(enum scalar_op op, int i) { return rules[op] && !(op == SCALAR_SELECT && i == 0); }

struct node *scalar_gradient(struct graph *g, enum scalar_op op, struct node *const *x, struct node *y,
                             struct node *c, int i) {
  return scalar_has_gradient(op, i) ? rules[op](g, x, y, c, i) : NULL;
}

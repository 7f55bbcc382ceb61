/* pass_grad against finite differences: every operator, every scalar function, with and without a batch; then the
 * shape of what it builds. */
#include "compiler/passes.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

/* ---- finite differences ---- */

static double loss_of(const struct graph *g, const struct evaluate_input *inputs, int count, int64_t n) {
  struct arena *a = arena_new();
  double loss = evaluate(a, g, inputs, count, n).loss;
  arena_free(a);
  return loss;
}

/* A program, its inputs, and what they are perturbed in. */
struct experiment {
  const struct random_program *program;
  const struct graph *graph; /* with LOSS, after pass_horizon */
  struct evaluate_input *inputs;
  double **values; /* those of the inputs, to be changed */
  int64_t n;
};

static struct experiment prepare(const struct random_program *p, bool batched, int64_t n) {
  struct experiment x = {.program = p, .n = n};
  x.graph = pass_horizon(batched ? pass_batch(p->graph) : p->graph);
  x.inputs = arena_new_array(arena, struct evaluate_input, (size_t)p->symbol_count);
  x.values = arena_new_array(arena, double *, (size_t)p->symbol_count);
  for (int i = 0; i < p->symbol_count; i++) {
    x.values[i] = random_values(arena, 7, p->symbols[i], n);
    x.inputs[i] = (struct evaluate_input){p->symbols[i]->name, x.values[i]};
  }
  return x;
}

/* (L(x + h) - L(x - h)) / 2h for one element of an input */
static double slope(const struct experiment *x, int input, int64_t element) {
  double h = 1e-5, *at = &x->values[input][element], value = *at;
  *at = value + h;
  double above = loss_of(x->graph, x->inputs, x->program->symbol_count, x->n);
  *at = value - h;
  double below = loss_of(x->graph, x->inputs, x->program->symbol_count, x->n);
  *at = value;
  return (above - below) / (2 * h);
}

static void expect_gradient(const struct experiment *x, int input, const struct evaluation *e) {
  const struct symbol *s = x->program->symbols[input];
  const struct evaluate_output *gradient = evaluate_find(e, s->name);
  int64_t count = type_elements(&s->type) * (s->role == ROLE_PARAM ? 1 : x->n);
  ck_assert(!gradient || gradient->count == count);
  for (int64_t i = 0; i < count; i++) {
    double expected = slope(x, input, i), got = gradient ? gradient->values[i] : 0;
    ck_assert_msg(fabs(got - expected) <= 1e-6 * (1 + fabs(expected)), "%s[%d]: %.9g, by differences %.9g", s->name,
                  (int)i, got, expected);
  }
}

static struct graph *differentiate(const struct graph *g) {
  struct graph *d = pass_grad(g);
  const char *error = graph_verify(arena, d);
  ck_assert_msg(!error, "%s", error);
  return d;
}

/* Differentiates the program for n examples (batched), or for one without a batch axis, and compares. */
static void expect_gradients(const struct random_program *p, bool batched, int64_t n) {
  struct experiment x = prepare(p, batched, n);
  struct graph *d = differentiate(x.graph);
  struct evaluation e = evaluate(arena, d, x.inputs, p->symbol_count, n);
  for (int i = 0; i < p->symbol_count; i++)
    if (p->symbols[i]->role == ROLE_PARAM || p->symbols[i]->role == ROLE_ROWS) expect_gradient(&x, i, &e);
  struct evaluation simple = evaluate(arena, pass_simplify(d), x.inputs, p->symbol_count, n);
  ck_assert_double_lt(evaluate_difference(&e, &simple), 1e-5);
}

/* ---- building small programs ---- */

struct builder {
  struct graph *g;
  struct random_program program;
  bool per_example; /* operands depend on an example too */
};

static struct builder builder_new(bool per_example) {
  return (struct builder){.g = graph_new(arena, "train"), .per_example = per_example};
}

static struct node *leaf(struct builder *b, const char *name, enum role role, struct type type) {
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){name, role, type};
  b->program.symbols[b->program.symbol_count++] = s;
  return graph_leaf(b->g, s, type);
}

static struct node *fill(struct graph *g, double value, const struct node *like) {
  return graph_broadcast_leading(g, graph_const(g, like->type.dtype, value), like->type.rank, like->type.extent);
}

static struct node *add(struct graph *g, struct node *x, struct node *y) { return graph_map2(g, SCALAR_ADD, x, y); }
static struct node *mul(struct graph *g, struct node *x, struct node *y) { return graph_map2(g, SCALAR_MUL, x, y); }

/* An operand of an operator under test: a parameter, plus an input where operands are per example. */
static struct node *operand(struct builder *b, const char *name, int rank, const int64_t *extent) {
  struct type type = type_make(DTYPE_F32, rank, extent);
  struct node *x = leaf(b, name, ROLE_PARAM, type);
  if (b->per_example) x = add(b->g, x, leaf(b, arena_printf(arena, "%s.input", name), ROLE_INPUT, type));
  return x;
}

#define OPERAND(b, name, ...)                                                                                        \
  operand((b), (name), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

static struct node *sum(struct graph *g, struct node *x) {
  return x->type.rank ? graph_reduce(g, REDUCE_SUM, (UINT32_C(1) << x->type.rank) - 1, x) : x;
}

/* The loss Σ y[i]·sin(i + 1): a different weight for every element. */
static void weigh(struct builder *b, struct node *y) {
  struct node *number = graph_cast(b->g, y->type.dtype, graph_iota(b->g, type_elements(&y->type)));
  struct node *weight = graph_map1(b->g, SCALAR_SIN, add(b->g, number, fill(b->g, 1, number)));
  weight = graph_reshape(b->g, weight, y->type.rank, y->type.extent);
  graph_loss(b->g, graph_cast(b->g, DTYPE_F32, sum(b->g, mul(b->g, y, weight))));
  b->program.graph = b->g;
}

typedef struct node *build_fn(struct builder *b);

/* Parameters alone, the same in a batch, and operands that differ between examples. */
static void expect_rule(build_fn *build) {
  for (int mode = 0; mode < 3; mode++) {
    struct builder b = builder_new(mode == 2);
    weigh(&b, build(&b));
    expect_gradients(&b.program, mode > 0, mode > 0 ? 3 : 1);
  }
}

/* ---- scalar functions ---- */

/* y = op(x₀, x₁, x₂) with operands around 2, which suits every function. */
static void expect_scalar_rule(enum scalar_op op, bool per_example) {
  static const char *const names[] = {"x0", "x1", "x2"};
  struct builder b = builder_new(per_example);
  struct node *x[3];
  for (int i = 0; i < scalar_arity(op); i++) {
    x[i] = OPERAND(&b, names[i], 5);
    if (op != SCALAR_ABS) x[i] = add(b.g, mul(b.g, x[i], fill(b.g, 0.4, x[i])), fill(b.g, 2, x[i]));
  }
  if (op == SCALAR_SELECT) x[0] = graph_map2(b.g, SCALAR_LT, x[0], x[1]);
  struct node *y = op == SCALAR_CAST ? graph_cast(b.g, DTYPE_F64, x[0]) : graph_map(b.g, op, x, scalar_arity(op));
  weigh(&b, y);
  expect_gradients(&b.program, per_example, per_example ? 3 : 1);
}

START_TEST(test_scalar) {
  expect_scalar_rule((enum scalar_op)_i, false);
  expect_scalar_rule((enum scalar_op)_i, true);
}
END_TEST

/* Negative bases with whole exponents. */
START_TEST(test_pow_of_negative_base) {
  struct builder b = builder_new(false);
  struct node *x = OPERAND(&b, "x", 4);
  weigh(&b, graph_map2(b.g, SCALAR_POW, add(b.g, x, fill(b.g, -2, x)), fill(b.g, 3, x)));
  expect_gradients(&b.program, false, 1);
}
END_TEST

/* Where both operands are equal, the first gets all. */
START_TEST(test_ties) {
  struct builder b = builder_new(false);
  struct node *x = OPERAND(&b, "x", 2), *y = OPERAND(&b, "y", 2);
  graph_loss(b.g, sum(b.g, graph_map2(b.g, _i ? SCALAR_MAX : SCALAR_MIN, x, y)));
  struct evaluate_input inputs[] = {{"x", (double[]){1, 2}}, {"y", (double[]){1, 2}}};
  struct evaluation e = evaluate(arena, differentiate(b.g), inputs, 2, 1);
  ck_assert_double_eq(evaluate_find(&e, "x")->values[0], 1);
  ck_assert_double_eq(evaluate_find(&e, "y")->values[0], 0);
}
END_TEST

/* Equal maxima share the gradient. */
START_TEST(test_reduce_ties) {
  struct builder b = builder_new(false);
  graph_loss(b.g, graph_reduce(b.g, REDUCE_MAX, 1, OPERAND(&b, "x", 3)));
  struct evaluate_input inputs[] = {{"x", (double[]){4, 1, 4}}};
  struct evaluation e = evaluate(arena, differentiate(b.g), inputs, 1, 1);
  ck_assert_mem_eq(evaluate_find(&e, "x")->values, ((double[]){0.5, 0, 0.5}), 3 * sizeof(double));
}
END_TEST

/* ---- operators ---- */

static struct node *build_reduce_sum(struct builder *b) {
  return graph_reduce(b->g, REDUCE_SUM, 5, OPERAND(b, "x", 2, 3, 4));
}
static struct node *build_reduce_max(struct builder *b) {
  return graph_reduce(b->g, REDUCE_MAX, 2, OPERAND(b, "x", 2, 3, 4));
}
static struct node *build_reduce_min(struct builder *b) {
  return graph_reduce(b->g, REDUCE_MIN, 6, OPERAND(b, "x", 2, 3, 4));
}
static struct node *build_matmul(struct builder *b) {
  return graph_contract(b->g, "sd,vd->sv", OPERAND(b, "x", 3, 4), OPERAND(b, "w", 2, 4));
}
static struct node *build_contract_permuted(struct builder *b) {
  return graph_contract(b->g, "hsd,thd->tsh", OPERAND(b, "x", 2, 3, 4), OPERAND(b, "y", 2, 2, 4));
}
/* Labels summed in one operand alone, on either side. */
static struct node *build_contract_lonely(struct builder *b) {
  return graph_contract(b->g, "abc,bd->c", OPERAND(b, "x", 2, 3, 4), OPERAND(b, "y", 3, 2));
}
static struct node *build_outer_product(struct builder *b) {
  return graph_contract(b->g, "a,b->ba", OPERAND(b, "x", 2), OPERAND(b, "y", 3));
}
static struct node *build_square(struct builder *b) {
  struct node *x = OPERAND(b, "x", 3, 4);
  return graph_contract(b->g, "sd,td->st", x, x);
}
static struct node *build_reshape(struct builder *b) {
  return graph_reshape(b->g, OPERAND(b, "x", 2, 6), 3, (int64_t[]){3, 2, 2});
}
static struct node *build_transpose(struct builder *b) {
  return graph_transpose(b->g, OPERAND(b, "x", 2, 3, 4), (int8_t[]){2, 0, 1});
}
static struct node *build_slice(struct builder *b) { return graph_slice(b->g, OPERAND(b, "x", 2, 7), 1, 1, 2, 3); }
static struct node *build_pad(struct builder *b) { return graph_pad(b->g, OPERAND(b, "x", 2, 3), 1, 1, 2, 7); }
static struct node *build_concat(struct builder *b) {
  struct node *x = OPERAND(b, "x", 2, 3), *y = OPERAND(b, "y", 2, 1);
  return graph_concat(b->g, (struct node *[]){x, y, x}, 3, 1);
}
static struct node *build_broadcast(struct builder *b) {
  return graph_broadcast(b->g, OPERAND(b, "x", 2, 3), (int8_t[]){1, 3}, 4, (int64_t[]){2, 2, 4, 3});
}
static struct node *build_broadcast_scalar(struct builder *b) {
  return graph_broadcast_leading(b->g, sum(b->g, OPERAND(b, "x", 2)), 2, (int64_t[]){2, 3});
}

static struct node *index_input(struct builder *b) {
  return leaf(b, "index", ROLE_INPUT, type_make(DTYPE_I32, 2, (int64_t[]){2, 3}));
}
static struct node *build_gather(struct builder *b) {
  return graph_gather(b->g, OPERAND(b, "table", 5, 2), index_input(b));
}
static struct node *build_gather_of_value(struct builder *b) {
  struct node *table = graph_map1(b->g, SCALAR_SIN, OPERAND(b, "table", 5, 2));
  return graph_gather(b->g, table, index_input(b));
}
static struct node *build_scatter(struct builder *b) {
  return graph_scatter(b->g, index_input(b), OPERAND(b, "rows", 2, 3, 2), 5);
}

/* Slices that fill, overlap, leave gaps, interleave, and lie along several axes. */
static struct node *build_slices(struct builder *b) {
  struct node *x = graph_map1(b->g, SCALAR_SIN, OPERAND(b, "x", 2, 6));
  struct node *total = graph_slice(b->g, x, 1, 0, 1, 2);
  static const int64_t ranges[][2] = {{2, 1}, {4, 1}, {1, 1}, {0, 3}, {1, 3}, {2, 3}, {1, 2}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    struct node *part = graph_slice(b->g, x, 1, ranges[i][0], ranges[i][1], 2);
    total = mul(b->g, add(b->g, total, fill(b->g, 2, total)), part);
  }
  return total;
}

/* Interleaved halves, as some rotary embeddings have them. */
static struct node *build_interleaved(struct builder *b) {
  struct node *x = OPERAND(b, "x", 2, 6);
  return mul(b->g, graph_slice(b->g, x, 1, 0, 2, 3), graph_slice(b->g, x, 1, 1, 2, 3));
}

static struct node *build_detach(struct builder *b) {
  struct node *x = OPERAND(b, "x", 3);
  return add(b->g, x, graph_map1(b->g, SCALAR_FLOOR, graph_detach(b->g, fill(b->g, 2, x))));
}

static build_fn *const operators[] = {
    build_reduce_sum,
    build_reduce_max,
    build_reduce_min,
    build_matmul,
    build_contract_permuted,
    build_contract_lonely,
    build_outer_product,
    build_square,
    build_reshape,
    build_transpose,
    build_slice,
    build_pad,
    build_concat,
    build_broadcast,
    build_broadcast_scalar,
    build_gather,
    build_gather_of_value,
    build_scatter,
    build_slices,
    build_interleaved,
    build_detach,
};

START_TEST(test_operator) { expect_rule(operators[_i]); }
END_TEST

/* ---- composites ---- */

/* softmax over the last axis of [h, s, t] */
static struct node *softmax(struct graph *g, struct node *x) {
  int8_t axes[] = {0, 1};
  struct node *top = graph_detach(g, graph_reduce(g, REDUCE_MAX, 4, x));
  x = graph_map2(g, SCALAR_SUB, x, graph_broadcast(g, top, axes, 3, x->type.extent));
  x = graph_map1(g, SCALAR_EXP, x);
  struct node *total = graph_reduce(g, REDUCE_SUM, 4, x);
  return graph_map2(g, SCALAR_DIV, x, graph_broadcast(g, total, axes, 3, x->type.extent));
}

/* x + attention(x) with one projection for query, key and value, then RMS norm without weights. */
static struct node *build_attention(struct builder *b) {
  struct graph *g = b->g;
  enum { S = 3, H = 2, D = 2 };
  struct node *x = OPERAND(b, "x", S, H * D);
  struct node *qkv = graph_contract(g, "sd,vd->sv", x, OPERAND(b, "w", 3 * H * D, H * D));
  struct node *part[3];
  for (int i = 0; i < 3; i++)
    part[i] = graph_reshape(g, graph_slice(g, qkv, 1, i * H * D, 1, H * D), 3, (int64_t[]){S, H, D});
  struct node *scores = graph_contract(g, "shd,thd->hst", part[0], part[1]);
  struct node *mixed = graph_contract(g, "hst,thd->shd", softmax(g, scores), part[2]);
  struct node *y = add(g, x, graph_reshape(g, mixed, 2, (int64_t[]){S, H * D}));
  struct node *square = graph_reduce(g, REDUCE_SUM, 2, mul(g, y, y));
  struct node *scale = graph_map2(g, SCALAR_POW, add(g, square, fill(g, 1e-5, square)), fill(g, -0.5, square));
  return mul(g, y, graph_broadcast(g, scale, (int8_t[]){0}, 2, y->type.extent));
}

START_TEST(test_attention) { expect_rule(build_attention); }
END_TEST

START_TEST(test_random_programs) {
  struct random_program p = random_program(arena, (uint64_t)_i, 25, true);
  expect_gradients(&p, _i % 2, _i % 2 ? 2 : 1);
}
END_TEST

/* ---- horizons ---- */

/* z ← tanh(w·z + x) */
static struct node *step(struct graph *g, struct node *w, struct node *z, struct node *x) {
  return graph_map1(g, SCALAR_TANH, add(g, mul(g, w, z), x));
}

enum steps { BY_HAND, BY_REPEAT, BY_CHECKPOINT };

/* Four trips of the step, the last k of them differentiated, by a repeat or by hand. */
static struct random_program four_steps(int last, enum steps steps) {
  struct builder b = builder_new(false);
  struct type type = type_make(DTYPE_F32, 1, (int64_t[]){3});
  struct node *w = leaf(&b, "w", ROLE_PARAM, type), *z = leaf(&b, "z", ROLE_PARAM, type);
  struct node *x = leaf(&b, "x", ROLE_INPUT, type);
  if (steps == BY_HAND) {
    for (int i = 0; i < 4; i++) {
      if (i > 0 && i == 4 - last) z = graph_detach(b.g, z);
      z = step(b.g, w, z, x);
    }
    if (last == 0) z = graph_detach(b.g, z);
  } else {
    struct node *repeat = graph_repeat_open(b.g, 4, last, &z, 1);
    repeat->repeat.is_checkpoint = steps == BY_CHECKPOINT;
    struct node *next = step(b.g, w, repeat->repeat.body->carries[0], x);
    graph_repeat_close(b.g, repeat, &next);
    z = graph_result(b.g, repeat, 0);
  }
  weigh(&b, z);
  return b.program;
}

START_TEST(test_horizon) {
  int last = _i % 5;
  struct random_program x = four_steps(last, _i < 5 ? BY_REPEAT : BY_CHECKPOINT), y = four_steps(last, BY_HAND);
  struct evaluate_input *inputs = random_inputs(arena, 3, &x, 2);
  struct evaluation e = evaluate(arena, differentiate(pass_horizon(pass_batch(x.graph))), inputs, 3, 2);
  struct evaluation f = evaluate(arena, differentiate(pass_horizon(pass_batch(y.graph))), inputs, 3, 2);
  ck_assert_double_lt(evaluate_difference(&e, &f), 1e-15);
  ck_assert_int_eq(e.count, last == 0 ? 0 : last == 4 ? 2 : 1);
}
END_TEST

START_TEST(test_whole_horizon_by_differences) {
  struct random_program p = four_steps(4, _i ? BY_CHECKPOINT : BY_REPEAT);
  expect_gradients(&p, true, 2);
}
END_TEST

/* ---- the shape of the result ---- */

static int count_op(const struct graph *g, enum op op) {
  int count = 0;
  for (int i = 0; i < g->top->count; i++) count += g->top->nodes[i]->op == op;
  return count;
}

static const struct node *find_op(const struct graph *g, enum op op) {
  for (int i = 0; i < g->top->count; i++)
    if (g->top->nodes[i]->op == op) return g->top->nodes[i];
  ck_abort_msg("no %s", op_text(op));
}

static struct graph *gradient_of(const struct builder *b) {
  return differentiate(pass_horizon(pass_batch(b->program.graph)));
}

/* Each trip of a checkpoint is computed twice, the second time from behind barriers that stay apart; but nobody asks
 * for what the last one gives: only gradients are stored. */
START_TEST(test_checkpoint_computes_again) {
  struct random_program p = four_steps(4, BY_CHECKPOINT);
  struct graph *d = pass_simplify(differentiate(pass_horizon(pass_batch(p.graph))));
  int tanhs = 0;
  for (int i = 0; i < d->top->count; i++)
    tanhs += d->top->nodes[i]->op == OP_MAP && d->top->nodes[i]->scalar == SCALAR_TANH;
  ck_assert_int_eq(tanhs, 7);
  ck_assert_int_eq(count_op(d, OP_BARRIER), 4);
  ck_assert_int_eq(count_op(d, OP_REPEAT), 0);
}
END_TEST

/* A weight's gradient is one contraction that sums over the batch. */
START_TEST(test_weight_gradient_is_one_contraction) {
  struct builder b = builder_new(false);
  struct node *x = leaf(&b, "x", ROLE_INPUT, type_make(DTYPE_F32, 2, (int64_t[]){3, 4}));
  weigh(&b, graph_contract(b.g, "sd,vd->sv", x, OPERAND(&b, "w", 5, 4)));
  struct graph *d = gradient_of(&b);
  ck_assert_int_eq(count_op(d, OP_CONTRACT), 2);
  ck_assert_int_eq(find_op(d, OP_ACCUMULATE)->operand[0]->op, OP_CONTRACT);
}
END_TEST

/* Each use of a weight is a sink of its own: no sum of weights is built. */
START_TEST(test_contributions_stay_apart) {
  struct builder b = builder_new(false);
  struct node *w = OPERAND(&b, "w", 3);
  weigh(&b, mul(b.g, graph_map1(b.g, SCALAR_SIN, w), w));
  ck_assert_int_eq(count_op(gradient_of(&b), OP_ACCUMULATE), 2);
}
END_TEST

/* The slices of one projection come back as one concat, not as a sum of padded values. */
START_TEST(test_slices_become_a_concat) {
  struct builder b = builder_new(false);
  struct node *x = graph_map1(b.g, SCALAR_SIN, OPERAND(&b, "x", 2, 6));
  struct node *q = graph_slice(b.g, x, 1, 0, 1, 2), *k = graph_slice(b.g, x, 1, 2, 1, 2);
  weigh(&b, mul(b.g, mul(b.g, q, k), graph_slice(b.g, x, 1, 4, 1, 2)));
  struct graph *d = gradient_of(&b);
  ck_assert_int_eq(count_op(d, OP_CONCAT), 1);
  ck_assert_int_eq(count_op(d, OP_PAD), 0);
}
END_TEST

START_TEST(test_gather_from_param) {
  struct builder b = builder_new(false);
  weigh(&b, graph_gather(b.g, OPERAND(&b, "table", 5, 2), index_input(&b)));
  struct graph *d = gradient_of(&b);
  ck_assert_int_eq(count_op(d, OP_ACCUMULATE_ROWS), 1);
  ck_assert_int_eq(count_op(d, OP_SCATTER) + count_op(d, OP_ACCUMULATE), 0);
}
END_TEST

/* Rows get one gradient an example, in one sink, however often they are read; zero where the loss does not see them.
 */
START_TEST(test_rows) {
  struct builder b = builder_new(false);
  struct type type = type_make(DTYPE_F32, 1, (int64_t[]){3});
  struct node *rows = leaf(&b, "rows", ROLE_ROWS, type);
  struct node *again = graph_leaf(b.g, b.program.symbols[0], type);
  struct node *x = leaf(&b, "x", ROLE_INPUT, type);
  if (_i) x = mul(b.g, graph_map1(b.g, SCALAR_EXP, rows), add(b.g, again, x));
  weigh(&b, x);
  struct graph *d = gradient_of(&b);
  ck_assert_int_eq(count_op(d, OP_ACCUMULATE), 1);
  ck_assert(type_is_batched(&find_op(d, OP_ACCUMULATE)->operand[0]->type));
  expect_gradients(&b.program, true, 3);
}
END_TEST

/* Two losses add up; no loss remains; stores come last; without a loss there is no gradient. */
START_TEST(test_sinks) {
  struct builder b = builder_new(false);
  struct node *w = OPERAND(&b, "w", 3);
  struct symbol *state = arena_new_object(arena, struct symbol);
  *state = (struct symbol){"state", ROLE_STATE, w->type};
  graph_store(b.g, state, graph_map1(b.g, SCALAR_EXP, w));
  struct graph *without = differentiate(b.g);
  ck_assert_int_eq(count_op(without, OP_ACCUMULATE), 0);
  weigh(&b, graph_map1(b.g, SCALAR_SIN, w));
  weigh(&b, mul(b.g, w, w));
  struct graph *d = gradient_of(&b);
  ck_assert_int_eq(count_op(d, OP_LOSS), 0);
  ck_assert_int_eq(d->top->nodes[d->top->count - 1]->op, OP_STORE);
  expect_gradients(&b.program, true, 2);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("grad");
  TCase *rules = suite_case(suite, "rules", setup, teardown);
  tcase_add_loop_test(rules, test_scalar, 0, SCALAR_COUNT);
  tcase_add_test(rules, test_pow_of_negative_base);
  tcase_add_loop_test(rules, test_ties, 0, 2);
  tcase_add_test(rules, test_reduce_ties);
  tcase_add_loop_test(rules, test_operator, 0, sizeof operators / sizeof *operators);
  tcase_add_test(rules, test_attention);
  tcase_add_loop_test(rules, test_random_programs, 0, 60);

  TCase *shape = suite_case(suite, "shape", setup, teardown);
  tcase_add_loop_test(shape, test_horizon, 0, 10);
  tcase_add_test(shape, test_checkpoint_computes_again);
  tcase_add_loop_test(shape, test_whole_horizon_by_differences, 0, 2);
  tcase_add_test(shape, test_weight_gradient_is_one_contraction);
  tcase_add_test(shape, test_contributions_stay_apart);
  tcase_add_test(shape, test_slices_become_a_concat);
  tcase_add_test(shape, test_gather_from_param);
  tcase_add_loop_test(shape, test_rows, 0, 2);
  tcase_add_test(shape, test_sinks);

  return suite_run(suite);
}

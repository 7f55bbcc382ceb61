/* pass_simplify: the same values from less; one expectation for each rewriting rule. */
#include "compiler/graph_text.h"
#include "compiler/passes.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

/* ---- random graphs ---- */

static int count_nodes(const struct region *r) {
  int count = r->count;
  for (int i = 0; i < r->count; i++)
    if (r->nodes[i]->op == OP_REPEAT) count += count_nodes(r->nodes[i]->repeat.body);
  return count;
}

static struct graph *simplify(const struct graph *g) {
  struct graph *s = pass_simplify(g);
  const char *error = graph_verify(arena, s);
  ck_assert_msg(!error, "%s", error);
  return s;
}

static void expect_equal(const struct random_program *p, const struct graph *x, const struct graph *y, int64_t n) {
  struct evaluate_input *inputs = random_inputs(arena, 11, p, n);
  struct evaluation e = evaluate(arena, x, inputs, p->symbol_count, n);
  struct evaluation f = evaluate(arena, y, inputs, p->symbol_count, n);
  ck_assert_double_lt(evaluate_difference(&e, &f), 1e-5);
}

START_TEST(test_random_graphs) {
  struct random_program p = random_program(arena, (uint64_t)_i, 50, false);
  struct graph *s = simplify(p.graph);
  expect_equal(&p, p.graph, s, 1);
  ck_assert_int_le(count_nodes(s->top), count_nodes(p.graph->top));
  ck_assert_int_eq(count_nodes(simplify(s)->top), count_nodes(s->top));
}
END_TEST

/* A gradient has much to simplify, and gradients of simplified graphs are gradients. */
START_TEST(test_random_gradients) {
  struct random_program p = random_program(arena, (uint64_t)_i, 30, false);
  struct graph *h = pass_horizon(pass_batch(p.graph));
  struct graph *plain = pass_grad(h), *early = pass_grad(pass_horizon(pass_batch(simplify(p.graph))));
  expect_equal(&p, plain, simplify(plain), 2);
  struct evaluate_input *inputs = random_inputs(arena, 11, &p, 2);
  struct evaluation e = evaluate(arena, plain, inputs, p.symbol_count, 2);
  struct evaluation f = evaluate(arena, early, inputs, p.symbol_count, 2);
  for (int i = 0; i < f.count; i++) {
    const struct evaluate_output *x = &f.outputs[i], *y = evaluate_find(&e, x->symbol->name);
    for (int64_t j = 0; j < x->count; j++) ck_assert_double_eq_tol(x->values[j], y ? y->values[j] : 0, 1e-4);
  }
}
END_TEST

/* ---- one rule after the other ---- */

/* The nodes before the store of the result, as text; the leaves are %0 = x f32[2, 3], %1 = y f32[2, 3], %2 = c f32[],
 * %3 = i i32[4], %4 = t f32[4, 2]. */
static const char *const header = "graph rule\n"
                                  "symbol input x f32[2, 3]\n"
                                  "symbol input y f32[2, 3]\n"
                                  "symbol input c f32[]\n"
                                  "symbol input i i32[4]\n"
                                  "symbol input t f32[4, 2]\n"
                                  "symbol output z %s\n"
                                  "%%0 = leaf x : f32[2, 3]\n"
                                  "%%1 = leaf y : f32[2, 3]\n"
                                  "%%2 = leaf c : f32[]\n"
                                  "%%3 = leaf i : i32[4]\n"
                                  "%%4 = leaf t : f32[4, 2]\n";

static const struct rule {
  const char *type;   /* of the result */
  const char *before; /* the last value is the result */
  const char *after;  /* texts of the operators that remain, in order, without leaves and the store */
} rules[] = {
    /* constants */
    {"f32[]", "%5 = const 2 : f32[]\n%6 = const 3 : f32[]\n%7 = map.mul %5, %6 : f32[]\n%8 = map.sqrt %7 : f32[]\n",
     "const 2.449489"},
    {"i32[]", "%5 = const 7 : i32[]\n%6 = const -2 : i32[]\n%7 = map.div %5, %6 : i32[]\n", "const -3 "},
    {"i32[]", "%5 = const 7 : i32[]\n%6 = const 0 : i32[]\n%7 = map.div %5, %6 : i32[]\n",
     "const 7 |const 0 |map.div"},
    {"f32[2, 3]", "%5 = const 1 : f32[]\n%6 = broadcast {} %5 : f32[2, 3]\n%7 = map.add %6, %6 : f32[2, 3]\n",
     "const 2 |broadcast {}"},
    /* algebra */
    {"f32[2, 3]", "%5 = const 0 : f32[]\n%6 = broadcast {} %5 : f32[2, 3]\n%7 = map.add %6, %0 : f32[2, 3]\n", ""},
    {"f32[]", "%5 = const 1 : f32[]\n%6 = map.mul %2, %5 : f32[]\n", ""},
    {"f32[]", "%5 = const 1 : f32[]\n%6 = map.div %2, %5 : f32[]\n", ""},
    {"f32[]", "%5 = const 8 : f32[]\n%6 = map.div %2, %5 : f32[]\n", "const 0.125 |map.mul"},
    {"f32[]", "%5 = const 3 : f32[]\n%6 = map.div %2, %5 : f32[]\n", "const 3 |map.div"},
    {"f32[]", "%5 = const 0 : f32[]\n%6 = map.mul %2, %5 : f32[]\n", "const 0 "},
    {"f32[]", "%5 = const -1 : f32[]\n%6 = map.mul %2, %5 : f32[]\n", "map.neg %0"},
    {"f32[]", "%5 = const 3 : f32[]\n%6 = map.mul %5, %2 : f32[]\n%7 = map.mul %6, %5 : f32[]\n", "const 9 |map.mul"},
    {"f32[]", "%5 = const 3 : f32[]\n%6 = map.add %5, %2 : f32[]\n%7 = map.sub %6, %5 : f32[]\n", ""},
    {"f32[2, 3]", "%5 = map.sub %0, %0 : f32[2, 3]\n", "const 0 |broadcast"},
    {"f32[2, 3]", "%5 = map.neg %0 : f32[2, 3]\n%6 = map.neg %5 : f32[2, 3]\n", ""},
    {"f32[2, 3]", "%5 = map.neg %0 : f32[2, 3]\n%6 = map.add %1, %5 : f32[2, 3]\n", "map.sub"},
    {"f32[2, 3]", "%5 = map.sub %0, %1 : f32[2, 3]\n%6 = map.neg %5 : f32[2, 3]\n", "map.sub"},
    {"f32[]", "%5 = const 2 : f32[]\n%6 = map.pow %2, %5 : f32[]\n", "map.mul"},
    {"f32[]", "%5 = const -0.5 : f32[]\n%6 = map.pow %2, %5 : f32[]\n", "map.sqrt|const 1 |map.div"},
    {"f32[]", "%5 = const 0 : f32[]\n%6 = map.pow %2, %5 : f32[]\n", "const 1 "},
    {"f32[2, 3]", "%5 = map.max %0, %0 : f32[2, 3]\n", ""},
    {"f32[2, 3]", "%5 = const 1 : f32[]\n%6 = broadcast {} %5 : f32[2, 3]\n%7 = map.select %6, %0, %1 : f32[2, 3]\n",
     ""},
    {"f32[2, 3]", "%5 = map.select %1, %0, %0 : f32[2, 3]\n", ""},
    {"f32[2, 3]", "%5 = map.cast %0 : f64[2, 3]\n%6 = map.cast %5 : f32[2, 3]\n", ""},
    {"f32[2, 3]", "%5 = map.cast %0 : bf16[2, 3]\n%6 = map.cast %5 : f32[2, 3]\n", "map.cast|map.cast"},
    {"f32[2, 3]", "%5 = detach %0 : f32[2, 3]\n", ""},
    {"f32[2, 3]", "%5 = map.neg %0 : f32[2, 3]\n%6 = map.mul %5, %1 : f32[2, 3]\n%7 = map.add %6, %0 : f32[2, 3]\n",
     "map.mul|map.sub"},
    {"f32[2, 3]", "%5 = map.neg %0 : f32[2, 3]\n%6 = map.div %5, %1 : f32[2, 3]\n%7 = map.add %6, %0 : f32[2, 3]\n",
     "map.div|map.sub"},
    /* equal nodes */
    {"f32[2, 3]", "%5 = map.exp %0 : f32[2, 3]\n%6 = map.exp %0 : f32[2, 3]\n%7 = map.mul %5, %6 : f32[2, 3]\n",
     "map.exp|map.mul"},
    {"f32[2, 3]",
     "%5 = map.mul %0, %1 : f32[2, 3]\n%6 = map.mul %1, %0 : f32[2, 3]\n%7 = map.max %5, %6 : f32[2, 3]\n",
     "map.mul"},
    /* views */
    {"f32[6]", "%5 = reshape %0 : f32[3, 2]\n%6 = reshape %5 : f32[6]\n", "reshape %0"},
    {"f32[2, 3]", "%5 = reshape %0 : f32[6]\n%6 = reshape %5 : f32[2, 3]\n", ""},
    {"f32[2, 3]", "%5 = transpose {1, 0} %0 : f32[3, 2]\n%6 = transpose {1, 0} %5 : f32[2, 3]\n", ""},
    {"f32[2, 3, 1]", "%5 = reshape %0 : f32[1, 2, 3]\n%6 = transpose {1, 2, 0} %5 : f32[2, 3, 1]\n", "reshape %0"},
    {"f32[3, 4, 2]", "%5 = broadcast {0, 2} %0 : f32[2, 4, 3]\n%6 = transpose {2, 1, 0} %5 : f32[3, 4, 2]\n",
     "transpose {1, 0}|broadcast {0, 2}"},
    {"f32[2, 5, 3]", "%5 = broadcast {} %2 : f32[3]\n%6 = broadcast {2} %5 : f32[2, 5, 3]\n", "broadcast {} %0"},
    {"f32[2, 3]", "%5 = broadcast {} %2 : f32[2, 3]\n%6 = map.exp %5 : f32[2, 3]\n", "map.exp|broadcast"},
    {"f32[2, 1]",
     "%5 = slice {axis 1, from 1, step 1} %0 : f32[2, 2]\n%6 = slice {axis 1, from 1, step 1} %5 : f32[2, 1]\n",
     "slice {axis 1, from 2, step 1}"},
    {"f32[2, 3]", "%5 = slice {axis 0, from 0, step 1} %0 : f32[2, 3]\n", ""},
    {"f32[2, 2]", "%5 = concat {axis 1} %0, %1 : f32[2, 6]\n%6 = slice {axis 1, from 4, step 1} %5 : f32[2, 2]\n",
     "slice {axis 1, from 1, step 1}"},
    {"f32[2, 2]", "%5 = concat {axis 1} %0, %1 : f32[2, 6]\n%6 = slice {axis 1, from 2, step 1} %5 : f32[2, 2]\n",
     "concat|slice"},
    {"f32[1, 4, 3]",
     "%5 = broadcast {0, 2} %0 : f32[2, 4, 3]\n%6 = slice {axis 0, from 1, step 1} %5 : f32[1, 4, 3]\n",
     "slice|broadcast"},
    {"f32[2, 3]",
     "%5 = pad {axis 1, from 1, step 2} %0 : f32[2, 7]\n%6 = slice {axis 1, from 1, step 2} %5 : f32[2, 3]\n", ""},
    {"f32[2, 9]",
     "%5 = pad {axis 1, from 1, step 1} %0 : f32[2, 5]\n%6 = pad {axis 1, from 2, step 1} %5 : f32[2, 9]\n",
     "pad {axis 1, from 3, step 1}"},
    {"f32[2, 9]", "%5 = concat {axis 1} %0, %1 : f32[2, 6]\n%6 = concat {axis 1} %5, %0 : f32[2, 9]\n",
     "concat {axis 1} %0, %1, %0"},
    {"f32[2, 3]",
     "%5 = slice {axis 1, from 0, step 1} %0 : f32[2, 1]\n%6 = slice {axis 1, from 1, step 1} %0 : f32[2, 2]\n%7 = "
     "concat {axis 1} %5, %6 : f32[2, 3]\n",
     ""},
    {"f32[2, 6]",
     "%5 = pad {axis 1, from 0, step 1} %0 : f32[2, 6]\n%6 = pad {axis 1, from 3, step 1} %1 : f32[2, 6]\n%7 = "
     "map.add %5, %6 : f32[2, 6]\n",
     "concat {axis 1} %0, %1"},
    {"f32[2, 6]",
     "%5 = pad {axis 1, from 0, step 1} %0 : f32[2, 6]\n%6 = pad {axis 1, from 2, step 1} %1 : f32[2, 6]\n%7 = "
     "map.add %5, %6 : f32[2, 6]\n",
     "pad|pad|map.add"},
    /* through views */
    {"f32[2, 2]",
     "%5 = transpose {1, 0} %0 : f32[3, 2]\n%6 = contract \"ab,cb->ac\" %0, %1 : f32[2, 2]\n%7 = contract "
     "\"ab,ca->bc\" %5, %1 : f32[2, 2]\n%8 = map.add %6, %6 : f32[2, 2]\n%9 = contract \"ba,cb->ac\" %5, %1 : f32[2, "
     "2]\n",
     "contract \"ab,cb->ac\" %0, %1"},
    {"f32[]", "%5 = reduce.sum {1} %0 : f32[2]\n%6 = reduce.sum {0} %5 : f32[]\n", "reduce.sum {0, 1} %0"},
    {"f32[]", "%5 = reduce.max {1} %0 : f32[2]\n%6 = reduce.sum {0} %5 : f32[]\n", "reduce.max|reduce.sum"},
    {"f32[2]", "%5 = broadcast {0, 2} %0 : f32[2, 4, 3]\n%6 = reduce.sum {1, 2} %5 : f32[2]\n",
     "reduce.sum {1} %0|const 4 |broadcast|map.mul"},
    {"f32[2, 3]", "%5 = broadcast {0, 2} %0 : f32[2, 4, 3]\n%6 = reduce.max {1} %5 : f32[2, 3]\n", ""},
    {"f32[2]", "%5 = map.neg %0 : f32[2, 3]\n%6 = reduce.sum {1} %5 : f32[2]\n", "reduce.sum|map.neg"},
    {"f32[2]",
     "%5 = map.exp %0 : f32[2, 3]\n%6 = reduce.sum {1} %5 : f32[2]\n%7 = broadcast {0} %6 : f32[2, 3]\n%8 = map.div "
     "%1, %7 : f32[2, 3]\n%9 = reduce.sum {1} %8 : f32[2]\n",
     "map.exp|reduce.sum {1} %2|reduce.sum {1} %1|map.div"},
    {"f32[3]", "%5 = broadcast {} %2 : f32[2, 3]\n%6 = map.mul %5, %0 : f32[2, 3]\n%7 = reduce.sum {0} %6 : f32[3]\n",
     "broadcast {} %1|reduce.sum {0} %0|map.mul"},
    {"f32[3]",
     "%5 = reduce.sum {1} %0 : f32[2]\n%6 = broadcast {0} %5 : f32[2, 3]\n%7 = map.mul %6, %0 : f32[2, 3]\n%8 = "
     "reduce.sum {0} %7 : f32[3]\n",
     "reduce.sum|broadcast|map.mul|reduce.sum"},
    {"f32[2, 3]", "%5 = reshape %0 : f32[2, 1, 3]\n%6 = reduce.min {1} %5 : f32[2, 3]\n", ""},
    {"f32[4, 2]", "%5 = iota : i32[4]\n%6 = gather %4, %5 : f32[4, 2]\n", ""},
    {"f32[4, 2]", "%5 = gather %4, %3 : f32[4, 2]\n", "gather"},
};

static struct graph *read_graph(const char *text) {
  const char *error = NULL;
  struct graph *g = graph_read(arena, text, &error);
  ck_assert_msg(g != NULL, "%s in\n%s", error, text);
  return g;
}

static char *print(const struct graph *g) {
  char *text;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  graph_print(g, out);
  fclose(out);
  char *copy = arena_strdup(arena, text);
  free(text);
  return copy;
}

/* The number of the last value that a text defines. */
static int last_value(const char *text) {
  int number = -1;
  for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
    if (*line == '%') number = atoi(line + 1);
  return number;
}

/* Each part of "a|b|c" must begin an operator, in order, and no operator but leaf and store may be left over. */
static void expect_operators(const char *printed, const char *parts) {
  const char *part = parts;
  for (const char *line = printed; *line; line = strchr(line, '\n') + 1) {
    if (*line != '%') continue;
    const char *operation = strchr(line, '=') + 2;
    if (strncmp(operation, "leaf", 4) == 0) continue;
    size_t length = strcspn(part, "|");
    ck_assert_msg(length && strncmp(operation, part, length) == 0, "expected %s in\n%s", parts, printed);
    part += length + (part[length] == '|');
  }
  ck_assert_msg(!*part, "expected %s in\n%s", parts, printed);
}

START_TEST(test_rule) {
  const struct rule *r = &rules[_i];
  const char *leaves = arena_printf(arena, header, r->type);
  struct graph *g =
      read_graph(arena_printf(arena, "%s%sstore z %%%d\nend\n", leaves, r->before, last_value(r->before)));
  struct graph *s = simplify(g);
  expect_operators(print(s), r->after);
  struct random_program p = {.graph = g};
  for (int i = 0; i < 5; i++) p.symbols[p.symbol_count++] = g->top->nodes[i]->symbol;
  expect_equal(&p, g, s, 1);
}
END_TEST

/* ---- repeats ---- */

static void expect_simplified(const char *before, const char *after) {
  ck_assert_str_eq(print(simplify(read_graph(before))), after);
}

/* What one body computes is not known in another; what is known outside is known within. */
START_TEST(test_regions_share_outwards_only) {
  static const char *const text = "graph g\n"
                                  "symbol input x f32[]\n"
                                  "symbol output z f32[]\n"
                                  "%0 = leaf x : f32[]\n"
                                  "%1 = map.exp %0 : f32[]\n"
                                  "repeat %2 = trips 3 last 0 (%3 = %1) {\n"
                                  "  %4 = map.sin %0 : f32[]\n"
                                  "  %5 = map.mul %3, %4 : f32[]\n"
                                  "  yield %5\n"
                                  "}\n"
                                  "%6 = result {0} %2 : f32[]\n"
                                  "%7 = map.sin %0 : f32[]\n"
                                  "%8 = map.add %6, %7 : f32[]\n"
                                  "store z %8\n"
                                  "end\n";
  expect_simplified(text, text);
}
END_TEST

/* A carry that no result needs, one that never changes, and what they alone need. */
START_TEST(test_carries_vanish) {
  expect_simplified("graph g\n"
                    "symbol input x f32[]\n"
                    "symbol output z f32[]\n"
                    "%0 = leaf x : f32[]\n"
                    "%1 = map.exp %0 : f32[]\n"
                    "repeat %2 = trips 3 last 0 (%3 = %0, %4 = %1, %5 = %0) {\n"
                    "  %6 = map.mul %5, %4 : f32[]\n"
                    "  %7 = map.cos %3 : f32[]\n"
                    "  yield %7, %4, %6\n"
                    "}\n"
                    "%8 = result {2} %2 : f32[]\n"
                    "store z %8\n"
                    "end\n",
                    "graph g\n"
                    "symbol input x f32[]\n"
                    "symbol output z f32[]\n"
                    "%0 = leaf x : f32[]\n"
                    "%1 = map.exp %0 : f32[]\n"
                    "repeat %2 = trips 3 last 0 (%3 = %0) {\n"
                    "  %4 = map.mul %1, %3 : f32[]\n"
                    "  yield %4\n"
                    "}\n"
                    "%5 = result {0} %2 : f32[]\n"
                    "store z %5\n"
                    "end\n");
}
END_TEST

/* A carry that only another one needs stays, and its final value is nobody's: rounds end, with no node for it. */
START_TEST(test_inner_carry) {
  static const char *const text = "graph g\n"
                                  "symbol input x f32[]\n"
                                  "symbol output z f32[]\n"
                                  "%0 = leaf x : f32[]\n"
                                  "repeat %1 = trips 3 last 0 (%2 = %0, %3 = %0) {\n"
                                  "  %4 = map.cos %2 : f32[]\n"
                                  "  %5 = map.mul %3, %4 : f32[]\n"
                                  "  yield %4, %5\n"
                                  "}\n"
                                  "%6 = result {1} %1 : f32[]\n"
                                  "store z %6\n"
                                  "end\n";
  expect_simplified(text, text);
}
END_TEST

/* One trip is the body itself, no trips the initial value. */
START_TEST(test_short_repeats) {
  expect_simplified("graph g\n"
                    "symbol input x f32[]\n"
                    "symbol output z f32[]\n"
                    "%0 = leaf x : f32[]\n"
                    "repeat %1 = trips 1 last 0 (%2 = %0) {\n"
                    "  %3 = map.exp %2 : f32[]\n"
                    "  yield %3\n"
                    "}\n"
                    "%4 = result {0} %1 : f32[]\n"
                    "repeat %5 = trips 0 last 0 (%6 = %4) {\n"
                    "  %7 = map.sin %6 : f32[]\n"
                    "  yield %7\n"
                    "}\n"
                    "%8 = result {0} %5 : f32[]\n"
                    "store z %8\n"
                    "end\n",
                    "graph g\n"
                    "symbol input x f32[]\n"
                    "symbol output z f32[]\n"
                    "%0 = leaf x : f32[]\n"
                    "%1 = map.exp %0 : f32[]\n"
                    "store z %1\n"
                    "end\n");
}
END_TEST

/* Before differentiation, what stops gradients stays: detach, an unrecorded trip, an unrecorded constant carry. */
START_TEST(test_gradient_stops_stay) {
  static const char *const text = "graph g\n"
                                  "symbol param w f32[]\n"
                                  "%0 = leaf w : f32[]\n"
                                  "%1 = detach %0 : f32[]\n"
                                  "repeat %2 = trips 1 last 0 (%3 = %0, %4 = %0) {\n"
                                  "  %5 = map.exp %3 : f32[]\n"
                                  "  yield %5, %4\n"
                                  "}\n"
                                  "%6 = result {0} %2 : f32[]\n"
                                  "%7 = result {1} %2 : f32[]\n"
                                  "%8 = map.mul %1, %6 : f32[]\n"
                                  "%9 = map.mul %7, %8 : f32[]\n"
                                  "loss %9\n"
                                  "end\n";
  expect_simplified(text, text);
}
END_TEST

/* Stores move behind every other node. */
START_TEST(test_stores_come_last) {
  struct graph *g = read_graph("graph g\n"
                               "symbol state s f32[]\n"
                               "symbol output z f32[]\n"
                               "%0 = leaf s : f32[]\n"
                               "%1 = map.exp %0 : f32[]\n"
                               "store s %1\n"
                               "%3 = map.sin %0 : f32[]\n"
                               "store z %3\n"
                               "end\n");
  const struct region *top = simplify(g)->top;
  ck_assert_int_eq(top->count, 5);
  ck_assert_int_eq(top->nodes[3]->op, OP_STORE);
  ck_assert_int_eq(top->nodes[4]->op, OP_STORE);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("simplify");
  TCase *random = suite_case(suite, "random", setup, teardown);
  tcase_add_loop_test(random, test_random_graphs, 0, 150);
  tcase_add_loop_test(random, test_random_gradients, 0, 100);

  TCase *one = suite_case(suite, "rules", setup, teardown);
  tcase_add_loop_test(one, test_rule, 0, sizeof rules / sizeof *rules);
  tcase_add_test(one, test_regions_share_outwards_only);
  tcase_add_test(one, test_carries_vanish);
  tcase_add_test(one, test_inner_carry);
  tcase_add_test(one, test_short_repeats);
  tcase_add_test(one, test_gradient_stops_stay);
  tcase_add_test(one, test_stores_come_last);

  return suite_run(suite);
}

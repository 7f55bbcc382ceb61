/* Builders, graph_verify, and the text form. */
#include "compiler/graph_text.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

static struct symbol *symbol(const char *name, enum role role, int rank, const int64_t *extent) {
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){name, role, type_make(DTYPE_F32, rank, extent)};
  return s;
}

static struct node *input(struct graph *g, const char *name, int rank, const int64_t *extent) {
  struct symbol *s = symbol(name, ROLE_INPUT, rank, extent);
  return graph_leaf(g, s, s->type);
}

static void expect_type(const struct node *n, const char *text) {
  ck_assert_str_eq(type_text(arena, &n->type), text);
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

/* ---- types ---- */

START_TEST(test_inference) {
  struct graph *g = graph_new(arena, "types");
  struct node *x = input(g, "x", 3, (int64_t[]){2, 3, 4}), *w = input(g, "w", 2, (int64_t[]){5, 4});
  struct node *index = graph_cast(g, DTYPE_I32, input(g, "i", 2, (int64_t[]){7, 6}));
  expect_type(index, "i32[7, 6]");
  expect_type(graph_contract(g, "abc,dc->abd", x, w), "f32[2, 3, 5]");
  expect_type(graph_contract(g, "abc,dc->da", x, w), "f32[5, 2]");
  expect_type(graph_reduce(g, REDUCE_MAX, 5, x), "f32[3]");
  expect_type(graph_transpose(g, x, (int8_t[]){2, 0, 1}), "f32[4, 2, 3]");
  expect_type(graph_slice(g, x, 2, 1, 2, 2), "f32[2, 3, 2]");
  expect_type(graph_pad(g, x, 1, 1, 2, 6), "f32[2, 6, 4]");
  expect_type(graph_concat(g, (struct node *[]){x, x, x}, 3, 1), "f32[2, 9, 4]");
  expect_type(graph_broadcast(g, w, (int8_t[]){0, 2}, 3, (int64_t[]){5, 9, 4}), "f32[5, 9, 4]");
  expect_type(graph_gather(g, w, index), "f32[7, 6, 4]");
  expect_type(graph_scatter(g, index, graph_gather(g, w, index), 8), "f32[8, 4]");
  expect_type(graph_map2(g, SCALAR_LT, index, index), "f32[7, 6]");
  expect_type(graph_select(g, index, index, index), "i32[7, 6]");
  ck_assert_ptr_eq(graph_cast(g, DTYPE_F32, x), x);
  ck_assert_ptr_null(graph_verify(arena, g));
}
END_TEST

START_TEST(test_labels_are_canonical) {
  struct graph *g = graph_new(arena, "labels");
  struct node *x = input(g, "x", 2, (int64_t[]){2, 3}), *y = input(g, "y", 2, (int64_t[]){4, 3});
  struct node *a = graph_contract(g, "xz,yz->yx", x, y), *b = graph_contract(g, "sd,vd->vs", x, y);
  ck_assert_mem_eq(&a->contract, &b->contract, sizeof a->contract);
}
END_TEST

static void build_wrongly(void (*build)(struct graph *)) {
  (void)freopen("/dev/null", "w", stderr);
  build(graph_new(arena, "wrong"));
}

static void build_unequal_add(struct graph *g) {
  graph_map2(g, SCALAR_ADD, input(g, "x", 1, (int64_t[]){2}), input(g, "y", 1, (int64_t[]){3}));
}
static void build_long_slice(struct graph *g) { graph_slice(g, input(g, "x", 1, (int64_t[]){5}), 0, 1, 2, 3); }
static void build_bad_labels(struct graph *g) {
  struct node *x = input(g, "x", 2, (int64_t[]){2, 2});
  graph_contract(g, "aa,ab->b", x, x);
}
static void build_bad_reshape(struct graph *g) {
  graph_reshape(g, input(g, "x", 2, (int64_t[]){2, 3}), 1, (int64_t[]){5});
}
static void build_huge(struct graph *g) { input(g, "x", 3, (int64_t[]){1 << 30, 1 << 30, 1 << 30}); }

static void (*const wrong[])(struct graph *) = {build_unequal_add, build_long_slice, build_bad_labels,
                                                build_bad_reshape, build_huge};

START_TEST(test_builders_refuse) { build_wrongly(wrong[_i]); }
END_TEST

/* ---- verify ---- */

/* Reads a graph, which must be good. */
static struct graph *read_graph(const char *text) {
  const char *error = NULL;
  struct graph *g = graph_read(arena, text, &error);
  ck_assert_msg(g != NULL, "%s", error);
  return g;
}

static struct graph *sample(void) {
  return read_graph("graph sample\n"
                    "symbol input x f32[2, 3]\n"
                    "symbol output y f32[2, 3]\n"
                    "%0 = leaf x : f32[2, 3]\n"
                    "repeat %1 = trips 3 last 1 (%2 = %0) {\n"
                    "  %3 = map.exp %2 : f32[2, 3]\n"
                    "  yield %3\n"
                    "}\n"
                    "%4 = result {0} %1 : f32[2, 3]\n"
                    "store y %4\n"
                    "end\n");
}

static void expect_invalid(const struct graph *g, const char *part) {
  const char *error = graph_verify(arena, g);
  ck_assert_msg(error && strstr(error, part), "expected '%s', got '%s'", part, error ? error : "no error");
}

START_TEST(test_verify_type) {
  struct graph *g = sample();
  g->top->nodes[2]->type.extent[0] = 3;
  expect_invalid(g, "%4 result: has type f32[3, 3], should have f32[2, 3]");
}
END_TEST

START_TEST(test_verify_order) {
  struct graph *g = sample();
  struct node *first = g->top->nodes[0];
  g->top->nodes[0] = g->top->nodes[1];
  g->top->nodes[1] = first;
  expect_invalid(g, "operand 0 is not known here");
}
END_TEST

START_TEST(test_verify_region) {
  struct graph *g = sample();
  g->top->nodes[3]->operand[0] = g->top->nodes[1]->repeat.body->nodes[0];
  expect_invalid(g, "operand 0 is not known here");
}
END_TEST

START_TEST(test_verify_id) {
  struct graph *g = sample();
  g->top->nodes[2]->id = 0;
  expect_invalid(g, "id used twice");
  g->top->nodes[2]->id = 1000;
  expect_invalid(g, "id out of range");
}
END_TEST

START_TEST(test_verify_carries) {
  struct graph *g = sample();
  struct region *body = g->top->nodes[1]->repeat.body;
  body->carries[0]->index = 1;
  expect_invalid(g, "a carry is no carry");
  body->carries[0]->index = 0;
  body->results[0] = graph_const(g, DTYPE_F32, 0);
  expect_invalid(g, "new value of carry 0 is not known");
}
END_TEST

START_TEST(test_verify_yield_type) {
  struct graph *g = sample();
  struct region *body = g->top->nodes[1]->repeat.body;
  g->cursor = body;
  body->results[0] = graph_cast(g, DTYPE_F64, body->carries[0]);
  g->cursor = g->top;
  expect_invalid(g, "carry 0 changes its type");
}
END_TEST

START_TEST(test_verify_sinks) {
  struct graph *g = sample();
  graph_store(g, g->top->nodes[3]->symbol, g->top->nodes[0]);
  expect_invalid(g, "second write to y");
  g = sample();
  struct node *initial = g->top->nodes[0];
  struct node *repeat = graph_repeat_open(g, 1, 0, &initial, 1);
  graph_store(g, symbol("z", ROLE_OUTPUT, 2, (int64_t[]){2, 3}), initial);
  expect_invalid(g, "a repeat is open");
  graph_repeat_close(g, repeat, &initial);
  expect_invalid(g, "sink inside a repeat");
}
END_TEST

START_TEST(test_verify_symbols) {
  struct graph *g = sample();
  graph_store(g, symbol("y", ROLE_OUTPUT, 2, (int64_t[]){2, 3}), g->top->nodes[0]);
  expect_invalid(g, "two symbols are called y");
  g = sample();
  g->top->nodes[3]->symbol->role = ROLE_INPUT;
  expect_invalid(g, "store to y");
}
END_TEST

START_TEST(test_verify_batch_axis_leads) {
  struct graph *g = sample();
  g->top->nodes[0]->type.extent[1] = EXTENT_BATCH;
  expect_invalid(g, "the batch axis does not lead");
}
END_TEST

/* ---- text ---- */

static const char *const round_trip = "graph train\n"
                                      "symbol input inputs i32[81]\n"
                                      "symbol param head.weight f32[11, 128]\n"
                                      "symbol param table f32[12, 128]\n"
                                      "symbol rows rows f32[128]\n"
                                      "symbol output logits f32[81, 11]\n"
                                      "%0 = leaf inputs : i32[B, 81]\n"
                                      "%1 = leaf head.weight : f32[11, 128]\n"
                                      "%2 = leaf table : f32[12, 128]\n"
                                      "%3 = gather %2, %0 : f32[B, 81, 128]\n"
                                      "repeat %4 = trips 4 last 0 (%5 = %3, %6 = %0) {\n"
                                      "  %7 = map.add %5, %5 : f32[B, 81, 128]\n"
                                      "  repeat %8 = trips 2 last -1 (%9 = %7) {\n"
                                      "    %10 = map.tanh %9 : f32[B, 81, 128]\n"
                                      "    yield %10\n"
                                      "  }\n"
                                      "  %11 = result {0} %8 : f32[B, 81, 128]\n"
                                      "  yield %11, %6\n"
                                      "}\n"
                                      "%12 = result {0} %4 : f32[B, 81, 128]\n"
                                      "%13 = contract \"abc,dc->abd\" %12, %1 : f32[B, 81, 11]\n"
                                      "%14 = reduce.max {1, 2} %13 : f32[B]\n"
                                      "%15 = const 0.10000000000000001 : f32[]\n"
                                      "%16 = broadcast {} %15 : f32[B, 81, 11]\n"
                                      "%17 = transpose {0, 2, 1} %16 : f32[B, 11, 81]\n"
                                      "%18 = slice {axis 1, from 1, step 3} %17 : f32[B, 3, 81]\n"
                                      "%19 = pad {axis 1, from 0, step 2} %18 : f32[B, 6, 81]\n"
                                      "%20 = concat {axis 2} %19, %19 : f32[B, 6, 162]\n"
                                      "%21 = iota : i32[4]\n"
                                      "%22 = map.cast %21 : f64[4]\n"
                                      "%23 = map.select %13, %13, %16 : f32[B, 81, 11]\n"
                                      "%24 = detach %14 : f32[B]\n"
                                      "%25 = contract \"abc,abd->cd\" %13, %3 : f32[11, 128]\n"
                                      "%26 = reshape %20 : f32[B, 972]\n"
                                      "%27 = scatter %0, %3 : f32[12, 128]\n"
                                      "%28 = reduce.sum {1} %3 : f32[B, 128]\n"
                                      "accumulate head.weight %25\n"
                                      "accumulate table %27\n"
                                      "accumulate_rows table %0, %3\n"
                                      "accumulate rows %28\n"
                                      "loss %24\n"
                                      "store logits %23\n"
                                      "end\n";

START_TEST(test_round_trip) {
  struct graph *g = read_graph(round_trip);
  ck_assert_str_eq(print(g), round_trip);
}
END_TEST

START_TEST(test_round_trip_of_random_graphs) {
  struct random_program p = random_program(arena, (uint64_t)_i, 50, false);
  ck_assert_ptr_null(graph_verify(arena, p.graph));
  char *text = print(p.graph);
  struct graph *g = read_graph(text);
  ck_assert_str_eq(print(g), text);
  struct evaluate_input *inputs = random_inputs(arena, 1, &p, 1);
  struct evaluation x = evaluate(arena, p.graph, inputs, p.symbol_count, 1);
  struct evaluation y = evaluate(arena, g, inputs, p.symbol_count, 1);
  ck_assert_double_eq(evaluate_difference(&x, &y), 0);
}
END_TEST

START_TEST(test_numbers_keep_their_bits) {
  static const double values[] = {0.1, -0.0, 1e-310, 1.7976931348623157e308, 3.0, -1.0 / 3.0};
  struct graph *g = graph_new(arena, "numbers");
  for (size_t i = 0; i < 6; i++) graph_const(g, DTYPE_F64, values[i]);
  struct graph *copy = read_graph(print(g));
  for (int i = 0; i < 6; i++) ck_assert_mem_eq(&copy->top->nodes[i]->value, &values[i], sizeof(double));
}
END_TEST

static const struct malformed {
  const char *text, *error;
} malformed[] = {
    {"", "line 1: expected 'graph '"},
    {"graph g\n", "line 2: unknown operator"},
    {"graph g\n%0 = const 1 : f32[\nend\n", "line 2: expected an integer"},
    {"graph g\n%0 = const one : f32[]\nend\n", "line 2: expected a number"},
    {"graph g\n%0 = const 0.5 : i32[]\nend\n", "line 2: 0.5 is not an i32"},
    {"graph g\n%0 = const 1 : f16[]\nend\n", "line 2: expected a type"},
    {"graph g\n%0 = map.exp %1 : f32[]\nend\n", "line 2: %1 is not known"},
    {"graph g\n%0 = map.foo %1 : f32[]\nend\n", "line 2: no scalar function is called foo"},
    {"graph g\n%99999999999 = const 1 : f32[]\nend\n", "line 2: number of a value out of range"},
    {"graph g\n%-1 = const 1 : f32[]\nend\n", "line 2: number of a value out of range"},
    {"graph g\n%0 = const 1 : f32[]\n%0 = const 1 : f32[]\nend\n", "line 3: %0 is defined twice"},
    {"graph g\n%0 = leaf x : f32[]\nend\n", "line 2: no symbol is called x"},
    {"graph g\nsymbol thing x f32[]\nend\n", "line 2: unknown role of a symbol"},
    {"graph g\nsymbol input x f32[B]\nend\n", "line 2: a symbol has no batch axis"},
    {"graph g\n%0 = iota : i32[0]\nend\n", "line 2: an extent is below 1"},
    {"graph g\n%0 = iota : i32[99999999999999999999]\nend\n", "line 2: expected an integer"},
    {"graph g\n%0 = iota : i32[1, 1, 1, 1, 1, 1, 1, 1, 1]\nend\n", "line 2: too many axes"},
    {"graph g\n%0 = const 1 : f32[]\n%1 = transpose {0} %0 : f32[]\nend\n", "line 3: axes or labels do not match"},
    {"graph g\n%0 = iota : i32[3]\n%1 = transpose {1} %0 : i32[3]\nend\n", "line 3: transpose: not a permutation"},
    {"graph g\n%0 = iota : i32[3]\n%1 = slice {axis 0, from 2, step 1} %0 : i32[2]\nend\n", "line 3: slice from 2"},
    {"graph g\n%0 = iota : i32[3]\n%1 = slice {axis 0, from 0, step 9223372036854775807} %0 : i32[2]\nend\n",
     "line 3: slice from 0"},
    {"graph g\n%0 = iota : i32[3]\n%1 = contract \"a,b->c\" %0, %0 : i32[3]\nend\n", "line 3: contract: bad label"},
    {"graph g\n%0 = iota : i32[3]\n%1 = reduce.sum {1} %0 : i32[3]\nend\n", "line 3: reduce over axes"},
    {"graph g\n%0 = iota : i32[3]\n%1 = result {0} %0 : i32[3]\nend\n", "line 3: result {0} of iota"},
    {"graph g\n%0 = iota : i32[3]\n%1 = concat {axis 0} : i32[3]\nend\n", "line 3: concat of nothing"},
    {"graph g\n%0 = iota : i32[3]\n%1 = map.add %0 : i32[3]\nend\n", "line 3: add takes 2 operands, not 1"},
    {"graph g\n%0 = iota : i32[3]\n%1 = map.neg %0 : f32[3]\nend\n", "line 3: the type is i32[3]"},
    {"graph g\n%0 = iota : i32[3] trailing\nend\n", "line 2: expected the end of the line"},
    {"graph g\nyield\n}\nend\n", "line 4: yield outside a repeat"},
    {"graph g\n%0 = iota : i32[3]\nrepeat %1 = trips 2 last 0 (%2 = %0) {\nend\n", "a repeat is open at the end"},
    {"graph g\n%0 = iota : i32[3]\nrepeat %1 = trips -2 last 0 (%2 = %0) {\n", "line 3: negative trips"},
    {"graph g\n%0 = iota : i32[3]\nrepeat %1 = trips 2 last 0 (%2 = %0) {\nyield\n}\nend\n",
     "line 6: yields and carries differ in number"},
    {"graph g\n%0 = iota : i32[3]\nrepeat %1 = trips 2 last 0 (%2 = %0) {\nyield %1\n}\nend\n",
     "line 6: a carry changes its type"},
    {"graph g\nrepeat %1 = trips 2 last 0 () {\n%0 = iota : i32[3]\nyield\n}\n%2 = map.neg %0 : i32[3]\nend\n",
     "operand 0 is not known here"},
};

START_TEST(test_malformed) {
  const char *error = NULL;
  ck_assert_ptr_null(graph_read(arena, malformed[_i].text, &error));
  ck_assert_msg(strstr(error, malformed[_i].error), "expected '%s', got '%s'", malformed[_i].error, error);
}
END_TEST

/* Text with a few bytes changed is read or refused; a graph that is read is valid. */
START_TEST(test_damaged_text) {
  static const char bytes[] = "%{}[]()=,.:\n\" 0129-aBxz";
  uint64_t state = (uint64_t)_i + 1;
  for (int trial = 0; trial < 200; trial++) {
    char *text = arena_strdup(arena, round_trip);
    size_t length = strlen(text);
    for (int i = 0; i < 3; i++)
      text[random_below(&state, (int)length)] = bytes[random_below(&state, (int)sizeof bytes - 1)];
    const char *error = NULL;
    struct graph *g = graph_read(arena, text, &error);
    ck_assert((g == NULL) == (error != NULL));
    if (g) ck_assert_ptr_null(graph_verify(arena, g));
  }
}
END_TEST

START_TEST(test_deep_nesting_is_refused) {
  char *text = arena_strdup(arena, "graph g\n%0 = const 1 : f32[]\n");
  for (int i = 1; i < 80; i++) text = arena_printf(arena, "%srepeat %%%d = trips 1 last 0 () {\n", text, i);
  const char *error = NULL;
  ck_assert_ptr_null(graph_read(arena, text, &error));
  ck_assert(strstr(error, "too deeply nested"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("graph");
  TCase *build = suite_case(suite, "build", setup, teardown);
  tcase_add_test(build, test_inference);
  tcase_add_test(build, test_labels_are_canonical);
  tcase_add_loop_exit_test(build, test_builders_refuse, GUARD_BUG, 0, sizeof wrong / sizeof *wrong);

  TCase *verify = suite_case(suite, "verify", setup, teardown);
  tcase_add_test(verify, test_verify_type);
  tcase_add_test(verify, test_verify_order);
  tcase_add_test(verify, test_verify_region);
  tcase_add_test(verify, test_verify_id);
  tcase_add_test(verify, test_verify_carries);
  tcase_add_test(verify, test_verify_yield_type);
  tcase_add_test(verify, test_verify_sinks);
  tcase_add_test(verify, test_verify_symbols);
  tcase_add_test(verify, test_verify_batch_axis_leads);

  TCase *text = suite_case(suite, "text", setup, teardown);
  tcase_add_test(text, test_round_trip);
  tcase_add_loop_test(text, test_round_trip_of_random_graphs, 0, 50);
  tcase_add_test(text, test_numbers_keep_their_bits);
  tcase_add_loop_test(text, test_malformed, 0, sizeof malformed / sizeof *malformed);
  tcase_add_loop_test(text, test_damaged_text, 0, 10);
  tcase_add_test(text, test_deep_nesting_is_refused);

  return suite_run(suite);
}

/* pass_batch: the program of a batch does to each example what the program of one example does. */
#include "compiler/passes.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { EXAMPLES = 3 };

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

static bool is_shared(const struct symbol *s) { return s->role == ROLE_PARAM || s->role == ROLE_BUFFER; }

/* The inputs of one example of a batch. */
static struct evaluate_input *example_of(const struct random_program *p, const struct evaluate_input *inputs, int i) {
  struct evaluate_input *one = arena_new_array(arena, struct evaluate_input, (size_t)p->symbol_count);
  for (int j = 0; j < p->symbol_count; j++) {
    const struct symbol *s = p->symbols[j];
    one[j] = inputs[j];
    if (!is_shared(s)) one[j].values += i * type_elements(&s->type);
  }
  return one;
}

static void expect_example(const struct evaluation *batch, const struct evaluation *one, int i) {
  for (int j = 0; j < one->count; j++) {
    const struct evaluate_output *x = &one->outputs[j], *y = evaluate_find(batch, x->symbol->name);
    ck_assert_ptr_nonnull(y);
    ck_assert_int_eq(y->count, EXAMPLES * x->count);
    for (int64_t k = 0; k < x->count; k++) ck_assert_double_eq_tol(y->values[i * x->count + k], x->values[k], 1e-9);
  }
}

START_TEST(test_examples_are_independent) {
  struct random_program p = random_program(arena, (uint64_t)_i, 40, false);
  struct evaluate_input *inputs = random_inputs(arena, (uint64_t)_i, &p, EXAMPLES);
  struct graph *g = pass_batch(p.graph);
  ck_assert_ptr_null(graph_verify(arena, g));
  struct evaluation batch = evaluate(arena, g, inputs, p.symbol_count, EXAMPLES);
  double loss = 0;
  for (int i = 0; i < EXAMPLES; i++) {
    struct evaluation one = evaluate(arena, p.graph, example_of(&p, inputs, i), p.symbol_count, 1);
    expect_example(&batch, &one, i);
    loss += one.loss;
  }
  ck_assert_double_eq_tol(batch.loss, loss, 1e-9);
}
END_TEST

/* ---- single operators ---- */

static struct symbol *symbol(const char *name, enum role role, enum dtype dtype, int rank, const int64_t *extent) {
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){name, role, type_make(dtype, rank, extent)};
  return s;
}

static struct node *leaf(struct graph *g, struct symbol *s) { return graph_leaf(g, s, s->type); }

static void expect_type(const struct node *n, const char *text) {
  ck_assert_str_eq(type_text(arena, &n->type), text);
}

static const struct node *last_of(const struct graph *g, enum op op) {
  const struct node *found = NULL;
  for (int i = 0; i < g->top->count; i++)
    if (g->top->nodes[i]->op == op) found = g->top->nodes[i];
  ck_assert_ptr_nonnull(found);
  return found;
}

/* What depends on weights alone is computed once, without the batch axis. */
START_TEST(test_weights_stay) {
  struct graph *g = graph_new(arena, "weights");
  struct node *w = leaf(g, symbol("w", ROLE_PARAM, DTYPE_F32, 2, (int64_t[]){5, 4}));
  struct node *x = leaf(g, symbol("x", ROLE_INPUT, DTYPE_F32, 2, (int64_t[]){3, 4}));
  struct node *scaled = graph_map1(g, SCALAR_EXP, w);
  struct node *y = graph_contract(g, "sd,vd->sv", x, scaled);
  graph_store(g, symbol("y", ROLE_OUTPUT, DTYPE_F32, 2, (int64_t[]){3, 5}), y);
  struct graph *b = pass_batch(g);
  expect_type(last_of(b, OP_MAP), "f32[5, 4]");
  expect_type(last_of(b, OP_CONTRACT), "f32[B, 3, 5]");
  ck_assert_int_eq(b->top->count, g->top->count);
}
END_TEST

/* A carry that starts as a constant has the batch axis as soon as a trip mixes an example into it, even by a detour.
 */
START_TEST(test_carry_fixpoint) {
  struct graph *g = graph_new(arena, "carries");
  struct node *x = leaf(g, symbol("x", ROLE_INPUT, DTYPE_F32, 0, NULL));
  struct node *zero = graph_const(g, DTYPE_F32, 0);
  struct node *initial[] = {zero, zero, x, zero};
  struct node *repeat = graph_repeat_open(g, 3, HORIZON_NOTHING, initial, 4);
  struct node **c = repeat->repeat.body->carries;
  graph_repeat_close(g, repeat, (struct node *[]){c[1], c[2], c[2], c[3]});
  graph_store(g, symbol("y", ROLE_OUTPUT, DTYPE_F32, 0, NULL), graph_result(g, repeat, 0));
  const struct node *batched = last_of(pass_batch(g), OP_REPEAT);
  for (int i = 0; i < 3; i++) expect_type(batched->repeat.body->carries[i], "f32[B]");
  expect_type(batched->repeat.body->carries[3], "f32[]");
}
END_TEST

/* A stored constant is stored for every example, and a loss without inputs counts once for each. */
START_TEST(test_constant_sinks) {
  struct graph *g = graph_new(arena, "constants");
  struct node *half = graph_const(g, DTYPE_F32, 0.5);
  graph_store(g, symbol("y", ROLE_OUTPUT, DTYPE_F32, 0, NULL), half);
  graph_loss(g, half);
  struct graph *b = pass_batch(g);
  ck_assert_ptr_null(graph_verify(arena, b));
  struct evaluation e = evaluate(arena, b, NULL, 0, EXAMPLES);
  ck_assert_int_eq(evaluate_find(&e, "y")->count, EXAMPLES);
  ck_assert_double_eq(evaluate_find(&e, "y")->values[2], 0.5);
  ck_assert_double_eq(e.loss, 1.5);
}
END_TEST

/* Tables that differ between examples, of floats and of whole numbers, with indices beyond both ends. */
START_TEST(test_gather_from_batched_table) {
  enum dtype dtype = _i ? DTYPE_I32 : DTYPE_F32;
  struct graph *g = graph_new(arena, "gather");
  struct node *table = leaf(g, symbol("table", ROLE_INPUT, dtype, 1, (int64_t[]){3}));
  struct node *index = leaf(g, symbol("index", ROLE_INPUT, DTYPE_I32, 1, (int64_t[]){4}));
  graph_store(g, symbol("y", ROLE_OUTPUT, dtype, 1, (int64_t[]){4}), graph_gather(g, table, index));
  static const double tables[] = {10, 11, 12, 20, 21, 22, 30, 31, 32};
  static const double indices[] = {0, 1, 2, 0, 2, 2, 1, 1, -5, 9, 0, 1};
  static const double expected[] = {10, 11, 12, 10, 22, 22, 21, 21, 30, 32, 30, 31};
  struct evaluate_input inputs[] = {{"table", tables}, {"index", indices}};
  struct evaluation e = evaluate(arena, pass_batch(g), inputs, 2, EXAMPLES);
  ck_assert_mem_eq(evaluate_find(&e, "y")->values, expected, sizeof expected);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("batch");
  TCase *all = suite_case(suite, "batch", setup, teardown);
  tcase_add_loop_test(all, test_examples_are_independent, 0, 200);
  tcase_add_test(all, test_weights_stay);
  tcase_add_test(all, test_carry_fixpoint);
  tcase_add_test(all, test_constant_sinks);
  tcase_add_loop_test(all, test_gather_from_batched_table, 0, 2);
  return suite_run(suite);
}

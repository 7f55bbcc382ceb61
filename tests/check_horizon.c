/* pass_horizon: what is recorded, and that values stay. */
#include "compiler/passes.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

START_TEST(test_values_stay) {
  struct random_program p = random_program(arena, (uint64_t)_i, 40, _i % 2);
  struct graph *h = pass_horizon(p.graph);
  ck_assert_ptr_null(graph_verify(arena, h));
  struct evaluate_input *inputs = random_inputs(arena, (uint64_t)_i, &p, 1);
  struct evaluation x = evaluate(arena, p.graph, inputs, p.symbol_count, 1);
  struct evaluation y = evaluate(arena, h, inputs, p.symbol_count, 1);
  ck_assert_double_eq(evaluate_difference(&x, &y), 0);
}
END_TEST

/* ---- counting ---- */

struct loops {
  int64_t trips, last;             /* outer repeat; its body applies exp, then the inner repeat */
  int64_t inner_trips, inner_last; /* its body applies sin */
  bool has_loss;
};

static struct graph *nested(struct loops l) {
  struct graph *g = graph_new(arena, "nested");
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){"w", ROLE_PARAM, {.dtype = DTYPE_F32}};
  struct node *w = graph_leaf(g, s, s->type);
  struct node *outer = graph_repeat_open(g, l.trips, l.last, &w, 1);
  struct node *z = graph_map1(g, SCALAR_EXP, outer->repeat.body->carries[0]);
  struct node *inner = graph_repeat_open(g, l.inner_trips, l.inner_last, &z, 1);
  struct node *sine = graph_map1(g, SCALAR_SIN, inner->repeat.body->carries[0]);
  graph_repeat_close(g, inner, &sine);
  struct node *result = graph_result(g, inner, 0);
  graph_repeat_close(g, outer, &result);
  result = graph_result(g, outer, 0);
  if (l.has_loss) graph_loss(g, result);
  return g;
}

/* Nodes of a scalar function in one region, nested ones not counted. */
static int count_scalar(const struct region *r, enum scalar_op op) {
  int count = 0;
  for (int i = 0; i < r->count; i++) count += r->nodes[i]->op == OP_MAP && r->nodes[i]->scalar == op;
  return count;
}

static const struct node *repeat_number(const struct region *r, int number) {
  for (int i = 0; i < r->count; i++)
    if (r->nodes[i]->op == OP_REPEAT && number-- == 0) return r->nodes[i];
  return NULL;
}

static void expect_unrecorded(const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    if (r->nodes[i]->op != OP_REPEAT) continue;
    ck_assert_int_eq(r->nodes[i]->repeat.last, HORIZON_NOTHING);
    expect_unrecorded(r->nodes[i]->repeat.body);
  }
}

/* HRM: the last step of each level alone is recorded, whatever the number of cycles. */
START_TEST(test_one_step) {
  struct graph *h = pass_horizon(
      nested((struct loops){.trips = 5, .last = 1, .inner_trips = 4, .inner_last = 1, .has_loss = true}));
  expect_unrecorded(h->top);
  ck_assert_int_eq(count_scalar(h->top, SCALAR_EXP), 1);
  ck_assert_int_eq(count_scalar(h->top, SCALAR_SIN), 1);
  const struct node *before = repeat_number(h->top, 0), *within = repeat_number(h->top, 1);
  ck_assert_int_eq(before->repeat.trips, 4);
  ck_assert_int_eq(repeat_number(before->repeat.body, 0)->repeat.trips, 4);
  ck_assert_int_eq(within->repeat.trips, 3);
  ck_assert_ptr_null(repeat_number(h->top, 2));
}
END_TEST

START_TEST(test_everything) {
  struct graph *h = pass_horizon(nested(
      (struct loops){.trips = 3, .last = HORIZON_EVERYTHING, .inner_trips = 2, .inner_last = 7, .has_loss = true}));
  ck_assert_int_eq(count_scalar(h->top, SCALAR_EXP), 3);
  ck_assert_int_eq(count_scalar(h->top, SCALAR_SIN), 6);
  ck_assert_ptr_null(repeat_number(h->top, 0));
}
END_TEST

START_TEST(test_nothing) {
  struct graph *h = pass_horizon(nested(
      (struct loops){.trips = 3, .last = HORIZON_NOTHING, .inner_trips = 2, .inner_last = 2, .has_loss = true}));
  expect_unrecorded(h->top);
  ck_assert_int_eq(repeat_number(h->top, 0)->repeat.trips, 3);
  ck_assert_int_eq(repeat_number(repeat_number(h->top, 0)->repeat.body, 0)->repeat.trips, 2);
}
END_TEST

/* Without a loss nothing is recorded. */
START_TEST(test_no_loss) {
  struct graph *h =
      pass_horizon(nested((struct loops){.trips = 3, .last = 1, .inner_trips = 2, .inner_last = HORIZON_EVERYTHING}));
  expect_unrecorded(h->top);
  ck_assert_int_eq(repeat_number(h->top, 0)->repeat.trips, 3);
  ck_assert_int_eq(count_scalar(h->top, SCALAR_EXP), 0);
}
END_TEST

START_TEST(test_no_trips) {
  struct graph *h = pass_horizon(
      nested((struct loops){.trips = 0, .last = 1, .inner_trips = 2, .inner_last = 1, .has_loss = true}));
  ck_assert_ptr_null(repeat_number(h->top, 0));
  ck_assert_int_eq(h->top->nodes[h->top->count - 1]->operand[0]->op, OP_LEAF);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("horizon");
  TCase *all = suite_case(suite, "horizon", setup, teardown);
  tcase_add_loop_test(all, test_values_stay, 0, 100);
  tcase_add_test(all, test_one_step);
  tcase_add_test(all, test_everything);
  tcase_add_test(all, test_nothing);
  tcase_add_test(all, test_no_loss);
  tcase_add_test(all, test_no_trips);
  return suite_run(suite);
}

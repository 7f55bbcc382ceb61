/* The planner: what pieces of models, repeats, states and views become. */
#include "compiler/cost.h"
#include "compiler/planner.h"
#include "tests/plan_example.h"
#include "tests/suite.h"

#include <check.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

/* ---- pieces of models ---- */

/* Rotary positions: both halves of a head from one pass over it, each written into its half of the result. */
START_TEST(test_rotary_halves) {
  struct example x = expect_right(arena, "graph rope\n"
                                         "symbol input x f32[2, 5, 8]\n"
                                         "symbol buffer angle f32[5, 4]\n"
                                         "symbol output out f32[2, 5, 8]\n"
                                         "%0 = leaf x : f32[2, 5, 8]\n"
                                         "%1 = leaf angle : f32[5, 4]\n"
                                         "%2 = map.cos %1 : f32[5, 4]\n"
                                         "%3 = map.sin %1 : f32[5, 4]\n"
                                         "%4 = broadcast {1, 2} %2 : f32[2, 5, 4]\n"
                                         "%5 = broadcast {1, 2} %3 : f32[2, 5, 4]\n"
                                         "%6 = slice {axis 2, from 0, step 1} %0 : f32[2, 5, 4]\n"
                                         "%7 = slice {axis 2, from 4, step 1} %0 : f32[2, 5, 4]\n"
                                         "%8 = map.mul %6, %4 : f32[2, 5, 4]\n"
                                         "%9 = map.mul %7, %5 : f32[2, 5, 4]\n"
                                         "%10 = map.sub %8, %9 : f32[2, 5, 4]\n"
                                         "%11 = map.mul %7, %4 : f32[2, 5, 4]\n"
                                         "%12 = map.mul %6, %5 : f32[2, 5, 4]\n"
                                         "%13 = map.add %11, %12 : f32[2, 5, 4]\n"
                                         "%14 = concat {axis 2} %10, %13 : f32[2, 5, 8]\n"
                                         "store out %14\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 1, 0, 0);
  expect_kernels(&x.plan->prepare, 1, 0, 0); /* the tables, from weights alone */
}
END_TEST

/* Scores need keys with positions innermost: the one copy.  Merging the heads is free, and so is all of the backward
 * pass but the transposed values. */
START_TEST(test_attention) {
  struct example x = expect_right(arena, attention_text);
  ck_assert_int_eq(count_copies(&x.plan->forward), 1);
  ck_assert_int_eq(count_copies(&x.plan->train), 2);
}
END_TEST

START_TEST(test_swiglu) {
  struct example x = expect_right(arena, "graph swiglu\n"
                                         "symbol input x f32[5, 12]\n"
                                         "symbol param gate_up f32[64, 12]\n"
                                         "symbol param down f32[12, 32]\n"
                                         "symbol output out f32[5, 12]\n"
                                         "%0 = leaf x : f32[5, 12]\n"
                                         "%1 = leaf gate_up : f32[64, 12]\n"
                                         "%2 = contract \"si,oi->so\" %0, %1 : f32[5, 64]\n"
                                         "%3 = slice {axis 1, from 0, step 1} %2 : f32[5, 32]\n"
                                         "%4 = slice {axis 1, from 32, step 1} %2 : f32[5, 32]\n"
                                         "%5 = map.sigmoid %3 : f32[5, 32]\n"
                                         "%6 = map.mul %3, %5 : f32[5, 32]\n"
                                         "%7 = map.mul %6, %4 : f32[5, 32]\n"
                                         "%8 = leaf down : f32[12, 32]\n"
                                         "%9 = contract \"si,oi->so\" %7, %8 : f32[5, 12]\n"
                                         "%10 = reduce.sum {0, 1} %9 : f32[]\n"
                                         "loss %10\n"
                                         "store out %9\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 1, 2, 0);
  ck_assert_int_eq(count_copies(&x.plan->train), 0);
}
END_TEST

START_TEST(test_embedding) {
  struct example x = expect_right(arena, "graph embedding\n"
                                         "symbol input tokens i32[6]\n"
                                         "symbol rows row f32[4]\n"
                                         "symbol param table f32[7, 4]\n"
                                         "symbol output out f32[7, 4]\n"
                                         "%0 = leaf tokens : i32[6]\n"
                                         "%1 = leaf table : f32[7, 4]\n"
                                         "%2 = gather %1, %0 : f32[6, 4]\n"
                                         "%3 = leaf row : f32[4]\n"
                                         "%4 = reshape %3 : f32[1, 4]\n"
                                         "%5 = concat {axis 0} %4, %2 : f32[7, 4]\n"
                                         "%6 = map.mul %5, %5 : f32[7, 4]\n"
                                         "%7 = reduce.sum {0, 1} %6 : f32[]\n"
                                         "loss %7\n"
                                         "store out %5\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 2, 0, 2); /* a gather and a copy, straight into the output */
}
END_TEST

/* ---- repeats and states ---- */

START_TEST(test_carry_is_overwritten_in_place) {
  struct example x = expect_right(arena, "graph carry\n"
                                         "symbol input x f32[3, 32]\n"
                                         "symbol param w f32[32, 32]\n"
                                         "symbol output out f32[3, 32]\n"
                                         "%0 = leaf x : f32[3, 32]\n"
                                         "%1 = leaf w : f32[32, 32]\n"
                                         "repeat %2 = trips 3 last 0 (%3 = %0) {\n"
                                         "  %4 = contract \"si,oi->so\" %3, %1 : f32[3, 32]\n"
                                         "  %5 = map.tanh %4 : f32[3, 32]\n"
                                         "  yield %5\n"
                                         "}\n"
                                         "%6 = result {0} %2 : f32[3, 32]\n"
                                         "%7 = map.neg %6 : f32[3, 32]\n"
                                         "store out %7\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 3, 1, 1); /* the initial copy; tanh writes the carry */
  const struct step *repeat = &x.plan->forward.steps[1];
  ck_assert_int_eq(repeat->kind, STEP_REPEAT);
  ck_assert_int_eq(repeat->repeat.trips, 3);
  ck_assert_int_eq(repeat->repeat.count, 2);
  ck_assert_double_eq(function_cost(&x.plan->forward, &(struct machine){.vector_bytes = 16}, 2).flops,
                      3 * 2 * 2 * 3 * 32 * 32);
}
END_TEST

/* Old values that are still read must not be overwritten; carries change places. */
START_TEST(test_carries_change_places) {
  expect_right(arena, "graph swap\n"
                      "symbol input x f32[3, 4]\n"
                      "symbol input y f32[3, 4]\n"
                      "symbol output out f32[3, 4]\n"
                      "symbol output other f32[3, 4]\n"
                      "symbol output third f32[3, 4]\n"
                      "%0 = leaf x : f32[3, 4]\n"
                      "%1 = leaf y : f32[3, 4]\n"
                      "repeat %2 = trips 3 last 0 (%3 = %0, %4 = %1, %5 = %1) {\n"
                      "  %6 = map.tanh %3 : f32[3, 4]\n"
                      "  %7 = map.add %6, %4 : f32[3, 4]\n"
                      "  %8 = map.sub %3, %7 : f32[3, 4]\n"
                      "  yield %8, %3, %6\n"
                      "}\n"
                      "%9 = result {0} %2 : f32[3, 4]\n"
                      "%10 = result {1} %2 : f32[3, 4]\n"
                      "%11 = result {2} %2 : f32[3, 4]\n"
                      "store out %9\n"
                      "store other %10\n"
                      "store third %11\n"
                      "end\n");
}
END_TEST

START_TEST(test_invariants_leave_the_repeat) {
  struct example x = expect_right(arena, "graph invariant\n"
                                         "symbol input x f32[4]\n"
                                         "symbol param w f32[4]\n"
                                         "symbol output out f32[4]\n"
                                         "%0 = leaf x : f32[4]\n"
                                         "repeat %1 = trips 2 last 0 (%2 = %0) {\n"
                                         "  repeat %3 = trips 2 last 0 (%4 = %2) {\n"
                                         "    %5 = leaf w : f32[4]\n"
                                         "    %6 = map.exp %5 : f32[4]\n"
                                         "    %7 = map.mul %6, %4 : f32[4]\n"
                                         "    yield %7\n"
                                         "  }\n"
                                         "  %8 = result {0} %3 : f32[4]\n"
                                         "  yield %8\n"
                                         "}\n"
                                         "%9 = result {0} %1 : f32[4]\n"
                                         "store out %9\n"
                                         "end\n");
  expect_kernels(&x.plan->prepare, 1, 0, 0);
}
END_TEST

START_TEST(test_states) {
  expect_right(arena, "graph states\n"
                      "symbol state a f32[3, 3]\n"
                      "symbol state b f32[3, 3]\n"
                      "symbol state c f32[3, 3]\n"
                      "symbol state d f32[3, 3]\n"
                      "symbol output out f32[3, 3]\n"
                      "%0 = leaf a : f32[3, 3]\n"
                      "%1 = leaf b : f32[3, 3]\n"
                      "%2 = leaf c : f32[3, 3]\n"
                      "%3 = leaf d : f32[3, 3]\n"
                      "%4 = transpose {1, 0} %2 : f32[3, 3]\n"
                      "%5 = map.tanh %3 : f32[3, 3]\n"
                      "%6 = map.add %5, %3 : f32[3, 3]\n"
                      "%7 = map.exp %6 : f32[3, 3]\n"
                      "%8 = map.mul %7, %0 : f32[3, 3]\n"
                      "store a %1\n"
                      "store b %0\n"
                      "store c %4\n"
                      "store d %5\n"
                      "store out %8\n"
                      "end\n");
}
END_TEST

/* A new state is computed into the state itself once nothing reads the old one. */
START_TEST(test_state_is_written_directly) {
  struct example x = expect_right(arena, "graph state\n"
                                         "symbol state z f32[3, 4]\n"
                                         "symbol param w f32[4, 4]\n"
                                         "%0 = leaf z : f32[3, 4]\n"
                                         "%1 = leaf w : f32[4, 4]\n"
                                         "%2 = contract \"si,oi->so\" %0, %1 : f32[3, 4]\n"
                                         "%3 = map.tanh %2 : f32[3, 4]\n"
                                         "store z %3\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 1, 1, 0);
}
END_TEST

/* ---- views ---- */

static struct view dense_view(const struct type *type, const int8_t *order) {
  struct buffer *b = arena_new_object(arena, struct buffer);
  return view_dense(b, type, order);
}

static struct node *view_leaf(struct graph *g, int rank, const int64_t *extent) {
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){"x", ROLE_INPUT, type_make(DTYPE_F32, rank, extent)};
  return graph_leaf(g, s, s->type);
}

START_TEST(test_strides_of_views) {
  struct graph *g = graph_new(arena, "views");
  struct node *x = view_leaf(g, 3, (int64_t[]){4, 6, 5});
  struct view v = dense_view(&x->type, (int8_t[]){1, 0, 2}), w; /* lies [6, 4, 5] */
  ck_assert(v.stride[0] == 5 && v.stride[1] == 20 && v.stride[2] == 1);
  ck_assert(view_forward(graph_slice(g, x, 1, 1, 2, 3), &v, &w));
  ck_assert(w.offset == 20 && w.stride[1] == 40);
  ck_assert(view_forward(graph_reshape(g, x, 4, (int64_t[]){4, 2, 3, 5}), &v, &w)); /* an axis splits anywhere */
  ck_assert(w.stride[0] == 5 && w.stride[1] == 60 && w.stride[2] == 20 && w.stride[3] == 1);
  ck_assert(!view_forward(graph_reshape(g, x, 2, (int64_t[]){24, 5}), &v, &w)); /* 4 and 6 are no neighbours */
  struct node *t = graph_transpose(g, x, (int8_t[]){1, 0, 2});
  ck_assert(view_forward(t, &v, &w));
  ck_assert(w.stride[0] == 20 && w.stride[1] == 5);
  struct view flat, back;
  ck_assert(view_forward(graph_reshape(g, t, 1, (int64_t[]){120}), &w, &flat));
  ck_assert_int_eq(flat.stride[0], 1);
  ck_assert(view_backward(t, &w, &back));
  ck_assert(view_same_place(&back, &v));
  ck_assert(!view_backward(graph_slice(g, x, 0, 0, 1, 2), &v, &back));
}
END_TEST

START_TEST(test_reshapes) {
  struct example x = expect_right(arena, "graph reshapes\n"
                                         "symbol input x f32[2, 3, 4]\n"
                                         "symbol output split f32[2, 3, 2, 2]\n"
                                         "symbol output joined f32[12, 2]\n"
                                         "%0 = leaf x : f32[2, 3, 4]\n"
                                         "%1 = reshape %0 : f32[2, 3, 2, 2]\n"
                                         "%2 = map.exp %1 : f32[2, 3, 2, 2]\n"
                                         "%3 = transpose {1, 2, 0} %0 : f32[3, 4, 2]\n"
                                         "%4 = map.exp %3 : f32[3, 4, 2]\n"
                                         "%5 = reshape %4 : f32[12, 2]\n"
                                         "store split %2\n"
                                         "store joined %5\n"
                                         "end\n");
  ck_assert_int_eq(count_copies(&x.plan->forward), 0); /* the exponential is computed in the order that joins */
}
END_TEST

START_TEST(test_reshape_of_a_transposed_input_copies) {
  struct example x = expect_right(arena, "graph reshape\n"
                                         "symbol input x f32[3, 4]\n"
                                         "symbol output out f32[12]\n"
                                         "%0 = leaf x : f32[3, 4]\n"
                                         "%1 = transpose {1, 0} %0 : f32[4, 3]\n"
                                         "%2 = reshape %1 : f32[12]\n"
                                         "%3 = map.neg %2 : f32[12]\n"
                                         "store out %3\n"
                                         "end\n");
  ck_assert_int_eq(count_copies(&x.plan->forward), 1);
}
END_TEST

START_TEST(test_pads_and_strides) {
  expect_right(arena, "graph pads\n"
                      "symbol input x f32[5, 3]\n"
                      "symbol output out f32[12, 3]\n"
                      "symbol output thin f32[3, 3]\n"
                      "%0 = leaf x : f32[5, 3]\n"
                      "%1 = map.exp %0 : f32[5, 3]\n"
                      "%2 = pad {axis 0, from 1, step 2} %1 : f32[12, 3]\n"
                      "%3 = slice {axis 0, from 0, step 2} %1 : f32[3, 3]\n"
                      "store out %2\n"
                      "store thin %3\n"
                      "end\n");
}
END_TEST

int main(void) {
  Suite *s = suite_create("plan_pieces");
  TCase *pieces = suite_case(s, "pieces of models", setup, teardown);
  tcase_add_test(pieces, test_rotary_halves);
  tcase_add_test(pieces, test_attention);
  tcase_add_test(pieces, test_swiglu);
  tcase_add_test(pieces, test_embedding);
  TCase *states = suite_case(s, "repeats and states", setup, teardown);
  tcase_add_test(states, test_carry_is_overwritten_in_place);
  tcase_add_test(states, test_carries_change_places);
  tcase_add_test(states, test_invariants_leave_the_repeat);
  tcase_add_test(states, test_states);
  tcase_add_test(states, test_state_is_written_directly);
  TCase *views = suite_case(s, "views", setup, teardown);
  tcase_add_test(views, test_strides_of_views);
  tcase_add_test(views, test_reshapes);
  tcase_add_test(views, test_reshape_of_a_transposed_input_copies);
  tcase_add_test(views, test_pads_and_strides);
  return suite_run(s);
}

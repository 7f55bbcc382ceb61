/* The planner: what the loops and contractions of small programs look like, whose plans are run by the kernel
 * interpreter against the plain evaluator. */
#include "compiler/cost.h"
#include "tests/plan_example.h"
#include "tests/suite.h"

#include <check.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

/* ---- loops ---- */

START_TEST(test_norm_is_one_loop) {
  struct example x = expect_right(arena, rms_norm_text);
  expect_kernels(&x.plan->forward, 1, 0, 0);
  const struct loop *l = &kernel_number(&x.plan->forward, 0)->loop;
  ck_assert_int_eq(l->rank, 2); /* examples and rows are one axis */
  ck_assert_int_eq(l->extent[0].count, 5);
  ck_assert(l->extent[0].per_example);
  ck_assert_int_eq(l->pass_axis, 1);
  ck_assert_int_eq(l->vector_axis, 1);
  ck_assert_int_eq(l->pass_count, 2);
  ck_assert_int_eq(x.plan->forward.arena_bytes, 0);
}
END_TEST

START_TEST(test_softmax_is_one_loop) {
  struct example x = expect_right(arena, "graph softmax\n"
                                         "symbol input x f32[2, 5, 7]\n"
                                         "symbol output out f32[2, 5, 7]\n"
                                         "%0 = leaf x : f32[2, 5, 7]\n"
                                         "%1 = const 0.5 : f32[]\n"
                                         "%2 = broadcast {} %1 : f32[2, 5, 7]\n"
                                         "%3 = map.mul %0, %2 : f32[2, 5, 7]\n"
                                         "%4 = reduce.max {2} %3 : f32[2, 5]\n"
                                         "%5 = broadcast {0, 1} %4 : f32[2, 5, 7]\n"
                                         "%6 = map.sub %3, %5 : f32[2, 5, 7]\n"
                                         "%7 = map.exp %6 : f32[2, 5, 7]\n"
                                         "%8 = reduce.sum {2} %7 : f32[2, 5]\n"
                                         "%9 = broadcast {0, 1} %8 : f32[2, 5, 7]\n"
                                         "%10 = map.div %7, %9 : f32[2, 5, 7]\n"
                                         "store out %10\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 1, 0, 0);
  const struct loop *l = &kernel_number(&x.plan->forward, 0)->loop;
  ck_assert_int_eq(l->rank, 2);
  ck_assert_int_eq(l->pass_count, 3);
}
END_TEST

/* The norm runs along an axis that is not the dense one: lanes lie across it. */
START_TEST(test_vertical_reduction) {
  struct example x = expect_right(arena, "graph vertical\n"
                                         "symbol input x f32[5, 12]\n"
                                         "symbol output out f32[5, 12]\n"
                                         "%0 = leaf x : f32[5, 12]\n"
                                         "%1 = reduce.max {0} %0 : f32[12]\n"
                                         "%2 = broadcast {1} %1 : f32[5, 12]\n"
                                         "%3 = map.sub %0, %2 : f32[5, 12]\n"
                                         "store out %3\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 1, 0, 0);
  const struct loop *l = &kernel_number(&x.plan->forward, 0)->loop;
  ck_assert_int_eq(l->extent[l->pass_axis].count, 5);
  ck_assert_int_eq(l->extent[l->vector_axis].count, 12);
}
END_TEST

START_TEST(test_elementwise_collapses) {
  struct example x = expect_right(arena, "graph flat\n"
                                         "symbol input x f32[3, 4, 5]\n"
                                         "symbol output out f32[3, 4, 5]\n"
                                         "%0 = leaf x : f32[3, 4, 5]\n"
                                         "%1 = map.exp %0 : f32[3, 4, 5]\n"
                                         "%2 = map.sub %1, %0 : f32[3, 4, 5]\n"
                                         "store out %2\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 1, 0, 0);
  const struct loop *l = &kernel_number(&x.plan->forward, 0)->loop;
  ck_assert_int_eq(l->rank, 2); /* the vector axis stays of fixed extent */
  ck_assert_int_eq(l->extent[1].count, 60);
}
END_TEST

/* A sum over rows and a value of the rows: the second reduction runs along another axis, in a loop of its own. */
START_TEST(test_two_reductions) {
  struct example x = expect_right(arena, "graph two\n"
                                         "symbol input x f32[5, 4]\n"
                                         "symbol output out f32[5, 4]\n"
                                         "symbol output total f32[]\n"
                                         "%0 = leaf x : f32[5, 4]\n"
                                         "%1 = reduce.sum {0, 1} %0 : f32[]\n"
                                         "%2 = broadcast {} %1 : f32[5, 4]\n"
                                         "%3 = map.mul %0, %2 : f32[5, 4]\n"
                                         "store out %3\n"
                                         "store total %1\n"
                                         "end\n");
  ck_assert_int_eq(count_copies(&x.plan->forward), 0);
}
END_TEST

/* ---- contractions ---- */

static const char LINEAR[] = "graph linear\n"
                             "symbol input x f32[6, 8]\n"
                             "symbol param first f32[40, 8]\n"
                             "symbol param second f32[3, 40]\n"
                             "symbol param bias f32[3]\n"
                             "symbol output out f32[6, 3]\n"
                             "%0 = leaf x : f32[6, 8]\n"
                             "%1 = leaf first : f32[40, 8]\n"
                             "%2 = contract \"si,oi->so\" %0, %1 : f32[6, 40]\n"
                             "%3 = leaf second : f32[3, 40]\n"
                             "%4 = contract \"si,oi->so\" %2, %3 : f32[6, 3]\n"
                             "%5 = leaf bias : f32[3]\n"
                             "%6 = broadcast {1} %5 : f32[6, 3]\n"
                             "%7 = map.add %4, %6 : f32[6, 3]\n"
                             "%8 = map.mul %7, %7 : f32[6, 3]\n"
                             "%9 = reduce.sum {0, 1} %8 : f32[]\n"
                             "loss %9\n"
                             "store out %7\n"
                             "end\n";

START_TEST(test_linear_copies_nothing) {
  struct example x = expect_right(arena, LINEAR);
  ck_assert_int_eq(count_kernels(&x.plan->forward, KERNEL_CONTRACTION), 3); /* 40 columns: a panel and a rest */
  ck_assert_int_eq(count_copies(&x.plan->forward), 0);
  ck_assert_int_eq(count_copies(&x.plan->train), 0);
  const struct contraction *c = &kernel_number(&x.plan->forward, 0)->contraction;
  ck_assert(c->m.per_example); /* rows of all examples are one m */
  ck_assert_int_eq(c->m.count, 6);
  ck_assert_int_eq(c->n.count, 32);
  ck_assert_int_eq(c->loop_count, 0);
  ck_assert_int_eq(c->b.space, SPACE_SHARED);
}
END_TEST

START_TEST(test_gradient_of_weight_accumulates_in_place) {
  struct example x = expect_right(arena, LINEAR);
  int found = 0;
  for (int i = 0; i < x.plan->train.count; i++) {
    const struct kernel *k = x.plan->train.steps[i].kernel;
    if (k->kind != KERNEL_CONTRACTION || k->contraction.c.space != SPACE_GRADS) continue;
    found++;
    ck_assert(k->contraction.accumulate);
    ck_assert(k->contraction.k.per_example); /* rows of all examples are one k */
    ck_assert_int_eq(k->contraction.k.count, 6);
    ck_assert_int_eq(k->contraction.loop_count, 0);
  }
  ck_assert_int_eq(found, 2);
}
END_TEST

/* Many rows go through x: it is copied, so that a panel's columns lie side by side for all examples. */
START_TEST(test_activation_of_large_gradient_lies_in_panels) {
  struct example x = expect_right(arena, "graph wide\n"
                                         "symbol input x f32[64, 64]\n"
                                         "symbol param weight f32[70, 64]\n"
                                         "symbol output out f32[64, 70]\n"
                                         "%0 = leaf x : f32[64, 64]\n"
                                         "%1 = leaf weight : f32[70, 64]\n"
                                         "%2 = contract \"si,oi->so\" %0, %1 : f32[64, 70]\n"
                                         "%3 = map.mul %2, %2 : f32[64, 70]\n"
                                         "%4 = reduce.sum {0, 1} %3 : f32[]\n"
                                         "loss %4\n"
                                         "store out %2\n"
                                         "end\n");
  const struct function *f = &x.plan->train;
  const struct contraction *c = &kernel_number(f, f->count - 1)->contraction;
  ck_assert_int_eq(c->c.space, SPACE_GRADS);
  ck_assert_int_eq(c->loop_count, 1);
  ck_assert_int_eq(c->loop[0].count, 2); /* panels, the loop of axis 0 */
  ck_assert_int_eq(c->b.stride[2], 1);
  ck_assert_int_eq(c->b.stride[3], 32); /* m, n and k have axes 1, 2 and 3 */
  ck_assert_int_eq(c->b.stride[0], EXAMPLE_TILE * 64 * 32);
  ck_assert(c->k.per_example);
}
END_TEST

START_TEST(test_equal_kernels_have_equal_text) {
  struct example x = expect_right(arena, "graph twice\n"
                                         "symbol input x f32[6, 8]\n"
                                         "symbol param first f32[8, 8]\n"
                                         "symbol param second f32[8, 8]\n"
                                         "symbol output out f32[6, 8]\n"
                                         "%0 = leaf x : f32[6, 8]\n"
                                         "%1 = leaf first : f32[8, 8]\n"
                                         "%2 = contract \"si,oi->so\" %0, %1 : f32[6, 8]\n"
                                         "%3 = leaf second : f32[8, 8]\n"
                                         "%4 = contract \"si,oi->so\" %2, %3 : f32[6, 8]\n"
                                         "store out %4\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 0, 2, 0);
  const struct kernel *first = kernel_number(&x.plan->forward, 0), *second = kernel_number(&x.plan->forward, 1);
  ck_assert_str_eq(kernel_signature(arena, first), kernel_signature(arena, second));
  struct kernel changed = *first;
  changed.contraction.accumulate = true;
  ck_assert_str_ne(kernel_signature(arena, first), kernel_signature(arena, &changed));
  ck_assert_double_eq(function_cost(&x.plan->forward, &(struct machine){.vector_bytes = 16}, 3).flops,
                      2 * 2 * 3 * 6 * 8 * 8);
}
END_TEST

/* gate[d, i] = sum[s] W[i, s] x[s, d]: the weight is read in place from the left, all values lie [i, d] or [s, d]. */
START_TEST(test_mlp_over_positions_copies_nothing) {
  struct example x = expect_right(arena, "graph positions\n"
                                         "symbol input x f32[6, 32]\n"
                                         "symbol param up f32[10, 6]\n"
                                         "symbol param down f32[6, 10]\n"
                                         "symbol output out f32[6, 32]\n"
                                         "%0 = leaf x : f32[6, 32]\n"
                                         "%1 = transpose {1, 0} %0 : f32[32, 6]\n"
                                         "%2 = leaf up : f32[10, 6]\n"
                                         "%3 = contract \"ds,is->di\" %1, %2 : f32[32, 10]\n"
                                         "%4 = map.sigmoid %3 : f32[32, 10]\n"
                                         "%5 = map.mul %3, %4 : f32[32, 10]\n"
                                         "%6 = leaf down : f32[6, 10]\n"
                                         "%7 = contract \"di,si->ds\" %5, %6 : f32[32, 6]\n"
                                         "%8 = transpose {1, 0} %7 : f32[6, 32]\n"
                                         "%9 = map.add %0, %8 : f32[6, 32]\n"
                                         "%10 = map.mul %9, %9 : f32[6, 32]\n"
                                         "%11 = reduce.sum {0, 1} %10 : f32[]\n"
                                         "loss %11\n"
                                         "store out %9\n"
                                         "end\n");
  expect_kernels(&x.plan->forward, 2, 2, 0);
  ck_assert_int_eq(x.plan->prepare.count, 0);
  const struct contraction *c = &kernel_number(&x.plan->forward, 0)->contraction;
  ck_assert_int_eq(c->n.count, 32);
  ck_assert_int_eq(c->a.space, SPACE_WEIGHTS);
  const struct loop *l = &kernel_number(&x.plan->forward, 3)->loop;
  ck_assert_int_eq(l->extent[l->rank - 1].count, 6 * 32);
}
END_TEST

START_TEST(test_degenerate_contractions_are_loops) {
  struct example x = expect_right(arena, "graph degenerate\n"
                                         "symbol input x f32[5]\n"
                                         "symbol input y f32[7]\n"
                                         "symbol input z f32[5]\n"
                                         "symbol output outer f32[5, 7]\n"
                                         "symbol output dot f32[]\n"
                                         "symbol output vector f32[7]\n"
                                         "%0 = leaf x : f32[5]\n"
                                         "%1 = leaf y : f32[7]\n"
                                         "%2 = leaf z : f32[5]\n"
                                         "%3 = contract \"i,j->ij\" %0, %1 : f32[5, 7]\n"
                                         "%4 = contract \"i,i->\" %0, %2 : f32[]\n"
                                         "%5 = contract \"i,ij->j\" %0, %3 : f32[7]\n"
                                         "store outer %3\n"
                                         "store dot %4\n"
                                         "store vector %5\n"
                                         "end\n");
  ck_assert_int_eq(count_kernels(&x.plan->forward, KERNEL_CONTRACTION), 0);
}
END_TEST

START_TEST(test_other_dtypes) {
  struct example x = expect_right(arena, "graph dtypes\n"
                                         "symbol input x f32[5, 3]\n"
                                         "symbol input i i32[3, 4]\n"
                                         "symbol output out f64[5, 5]\n"
                                         "symbol output whole i32[4, 4]\n"
                                         "%0 = leaf x : f32[5, 3]\n"
                                         "%1 = map.cast %0 : f64[5, 3]\n"
                                         "%2 = contract \"ab,cb->ac\" %1, %1 : f64[5, 5]\n"
                                         "%3 = leaf i : i32[3, 4]\n"
                                         "%4 = contract \"ab,ac->bc\" %3, %3 : i32[4, 4]\n"
                                         "store out %2\n"
                                         "store whole %4\n"
                                         "end\n");
  ck_assert_int_eq(count_kernels(&x.plan->forward, KERNEL_CONTRACTION), 2);
}
END_TEST

int main(void) {
  Suite *s = suite_create("plan");
  TCase *loops = suite_case(s, "loops", setup, teardown);
  tcase_add_test(loops, test_norm_is_one_loop);
  tcase_add_test(loops, test_softmax_is_one_loop);
  tcase_add_test(loops, test_vertical_reduction);
  tcase_add_test(loops, test_elementwise_collapses);
  tcase_add_test(loops, test_two_reductions);
  TCase *contractions = suite_case(s, "contractions", setup, teardown);
  tcase_add_test(contractions, test_linear_copies_nothing);
  tcase_add_test(contractions, test_gradient_of_weight_accumulates_in_place);
  tcase_add_test(contractions, test_activation_of_large_gradient_lies_in_panels);
  tcase_add_test(contractions, test_equal_kernels_have_equal_text);
  tcase_add_test(contractions, test_mlp_over_positions_copies_nothing);
  tcase_add_test(contractions, test_degenerate_contractions_are_loops);
  tcase_add_test(contractions, test_other_dtypes);
  return suite_run(s);
}

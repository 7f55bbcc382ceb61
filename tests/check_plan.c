/* The planner: plans run by the kernel interpreter against the plain evaluator, and what the kernels of typical
 * pieces of a model look like. */
#include "compiler/cost.h"
#include "compiler/graph_text.h"
#include "compiler/passes.h"
#include "compiler/planner.h"
#include "compiler/rebuild.h"
#include "tests/plan_harness.h"
#include "tests/random_graph.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

/* ---- programs from text ---- */

struct example {
  struct graph *forward, *train;
  struct program *program;
  struct plan *plan;
};

enum { TILE = 3 };

static struct graph *read_graph(const char *text) {
  const char *error = NULL;
  struct graph *g = graph_read(arena, text, &error);
  ck_assert_msg(g != NULL, "%s", error);
  return g;
}

static struct graph *without_loss(const struct graph *g) {
  struct rebuild r = rebuild_new(g);
  for (int i = 0; i < g->top->count; i++)
    if (g->top->nodes[i]->op != OP_LOSS) rebuild_node(&r, g->top->nodes[i]);
  return r.to;
}

/* The program of one example through all passes; the loss is train's alone. */
static struct example example_of(const char *text) {
  struct graph *batched = pass_batch(read_graph(text));
  struct example x = {.forward = pass_simplify(without_loss(batched))};
  x.train = pass_simplify(pass_grad(pass_horizon(batched)));
  x.program = program_of_graphs(arena, x.forward, x.train);
  struct machine machine = machine_generic();
  machine.vector_bytes = 64; /* panels of 32 columns */
  x.plan = plan_program(arena, x.program, &(struct program_graphs){x.forward, x.train, NULL}, &machine, TILE);
  return x;
}

static struct evaluate_input *inputs_of(const struct program *p, int *count) {
  size_t most = (size_t)(p->weight_count + p->tensor_count);
  struct evaluate_input *inputs = arena_new_array(arena, struct evaluate_input, most);
  *count = 0;
  for (int i = 0; i < p->weight_count + p->tensor_count; i++) {
    const struct symbol *s = i < p->weight_count ? p->weights[i]->symbol : p->tensors[i - p->weight_count].symbol;
    int64_t elements = type_elements(&s->type) * (i < p->weight_count ? 1 : TILE);
    double *values = random_values(arena, 11, s, TILE);
    for (int64_t j = 0; j < elements; j++) values[j] = (float)values[j];
    inputs[(*count)++] = (struct evaluate_input){s->name, values};
  }
  return inputs;
}

static void expect_equal(const struct example *x) {
  int count;
  struct evaluate_input *inputs = inputs_of(x->program, &count);
  double difference = plan_difference(arena, x->forward, x->train, inputs, count, TILE);
  ck_assert_msg(difference < 1e-4, "plan and evaluator differ by %g", difference);
}

static struct example expect_right(const char *text) {
  struct example x = example_of(text);
  expect_equal(&x);
  return x;
}

static void expect_kernels(const struct function *f, int loops, int contractions, int copies) {
  ck_assert_int_eq(count_kernels(f, KERNEL_LOOP), loops);
  ck_assert_int_eq(count_kernels(f, KERNEL_CONTRACTION), contractions);
  ck_assert_int_eq(count_copies(f), copies);
}

static const struct kernel *kernel_number(const struct function *f, int number) {
  ck_assert_int_lt(number, f->count);
  ck_assert_int_eq(f->steps[number].kind, STEP_KERNEL);
  return f->steps[number].kernel;
}

/* ---- loops ---- */

static const char RMS_NORM[] = "graph norm\n"
                               "symbol input x f32[5, 12]\n"
                               "symbol input y f32[5, 12]\n"
                               "symbol output out f32[5, 12]\n"
                               "%0 = leaf x : f32[5, 12]\n"
                               "%1 = leaf y : f32[5, 12]\n"
                               "%2 = map.add %0, %1 : f32[5, 12]\n"
                               "%3 = map.mul %2, %2 : f32[5, 12]\n"
                               "%4 = reduce.sum {1} %3 : f32[5]\n"
                               "%5 = const 0.0625 : f32[]\n"
                               "%6 = broadcast {} %5 : f32[5]\n"
                               "%7 = map.mul %4, %6 : f32[5]\n"
                               "%8 = map.sqrt %7 : f32[5]\n"
                               "%9 = broadcast {0} %8 : f32[5, 12]\n"
                               "%10 = map.div %2, %9 : f32[5, 12]\n"
                               "store out %10\n"
                               "end\n";

START_TEST(test_norm_is_one_loop) {
  struct example x = expect_right(RMS_NORM);
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
  struct example x = expect_right("graph softmax\n"
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
  struct example x = expect_right("graph vertical\n"
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
  struct example x = expect_right("graph flat\n"
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
  struct example x = expect_right("graph two\n"
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
  struct example x = expect_right(LINEAR);
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
  struct example x = expect_right(LINEAR);
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
  struct example x = expect_right("graph wide\n"
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
  ck_assert_int_eq(c->b.stride[0], TILE * 64 * 32);
  ck_assert(c->k.per_example);
}
END_TEST

START_TEST(test_equal_kernels_have_equal_text) {
  struct example x = expect_right("graph twice\n"
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
  struct example x = expect_right("graph positions\n"
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
  struct example x = expect_right("graph degenerate\n"
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
  struct example x = expect_right("graph dtypes\n"
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

/* ---- pieces of models ---- */

/* Rotary positions: both halves of a head from one pass over it, each written into its half of the result. */
START_TEST(test_rotary_halves) {
  struct example x = expect_right("graph rope\n"
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

static const char ATTENTION[] = "graph attention\n"
                                "symbol input x f32[5, 12]\n"
                                "symbol param qkv f32[36, 12]\n"
                                "symbol param out_proj f32[12, 12]\n"
                                "symbol output out f32[5, 12]\n"
                                "%0 = leaf x : f32[5, 12]\n"
                                "%1 = leaf qkv : f32[36, 12]\n"
                                "%2 = contract \"si,oi->so\" %0, %1 : f32[5, 36]\n"
                                "%3 = reshape %2 : f32[5, 3, 2, 6]\n"
                                "%4 = transpose {1, 2, 0, 3} %3 : f32[3, 2, 5, 6]\n"
                                "%5 = slice {axis 0, from 0, step 1} %4 : f32[1, 2, 5, 6]\n"
                                "%6 = reshape %5 : f32[2, 5, 6]\n"
                                "%7 = slice {axis 0, from 1, step 1} %4 : f32[1, 2, 5, 6]\n"
                                "%8 = reshape %7 : f32[2, 5, 6]\n"
                                "%9 = slice {axis 0, from 2, step 1} %4 : f32[1, 2, 5, 6]\n"
                                "%10 = reshape %9 : f32[2, 5, 6]\n"
                                "%11 = contract \"hik,hjk->hij\" %6, %8 : f32[2, 5, 5]\n"
                                "%12 = reduce.max {2} %11 : f32[2, 5]\n"
                                "%13 = detach %12 : f32[2, 5]\n"
                                "%14 = broadcast {0, 1} %13 : f32[2, 5, 5]\n"
                                "%15 = map.sub %11, %14 : f32[2, 5, 5]\n"
                                "%16 = map.exp %15 : f32[2, 5, 5]\n"
                                "%17 = reduce.sum {2} %16 : f32[2, 5]\n"
                                "%18 = broadcast {0, 1} %17 : f32[2, 5, 5]\n"
                                "%19 = map.div %16, %18 : f32[2, 5, 5]\n"
                                "%20 = contract \"hij,hjk->hik\" %19, %10 : f32[2, 5, 6]\n"
                                "%21 = transpose {1, 0, 2} %20 : f32[5, 2, 6]\n"
                                "%22 = reshape %21 : f32[5, 12]\n"
                                "%23 = leaf out_proj : f32[12, 12]\n"
                                "%24 = contract \"si,oi->so\" %22, %23 : f32[5, 12]\n"
                                "%25 = map.mul %24, %24 : f32[5, 12]\n"
                                "%26 = reduce.sum {0, 1} %25 : f32[]\n"
                                "loss %26\n"
                                "store out %24\n"
                                "end\n";

/* Scores need keys with positions innermost: the one copy.  Merging the heads is free, and so is all of the backward
 * pass but the transposed values. */
START_TEST(test_attention) {
  struct example x = expect_right(ATTENTION);
  ck_assert_int_eq(count_copies(&x.plan->forward), 1);
  ck_assert_int_eq(count_copies(&x.plan->train), 2);
}
END_TEST

START_TEST(test_swiglu) {
  struct example x = expect_right("graph swiglu\n"
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
  struct example x = expect_right("graph embedding\n"
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
  struct example x = expect_right("graph carry\n"
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
  expect_right("graph swap\n"
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
  struct example x = expect_right("graph invariant\n"
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
  expect_right("graph states\n"
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
  struct example x = expect_right("graph state\n"
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

START_TEST(test_reshapes) {
  struct example x = expect_right("graph reshapes\n"
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
  struct example x = expect_right("graph reshape\n"
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
  expect_right("graph pads\n"
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

/* ---- weights alone ---- */

START_TEST(test_prepare_is_shared) {
  struct example x = expect_right("graph shared\n"
                                  "symbol input x f32[4]\n"
                                  "symbol param w f32[4]\n"
                                  "symbol output out f32[4]\n"
                                  "%0 = leaf x : f32[4]\n"
                                  "%1 = leaf w : f32[4]\n"
                                  "%2 = map.exp %1 : f32[4]\n"
                                  "%3 = map.mul %0, %2 : f32[4]\n"
                                  "%4 = map.mul %3, %3 : f32[4]\n"
                                  "%5 = reduce.sum {0} %4 : f32[]\n"
                                  "loss %5\n"
                                  "store out %3\n"
                                  "end\n");
  expect_kernels(&x.plan->prepare, 1, 0, 0); /* once, though both functions use it */
  ck_assert_int_eq(x.plan->shared_bytes, 64);
}
END_TEST

/* Activations' derivatives are computed again in the backward pass: nothing but the operand is kept for it. */
START_TEST(test_derivatives_are_recomputed) {
  struct example x = expect_right("graph again\n"
                                  "symbol input x f32[5, 32]\n"
                                  "symbol param up f32[32, 32]\n"
                                  "symbol param down f32[32, 32]\n"
                                  "symbol output out f32[5, 32]\n"
                                  "%0 = leaf x : f32[5, 32]\n"
                                  "%1 = leaf up : f32[32, 32]\n"
                                  "%2 = contract \"si,oi->so\" %0, %1 : f32[5, 32]\n"
                                  "%3 = map.sigmoid %2 : f32[5, 32]\n"
                                  "%4 = map.mul %2, %3 : f32[5, 32]\n"
                                  "%5 = leaf down : f32[32, 32]\n"
                                  "%6 = contract \"si,oi->so\" %4, %5 : f32[5, 32]\n"
                                  "%7 = map.mul %6, %6 : f32[5, 32]\n"
                                  "%8 = reduce.sum {0, 1} %7 : f32[]\n"
                                  "loss %8\n"
                                  "store out %6\n"
                                  "end\n");
  const struct loop *silu = &kernel_number(&x.plan->train, 1)->loop;
  ck_assert_int_eq(silu->store_count, 1);
}
END_TEST

/* ---- memory ---- */

/* A chain of contractions needs two buffers, whatever its length. */
START_TEST(test_memory_is_reused) {
  char *text = arena_strdup(arena, "graph chain\n"
                                   "symbol input x f32[16, 32]\n"
                                   "symbol param w f32[32, 32]\n"
                                   "symbol output out f32[16, 32]\n"
                                   "%0 = leaf x : f32[16, 32]\n"
                                   "%1 = leaf w : f32[32, 32]\n");
  for (int i = 0; i < 9; i++) {
    int from = i == 0 ? 0 : i + 1;
    text = arena_printf(arena, "%s%%%d = contract \"si,oi->so\" %%%d, %%1 : f32[16, 32]\n", text, i + 2, from);
  }
  struct example x = example_of(arena_printf(arena, "%sstore out %%10\nend\n", text));
  ck_assert_int_eq(x.plan->forward.arena_bytes, 2 * TILE * 16 * 32 * 4);
  ck_assert_int_eq(x.plan->forward.peak_bytes, x.plan->forward.arena_bytes);
}
END_TEST

/* 82 columns take six vectors of 16 lanes; rows and depth cost what they are. */
START_TEST(test_cost_of_a_contraction) {
  struct machine m = {.vector_bytes = 64, .vector_registers = 32, .fma = true, .avx512 = true};
  struct kernel k = {.kind = KERNEL_CONTRACTION};
  k.contraction = (struct contraction){.loop_count = 1,
                                       .loop = {{4, true}},
                                       .m = {24, false},
                                       .n = {82, false},
                                       .k = {1000, false},
                                       .a = {.stride = {24000, 1000, 0, 1}},
                                       .b = {.stride = {0, 0, 1, 82}},
                                       .c = {.stride = {24 * 82, 82, 1, 0}}};
  struct kernel_cost cost = kernel_cost(&k, &m, 3);
  ck_assert_double_eq(cost.flops, 2.0 * 12 * 24 * 82 * 1000);
  ck_assert_double_eq(cost.bytes, 4.0 * (12 * 24000 + 82 * 1000 + 12 * 24 * 82));
  double full = 12 * 24 * 6 * 1000;
  ck_assert_double_gt(cost.cycles, full);
  ck_assert_double_lt(cost.cycles, 1.02 * full);
}
END_TEST

/* Each tile goes through the weights and the gradient once, so large ones cost less, until their memory is too much.
 */
START_TEST(test_choice_of_the_tile) {
  struct machine m = machine_generic();
  struct example x = example_of(ATTENTION);
  struct function f = x.plan->train;
  for (int i = 1; i < COST_TILES; i++)
    ck_assert_double_lt(tile_cycles(&f, &m, cost_tiles[i]), tile_cycles(&f, &m, cost_tiles[i - 1]));
  f.arena_bytes = 1000;
  ck_assert_int_eq(cost_choose_tile(&f, &m), 8);
  f.arena_bytes = INT64_C(50) << 20;
  ck_assert_int_eq(cost_choose_tile(&f, &m), 2);
  double near = tile_cycles(&f, &m, 2);
  m.l2_bytes = 1024;
  ck_assert_double_gt(tile_cycles(&f, &m, 2), near);
}
END_TEST

START_TEST(test_text) {
  struct example x = example_of(RMS_NORM);
  char *text;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  kernel_print(&x.plan->forward, out);
  fclose(out);
  ck_assert_str_eq(text, "function forward: arena 0 bytes, 0 live at most\n"
                         "\n"
                         "loop [n*5, 12] vector 1 pass axis 1, passes 2\n"
                         "  @0 f32 io0+0 {12, 1}\n"
                         "  @1 f32 io1+0 {12, 1}\n"
                         "  @2 f32 io2+0 {12, 1}\n"
                         "  v0 = load @0 : f32\n"
                         "  v1 = load @1 : f32\n"
                         "  v2 = add v0, v1 : f32\n"
                         "  v3 = mul v2, v2 : f32\n"
                         "  v4 = reduce.sum v3 : f32 row\n"
                         "  v5 = 0.0625 : f32 row pass -1\n"
                         "  v6 = mul v4, v5 : f32 row\n"
                         "  v7 = sqrt v6 : f32 row\n"
                         "  v8 = 1 : f32 row pass -1\n"
                         "  v9 = div v8, v7 : f32 row\n"
                         "  v10 = mul v2, v9 : f32 pass 1\n"
                         "  @2 = v10\n");
  free(text);
}
END_TEST

/* ---- random contractions ---- */

/* Labels of an operand or the result, in random order. */
static int shuffled(uint64_t *state, uint32_t labels, int8_t *out) {
  int count = 0;
  for (int i = 0; i < 8; i++) {
    if (!(labels >> i & 1)) continue;
    int at = random_below(state, count + 1);
    out[count++] = out[at];
    out[at] = (int8_t)i;
  }
  return count;
}

static struct node *random_operand(struct graph *g, uint64_t *state, const char *name, const int8_t *labels, int rank,
                                   const int64_t *extent) {
  static const enum role roles[] = {ROLE_PARAM, ROLE_INPUT, ROLE_BUFFER, ROLE_INPUT};
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){name, roles[random_below(state, 4)], {.dtype = DTYPE_F32, .rank = rank}};
  for (int i = 0; i < rank; i++) s->type.extent[i] = extent[labels[i]];
  return graph_leaf(g, s, s->type);
}

/* Two labels of each kind (outer, m, n, k), each there or not, of extents around the width of a panel. */
static struct graph *random_contraction(uint64_t seed) {
  static const int64_t sizes[] = {1, 2, 3, 5, 16, 31, 32, 33, 64};
  uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  int8_t left[GRAPH_MAX_RANK], right[GRAPH_MAX_RANK], kept[GRAPH_MAX_RANK];
  int64_t extent[8];
  uint32_t present = 0;
  int64_t products = 1, most = 1 << 15;
  for (int i = 0; i < 8; i++) {
    extent[i] = sizes[random_below(&state, i % 2 ? 4 : 9)];
    if (random_below(&state, 4) == 0 || products * extent[i] > most) continue;
    present |= UINT32_C(1) << i;
    products *= extent[i];
  }
  struct graph *g = graph_new(arena, "contraction");
  uint32_t outer = 0x03, m = 0x0c, n = 0x30, k = 0xc0;
  int left_rank = shuffled(&state, present & (outer | m | k), left);
  int right_rank = shuffled(&state, present & (outer | n | k), right);
  struct node *x = random_operand(g, &state, "x", left, left_rank, extent);
  struct node *y = random_operand(g, &state, "y", right, right_rank, extent);
  int rank = shuffled(&state, present & (outer | m | n), kept);
  struct node *z = graph_contract_ids(g, left, right, kept, rank, x, y);
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){"out", ROLE_OUTPUT, z->type};
  graph_store(g, s, z);
  struct node *square = graph_map2(g, SCALAR_MUL, z, z);
  graph_loss(g, rank ? graph_reduce(g, REDUCE_SUM, (UINT32_C(1) << rank) - 1, square) : square);
  return g;
}

START_TEST(test_random_contractions) {
  for (int i = 0; i < 8; i++) {
    struct graph *batched = pass_batch(random_contraction((uint64_t)(_i * 8 + i)));
    struct example x = {.forward = pass_simplify(without_loss(batched))};
    x.train = pass_simplify(pass_grad(pass_horizon(batched)));
    x.program = program_of_graphs(arena, x.forward, x.train);
    int count;
    struct evaluate_input *inputs = inputs_of(x.program, &count);
    double difference = plan_difference(arena, x.forward, x.train, inputs, count, TILE);
    ck_assert_msg(difference < 1e-3, "contraction %d: plan and evaluator differ by %g", _i * 8 + i, difference);
  }
}
END_TEST

/* ---- random programs ---- */

static double random_difference(uint64_t seed, int steps, bool smooth) {
  struct arena *a = arena_new();
  struct random_program p = random_program(a, seed, steps, smooth);
  struct graph *batched = pass_batch(p.graph);
  struct graph *forward = pass_simplify(batched), *train = pass_simplify(pass_grad(pass_horizon(batched)));
  struct evaluate_input *inputs = random_inputs(a, seed, &p, TILE);
  for (int i = 0; i < p.symbol_count; i++) {
    bool is_weight = p.symbols[i]->role == ROLE_PARAM || p.symbols[i]->role == ROLE_BUFFER;
    int64_t count = type_elements(&p.symbols[i]->type) * (is_weight ? 1 : TILE);
    double *values = random_values(a, seed, p.symbols[i], TILE);
    for (int64_t j = 0; j < count; j++) values[j] = (float)values[j];
    inputs[i].values = values;
  }
  double difference = plan_difference(a, forward, train, inputs, p.symbol_count, TILE);
  arena_free(a);
  return difference;
}

START_TEST(test_random_programs) {
  for (int i = 0; i < 100; i++) {
    uint64_t seed = (uint64_t)(_i * 100 + i);
    double difference = random_difference(seed, 8 + 6 * _i, _i % 2 == 0);
    ck_assert_msg(difference < 2e-4, "seed %d: plan and evaluator differ by %g", (int)seed, difference);
  }
}
END_TEST

static TCase *new_case(Suite *s, const char *name) {
  TCase *c = tcase_create(name);
  tcase_add_checked_fixture(c, setup, teardown);
  suite_add_tcase(s, c);
  return c;
}

int main(void) {
  Suite *s = suite_create("plan");
  TCase *loops = new_case(s, "loops");
  tcase_add_test(loops, test_norm_is_one_loop);
  tcase_add_test(loops, test_softmax_is_one_loop);
  tcase_add_test(loops, test_vertical_reduction);
  tcase_add_test(loops, test_elementwise_collapses);
  tcase_add_test(loops, test_two_reductions);
  TCase *contractions = new_case(s, "contractions");
  tcase_add_test(contractions, test_linear_copies_nothing);
  tcase_add_test(contractions, test_gradient_of_weight_accumulates_in_place);
  tcase_add_test(contractions, test_activation_of_large_gradient_lies_in_panels);
  tcase_add_test(contractions, test_equal_kernels_have_equal_text);
  tcase_add_test(contractions, test_mlp_over_positions_copies_nothing);
  tcase_add_test(contractions, test_degenerate_contractions_are_loops);
  tcase_add_test(contractions, test_other_dtypes);
  TCase *pieces = new_case(s, "pieces of models");
  tcase_add_test(pieces, test_rotary_halves);
  tcase_add_test(pieces, test_attention);
  tcase_add_test(pieces, test_swiglu);
  tcase_add_test(pieces, test_embedding);
  TCase *states = new_case(s, "repeats and states");
  tcase_add_test(states, test_carry_is_overwritten_in_place);
  tcase_add_test(states, test_carries_change_places);
  tcase_add_test(states, test_invariants_leave_the_repeat);
  tcase_add_test(states, test_states);
  tcase_add_test(states, test_state_is_written_directly);
  TCase *views = new_case(s, "views");
  tcase_add_test(views, test_strides_of_views);
  tcase_add_test(views, test_reshapes);
  tcase_add_test(views, test_reshape_of_a_transposed_input_copies);
  tcase_add_test(views, test_pads_and_strides);
  TCase *memory = new_case(s, "memory and text");
  tcase_add_test(memory, test_prepare_is_shared);
  tcase_add_test(memory, test_derivatives_are_recomputed);
  tcase_add_test(memory, test_memory_is_reused);
  tcase_add_test(memory, test_cost_of_a_contraction);
  tcase_add_test(memory, test_choice_of_the_tile);
  tcase_add_test(memory, test_text);
  TCase *programs = new_case(s, "random programs");
  tcase_set_timeout(programs, 120);
  tcase_add_loop_test(programs, test_random_contractions, 0, 6);
  tcase_add_loop_test(programs, test_random_programs, 0, 6);
  SRunner *runner = srunner_create(s);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

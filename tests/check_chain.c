/* Attention in several spellings becomes a chain, forward and backward, and computes what the plain evaluator does:
 * 3 heads of 32, 37 positions, 5 examples; whole heads and blocks of rows that do not divide them.  Then graphs whose
 * operands have other users or lie far apart. */
#include "compiler/graph_text.h"
#include "compiler/passes.h"
#include "compiler/rebuild.h"
#include "tests/emit_harness.h"
#include "tests/plan_harness.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 5 };

static struct arena *arena;

/* What stands between the scores, %10, and the weights, %39, both [3, 37, 37] with the keys last. */
static const struct {
  const char *name, *text;
} spellings[] = {
    {"softmax", "%20 = reduce.max {2} %10 : f32[3, 37]\n"
                "%21 = detach %20 : f32[3, 37]\n"
                "%22 = broadcast {0, 1} %21 : f32[3, 37, 37]\n"
                "%23 = map.sub %10, %22 : f32[3, 37, 37]\n"
                "%24 = map.exp %23 : f32[3, 37, 37]\n"
                "%25 = reduce.sum {2} %24 : f32[3, 37]\n"
                "%26 = broadcast {0, 1} %25 : f32[3, 37, 37]\n"
                "%39 = map.div %24, %26 : f32[3, 37, 37]\n"},
    {"causal softmax", "%11 = iota : i32[37]\n"
                       "%12 = broadcast {2} %11 : i32[3, 37, 37]\n"
                       "%13 = broadcast {1} %11 : i32[3, 37, 37]\n"
                       "%14 = map.le %12, %13 : f32[3, 37, 37]\n"
                       "%15 = const -1000000000 : f32[]\n"
                       "%16 = broadcast {} %15 : f32[3, 37, 37]\n"
                       "%17 = map.select %14, %10, %16 : f32[3, 37, 37]\n"
                       "%20 = reduce.max {2} %17 : f32[3, 37]\n"
                       "%21 = detach %20 : f32[3, 37]\n"
                       "%22 = broadcast {0, 1} %21 : f32[3, 37, 37]\n"
                       "%23 = map.sub %17, %22 : f32[3, 37, 37]\n"
                       "%24 = map.exp %23 : f32[3, 37, 37]\n"
                       "%25 = reduce.sum {2} %24 : f32[3, 37]\n"
                       "%26 = broadcast {0, 1} %25 : f32[3, 37, 37]\n"
                       "%39 = map.div %24, %26 : f32[3, 37, 37]\n"},
    {"a slope for each head", "%11 = iota : i32[3]\n"
                              "%12 = map.cast %11 : f32[3]\n"
                              "%13 = broadcast {0} %12 : f32[3, 37, 37]\n"
                              "%14 = map.mul %10, %13 : f32[3, 37, 37]\n"
                              "%39 = map.sigmoid %14 : f32[3, 37, 37]\n"},
    {"gated by rows", "%11 = leaf gate : f32[3, 37]\n"
                      "%12 = map.sigmoid %11 : f32[3, 37]\n"
                      "%13 = broadcast {0, 1} %12 : f32[3, 37, 37]\n"
                      "%14 = map.sigmoid %10 : f32[3, 37, 37]\n"
                      "%39 = map.mul %14, %13 : f32[3, 37, 37]\n"},
    {"normalised over queries", "%24 = map.exp %10 : f32[3, 37, 37]\n"
                                "%25 = reduce.sum {1} %24 : f32[3, 37]\n"
                                "%26 = broadcast {0, 2} %25 : f32[3, 37, 37]\n"
                                "%39 = map.div %24, %26 : f32[3, 37, 37]\n"},
};
enum { SPELLINGS = sizeof spellings / sizeof *spellings };

static struct graph *attention(int spelling) {
  const char *error = NULL, *text = arena_printf(arena,
                                                 "graph attention\n"
                                                 "symbol input q f32[37, 3, 32]\n"
                                                 "symbol input gate f32[3, 37]\n"
                                                 "symbol param scale f32[32]\n"
                                                 "symbol input k f32[37, 3, 32]\n"
                                                 "symbol input v f32[3, 37, 32]\n"
                                                 "symbol output out f32[37, 3, 32]\n"
                                                 "%%0 = leaf q : f32[37, 3, 32]\n"
                                                 "%%1 = leaf scale : f32[32]\n"
                                                 "%%2 = broadcast {2} %%1 : f32[37, 3, 32]\n"
                                                 "%%3 = map.mul %%0, %%2 : f32[37, 3, 32]\n"
                                                 "%%4 = leaf k : f32[37, 3, 32]\n"
                                                 "%%5 = map.mul %%4, %%2 : f32[37, 3, 32]\n"
                                                 "%%6 = leaf v : f32[3, 37, 32]\n"
                                                 "%%7 = broadcast {2} %%1 : f32[3, 37, 32]\n"
                                                 "%%8 = map.mul %%6, %%7 : f32[3, 37, 32]\n"
                                                 "%%10 = contract \"ihd,jhd->hij\" %%3, %%5 : f32[3, 37, 37]\n"
                                                 "%s"
                                                 "%%40 = contract \"hij,hjd->ihd\" %%39, %%8 : f32[37, 3, 32]\n"
                                                 "%%41 = map.mul %%40, %%40 : f32[37, 3, 32]\n"
                                                 "%%42 = reduce.sum {0, 1, 2} %%41 : f32[]\n"
                                                 "loss %%42\n"
                                                 "store out %%40\n"
                                                 "end\n",
                                                 spellings[spelling].text);
  struct graph *g = graph_read(arena, text, &error);
  ck_assert_msg(g != NULL, "%s: %s", spellings[spelling].name, error);
  return g;
}

#define LOSS_OF_40(type, axes)                                                                                       \
  "%41 = map.mul %40, %40 : f32[" type "]\n%42 = reduce.sum {" axes "} %41 : f32[]\nloss %42\nstore out %40\nend\n"

/* Whole graphs. */
static const char *const others[] = {
    /* queries, keys and values are one node */
    "graph alike\n"
    "symbol input x f32[37, 3, 32]\n"
    "symbol param scale f32[32]\n"
    "symbol output out f32[37, 3, 32]\n"
    "%0 = leaf x : f32[37, 3, 32]\n"
    "%1 = leaf scale : f32[32]\n"
    "%2 = broadcast {2} %1 : f32[37, 3, 32]\n"
    "%3 = map.mul %0, %2 : f32[37, 3, 32]\n"
    "%10 = contract \"ihd,jhd->hij\" %3, %3 : f32[3, 37, 37]\n"
    "%11 = map.sigmoid %10 : f32[3, 37, 37]\n"
    "%40 = contract \"hij,jhd->ihd\" %11, %3 : f32[37, 3, 32]\n" LOSS_OF_40("37, 3, 32", "0, 1, 2"),
    /* the keys of one chain are the queries of another and an output; the second reads what the first computes */
    "graph twice\n"
    "symbol input q f32[37, 3, 32]\n"
    "symbol input k f32[37, 3, 32]\n"
    "symbol param scale f32[32]\n"
    "symbol output kept f32[37, 3, 32]\n"
    "symbol output out f32[37, 3, 32]\n"
    "%0 = leaf q : f32[37, 3, 32]\n"
    "%1 = leaf scale : f32[32]\n"
    "%2 = broadcast {2} %1 : f32[37, 3, 32]\n"
    "%3 = map.mul %0, %2 : f32[37, 3, 32]\n"
    "%4 = leaf k : f32[37, 3, 32]\n"
    "%5 = map.mul %4, %2 : f32[37, 3, 32]\n"
    "%10 = contract \"ihd,jhd->hij\" %3, %5 : f32[3, 37, 37]\n"
    "%11 = map.sigmoid %10 : f32[3, 37, 37]\n"
    "%20 = contract \"hij,jhd->ihd\" %11, %5 : f32[37, 3, 32]\n"
    "%21 = map.tanh %20 : f32[37, 3, 32]\n"
    "%22 = contract \"ihd,jhd->hij\" %5, %21 : f32[3, 37, 37]\n"
    "%23 = map.sigmoid %22 : f32[3, 37, 37]\n"
    "%40 = contract \"hij,jhd->ihd\" %23, %3 : f32[37, 3, 32]\n"
    "store kept %5\n" LOSS_OF_40("37, 3, 32", "0, 1, 2"),
    /* grouped queries: the keys and values of a head are those of three queries */
    "graph grouped\n"
    "symbol input q f32[37, 2, 3, 32]\n"
    "symbol input k f32[37, 2, 32]\n"
    "symbol param scale f32[32]\n"
    "symbol output out f32[37, 2, 3, 32]\n"
    "%0 = leaf q : f32[37, 2, 3, 32]\n"
    "%1 = leaf scale : f32[32]\n"
    "%2 = broadcast {3} %1 : f32[37, 2, 3, 32]\n"
    "%3 = map.mul %0, %2 : f32[37, 2, 3, 32]\n"
    "%4 = leaf k : f32[37, 2, 32]\n"
    "%5 = broadcast {2} %1 : f32[37, 2, 32]\n"
    "%6 = map.mul %4, %5 : f32[37, 2, 32]\n"
    "%7 = broadcast {0, 1, 3} %6 : f32[37, 2, 3, 32]\n"
    "%10 = contract \"ighd,jghd->ghij\" %3, %7 : f32[2, 3, 37, 37]\n"
    "%11 = map.sigmoid %10 : f32[2, 3, 37, 37]\n"
    "%40 = contract \"ghij,jghd->ighd\" %11, %7 : f32[37, 2, 3, 32]\n" LOSS_OF_40("37, 2, 3, 32", "0, 1, 2, 3"),
    /* a row of all heads fills a page */
    "graph far\n"
    "symbol input q f32[37, 32, 32]\n"
    "symbol input k f32[37, 32, 32]\n"
    "symbol input v f32[37, 32, 32]\n"
    "symbol param scale f32[32]\n"
    "symbol output out f32[37, 32, 32]\n"
    "%0 = leaf q : f32[37, 32, 32]\n"
    "%1 = leaf scale : f32[32]\n"
    "%2 = broadcast {2} %1 : f32[37, 32, 32]\n"
    "%3 = map.mul %0, %2 : f32[37, 32, 32]\n"
    "%4 = leaf k : f32[37, 32, 32]\n"
    "%5 = leaf v : f32[37, 32, 32]\n"
    "%10 = contract \"ihd,jhd->hij\" %3, %4 : f32[32, 37, 37]\n"
    "%11 = map.sigmoid %10 : f32[32, 37, 37]\n"
    "%40 = contract \"hij,jhd->ihd\" %11, %5 : f32[37, 32, 32]\n" LOSS_OF_40("37, 32, 32", "0, 1, 2"),
};
enum { OTHERS = sizeof others / sizeof *others, FAR = OTHERS - 1 };

static struct graph *other(int number) {
  const char *error = NULL;
  struct graph *g = graph_read(arena, others[number], &error);
  ck_assert_msg(g != NULL, "%s", error);
  return g;
}

struct example {
  struct graph *forward, *train;
  struct program *program;
  struct plan *plan;
  struct evaluate_input *inputs;
  int input_count;
  double tolerance;
};

static struct graph *without_loss(const struct graph *g) {
  struct rebuild r = rebuild_new(g);
  for (int i = 0; i < g->top->count; i++)
    if (g->top->nodes[i]->op != OP_LOSS) rebuild_node(&r, g->top->nodes[i]);
  return r.to;
}

static void add_input(struct example *x, const struct symbol *s, int64_t examples) {
  double *values = random_values(arena, 7, s, EXAMPLES);
  for (int64_t i = 0; i < type_elements(&s->type) * examples; i++) values[i] = (float)values[i];
  x->inputs[x->input_count++] = (struct evaluate_input){s->name, values};
}

/* Caches in which whole heads have room, ten rows of training, and none. */
enum { CACHES = 3, TEN_ROWS = 4 * 48 * 4 * 2 * 10 };
static const int64_t caches[CACHES] = {1 << 20, TEN_ROWS, 1};

/* Pairs: bf16 on a machine that multiplies them. */
enum precision { F32, BF16, PAIRS, PRECISIONS };

static struct example example_in(enum precision precision, struct graph *g, int64_t l2_bytes) {
  struct graph *batched = pass_batch(g);
  struct example x = {.forward = pass_simplify(without_loss(batched)), .tolerance = precision ? 0x1p-7 : 2e-4};
  struct machine machine = machine_generic();
  machine.l2_bytes = l2_bytes;
  machine.bf16 = precision == PAIRS;
  x.train = pass_recompute(pass_simplify(pass_grad(pass_horizon(batched))));
  if (precision) x.forward = pass_precision(x.forward), x.train = pass_precision(x.train);
  ck_assert_ptr_null(graph_verify(arena, x.train));
  x.program = program_of_graphs(arena, x.forward, x.train);
  x.plan = plan_program(arena, x.program, &(struct program_graphs){x.forward, x.train, NULL}, &machine, EXAMPLES);
  x.inputs = arena_new_array(arena, struct evaluate_input, 8);
  for (int i = 0; i < x.program->weight_count; i++) add_input(&x, x.program->weights[i]->symbol, 1);
  for (int i = 0; i < x.program->tensor_count; i++) add_input(&x, x.program->tensors[i].symbol, EXAMPLES);
  return x;
}

static struct example example_of_graph(struct graph *g, int64_t l2_bytes) { return example_in(F32, g, l2_bytes); }

static struct example example_of(int spelling, int64_t l2_bytes) {
  return example_of_graph(attention(spelling), l2_bytes);
}

/* ---- shape ---- */

static int count_chains(const struct function *f, int contractions) {
  int found = 0;
  for (int i = 0; i < f->count; i++) {
    const struct step *s = &f->steps[i];
    int inside = 0;
    for (int k = 0; s->kind == STEP_CHAIN && k < s->chain.count; k++)
      inside += s->chain.steps[k].kernel->kind == KERNEL_CONTRACTION;
    found += s->kind == STEP_CHAIN && inside == contractions;
  }
  return found;
}

/* The largest number of elements that some kernel outside of chains goes over, for one example. */
static int64_t largest_outside(const struct function *f) {
  int64_t largest = 0;
  for (int i = 0; i < f->count; i++) {
    const struct step *s = &f->steps[i];
    int64_t size = 1;
    if (s->kind != STEP_KERNEL || s->kernel->kind != KERNEL_LOOP) continue;
    for (int k = 0; k < s->kernel->loop.rank; k++) size *= s->kernel->loop.extent[k].count;
    if (size > largest) largest = size;
  }
  return largest;
}

/* Forward: scores, weights, what they mix.  Backward: the scores again, three gradients, and that of the weights. */
START_TEST(test_one_chain_each_way) {
  const char *name = spellings[_i % SPELLINGS].name;
  struct example x = example_in((enum precision)(_i / SPELLINGS), attention(_i % SPELLINGS), 1 << 20);
  ck_assert_msg(count_chains(&x.plan->forward, 2) == 1, "%s: no chain forward", name);
  ck_assert_msg(count_chains(&x.plan->train, 2) == 1, "%s: no chain in training", name);
  ck_assert_msg(count_chains(&x.plan->train, 5) == 1, "%s: no chain backward", name);
  ck_assert_int_lt(largest_outside(&x.plan->train), 3 * 37 * 37);
}
END_TEST

static const struct contraction *first_in_chain(const struct function *f) {
  for (int i = 0; i < f->count; i++)
    if (f->steps[i].kind == STEP_CHAIN) return &f->steps[i].chain.steps[0].kernel->contraction;
  ck_abort_msg("no chain");
}

/* The graph has the heads of queries and keys within the rows; the memory has the rows of a head side by side. */
START_TEST(test_rows_of_a_head) {
  struct example x = example_of(0, 1 << 20);
  const struct contraction *scores = first_in_chain(&x.plan->forward);
  ck_assert_int_eq(scores->a.stride[scores->loop_count], 32);
}
END_TEST

/* Where fewer than all rows fit: blocks of one panel, 8 rows, and what is left. */
START_TEST(test_blocks_of_rows) {
  static const int64_t rows[] = {8, 5};
  struct example x = example_of(0, TEN_ROWS);
  const struct function *f = &x.plan->train;
  int chains = 0;
  for (int i = 0; i < f->count; i++) {
    if (f->steps[i].kind != STEP_CHAIN) continue;
    const struct contraction *scores = &f->steps[i].chain.steps[0].kernel->contraction;
    ck_assert_int_eq(scores->n.count, rows[chains++ % 2]);
  }
  ck_assert_int_eq(chains, 4); /* two each way */
  ck_assert_int_eq(count_chains(f, 5), 2);
}
END_TEST

/* Rows a page apart are copied together for blocks, which go through them again and again; once for the blocks of a
 * panel and once for the rest. */
START_TEST(test_far_rows) {
  struct example whole = example_of_graph(other(FAR), caches[0]), blocks = example_of_graph(other(FAR), TEN_ROWS);
  ck_assert_int_gt(count_copies(&blocks.plan->forward), 2 * count_copies(&whole.plan->forward));
}
END_TEST

/* ---- values ---- */

struct code {
  const struct loaded_code *loaded;
  int members; /* of the team that runs it */
};

static void run_code(void *context, const struct plan *plan, const struct function *f, int64_t n, char *weights,
                     char *shared, char *memory, char *gradients, char *const *tensors) {
  const struct code *code = context;
  const struct hrm_tile tile = {.n = n,
                                .weights = weights,
                                .shared = shared,
                                .arena = memory,
                                .gradients = gradients,
                                .tensors = (void *const *)tensors,
                                .local = memory + f->arena_bytes};
  harness_run(code->loaded, plan, f, &tile, code->members);
}

static double difference(const struct example *x, struct code *code, bool train, int64_t n) {
  const struct graph *g = train ? x->train : x->forward;
  const struct function *f = train ? &x->plan->train : &x->plan->forward;
  struct evaluation wanted = evaluate(arena, g, x->inputs, x->input_count, n), got;
  got = code ? run_plan_with(arena, x->program, x->plan, f, g, x->inputs, x->input_count, n, run_code, code)
             : run_plan(arena, x->program, x->plan, f, g, x->inputs, x->input_count, n);
  wanted.loss = got.loss = 0;
  return evaluate_difference(&wanted, &got);
}

static void expect_right(const struct example *x, struct code *code, const char *how) {
  for (int64_t n = 1; n <= EXAMPLES; n += EXAMPLES - 1)
    for (int train = 0; train < 2; train++) {
      double d = difference(x, code, train, n);
      ck_assert_msg(d < x->tolerance, "%s, %d examples, %s: differs by %g", how, (int)n, train ? "train" : "forward",
                    d);
    }
}

static void check_code(const struct example *x, const char *cpu) {
  struct harness_code generated = harness_load(arena, x->plan, cpu);
  for (int members = 1; members <= 8; members = 2 * members + (cpu != NULL))
    expect_right(x, &(struct code){&generated.loaded, members}, cpu ? cpu : "native");
  harness_close(&generated);
}

static void check_values(const struct example *x) {
  expect_right(x, NULL, "interpreter");
  for (int i = 0; i < HARNESS_CPUS; i++)
    if (harness_runs(harness_cpus[i])) check_code(x, harness_cpus[i]);
}

START_TEST(test_values) {
  struct example x = example_of(_i % SPELLINGS, caches[_i / SPELLINGS]);
  check_values(&x);
}
END_TEST

/* The order of sums differs, so a result may be rounded to either of two bf16. */
START_TEST(test_values_in_bf16) {
  struct example x = example_in(_i % 2 ? PAIRS : BF16, attention(_i / 2), TEN_ROWS);
  check_code(&x, NULL);
}
END_TEST

START_TEST(test_values_of_others) {
  struct example x = example_of_graph(other(_i), TEN_ROWS);
  check_values(&x);
}
END_TEST

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

int main(void) {
  Suite *s = suite_create("chain");
  TCase *t = suite_case(s, "attention", setup, teardown);
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, test_one_chain_each_way, 0, PRECISIONS * SPELLINGS);
  tcase_add_test(t, test_rows_of_a_head);
  tcase_add_test(t, test_blocks_of_rows);
  tcase_add_test(t, test_far_rows);
  tcase_add_loop_test(t, test_values, 0, CACHES * SPELLINGS);
  tcase_add_loop_test(t, test_values_in_bf16, 0, 2 * SPELLINGS);
  tcase_add_loop_test(t, test_values_of_others, 0, OTHERS);
  return suite_run(s);
}

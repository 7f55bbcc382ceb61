/* The planner on random contractions and programs, whose plans are run by the kernel interpreter against the plain
 * evaluator. */
#include "compiler/passes.h"
#include "tests/plan_example.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

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

/* Two labels of each kind (outer, m, n, k), each there or not, of extents around the width of a panel.  bf16: bit 0
 * the left, bit 1 the right operand; 7: the result, too. */
static struct graph *random_contraction(uint64_t seed, int bf16) {
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
  if (bf16 >> 0 & 1) x = graph_cast(g, DTYPE_BF16, x);
  if (bf16 >> 1 & 1) y = graph_cast(g, DTYPE_BF16, y);
  struct node *z = graph_contract_as(g, bf16 == 7 ? DTYPE_BF16 : DTYPE_F32, left, right, kept, rank, x, y);
  z = graph_cast(g, DTYPE_F32, z);
  struct symbol *s = arena_new_object(arena, struct symbol);
  *s = (struct symbol){"out", ROLE_OUTPUT, z->type};
  graph_store(g, s, z);
  struct node *square = graph_map2(g, SCALAR_MUL, z, z);
  graph_loss(g, rank ? graph_reduce(g, REDUCE_SUM, (UINT32_C(1) << rank) - 1, square) : square);
  return g;
}

START_TEST(test_random_contractions) {
  for (int i = 0; i < 8; i++) {
    struct example x = example_of_graph(arena, random_contraction((uint64_t)(_i * 8 + i), 0));
    double difference = example_difference(arena, &x);
    ck_assert_msg(difference < 1e-3, "contraction %d: plan and evaluator differ by %g", _i * 8 + i, difference);
  }
}
END_TEST

/* No gradient: one of a rounded value is not what models have (passes.h). */
static struct example example_of_bf16(uint64_t seed, int bf16, bool pairs) {
  struct machine machine = machine_generic();
  struct example x = {.forward = pass_simplify(pass_batch(random_contraction(seed, bf16)))};
  machine.vector_bytes = 64;
  machine.bf16 = pairs;
  x.train = x.forward;
  x.program = program_of_graphs(arena, x.forward, x.train);
  const struct program_graphs graphs = {x.forward, x.train, NULL};
  x.plan = plan_program(arena, x.program, &graphs, &machine, EXAMPLE_TILE);
  return x;
}

/* In pairs and as f32 rounded to bf16.  A result that lies between two bf16 may be rounded to either: one in 128. */
START_TEST(test_random_contractions_of_bf16) {
  static const int bf16[] = {1, 2, 3, 7};
  for (int i = 0; i < 8; i++) {
    struct example x = example_of_bf16((uint64_t)(_i * 4 + i / 2), bf16[i / 2], i % 2);
    double difference = example_difference(arena, &x), allowed = bf16[i / 2] == 7 ? 0x1p-7 : 1e-5;
    ck_assert_msg(difference < allowed, "contraction %d of bf16 (%d)%s: plan and evaluator differ by %g",
                  _i * 4 + i / 2, bf16[i / 2], i % 2 ? " in pairs" : "", difference);
  }
}
END_TEST

/* ---- random programs ---- */

static double random_difference(uint64_t seed, int steps, bool smooth) {
  struct arena *a = arena_new();
  struct random_program p = random_program(a, seed, steps, smooth);
  struct graph *batched = pass_batch(p.graph);
  struct graph *forward = pass_simplify(batched), *train = pass_simplify(pass_grad(pass_horizon(batched)));
  struct evaluate_input *inputs = random_inputs(a, seed, &p, EXAMPLE_TILE);
  for (int i = 0; i < p.symbol_count; i++) {
    bool is_weight = p.symbols[i]->role == ROLE_PARAM || p.symbols[i]->role == ROLE_BUFFER;
    int64_t count = type_elements(&p.symbols[i]->type) * (is_weight ? 1 : EXAMPLE_TILE);
    double *values = random_values(a, seed, p.symbols[i], EXAMPLE_TILE);
    for (int64_t j = 0; j < count; j++) values[j] = (float)values[j];
    inputs[i].values = values;
  }
  struct program *program = program_of_graphs(a, forward, train);
  struct machine machine = machine_generic();
  struct plan *plan =
      plan_program(a, program, &(struct program_graphs){forward, train, NULL}, &machine, EXAMPLE_TILE);
  double difference = plan_difference(a, program, plan, forward, train, inputs, p.symbol_count);
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

int main(void) {
  Suite *s = suite_create("plan_random");
  TCase *programs = suite_case(s, "random programs", setup, teardown);
  tcase_set_timeout(programs, 120);
  tcase_add_loop_test(programs, test_random_contractions, 0, 6);
  tcase_add_loop_test(programs, test_random_contractions_of_bf16, 0, 6);
  tcase_add_loop_test(programs, test_random_programs, 0, 6);
  return suite_run(s);
}

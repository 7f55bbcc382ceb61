/* The planner: what is kept, where it lies, what it costs, and how plans are printed. */
#include "compiler/cost.h"
#include "tests/plan_example.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

START_TEST(test_prepare_is_shared) {
  struct example x = expect_right(arena, "graph shared\n"
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
  struct example x = expect_right(arena, "graph again\n"
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
  struct example x = example_of(arena, arena_printf(arena, "%sstore out %%10\nend\n", text));
  ck_assert_int_eq(x.plan->forward.arena_bytes, 2 * EXAMPLE_TILE * 16 * 32 * 4);
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
  struct example x = example_of(arena, attention_text);
  struct function f = x.plan->train;
  for (int i = 1; i < COST_TILES; i++)
    ck_assert_double_lt(tile_cycles(&f, &m, cost_tiles[i]), tile_cycles(&f, &m, cost_tiles[i - 1]));
  f.arena_bytes = 1000;
  ck_assert_int_eq(cost_choose_tile(&f, &m, 0), 8);
  for (int i = 0; i < COST_TILES; i++) { /* a former one stays where it is about as cheap */
    bool is_near = tile_cycles(&f, &m, cost_tiles[i]) < 1.05 * tile_cycles(&f, &m, 8);
    ck_assert_int_eq(cost_choose_tile(&f, &m, cost_tiles[i]), is_near ? cost_tiles[i] : 8);
  }
  ck_assert_double_lt(tile_cycles(&f, &m, 8), 0.95 * tile_cycles(&f, &m, 1)); /* both are among them */
  f.arena_bytes = INT64_C(50) << 20;
  ck_assert_int_eq(cost_choose_tile(&f, &m, 0), 2);
  ck_assert_int_eq(cost_choose_tile(&f, &m, 8), 2);
  double near = tile_cycles(&f, &m, 2);
  m.l2_bytes = 1024;
  ck_assert_double_gt(tile_cycles(&f, &m, 2), near);
}
END_TEST

/* Weights that every tile goes through cost less in large ones, but a tile of two is within 3% of the cheapest. */
START_TEST(test_small_tile) {
  struct machine m = machine_generic();
  struct kernel k = {.kind = KERNEL_CONTRACTION};
  struct step step = {.kind = STEP_KERNEL, .kernel = &k};
  const struct function f = {.steps = &step, .count = 1};
  k.contraction = (struct contraction){.loop_count = 1,
                                       .loop = {{4, true}},
                                       .m = {12, false},
                                       .n = {82, false},
                                       .k = {1000, false},
                                       .a = {.stride = {12000, 1000, 0, 1}},
                                       .b = {.space = SPACE_SHARED, .stride = {0, 0, 1, 82}},
                                       .c = {.stride = {12 * 82, 82, 1, 0}}};
  m.l2_bytes = INT64_C(1) << 30;
  double least = tile_cycles(&f, &m, 8);
  ck_assert(tile_cycles(&f, &m, 4) > least && tile_cycles(&f, &m, 2) < 1.03 * least);
  ck_assert_double_gt(tile_cycles(&f, &m, 1), 1.03 * least);
  ck_assert_int_eq(cost_choose_tile(&f, &m, 0), 2);
}
END_TEST

START_TEST(test_text) {
  struct example x = example_of(arena, rms_norm_text);
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

int main(void) {
  Suite *s = suite_create("plan_memory");
  TCase *memory = suite_case(s, "memory and text", setup, teardown);
  tcase_add_test(memory, test_prepare_is_shared);
  tcase_add_test(memory, test_derivatives_are_recomputed);
  tcase_add_test(memory, test_memory_is_reused);
  tcase_add_test(memory, test_cost_of_a_contraction);
  tcase_add_test(memory, test_choice_of_the_tile);
  tcase_add_test(memory, test_small_tile);
  tcase_add_test(memory, test_text);
  return suite_run(s);
}

/* The function `trace`: stopped after each step, it shows the states as they are there, and decodes them. */
#include "tests/model_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

/* Each model's `a` counts its own steps, and its last output shows the state. */
#define MODEL(members)                                                                                               \
  "model M {\n"                                                                                                      \
  "  input inputs: int[2] < 4\n"                                                                                     \
  "  label labels: int[2] < 4\n"                                                                                     \
  "  param w: [4] ~ zeros\n  param v: [2, 4] ~ zeros\n" members "  loss sum(sum(logits)) * 0\n"                      \
  "  act fixed(max_segments = 2)\n"                                                                                  \
  "}\n"                                                                                                              \
  "train { optimizer adamw(lr = 0.1) }\n"

static const char nested[] = MODEL("  state a: [2, 4] = w * 0\n"
                                   "  state b: [2, 4] = w * 0\n"
                                   "  segment {\n"
                                   "    repeat 2 grad all {\n"
                                   "      repeat 3 grad all { a = a + 1 }\n"
                                   "      b = b + a\n"
                                   "    }\n"
                                   "    output logits = a * 100 + b\n"
                                   "  }\n");

/* The assignment of what a function made by steps is none itself. */
static const char in_function[] = MODEL("  state a: [2, 4] = w * 0\n"
                                        "  fn thrice(x) {\n"
                                        "    var y = x\n"
                                        "    repeat 3 grad all { y = y + 1 }\n"
                                        "    return y\n"
                                        "  }\n"
                                        "  segment {\n"
                                        "    repeat 2 grad all { a = thrice(a) }\n"
                                        "    output logits = a\n"
                                        "  }\n");

/* Layers of a plain network; what decodes them makes no steps, be it in a repeat. */
static const char layers[] = MODEL("  fn decode(x) {\n"
                                   "    var y = x\n"
                                   "    repeat 2 grad all { y = y * 2 }\n"
                                   "    return y\n"
                                   "  }\n"
                                   "  segment {\n"
                                   "    var h = v * 0\n"
                                   "    for k in [1, 2, 3] { h = h + k }\n"
                                   "    output logits = decode(h)\n"
                                   "  }\n");

static const double anew[MODEL_EXAMPLES] = {1, 1, 1};

static void open_text(struct model *m, const char *text) {
  bool opened = model_open(m, NULL, text, "", &model_paths[0]);
  if (!opened) diag_print(m->c.diags, stderr, false);
  ck_assert(opened);
  model_set(m, "reset", anew);
}

static void run_limited(struct model *m, const double *limits) {
  model_set(m, "trace_limit", limits);
  model_run(m, "trace");
}

static void expect(const struct model *m, const char *name, int example, double value) {
  const float *values = model_tensor(m, name);
  ck_assert_msg(values != NULL, "no tensor %s", name);
  for (int i = 0; i < 8; i++) ck_assert_double_eq_tol(values[8 * example + i], value, 1e-6);
}

static void expect_steps(const struct model *m, int example, double value) {
  ck_assert_double_eq(model_tensor(m, "trace_steps")[example], value);
}

START_TEST(stops_after_any_step_of_nested_repeats) {
  struct model m;
  const double limits[MODEL_EXAMPLES] = {2, 5, 100};
  const double a[] = {2, 4, 6}, b[] = {0, 3, 9}, steps[] = {2, 5, 8};
  open_text(&m, nested);
  run_limited(&m, limits);
  for (int k = 0; k < MODEL_EXAMPLES; k++) {
    expect(&m, "a", k, a[k]);
    expect(&m, "b", k, b[k]);
    expect(&m, "logits", k, 100 * a[k] + b[k]);
    expect_steps(&m, k, steps[k]);
  }
  model_close(&m);
}
END_TEST

START_TEST(no_step_leaves_the_initial_states) {
  struct model m;
  const double limits[MODEL_EXAMPLES] = {0, 0, 1};
  open_text(&m, nested);
  run_limited(&m, limits);
  expect(&m, "a", 0, 0);
  expect(&m, "a", 2, 1);
  expect_steps(&m, 1, 0);
  model_close(&m);
}
END_TEST

START_TEST(steps_of_a_function_count_once) {
  struct model m;
  const double limits[MODEL_EXAMPLES] = {1, 4, 100};
  open_text(&m, in_function);
  run_limited(&m, limits);
  expect(&m, "a", 0, 1);
  expect(&m, "logits", 1, 4);
  expect(&m, "a", 2, 6);
  expect_steps(&m, 2, 6);
  model_close(&m);
}
END_TEST

START_TEST(layers_of_a_plain_network_are_steps) {
  struct model m;
  const double limits[MODEL_EXAMPLES] = {1, 2, 100};
  open_text(&m, layers);
  run_limited(&m, limits);
  expect(&m, "trace.h", 0, 1);
  expect(&m, "trace.h", 1, 3);
  expect(&m, "logits", 1, 12);
  expect(&m, "logits", 2, 24);
  expect_steps(&m, 2, 3);
  model_close(&m);
}
END_TEST

/* Without a limit it is `forward`. */
static void same_as_forward(struct model *m, const char *name) {
  int64_t count = 0;
  for (int i = 0; i < m->c.program->tensor_count; i++)
    if (!strcmp(m->c.program->tensors[i].symbol->name, name))
      count = MODEL_EXAMPLES * type_elements(&m->c.program->tensors[i].symbol->type);
  float *forward = arena_new_array(m->c.arena, float, (size_t)count);
  ck_assert_int_gt(count, 0);
  model_run(m, "forward");
  memcpy(forward, model_tensor(m, name), (size_t)count * sizeof *forward);
  run_limited(m, (const double[MODEL_EXAMPLES]){1000, 1000, 1000});
  for (int64_t i = 0; i < count; i++) ck_assert_float_eq_tol(model_tensor(m, name)[i], forward[i], 1e-4f);
}

static const struct {
  const char *model, *state;
  int steps;
} shipped[] = {{"models/hrm", "z_H", 6},
               {"models/trm", "z_L", 21},
               {"models/levels", "z", 14},
               {"models/recurrent", "h", 0},
               {"models/transformer", "logits", 0}};

START_TEST(without_limit_it_is_forward) {
  struct model m;
  model_open_shipped(&m, shipped[_i].model,
                     "vocab_size=5 seq_len=7 num_puzzle_identifiers=3 swiglu_multiple=8 hidden_size=16 num_heads=2",
                     &model_paths[0]);
  same_as_forward(&m, shipped[_i].state);
  same_as_forward(&m, "logits");
  if (shipped[_i].steps) expect_steps(&m, 0, shipped[_i].steps);
  model_close(&m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("trace");
  TCase *cases = suite_case(suite, "steps", NULL, NULL);
  tcase_set_timeout(cases, 120);
  tcase_add_test(cases, stops_after_any_step_of_nested_repeats);
  tcase_add_test(cases, no_step_leaves_the_initial_states);
  tcase_add_test(cases, steps_of_a_function_count_once);
  tcase_add_test(cases, layers_of_a_plain_network_are_steps);
  tcase_add_loop_test(cases, without_limit_it_is_forward, 0, sizeof shipped / sizeof *shipped);
  return suite_run(suite);
}

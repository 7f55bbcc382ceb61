/* Compiled models compute what their graphs say: every output, state and gradient of the generated train and forward
 * functions equals the plain evaluator's, on random inputs, for many settings of models/hrm.hrm. */
#include "tests/model_harness.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static void compare(const struct model *m, const struct evaluate_output *x, const char *settings) {
  double largest = 1e-3, worst = model_difference(m, x);
  for (int64_t k = 0; k < x->count; k++) largest = fmax(largest, fabs(x->values[k]));
  ck_assert_msg(worst <= 1e-4 * largest, "%s: %s differs by %g of %g", settings, x->symbol->name, worst, largest);
}

static void both_functions(const char *settings, const struct model_path *path) {
  const char *top = getenv("top_srcdir");
  char file[4096];
  struct model m;
  snprintf(file, sizeof file, "%s/models/hrm.hrm", top ? top : ".");
  bool opened = model_open(&m, file, NULL, settings, path);
  diag_print(m.c.diags, stderr, false);
  ck_assert(opened);
  for (int train = 0; train < 2; train++) {
    model_run(&m, train);
    struct evaluation e = model_evaluate(&m, train ? m.c.train : m.c.forward, 0);
    ck_assert_int_gt(e.count, 5);
    for (int i = 0; i < e.count; i++) compare(&m, &e.outputs[i], settings);
  }
  model_close(&m);
}

#define TINY "vocab_size=5 seq_len=7 num_puzzle_identifiers=3 H_layers=1 L_layers=2 swiglu_multiple=8 expansion=2 "

static const char *const settings[] = {
    TINY "hidden_size=24 num_heads=3",
    TINY "hidden_size=16 num_heads=2 pos_encodings=learned loss_type=softmax puzzle_emb_ndim=0",
    TINY "hidden_size=16 num_heads=1 pos_encodings=none puzzle_emb_ndim=20 halting=halt_head",
    TINY "hidden_size=20 mlp_t=1 pos_encodings=learned H_cycles=3 L_cycles=1 halting=fixed",
    TINY "hidden_size=32 num_heads=4 H_cycles=1 L_cycles=1 loss_type=softmax",
};

enum { SETTINGS = sizeof settings / sizeof *settings };

START_TEST(compiled_equals_evaluated) { both_functions(settings[_i % SETTINGS], &model_paths[_i / SETTINGS]); }
END_TEST

int main(void) {
  Suite *suite = suite_create("compiled");
  TCase *cases = tcase_create("models");
  tcase_set_timeout(cases, 300);
  tcase_add_loop_test(cases, compiled_equals_evaluated, 0, SETTINGS * MODEL_PATHS);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

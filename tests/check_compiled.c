/* Compiled models compute what their graphs say: every output, state and gradient of the generated train, forward
 * and trace functions equals the plain evaluator's, on random inputs, for every shipped model and many settings. */
#include "tests/model_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void compare(const struct model *m, const struct evaluate_output *x, const char *settings) {
  double largest = 1e-3, worst = model_difference(m, x);
  for (int64_t k = 0; k < x->count; k++) largest = fmax(largest, fabs(x->values[k]));
  ck_assert_msg(worst <= 1e-4 * largest, "%s: %s differs by %g of %g", settings, x->symbol->name, worst, largest);
}

static double mean_of(const struct evaluate_output *x) {
  double sum = 0;
  for (int64_t k = 0; k < x->count; k++) sum += x->values[k] * x->values[k];
  return sqrt(sum / (double)x->count);
}

/* Both round at the same places, so all but a few elements, which lie at the border of two bf16, agree as f32 does;
 * what those few change stays below what rounding changes. */
static void compare_bf16(const struct model *m, const struct evaluate_output *x,
                         const struct evaluate_output *unrounded, const char *settings) {
  double sum = 0, difference = model_mean_difference(m, x), size = mean_of(x);
  for (int64_t k = 0; k < x->count; k++) sum += pow(x->values[k] - unrounded->values[k], 2);
  double rounding = sqrt(sum / (double)x->count), allowed = fmax(3e-4 * size, 0.7 * rounding) + 1e-6;
  ck_assert_msg(difference <= allowed, "%s: %s of %g differs by %g in the mean, rounding alone by %g", settings,
                x->symbol->name, size, difference, rounding);
}

static void compare_all(struct model *m, const struct evaluation *e, const struct graph *elaborated,
                        const char *settings) {
  const struct graph *before = compile_run_passes(&m->c, elaborated, "simplify");
  struct evaluation unrounded = model_evaluate(m, before, 0);
  for (int i = 0; i < e->count; i++) {
    const struct evaluate_output *x = &e->outputs[i];
    if (m->c.program->precision == DTYPE_BF16)
      compare_bf16(m, x, evaluate_find(&unrounded, x->symbol->name), settings);
    else
      compare(m, x, settings);
  }
}

static void all_functions(const char *name, const char *settings, const struct model_path *path) {
  struct model m;
  model_open_shipped(&m, name, settings, path);
  const struct graph *graphs[] = {m.c.forward, m.c.train, m.c.trace};
  const struct graph *elaborated[] = {m.c.program->forward, m.c.program->train, m.c.program->trace};
  for (int f = 0; f < 3; f++) {
    model_run(&m, graphs[f]->name);
    struct evaluation e = model_evaluate(&m, graphs[f], 0);
    ck_assert_int_gt(e.count, 3);
    compare_all(&m, &e, elaborated[f], settings);
  }
  model_close(&m);
}

#define TINY "vocab_size=5 seq_len=7 num_puzzle_identifiers=3 swiglu_multiple=8 expansion=2 "
#define TWO_LEVELS TINY "H_layers=1 L_layers=2 "
#define ATTENTION TINY "hidden_size=16 num_heads=2 "
#define MLP TINY "hidden_size=20 mlp_t=1 pos_encodings=learned puzzle_emb_ndim=0 "

static const struct {
  const char *model, *settings;
} models[] = {
    {"models/hrm", TWO_LEVELS "hidden_size=24 num_heads=3"},
    {"models/hrm", TWO_LEVELS "hidden_size=16 num_heads=2 pos_encodings=learned loss_type=softmax puzzle_emb_ndim=0"},
    {"models/hrm", TWO_LEVELS "hidden_size=16 num_heads=1 pos_encodings=none puzzle_emb_ndim=20 halting=halt_head"},
    {"models/hrm", TWO_LEVELS "hidden_size=20 mlp_t=1 pos_encodings=learned H_cycles=3 L_cycles=1 halting=fixed"},
    {"models/hrm", TWO_LEVELS "hidden_size=32 num_heads=4 H_cycles=1 L_cycles=1 loss_type=softmax"},
    {"models/trm", ATTENTION "puzzle_emb_len=3 L_layers=1 L_cycles=2"},
    {"models/trm", MLP "L_layers=2 H_cycles=2 L_cycles=3 no_ACT_continue=0"},
    {"models/transformer", ATTENTION "layers=3"},
    {"models/transformer", MLP "layers=2 norm=post"},
    {"models/universal", ATTENTION "layers=1"},
    {"models/universal", MLP "layers=2 cycles=2"},
    {"models/recurrent", ATTENTION},
    {"models/recurrent", MLP "cycles=3"},
    {"models/levels", ATTENTION "layers=1"},
    {"models/levels", MLP "layers=1 H_cycles=1 M_cycles=3"},
    {"tests/packed", ""},
    {"examples/maze/maze", "vocab_size=6 seq_len=25 hidden_size=12 layers=1"},
    {"examples/sudoku/units", "vocab_size=6 seq_len=16 hidden_size=12 layers=1"},
    {"examples/arc/arc", "vocab_size=12 seq_len=25 num_puzzle_identifiers=3 hidden_size=12 num_heads=2 layers=1"},
};

enum { MODELS = sizeof models / sizeof *models };

START_TEST(compiled_equals_evaluated) {
  const struct model_path *path = &model_paths[_i / MODELS];
  if (model_path_runs(path)) all_functions(models[_i % MODELS].model, models[_i % MODELS].settings, path);
}
END_TEST

START_TEST(compiled_equals_evaluated_in_bf16) {
  const struct model_path *path = &model_bf16_paths[_i / MODELS];
  if (model_path_runs(path)) all_functions(models[_i % MODELS].model, models[_i % MODELS].settings, path);
}
END_TEST

/* models/hrm.hrm with another horizon. */
static char *with_horizon(const char *horizon) {
  const char *top = getenv("top_srcdir"), *was = "grad last 1";
  char path[4096], *text = NULL, line[4096];
  size_t size = 0;
  snprintf(path, sizeof path, "%s/models/hrm.hrm", top ? top : ".");
  FILE *in = fopen(path, "r"), *out = open_memstream(&text, &size);
  ck_assert(in && out);
  while (fgets(line, sizeof line, in)) {
    char *at = strstr(line, was);
    if (at)
      fprintf(out, "%.*s%s%s", (int)(at - line), line, horizon, at + strlen(was));
    else
      fputs(line, out);
  }
  fclose(in);
  fclose(out);
  return text;
}

static void open_horizon(struct model *m, const char *horizon) {
  char *text = with_horizon(horizon);
  bool opened = model_open(m, NULL, text, TWO_LEVELS "hidden_size=16 num_heads=2 L_cycles=3", &model_paths[0]);
  diag_print(m->c.diags, stderr, false);
  ck_assert(opened);
  free(text);
}

/* The same gradients with and without recomputing, in double precision and as compiled; and less memory. */
START_TEST(checkpoints_change_nothing) {
  static const char *const horizons[][2] = {{"grad all", "grad all checkpoint"},
                                            {"grad last 2", "grad last 2 checkpoint"}};
  struct model kept, again;
  open_horizon(&kept, horizons[_i][0]);
  open_horizon(&again, horizons[_i][1]);
  struct evaluation x = model_evaluate(&kept, kept.c.train, 0), y = model_evaluate(&again, again.c.train, 0);
  ck_assert_int_eq(x.count, y.count);
  for (int i = 0; i < x.count; i++) {
    const struct evaluate_output *other = evaluate_find(&y, x.outputs[i].symbol->name);
    for (int64_t k = 0; k < other->count; k++)
      ck_assert_double_le(fabs(other->values[k] - x.outputs[i].values[k]), 1e-12 * fmax(1, fabs(other->values[k])));
  }
  model_run(&again, "train");
  for (int i = 0; i < y.count; i++) compare(&again, &y.outputs[i], horizons[_i][1]);
  ck_assert_int_lt(2 * again.c.plan->train.arena_bytes, kept.c.plan->train.arena_bytes);
  model_close(&kept);
  model_close(&again);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("compiled");
  TCase *cases = suite_case(suite, "models", NULL, NULL);
  tcase_set_timeout(cases, 300);
  tcase_add_loop_test(cases, compiled_equals_evaluated, 0, MODELS * MODEL_PATHS);
  tcase_add_loop_test(cases, compiled_equals_evaluated_in_bf16, 0, MODELS * MODEL_BF16_PATHS);
  tcase_add_loop_test(cases, checkpoints_change_nothing, 0, 2);
  return suite_run(suite);
}

/* The gradients of the shipped models against finite differences, in double precision.
 *
 * Where the horizon is the last trip, one cycle of each level leaves nothing outside of it, so that the one-step
 * gradient is the true one; the halt head's target (is every position right?) does not change under small steps. */
#include "tests/model_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 4 };

static double sum_of(const struct evaluation *e, const char *name) {
  const struct evaluate_output *x = evaluate_find(e, name);
  double sum = 0;
  for (int64_t i = 0; i < x->count; i++) sum += x->values[i];
  return sum;
}

static double loss(struct model *m) {
  struct evaluation e = model_evaluate(m, m->c.train, 0);
  return sum_of(&e, "lm_loss") + 0.5 * (sum_of(&e, "halt_loss") + sum_of(&e, "continue_loss"));
}

static void probe(struct model *m, const struct evaluation *exact, const struct evaluate_input *x, int64_t count) {
  const struct evaluate_output *gradient = evaluate_find(exact, x->name);
  double *values = (double *)x->values, step = 1e-5;
  ck_assert_msg(gradient != NULL && gradient->count == count, "no gradient of %s", x->name);
  for (int k = 0; k < PROBES; k++) {
    int64_t i = (int64_t)(model_uniform(m) * (double)count);
    double saved = values[i];
    values[i] = saved + step;
    double above = loss(m);
    values[i] = saved - step;
    double slope = (above - loss(m)) / (2 * step);
    values[i] = saved;
    ck_assert_msg(fabs(slope - gradient->values[i]) <= 1e-6 * fmax(1, fabs(slope)),
                  "%s[%lld]: %.9g, differences give %.9g", x->name, (long long)i, gradient->values[i], slope);
  }
}

static void check(const char *name, const char *settings) {
  struct model m;
  model_open_shipped(&m, name, settings, NULL);
  struct evaluation exact = model_evaluate(&m, m.c.train, 0);
  const struct program *p = m.c.program;
  int probed = 0;
  for (int i = 0; i < m.input_count; i++)
    for (int w = 0; w < p->weight_count; w++)
      if (!strcmp(p->weights[w]->symbol->name, m.inputs[i].name) && p->weights[w]->symbol->role == ROLE_PARAM) {
        probe(&m, &exact, &m.inputs[i], type_elements(&p->weights[w]->symbol->type));
        probed++;
      }
  ck_assert_int_gt(probed, 5);
  model_close(&m);
}

#define TINY                                                                                                         \
  "vocab_size=4 seq_len=5 num_puzzle_identifiers=2 hidden_size=8 num_heads=2 swiglu_multiple=8 expansion=1 "
#define HRM TINY "H_layers=1 L_layers=1 H_cycles=1 L_cycles=1 halting=halt_head "
#define MLP "mlp_t=1 pos_encodings=learned puzzle_emb_ndim=0 "

static const struct {
  const char *model, *settings;
} models[] = {
    {"models/hrm", HRM "pos_encodings=rope loss_type=stablemax"},
    {"models/hrm", HRM "pos_encodings=learned loss_type=softmax puzzle_emb_ndim=0"},
    {"models/hrm", HRM "mlp_t=1 pos_encodings=none loss_type=softmax"},
    {"models/trm", TINY "L_layers=1 H_cycles=1 L_cycles=2 puzzle_emb_len=2"},
    {"models/trm", TINY MLP "L_layers=2 H_cycles=1 L_cycles=3"},
    {"models/transformer", TINY "layers=2 norm=pre"},
    {"models/transformer", TINY MLP "layers=2 norm=post"},
    {"models/universal", TINY "layers=1 cycles=3"},
    {"models/universal", TINY MLP "layers=2 cycles=2"},
    {"models/recurrent", TINY "cycles=3"},
    {"models/recurrent", TINY MLP},
    {"models/levels", TINY "layers=1 H_cycles=1 M_cycles=1 L_cycles=1"},
    {"models/levels", TINY MLP "layers=1 H_cycles=1 M_cycles=1 L_cycles=1"},
    {"examples/maze/maze", "vocab_size=4 seq_len=9 hidden_size=8 layers=1 H_cycles=1 L_cycles=2"},
    {"examples/sudoku/units", "vocab_size=4 seq_len=16 hidden_size=8 layers=1 H_cycles=1 L_cycles=1"},
    {"examples/arc/arc",
     "vocab_size=4 seq_len=9 num_puzzle_identifiers=2 hidden_size=8 num_heads=2 layers=1 H_cycles=1"},
};

enum { MODELS = sizeof models / sizeof *models };

START_TEST(gradient_is_the_slope) { check(models[_i].model, models[_i].settings); }
END_TEST

int main(void) {
  Suite *suite = suite_create("model gradient");
  TCase *cases = suite_case(suite, "models", NULL, NULL);
  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, gradient_is_the_slope, 0, MODELS);
  return suite_run(suite);
}

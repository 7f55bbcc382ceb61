/* The gradient of the shipped model against finite differences, in double precision.
 *
 * With one cycle of each level nothing lies outside of the gradient horizon, so that HRM's one-step gradient is the
 * true one; the halt head's target (is every position right?) does not change under small steps. */
#include "evaluate.h"

#include "compiler/driver/compile.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 2, MOST_INPUTS = 64, PROBES = 4 };

struct run {
  struct compilation c;
  struct options options;
  struct define defines[32];
  struct evaluate_input inputs[MOST_INPUTS];
  int input_count;
  uint64_t state;
};

static double uniform(struct run *r) { /* xorshift: the same numbers everywhere */
  r->state ^= r->state << 13;
  r->state ^= r->state >> 7;
  r->state ^= r->state << 17;
  return (double)(r->state >> 11) / 0x1p53;
}

static void compile(struct run *r, const char *settings) {
  const char *top = getenv("top_srcdir");
  r->c.arena = arena_new();
  r->c.diags = diags_new(r->c.arena);
  r->c.options = &r->options;
  r->options.defines = r->defines;
  char *text = arena_strdup(r->c.arena, settings);
  for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
    char *equals = strchr(word, '=');
    *equals = '\0';
    r->defines[r->options.define_count++] = (struct define){word, equals + 1, {0}};
  }
  bool ok =
      compile_front(&r->c, arena_printf(r->c.arena, "%s/models/hrm.hrm", top ? top : ".")) && compile_graphs(&r->c);
  if (!ok) diag_print(r->c.diags, stderr, false);
  ck_assert(ok);
}

static double random_value(struct run *r, const struct symbol *s, int64_t bound) {
  switch (s->role) {
  case ROLE_INPUT:
  case ROLE_LABEL: return floor(uniform(r) * (double)bound);
  case ROLE_CONTROL: return uniform(r) < 0.5;
  case ROLE_PARAM:
  case ROLE_BUFFER: return 0.6 * uniform(r) - 0.3;
  default: return 2 * uniform(r) - 1;
  }
}

static void input(struct run *r, const struct symbol *s, int64_t bound, int64_t examples) {
  int64_t count = examples * type_elements(&s->type);
  double *values = arena_alloc(r->c.arena, sizeof *values * (size_t)count);
  for (int64_t i = 0; i < count; i++) values[i] = random_value(r, s, bound);
  ck_assert_int_lt(r->input_count, MOST_INPUTS);
  r->inputs[r->input_count++] = (struct evaluate_input){s->name, values};
}

static void random_inputs(struct run *r) {
  const struct program *p = r->c.program;
  for (int i = 0; i < p->weight_count; i++)
    if (!p->weights[i]->sparse) input(r, p->weights[i]->symbol, 0, 1);
  for (int i = 0; i < p->tensor_count; i++)
    if (p->tensors[i].symbol->role != ROLE_OUTPUT) input(r, p->tensors[i].symbol, p->tensors[i].bound, EXAMPLES);
}

static double sum_of(const struct evaluation *e, const char *name) {
  const struct evaluate_output *x = evaluate_find(e, name);
  double sum = 0;
  for (int64_t i = 0; i < x->count; i++) sum += x->values[i];
  return sum;
}

static struct evaluation run(struct run *r) {
  return evaluate(r->c.arena, r->c.train, r->inputs, r->input_count, EXAMPLES);
}

static double loss(struct run *r) {
  struct evaluation e = run(r);
  return sum_of(&e, "lm_loss") + 0.5 * (sum_of(&e, "halt_loss") + sum_of(&e, "continue_loss"));
}

static void probe(struct run *r, const struct evaluation *exact, const struct evaluate_input *x, int64_t count) {
  const struct evaluate_output *gradient = evaluate_find(exact, x->name);
  double *values = (double *)x->values, step = 1e-5;
  ck_assert_msg(gradient != NULL && gradient->count == count, "no gradient of %s", x->name);
  for (int k = 0; k < PROBES; k++) {
    int64_t i = (int64_t)(uniform(r) * (double)count);
    double saved = values[i];
    values[i] = saved + step;
    double above = loss(r);
    values[i] = saved - step;
    double slope = (above - loss(r)) / (2 * step);
    values[i] = saved;
    ck_assert_msg(fabs(slope - gradient->values[i]) <= 1e-6 * fmax(1, fabs(slope)),
                  "%s[%lld]: %.9g, differences give %.9g", x->name, (long long)i, gradient->values[i], slope);
  }
}

static void check(const char *settings) {
  static const struct run none;
  struct run r = none;
  r.state = 88172645463325252u;
  compile(&r, settings);
  random_inputs(&r);
  struct evaluation exact = run(&r);
  const struct program *p = r.c.program;
  int probed = 0;
  for (int i = 0; i < r.input_count; i++)
    for (int w = 0; w < p->weight_count; w++)
      if (!strcmp(p->weights[w]->symbol->name, r.inputs[i].name) && p->weights[w]->symbol->role == ROLE_PARAM) {
        probe(&r, &exact, &r.inputs[i], type_elements(&p->weights[w]->symbol->type));
        probed++;
      }
  ck_assert_int_gt(probed, 8);
  arena_free(r.c.arena);
}

#define TINY                                                                                                         \
  "vocab_size=4 seq_len=5 num_puzzle_identifiers=2 hidden_size=8 num_heads=2 H_layers=1 L_layers=1 "                 \
  "swiglu_multiple=8 expansion=1 H_cycles=1 L_cycles=1 halting=halt_head "

START_TEST(attention) { check(TINY "pos_encodings=rope loss_type=stablemax"); }
END_TEST
START_TEST(learned_positions) { check(TINY "pos_encodings=learned loss_type=softmax puzzle_emb_ndim=0"); }
END_TEST
START_TEST(mlp_over_positions) { check(TINY "mlp_t=1 pos_encodings=none loss_type=softmax"); }
END_TEST

int main(void) {
  Suite *suite = suite_create("model gradient");
  TCase *cases = tcase_create("models/hrm.hrm");
  tcase_set_timeout(cases, 120);
  tcase_add_test(cases, attention);
  tcase_add_test(cases, learned_positions);
  tcase_add_test(cases, mlp_over_positions);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

/* models/hrm.hrm is the published HRM: the plain evaluator on its training graph gives the recorded logits, values,
 * losses, states and gradients of the first step. */
#include "fixture.h"
#include "measured.h"
#include "model_harness.h"
#include "shared.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct run {
  struct fixture *fixture;
  struct model m; /* its inputs are not the run's */
  struct evaluate_input inputs[256];
  int input_count;
  int64_t batch;
  struct evaluation result;
  struct measured measured;
};

/* "name=value …" from the recorded settings. */
static void settings(const struct run *r, char *text, size_t size) {
  static const char *const same[] = {"H_cycles",      "L_cycles",        "H_layers",      "L_layers",
                                     "hidden_size",   "expansion",       "num_heads",     "seq_len",
                                     "vocab_size",    "puzzle_emb_ndim", "pos_encodings", "num_puzzle_identifiers",
                                     "halt_max_steps"};
  size_t at = 0;
  for (size_t i = 0; i < sizeof same / sizeof *same; i++)
    at += (size_t)snprintf(text + at, size - at, "%s=%s ", same[i], fixture_setting(r->fixture, same[i]));
  bool stablemax = !strncmp(fixture_setting(r->fixture, "loss"), "stablemax", 9);
  snprintf(text + at, size - at, "loss_type=%s", stablemax ? "stablemax" : "softmax");
}

static void input(struct run *r, const char *name, const double *values) {
  r->inputs[r->input_count++] = (struct evaluate_input){name, values};
}

static double *constant(struct run *r, int64_t count, double value) {
  double *x = arena_alloc(r->m.c.arena, sizeof *x * (size_t)count);
  for (int64_t i = 0; i < count; i++) x[i] = value;
  return x;
}

static double *from(struct run *r, const char *file, const char *name) {
  int64_t count;
  double *x = fixture_tensor(r->fixture, file, name, &count), *copy;
  if (!x) return NULL;
  copy = arena_alloc(r->m.c.arena, sizeof *x * (size_t)count);
  memcpy(copy, x, sizeof *x * (size_t)count);
  free(x);
  return copy;
}

/* The rows of the puzzle table for the first batch. */
static double *rows(struct run *r, const struct tensor *t) {
  double *table = from(r, "weights", t->table->symbol->name), *ids = from(r, "batches", "puzzle_identifiers");
  int64_t width = type_elements(&t->symbol->type);
  double *out = constant(r, width * r->batch, 0);
  for (int64_t b = 0; b < r->batch; b++)
    memcpy(out + b * width, table + (int64_t)ids[b] * width, sizeof *out * (size_t)width);
  return out;
}

static void bind(struct run *r) {
  const struct program *p = r->m.c.program;
  for (int i = 0; i < p->weight_count; i++)
    if (!p->weights[i]->sparse)
      input(r, p->weights[i]->symbol->name, from(r, "weights", p->weights[i]->symbol->name));
  for (int i = 0; i < p->tensor_count; i++) {
    const struct tensor *t = &p->tensors[i];
    int64_t count = r->batch * type_elements(&t->symbol->type);
    const char *name = t->symbol->name;
    if (t->symbol->role == ROLE_ROWS)
      input(r, name, rows(r, t));
    else if (t->symbol->role == ROLE_CONTROL)
      input(r, name, constant(r, count, !strcmp(name, "reset")));
    else if (t->symbol->role == ROLE_STATE)
      input(r, name, constant(r, count, 0));
    else if (t->symbol->role != ROLE_OUTPUT)
      input(r, name, from(r, "batches", name));
  }
}

/* Largest difference relative to the largest magnitude. */
static double difference(const double *x, const double *y, int64_t count, double scale) {
  double worst = 0, largest = 0;
  for (int64_t i = 0; i < count; i++) {
    worst = fmax(worst, fabs(x[i] * scale - y[i]));
    largest = fmax(largest, fabs(y[i]));
  }
  return worst / fmax(largest, 1e-30);
}

static void compare(struct run *r, const char *ours, const char *theirs, double scale, double tolerance) {
  int64_t count;
  double *expected = fixture_tensor(r->fixture, "expected", theirs, &count);
  const struct evaluate_output *x = evaluate_find(&r->result, ours);
  ck_assert_msg(expected && x, "no %s or %s", ours, theirs);
  ck_assert_msg(x->count == count, "%s has %lld elements, not %lld", ours, (long long)x->count, (long long)count);
  double worst = difference(x->values, expected, count, scale);
  ck_assert_msg(worst <= tolerance, "%s differs by %g", theirs, worst);
  measured_note(&r->measured, theirs, worst);
  free(expected);
}

static void compare_gradient(void *context, const char *name, const double *values, int64_t count) {
  struct run *r = context;
  if (strncmp(name, "grad.", 5) || !strcmp(name, "grad.puzzle_emb.local")) return;
  (void)values;
  (void)count;
  compare(r, name + 5, name, 1.0 / (double)r->batch, 1e-3);
}

static double total(const struct run *r, const char *name) {
  const struct evaluate_output *x = evaluate_find(&r->result, name);
  double sum = 0;
  for (int64_t i = 0; i < x->count; i++) sum += x->values[i];
  return sum;
}

static void compare_losses(struct run *r) {
  static const char *const pairs[][2] = {{"lm_loss", "step0.metric.lm_loss"},
                                         {"halt_loss", "step0.metric.q_halt_loss"},
                                         {"continue_loss", "step0.metric.q_continue_loss"}};
  for (int i = 0; i < 3; i++) {
    double *expected = fixture_tensor(r->fixture, "expected", pairs[i][1], NULL), ours = total(r, pairs[i][0]);
    ck_assert_msg(fabs(ours - *expected) <= 2e-4 * fabs(*expected), "%s is %g, not %g", pairs[i][1], ours, *expected);
    measured_note(&r->measured, pairs[i][1], fabs(ours - *expected) / fabs(*expected));
    free(expected);
  }
}

static void first_step(const char *name) {
  static struct run zero;
  struct run r = zero;
  char folder[4096], relative[256], text[1024];
  snprintf(relative, sizeof relative, "fixtures/%s", name);
  ck_assert_msg(shared_path(folder, sizeof folder, relative), "no %s", folder);
  r.fixture = fixture_open(folder);
  r.batch = fixture_number(r.fixture, "batch_size");
  settings(&r, text, sizeof text);
  model_open_shipped(&r.m, "models/hrm", text, NULL);
  bind(&r);
  r.result = evaluate(r.m.c.arena, r.m.c.train, r.inputs, r.input_count, r.batch);
  compare(&r, "logits", "step0.logits", 1, 2e-4);
  compare(&r, "halt", "step0.q_halt_logits", 1, 2e-4);
  compare(&r, "continue", "step0.q_continue_logits", 1, 2e-4);
  compare(&r, "target_continue", "step0.target_q_continue", 1, 2e-4);
  compare(&r, "z_H", "step0.z_H", 1, 2e-4);
  compare(&r, "z_L", "step0.z_L", 1, 2e-4);
  compare_losses(&r);
  fixture_each(r.fixture, "expected", compare_gradient, &r);
  if (evaluate_find(&r.result, "puzzle_emb.weights.rows"))
    compare(&r, "puzzle_emb.weights.rows", "grad.puzzle_emb.local", 1.0 / (double)r.batch, 1e-3);
  measured_print(&r.measured, name);
  fixture_close(r.fixture);
  model_close(&r.m);
}

START_TEST(stablemax) { first_step("hrm-tiny-stablemax"); }
END_TEST
START_TEST(softmax) { first_step("hrm-tiny-softmax"); }
END_TEST

int main(void) {
  enum { SKIPPED = 77 };
  char folder[4096];
  if (!shared_path(folder, sizeof folder, "fixtures")) {
    printf("skipped: the recorded runs are not at %s (HRM_SHARED names the folder that holds fixtures/)\n", folder);
    return SKIPPED;
  }
  Suite *suite = suite_create("fixture");
  TCase *cases = suite_case(suite, "first step", NULL, NULL);
  tcase_set_timeout(cases, 300);
  tcase_add_test(cases, stablemax);
  tcase_add_test(cases, softmax);
  return suite_run(suite);
}

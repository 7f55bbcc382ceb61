/* Batches for `replay` that lie about themselves are refused with the tensor's name, before any step. */
#include "fake_model.h"

#include "runtime/replay.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 2, SLOTS = 3, TOKENS = STEPS * SLOTS * FAKE_LENGTH };

struct given {
  int32_t inputs[TOKENS], labels[TOKENS], identifiers[STEPS * SLOTS];
  struct tensor_entry entries[3];
  struct tensor_file file;
};

static struct shape shape(int64_t a, int64_t b, int64_t c) {
  struct shape s = {.rank = c ? 3 : 2, .size = {a, b, c}, .count = a * b * (c ? c : 1)};
  return s;
}

static struct given *good(void) {
  struct given *g = calloc(1, sizeof *g);
  for (int i = 0; i < TOKENS; i++) g->labels[i] = g->inputs[i] = i % FAKE_VOCABULARY;
  g->labels[3] = DATASET_UNLABELLED;
  g->entries[0] = (struct tensor_entry){"inputs", STORED_I32, shape(STEPS, SLOTS, FAKE_LENGTH), g->inputs};
  g->entries[1] = (struct tensor_entry){"labels", STORED_I32, shape(STEPS, SLOTS, FAKE_LENGTH), g->labels};
  g->entries[2] = (struct tensor_entry){"puzzle_identifiers", STORED_I32, shape(STEPS, SLOTS, 0), g->identifiers};
  g->file = (struct tensor_file){.path = "given", .count = 3, .entries = g->entries};
  return g;
}

static bool run(struct given *g, struct hrm_error *error) {
  struct description d;
  struct model model;
  struct optimizer optimizer;
  struct recording recording = {0};
  ck_assert_msg(fake_description(&d, NULL, error), "%s", error->text);
  ck_assert(model_new(&model, &fake_code, &d, 2, true, error));
  ck_assert(optimizer_new(&optimizer, &d, d.groups, 0, 0, error));
  model_initialize(&model, 3);
  model_prepare(&model);
  bool done = replay(&model, &optimizer, &g->file, &recording, error);
  if (done) ck_assert_int_gt(recording.count, 10);
  recording_free(&recording);
  optimizer_free(&optimizer);
  model_free(&model);
  description_free(&d);
  free(g);
  return done;
}

static void refused(struct given *g, const char *text) {
  struct hrm_error error;
  ck_assert_msg(!run(g, &error), "accepted, not refused with '%s'", text);
  ck_assert_int_eq(error.code, HRM_INPUT);
  ck_assert_msg(strstr(error.text, text) != NULL, "%s", error.text);
}

START_TEST(good_batches_run) {
  struct hrm_error error;
  ck_assert_msg(run(good(), &error), "%s", error.text);
}
END_TEST

START_TEST(shapes_are_compared) {
  struct given *g = good();
  g->entries[1].shape = shape(SLOTS, STEPS, FAKE_LENGTH);
  refused(g, "'labels' is [3, 2, 16]");
  g = good();
  g->entries[2].shape = shape(SLOTS, STEPS, 0);
  refused(g, "'puzzle_identifiers' is [3, 2]");
  g = good();
  for (int i = 0; i < 2; i++) g->entries[i].shape = shape(STEPS, SLOTS * 2, FAKE_LENGTH / 2);
  g->entries[2].shape = shape(STEPS, SLOTS * 2, 0);
  refused(g, "16 positions");
}
END_TEST

START_TEST(empty_batches_are_refused) {
  struct given *g = good();
  for (int i = 0; i < 3; i++) g->entries[i].shape = shape(STEPS, 0, i < 2 ? FAKE_LENGTH : 0);
  refused(g, "no examples");
  g = good();
  for (int i = 0; i < 3; i++) g->entries[i].shape = shape(0, SLOTS, i < 2 ? FAKE_LENGTH : 0);
  refused(g, "no examples");
}
END_TEST

START_TEST(values_are_checked) {
  struct given *g = good();
  g->labels[5] = -5;
  refused(g, "'labels' holds -5");
  g = good();
  g->inputs[TOKENS - 1] = FAKE_VOCABULARY;
  refused(g, "'inputs' holds 6");
  g = good();
  g->identifiers[2] = FAKE_IDENTIFIERS;
  refused(g, "'puzzle_identifiers' holds 5");
  g = good();
  g->entries[0].dtype = STORED_F32;
  refused(g, "'inputs' must be I32");
  g = good();
  g->file.count = 2;
  refused(g, "no tensor 'puzzle_identifiers'");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("replay of batches");
  TCase *cases = suite_case(suite, "batches", NULL, NULL);
  tcase_add_test(cases, good_batches_run);
  tcase_add_test(cases, shapes_are_compared);
  tcase_add_test(cases, empty_batches_are_refused);
  tcase_add_test(cases, values_are_checked);
  return suite_run(suite);
}

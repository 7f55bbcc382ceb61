/* Slots, halting and evaluation: runtime/act.c, slots.c, evaluate.c. */
#include "runtime/act.h"
#include "runtime/clock.h"
#include "runtime/evaluate.h"
#include "runtime/metrics.h"
#include "tests/fake_model.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 20000 };

static struct description description;
static struct slots slots;

static void open_slots(const char *act, int64_t count) {
  struct hrm_error error;
  char changes[200];
  snprintf(changes, sizeof changes, "{\"act\": %s}", act);
  ck_assert_msg(fake_description(&description, changes, &error), "%s", error.text);
  ck_assert(slots_new(&slots, &description, count, &error));
}

static void close_slots(void) {
  slots_free(&slots);
  description_free(&description);
}

static void values(int64_t slot, int32_t steps, float halt, float go_on) {
  slots.steps[slot] = steps;
  ((float *)slots_standard(&slots, TENSOR_HALT))[slot] = halt;
  ((float *)slots_standard(&slots, TENSOR_CONTINUE))[slot] = go_on;
}

START_TEST(test_q_learning) {
  open_slots("{\"kind\": \"q_learning\", \"max_segments\": 4, \"exploration\": 0}", 5);
  values(0, 1, -1, -2); /* halt > continue, though below 0 */
  values(1, 1, 1, 2);
  values(2, 1, 1, 1);  /* equal: goes on */
  values(3, 4, -5, 5); /* the last segment */
  values(4, 3, -5, 5);
  act_halt(&description.act, &slots, 1, 1);
  for (int i = 0; i < 5; i++) ck_assert_int_eq(slots.halted[i], i == 0 || i == 3);
  close_slots();
}
END_TEST

START_TEST(test_halt_head) {
  open_slots("{\"kind\": \"halt_head\", \"max_segments\": 4, \"exploration\": 0}", 4);
  values(0, 1, 0.1f, 9);
  values(1, 1, 0, -9);
  values(2, 2, -0.1f, -9);
  values(3, 4, -1, 0);
  act_halt(&description.act, &slots, 1, 1);
  ck_assert_int_eq(slots.halted[0], 1);
  ck_assert_int_eq(slots.halted[1], 0);
  ck_assert_int_eq(slots.halted[2], 0);
  ck_assert_int_eq(slots.halted[3], 1);
  close_slots();
}
END_TEST

START_TEST(test_fixed) {
  open_slots("{\"kind\": \"fixed\", \"max_segments\": 3, \"exploration\": 0}", 2);
  values(0, 2, 9, -9);
  values(1, 3, -9, 9);
  act_halt(&description.act, &slots, 1, 1);
  ck_assert_int_eq(slots.halted[0], 0);
  ck_assert_int_eq(slots.halted[1], 1);
  close_slots();
}
END_TEST

/* All want to halt at step s of 5.  With probability 0.4 the minimum is one of 2, 3, 4, 5, each as likely: the share
 * that may not halt yet is 0.4 · (5 − s)/4. */
START_TEST(test_exploration) {
  open_slots("{\"kind\": \"q_learning\", \"max_segments\": 5, \"exploration\": 0.4}", BATCH);
  for (int step = 1; step <= 5; step++) {
    for (int64_t i = 0; i < BATCH; i++) values(i, step, 1, 0);
    act_halt(&description.act, &slots, 17, step);
    int64_t kept = 0;
    for (int64_t i = 0; i < BATCH; i++) kept += !slots.halted[i];
    ck_assert_double_eq_tol((double)kept / BATCH, 0.4 * (5 - step) / 4, 0.012);
    if (step == 5) ck_assert_int_eq(kept, 0);
  }
  close_slots();
}
END_TEST

/* Drawn anew in each step: who is kept in one step says nothing about the next. */
START_TEST(test_exploration_is_drawn_anew) {
  open_slots("{\"kind\": \"q_learning\", \"max_segments\": 2, \"exploration\": 0.5}", BATCH);
  int64_t both = 0;
  int32_t *before = calloc(BATCH, sizeof *before);
  for (int step = 1; step <= 2; step++) {
    for (int64_t i = 0; i < BATCH; i++) values(i, 1, 1, 0);
    act_halt(&description.act, &slots, 17, step);
    for (int64_t i = 0; i < BATCH; i++)
      both += step == 2 && before[i] && slots.halted[i], before[i] = slots.halted[i];
  }
  ck_assert_double_eq_tol((double)both / BATCH, 0.25, 0.012);
  free(before);
  close_slots();
}
END_TEST

START_TEST(test_one_segment) {
  open_slots("{\"kind\": \"q_learning\", \"max_segments\": 1, \"exploration\": 1}", 3);
  for (int64_t i = 0; i < 3; i++) values(i, 1, -1, 1);
  act_halt(&description.act, &slots, 1, 1);
  for (int64_t i = 0; i < 3; i++) ck_assert_int_eq(slots.halted[i], 1);
  close_slots();
}
END_TEST

START_TEST(test_controls) {
  open_slots("{\"kind\": \"fixed\", \"max_segments\": 2, \"exploration\": 0}", 2);
  int32_t tokens[FAKE_LENGTH] = {0};
  slots_put_tokens(&slots, 0, tokens, 0);
  const float *reset = slots_standard(&slots, TENSOR_RESET), *last = slots_standard(&slots, TENSOR_LAST);
  slots_begin_segment(&slots, 1, 2);
  ck_assert(reset[0] == 1 && last[0] == 0 && slots.steps[0] == 1);
  slots_begin_segment(&slots, 1, 2);
  ck_assert(reset[0] == 0 && last[0] == 1 && slots.steps[0] == 2);
  ck_assert(!slots_has_labels(&slots, 0));
  close_slots();
}
END_TEST

struct seen {
  int visits[50];
  int32_t steps[50], first[50];
  int in_segment, stopped; /* visits of the present segment; examples that stopped in those before it */
};

static void see(void *context, const struct slots *s, int64_t slot, int64_t example) {
  struct seen *seen = context;
  const int32_t *prediction = slots_tensor(s, s->description->standard[TENSOR_PREDICTION], slot);
  seen->in_segment++;
  if (!s->halted[slot]) return;
  seen->visits[example]++;
  seen->steps[example] = s->steps[slot];
  seen->first[example] = prediction[0];
}

/* No slot idles while examples wait, nor runs on after its example has stopped. */
static bool count_segment(void *context, int64_t done, int64_t total) {
  struct seen *seen = context;
  (void)done;
  int64_t left = total - seen->stopped;
  ck_assert_int_eq(seen->in_segment, left < slots.count ? left : slots.count);
  seen->stopped = seen->in_segment = 0;
  for (int i = 0; i < total; i++) seen->stopped += seen->visits[i];
  return true;
}

/* 50 examples through 7 slots: each once, with its own prediction, whatever slots it was in.  The halt value is above
 * 0 when segments and first token are more than 5, so that examples stop at different times. */
static void run_examples(bool halt) {
  struct hrm_error error;
  struct model model;
  struct seen seen = {0};
  int32_t inputs[50 * FAKE_LENGTH];
  open_slots("{\"kind\": \"halt_head\", \"max_segments\": 6, \"exploration\": 0}", 7);
  ck_assert(model_new(&model, &fake_code, &description, 3, false, &error));
  for (int k = 0; k < FAKE_VOCABULARY; k++) model.weights[k * FAKE_VOCABULARY + (k + 2) % FAKE_VOCABULARY] = 1;
  model.weights[48] = -0.55f;
  for (int i = 0; i < 50 * FAKE_LENGTH; i++) inputs[i] = i / FAKE_LENGTH * 5 % FAKE_VOCABULARY;
  model_prepare(&model);
  struct evaluator e = {&model, &slots, {.max_segments = 6, .halt = halt}, see, &seen, count_segment, &seen};
  ck_assert(evaluate_tokens(&e, inputs, 50, 0, &error));
  for (int i = 0; i < 50; i++) {
    ck_assert_int_eq(seen.visits[i], 1);
    ck_assert_int_eq(seen.steps[i], halt ? 6 - inputs[i * FAKE_LENGTH] : 6);
    ck_assert_int_eq(seen.first[i], (i * 5 + 2) % FAKE_VOCABULARY);
  }
  model_free(&model);
  close_slots();
}

START_TEST(test_evaluation_runs_all_segments) { run_examples(false); }
END_TEST

START_TEST(test_evaluation_halts) { run_examples(true); }
END_TEST

/* Two examples through one slot: a deadline that is over leaves one segment to each, one that is far off all. */
static void run_until(double deadline, int32_t segments) {
  struct hrm_error error;
  struct model model;
  struct seen seen = {0};
  int32_t inputs[2 * FAKE_LENGTH] = {0};
  open_slots("{\"kind\": \"halt_head\", \"max_segments\": 6, \"exploration\": 0}", 1);
  ck_assert(model_new(&model, &fake_code, &description, 1, false, &error));
  model_prepare(&model);
  struct evaluator e = {&model, &slots, {.max_segments = 6, .deadline = deadline}, see, &seen, NULL, NULL};
  ck_assert(evaluate_tokens(&e, inputs, 2, 0, &error));
  for (int i = 0; i < 2; i++) ck_assert(seen.visits[i] == 1 && seen.steps[i] == segments);
  model_free(&model);
  close_slots();
}

START_TEST(test_deadlines) {
  run_until(clock_seconds() - 1, 1);
  run_until(clock_seconds() + 1e6, 6);
}
END_TEST

/* Of two examples, each has half of the time: the first must not take all. */
START_TEST(test_time_is_shared) {
  struct hrm_error error;
  struct model model;
  struct seen seen = {0};
  int32_t inputs[2 * FAKE_LENGTH] = {0};
  open_slots("{\"kind\": \"fixed\", \"max_segments\": 6, \"exploration\": 0}", 1);
  ck_assert(model_new(&model, &fake_code, &description, 1, false, &error));
  model_prepare(&model);
  setenv("FAKE_SLEEP", "1000", 1);
  struct evaluator e = {&model, &slots, {.max_segments = INT32_MAX - 1, .deadline = clock_seconds() + 1}, see, &seen,
                        NULL,   NULL};
  ck_assert(evaluate_tokens(&e, inputs, 2, 0, &error));
  unsetenv("FAKE_SLEEP");
  ck_assert(seen.visits[0] == 1 && seen.visits[1] == 1);
  ck_assert_msg(seen.steps[0] > 1 && seen.steps[1] > 1, "%d and %d segments", seen.steps[0], seen.steps[1]);
  model_free(&model);
  close_slots();
}
END_TEST

static bool stop(void *context, int64_t done, int64_t total) {
  (void)context, (void)done, (void)total;
  return false;
}

START_TEST(test_evaluation_is_interrupted) {
  struct hrm_error error;
  struct model model;
  struct seen seen = {0};
  int32_t inputs[FAKE_LENGTH] = {0};
  open_slots("{\"kind\": \"fixed\", \"max_segments\": 6}", 2);
  ck_assert(model_new(&model, &fake_code, &description, 1, false, &error));
  struct evaluator e = {&model, &slots, {.max_segments = 6}, see, &seen, stop, NULL};
  ck_assert(!evaluate_tokens(&e, inputs, 1, 0, &error));
  ck_assert_int_eq(error.code, HRM_INTERRUPTED);
  ck_assert_int_eq(seen.visits[0], 0);
  model_free(&model);
  close_slots();
}
END_TEST

static void fill(int64_t slot, int32_t halted, int32_t steps, float accuracy, float halt, float loss) {
  values(slot, steps, halt, 0);
  slots.halted[slot] = halted;
  ((float *)slots_standard(&slots, TENSOR_ACCURACY))[slot] = accuracy;
  ((float *)slots_standard(&slots, TENSOR_CORRECT))[slot] = accuracy == 1;
  ((float *)slots_standard(&slots, TENSOR_LM_LOSS))[slot] = loss;
}

static double number(const json_t *json, const char *key) { return json_number_value(json_object_get(json, key)); }

/* Losses are over all slots, the rest over those that halted and have a label: 0, 1 and 2, in two steps. */
/* Standard normal, and a function of seed, step and slot alone, so that a resumed run draws the same. */
START_TEST(test_noise) {
  open_slots("{\"kind\": \"fixed\", \"max_segments\": 1}", 2000);
  int number = description_find_tensor(&description, "logits");
  description.tensors[number].role = SLOT_NOISE;
  int64_t width = description.tensors[number].shape.count, count = 2000 * width;
  float *noise = slots.tensors[number], *first = malloc((size_t)count * sizeof *first);
  double sum = 0, squares = 0, lag = 0;
  ck_assert(noise[0] == 0 && noise[count - 1] == 0);
  slots_draw_noise(&slots, 5, 7);
  memcpy(first, noise, (size_t)count * sizeof *first);
  for (int64_t i = 0; i < count; i++) {
    sum += noise[i];
    squares += (double)noise[i] * noise[i];
    lag += i < width ? 0 : (double)noise[i] * noise[i - width];
  }
  ck_assert(fabs(sum) < 5 * sqrt((double)count) && fabs(squares / (double)count - 1) < 0.02);
  ck_assert_msg(fabs(lag) < 5 * sqrt((double)count), "slots draw alike");
  slots_draw_noise(&slots, 5, 8);
  ck_assert(memcmp(first, noise, (size_t)count * sizeof *first) != 0 && first[width] != noise[0]);
  slots_draw_noise(&slots, 6, 7);
  ck_assert(memcmp(first, noise, (size_t)count * sizeof *first) != 0);
  slots_draw_noise(&slots, 5, 7);
  ck_assert(memcmp(first, noise, (size_t)count * sizeof *first) == 0);
  free(first);
  close_slots();
}
END_TEST

START_TEST(test_metrics) {
  struct metrics sums = {0};
  open_slots("{\"kind\": \"halt_head\", \"max_segments\": 8, \"exploration\": 0}", 5);
  int32_t *labels = slots_standard(&slots, TENSOR_LABELS);
  for (int i = 0; i < 5 * FAKE_LENGTH; i++) labels[i] = i < 4 * FAKE_LENGTH ? 2 : DATASET_UNLABELLED;
  fill(0, 1, 3, 1, 0, 1);     /* right, and says so */
  fill(1, 1, 8, 0.5f, 1, 2);  /* wrong, but says it is right */
  fill(2, 1, 1, 0, -0.1f, 3); /* wrong, and says so */
  fill(3, 0, 5, 1, 5, 4);
  fill(4, 1, 5, 1, 5, 5);
  metrics_add(&sums, &slots);
  metrics_add(&sums, &slots);
  json_t *json = metrics_json(&sums, 12);
  ck_assert_double_eq(number(json, "step"), 12);
  ck_assert_double_eq(number(json, "lm_loss"), 3);
  ck_assert_double_eq(number(json, "halted"), 6);
  ck_assert_double_eq(number(json, "accuracy"), 0.5);
  ck_assert_double_eq_tol(number(json, "exact_accuracy"), 1.0 / 3, 1e-12);
  ck_assert_double_eq_tol(number(json, "halt_accuracy"), 2.0 / 3, 1e-12);
  ck_assert_double_eq(number(json, "mean_segments"), 4);
  json_decref(json);
  json = metrics_json(&(struct metrics){.steps = 1}, 1);
  ck_assert(json_is_null(json_object_get(json, "exact_accuracy")) && number(json, "lm_loss") == 0);
  json_decref(json);
  close_slots();
}
END_TEST

int main(void) {
  Suite *suite = suite_create("runtime act");
  TCase *tests = suite_case(suite, "act", NULL, NULL);
  tcase_set_timeout(tests, 120); /* a busy machine */
  tcase_add_test(tests, test_q_learning);
  tcase_add_test(tests, test_halt_head);
  tcase_add_test(tests, test_fixed);
  tcase_add_test(tests, test_exploration);
  tcase_add_test(tests, test_exploration_is_drawn_anew);
  tcase_add_test(tests, test_one_segment);
  tcase_add_test(tests, test_controls);
  tcase_add_test(tests, test_noise);
  tcase_add_test(tests, test_evaluation_runs_all_segments);
  tcase_add_test(tests, test_evaluation_halts);
  tcase_add_test(tests, test_deadlines);
  tcase_add_test(tests, test_time_is_shared);
  tcase_add_test(tests, test_evaluation_is_interrupted);
  tcase_add_test(tests, test_metrics);
  return suite_run(suite);
}

#include "runtime/training.h"

#include <stdlib.h>

#include "runtime/checkpoint.h"
#include "runtime/clock.h"
#include "runtime/evaluate.h"
#include "runtime/interrupt.h"
#include "runtime/schedule.h"
#include "runtime/score.h"

bool training_save(struct training *t, struct hrm_error *error) {
  if (t->saved == t->trainer.step) return true;
  if (!trainer_is_finite(&t->trainer, error)) return false;
  char *path = run_checkpoint_path(&t->run, t->trainer.step);
  if (!path) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  bool written = checkpoint_save(path, &t->trainer, t->settings_json, error);
  free(path);
  if (written) t->saved = t->trainer.step;
  return written;
}

bool training_publish(struct training *t, struct hrm_error *error) {
  if (t->published == t->saved) return true;
  t->published = t->saved;
  return run_publish(&t->run, t->saved, t->settings.keep, error);
}

/* Publishes the checkpoint of the present step without waiting for the next one. */
static bool settle(struct training *t, struct hrm_error *error) {
  if (t->published == t->saved) return true;
  return trainer_try_step(&t->trainer, error) && training_publish(t, error);
}

/* The first group's rate in the step just done. */
static double first_rate(const struct training *t) {
  if (t->settings.group_count == 0) return 0;
  return t->settings.groups[0].lr * schedule_factor(&t->settings.schedule, t->trainer.step, t->settings.steps);
}

static double rate_of(const struct training *t) {
  double examples = (double)t->interval_steps * (double)t->settings.batch;
  return t->interval_seconds > 0 ? examples / t->interval_seconds : 0;
}

static bool log_interval(struct training *t, struct hrm_error *error) {
  if (t->trainer.metrics.steps == 0) return true;
  t->rate = rate_of(t);
  t->shown = t->trainer.metrics;
  json_t *json = metrics_json(&t->shown, t->trainer.step);
  bool formed = json && json_object_set_new(json, "lr", json_real(first_rate(t))) == 0 &&
                json_object_set_new(json, "examples_per_second", json_real(t->rate)) == 0 &&
                json_object_set_new(json, "seconds", json_real(t->seconds)) == 0;
  bool written = formed ? run_append_metrics(&t->run, json, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  json_decref(json);
  t->trainer.metrics = (struct metrics){0};
  t->interval_seconds = 0;
  t->interval_steps = 0;
  return written;
}

/* "0.912", or "-" where no example halted. */
static const char *format_mean(double sum, double count, char text[16]) {
  if (count > 0)
    snprintf(text, 16, "%.3f", sum / count);
  else
    snprintf(text, 16, "-");
  return text;
}

static void show(struct training *t) {
  const struct metrics *m = t->shown.steps > 0 ? &t->shown : &t->trainer.metrics;
  double rate = t->rate > 0 ? t->rate : rate_of(t);
  double left = rate > 0 ? (double)(t->settings.steps - t->trainer.step) * (double)t->settings.batch / rate : -1;
  char text[160], accuracy[16], exact[16];
  snprintf(text, sizeof text, "loss %.4f  accuracy %s  exact %s  %.0f/s", m->lm_loss / m->steps,
           format_mean(m->accuracy, m->halted, accuracy), format_mean(m->exact, m->halted, exact), rate);
  progress_show(&t->progress, "step", t->trainer.step, t->settings.steps, text, left);
}

static bool evaluation_continues(void *context, int64_t done, int64_t total) {
  struct training *t = context;
  if (progress_due(&t->progress)) progress_show(&t->progress, "evaluated", done, total, "", -1);
  return !interrupt_requested();
}

static void swap_in_average(struct training *t) {
  float *weights = t->trainer.model.weights;
  if (!t->trainer.optimizer.ema) return;
  t->trainer.model.weights = t->trainer.optimizer.ema;
  t->trainer.optimizer.ema = weights;
  model_prepare(&t->trainer.model);
}

/* ", valid 0.9000": the score that a kind of puzzle has beside exact answers; "" where it has none. */
static const char *format_score(const json_t *result, char text[32]) {
  text[0] = 0;
  for (int i = 0; i < SCORE_NAMES; i++) {
    const json_t *score = json_object_get(result, score_names[i].key);
    if (json_is_number(score)) snprintf(text, 32, ", %s %.4f", score_names[i].name, json_number_value(score));
  }
  return text;
}

static void show_evaluation(struct training *t, const char *set, const struct evaluation *sums,
                            const json_t *result) {
  double examples = sums->examples ? (double)sums->examples : 1;
  char score[32];
  progress_line(&t->progress, "step %lld: %s: exact %.4f, cells %.4f%s of %lld examples", (long long)t->trainer.step,
                set, sums->exact / examples, sums->accuracy / examples, format_score(result, score),
                (long long)sums->examples);
}

static bool evaluate_one(struct training *t, const struct dataset_set *set, json_t *sets, struct hrm_error *error) {
  const struct evaluator e = {
      &t->trainer.model,
      &t->evaluation_slots,
      {.max_segments = t->trainer.description->act.max_segments, .limit = t->settings.eval_limit},
      .progress = evaluation_continues,
      .progress_context = t};
  struct evaluation sums;
  json_t *result = score_set(&e, &t->test, set, t->settings.data, &sums, error);
  if (!result) return false;
  json_object_set_new(sets, set->name, result);
  show_evaluation(t, set->name, &sums, result);
  return true;
}

static bool evaluate_sets(struct training *t, json_t *sets, struct hrm_error *error) {
  bool done = true;
  for (int i = 0; done && i < t->test.num_sets; i++) done = evaluate_one(t, &t->test.sets[i], sets, error);
  return done;
}

/* With the moving averages where there are some: swapped in and out again. */
static bool evaluate(struct training *t, struct hrm_error *error) {
  bool ready = t->evaluation_slots.count > 0 ||
               slots_new(&t->evaluation_slots, t->trainer.description, t->settings.batch, error);
  if (!ready) return false;
  json_t *sets = json_object();
  swap_in_average(t);
  bool done = evaluate_sets(t, sets, error);
  swap_in_average(t);
  json_t *line =
      json_pack("{s:I, s:f, s:o}", "step", (json_int_t)t->trainer.step, "seconds", t->seconds, "sets", sets);
  if (done) done = line ? run_append_metrics(&t->run, line, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  json_decref(line);
  return done;
}

static bool is_due(int64_t step, int64_t every, int64_t steps) {
  return every > 0 && step > 0 && (step % every == 0 || step == steps);
}

static bool timed_step(struct training *t, struct hrm_error *error) {
  double begin = clock_seconds();
  bool stepped = trainer_step(&t->trainer, error);
  double seconds = clock_seconds() - begin;
  t->seconds += seconds;
  t->interval_seconds += seconds;
  t->interval_steps++;
  return stepped;
}

static bool interrupted(const struct training *t, struct hrm_error *error) {
  return hrm_fail(error, HRM_INTERRUPTED,
                  "interrupted after step %lld, which is saved; go on with: train --resume %s",
                  (long long)t->trainer.step, t->run.path);
}

/* Lines, checkpoint and evaluation that are due after a step. */
static bool follow_step(struct training *t, struct hrm_error *error) {
  const struct settings *s = &t->settings;
  int64_t step = t->trainer.step;
  if (is_due(step, s->log_every, s->steps) && !log_interval(t, error)) return false;
  bool stop = interrupt_requested(), pause = stop || step == s->steps || is_due(step, s->eval_every, s->steps);
  if ((stop || is_due(step, s->save_every, s->steps)) && !training_save(t, error)) return false;
  if (pause && !settle(t, error)) return false;
  if (stop && step < s->steps) return interrupted(t, error);
  return true;
}

static bool evaluate_if_due(struct training *t, struct hrm_error *error) {
  if (!is_due(t->trainer.step, t->settings.eval_every, t->settings.steps) || evaluate(t, error)) return true;
  if (error->code != HRM_INTERRUPTED) return false;
  return training_save(t, error) && settle(t, error) && interrupted(t, error);
}

static bool all_steps(struct training *t, int64_t evaluated, struct hrm_error *error) {
  if (evaluated != t->trainer.step && !evaluate_if_due(t, error)) return false;
  while (t->trainer.step < t->settings.steps) {
    if (!timed_step(t, error) || !training_publish(t, error)) return false;
    if (!follow_step(t, error) || !evaluate_if_due(t, error)) return false;
    if (progress_due(&t->progress)) show(t);
  }
  return true;
}

/* A checkpoint that was not published yet is what the run diverged from. */
static void give_up(const struct training *t, struct hrm_error *error) {
  if (error->code != HRM_DIVERGED) return;
  struct hrm_error cause = *error;
  if (t->saved > t->published) run_withdraw(&t->run, t->saved);
  hrm_fail(error, HRM_DIVERGED,
           "%.3000s; the last good checkpoint is %s/latest (step %lld); a smaller --lr, a longer --warmup or a clip "
           "may help",
           cause.text, t->run.path, (long long)t->published);
}

bool training_run(struct training *t, int64_t evaluated, struct hrm_error *error) {
  bool done = all_steps(t, evaluated, error);
  if (done && t->shown.steps + t->trainer.metrics.steps > 0) show(t);
  progress_clear(&t->progress);
  if (!done) give_up(t, error);
  return done;
}

void training_free(struct training *t) {
  trainer_free(&t->trainer);
  slots_free(&t->evaluation_slots);
  run_close(&t->run);
  dataset_close(&t->train);
  dataset_close(&t->test);
  settings_free(&t->settings);
  json_decref(t->settings_json);
  *t = (struct training){.run.metrics = -1};
}

/* One run of a comparison: trained, evaluated, and its outcome written. */
#include "runtime/comparison.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/atomic_file.h"
#include "runtime/evaluate.h"
#include "runtime/interrupt.h"
#include "runtime/loaded_model.h"
#include "runtime/run_lines.h"
#include "runtime/score.h"

enum { EVALUATION_BATCH = 64 };

static bool out_of_memory(struct hrm_error *error) { return hrm_fail(error, HRM_SYSTEM, "out of memory"); }

/* ---- outcomes ---- */

static char *outcome_path(const char *run) {
  char *path;
  return asprintf(&path, "%s/outcome.json", run) < 0 ? NULL : path;
}

json_t *comparison_outcome(const char *path) {
  char *file = outcome_path(path);
  json_t *outcome = file ? json_load_file(file, 0, NULL) : NULL;
  free(file);
  if (json_is_string(json_object_get(outcome, "state"))) return outcome;
  json_decref(outcome);
  return NULL;
}

bool comparison_write(const char *path, const json_t *json, struct hrm_error *error) {
  char *text = json_dumps(json, JSON_INDENT(2)), *line = NULL;
  bool formed = text && asprintf(&line, "%s\n", text) >= 0;
  bool written = formed ? atomic_write_file(path, line, strlen(line), error) : out_of_memory(error);
  if (formed) free(line);
  free(text);
  return written;
}

static bool write_outcome(const char *run, const json_t *outcome, struct hrm_error *error) {
  char *path = outcome_path(run);
  bool written = path ? comparison_write(path, outcome, error) : out_of_memory(error);
  free(path);
  return written;
}

const json_t *comparison_evaluation(const json_t *outcome, int64_t max_segments, bool halt) {
  size_t i;
  const json_t *e, *list = json_object_get(outcome, "evaluations");
  json_array_foreach(list, i, e) {
    bool same = json_integer_value(json_object_get(e, "max_segments")) == max_segments;
    if (same && json_is_true(json_object_get(e, "halt")) == halt) return e;
  }
  return NULL;
}

/* The loss of single steps is noisy: the mean over the last tenth of them. */
static double last_loss(const json_t *lines, int64_t steps) {
  double sum = 0;
  int count = 0;
  size_t i;
  const json_t *line;
  json_array_foreach(lines, i, line) {
    const json_t *loss = json_object_get(line, "lm_loss");
    bool late = json_integer_value(json_object_get(line, "step")) > steps - steps / 10 - 1;
    if (!json_is_number(loss) || !late) continue;
    sum += json_number_value(loss);
    count++;
  }
  return count ? sum / count : 0;
}

static json_t *done_json(const char *run, const struct training *t, struct hrm_error *error) {
  json_t *lines = run_lines(run, INT64_MAX / 2, error);
  if (!lines) return NULL;
  json_t *outcome = json_pack("{s:s, s:I, s:f, s:f, s:[]}", "state", "done", "step", (json_int_t)t->trainer.step,
                              "seconds", t->seconds, "loss", last_loss(lines, t->trainer.step), "evaluations");
  json_decref(lines);
  if (!outcome) out_of_memory(error);
  return outcome;
}

/* ---- training ---- */

static bool has_checkpoint(const char *run) {
  char *path;
  if (asprintf(&path, "%s/latest", run) < 0) return false;
  bool has = access(path, F_OK) == 0;
  free(path);
  return has;
}

static bool train(const struct comparison *c, const struct contender *v, int64_t seed, const char *run,
                  struct training *t, struct hrm_error *error) {
  struct training_request r = comparison_request(c, v, seed);
  if (has_checkpoint(run)) {
    r.resume = run;
    r.batch = r.seed = -1;
  } else if (run_discard(run, error)) {
    r.output = run;
  } else {
    return false;
  }
  return training_open(t, &r, error) && training_execute(t, &v->code, &r, error);
}

/* Trains to the end; the outcome, or NULL and a message. */
static json_t *train_to_end(const struct comparison *c, const struct contender *v, int64_t seed, const char *run,
                            struct hrm_error *error) {
  struct training t = {.run.metrics = -1};
  json_t *outcome = NULL;
  if (train(c, v, seed, run, &t, error))
    outcome = done_json(run, &t, error);
  else if (error->code == HRM_DIVERGED)
    outcome = json_pack("{s:s, s:I, s:f, s:s}", "state", "diverged", "step", (json_int_t)t.trainer.step, "seconds",
                        t.seconds, "message", error->text);
  else if (error->code == HRM_INTERRUPTED)
    hrm_fail(error, HRM_INTERRUPTED, "interrupted after step %lld of seed %lld; the same command goes on",
             (long long)t.trainer.step, (long long)seed);
  training_free(&t);
  return outcome;
}

/* ---- evaluation ---- */

struct test {
  struct loaded_model model;
  struct dataset data;
  struct progress *progress;
};

static bool continues(void *context, int64_t done, int64_t total) {
  struct progress *p = context;
  if (progress_due(p)) progress_show(p, "evaluated", done, total, "", -1);
  return !interrupt_requested();
}

/* Sums over the sets of the test split: scores are means by the examples of each set. */
struct sums {
  struct evaluation all;
  double scores[SCORE_NAMES];
  int64_t scored[SCORE_NAMES]; /* examples */
};

static void add(struct sums *sums, const struct evaluation *x, const json_t *result) {
  sums->all.examples += x->examples;
  sums->all.exact += x->exact;
  sums->all.accuracy += x->accuracy;
  sums->all.halt_right += x->halt_right;
  sums->all.segments += x->segments;
  for (int i = 0; i < SCORE_NAMES; i++) {
    const json_t *score = json_object_get(result, score_names[i].key);
    if (!json_is_number(score)) continue;
    sums->scores[i] += (double)x->examples * json_number_value(score);
    sums->scored[i] += x->examples;
  }
}

static json_t *sums_json(const struct sums *sums, enum act_kind act, const struct evaluation_options *options) {
  json_t *result = evaluation_json(&sums->all, act);
  for (int i = 0; i < SCORE_NAMES; i++)
    if (sums->scored[i])
      json_object_set_new(result, score_names[i].key, json_real(sums->scores[i] / (double)sums->scored[i]));
  json_object_set_new(result, "max_segments", json_integer(options->max_segments));
  json_object_set_new(result, "halt", json_boolean(options->halt));
  return result;
}

/* All sets of the test split together. */
static json_t *evaluate(struct test *t, const char *directory, const struct evaluation_options *options,
                        struct hrm_error *error) {
  const struct evaluator e = {&t->model.model, &t->model.slots, *options, .progress = continues,
                              .progress_context = t->progress};
  struct sums sums = {0};
  for (int i = 0; i < t->data.num_sets; i++) {
    struct evaluation one;
    json_t *result = score_set(&e, &t->data, &t->data.sets[i], directory, &one, error);
    if (!result) return NULL;
    add(&sums, &one, result);
    json_decref(result);
  }
  progress_clear(t->progress);
  return sums_json(&sums, t->model.model.description->act.kind, options);
}

static bool open_test(struct test *t, const struct comparison *c, const struct contender *v, const char *run,
                      struct hrm_error *error) {
  const struct checkpoint_use use = {.averaged = true};
  return dataset_open(&t->data, v->data, "test", error) &&
         loaded_model_open(&t->model, &v->code, &v->description, run, use, (int)c->training.threads, EVALUATION_BATCH,
                           error);
}

static bool evaluate_once(struct test *t, const struct comparison *c, const struct contender *v, const char *run,
                          json_t *outcome, int64_t max_segments, bool halt, struct hrm_error *error) {
  const struct evaluation_options options = {
      .max_segments = max_segments, .halt = halt, .limit = c->training.eval_limit > 0 ? c->training.eval_limit : 0};
  if (comparison_evaluation(outcome, max_segments, halt)) return true;
  if (!t->model.checkpoint && !open_test(t, c, v, run, error)) return false;
  json_t *result = evaluate(t, v->data, &options, error);
  return result && json_array_append_new(json_object_get(outcome, "evaluations"), result) == 0 &&
         write_outcome(run, outcome, error);
}

static bool evaluate_missing(struct test *t, const struct comparison *c, const struct contender *v, const char *run,
                             json_t *outcome, struct hrm_error *error) {
  bool halts = c->halt && v->description.act.kind != ACT_FIXED;
  for (int i = -1; i < c->limit_count; i++) {
    int64_t limit = i < 0 ? v->description.act.max_segments : c->limits[i];
    if (!evaluate_once(t, c, v, run, outcome, limit, false, error)) return false;
    if (halts && !evaluate_once(t, c, v, run, outcome, limit, true, error)) return false;
  }
  return true;
}

static bool evaluate_run(const struct comparison *c, const struct contender *v, const char *run, json_t *outcome,
                         struct progress *p, struct hrm_error *error) {
  struct test t = {.progress = p};
  struct interrupt before;
  interrupt_begin(&before);
  bool done = evaluate_missing(&t, c, v, run, outcome, error);
  interrupt_end(&before);
  loaded_model_close(&t.model);
  dataset_close(&t.data);
  if (!done && error->code == HRM_INTERRUPTED)
    hrm_fail(error, HRM_INTERRUPTED, "interrupted while it was evaluated; the same command goes on");
  return done;
}

static bool finish(const struct comparison *c, const struct contender *v, int64_t seed, const char *run,
                   struct progress *p, struct hrm_error *error) {
  json_t *outcome = comparison_outcome(run);
  if (!outcome) {
    progress_line(p, "%s, seed %lld:", v->name, (long long)seed);
    outcome = train_to_end(c, v, seed, run, error);
    if (!outcome || !write_outcome(run, outcome, error)) return json_decref(outcome), false;
  }
  bool diverged = !strcmp(json_string_value(json_object_get(outcome, "state")), "diverged");
  if (diverged)
    progress_line(p, "%s, seed %lld: %s", v->name, (long long)seed,
                  json_string_value(json_object_get(outcome, "message")));
  bool done = diverged || evaluate_run(c, v, run, outcome, p, error);
  json_decref(outcome);
  return done;
}

bool comparison_run_one(const struct comparison *c, const struct contender *v, int64_t seed, struct progress *p,
                        struct hrm_error *error) {
  char *run = comparison_path(c, v, seed);
  bool done = run ? finish(c, v, seed, run, p, error) : out_of_memory(error);
  free(run);
  return done;
}

#include "runtime/commands.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/atomic_file.h"
#include "runtime/evaluate.h"
#include "runtime/interrupt.h"
#include "runtime/loaded_model.h"
#include "runtime/predictions.h"
#include "runtime/progress.h"
#include "runtime/score.h"

struct eval_options {
  const char *checkpoint, *data, *split, *predictions, *submission;
  int64_t max_segments, limit, batch, threads;
  double halt_from;
  bool halt, json;
  struct checkpoint_use use;
};

enum { EVAL_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {EVAL_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct eval_options *o = state->input;
  switch (key) {
  case KEY_CHECKPOINT: o->checkpoint = arg; break;
  case KEY_DATA: o->data = arg; break;
  case KEY_SPLIT: o->split = arg; break;
  case KEY_MAX_SEGMENTS: o->max_segments = option_integer(state, KEY_MAX_SEGMENTS, arg, 1, INT32_MAX - 1); break;
  case KEY_HALT: o->halt = true; break;
  case KEY_HALT_FROM:
    o->halt = true;
    o->halt_from = option_probability(state, KEY_HALT_FROM, arg);
    break;
  case KEY_LIMIT: o->limit = option_integer(state, KEY_LIMIT, arg, 0, OPTION_ANY); break;
  case KEY_BATCH: o->batch = option_integer(state, KEY_BATCH, arg, 1, INT32_MAX - 1); break;
  case KEY_THREADS: o->threads = option_integer(state, KEY_THREADS, arg, 1, MOST_THREADS); break;
  case KEY_SAVE_PREDICTIONS: o->predictions = arg; break;
  case KEY_SUBMISSION: o->submission = arg; break;
  case KEY_NO_EMA: o->use.averaged = false; break;
  case KEY_RESET_PUZZLE_TABLE: o->use.reset_tables = true; break;
  case KEY_JSON: o->json = true; break;
  case ARGP_KEY_END:
    option_require(state, KEY_CHECKPOINT, o->checkpoint);
    option_require(state, KEY_DATA, o->data);
    break;
  default: return option_refuse(state, key, arg);
  }
  return 0;
}

static bool evaluation_continues(void *context, int64_t done, int64_t total) {
  struct progress *p = context;
  if (progress_due(p)) progress_show(p, "evaluated", done, total, "", -1);
  return !interrupt_requested();
}

static void print_share(const json_t *result, const char *key) {
  const json_t *value = json_object_get(result, key);
  if (json_is_number(value))
    printf("  %8.2f%%", 100 * json_number_value(value));
  else
    printf("  %9s", "-");
}

static void print_row(const char *set, const json_t *result) {
  printf("%-12s  %9lld", set, (long long)json_integer_value(json_object_get(result, "examples")));
  print_share(result, "exact_accuracy");
  print_share(result, "cell_accuracy");
  print_share(result, "halt_accuracy");
  printf("  %8.2f\n", json_number_value(json_object_get(result, "mean_segments")));
}

/* Of kinds of puzzles that have scores of their own. */
static void print_scores(const char *set, const json_t *result) {
  const json_t *valid = json_object_get(result, "valid_accuracy"), *score = json_object_get(result, "task_score");
  if (json_is_number(valid))
    printf("%s: %.2f%% valid, that is any shortest path; %.2f%% valid and another than the data set's\n", set,
           100 * json_number_value(valid), 100 * json_number_value(json_object_get(result, "valid_other_accuracy")));
  if (json_is_number(score))
    printf("%s: %lld tasks; score %.2f%% of test inputs a task, two attempts each; %.2f%% of tasks solved\n", set,
           (long long)json_integer_value(json_object_get(result, "tasks")), 100 * json_number_value(score),
           100 * json_number_value(json_object_get(result, "tasks_solved")));
}

static bool print(const struct eval_options *o, const struct loaded_model *s, json_t *sets, struct hrm_error *error) {
  if (o->json) {
    return command_print_json(json_pack("{s:s, s:I, s:b, s:f, s:O}", "checkpoint", s->checkpoint, "max_segments",
                                        (json_int_t)o->max_segments, "halt", o->halt, "halt_from", o->halt_from,
                                        "sets", sets),
                              0, error);
  }
  const char *name;
  json_t *result;
  printf("%-12s  %9s  %9s  %9s  %9s  %8s\n", "set", "examples", "exact", "cells", "halting", "segments");
  json_object_foreach(sets, name, result) print_row(name, result);
  json_object_foreach(sets, name, result) print_scores(name, result);
  return fflush(stdout) == 0 || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

/* What looks at the predictions for a set. */
struct visitors {
  struct predictions *predictions; /* NULL: they are not saved */
  struct scorer *scorer;
};

static void visit(void *context, const struct slots *slots, int64_t slot, int64_t example) {
  const struct visitors *v = context;
  if (v->predictions) predictions_keep(v->predictions, slots, slot, example);
  scorer_visit(v->scorer, slots, slot, example);
}

/* What a whole evaluation comes to. */
struct results {
  json_t *sets;
  json_t *submission; /* NULL: not wanted */
};

static bool evaluate_visited(struct evaluator *e, const struct dataset_set *set, struct visitors *visitors,
                             const struct results *results, struct hrm_error *error) {
  struct evaluation sums;
  e->visit = visit, e->visit_context = visitors;
  if (!evaluate_set(e, set, &sums, error)) return false;
  json_t *result = evaluation_json(&sums, e->model->description->act.kind);
  if (visitors->predictions) json_object_set_new(result, "predictions", json_string(visitors->predictions->path));
  json_object_set_new(results->sets, set->name, result);
  return scorer_finish(visitors->scorer, result, results->submission, error);
}

static bool evaluate_scored(struct evaluator *e, const struct dataset *dataset, const struct dataset_set *set,
                            const struct eval_options *o, struct predictions *predictions,
                            const struct results *results, struct hrm_error *error) {
  struct visitors visitors = {.predictions = predictions};
  if (!scorer_open(&visitors.scorer, dataset, set, o->data, error)) return false;
  bool done = evaluate_visited(e, set, &visitors, results, error);
  scorer_close(visitors.scorer);
  return done;
}

static bool evaluate_one(struct evaluator *e, const struct dataset *dataset, const struct dataset_set *set,
                         const struct eval_options *o, const struct results *results, struct hrm_error *error) {
  struct predictions predictions;
  if (!o->predictions) return evaluate_scored(e, dataset, set, o, NULL, results, error);
  if (!predictions_open(&predictions, o->predictions, set, e->model->description, error)) return false;
  if (evaluate_scored(e, dataset, set, o, &predictions, results, error))
    return predictions_finish(&predictions, error);
  predictions_abandon(&predictions);
  return false;
}

static bool write_submission(const char *path, const json_t *submission, struct hrm_error *error) {
  char *text = json_dumps(submission, JSON_COMPACT);
  bool done =
      text ? atomic_write_file(path, text, strlen(text), error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  free(text);
  return done;
}

static bool evaluate(const struct eval_options *o, struct loaded_model *s, const struct dataset *dataset,
                     const struct results *results, struct hrm_error *error) {
  if (o->submission && dataset_kind(dataset) != DATASET_ARC)
    return hrm_fail(error, HRM_INPUT, "%s: --submission is for data sets of ARC", dataset->path);
  if (o->predictions && !predictions_check(o->predictions, dataset, error)) return false;
  struct progress progress = progress_new(stderr);
  struct evaluator e = {
      &s->model,
      &s->slots,
      {.max_segments = o->max_segments, .limit = o->limit, .halt = o->halt, .halt_from = o->halt_from},
      .progress = evaluation_continues,
      .progress_context = &progress};
  bool done = true;
  for (int i = 0; done && i < dataset->num_sets; i++)
    done = evaluate_one(&e, dataset, &dataset->sets[i], o, results, error);
  progress_clear(&progress);
  return done && (!o->submission || write_submission(o->submission, results->submission, error));
}

static bool run(const struct command_line *line, const struct eval_options *o, const struct dataset *dataset,
                struct hrm_error *error) {
  struct loaded_model s;
  if (!command_check_dataset(dataset, line->description, error)) return false;
  int threads = (int)(o->threads > o->batch ? o->batch : o->threads);
  if (!loaded_model_open(&s, line->code, line->description, o->checkpoint, o->use, threads, o->batch, error)) {
    return false;
  }
  struct results results = {.sets = json_object(), .submission = o->submission ? json_object() : NULL};
  bool done = evaluate(o, &s, dataset, &results, error) && print(o, &s, results.sets, error);
  json_decref(results.sets);
  json_decref(results.submission);
  loaded_model_close(&s);
  return done;
}

bool command_eval(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {option_table, parse_option, NULL, "Evaluate a checkpoint on a data set.",
                                   NULL,         NULL,         NULL};
  struct eval_options o = {.split = "test",
                           .max_segments = line->description->act.max_segments,
                           .batch = 64,
                           .threads = option_default_threads(),
                           .use.averaged = true};
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  struct dataset dataset;
  struct interrupt before;
  if (!dataset_open(&dataset, o.data, o.split, error)) return false;
  interrupt_begin(&before);
  bool done = run(line, &o, &dataset, error);
  interrupt_end(&before);
  dataset_close(&dataset);
  return done;
}

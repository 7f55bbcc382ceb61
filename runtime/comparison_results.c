/* What the runs of a comparison come to. */
#include "runtime/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/run_lines.h"
#include "runtime/score.h"

enum { MOST_LINES = 400 }; /* of a run, in the page */

/* Adds a number to an array, where it is one. */
static void add_value(json_t *values, const json_t *number) {
  if (json_is_number(number)) json_array_append_new(values, json_real(json_number_value(number)));
}

/* {"mean", "sd", "values"}; takes the values over. */
static json_t *spread(json_t *values) {
  size_t i, count = json_array_size(values);
  const json_t *x;
  double sum = 0, squares = 0;
  json_array_foreach(values, i, x) sum += json_number_value(x);
  double mean = count ? sum / (double)count : 0;
  json_array_foreach(values, i, x) squares += (json_number_value(x) - mean) * (json_number_value(x) - mean);
  return json_pack("{s:o, s:o, s:o}", "mean", count ? json_real(mean) : json_null(), "sd",
                   count > 1 ? json_real(sqrt(squares / (double)(count - 1))) : json_null(), "values", values);
}

/* Of a number of every run that is done. */
static json_t *spread_of(const json_t *runs, const char *key) {
  json_t *values = json_array();
  size_t i;
  const json_t *run;
  json_array_foreach(runs, i, run) {
    if (!strcmp(json_string_value(json_object_get(run, "state")), "done"))
      add_value(values, json_object_get(run, key));
  }
  return spread(values);
}

/* Of a number of an evaluation of every run that has it. */
static json_t *values_of_evaluation(const json_t *runs, int64_t max_segments, bool halt, const char *key) {
  json_t *values = json_array();
  size_t i;
  const json_t *run;
  json_array_foreach(runs, i, run)
      add_value(values, json_object_get(comparison_evaluation(run, max_segments, halt), key));
  return values;
}

static void add_evaluation(json_t *list, const json_t *runs, int64_t max_segments, bool halt) {
  json_t *exact = values_of_evaluation(runs, max_segments, halt, "exact_accuracy");
  json_t *cells = values_of_evaluation(runs, max_segments, halt, "cell_accuracy");
  json_t *segments = values_of_evaluation(runs, max_segments, halt, "mean_segments");
  json_t *e = json_pack("{s:I, s:b, s:o, s:o, s:o}", "max_segments", (json_int_t)max_segments, "halt", halt, "exact",
                        spread(exact), "cells", spread(cells), "segments", spread(segments));
  for (int i = 0; i < SCORE_NAMES; i++) {
    json_t *scores = values_of_evaluation(runs, max_segments, halt, score_names[i].key);
    if (json_array_size(scores) > 0)
      json_object_set_new(e, score_names[i].name, spread(scores));
    else
      json_decref(scores);
  }
  json_array_append_new(list, e);
}

static json_t *evaluations_json(const struct comparison *c, const struct contender *v, const json_t *runs) {
  const struct act_policy *act = &v->description.act;
  json_t *list = json_array();
  for (int i = -1; i < c->limit_count; i++) {
    int64_t limit = i < 0 ? act->max_segments : c->limits[i];
    if (i >= 0 && limit == act->max_segments) continue;
    add_evaluation(list, runs, limit, false);
    if (c->halt && act->kind != ACT_FIXED) add_evaluation(list, runs, limit, true);
  }
  return list;
}

static json_t *run_json(const struct comparison *c, const struct contender *v, int64_t seed, bool curves,
                        struct hrm_error *error) {
  char *path = comparison_path(c, v, seed);
  json_t *run = path ? comparison_outcome(path) : NULL;
  if (!run) run = json_pack("{s:s}", "state", "waiting");
  json_object_set_new(run, "seed", json_integer(seed));
  bool begun = strcmp(json_string_value(json_object_get(run, "state")), "waiting") != 0;
  json_t *lines = path && begun && curves ? run_lines(path, MOST_LINES, error) : json_array();
  if (curves) json_object_set_new(run, "lines", lines ? lines : json_array());
  if (!curves) json_decref(lines);
  free(path);
  return run;
}

static int64_t count_state(const json_t *runs, const char *state) {
  int64_t count = 0;
  size_t i;
  const json_t *run;
  json_array_foreach(runs, i, run) count += !strcmp(json_string_value(json_object_get(run, "state")), state);
  return count;
}

static json_t *contender_results(const struct comparison *c, const struct contender *v, bool curves,
                                 struct hrm_error *error) {
  const struct description *d = &v->description;
  json_t *runs = json_array();
  for (int64_t seed = 0; seed < c->seeds; seed++) json_array_append_new(runs, run_json(c, v, seed, curves, error));
  int64_t parameters = description_parameters(d, false) + description_parameters(d, true);
  return json_pack("{s:s, s:s, s:I, s:f, s:f, s:I, s:I, s:I, s:O, s:I, s:I, s:o, s:o, s:o, s:o}", "name", v->name,
                   "file", v->file, "parameters", (json_int_t)parameters, "forward_flops", d->forward_flops,
                   "train_flops", d->train_flops, "memory_bytes", (json_int_t)v->memory, "steps",
                   (json_int_t)v->steps, "trained_segments", (json_int_t)d->act.max_segments, "configs", d->configs,
                   "done", (json_int_t)count_state(runs, "done"), "diverged",
                   (json_int_t)count_state(runs, "diverged"), "seconds", spread_of(runs, "seconds"), "loss",
                   spread_of(runs, "loss"), "evaluations", evaluations_json(c, v, runs), "runs", runs);
}

json_t *comparison_results(const struct comparison *c, bool curves, struct hrm_error *error) {
  json_t *variants = json_array();
  for (int i = 0; i < c->count; i++)
    json_array_append_new(variants, contender_results(c, &c->contenders[i], curves, error));
  json_t *results = json_pack("{s:s, s:I, s:o}", "data", c->contenders[0].data, "seeds", (json_int_t)c->seeds,
                              "variants", variants);
  if (!results || json_array_size(variants) != (size_t)c->count) {
    json_decref(results);
    hrm_fail(error, HRM_SYSTEM, "the results cannot be written as JSON; out of memory?");
    return NULL;
  }
  if (curves) json_object_set_new(results, "page", json_string("compare"));
  if (c->minutes > 0)
    json_object_set_new(results, "minutes", json_real(c->minutes));
  else
    json_object_set_new(results, "steps", json_integer(c->training.steps));
  return results;
}

bool comparison_all_diverged(const json_t *results) {
  size_t i;
  const json_t *v, *variants = json_object_get(results, "variants");
  json_array_foreach(variants, i, v) {
    if (json_integer_value(json_object_get(v, "diverged")) < json_integer_value(json_object_get(results, "seeds")))
      return false;
  }
  return true;
}

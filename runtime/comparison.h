/* Training several models under one budget, seed by seed, and what comes of it.  A folder holds a comparison:
 *
 *   comparison.json            the terms that hold for all, and of each variant what tells it from others
 *   NAME/seed-N/               a run (runtime/run.h) of a variant
 *   NAME/seed-N/outcome.json   once it is over: {"state": "done", "step", "seconds", "loss", "evaluations": […]} or
 *                              {"state": "diverged", "step", "message"}
 *   results.json, results.html, results.svg    the results so far, written after each run
 *
 * Runs that are over are not repeated, and one that was interrupted goes on, so that the same command always goes on.
 * Seeds, variants and evaluations may be added later; all else has to be as it was. */
#ifndef HRM_COMPARISON_H
#define HRM_COMPARISON_H

#include "runtime/hrm.h"
#include "runtime/training.h"

struct contender {
  const char *name;        /* names its folder, too */
  const char *file;        /* with its own settings, as given */
  const char *fingerprint; /* of what it computes and how it is trained */
  struct hrm_code code;
  struct description description;
  int64_t steps;  /* the rest is found by comparison_run: optimiser steps, */
  int64_t memory; /* bytes that training needs, */
  char *data;     /* and the data set's absolute path; owned */
};

enum { COMPARISON_MOST_LIMITS = 32 };

struct comparison {
  const char *output;
  struct training_request
      training;   /* what holds for every run: data, steps where they are the budget, batch, rate, … */
  double minutes; /* of training steps, in place of steps; 0: steps */
  int64_t seeds;  /* 0 … seeds - 1 */
  int64_t limits[COMPARISON_MOST_LIMITS]; /* segments of evaluations beside that with those that it trained with */
  int limit_count;
  bool halt; /* evaluate with early halting, too */
  struct contender *contenders;
  int count;
};

/* Checks everything that can be checked before, then trains and evaluates what is left to do.  A run that diverges is
 * recorded, and the others go on. */
bool comparison_run(struct comparison *c, struct hrm_error *error);
void comparison_free(struct comparison *c); /* what comparison_run found */

/* What is known so far, in numbers:
 *   {"data", "steps" or "minutes", "seeds",
 *    "variants": [{"name", "file", "parameters", "forward_flops", "train_flops", "memory_bytes", "steps",
 *      "trained_segments", "configs", "done", "diverged", "seconds": SPREAD, "loss": SPREAD,
 *      "evaluations": [{"max_segments", "halt", "exact": SPREAD, "cells": SPREAD, "segments": SPREAD,
 *        and of score_names (runtime/score.h) those that the kind of puzzle has: "valid" or "score": SPREAD}],
 *      "runs": [{"seed", "state": "done", "diverged" or "waiting", …}]}]}
 * The first evaluation is with the segments that the variant trained with.  SPREAD is {"mean", "sd", "values"} over
 * the seeds that are done: sd is null below two.  curves: each run also has "lines" of its metrics, and "page" is
 * there (runtime/page.h). */
json_t *comparison_results(const struct comparison *c, bool curves, struct hrm_error *error);

/* Those numbers as a table. */
bool comparison_print(const json_t *results, FILE *out); /* false: out of memory */

/* Results with curves as a picture. */
bool comparison_draw(const char *path, const json_t *results, struct hrm_error *error);

/* Whether every run that was asked for has diverged. */
bool comparison_all_diverged(const json_t *results);

/* ---- between the files of this part ---- */

char *comparison_path(const struct comparison *c, const struct contender *v, int64_t seed); /* of a run; malloc'd */
struct training_request comparison_request(const struct comparison *c, const struct contender *v, int64_t seed);

/* Trains and evaluates one run as far as that is left to do. */
bool comparison_run_one(const struct comparison *c, const struct contender *v, int64_t seed, struct progress *p,
                        struct hrm_error *error);

/* A file of JSON, whole or not at all. */
bool comparison_write(const char *path, const json_t *json, struct hrm_error *error);

/* How a run ended; NULL where it has not, or the file cannot be read. */
json_t *comparison_outcome(const char *path);

/* The evaluation in an outcome; NULL: there is none yet. */
const json_t *comparison_evaluation(const json_t *outcome, int64_t max_segments, bool halt);

#endif

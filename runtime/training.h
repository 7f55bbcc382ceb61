/* A whole training run: steps, lines of metrics, checkpoints and evaluations, until its steps are done. */
#ifndef HRM_TRAINING_H
#define HRM_TRAINING_H

#include "runtime/progress.h"
#include "runtime/run.h"
#include "runtime/trainer.h"

struct training {
  struct trainer trainer;
  struct settings settings;
  struct dataset train, test; /* test is open where settings.eval_every > 0 */
  struct run_folder run;
  json_t *settings_json;
  struct progress progress;
  struct slots evaluation_slots; /* made at the first evaluation */
  struct metrics shown;          /* of the last line */
  double seconds;                /* spent in steps since the run began, in all processes */
  double interval_seconds;       /* the same since the last line */
  int64_t interval_steps;        /* of this process since the last line */
  double rate;                   /* examples a second, of the last line */
};

/* Trains up to settings.steps.  An interrupt ends it after a step with a checkpoint, HRM_INTERRUPTED and how to go
 * on. evaluated: the last step that was evaluated already, or -1. */
bool training_run(struct training *t, int64_t evaluated, struct hrm_error *error);

bool training_save(struct training *t, struct hrm_error *error);

void training_free(struct training *t); /* accepts all zeros but run.metrics = -1 */

#endif

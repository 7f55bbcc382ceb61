/* A whole training run: steps, lines of metrics, checkpoints and evaluations, until its steps are done. */
#ifndef HRM_TRAINING_H
#define HRM_TRAINING_H

#include "runtime/checkpoint.h"
#include "runtime/footprint.h"
#include "runtime/progress.h"
#include "runtime/run.h"
#include "runtime/trainer.h"

struct training {
  struct trainer trainer;
  struct settings settings;
  struct dataset train, test; /* test is open where settings.eval_every > 0 */
  struct footprint needed;
  struct run_folder run;
  json_t *settings_json;
  struct progress progress;
  int64_t saved;                 /* step of the last checkpoint that was written; -1: none yet */
  int64_t published;             /* step of `latest`; -1: none yet */
  struct slots evaluation_slots; /* made at the first evaluation */
  struct metrics shown;          /* of the last line */
  double seconds;                /* spent in steps since the run began, in all processes */
  double interval_seconds;       /* the same since the last line */
  int64_t interval_steps;        /* of this process since the last line */
  double rate;                   /* examples a second, of the last line */
};

/* A new run, or one to go on with.  Negative numbers stand for what is not given: that is the model's or the run's.
 */
struct training_request {
  const struct description *description;
  const char *data, *output, *resume, *checkpoint; /* NULL where not given; data and output, or resume, are */
  struct checkpoint_use use;                       /* of the checkpoint */
  int64_t steps, batch, warmup, seed, threads, eval_every, eval_limit, save_every, log_every, keep;
  double epochs, lr, puzzle_lr, weight_decay, puzzle_weight_decay;
};

struct training_request training_request_new(const struct description *d); /* nothing is given */

/* Settings, data sets and memory of a request, checked; nothing is written.  t may be anything before, and is due for
 * training_free in either case. */
bool training_open(struct training *t, const struct training_request *r, struct hrm_error *error);

/* After training_open of the same request: begins the run or goes on with it, and trains to its end as training_run
 * does. */
bool training_execute(struct training *t, const struct hrm_code *code, const struct training_request *r,
                      struct hrm_error *error);

/* Trains up to settings.steps.  An interrupt ends it after a step with a checkpoint, HRM_INTERRUPTED and how to go
 * on; divergence with HRM_DIVERGED.  evaluated: the last step that was evaluated already, or -1. */
bool training_run(struct training *t, int64_t evaluated, struct hrm_error *error);

/* Checkpoints go two ways: one is written, and is `latest` once it has proved good, because the weights of a step
 * that was finite may be so large that the next one is not.  A new run publishes its first at once; training_run
 * publishes the others. */
bool training_save(struct training *t, struct hrm_error *error);
bool training_publish(struct training *t, struct hrm_error *error); /* the one that was saved last */

void training_free(struct training *t); /* accepts all zeros but run.metrics = -1 */

#endif

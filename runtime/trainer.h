/* Training by deep supervision: each step runs one segment of every slot and moves the weights once. */
#ifndef HRM_TRAINER_H
#define HRM_TRAINER_H

#include "runtime/batch_source.h"
#include "runtime/loader.h"
#include "runtime/metrics.h"
#include "runtime/optimizer.h"
#include "runtime/settings.h"

struct trainer {
  const struct description *description; /* not owned; nor are the next two */
  const struct settings *settings;
  const struct dataset *dataset;
  struct model model;
  struct slots slots;
  struct optimizer optimizer;
  struct loader loader;
  struct batch_source source; /* the loader; a command may put another in its place */
  struct metrics metrics;     /* since they were last written */
  int64_t step;               /* steps done */
};

/* The trainer must not move afterwards. */
bool trainer_new(struct trainer *t, const struct hrm_code *code, const struct description *d,
                 const struct settings *settings, const struct dataset *dataset, struct hrm_error *error);
void trainer_free(struct trainer *t); /* accepts all zeros */

/* Fresh weights at step 0. A checkpoint takes the place of this. */
void trainer_start(struct trainer *t);

/* One step.  Fails with HRM_DIVERGED, naming the step and the first tensor that is not finite; nothing of the trainer
 * may be saved then. */
bool trainer_step(struct trainer *t, struct hrm_error *error);

/* Whether weights, moments and moving averages are finite; fails with HRM_DIVERGED.  A step can leave weights from
 * which the next one diverges although they are: trainer_try_step tells. */
bool trainer_is_finite(const struct trainer *t, struct hrm_error *error);

/* Whether the losses and gradients of the next step would be finite, tried on copies of the slots; nothing changes.
 * Fails with HRM_DIVERGED. */
bool trainer_try_step(struct trainer *t, struct hrm_error *error);

#endif

/* Training by deep supervision: each step runs one segment of every slot and moves the weights once. */
#ifndef HRM_TRAINER_H
#define HRM_TRAINER_H

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
  struct example *batch;  /* what the loader offers; a slot takes its place of it where its example has halted */
  struct metrics metrics; /* since they were last written */
  int64_t step;           /* steps done */
};

bool trainer_new(struct trainer *t, const struct hrm_code *code, const struct description *d,
                 const struct settings *settings, const struct dataset *dataset, struct hrm_error *error);
void trainer_free(struct trainer *t); /* accepts all zeros */

/* Fresh weights at step 0. A checkpoint takes the place of this. */
void trainer_start(struct trainer *t);

/* One step.  Fails with HRM_DIVERGED, naming the step and the first tensor that is not finite; nothing of the trainer
 * may be saved then. */
bool trainer_step(struct trainer *t, struct hrm_error *error);

#endif

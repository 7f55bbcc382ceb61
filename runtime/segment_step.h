/* One step of training: a segment of every slot, then one move of the weights. */
#ifndef HRM_SEGMENT_STEP_H
#define HRM_SEGMENT_STEP_H

#include "runtime/metrics.h"
#include "runtime/optimizer.h"

struct segment_options {
  int64_t step;            /* the first is 1 */
  double factor;           /* of the learning rates */
  uint64_t seed;           /* of exploration and noise */
  struct metrics *metrics; /* the step is added to them */
};

/* The slots hold examples.  Fails with HRM_DIVERGED, naming the step and the first tensor that is not finite:
 * weights, states and metrics are spoilt then. */
bool segment_step(struct model *model, struct slots *slots, struct optimizer *optimizer,
                  const struct segment_options *s, struct hrm_error *error);

/* Whether `segment_step` would find every loss and gradient finite.  Works on copies of the slots and changes
 * nothing; examples that have halted are taken again from their beginning. */
bool segment_try(struct model *model, const struct slots *slots, const struct optimizer *optimizer, int64_t step,
                 struct hrm_error *error);

#endif

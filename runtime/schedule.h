/* Learning rates over the steps of a run. */
#ifndef HRM_SCHEDULE_H
#define HRM_SCHEDULE_H

#include "runtime/description.h"

/* The factor of every base rate at a step (the first is 1) of a run of `steps`.
 *
 *   step < warmup:  step / warmup
 *   constant:       1
 *   cosine:         floor + (1 - floor) · ½(1 + cos(π · progress)),
 *                   progress = (step - warmup) / max(1, steps - warmup), at most 1 */
double schedule_factor(const struct schedule *schedule, int64_t step, int64_t steps);

#endif

/* Calls that name a policy of the runtime (an optimiser, a schedule, an act): adam_atan2(lr = 1e-4, …). */
#ifndef HRMC_ELAB_POLICY_H
#define HRMC_ELAB_POLICY_H

#include "elab.h"

enum policy_what { POLICY_OPTIMIZER, POLICY_SCHEDULE, POLICY_ACT };

/* Reads a policy; numbers become settings.  Tensor arguments (halt = q[0]) are given back unevaluated in `tensors` by
 * the places "halt" 0 and "continue" 1 (NULL where absent).  False after an error. */
bool elab_policy(struct elab *e, struct scope *s, enum policy_what what, const struct expr *x, struct policy *out,
                 const struct expr *tensors[2]);

#endif

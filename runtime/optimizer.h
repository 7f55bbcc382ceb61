/* Optimisers.  With gradient g (summed over the slots and divided by the batch), rate η and weight decay λ:
 *
 *   adam_atan2  p ← p·(1 − ηλ);  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;
 *               p ← p − η/(1−β₁ᵗ) · atan2(m, √v/√(1−β₂ᵗ))            (arXiv:2407.05872, as the HRM code has it)
 *   adamw       the same with m / (√v/√(1−β₂ᵗ) + ε) in place of the atan2      (arXiv:1711.05101)
 *   sgd         p ← p·(1 − ηλ);  m ← μm + g;  p ← p − ηm
 *   sign_sgd    p ← p·(1 − ηλ) − η·sign(g);  of a sparse table only the rows that some slot uses, each once
 *
 * Clipping scales the gradients of all dense weights so that their norm is at most `clip`.  The moving average
 * ema ← d·ema + (1−d)·p follows the trained dense weights.  State is float32. */
#ifndef HRM_OPTIMIZER_H
#define HRM_OPTIMIZER_H

#include "runtime/model.h"

struct optimizer {
  const struct description *description; /* not owned */
  const struct optimizer_group *groups;  /* [group_count], not owned: the description's, or changed by the user */
  double clip, ema_decay;                /* 0: none */
  float *m, *v;                          /* laid out like the weights; NULL where no group has such a state */
  float *ema;                            /* laid out like the weights; NULL where there is none */
};

bool optimizer_new(struct optimizer *o, const struct description *d, const struct optimizer_group *groups,
                   double clip, double ema_decay, struct hrm_error *error);
void optimizer_free(struct optimizer *o); /* accepts all zeros */

/* Starts the moving average at the present weights; of those that are not trained it is a copy for ever. */
void optimizer_start_ema(struct optimizer *o, const struct model *model);
/* The same for the untrained weights alone: after the rest was restored. */
void optimizer_complete_ema(struct optimizer *o, const struct model *model);

bool optimizer_has_m(const struct optimizer *o, int weight);
bool optimizer_has_v(const struct optimizer *o, int weight);
bool optimizer_has_ema(const struct optimizer *o, int weight); /* of its own: a trained dense weight's */

/* Step t (the first is 1) with every rate multiplied by factor: sums and clears the workers' gradients, moves the
 * weights and packs each block of them at once, then moves the rows that the slots use, and prepares the rest.
 * Fails with HRM_DIVERGED where a gradient is not finite and names the first weight; weights and states are spoilt
 * then. */
bool optimizer_step(struct optimizer *o, struct model *model, const struct slots *slots, int64_t t, double factor,
                    struct hrm_error *error);

/* Bytes of memory that a step reads and writes: the dense weights, their states, and every worker's gradients, which
 * are cleared. */
int64_t optimizer_traffic(const struct optimizer *o, const struct model *model);
/* Those of the packed copies, which it writes besides. */
int64_t optimizer_packed(const struct optimizer *o);

/* Sums and clears the workers' gradients over `count` slots and moves nothing; fails as optimizer_step does. */
bool optimizer_discard(const struct optimizer *o, struct model *model, int64_t count, int64_t t,
                       struct hrm_error *error);

#endif

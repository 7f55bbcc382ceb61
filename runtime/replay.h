/* Replaying recorded training steps: given weights and batches, every tensor of each step, by the names that runs of
 * the published code are recorded under.
 *
 * Batches: inputs and labels i32 [K, B, S] (a label of -100 is not scored), puzzle_identifiers i32 [K, B]; a slot
 * takes its row of batch k only where its example halted at the step before.  Rates are constant.  Recorded for each
 * step k: stepK.logits and the model's other outputs, stepK.q_halt_logits, stepK.q_continue_logits,
 * stepK.target_q_continue (these two where halting is by q_learning), stepK.loss (the sum over the batch),
 * stepK.metric.* (sums over the examples that halted, losses over all), stepK.halted, stepK.steps and the states;
 * grad.PATH for the first step's gradients of the mean loss; final.PATH for every weight. */
#ifndef HRM_REPLAY_H
#define HRM_REPLAY_H

#include "runtime/optimizer.h"
#include "runtime/tensor_file.h"

struct recording {
  struct tensor_entry *entries; /* names and data are owned */
  int count, capacity;
};

/* Runs all steps; model and optimiser hold the initial state.  What was recorded is to be freed in any case. */
bool replay(struct model *model, struct optimizer *optimizer, const struct tensor_file *batches,
            struct recording *recording, struct hrm_error *error);
void recording_free(struct recording *r);

#endif

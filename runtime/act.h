/* Adaptive computation time: which examples stop after a segment. */
#ifndef HRM_ACT_H
#define HRM_ACT_H

#include "runtime/slots.h"

/* Whether the model itself would stop: q_learning where halt > continue, halt_head where halt > 0, fixed never. */
bool act_wants_halt(enum act_kind kind, float halt, float continue_value);

/* After a training segment: sets slots->halted.  An example halts at max_segments, or where the model would stop.
 * With probability `exploration`, drawn anew for each slot in each step of training, the example may not halt before
 * a random minimum from {2 … max_segments}. */
void act_halt(const struct act_policy *act, struct slots *slots, uint64_t seed, int64_t step);

#endif

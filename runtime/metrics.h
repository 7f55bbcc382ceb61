/* Sums over training steps, and the objects of metrics.jsonl that they become.
 *
 * Losses are means over all slots.  The rest is over the examples that halted in these steps, as published: those
 * with a labelled position count. */
#ifndef HRM_METRICS_H
#define HRM_METRICS_H

#include <jansson.h>

#include "runtime/slots.h"

/* NAME(field): all are double, so that a checkpoint keeps them as one array */
#define METRIC_SUMS(NAME)                                                                                            \
  NAME(steps)   /* of training */                                                                                    \
  NAME(lm_loss) /* mean over the slots, summed over the steps; the next two likewise */                              \
  NAME(halt_loss)                                                                                                    \
  NAME(continue_loss)                                                                                                \
  NAME(halted)     /* examples that halted; the rest are sums over them */                                           \
  NAME(accuracy)   /* share of labelled positions that are right */                                                  \
  NAME(exact)      /* examples with every labelled position right */                                                 \
  NAME(halt_right) /* examples whose halt value is not below 0 exactly if they are right */                          \
  NAME(segments)

struct metrics {
#define METRIC_FIELD(field) double field;
  METRIC_SUMS(METRIC_FIELD)
#undef METRIC_FIELD
};

enum { METRIC_COUNT = sizeof(struct metrics) / sizeof(double) };

/* Adds a training step, after the decision which slots halt. */
void metrics_add(struct metrics *sums, const struct slots *slots);

/* {"step", "lm_loss", "halt_loss", "continue_loss", "halted", "accuracy", "exact_accuracy", "halt_accuracy",
 *  "mean_segments"}: means over what was summed; those over halted examples are null where none halted.  Owned by the
 * caller; NULL where memory ran out. */
json_t *metrics_json(const struct metrics *sums, int64_t step);

#endif

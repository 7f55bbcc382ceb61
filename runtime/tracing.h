/* Looking inside a segment: one example in many slots, of which slot k is stopped after k steps (runtime/hrm.h,
 * "trace_limit").  So one call of generated code shows every intermediate state, decoded. */
#ifndef HRM_TRACING_H
#define HRM_TRACING_H

#include "runtime/model.h"

/* A level: a state, one of the slices of a state of more than two axes, or a variable that the segment carries. */
struct level {
  char *name; /* "z_H", "z[1]", "h"; owned */
  int tensor;
  int64_t first;     /* element of the tensor where it starts */
  int64_t positions; /* rows … */
  int64_t width;     /* … of so many features */
};

struct tracing {
  struct model *model; /* not owned */
  struct slots slots;  /* steps + 1: slot k had k steps of the segment */
  int64_t steps;       /* of a segment; at least 1 */
  int level_count;
  struct level *levels;
};

/* Fails with HRM_LIMITATION where a segment has more steps than can be shown. */
bool tracing_open(struct tracing *t, struct model *model, struct hrm_error *error);
void tracing_close(struct tracing *t); /* accepts all zeros */

/* Restarts with an example. */
void tracing_put(struct tracing *t, const struct example *example);

/* Runs the example's next segment. */
void tracing_segment(struct tracing *t);

/* The values of a level after k steps of this segment: positions · width floats. */
void tracing_values(const struct tracing *t, const struct level *level, int64_t step, float *values);

#endif

/* Threads that share one tile: each takes its part of a kernel, then waits for the others.  A team of one waits for
 * nobody, but may still be timed. */
#ifndef HRM_TEAM_H
#define HRM_TEAM_H

#include <stdatomic.h>
#include <stdint.h>

#include "runtime/hrm.h"

/* Of each kernel: CPU seconds of the team's first thread (waiting counts, as long as it waits awake), and examples. */
struct profile {
  double *seconds;
  int64_t *examples;
  double last; /* when the kernel before it was finished */
};

struct team {
  int64_t members;
  atomic_llong arrived, round;
  struct profile *profile; /* of this team alone; NULL: not timed */
};

/* A tile's `finished`: waits for all threads of tile->team, a struct team; its first thread writes the profile. */
void team_finished(const struct hrm_tile *tile, int64_t kernel);

#endif

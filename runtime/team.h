/* Threads that share one tile: each takes its part of a kernel, then waits for the others.  A team of one waits for
 * nobody, but may still be timed. */
#ifndef HRM_TEAM_H
#define HRM_TEAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/hrm.h"

/* Of each kernel: CPU seconds of the team's first thread (waiting counts, as long as it waits awake), the same times
 * the threads of the team, which may be more in prepare than in a segment, and examples. */
struct profile {
  double *seconds, *team_seconds;
  int64_t *examples;
  double last; /* when the kernel before it was finished */
};

struct team {
  int64_t members;
  bool crowded; /* more threads than cores: those who wait sleep at once */
  atomic_llong arrived, round;
  pthread_mutex_t lock; /* of round, for those who sleep until it is `begun` */
  pthread_cond_t begun;
  struct profile *profile; /* of this team alone; NULL: not timed */
};

/* Without members and profile. */
void team_new(struct team *t);
void team_free(struct team *t);

/* A tile's `finished`: waits for all threads of tile->team, a struct team; its first thread writes the profile. */
void team_finished(const struct hrm_tile *tile, int64_t kernel);

#endif

/* Batches for training, by the rules of the published loader.
 *
 * Groups come in random order; of each, one random puzzle gives its examples in random order until the batch is full
 * (those left over are dropped).  The groups' order is drawn anew each epoch.  A batch may cross the end of an epoch;
 * after an iteration of enough epochs for at least 1,000 batches, a batch that is not full is dropped, as published.
 * The groups of all sets are mixed.
 *
 * Every choice is a function of the seed and the position, so that two numbers resume the stream. */
#ifndef HRM_LOADER_H
#define HRM_LOADER_H

#include "runtime/batch_source.h"

struct loader_position {
  int64_t epoch; /* since the start of training */
  int64_t group; /* taken of this epoch's order */
};

struct loader {
  const struct dataset *dataset; /* not owned */
  int64_t batch;
  uint64_t seed;
  struct loader_position position;
  int64_t groups;               /* of all sets */
  int64_t epochs_per_iteration; /* the last batch of an iteration is dropped if it is not full */
  int64_t *order;               /* of the epoch `ordered` */
  int64_t ordered;
  int64_t *shuffle;        /* as long as the largest puzzle */
  struct example *offered; /* [batch], by the source */
};

bool loader_new(struct loader *l, const struct dataset *dataset, int64_t batch, uint64_t seed,
                struct hrm_error *error);
void loader_free(struct loader *l); /* accepts all zeros */

/* The next `batch` examples. */
void loader_next(struct loader *l, struct example *examples);

/* Draws a batch for each step, as published: a slot whose example has halted takes its place of it, what is offered
 * to the others is dropped.  The source points to the loader. */
struct batch_source loader_source(struct loader *l);

/* Steps that visit each group `epochs` times, rounded down: epochs · groups · mean examples of a puzzle / batch. At
 * most LOADER_MOST_STEPS. */
#define LOADER_MOST_STEPS (INT64_C(1) << 50)
int64_t loader_steps(const struct dataset *dataset, double epochs, int64_t batch);

#endif

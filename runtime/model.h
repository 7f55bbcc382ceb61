/* A compiled model with its memory: the weights, and what each thread needs to run a tile. */
#ifndef HRM_MODEL_H
#define HRM_MODEL_H

#include "runtime/description.h"
#include "runtime/hrm.h"
#include "runtime/slots.h"
#include "runtime/team.h"
#include "runtime/weight_part.h"

struct worker {
  void *arena;      /* of the tile that its team works on, where it is the first of the team */
  void *local;      /* its own in any team */
  float *gradients; /* sums over this worker's tiles; the optimiser reads and clears them; NULL where not training */
  void **tensors;   /* addresses handed to generated code */
};

struct model {
  const struct description *description; /* not owned */
  const struct hrm_code *code;           /* not owned */
  float *weights;                        /* dense ones at their offsets */
  float **sparse;                        /* [weight_count]; NULL where dense */
  void *shared;                          /* what pack and prepare made of the weights */
  int threads;
  struct worker *workers; /* [threads] */
  struct team *teams;     /* [threads]; as many as work on different tiles are used */
};

/* Fails where this machine lacks what the code was compiled for.  Weights are zeros until they are initialised or
 * loaded; model_prepare has to follow. */
bool model_new(struct model *m, const struct hrm_code *code, const struct description *d, int threads, bool training,
               struct hrm_error *error);
void model_free(struct model *m); /* accepts all zeros */

/* Draws a weight's values; they depend on its path and the seed alone. */
void weight_initialize(const struct weight_info *w, uint64_t seed, int threads, float *values);

/* Draws every weight from its distribution; the values depend on its path and the seed alone. */
void model_initialize(struct model *m, uint64_t seed);

float *model_weight(const struct model *m, int number); /* contiguous, row-major */

/* Has to be called after each change of dense weights: packs them all, and computes what else depends on them.  In
 * place of it, who changed some may pack these and then compute the rest.  A part has whole blocks of its weight
 * (weight_part_in_blocks); threads may pack different ones at the same time. */
void model_prepare(struct model *m);
void model_pack(const struct model *m, struct weight_part part);
void model_prepare_rest(struct model *m);

/* Runs one segment of the first `count` slots.  With fewer slots than threads, several threads share a tile.  The
 * same worker always takes the same slots, in the same tiles, so the sums of gradients depend on the number of
 * threads and on nothing else.  Rows of sparse tables are looked up first. */
void model_forward(struct model *m, const struct slots *slots, int64_t count);
void model_train(struct model *m, const struct slots *slots, int64_t count);
void model_trace(struct model *m, const struct slots *slots, int64_t count); /* see slots_add_trace */

#endif

/* From graphs to kernels: hoisting, fusion, layout and memory. */
#ifndef HRMC_PLAN_H
#define HRMC_PLAN_H

#include "kernel.h"
#include "program.h"

struct plan {
  struct function prepare; /* what depends on weights alone: runs once after each change of the weights */
  struct function forward;
  struct function train;
  int64_t tile;         /* examples in a tile, at most */
  int64_t shared_bytes; /* extent of SPACE_SHARED */
};

/* Plans the two final graphs of a program (batched; train differentiated).  tile >= 1. */
struct plan *plan_program(struct arena *a, const struct program *p, const struct graph *forward,
                          const struct graph *train, int64_t tile);

#endif

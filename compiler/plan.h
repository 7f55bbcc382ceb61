/* From graphs to kernels: hoisting, fusion, layout and memory. */
#ifndef HRMC_PLAN_H
#define HRMC_PLAN_H

#include "kernel.h"
#include "machine.h"
#include "program.h"

/* A kernel, or a chain of kernels, that stands for all of its form. */
struct kernel_form {
  const struct kernel *kernel; /* NULL: a chain */
  const struct chain *chain;
  const char *signature;
  const char *name; /* what profilers show: "contract_7_m81_n32_k128", "loop_3" */
};

/* How a weight is packed: its copies are made block by block, so that who moves a block can pack it at once. */
struct packing {
  int64_t block;    /* bytes of the weight; 0: it has no copies, or `prepare` makes them */
  int64_t blocks;   /* the last may be shorter */
  int64_t bytes;    /* of all its copies */
  int first, count; /* of its steps in plan->pack: each is a chain over a run of blocks */
  int64_t *begin;   /* of each, its first block */
};

struct plan {
  struct function pack;     /* copies of weights, which need nothing else */
  struct packing *packings; /* by number of the weight */
  int weight_count;
  struct function prepare; /* what else depends on weights alone: runs once after each change of the weights */
  struct function forward;
  struct function train;
  struct function trace;             /* no steps where the plan is of two graphs */
  int64_t tile;                      /* examples in a tile, at most */
  int64_t shared_bytes;              /* extent of SPACE_SHARED */
  double forward_flops, train_flops; /* of one example; what pass_recompute makes again counts once */
  struct kernel_form *forms;
  int form_count;
};

/* The final graphs of a program: batched; train differentiated. */
struct program_graphs {
  const struct graph *forward, *train;
  const struct graph *trace; /* NULL: none */
};

/* Plans the functions of a program for a machine.  tile >= 1. */
struct plan *plan_program(struct arena *a, const struct program *p, const struct program_graphs *graphs,
                          const struct machine *machine, int64_t tile);

/* Numbers the forms of a plan's kernels; plan_program has done it. */
void plan_forms(struct arena *a, struct plan *plan);

#endif

/* A plain interpreter of kernels over raw memory: the reference for code generation, and the test of the planner.
 *
 * Every value of a loop nest is computed element by element in the precision of its dtype; a contraction sums in
 * double and rounds once.  Nothing is reordered, so its results are those of the text that kernel_print gives. */
#ifndef HRMC_TESTS_KERNEL_INTERPRETER_H
#define HRMC_TESTS_KERNEL_INTERPRETER_H

#include "compiler/plan.h"

/* The base of each space; those that a function does not use may be NULL. */
struct kernel_memory {
  int64_t n; /* examples */
  char *weights, *shared, *arena, *gradients, *local;
  char *const *tensors; /* one for each io number: the tile's first example */
};

void interpret_steps(const struct step *steps, int count, const struct kernel_memory *m);
void interpret_function(const struct function *f, const struct kernel_memory *m);

/* One element of raw memory as a double, and back. */
double interpret_load(enum dtype dtype, const char *address);
void interpret_store(enum dtype dtype, char *address, double value);

#endif

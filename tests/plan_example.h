/* Programs of one example, written as the text of a graph: planned, run, and compared with the plain evaluator. */
#ifndef HRMC_TESTS_PLAN_EXAMPLE_H
#define HRMC_TESTS_PLAN_EXAMPLE_H

#include "tests/plan_harness.h"

/* `forward` lacks the loss of the text, which is train's alone. */
struct example {
  struct graph *forward, *train;
  struct program *program;
  struct plan *plan; /* for tiles of EXAMPLE_TILE, panels of 32 columns */
};

enum { EXAMPLE_TILE = 3 };

/* The program through all passes. */
struct example example_of(struct arena *a, const char *text);
struct example example_of_graph(struct arena *a, const struct graph *g);

/* The largest relative difference between the plan and the evaluator, on random values. */
double example_difference(struct arena *a, const struct example *x);

/* The program, whose plan gives what the evaluator gives. */
struct example expect_right(struct arena *a, const char *text);

void expect_kernels(const struct function *f, int loops, int contractions, int copies);

/* A step that is a kernel. */
const struct kernel *kernel_number(const struct function *f, int number);

/* Texts that several tests look at. */
extern const char rms_norm_text[], attention_text[];

#endif

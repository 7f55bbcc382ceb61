/* The reference evaluator: the meaning of every operator of the graph as one plain loop nest, in double precision
 * (i32 values as whole doubles, no rounding to f32; what is bf16 is rounded to it).  It takes a graph after any pass.
 */
#ifndef HRMC_TESTS_EVALUATE_H
#define HRMC_TESTS_EVALUATE_H

#include "compiler/graph.h"

/* The value of a symbol's leaves: n examples in row-major order where the leaf has the batch axis, else one. */
struct evaluate_input {
  const char *name;
  const double *values;
};

/* What a sink got: the stored value, or the sum of all that was accumulated. */
struct evaluate_output {
  const struct symbol *symbol;
  double *values;
  int64_t count;
};

struct evaluation {
  double loss; /* sum of all LOSS sinks over all examples */
  struct evaluate_output *outputs;
  int count;
};

/* Runs the graph on n examples (the extent of the batch axis).  A leaf without input is a mistake of the test: abort.
 * Everything is allocated in the arena. */
struct evaluation evaluate(struct arena *a, const struct graph *g, const struct evaluate_input *inputs, int count,
                           int64_t n);

/* The same with every node's value rounded to its type: what rounding alone changes. */
struct evaluation evaluate_rounded(struct arena *a, const struct graph *g, const struct evaluate_input *inputs,
                                   int count, int64_t n);

/* The output of a symbol's name; NULL where no sink has it. */
const struct evaluate_output *evaluate_find(const struct evaluation *e, const char *name);

/* The largest difference between two evaluations, relative to 1 + |value|; INFINITY where their outputs are not the
 * same symbols of the same sizes, or a NaN stands against a number. */
double evaluate_difference(const struct evaluation *x, const struct evaluation *y);

/* op(x[0], x[1], …) in double; dtype: that of the result. */
double evaluate_scalar(enum scalar_op op, enum dtype dtype, const double *x);

#endif

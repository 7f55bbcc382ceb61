/* Random programs of one example, for properties that hold of every graph. */
#ifndef HRMC_TESTS_RANDOM_GRAPH_H
#define HRMC_TESTS_RANDOM_GRAPH_H

#include "tests/evaluate.h"

struct random_program {
  struct graph *graph; /* with some outputs, and a LOSS */
  struct symbol *symbols[16];
  int symbol_count;
};

/* The same seed gives the same program.  All values stay within about ±10.  Where smooth, every gradient is that of
 * the whole program: nothing is detached, and every trip of a repeat is recorded. */
struct random_program random_program(struct arena *a, uint64_t seed, int steps, bool smooth);

/* The next number of a sequence, uniform in [0, limit). */
int random_below(uint64_t *state, int limit);

/* Values for n examples of a symbol (one for a weight): within ±1, or small whole numbers for i32. */
double *random_values(struct arena *a, uint64_t seed, const struct symbol *s, int64_t n);

/* Values for all symbols of a program; symbol_count of them. */
struct evaluate_input *random_inputs(struct arena *a, uint64_t seed, const struct random_program *p, int64_t n);

#endif

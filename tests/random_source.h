/* Random well-typed .hrm programs: a model with parameters, states, a segment with loops and repeats, a loss. */
#ifndef HRMC_TESTS_RANDOM_SOURCE_H
#define HRMC_TESTS_RANDOM_SOURCE_H

#include "compiler/arena.h"

#include <stdint.h>

/* The same seed gives the same text.  It uses most of the language: index notation, lifted calls, modules and lists
 * of them, subscripts, library functions, nested repeats with every horizon, compile-time branches.  Values stay
 * within a few units. */
const char *random_source(struct arena *a, uint64_t seed);

#endif

/* Running one graph in this process: for test blocks and whatever else needs a value now. */
#ifndef HRMC_DRIVER_EXECUTE_H
#define HRMC_DRIVER_EXECUTE_H

#include "compile.h"

/* A graph compiled and loaded.  Its symbols are tensors of one example. */
struct executable {
  struct program *program;
  struct engine *engine; /* that holds the code */
  struct loaded_code code;
  const struct graph *constants; /* a graph whose results are known: no code is needed */
  void **tensors;                /* by number of program->tensors; zeroed, owned */
  void *shared, *arena, *local;
};

/* Compiles a graph over `symbols` (no weights); a ROWS symbol is followed by the output that takes its gradient.
 * NULL after a bug or for want of memory (reported).  It is released with the compilation's arena, which the engine
 * must outlive, or before by execute_free(). */
struct executable *execute_load(struct compilation *c, const struct graph *g, struct symbol *const *symbols,
                                int count);
void execute_run(struct executable *x);
void execute_free(struct executable *x); /* accepts NULL */

/* The program whose tensors are these symbols, in their order. */
struct program *execute_program(struct compilation *c, struct symbol *const *symbols, int count);

/* Where a symbol's value lies. */
void *execute_value(const struct executable *x, const struct symbol *symbol);

#endif

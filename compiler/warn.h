/* Warnings: what is legal, but hardly meant. */
#ifndef HRMC_WARN_H
#define HRMC_WARN_H

#include "ast.h"
#include "program.h"

/* Configs of a file whose name occurs nowhere else in it. */
void warn_unused_configs(struct arena *a, struct diags *d, const struct ast_file *file);

/* Weights that the model never uses, and parameters that no gradient reaches: those without a sink, or with zeros
 * alone in their sinks, in the train graph as it is after all passes.  A graph that still has its LOSS says nothing.
 */
void warn_weights(struct diags *d, const struct program *p, const struct graph *train);

#endif

/* The command line of hrmc compare: budgets, and variants as models with settings of their own. */
#ifndef HRMC_DRIVER_OPTIONS_COMPARE_H
#define HRMC_DRIVER_OPTIONS_COMPARE_H

#include "options.h"

#include <argp.h>

/* Takes one of compare's own options; ARGP_ERR_UNKNOWN for any other key. */
error_t options_compare_key(struct arena *a, struct options *o, int key, const char *text, struct argp_state *state);

/* What is missing or does not go together; makes o->variants of o->files. */
void options_compare_end(struct arena *a, struct options *o, struct argp_state *state);

#endif

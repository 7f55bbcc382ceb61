/* Variants on the command line, for compare and diff. */
#ifndef HRMC_DRIVER_OPTIONS_VARIANTS_H
#define HRMC_DRIVER_OPTIONS_VARIANTS_H

#include "options.h"

#include <argp.h>

/* Makes o->variants of o->files; what is wrong with them ends the process. */
void options_read_variants(struct arena *a, struct options *o, struct argp_state *state);

#endif

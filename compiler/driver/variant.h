/* Variants that are compiled side by side, by compare and diff. */
#ifndef HRMC_DRIVER_VARIANT_H
#define HRMC_DRIVER_VARIANT_H

#include "compile.h"

/* As far as a plan; what all variants share, each must have.  False after an error (reported). */
bool variant_compile(struct compilation *c, const struct options *shared, const struct variant *v);

/* Adds to every message which variant it is of. */
void variant_note(struct compilation *c, const struct variant *v);

#endif

/* Errors that a -D leads to, far away from it. */
#ifndef HRMC_DRIVER_BLAME_H
#define HRMC_DRIVER_BLAME_H

#include "compile.h"

/* Checks the file again with the default, or the data set's value, in place of each -D.  The first error that is gone
 * then gets a note where the value was given; further ones are hidden. */
void blame_defines(struct compilation *c, const char *path);

#endif

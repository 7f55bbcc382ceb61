/* Errors that a -D leads to, far away from it. */
#ifndef HRMC_DRIVER_BLAME_H
#define HRMC_DRIVER_BLAME_H

#include "compile.h"

/* Checks the file again with the default in place of each -D, and notes at the first error that is gone then where
 * the value was given. */
void blame_defines(struct compilation *c, const char *path);

#endif

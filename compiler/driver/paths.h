/* Where hrmc finds its code generator, and what it links executables with.
 *
 * Its own files lie beside the running hrmc (a build tree), else in ../lib/hrmc of its folder if that is called bin
 * (an installed tree, wherever it was moved; as the folders were configured), else in the folder it was configured
 * for. Links to hrmc are followed.  The working folder counts for nothing. */
#ifndef HRMC_DRIVER_PATHS_H
#define HRMC_DRIVER_PATHS_H

#include "../arena.h"

/* The path of the runtime library libhrm.a, in the arena: in the folder $HRMC_LIBDIR if that is set, else among its
 * own files.  NULL: nowhere. */
const char *paths_runtime_library(struct arena *a);

/* The path of the module of the code generator (emit/module.h).  NULL: nowhere. */
const char *paths_code_generator(struct arena *a);

/* The command that links executables ($HRMC_CC, else the compiler that hrmc was built with) and the libraries that
 * follow libhrm.a, separated by spaces. */
const char *paths_linker(void);
const char *paths_runtime_libs(void);

#endif

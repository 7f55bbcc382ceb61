/* Where hrmc finds its code generator, and what it links executables with. */
#ifndef HRMC_DRIVER_PATHS_H
#define HRMC_DRIVER_PATHS_H

#include "../arena.h"

/* The path of the runtime library libhrm.a, in the arena: in the folder $HRMC_LIBDIR if that is set, else beside the
 * running hrmc (a build tree), else in the folder it was configured for.  NULL: in none of them. */
const char *paths_runtime_library(struct arena *a);

/* The path of the module of the code generator (emit/module.h): beside the running hrmc, else in the folder it was
 * configured for.  NULL: in neither. */
const char *paths_code_generator(struct arena *a);

/* The command that links executables ($HRMC_CC, else the compiler that hrmc was built with) and the libraries that
 * follow libhrm.a, separated by spaces. */
const char *paths_linker(void);
const char *paths_runtime_libs(void);

#endif

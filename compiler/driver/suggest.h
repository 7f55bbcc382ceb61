/* Suggestions are tried before they are printed. */
#ifndef HRMC_DRIVER_SUGGEST_H
#define HRMC_DRIVER_SUGGEST_H

#include "compile.h"

/* Checks the file again with each suggestion applied, and refutes those after which an error still stands at the
 * place. A few are tried; the others are refuted, too. */
void suggestions_try(struct compilation *c, const char *path);

#endif

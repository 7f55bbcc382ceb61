/* Models as libraries: --emit=header and --emit=shared.
 *
 * The functions of runtime/embed.h are linked in under the model's own prefix, and nothing else is exported.  The
 * header is the text of that file with the prefix in it, behind the model's sizes. */
#ifndef HRMC_DRIVER_EMBED_H
#define HRMC_DRIVER_EMBED_H

#include "compile.h"

/* The model's name in small letters: its functions are PREFIX_open and so on.  "_model" follows it where the runtime
 * itself has functions of that prefix. */
const char *embed_prefix(struct arena *a, const struct program *p);

/* The header as text. */
const char *embed_header(struct arena *a, const struct program *p);

/* The linker's version script: the functions by name, and nothing else. */
const char *embed_exports(struct arena *a, const char *prefix);

/* The functions: NULL beyond the last.  `hrm_embed_` and their name is how the runtime has them. */
const char *embed_function(int number);

#endif

/* Writing results: texts, objects and linked executables, beside and renamed, so that no half-written file stays. */
#ifndef HRMC_DRIVER_OUTPUT_H
#define HRMC_DRIVER_OUTPUT_H

#include "compile.h"

/* Where FILE's result goes: -o, else FILE's name without folder and with the form's suffix in the current folder. */
const char *output_path(const struct compilation *c, const char *suffix);

/* Writes bytes to a path; "-" is standard output.  Reports and returns false on failure. */
bool output_write(struct compilation *c, const char *path, const void *bytes, size_t size);

/* Links objects with the runtime into an executable. */
bool output_link(struct compilation *c, const char *path, const struct emitted_objects *objects);

/* The same into a shared library that exports the functions of runtime/embed.h under the model's prefix (embed.h). */
bool output_link_shared(struct compilation *c, const char *path, const struct emitted_objects *objects);

#endif

/* The description of a compiled model: the JSON that runtime/hrm.h specifies. */
#ifndef HRMC_DESCRIBE_H
#define HRMC_DESCRIBE_H

#include "plan.h"

/* source: the text of the model's file.  The text is in the arena. */
const char *describe(struct arena *a, const struct program *p, const struct plan *plan, const char *source,
                     const char *cpu, const char *features);

#endif

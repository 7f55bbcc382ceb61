/* A model that was planned, as code in this process. */
#ifndef HRMC_DRIVER_LOAD_H
#define HRMC_DRIVER_LOAD_H

#include "compile.h"

/* Generates code and loads it; *out is valid until the result is freed by jit_free.  NULL after an error (reported).
 */
struct jit *load_model(struct compilation *c, struct hrm_code *out);

#endif

/* --report: what a compiled model needs. */
#ifndef HRMC_DRIVER_REPORT_H
#define HRMC_DRIVER_REPORT_H

#include "compile.h"

/* Prints one report if it was asked for.  Times are those of the stages that have run; the others need the plan. */
void report(const struct compilation *c, enum report_kind kind, FILE *out);

#endif

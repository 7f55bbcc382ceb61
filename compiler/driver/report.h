/* --report: what a compiled model needs. */
#ifndef HRMC_DRIVER_REPORT_H
#define HRMC_DRIVER_REPORT_H

#include "compile.h"

void report_memory(const struct compilation *c, FILE *out);
void report_time(const struct compilation *c, FILE *out);

#endif

/* The lines of a run's metrics.jsonl, to be shown. */
#ifndef HRM_RUN_LINES_H
#define HRM_RUN_LINES_H

#include <jansson.h>
#include <stdint.h>

#include "runtime/error.h"

/* An array of the objects: all evaluations, and of the lines of training evenly spread ones, about `most`.  A last
 * line that was cut short is left out.  NULL and a message on failure. */
json_t *run_lines(const char *run, int64_t most, struct hrm_error *error);

#endif

/* What `trace` shows of one example, as the JSON of a page (runtime/page):
 *
 * { "page": "trace", "model", "kind": "sudoku|maze|arc|other", "rows", "columns", "characters": "…" or null,
 *   "inputs": [tokens], "labels": [tokens; null: not scored], "act": "q_learning|halt_head|fixed",
 * "trained_segments", "frames": [{"segment", "step", "prediction": [tokens], "halt", "continue", "residuals": {level:
 * number or null}}], "levels": [{"name", "variance": [share of the first principal components], "trajectory":
 * [{"frame", "x", "y"}]}] }
 *
 * Frame 0 is before the first step.  A residual is ‖zⁱ − zⁱ⁻¹‖ over all positions; null where the step left the level
 * as it was.  A trajectory has the frames that changed its level, projected to the first two principal components of
 * them all. */
#ifndef HRM_TRACE_REPORT_H
#define HRM_TRACE_REPORT_H

#include <jansson.h>

#include "runtime/lapack.h"
#include "runtime/tracing.h"

struct trace_request {
  const struct dataset *dataset;
  struct example example;
  int64_t segments;
};

/* Owned by the caller; NULL and a message on failure. */
json_t *trace_report(struct tracing *t, const struct trace_request *request, const struct lapack *lapack,
                     struct hrm_error *error);

/* A number, or null where it is not finite. */
json_t *json_finite(double value);

#endif

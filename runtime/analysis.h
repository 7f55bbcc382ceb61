/* What `analyse` finds on many examples, as the JSON of a page (runtime/page) and of programs:
 *
 * { "page": "analysis", "model", "examples", "trained_segments",
 *   "levels": [{"name", "width", "participation": [{"examples", "trained", "untrained"}],
 *               "residuals": [{"step", "mean"}]}],
 *   "limits": [{"limit", "exact", "cells", "exact_halting", "cells_halting", "segments_halting"}] }
 *
 * Participation ratios (Σλ)² / Σλ² are of the covariance of a level's features over all its positions and all steps
 * that changed it, of the first 1, 2, 4, … examples; untrained: the same model as it is before training, by seed 0.
 * Residuals are ‖zⁱ − zⁱ⁻¹‖, mean over the examples, at the steps that changed the level.  Both are of the segments
 * that the model was trained with.  Limits are 1, 2, 4, … segments; with halting, an example stops where its halt
 * head says so.  Halting figures are null where the model has no halt head. */
#ifndef HRM_ANALYSIS_H
#define HRM_ANALYSIS_H

#include <jansson.h>

#include "runtime/lapack.h"
#include "runtime/tracing.h"

struct analysis_request {
  const struct dataset_set *set;
  int64_t examples;      /* spread evenly over the set; at most as many as it has */
  int64_t segments;      /* of participation and residuals */
  int64_t most_segments; /* the last limit is not above it */
};

/* `untrained` has the weights of the start.  Owned by the caller; NULL and a message on failure. */
json_t *analysis_report(struct model *trained, struct model *untrained, const struct analysis_request *request,
                        const struct lapack *lapack, struct hrm_error *error);

/* The part "limits" (analysis_limits.c). */
json_t *analysis_limits(struct model *model, const struct analysis_request *request, struct hrm_error *error);

#endif

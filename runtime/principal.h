/* Principal components of a few long vectors. */
#ifndef HRM_PRINCIPAL_H
#define HRM_PRINCIPAL_H

#include "runtime/lapack.h"

struct projection {
  double *points;  /* [count, 2] coordinates along the first two components */
  double share[2]; /* of the variance that each explains; 0 where nothing varies */
};

/* rows [count, values].  The eigenvectors of the Gram matrix of the centred rows, [count, count], times the roots of
 * their eigenvalues are the coordinates: count is far below values.  More than 20,000 rows are refused. */
bool principal_components(const struct lapack *l, const float *rows, int64_t count, int64_t values,
                          struct projection *out, struct hrm_error *error);
void projection_free(struct projection *p); /* accepts all zeros */

/* The participation ratio (Σλ)² / Σλ² of eigenvalues; 0 where all are 0. */
double participation_ratio(const double *eigenvalues, int count);

#endif

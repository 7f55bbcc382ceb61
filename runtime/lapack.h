/* What the analysis needs of LAPACK and BLAS.  OpenBLAS is loaded when it is asked for, so that executables neither
 * need it nor start its threads to train or solve. */
#ifndef HRM_LAPACK_H
#define HRM_LAPACK_H

#include <stdint.h>

#include "runtime/error.h"

struct lapack; /* never unloaded: its threads live as long as the process */

/* NULL and a message (HRM_SYSTEM) where libopenblas.so.0 is not installed. */
const struct lapack *lapack_open(struct hrm_error *error);

/* Eigenvalues of a symmetric matrix [n, n], increasing; column k of the result, which is row k of `matrix`
 * afterwards, is the unit eigenvector of values[k]. */
bool lapack_eigen(const struct lapack *l, double *matrix, int n, double *values, struct hrm_error *error);

/* covariance [n, n] += rowsᵀ · rows of rows [count, n], in the triangle that lapack_eigen reads. */
void lapack_add_products(const struct lapack *l, double *covariance, const double *rows, int count, int n);

#endif

/* What the analysis needs of LAPACK and BLAS.  OpenBLAS is loaded when it is asked for, so that executables neither
 * need it nor start its threads to train or solve. */
#ifndef HRM_LAPACK_H
#define HRM_LAPACK_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/error.h"

/* Fortran's interfaces. */
typedef void lapack_eigen_function(const char *job, const char *triangle, const int *n, double *a, const int *stride,
                                   double *values, double *work, const int *work_size, int *info, size_t, size_t);
typedef void lapack_product_function(const char *triangle, const char *transposed, const int *n, const int *k,
                                     const double *alpha, const double *a, const int *stride_a, const double *beta,
                                     double *c, const int *stride_c, size_t, size_t);

/* Nothing to free: the library is never unloaded, as its threads live as long as the process. */
struct lapack {
  lapack_eigen_function *dsyev;
  lapack_product_function *dsyrk;
};

/* False and a message (HRM_SYSTEM) where libopenblas.so.0 is not installed. */
bool lapack_open(struct lapack *l, struct hrm_error *error);

/* Eigenvalues of a symmetric matrix [n, n], increasing; column k of the result, which is row k of `matrix`
 * afterwards, is the unit eigenvector of values[k]. */
bool lapack_eigen(const struct lapack *l, double *matrix, int n, double *values, struct hrm_error *error);

/* covariance [n, n] += rowsᵀ · rows of rows [count, n], in the triangle that lapack_eigen reads. */
void lapack_add_products(const struct lapack *l, double *covariance, const double *rows, int count, int n);

#endif

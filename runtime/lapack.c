#include "runtime/lapack.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Fortran's interfaces. */
typedef void eigen_function(const char *job, const char *triangle, const int *n, double *a, const int *stride,
                            double *values, double *work, const int *work_size, int *info, size_t, size_t);
typedef void product_function(const char *triangle, const char *transposed, const int *n, const int *k,
                              const double *alpha, const double *a, const int *stride_a, const double *beta,
                              double *c, const int *stride_c, size_t, size_t);

struct lapack {
  eigen_function *dsyev;
  product_function *dsyrk;
};

static bool find(void *library, const char *name, void *function) {
  void *address = dlsym(library, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

const struct lapack *lapack_open(struct hrm_error *error) {
  struct lapack *l = calloc(1, sizeof *l);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW);
  if (l && library && find(library, "dsyev_", &l->dsyev) && find(library, "dsyrk_", &l->dsyrk)) return l;
  free(l);
  hrm_fail(error, HRM_SYSTEM, "OpenBLAS with LAPACK cannot be loaded: %s; on Debian: apt-get install libopenblas0",
           library ? "it lacks dsyev" : "there is no libopenblas.so.0");
  return NULL;
}

bool lapack_eigen(const struct lapack *l, double *matrix, int n, double *values, struct hrm_error *error) {
  int info = 0, query = -1, size;
  double wanted = 0;
  l->dsyev("V", "L", &n, matrix, &n, values, &wanted, &query, &info, 1, 1);
  size = (int)wanted;
  double *work = malloc((size_t)(size > 0 ? size : 1) * sizeof *work);
  if (!work) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  l->dsyev("V", "L", &n, matrix, &n, values, work, &size, &info, 1, 1);
  free(work);
  return info == 0 ||
         hrm_fail(error, HRM_INPUT, "the eigenvalues of a covariance cannot be found: are all its values finite?");
}

/* Column-major: rows [count, n] is a matrix n x count. */
void lapack_add_products(const struct lapack *l, double *covariance, const double *rows, int count, int n) {
  const double one = 1;
  l->dsyrk("L", "N", &n, &count, &one, rows, &n, &one, covariance, &n, 1, 1);
}

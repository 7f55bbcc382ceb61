#include "runtime/lapack.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static bool find(void *library, const char *name, void *function) {
  void *address = dlsym(library, name);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

bool lapack_open(struct lapack *l, struct hrm_error *error) {
  void *library = dlopen("libopenblas.so.0", RTLD_NOW);
  if (library && find(library, "dsyev_", &l->dsyev) && find(library, "dsyrk_", &l->dsyrk)) return true;
  return hrm_fail(error, HRM_SYSTEM,
                  "OpenBLAS with LAPACK cannot be loaded: %s; on Debian: apt-get install libopenblas0",
                  library ? "it lacks dsyev" : "there is no libopenblas.so.0");
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

#include "runtime/principal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double product(const float *a, const float *b, int64_t values) {
  double sum = 0;
  for (int64_t i = 0; i < values; i++) sum += (double)a[i] * b[i];
  return sum;
}

/* Products of all rows, then of the rows without their mean: rows and columns lose theirs. */
static void gram(const float *rows, int64_t count, int64_t values, double *g, double *mean) {
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < count; i++)
    for (int64_t k = 0; k <= i; k++)
      g[i * count + k] = g[k * count + i] = product(rows + i * values, rows + k * values, values);
  double all = 0;
  for (int64_t i = 0; i < count; i++) {
    mean[i] = 0;
    for (int64_t k = 0; k < count; k++) mean[i] += g[i * count + k] / (double)count;
    all += mean[i] / (double)count;
  }
  for (int64_t i = 0; i < count; i++)
    for (int64_t k = 0; k < count; k++) g[i * count + k] += all - mean[i] - mean[k];
}

static void project(const double *vectors, const double *eigenvalues, int count, struct projection *out) {
  double total = 0;
  for (int i = 0; i < count; i++) total += fmax(0, eigenvalues[i]);
  for (int axis = 0; axis < 2; axis++) {
    int number = count - 1 - axis;
    double value = number >= 0 ? fmax(0, eigenvalues[number]) : 0;
    out->share[axis] = total > 0 ? value / total : 0;
    for (int i = 0; i < count; i++)
      out->points[2 * i + axis] = number >= 0 ? sqrt(value) * vectors[(int64_t)number * count + i] : 0;
  }
}

bool principal_components(const struct lapack *l, const float *rows, int64_t count, int64_t values,
                          struct projection *out, struct hrm_error *error) {
  enum { MOST = 20000 };
  *out = (struct projection){0};
  if (count > MOST) return hrm_fail(error, HRM_LIMITATION, "principal components of more than %d states", MOST);
  size_t n = (size_t)count;
  double *g = malloc((n * n + 1) * sizeof *g), *eigenvalues = malloc((n + 1) * sizeof *eigenvalues);
  out->points = calloc(2 * n + 1, sizeof *out->points);
  bool done = g && eigenvalues && out->points;
  if (!done) hrm_fail(error, HRM_SYSTEM, "out of memory");
  if (done && count > 0) {
    gram(rows, count, values, g, eigenvalues);
    done = lapack_eigen(l, g, (int)count, eigenvalues, error);
    if (done) project(g, eigenvalues, (int)count, out);
  }
  free(g);
  free(eigenvalues);
  if (!done) projection_free(out);
  return done;
}

void projection_free(struct projection *p) {
  free(p->points);
  *p = (struct projection){0};
}

double participation_ratio(const double *eigenvalues, int count) {
  double sum = 0, squares = 0;
  for (int i = 0; i < count; i++) {
    double value = fmax(0, eigenvalues[i]);
    sum += value;
    squares += value * value;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

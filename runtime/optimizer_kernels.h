/* The inner loops of the optimisers: elementwise, over contiguous arrays, compiled for several vector widths. */
#ifndef HRM_OPTIMIZER_KERNELS_H
#define HRM_OPTIMIZER_KERNELS_H

#include <stddef.h>

/* What one step of one group needs, computed once in double precision. */
struct update {
  float decay;        /* 1 − ηλ */
  float rate;         /* η; for the Adams η/(1−β₁ᵗ) */
  float beta1, beta2; /* of the Adams; momentum in beta1 */
  float denominator;  /* 1/√(1−β₂ᵗ) */
  float eps;
};

/* Moves n weights by their gradients. m and v are NULL where the optimiser has no such state. */
typedef void update_kernel(const struct update *u, size_t n, float *p, float *m, float *v, const float *g);

update_kernel update_adam_atan2, update_adamw, update_sgd, update_momentum, update_sign_sgd;

/* ema ← decay·ema + (1−decay)·p */
void update_ema(float decay, size_t n, float *ema, const float *p);

/* sum ← scale · Σ parts[k] over `count` parts, in their order; the parts are cleared.  Returns 0, or a value that is
 * not a number where any sum is not finite. */
float sum_and_clear(size_t n, float *sum, float *const *parts, int count, float scale);

#endif

#include "runtime/optimizer_kernels.h"

#include <math.h>
#include <stdint.h>

#include "runtime/widths.h"

/* atan2(y, x) for x >= 0.  atan(t) = t·P(t²) on [0, 1], P interpolated at Chebyshev's nodes: relative error 3e-9
 * before rounding; above 1 by atan(t) = π/2 − atan(1/t).  No branches, so that loops over it become vector code. */
static inline float atan2_right(float y, float x) {
  float a = fabsf(y);
  float small = a < x ? a : x, large = a < x ? x : a;
  float t = small / (large > 0 ? large : 1);
  float s = t * t;
  float p = -0.00174370118f;
  p = p * s + 0.0106807196f;
  p = p * s - 0.0307175092f;
  p = p * s + 0.0574635582f;
  p = p * s - 0.0837206397f;
  p = p * s + 0.10940199f;
  p = p * s - 0.142615737f;
  p = p * s + 0.199982306f;
  p = p * s - 0.333332823f;
  p = p * s + 0.999999998f;
  float angle = t * p;
  angle = a > x ? (float)M_PI_2 - angle : angle;
  return copysignf(angle, y);
}

FOR_EVERY_WIDTH void update_adam_atan2(const struct update *u, size_t n, float *restrict p, float *restrict m,
                                       float *restrict v, const float *restrict g) {
  const struct update c = *u;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    m[i] = c.beta1 * m[i] + (1 - c.beta1) * g[i];
    v[i] = c.beta2 * v[i] + (1 - c.beta2) * g[i] * g[i];
    p[i] = p[i] * c.decay - c.rate * atan2_right(m[i], sqrtf(v[i]) * c.denominator);
  }
}

FOR_EVERY_WIDTH void update_adamw(const struct update *u, size_t n, float *restrict p, float *restrict m,
                                  float *restrict v, const float *restrict g) {
  const struct update c = *u;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    m[i] = c.beta1 * m[i] + (1 - c.beta1) * g[i];
    v[i] = c.beta2 * v[i] + (1 - c.beta2) * g[i] * g[i];
    p[i] = p[i] * c.decay - c.rate * m[i] / (sqrtf(v[i]) * c.denominator + c.eps);
  }
}

FOR_EVERY_WIDTH void update_sgd(const struct update *u, size_t n, float *restrict p, float *restrict m,
                                float *restrict v, const float *restrict g) {
  const struct update c = *u;
  (void)m, (void)v;
#pragma omp simd
  for (size_t i = 0; i < n; i++) p[i] = p[i] * c.decay - c.rate * g[i];
}

FOR_EVERY_WIDTH void update_momentum(const struct update *u, size_t n, float *restrict p, float *restrict m,
                                     float *restrict v, const float *restrict g) {
  const struct update c = *u;
  (void)v;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    m[i] = c.beta1 * m[i] + g[i];
    p[i] = p[i] * c.decay - c.rate * m[i];
  }
}

FOR_EVERY_WIDTH void update_sign_sgd(const struct update *u, size_t n, float *restrict p, float *restrict m,
                                     float *restrict v, const float *restrict g) {
  const struct update c = *u;
  (void)m, (void)v;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    float sign = (float)(g[i] > 0) - (float)(g[i] < 0);
    p[i] = p[i] * c.decay - c.rate * sign;
  }
}

FOR_EVERY_WIDTH void update_ema(float decay, size_t n, float *restrict ema, const float *restrict p) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) ema[i] = decay * ema[i] + (1 - decay) * p[i];
}

FOR_EVERY_WIDTH static void take(size_t n, float *restrict sum, float *restrict part) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) sum[i] += part[i], part[i] = 0;
}

/* x − x is 0 for a finite x and not a number for any other. */
FOR_EVERY_WIDTH static float scale_and_check(size_t n, float *sum, float scale) {
  float bad = 0;
#pragma omp simd reduction(+ : bad)
  for (size_t i = 0; i < n; i++) sum[i] *= scale, bad += sum[i] - sum[i];
  return bad;
}

float sum_and_clear(size_t n, float *sum, float *const *parts, int count, float scale) {
  for (size_t i = 0; i < n; i++) sum[i] = 0;
  for (int k = 0; k < count; k++) take(n, sum, parts[k]);
  return scale_and_check(n, sum, scale);
}

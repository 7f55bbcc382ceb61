#include "runtime/peak.h"

#include "runtime/clock.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Twelve independent chains hide the latency of the units and leave registers for the operands.  The factor keeps the
 * values near 1, so that none becomes subnormal. */
enum { CHAINS = 12, TRIPS = 100000, ROUNDS = 10 };
static const float FACTOR = 0.999999f, TERM = 0.000001f;

typedef float multiply_adds(void);

#if defined(__x86_64__)
#define CHAINED(name, features, vector, set, fma, first)                                                             \
  __attribute__((target(features))) static float name(void) {                                                        \
    vector chain[CHAINS], factor = set(FACTOR), term = set(TERM);                                                    \
    for (int c = 0; c < CHAINS; c++) chain[c] = set((float)c);                                                       \
    for (int trip = 0; trip < TRIPS; trip++) {                                                                       \
      _Pragma("GCC unroll 12") for (int c = 0; c < CHAINS; c++) chain[c] = fma(chain[c], factor, term);              \
    }                                                                                                                \
    float sum = 0;                                                                                                   \
    for (int c = 0; c < CHAINS; c++) sum += first(chain[c]);                                                         \
    return sum;                                                                                                      \
  }
CHAINED(multiply_add_16, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_cvtss_f32)
CHAINED(multiply_add_8, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_cvtss_f32)

static multiply_adds *widest(int *lanes) {
  __builtin_cpu_init();
  *lanes = __builtin_cpu_supports("avx512f") ? 16 : 8;
  if (*lanes == 16) return multiply_add_16;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? multiply_add_8 : NULL;
}
#else
static multiply_adds *widest(int *lanes) {
  *lanes = 4;
  return NULL;
}
#endif

typedef float four __attribute__((vector_size(16)));

static float multiply_add_4(void) {
  four chain[CHAINS], factor = (four){0} + FACTOR, term = (four){0} + TERM;
#pragma GCC unroll 12
  for (int c = 0; c < CHAINS; c++) chain[c] = (four){0} + (float)c;
  for (int trip = 0; trip < TRIPS; trip++) {
#pragma GCC unroll 12
    for (int c = 0; c < CHAINS; c++) chain[c] = chain[c] * factor + term;
  }
  float sum = 0;
#pragma GCC unroll 12
  for (int c = 0; c < CHAINS; c++) sum += chain[c][0];
  return sum;
}

double peak_flops(void) {
  int lanes;
  multiply_adds *run = widest(&lanes);
  double best = 0;
  volatile float sink = 0;
  if (!run) run = multiply_add_4, lanes = 4;
  for (int round = 0; round < ROUNDS; round++) {
    double begin = clock_thread_seconds();
    sink += run();
    double rate = 2.0 * lanes * CHAINS * TRIPS / (clock_thread_seconds() - begin);
    if (rate > best) best = rate;
  }
  return best;
}

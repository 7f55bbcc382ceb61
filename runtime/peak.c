#include "runtime/peak.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/memory.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Twelve independent chains hide the latency of the units and leave registers for the operands.  The factor keeps the
 * values near 1, so that none becomes subnormal. */
enum { CHAINS = 12, TRIPS = 100000, ROUNDS = 10 };

/* Bytes that are copied, more than any cache holds. */
enum { COPIED = 128 << 20 };

static const float FACTOR = 0.999999f, TERM = 0.000001f;

typedef float multiply_adds(void);

struct way {
  multiply_adds *run;
  int lanes; /* multiply-adds in an instruction */
};

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

/* Pairs in bfloat16, summed in float32: twice the multiply-adds in an instruction. */
__attribute__((target("avx512f,avx512bf16"))) static float multiply_add_pairs(void) {
  __m512 chain[CHAINS];
  __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(TERM), _mm512_set1_ps(-TERM)), y = x;
#pragma GCC unroll 12 /* all three: the chains stay in registers */
  for (int c = 0; c < CHAINS; c++) chain[c] = _mm512_set1_ps((float)c);
  for (int trip = 0; trip < TRIPS; trip++) {
#pragma GCC unroll 12
    for (int c = 0; c < CHAINS; c++) {
      chain[c] = _mm512_dpbf16_ps(chain[c], x, y);
      __asm__("" : "+v"(chain[c])); /* each step is made, though its operands are the same */
    }
  }
  float sum = 0;
#pragma GCC unroll 12
  for (int c = 0; c < CHAINS; c++) sum += _mm512_cvtss_f32(chain[c]);
  return sum;
}

/* Rows by two vectors of sums over so many steps of k, at rows of a and packed columns of b that stay in the
 * first-level cache: 22 KB of its 32. */
enum { TILES = 400 };

struct factors {
  _Alignas(64) float a[12 * 128]; /* no vector crosses a line */
  _Alignas(64) float b[128 * 2 * 16];
};

#define TILED(name, features, vector, rows, lanes, steps, load, set, zero, fma, first)                               \
  __attribute__((target(features))) static float name(const struct factors *f) {                                     \
    vector sum[2 * (rows)];                                                                                          \
    _Pragma("GCC unroll 24") for (int i = 0; i < 2 * (rows); i++) sum[i] = zero();                                   \
    _Pragma("GCC unroll 4") for (int k = 0; k < (steps); k++) {                                                      \
      vector left = load(f->b + k * 2 * (lanes)), right = load(f->b + k * 2 * (lanes) + (lanes));                    \
      _Pragma("GCC unroll 12") for (int m = 0; m < (rows); m++) {                                                    \
        vector factor = set(f->a[m * (steps) + k]);                                                                  \
        sum[2 * m] = fma(factor, left, sum[2 * m]);                                                                  \
        sum[2 * m + 1] = fma(factor, right, sum[2 * m + 1]);                                                         \
      }                                                                                                              \
    }                                                                                                                \
    float total = 0;                                                                                                 \
    _Pragma("GCC unroll 24") for (int i = 0; i < 2 * (rows); i++) total += first(sum[i]);                            \
    return total;                                                                                                    \
  }
TILED(tile_16, "avx512f", __m512, 12, 16, 128, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_fmadd_ps,
      _mm512_cvtss_f32)
TILED(tile_8, "avx2,fma", __m256, 6, 8, 256, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_fmadd_ps,
      _mm256_cvtss_f32)

struct tile {
  float (*run)(const struct factors *f); /* NULL: none is written for the processor */
  double products;                       /* multiply-adds of a run */
};

static bool multiplies_pairs(void) { return __builtin_cpu_supports("avx512bf16"); }

static struct tile widest_tile(bool pairs) {
  if (pairs && multiplies_pairs()) return (struct tile){0};
  if (__builtin_cpu_supports("avx512f")) return (struct tile){tile_16, 12 * 2 * 16 * 128};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return (struct tile){tile_8, 6 * 2 * 8 * 256};
  return (struct tile){0};
}

static double seconds_of_tiles(const struct factors *f, const struct tile *tile) {
  volatile float sink = 0;
  double begin = clock_thread_seconds();
  for (int i = 0; i < TILES; i++) {
    __asm__ volatile("" : : "r"(f) : "memory"); /* each is computed, though its factors are the same */
    sink += tile->run(f);
  }
  (void)sink;
  return clock_thread_seconds() - begin;
}

double peak_tile(bool pairs) {
  struct tile tile = widest_tile(pairs);
  struct factors f;
  double seconds = 0;
  if (!tile.run) return 0;
  for (size_t i = 0; i < sizeof f.a / sizeof *f.a; i++) f.a[i] = FACTOR;
  for (size_t i = 0; i < sizeof f.b / sizeof *f.b; i++) f.b[i] = TERM;
  seconds_of_tiles(&f, &tile); /* until the caches hold the factors, and the processor its pace */
  for (int round = 0; round < ROUNDS; round++) seconds += seconds_of_tiles(&f, &tile);
  return 2 * tile.products * TILES * ROUNDS / seconds;
}

static struct way widest(bool pairs) {
  if (pairs && multiplies_pairs()) return (struct way){multiply_add_pairs, 32};
  if (__builtin_cpu_supports("avx512f")) return (struct way){multiply_add_16, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return (struct way){multiply_add_8, 8};
  return (struct way){multiply_add_4, 4};
}
#else
double peak_tile(bool pairs) {
  (void)pairs;
  return 0;
}

static struct way widest(bool pairs) {
  (void)pairs;
  return (struct way){multiply_add_4, 4};
}
#endif

double peak_flops(bool pairs) {
  struct way way = widest(pairs);
  double best = 0;
  volatile float sink = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double begin = clock_thread_seconds();
    sink += way.run();
    double rate = 2.0 * way.lanes * CHAINS * TRIPS / (clock_thread_seconds() - begin);
    if (rate > best) best = rate;
  }
  (void)sink; /* it keeps the calls */
  return best;
}

static double copy_once(char *to, const char *from, int threads) {
  double begin = clock_seconds();
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int thread = 0; thread < threads; thread++) {
    size_t first = COPIED / (size_t)threads * (size_t)thread;
    memcpy(to + first, from + first, COPIED / (size_t)threads);
  }
  return clock_seconds() - begin;
}

double peak_copy(int threads) {
  struct hrm_error ignored;
  char *from = memory_new(COPIED, 1, &ignored), *to = memory_new(COPIED, 1, &ignored);
  double best = 0;
  for (int round = 0; from && to && round < ROUNDS; round++) {
    double rate = 2.0 * COPIED / copy_once(to, from, threads);
    if (rate > best) best = rate;
  }
  free(from);
  free(to);
  return best;
}

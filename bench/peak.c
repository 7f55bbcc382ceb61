/* Measures the peak of multiply-adds in float32, and in bfloat16 with sums in float32 where the processor has an
 * instruction for it, on one core and on all at once.  Prints one object of JSON.
 *
 * Twelve independent chains of fused multiply-adds in the widest registers hide the latency of the units (4 cycles, 2
 * units on today's machines) and leave registers for the operands where there are only sixteen. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#if defined __AVX512F__
#define WIDTH 16
#elif defined __AVX__
#define WIDTH 8
#else
#define WIDTH 4
#endif
#define CHAINS 12
#define TRIPS 4000000L
#define ROUNDS 15

typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

typedef float chains(void);

struct worker {
  pthread_t thread;
  chains *run;
  pthread_barrier_t *start;
  double seconds[ROUNDS];
  float result;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The factor keeps the values near 1, so that none becomes subnormal. */
static float multiply_add(void) {
  vector chain[CHAINS], factor = (vector){0} + 0.999999f, term = (vector){0} + 0.000001f;
#pragma GCC unroll 12
  for (int c = 0; c < CHAINS; c++) chain[c] = (vector){0} + (float)c;
  for (long trip = 0; trip < TRIPS; trip++) {
#pragma GCC unroll 12 /* CHAINS: each in a register */
    for (int c = 0; c < CHAINS; c++) chain[c] = chain[c] * factor + term;
  }
  float sum = 0;
#pragma GCC unroll 12
  for (int c = 0; c < CHAINS; c++) sum += chain[c][0];
  return sum;
}

#ifdef __AVX512BF16__
/* Pairs: each instruction makes twice the multiply-adds.  Zeros would be as fast; the sums stay small. */
static float multiply_add_bf16(void) {
  __m512 chain[CHAINS];
  __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.001f), _mm512_set1_ps(-0.001f)), y = x;
#pragma GCC unroll 12
  for (int c = 0; c < CHAINS; c++) chain[c] = _mm512_set1_ps((float)c);
  for (long trip = 0; trip < TRIPS; trip++) {
#pragma GCC unroll 12
    for (int c = 0; c < CHAINS; c++) {
      chain[c] = _mm512_dpbf16_ps(chain[c], x, y);
      __asm__("" : "+v"(chain[c])); /* each step is made, though its operands are the same */
    }
  }
  float sum = 0;
#pragma GCC unroll 12
  for (int c = 0; c < CHAINS; c++) sum += chain[c][0];
  return sum;
}
#endif

static void *work(void *argument) {
  struct worker *w = argument;
  for (int round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(w->start);
    double begin = now();
    w->result += w->run();
    w->seconds[round] = now() - begin;
  }
  return NULL;
}

/* Multiply-adds a second of `count` threads together, in GFLOP/s, `width` in an instruction; the best round. */
static double measure(int count, chains *run, int width) {
  struct worker *workers = calloc((size_t)count, sizeof *workers);
  pthread_barrier_t start;
  if (!workers || pthread_barrier_init(&start, NULL, (unsigned)count)) exit(1);
  for (int i = 0; i < count; i++) {
    workers[i].start = &start;
    workers[i].run = run;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) exit(1);
  }
  for (int i = 0; i < count; i++) pthread_join(workers[i].thread, NULL);

  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double rate = 0;
    for (int i = 0; i < count; i++) rate += 2.0 * width * CHAINS * TRIPS / workers[i].seconds[round];
    if (rate > best) best = rate;
  }
  pthread_barrier_destroy(&start);
  free(workers);
  return best * 1e-9;
}

int main(void) {
  int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  printf("{\"width\": %d, \"cores\": %d, \"gflops_one_core\": %.1f, \"gflops_all_cores\": %.1f", WIDTH, cores,
         measure(1, multiply_add, WIDTH), measure(cores, multiply_add, WIDTH));
#ifdef __AVX512BF16__
  printf(", \"bf16_gflops_one_core\": %.1f, \"bf16_gflops_all_cores\": %.1f",
         measure(1, multiply_add_bf16, 2 * WIDTH), measure(cores, multiply_add_bf16, 2 * WIDTH));
#endif
  printf("}\n");
  return 0;
}

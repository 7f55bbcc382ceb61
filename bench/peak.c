/* Measures the peak of multiply-adds in float32, on one core and on all at once.  Prints one object of JSON.
 *
 * Twelve independent chains of fused multiply-adds in the widest registers hide the latency of the units (4 cycles, 2
 * units on today's machines) and leave registers for the operands where there are only sixteen. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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

struct worker {
  pthread_t thread;
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

static void *work(void *argument) {
  struct worker *w = argument;
  for (int round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(w->start);
    double begin = now();
    w->result += multiply_add();
    w->seconds[round] = now() - begin;
  }
  return NULL;
}

/* Multiply-adds a second of `count` threads together, in GFLOP/s; the best round. */
static double measure(int count) {
  struct worker *workers = calloc((size_t)count, sizeof *workers);
  pthread_barrier_t start;
  if (!workers || pthread_barrier_init(&start, NULL, (unsigned)count)) exit(1);
  for (int i = 0; i < count; i++) {
    workers[i].start = &start;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) exit(1);
  }
  for (int i = 0; i < count; i++) pthread_join(workers[i].thread, NULL);

  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double rate = 0;
    for (int i = 0; i < count; i++) rate += 2.0 * WIDTH * CHAINS * TRIPS / workers[i].seconds[round];
    if (rate > best) best = rate;
  }
  pthread_barrier_destroy(&start);
  free(workers);
  return best * 1e-9;
}

int main(void) {
  int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  double one = measure(1), all = measure(cores);
  printf("{\"width\": %d, \"cores\": %d, \"gflops_one_core\": %.1f, \"gflops_all_cores\": %.1f}\n", WIDTH, cores, one,
         all);
  return 0;
}

/* Numbers drawn one after the other from a stream of random numbers. */
#ifndef HRM_DATA_DRAWS_H
#define HRM_DATA_DRAWS_H

#include "runtime/random.h"

/* One element of the stream serves as many draws as their bounds leave it 32 bits. */
struct draws {
  struct random_stream stream;
  uint64_t next;
  uint64_t fraction; /* what is left of the present element */
  uint64_t spent;    /* product of the bounds drawn from it; 0 before the first */
};

static inline int draw_below(struct draws *draws, int bound) {
  if (draws->spent == 0 || draws->spent > UINT32_MAX / (uint64_t)bound) {
    draws->fraction = stream_bits(draws->stream, draws->next++);
    draws->spent = 1;
  }
  draws->spent *= (uint64_t)bound;
  unsigned __int128 product = (unsigned __int128)draws->fraction * (unsigned)bound;
  draws->fraction = (uint64_t)product;
  return (int)(product >> 64);
}

/* A random order of 0 … count-1. */
static inline void draw_order(struct draws *draws, int count, int *order) {
  for (int i = 0; i < count; i++) {
    int j = draw_below(draws, i + 1);
    order[i] = order[j];
    order[j] = i;
  }
}

#endif

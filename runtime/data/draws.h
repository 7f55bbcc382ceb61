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

int draw_below(struct draws *draws, int bound);
/* A random order of 0 … count-1. */
void draw_order(struct draws *draws, int count, int *order);

#endif

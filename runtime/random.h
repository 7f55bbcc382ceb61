/* Random numbers by counter (Philox 4x32-10, Salmon et al. 2011).
 *
 * A stream is named by a seed, a purpose and a number; any element of it can be had at any time, so nothing but
 * counters has to be saved, and results do not depend on the order or the thread that asks. */
#ifndef HRM_RANDOM_H
#define HRM_RANDOM_H

#include <stdint.h>

struct random_stream {
  uint64_t seed, stream;
};

struct random_stream stream_named(uint64_t seed, const char *purpose, uint64_t number);

uint64_t stream_bits(struct random_stream r, uint64_t counter);
double stream_uniform(struct random_stream r, uint64_t counter);               /* in [0, 1) */
int64_t stream_below(struct random_stream r, uint64_t counter, int64_t bound); /* in 0 … bound-1; bound >= 1 */
void stream_normal_pair(struct random_stream r, uint64_t counter, double pair[2]);

#endif

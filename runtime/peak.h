/* What the machine does at most: multiply-adds, and copies in memory. */
#ifndef HRM_PEAK_H
#define HRM_PEAK_H

#include <stdbool.h>

/* FLOPs that one thread does in a second of its own CPU time, in the widest registers: the best of a few short rounds
 * (some 20 ms in all).  In float32; with `pairs`, of pairs in bfloat16 where the processor has an instruction for
 * them. */
double peak_flops(bool pairs);

/* The same of a contraction's register tile whose factors lie in the first-level cache, in the mean of all rounds:
 * what loads leave of the peak, for any kernel, while other programs have a part of this core and its caches.  0
 * where no such tile is written for the processor, nor one of pairs. */
double peak_tile(bool pairs);

/* Bytes read and written in a second (of the clock) by as many threads, each copying its part of 128 MB: the best of
 * a few rounds.  0 where there is no memory for it. */
double peak_copy(int threads);

#endif

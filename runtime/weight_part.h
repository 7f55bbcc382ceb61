/* Which part of the dense weights a thread works on. */
#ifndef HRM_WEIGHT_PART_H
#define HRM_WEIGHT_PART_H

#include "runtime/description.h"

/* Floats begin … end-1 of the weights' memory, all of one weight; none where begin = end. */
struct weight_part {
  int weight;
  int64_t begin, end;
};

/* All of a weight; nothing of a sparse one. */
struct weight_part weight_part_whole(const struct description *d, int weight);

/* What of a weight lies in a thread's range of the weights' memory; all ranges are of about the same length. */
struct weight_part weight_part_of_thread(const struct description *d, int weight, int thread, int threads);

/* The same with its ends moved back to the beginnings of the weight's blocks, where it is packed: so the parts of all
 * threads have every block once. */
struct weight_part weight_part_in_blocks(const struct description *d, int weight, int thread, int threads);

#endif

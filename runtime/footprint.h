/* What a run, or a checkpoint that is used, keeps in memory, and whether this machine can hold it. */
#ifndef HRM_FOOTPRINT_H
#define HRM_FOOTPRINT_H

#include <stdio.h>

#include "runtime/description.h"

struct footprint_options {
  const struct optimizer_group *groups; /* the description's, or changed by the user; NULL: nothing is trained */
  int64_t batch;
  int threads;
  bool averages, evaluates; /* keeps moving averages; has slots of its own for evaluation */
};

/* Bytes of each part; a part too large for 63 bits counts as INT64_MAX. */
struct footprint {
  int64_t weights, packed, optimizer, gradients, activations, slots, total;
};

struct footprint footprint_of(const struct description *d, const struct footprint_options *o);

/* The bytes that this process can still get: the least of free memory and swap, of its control group's limit, and of
 * its limit of addresses (ulimit -v); INT64_MAX where the system names none. */
int64_t footprint_available(void);

/* Refuses with HRM_SYSTEM, and names the bytes of every part, what needs more than is available. */
bool footprint_check(const struct footprint *f, int64_t available, struct hrm_error *error);

#endif

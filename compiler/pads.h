/* Sums of values that each fill a part of one axis and are zero elsewhere: what slices of one value give in reverse.
 */
#ifndef HRMC_PADS_H
#define HRMC_PADS_H

#include "graph.h"

/* value at from, from + step, … along an axis; zero between and around. */
struct pad {
  struct node *value;
  int axis;
  int64_t from, step;
};

/* The sum of the pads (at least one; the order of the array changes), a value of type `whole`.  Parts that do not
 * overlap become one concat, so that each element is written once, instead of a sum of values that are mostly zero.
 */
struct node *pads_sum(struct graph *g, struct pad *pads, int count, const struct type *whole);

/* Zeros of a type. */
struct node *pads_zero(struct graph *g, const struct type *type);

#endif

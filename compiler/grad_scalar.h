/* The derivatives of the scalar functions of `map`. */
#ifndef HRMC_GRAD_SCALAR_H
#define HRMC_GRAD_SCALAR_H

#include "graph.h"

/* For y = op(x[0], x[1], …) with cotangent c: appends c·∂y/∂x[i] and returns it; NULL where that is zero everywhere
 * (floor, comparisons, the condition of select). */
struct node *scalar_gradient(struct graph *g, enum scalar_op op, struct node *const *x, struct node *y,
                             struct node *c, int i);

bool scalar_has_gradient(enum scalar_op op, int i);

#endif

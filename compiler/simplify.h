/* The rewriting rules of pass_simplify, one function an operator.  A rule looks at a node whose operands are
 * simplified already and returns the node to use in its place, appended to the graph, or NULL: nothing to improve. */
#ifndef HRMC_SIMPLIFY_H
#define HRMC_SIMPLIFY_H

#include "graph.h"

struct node *simplify_map(struct graph *g, struct node *n);
struct node *simplify_reduce(struct graph *g, struct node *n);
struct node *simplify_contract(struct graph *g, struct node *n);
struct node *simplify_gather(struct graph *g, struct node *n);
struct node *simplify_reshape(struct graph *g, struct node *n);
struct node *simplify_transpose(struct graph *g, struct node *n);
struct node *simplify_slice(struct graph *g, struct node *n);
struct node *simplify_pad(struct graph *g, struct node *n);
struct node *simplify_concat(struct graph *g, struct node *n);
struct node *simplify_broadcast(struct graph *g, struct node *n);

/* Is it one constant, in any shape?  Then *value is set. */
bool simplify_is_constant(const struct node *n, double *value);
bool simplify_is(const struct node *n, double value);

/* A constant of the shape and dtype of another node. */
struct node *simplify_constant(struct graph *g, double value, const struct type *type);

#endif

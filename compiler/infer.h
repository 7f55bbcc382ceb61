/* The typing rule of every operator; private to the graph: builders and verifier share it, so they cannot disagree.
 */
#ifndef HRMC_INFER_H
#define HRMC_INFER_H

#include "graph.h"

/* Checks a node's attributes and operands.  On entry *type is the type wanted of the result, of which some operators
 * take a part (the dtype of a cast, the extents of a reshape, slice, pad or broadcast); on return it is the type that
 * the operator has.  Returns NULL, or in the arena what does not fit, with both types. */
const char *infer_type(struct arena *a, const struct node *n, struct type *type);

/* NULL, or why the type itself is impossible: rank, extents, a batch axis that does not lead, too many elements. */
const char *infer_check_type(struct arena *a, const struct type *type);

#endif

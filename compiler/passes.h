/* The passes from graph to graph, in the order in which they run.  Each lives in the file of its name.
 * All take a verified graph and give a verified graph; none changes its argument. */
#ifndef HRMC_PASSES_H
#define HRMC_PASSES_H

#include "graph.h"

/* Adds the batch axis: leaves that are per example get a leading axis EXTENT_BATCH, and every value that depends on
 * one follows (vmap).  Weights, and what depends on weights alone, stay as they are.  Sinks for states and outputs
 * must get a batched value (one that is not is broadcast).  Requires: no batch axis yet. */
struct graph *pass_batch(const struct graph *g);

/* Splits every repeat by its gradient horizon: `repeat n last k` becomes a repeat of n-k trips that records nothing
 * (last = HORIZON_NOTHING), then k copies of the body; a checkpointed one keeps these k trips as a repeat, still
 * marked is_checkpoint, which gradients pass.  Only where the graph has a LOSS; elsewhere, and for HORIZON_NOTHING,
 * the repeat stays whole with last = HORIZON_NOTHING.  Repeats nested in an unrecorded region are unrecorded. The
 * result of an unrecorded repeat carries no gradient (HRM, section 2: the one-step gradient). Provides: every repeat
 * has last = HORIZON_NOTHING. */
struct graph *pass_horizon(const struct graph *g);

/* Reverse mode: replaces LOSS by the gradient of the sum of its operand with respect to every PARAM and ROWS leaf, as
 * accumulate sinks (one for each contribution; no sums of weight-sized values), with accumulate_rows for a gather
 * from a param.  Several LOSS sinks add up.  A checkpointed repeat becomes copies of its body, of which the values of
 * the carries alone are kept: going backwards each trip is computed again, from behind a BARRIER.  No gradient passes
 * DETACH, an unrecorded repeat, an integer or a comparison. Where max or min has equal operands the first gets the
 * gradient; equal elements of a reduction share it.  Stores come last. Requires: pass_horizon. */
struct graph *pass_grad(const struct graph *g);

/* Constant folding, algebra (x + 0, x * 1, x - x…, double negation, pow by small integers), view canonicalisation
 * (transpose of transpose, reshape of reshape, identity views, broadcast of broadcast, sum of disjoint pads along
 * one axis to concat), common subexpressions, dead code, dead and constant carries, repeats of at most one trip.
 * While a graph has a LOSS, what stops gradients stays as it is.  x * 0 is 0 even where x may be infinite.  Stores
 * come last. */
struct graph *pass_simplify(const struct graph *g);

/* Computes what attention makes of its scores again where the gradient uses it, so that no such value (one for every
 * pair of positions) lives from the forward pass to the backward pass.  Comes after pass_simplify, which would
 * share the copies again. */
struct graph *pass_recompute(const struct graph *g);

/* Holds activations in bfloat16; the rule stands at the head of precision.c.  Comes last. */
struct graph *pass_precision(const struct graph *g);

/* The gradient rules, pass_grad's table, are tested one by one against finite differences. */

#endif

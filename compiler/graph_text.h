/* The text form of a graph: printed after any pass, and read back, so that every pass can be tested alone.
 *
 *   graph train
 *   symbol input inputs i32[81]
 *   symbol param lm_head.weight f32[11, 128]
 *   %0 = leaf inputs : i32[B, 81]
 *   %1 = leaf lm_head.weight : f32[11, 128]
 *   %2 = map.add %a, %b : f32[B, 81, 128]
 *   %3 = reduce.sum {2} %2 : f32[B, 81]
 *   %4 = contract "abc,dc->abd" %2, %1 : f32[B, 81, 11]
 *   %5 = transpose {0, 2, 1} %4 : f32[B, 11, 81]
 *   %6 = slice {axis 1, from 0, step 1} %5 : f32[B, 3, 81]
 *   %7 = broadcast {0, 2} %6 : …
 *   %8 = const 0.5 : f32[]
 *   repeat %9 = trips 4 last 1 (%10 = %a, %11 = %b) {
 *     …
 *     yield %c, %d
 *   }
 *   %12 = result {0} %9 : f32[…]
 *   store logits %4
 *   accumulate lm_head.weight %20
 *   end
 *
 * Numbers are printed so that reading gives the same bits.  Print, read and print again gives the same text. */
#ifndef HRMC_GRAPH_TEXT_H
#define HRMC_GRAPH_TEXT_H

#include "graph.h"

#include <stdio.h>

void graph_print(const struct graph *g, FILE *out);

/* Reads one graph.  On a mistake returns NULL and sets *error to "line N: what" (in the arena).  The text is
 * verified. */
struct graph *graph_read(struct arena *a, const char *text, const char **error);

#endif

/* What kernels cost, by a model of the machine: the choice of the tile and --report rest on it.
 *
 * Contractions are counted in multiply-adds of full vectors: lanes that hold no column and rows that fill no register
 * tile cost as much as those that do, and filling and emptying the accumulators takes its time.  Loop nests, and the
 * results of contractions, are counted by the bytes that they touch, which come from the cache that holds them. */
#ifndef HRMC_COST_H
#define HRMC_COST_H

#include "machine.h"
#include "plan.h"

struct kernel_cost {
  double flops;  /* 2 · m · n · k of a contraction; 0 of a loop nest */
  double bytes;  /* that it reads and writes, each place once */
  double cycles; /* expected, everything in the nearest cache that can hold a tile */
};

/* One run of a kernel on n examples. */
struct kernel_cost kernel_cost(const struct kernel *k, const struct machine *m, int64_t n);

/* One run of a form. */
struct kernel_cost form_cost(const struct kernel_form *form, const struct machine *m, int64_t n);

/* All kernels of a function, repeats counted by their trips, with what the second-level cache cannot hold: kernels
 * that go over more than it has, and the weights and gradients that every tile goes through. */
struct kernel_cost function_cost(const struct function *f, const struct machine *m, int64_t n);

/* Expected cycles of an example in a tile of n.  Large tiles go through weights and gradients less often, small ones
 * stay in the cache. */
double tile_cycles(const struct function *f, const struct machine *m, int64_t n);

/* The smallest of these tiles that costs at most 3% more cycles than the cheapest, for a function that was planned
 * for one example; its memory bounds the tile too.  Small tiles need less of the cache that all cores share, of which
 * this model knows nothing: on Zen 3, a training step of hidden size 128 takes 4% less time in tiles of 1 or 2 than
 * of 4, and 13% less than of 8, where the model tells 3% between them.  Where there is a former tile (else 0), which
 * code that is there already was made for, it stays unless that one is cheaper by a twentieth. */
enum { COST_TILES = 4 };
extern const int64_t cost_tiles[COST_TILES];
int64_t cost_choose_tile(const struct function *f, const struct machine *m, int64_t former);

/* FLOPs of a graph's contractions for one example; one that is made again (pass_recompute) counts once. */
double graph_flops(const struct graph *g);

/* FLOPs of a cycle at the machine's peak in this model: one multiply-add of the widest vectors. */
double cost_peak(const struct machine *m);

#endif

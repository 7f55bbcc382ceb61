/* The kernel form: what a graph becomes after fusion and memory planning, and all that code generation sees.
 *
 * A function is a list of steps; a step is a kernel, a counted loop of steps or a chain of kernels.  A kernel is
 * either a fused loop nest (`struct loop`) or a contraction (`struct contraction`).  All addresses are affine in the
 * loop indices with constant strides; the single dynamic quantity is n, the number of examples in the tile, 1 <= n <=
 * tile.
 *
 * Two kernels of the same form (equal but for the bases of their accesses) share one generated function, so the text
 * of that form is the key (kernel_signature). */
#ifndef HRMC_KERNEL_H
#define HRMC_KERNEL_H

#include "graph.h"

#include <stdio.h>

/* Where a buffer lies.  The runtime passes the base address of each space (runtime/hrm.h, struct hrm_tile). */
enum space {
  SPACE_WEIGHTS, /* parameters and buffers, one for the whole program; read only */
  SPACE_SHARED,  /* written by `pack` and `prepare`, then read by all threads */
  SPACE_ARENA,   /* scratch of one thread, one tile */
  SPACE_GRADS,   /* gradient sums of one thread, laid out like SPACE_WEIGHTS */
  SPACE_LOCAL,   /* scratch of one thread for the length of a chain */
  SPACE_IO       /* tensor `io` of the runtime's table: address of the tile's first example */
};

/* count, times n where per_example. */
struct extent {
  int64_t count;
  bool per_example;
};

enum { KERNEL_MAX_AXES = 8, CHAIN_MAX_LOOPS = 6 };

/* Element (i0, i1, …) lies at base(space, io) + offset bytes + dtype size * Σ stride[a]·i[a]. */
struct access {
  enum space space;
  int io;
  int64_t offset; /* bytes */
  enum dtype dtype;
  int64_t stride[KERNEL_MAX_AXES]; /* in elements, per axis of the kernel */
  int64_t around[CHAIN_MAX_LOOPS]; /* in elements, per loop of the chain that the kernel is part of */
  /* Indirection (gather, scatter): index >= 0 is the number of the kernel's access (dtype i32) that gives a row
   * number r, clamped to 0…index_rows-1, and r * index_stride elements are added.  -1: none. */
  int index;
  int64_t index_stride, index_rows;
};

/* A fused loop nest over axes 0…rank-1.
 *
 * Values are a list in SSA order.  With pass_axis >= 0, the nest over the other axes ("rows") runs passes over the
 * pass axis: an element value belongs to one pass; a REDUCE of pass p gives a row value that elements of passes > p,
 * and row values, may use.  The emitter may recompute, reload or spill an element value that a later pass uses, so no
 * store may overwrite what a load of a later pass reads.  vector_axis is the axis laid across vector lanes: the pass
 * axis itself (then reductions end horizontally) or another. */
/* PAIR: two values of bf16 as one i32, the first in its lower half. */
enum value_kind { VALUE_LOAD, VALUE_CONST, VALUE_IOTA, VALUE_MAP, VALUE_REDUCE, VALUE_PAIR };

struct value {
  enum value_kind kind;
  enum dtype dtype;
  bool is_row;    /* does not vary along the pass axis (loads with stride 0 there, reductions, maps of row values); a
                     map of row values that is not a row repeats its value along the pass axis */
  int pass;       /* element value: in which pass; row value: the pass after which it is known (-1: before all) */
  int operand[3]; /* earlier values */
  union {
    int access;               /* LOAD */
    double constant;          /* CONST */
    int axis;                 /* IOTA: the index along this axis, i32 */
    enum scalar_op scalar;    /* MAP */
    enum reduction reduction; /* REDUCE, over the pass axis */
  };
};

int value_arity(const struct value *v); /* how many operands it has */

struct kernel_store {
  int value;
  int access;
  bool add; /* += instead of = */
};

struct loop {
  int rank;
  struct extent extent[KERNEL_MAX_AXES];
  int pass_axis;   /* -1: a single pass, no reduction */
  int vector_axis; /* -1: scalar code (rank 0 too) */
  int pass_count;
  struct access *accesses;
  int access_count;
  struct value *values;
  int value_count;
  struct kernel_store *stores;
  int store_count;
};

/* c[l…, m, n] (+)= Σ_k a[l…, m, k] · b[l…, k, n] for all l.
 * Axes of the accesses: 0…loop_count-1 are the outer loops, then m, n, k.  b and c have stride 1 along n.
 * An outer loop in which c has stride 0 sums (then accumulate is set), and c is stored once.  dtype of all is one of
 * f32, f64, where `rounded` may stand for f32 (such a c is rounded as it is stored); or a and b are bf16 and c is f32
 * or bf16, the sums being f32.  Then k goes in pairs of elements that are neighbours in memory: the strides of a and
 * b along k are from pair to pair, and along n neighbours of b lie 2 apart.  k per_example is even; of an odd k the
 * last pair has one element, and b has a zero beside it. */
struct contraction {
  int loop_count;
  struct extent loop[KERNEL_MAX_AXES];
  struct extent m, n, k; /* n is never per_example */
  struct access a, b, c;
  bool accumulate;
};

enum kernel_kind { KERNEL_LOOP, KERNEL_CONTRACTION };

struct kernel {
  enum kernel_kind kind;
  union {
    struct loop loop;
    struct contraction contraction;
  };
  const char *origin; /* where its main node comes from, or NULL */
  int form;           /* kernels of equal signature have the same number (plan.h) */
};

enum step_kind { STEP_KERNEL, STEP_REPEAT, STEP_CHAIN };

/* A chain runs all of its kernels for each head (of each example) and each block of rows, so that what one leaves for
 * the next stays in the cache: attention, whose scores are never in memory as a whole.  Its loops lie around the
 * kernels: access.around tells how far they move it.  Kernels in a chain see one example. */
struct step {
  enum step_kind kind;
  struct kernel *kernel;
  struct {
    int64_t trips;
    struct step *steps;
    int count;
  } repeat;
  struct chain {
    int loop_count;
    struct extent loop[CHAIN_MAX_LOOPS];
    struct step *steps; /* kernels */
    int count;
    int form; /* numbered with the forms of kernels */
  } chain;
};

struct function {
  const char *name; /* "pack", "prepare", "forward", "train", "trace" */
  struct step *steps;
  int count;
  int64_t arena_bytes; /* for one tile */
  int64_t local_bytes; /* for one thread */
  int64_t peak_bytes;  /* the largest sum of live values: what a perfect plan would need */
};

/* Whether the trips of that loop may run at once: each writes places of its own. */
bool chain_is_parallel(const struct chain *c, int loop);

/* The text of a kernel without spaces, io numbers and byte offsets; equal texts are equal code. */
const char *kernel_signature(struct arena *a, const struct kernel *k);

/* The whole function as text, one kernel a paragraph (--emit=kernels). */
void kernel_print(const struct function *f, FILE *out);

/* How often a chain runs its kernels for n examples. */
int64_t chain_trips(const struct chain *c, int64_t n);

#endif

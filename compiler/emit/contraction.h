/* The register tile of a contraction: the part of c that stays in registers while k runs. */
#ifndef HRMC_EMIT_CONTRACTION_H
#define HRMC_EMIT_CONTRACTION_H

#include "codegen.h"

enum { UNROLL = 4 }; /* steps of k in a trip of its loop */
enum { TILE_MAX_ROWS = 12, TILE_MAX_VECTORS = 8, TILE_MAX_ACCUMULATORS = 24 };

/* Addresses of the three operands at the current place of the loops around. */
struct operands {
  LLVMValueRef a, b, c;
};

/* Distance of neighbours along one axis, in bytes. */
struct strides {
  int64_t a, b, c;
};

/* An axis that is summed: k itself, or an outer loop that c does not follow. */
struct sum_axis {
  struct extent extent;
  struct strides stride;
};

struct tile_shape {
  int rows;    /* of c */
  int vectors; /* of a row */
  int last;    /* active lanes of the last vector */
};

/* One contraction, with what is the same for all of its tiles. */
struct tiling {
  struct codegen *g;
  LLVMValueRef n;      /* examples */
  LLVMTypeRef element; /* of the sums */
  LLVMTypeRef factor;  /* of a and b in one step of k: the element, or i32 for a pair of bf16 */
  int factor_bytes;
  bool is_paired;
  enum dtype result;                         /* as it lies in c */
  int width;                                 /* lanes of a vector */
  int64_t a_row, c_row;                      /* bytes from row to row */
  struct sum_axis sums[KERNEL_MAX_AXES + 1]; /* outermost first; the last is k */
  int sum_count;
  LLVMValueRef k_from, k_limit; /* the part of k to sum, by a multiple of UNROLL steps from its start; NULL: all */
  bool accumulate;
  LLVMValueRef ahead; /* what will be read after this, from memory: fetched meanwhile, */
  int64_t ahead_step; /* so many bytes for each step of k; 0: nothing */
};

/* c tile (+)= Σ a · b, all sums inside, at the given addresses. */
void emit_tile(const struct tiling *t, struct tile_shape shape, struct operands at);

#endif

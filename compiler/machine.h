/* What the compiler knows of the machine that code is made for: one description for the planner, the cost model and
 * code generation. */
#ifndef HRMC_MACHINE_H
#define HRMC_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine {
  int vector_bytes;     /* of the widest vector register: 64, 32 or 16 */
  int vector_registers; /* 32 or 16 */
  bool fma;             /* a multiply-add is one instruction */
  bool avx512;
  bool bf16;                  /* AVX512-BF16: products of pairs, and rounding */
  int64_t l1_bytes, l2_bytes; /* caches of one core */
};

/* Any machine: what to assume where nothing is known. */
struct machine machine_generic(void);

/* Lanes of a vector for elements of 4 bytes: the width of loop nests. */
int machine_lanes(const struct machine *m);

/* Columns of a panel of packed weights: those of a register tile of many rows, in elements of 4 bytes. */
int machine_panel(const struct machine *m);

/* The part of a contraction's result that stays in registers: as many accumulators as fit beside a row of b and a
 * broadcast; wider where there are few rows. */
struct register_tile {
  int rows, vectors;
};
struct register_tile machine_register_tile(const struct machine *m, int64_t rows);

#endif

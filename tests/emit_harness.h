/* Runs kernels made by hand through code generation and through plain loops, and compares. */
#ifndef HRMC_TESTS_EMIT_HARNESS_H
#define HRMC_TESTS_EMIT_HARNESS_H

#include "compiler/emit/engine.h"
#include "runtime/hrm.h"

/* Targets that this machine may be able to run: its own cpu (NULL) and older ones. */
extern const char *const harness_cpus[];
enum { HARNESS_CPUS = 4 };

/* Can this machine run code for that cpu, and is it other code than for its own?  Where there is no AVX-512, its own
 * has the vectors of x86-64-v3; under sanitizers its own is enough. */
bool harness_runs(const char *cpu);

struct harness_code {
  struct engine *engine;
  struct loaded_code loaded;
  hrm_entry *entry;
};

/* A plan's functions for a cpu (NULL: this machine's); ends the test where LLVM refuses. */
struct harness_code harness_load(struct arena *a, const struct plan *plan, const char *cpu);

/* The steps as the function `train` of a plan for tiles of up to `tile` examples. */
struct harness_code harness_compile(struct arena *a, struct step *steps, int count, const char *cpu, int64_t tile);
void harness_close(struct harness_code *code);

enum { HARNESS_LARGEST_N = 3 };

/* One kernel (all its accesses in SPACE_IO; equal io numbers share a buffer) on random data, 1 to HARNESS_LARGEST_N
 * examples.  Buffers end at pages that cannot be read.  Gives the largest difference relative to 1 + |value| over all
 * buffers, elements that the kernel must not touch included; INFINITY where a NaN stands against a number. */
double harness_difference(struct arena *a, const struct kernel *k, const char *cpu);

/* Packs all weights: the first half of a weight's blocks at once, the others one by one, the last first. */
void harness_pack(const struct loaded_code *loaded, const struct plan *plan, const struct hrm_tile *tile);

/* Runs one of a plan's functions as a team of threads does, but for what packs; the first has the tile's local
 * memory, the others some of their own. */
void harness_run(const struct loaded_code *loaded, const struct plan *plan, const struct function *f,
                 const struct hrm_tile *tile, int members);

#endif

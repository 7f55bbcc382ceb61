/* Code for this process, again and again: the target is looked up once, and all loaded code shares one linker. */
#ifndef HRMC_ENGINE_H
#define HRMC_ENGINE_H

#include "emit.h"
#include "runtime/hrm.h"

struct engine;

/* For a target that this machine can run (all NULL: this machine); it lives under the arena's guard, but not in the
 * arena.  OpenBLAS must be loaded (emit_load_openblas) where the target calls it.  NULL and *error (static, or in the
 * arena) where LLVM refuses. */
struct engine *engine_new(struct arena *a, const struct target *wanted, const char **error);
void engine_free(struct engine *e); /* accepts NULL; what was loaded is gone */

/* What the planner has to know of the machine, and its names. */
const struct machine *engine_machine(const struct engine *e);
const struct target *engine_target(const struct engine *e);

/* A plan's functions, loaded. */
struct loaded_code {
  hrm_pack *pack;
  hrm_entry *prepare, *forward, *train, *trace;
  void *tracker;                 /* of the functions */
  struct generation *generation; /* of the kernels that they call */
};

/* False and *error (in the arena, or static) where LLVM refuses.  Kernels are kept: one whose text an earlier plan
 * had is not generated again.  What is kept is given up from time to time, when nothing uses it any more, so that
 * memory stays bounded. */
bool engine_load(struct engine *e, struct arena *a, const struct plan *plan, struct loaded_code *out,
                 const char **error);
/* How many kernels it keeps before it gives them up; 512 unless told. */
void engine_keep(struct engine *e, int kernels);
void engine_unload(struct engine *e, struct loaded_code *code); /* accepts all zeros */

#endif

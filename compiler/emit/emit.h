/* Code generation: kernels and step lists to machine code through LLVM.  Only files in this folder include LLVM's
 * headers. */
#ifndef HRMC_EMIT_H
#define HRMC_EMIT_H

#include "../machine.h"
#include "../plan.h"

#include <stddef.h>

struct target {
  const char *cpu;      /* "znver4", "x86-64-v3", …; NULL: this machine's */
  const char *features; /* "+avx512f,-avx512bf16"; NULL: those of the cpu */
  bool openblas;        /* contractions call OpenBLAS (cblas_sgemm, cblas_dgemm) where its interface allows */
};

enum emit_form { EMIT_LLVM, EMIT_ASSEMBLY, EMIT_OBJECT };

/* Lives as long as the arena that it was generated for. */
struct emitted {
  const char *bytes;
  size_t size;
};

/* Objects that are to be linked together. */
enum { EMIT_PARTS = 5 };
struct emitted_objects {
  struct emitted objects[EMIT_PARTS];
  int count;
};

/* Makes the code generator ready where it is a module (module.h): to be called before all else here.  False and
 * *error (in the arena, or static) where it cannot be loaded. */
bool emit_open(struct arena *a, const char **error);

/* Generates the functions of a plan as symbols hrm_model_pack, hrm_model_prepare, hrm_model_forward, hrm_model_train,
 * hrm_model_trace (runtime/hrm.h) and the constant hrm_model_description (NUL-terminated JSON; may be NULL).
 * Position-independent.  Returns false and sets *error (in the arena) when LLVM refuses, e.g. for an unknown cpu. */
bool emit_plan(struct arena *a, const struct plan *plan, const char *description, const struct target *target,
               enum emit_form form, struct emitted *out, const char **error);

/* The same in several objects, which threads generate at the same time: the functions in the first, kernels in the
 * others.  The same plan and target give the same bytes. */
bool emit_objects(struct arena *a, const struct plan *plan, const char *description, const struct target *target,
                  struct emitted_objects *out, const char **error);

/* What emit_plan will generate for: cpu and features spelt out, and what that machine can do.  False and *error where
 * LLVM refuses. */
bool emit_resolve(struct arena *a, const struct target *wanted, struct target *resolved, struct machine *machine,
                  const char **error);

/* The machine's cpu name and feature string, resolved as emit_plan resolves NULL; in the arena. */
struct target emit_host(struct arena *a);

/* Loads what generated code calls for a target with openblas; only for those, since it starts threads. */
bool emit_load_openblas(void);

#endif

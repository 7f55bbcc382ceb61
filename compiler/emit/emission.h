/* How a plan becomes code: its functions, the kernels that they call, and the files that hold them. */
#ifndef HRMC_EMISSION_H
#define HRMC_EMISSION_H

#include "codegen.h"

/* Kernels that stay loaded from one plan to the next: the symbol of the kernel with this text; *is_new: it is to be
 * generated now. */
typedef const char *kernel_name_fn(void *context, const char *text, bool *is_new);

/* Where code is generated for: a target that is open already. */
struct code_host {
  LLVMTargetMachineRef handle;
  struct machine machine;
  bool openblas;
  const char *prefix;          /* of the functions: "hrm_model" makes hrm_model_forward */
  kernel_name_fn *kernel_name; /* NULL: every plan has its own kernels */
  void *kernel_context;
};

/* A module and what builds it, in a context of its own, so that threads can each have one.  Both live as long as the
 * arena. */
struct codegen *codegen_new(struct arena *a, const struct code_host *host, int64_t tile, const char *module);

/* The kernels that are to be generated for a plan, in the order of their first calls. */
struct kernel_list {
  struct called_kernel {
    const struct kernel *kernel;
    const char *name;
  } * items;
  int count, capacity;
};

/* A plan's functions.  *called gets what they call and no earlier plan has generated. */
void emit_functions(struct codegen *g, const struct plan *plan, const struct code_host *host,
                    struct kernel_list *called);

/* A kernel as a function (n, member, members, bases…), its type, and what the bases are of. */
LLVMValueRef emit_kernel(struct codegen *g, const struct kernel *k, const char *name);
LLVMTypeRef kernel_type(struct codegen *g, const struct kernel *k);
int kernel_accesses(struct arena *a, const struct kernel *k, const struct access **accesses);

/* emit_objects (emit.h) for a target that is open already; NULL in place of false.  They may be released before the
 * arena. */
struct emitted_objects *emit_objects_for(struct arena *a, const struct plan *plan, const char *description,
                                         const struct code_host *host, const char **error);
void emit_release(struct emitted_objects *objects);

#endif

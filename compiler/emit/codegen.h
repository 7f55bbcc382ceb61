/* What the files of code generation share: the state of one emission and small builders over LLVM's C API.
 *
 * Code is generated as it shall run (explicit vectors, masks, unrolling, register tiles); no IR optimisation follows.
 */
#ifndef HRMC_CODEGEN_H
#define HRMC_CODEGEN_H

#include "emit.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

struct codegen {
  struct arena *arena;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef builder;
  struct machine machine;
  int64_t tile;                 /* the largest n */
  bool openblas;                /* contractions call OpenBLAS where they can */
  LLVMValueRef function;        /* being built */
  LLVMValueRef member, members; /* of the team; in a kernel */
  bool is_shared;               /* the code being built is within the loop that the team parts */
  LLVMTypeRef pointer_type;
  const char *error; /* the first thing that could not be generated; NULL: none */
};

enum { MAX_LANES = 32 };

/* Types and constants; width 1 is the scalar type. */
LLVMTypeRef type_of(struct codegen *g, enum dtype dtype, int width);
LLVMTypeRef type_with_width(LLVMTypeRef scalar, int width);
int type_width(LLVMTypeRef type);
bool type_is_float(LLVMTypeRef type);
LLVMValueRef constant_i64(struct codegen *g, int64_t value);
LLVMValueRef constant_i32(struct codegen *g, int32_t value);
LLVMValueRef constant_int(LLVMTypeRef type, int64_t value);               /* splat where the type is a vector */
LLVMValueRef constant_of(LLVMTypeRef type, double value);                 /* float or integer; likewise */
LLVMValueRef constant_lanes(struct codegen *g, int64_t first, int width); /* i32: first, first + 1, … */
LLVMValueRef constant_mask(struct codegen *g, int active, int width);     /* i1: lanes below active */

/* Integers (i64): products and sums with constants fold. */
LLVMValueRef build_extent(struct codegen *g, struct extent extent, LLVMValueRef n);

/* Addresses: pointer + bytes, pointer + index * bytes. */
LLVMValueRef build_offset(struct codegen *g, LLVMValueRef pointer, int64_t bytes);
LLVMValueRef build_indexed(struct codegen *g, LLVMValueRef pointer, LLVMValueRef index, int64_t bytes);

/* Memory.  mask NULL: all lanes.  Elements are aligned to their own size, no more is assumed. */
LLVMValueRef build_load(struct codegen *g, LLVMTypeRef type, LLVMValueRef pointer, LLVMValueRef mask);
void build_store(struct codegen *g, LLVMValueRef value, LLVMValueRef pointer, LLVMValueRef mask);
void build_prefetch(struct codegen *g, LLVMValueRef pointer); /* to the second-level cache */
void build_prefetch_for_write(struct codegen *g, LLVMValueRef pointer);
LLVMValueRef build_alloca(struct codegen *g, int64_t bytes); /* in the function's entry block, 64-byte aligned */

/* Vectors.  A scalar counts as a vector of one lane. */
LLVMValueRef build_splat(struct codegen *g, LLVMValueRef scalar, int width);
LLVMValueRef build_lane(struct codegen *g, LLVMValueRef vector, int lane);
LLVMValueRef build_with_lane(struct codegen *g, LLVMValueRef vector, LLVMValueRef scalar, int lane);
/* Operands may be vectors; the intrinsic is overloaded on `overloads` (may be NULL). */
LLVMValueRef build_intrinsic(struct codegen *g, const char *name, LLVMTypeRef *overloads, int overload_count,
                             LLVMValueRef *operands, int operand_count);
LLVMValueRef build_multiply_add(struct codegen *g, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z); /* x*y + z */
LLVMValueRef build_select_max(struct codegen *g, LLVMValueRef x, LLVMValueRef y); /* x > y ? x : y */
LLVMValueRef build_select_min(struct codegen *g, LLVMValueRef x, LLVMValueRef y);

/* bfloat16.  Widening and rounding (to nearest, ties to even), by integers where the target has no instruction for
 * it.  x and y are pairs of bf16 in lanes of i32: x0*y0 + x1*y1 + z, where z is f32; for a target without such an
 * instruction only tests plan pairs. */
LLVMValueRef build_widened(struct codegen *g, LLVMValueRef x);
LLVMValueRef build_narrowed(struct codegen *g, LLVMValueRef x);
LLVMValueRef build_rounded(struct codegen *g, LLVMValueRef x); /* f32 to the f32 that equals its bf16 */
LLVMValueRef build_pair(struct codegen *g, LLVMValueRef lower, LLVMValueRef upper); /* of bf16, as i32 */
LLVMValueRef build_multiply_add_pairs(struct codegen *g, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z);

/* Reductions: two partial results to one; the lanes of a vector to a scalar (a fixed tree); the neutral element. */
LLVMValueRef build_combine(struct codegen *g, enum reduction kind, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef build_horizontal(struct codegen *g, enum reduction kind, LLVMValueRef vector);
LLVMValueRef reduction_identity(LLVMTypeRef type, enum reduction kind);

/* A counted loop: for (index = from; index < limit; index += step).  The test stands at the end, so there must be a
 * first trip unless `guarded`.  carried[0…count-1] hold values that go round: initial ones before loop_open, those of
 * the current trip after it; the body leaves the next ones there; after loop_close they are the final ones. */
struct counted_loop {
  LLVMValueRef index, limit, step;
  LLVMBasicBlockRef before, body, after;
  bool guarded;
  LLVMValueRef *carried, *phis, *initial;
  int carried_count;
};
void loop_open(struct codegen *g, struct counted_loop *l, LLVMValueRef from, LLVMValueRef limit, int64_t step,
               bool guarded, LLVMValueRef *carried, int carried_count);
void loop_close(struct codegen *g, struct counted_loop *l);

/* A loop whose trips the threads of a team part between them: everything in it is done once.  `total` steps of
 * `step`. Code outside of such loops that shall run once stands between alone_open and alone_close, which the first
 * thread of the team passes; within a shared loop these do nothing. */
void shared_open(struct codegen *g, struct counted_loop *l, LLVMValueRef total, int64_t step);
void shared_close(struct codegen *g, struct counted_loop *l);
void alone_open(struct codegen *g, struct counted_loop *l);
void alone_close(struct codegen *g, struct counted_loop *l);
enum { SHARED_LEAST = 4 }; /* outer loops with fewer trips are left whole, where inner ones may be parted */

/* Function bodies.  Creates a function, which the module may have declared, with an entry block for allocas and
 * positions the builder after it. */
void function_attribute(struct codegen *g, LLVMValueRef function, const char *name); /* "nounwind" */
LLVMValueRef function_open(struct codegen *g, const char *name, LLVMTypeRef type);
void function_close(struct codegen *g);

/* Kernel bodies: g->function takes (n, member, members, bases…) in the order of the kernel's accesses (contraction:
 * a, b, c). */
enum { KERNEL_FIRST_BASE = 3 };
LLVMValueRef kernel_base(struct codegen *g, int access);
void emit_loop(struct codegen *g, const struct loop *l);
bool loop_is_transposition(const struct loop *l);
void emit_transposition(struct codegen *g, const struct loop *l); /* a nest that is one */
void emit_contraction(struct codegen *g, const struct contraction *c);
bool blas_can(const struct codegen *g, const struct contraction *c); /* whether emit_blas takes it */
void emit_blas(struct codegen *g, const struct contraction *c);

/* The scalar functions on one vector (or scalar) of a float type: math.c. */
LLVMValueRef math_exp(struct codegen *g, LLVMValueRef x);
LLVMValueRef math_exp_of_nonpositive(struct codegen *g, LLVMValueRef x); /* the same for x <= 0, in fewer steps */
LLVMValueRef math_log(struct codegen *g, LLVMValueRef x);
LLVMValueRef math_tanh(struct codegen *g, LLVMValueRef x);
LLVMValueRef math_sigmoid(struct codegen *g, LLVMValueRef x);
/* Calls the C library's function lane by lane; name without the suffix f ("sin"). */
LLVMValueRef math_library(struct codegen *g, const char *name, LLVMValueRef *operands, int count);

/* A scalar operator of ops.def on operands of equal width; comparisons give i1.  NULL (and g->error): not possible.
 */
LLVMValueRef emit_scalar(struct codegen *g, enum scalar_op op, LLVMTypeRef result, LLVMValueRef *operands);

/* Opens a target machine.  NULL and *error (in the arena) where LLVM refuses; *resolved gets cpu and features. */
LLVMTargetMachineRef target_open(struct arena *a, const struct target *wanted, struct target *resolved,
                                 struct machine *machine, const char **error);
/* The features that a machine needs for its code, "+avx2,+fma"; "" where none is known. */
const char *target_features(struct arena *a, LLVMTargetMachineRef machine, const char *triple);

/* The same machine, for another thread, or for code that is to be generated quickly. */
LLVMTargetMachineRef target_copy(LLVMTargetMachineRef handle, bool quick);

#endif

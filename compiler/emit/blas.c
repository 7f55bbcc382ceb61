/* Contractions through OpenBLAS (--contract=openblas): each inner product becomes a call of cblas_sgemm or
 * cblas_dgemm.
 *
 * c and b have unit stride along n (kernel.h), so both are row-major.  BLAS needs a unit stride in a too, along k
 * (plain) or along m (transposed), and rows that do not overlap; what has neither goes to the generated kernels. */
#include "codegen.h"

/* Values of the CBLAS interface. */
enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };
enum { GEMM_ARGUMENTS = 14 };

struct gemm {
  bool transposed;             /* a */
  int64_t a_row, b_row, c_row; /* leading dimensions, in elements */
};

static bool is_one(struct extent e) { return e.count == 1 && !e.per_example; }

/* The leading dimension for rows of `length` elements that lie `stride` apart. */
static bool leading(struct extent rows, int64_t length, int64_t stride, int64_t *out) {
  *out = is_one(rows) ? length : stride;
  return *out >= length && *out <= INT32_MAX;
}

static bool gemm_shape(const struct codegen *g, const struct contraction *c, struct gemm *s) {
  int m = c->loop_count, n = m + 1, k = m + 2;
  int64_t rows = c->m.count * (c->m.per_example ? g->tile : 1), depth = c->k.count * (c->k.per_example ? g->tile : 1);
  if (!leading(c->k, c->n.count, c->b.stride[k], &s->b_row) || !leading(c->m, c->n.count, c->c.stride[m], &s->c_row))
    return false;
  if (c->n.count > 1 && (c->b.stride[n] != 1 || c->c.stride[n] != 1)) return false;
  s->transposed = false;
  if ((c->a.stride[k] == 1 || is_one(c->k)) && leading(c->m, depth, c->a.stride[m], &s->a_row)) return true;
  s->transposed = true;
  return (c->a.stride[m] == 1 || is_one(c->m)) && leading(c->k, rows, c->a.stride[k], &s->a_row);
}

bool blas_can(const struct codegen *g, const struct contraction *c) {
  struct gemm shape;
  bool is_float = c->a.dtype == DTYPE_F32 || c->a.dtype == DTYPE_F64;
  return is_float && gemm_shape(g, c, &shape);
}

static LLVMValueRef extent_i32(struct codegen *g, struct extent e) {
  LLVMValueRef wide = build_extent(g, e, LLVMGetParam(g->function, 0));
  return LLVMBuildTrunc(g->builder, wide, LLVMInt32TypeInContext(g->context), "");
}

static void call_gemm(struct codegen *g, const struct contraction *c, const struct gemm *s, LLVMValueRef a,
                      LLVMValueRef b, LLVMValueRef to) {
  LLVMTypeRef element = type_of(g, c->c.dtype, 1), types[GEMM_ARGUMENTS];
  LLVMValueRef one = constant_of(element, 1), beta = constant_of(element, c->accumulate);
  LLVMValueRef arguments[GEMM_ARGUMENTS] = {constant_i32(g, ROW_MAJOR),
                                            constant_i32(g, s->transposed ? TRANSPOSED : PLAIN),
                                            constant_i32(g, PLAIN),
                                            extent_i32(g, c->m),
                                            extent_i32(g, c->n),
                                            extent_i32(g, c->k),
                                            one,
                                            a,
                                            constant_i32(g, (int32_t)s->a_row),
                                            b,
                                            constant_i32(g, (int32_t)s->b_row),
                                            beta,
                                            to,
                                            constant_i32(g, (int32_t)s->c_row)};
  for (int i = 0; i < GEMM_ARGUMENTS; i++) types[i] = LLVMTypeOf(arguments[i]);
  const char *name = c->c.dtype == DTYPE_F32 ? "cblas_sgemm" : "cblas_dgemm";
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->context), types, GEMM_ARGUMENTS, false);
  LLVMValueRef function = LLVMGetNamedFunction(g->module, name);
  if (!function) function = LLVMAddFunction(g->module, name, type);
  LLVMBuildCall2(g->builder, type, function, arguments, GEMM_ARGUMENTS, "");
}

/* The outer loops from number `axis` on, around the product. */
static void emit_around(struct codegen *g, const struct contraction *c, const struct gemm *s, int axis,
                        LLVMValueRef a, LLVMValueRef b, LLVMValueRef to) {
  if (axis == c->loop_count) {
    call_gemm(g, c, s, a, b, to);
    return;
  }
  struct counted_loop l;
  int bytes = dtype_size(c->c.dtype);
  LLVMValueRef limit = build_extent(g, c->loop[axis], LLVMGetParam(g->function, 0));
  loop_open(g, &l, constant_i64(g, 0), limit, 1, false, NULL, 0);
  emit_around(g, c, s, axis + 1, build_indexed(g, a, l.index, bytes * c->a.stride[axis]),
              build_indexed(g, b, l.index, bytes * c->b.stride[axis]),
              build_indexed(g, to, l.index, bytes * c->c.stride[axis]));
  loop_close(g, &l);
}

void emit_blas(struct codegen *g, const struct contraction *c) {
  struct gemm shape;
  gemm_shape(g, c, &shape);
  struct counted_loop alone;
  alone_open(g, &alone);
  emit_around(g, c, &shape, 0, kernel_base(g, 0), kernel_base(g, 1), kernel_base(g, 2));
  alone_close(g, &alone);
}

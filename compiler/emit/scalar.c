#include "codegen.h"

/* The scalar operators of ops.def, one handler each. */

struct application {
  struct codegen *g;
  LLVMTypeRef result;
  LLVMValueRef x, y, z; /* operands */
};

typedef LLVMValueRef handler(const struct application *a);

static bool is_float(const struct application *a) { return type_is_float(LLVMTypeOf(a->x)); }

static LLVMValueRef intrinsic(const struct application *a, const char *name) {
  LLVMTypeRef type = LLVMTypeOf(a->x);
  LLVMValueRef x = a->x;
  return build_intrinsic(a->g, name, &type, 1, &x, 1);
}

static LLVMValueRef only_float(const struct application *a, const char *name) {
  if (!a->g->error) a->g->error = arena_printf(a->g->arena, "'%s' of an integer in a kernel", name);
  return NULL;
}

static LLVMValueRef negate(const struct application *a) {
  return is_float(a) ? LLVMBuildFNeg(a->g->builder, a->x, "") : LLVMBuildNeg(a->g->builder, a->x, "");
}

static LLVMValueRef absolute(const struct application *a) {
  return is_float(a) ? intrinsic(a, "llvm.fabs")
                     : build_select_max(a->g, a->x, LLVMBuildNeg(a->g->builder, a->x, ""));
}

static LLVMValueRef exponential(const struct application *a) {
  return is_float(a) ? math_exp(a->g, a->x) : only_float(a, "exp");
}

static LLVMValueRef logarithm(const struct application *a) {
  return is_float(a) ? math_log(a->g, a->x) : only_float(a, "log");
}

static LLVMValueRef square_root(const struct application *a) {
  return is_float(a) ? intrinsic(a, "llvm.sqrt") : only_float(a, "sqrt");
}

static LLVMValueRef library(const struct application *a, const char *name, int count) {
  LLVMValueRef operands[] = {a->x, a->y};
  return is_float(a) ? math_library(a->g, name, operands, count) : only_float(a, name);
}

static LLVMValueRef sine(const struct application *a) { return library(a, "sin", 1); }

static LLVMValueRef cosine(const struct application *a) { return library(a, "cos", 1); }

static LLVMValueRef power(const struct application *a) { return library(a, "pow", 2); }

static LLVMValueRef hyperbolic_tangent(const struct application *a) {
  return is_float(a) ? math_tanh(a->g, a->x) : only_float(a, "tanh");
}

static LLVMValueRef logistic(const struct application *a) {
  return is_float(a) ? math_sigmoid(a->g, a->x) : only_float(a, "sigmoid");
}

static LLVMValueRef round_down(const struct application *a) {
  return is_float(a) ? intrinsic(a, "llvm.floor") : a->x;
}

static LLVMTypeKind kind_of(LLVMTypeRef type) {
  return LLVMGetTypeKind(LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type);
}

static LLVMValueRef cast(const struct application *a);

static LLVMValueRef cast_through_f32(const struct application *a) {
  LLVMTypeRef f32 = type_of(a->g, DTYPE_F32, type_width(a->result));
  struct application first = {.g = a->g, .result = f32, .x = a->x};
  struct application second = {.g = a->g, .result = a->result, .x = cast(&first)};
  return cast(&second);
}

static LLVMValueRef cast_real(const struct application *a, LLVMTypeKind from, LLVMTypeKind to) {
  bool widens = from == LLVMBFloatTypeKind && to == LLVMFloatTypeKind;
  bool narrows = from == LLVMFloatTypeKind && to == LLVMBFloatTypeKind;
  if (widens) return build_widened(a->g, a->x);
  if (narrows) return build_narrowed(a->g, a->x);
  if (from == LLVMBFloatTypeKind || to == LLVMBFloatTypeKind) return cast_through_f32(a);
  return LLVMBuildFPCast(a->g->builder, a->x, a->result, "");
}

/* Towards zero; what does not fit becomes the nearest that does, NaN becomes 0. */
static LLVMValueRef cast_to_integer(const struct application *a) {
  LLVMTypeRef overloads[] = {a->result, LLVMTypeOf(a->x)};
  LLVMValueRef x = a->x;
  return build_intrinsic(a->g, "llvm.fptosi.sat", overloads, 2, &x, 1);
}

static LLVMValueRef cast(const struct application *a) {
  LLVMTypeKind from = kind_of(LLVMTypeOf(a->x)), to = kind_of(a->result);
  if (from == to) return a->x;
  bool via_f32 = (from == LLVMBFloatTypeKind && to == LLVMIntegerTypeKind) ||
                 (to == LLVMBFloatTypeKind && from == LLVMIntegerTypeKind);
  if (via_f32) return cast_through_f32(a);
  if (to == LLVMIntegerTypeKind) return cast_to_integer(a);
  if (from == LLVMIntegerTypeKind) return LLVMBuildSIToFP(a->g->builder, a->x, a->result, "");
  return cast_real(a, from, to);
}

static LLVMValueRef add(const struct application *a) { return build_combine(a->g, REDUCE_SUM, a->x, a->y); }

static LLVMValueRef subtract(const struct application *a) {
  return (is_float(a) ? LLVMBuildFSub : LLVMBuildSub)(a->g->builder, a->x, a->y, "");
}

static LLVMValueRef multiply(const struct application *a) {
  return (is_float(a) ? LLVMBuildFMul : LLVMBuildMul)(a->g->builder, a->x, a->y, "");
}

/* An integer division by 0, or of the least integer by -1, would stop the process: x / 0 = x, x / -1 = -x. */
static LLVMValueRef divide_integers(const struct application *a) {
  LLVMBuilderRef b = a->g->builder;
  LLVMTypeRef type = LLVMTypeOf(a->x);
  LLVMValueRef one = constant_int(type, 1);
  LLVMValueRef is_zero = LLVMBuildICmp(b, LLVMIntEQ, a->y, constant_int(type, 0), "");
  LLVMValueRef is_minus = LLVMBuildICmp(b, LLVMIntEQ, a->y, constant_int(type, -1), "");
  LLVMValueRef special = LLVMBuildOr(b, is_zero, is_minus, "");
  LLVMValueRef quotient = LLVMBuildSDiv(b, a->x, LLVMBuildSelect(b, special, one, a->y, ""), "");
  return LLVMBuildSelect(b, is_minus, LLVMBuildNeg(b, a->x, ""), quotient, "");
}

static LLVMValueRef divide(const struct application *a) {
  return is_float(a) ? LLVMBuildFDiv(a->g->builder, a->x, a->y, "") : divide_integers(a);
}

static LLVMValueRef maximum(const struct application *a) { return build_select_max(a->g, a->x, a->y); }

static LLVMValueRef minimum(const struct application *a) { return build_select_min(a->g, a->x, a->y); }

static LLVMValueRef compare(const struct application *a, LLVMRealPredicate real, LLVMIntPredicate integer) {
  return is_float(a) ? LLVMBuildFCmp(a->g->builder, real, a->x, a->y, "")
                     : LLVMBuildICmp(a->g->builder, integer, a->x, a->y, "");
}

static LLVMValueRef equal(const struct application *a) { return compare(a, LLVMRealOEQ, LLVMIntEQ); }

static LLVMValueRef unequal(const struct application *a) { return compare(a, LLVMRealUNE, LLVMIntNE); }

static LLVMValueRef less(const struct application *a) { return compare(a, LLVMRealOLT, LLVMIntSLT); }

static LLVMValueRef less_or_equal(const struct application *a) { return compare(a, LLVMRealOLE, LLVMIntSLE); }

static LLVMValueRef choose(const struct application *a) {
  return LLVMBuildSelect(a->g->builder, a->x, a->y, a->z, "");
}

static handler *const handlers[SCALAR_COUNT] = {
    [SCALAR_NEG] = negate,       [SCALAR_ABS] = absolute,
    [SCALAR_EXP] = exponential,  [SCALAR_LOG] = logarithm,
    [SCALAR_SQRT] = square_root, [SCALAR_SIN] = sine,
    [SCALAR_COS] = cosine,       [SCALAR_TANH] = hyperbolic_tangent,
    [SCALAR_SIGMOID] = logistic, [SCALAR_FLOOR] = round_down,
    [SCALAR_CAST] = cast,        [SCALAR_ADD] = add,
    [SCALAR_SUB] = subtract,     [SCALAR_MUL] = multiply,
    [SCALAR_DIV] = divide,       [SCALAR_POW] = power,
    [SCALAR_MAX] = maximum,      [SCALAR_MIN] = minimum,
    [SCALAR_EQ] = equal,         [SCALAR_NE] = unequal,
    [SCALAR_LT] = less,          [SCALAR_LE] = less_or_equal,
    [SCALAR_SELECT] = choose,
};

LLVMValueRef emit_scalar(struct codegen *g, enum scalar_op op, LLVMTypeRef result, LLVMValueRef *operands) {
  int arity = scalar_arity(op);
  struct application a = {.g = g, .result = result, .x = operands[0]};
  if (arity > 1) a.y = operands[1];
  if (arity > 2) a.z = operands[2];
  return handlers[op](&a);
}

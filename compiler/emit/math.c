#include "codegen.h"

#include <math.h>

/* Elementary functions of float32 as vector code.  Polynomials are minimax fits on the reduced range; errors are
 * against the exact value, the largest measured over every 41st float32 value, denormals included, with
 * and without AVX-512, as vectors and as scalars; tests/check_emit_math.c holds them to it:
 *
 *   exp      0.90 ulp (1.18 where the target has no fused multiply-add); inf and gradual underflow to 0 as in C
 *   log      0.85 ulp; log 0 = -inf, NaN of what is negative
 *   sigmoid  2.78 ulp, on the far negative side too, where it underflows gradually
 *   tanh     2.00 ulp
 *
 * Square roots and divisions are the machine's, rounded correctly (0.5 ulp), so that 1/sqrt(x) has 1.49 ulp.  sin,
 * cos and pow are the C library's, lane by lane (glibc 2.36: 0.56 ulp, pow 0.51), and so is all of float64.  NaN
 * gives NaN. */

static LLVMValueRef multiply(struct codegen *g, LLVMValueRef x, LLVMValueRef y) {
  return LLVMBuildFMul(g->builder, x, y, "");
}

static LLVMValueRef like(LLVMValueRef x, double value) { return constant_of(LLVMTypeOf(x), value); }

static LLVMTypeRef bits_type(struct codegen *g, LLVMValueRef x) {
  return type_of(g, DTYPE_I32, type_width(LLVMTypeOf(x)));
}

static LLVMValueRef to_bits(struct codegen *g, LLVMValueRef x) {
  return LLVMBuildBitCast(g->builder, x, bits_type(g, x), "");
}

static LLVMValueRef unary_intrinsic(struct codegen *g, const char *name, LLVMValueRef x) {
  LLVMTypeRef type = LLVMTypeOf(x);
  return build_intrinsic(g, name, &type, 1, &x, 1);
}

/* Σ coefficient[i] · xⁱ, by Horner's rule. */
static LLVMValueRef polynomial(struct codegen *g, LLVMValueRef x, const double *coefficients, int count) {
  LLVMValueRef sum = like(x, coefficients[count - 1]);
  for (int i = count - 2; i >= 0; i--) sum = build_multiply_add(g, sum, x, like(x, coefficients[i]));
  return sum;
}

/* ln 2 in two parts; the first has so few bits that its product with an exponent is exact. */
static const double ln2_high = 0.693359375, ln2_low = -2.12194440054690583e-4;

static bool is_full_vector(struct codegen *g, LLVMValueRef x) {
  return g->machine.avx512 && type_width(LLVMTypeOf(x)) == 16;
}

static LLVMValueRef power_of_two(struct codegen *g, LLVMValueRef exponent, LLVMTypeRef type) {
  LLVMTypeRef bits = LLVMTypeOf(exponent);
  LLVMValueRef biased = LLVMBuildAdd(g->builder, exponent, constant_int(bits, 127), "");
  return LLVMBuildBitCast(g->builder, LLVMBuildShl(g->builder, biased, constant_int(bits, 23), ""), type, "");
}

/* x · 2ⁿ, rounded once.  `shifted` is n + 1.5 · 2²³, whose low bits are n as an integer; -151 < n < 129. */
static LLVMValueRef scale(struct codegen *g, LLVMValueRef x, LLVMValueRef n, LLVMValueRef shifted) {
  if (is_full_vector(g, x)) {
    enum { CURRENT_ROUNDING = 4 };
    LLVMValueRef all = LLVMConstInt(LLVMInt16TypeInContext(g->context), 0xffff, false);
    LLVMValueRef operands[] = {x, n, x, all, constant_i32(g, CURRENT_ROUNDING)};
    return build_intrinsic(g, "llvm.x86.avx512.mask.scalef.ps.512", NULL, 0, operands, 5);
  }
  LLVMTypeRef type = LLVMTypeOf(x), bits = bits_type(g, x);
  LLVMValueRef exponent = LLVMBuildSub(g->builder, to_bits(g, shifted), constant_int(bits, 0x4b400000), "");
  LLVMValueRef half = LLVMBuildAShr(g->builder, exponent, constant_int(bits, 1), "");
  LLVMValueRef other = LLVMBuildSub(g->builder, exponent, half, "");
  return multiply(g, multiply(g, x, power_of_two(g, half, type)), power_of_two(g, other, type));
}

/* exp x = 2ⁿ · exp r, n = round(x / ln 2); x within -104…89 (or NaN), beyond which the result is 0 or inf. */
static LLVMValueRef exp_bounded(struct codegen *g, LLVMValueRef x) {
  static const double series[] = {1,
                                  1,
                                  0x1.0000005236803p-1,
                                  0x1.55548e3518d73p-3,
                                  0x1.55545d019e34ap-5,
                                  0x1.123bdec6dc2f6p-7,
                                  0x1.6db4e9ceec8a6p-10};
  LLVMValueRef magic = like(x, 0x1.8p23);
  LLVMValueRef shifted = build_multiply_add(g, x, like(x, M_LOG2E), magic);
  LLVMValueRef n = LLVMBuildFSub(g->builder, shifted, magic, "");
  LLVMValueRef r = build_multiply_add(g, n, like(x, -ln2_high), x);
  r = build_multiply_add(g, n, like(x, -ln2_low), r);
  return scale(g, polynomial(g, r, series, 7), n, shifted);
}

/* The bound comes first in the comparison, so that a NaN passes. */
static LLVMValueRef at_least(struct codegen *g, LLVMValueRef x, double bound) {
  return build_select_max(g, like(x, bound), x);
}

static LLVMValueRef library_unless_f32(struct codegen *g, const char *name, LLVMValueRef x, bool *done) {
  LLVMTypeRef type = LLVMTypeOf(build_lane(g, x, 0));
  *done = LLVMGetTypeKind(type) != LLVMFloatTypeKind;
  return *done ? math_library(g, name, &x, 1) : NULL;
}

LLVMValueRef math_exp(struct codegen *g, LLVMValueRef x) {
  bool done = false;
  LLVMValueRef result = library_unless_f32(g, "exp", x, &done);
  if (done) return result;
  return exp_bounded(g, build_select_min(g, like(x, 89), at_least(g, x, -104)));
}

/* 1/d for 1 <= d <= 2: an estimate of 14 bits and one step of Newton's, or a division. */
static LLVMValueRef reciprocal(struct codegen *g, LLVMValueRef d) {
  LLVMValueRef one = like(d, 1);
  if (!is_full_vector(g, d)) return LLVMBuildFDiv(g->builder, one, d, "");
  LLVMValueRef operands[] = {d, d, LLVMConstInt(LLVMInt16TypeInContext(g->context), 0xffff, false)};
  LLVMValueRef estimate = build_intrinsic(g, "llvm.x86.avx512.rcp14.ps.512", NULL, 0, operands, 3);
  LLVMValueRef error = build_multiply_add(g, LLVMBuildFNeg(g->builder, d, ""), estimate, one);
  return build_multiply_add(g, error, estimate, estimate);
}

static LLVMValueRef sigmoid_by_library(struct codegen *g, LLVMValueRef x) {
  LLVMValueRef one = like(x, 1), minus = LLVMBuildFNeg(g->builder, x, "");
  LLVMValueRef e = math_library(g, "exp", &minus, 1);
  return LLVMBuildFDiv(g->builder, one, LLVMBuildFAdd(g->builder, one, e, ""), "");
}

/* With z = exp(-|x|): 1/(1 + z) where x >= 0, z/(1 + z) where x < 0. */
LLVMValueRef math_sigmoid(struct codegen *g, LLVMValueRef x) {
  if (LLVMGetTypeKind(LLVMTypeOf(build_lane(g, x, 0))) != LLVMFloatTypeKind) return sigmoid_by_library(g, x);
  LLVMValueRef down = LLVMBuildFNeg(g->builder, unary_intrinsic(g, "llvm.fabs", x), "");
  LLVMValueRef z = exp_bounded(g, at_least(g, down, -104));
  LLVMValueRef right = reciprocal(g, LLVMBuildFAdd(g->builder, z, like(x, 1), ""));
  LLVMValueRef negative = LLVMBuildFCmp(g->builder, LLVMRealOLT, x, like(x, 0), "");
  return LLVMBuildSelect(g->builder, negative, multiply(g, z, right), right, "");
}

/* |x| < 0.625: x + x³ p(x²); else (1 - z)/(1 + z) with z = exp(-2|x|). */
LLVMValueRef math_tanh(struct codegen *g, LLVMValueRef x) {
  static const double odd[] = {-0x1.5555342d0ce7ap-2, 0x1.110768b585ac2p-3, -0x1.b84448c028a01p-5,
                               0x1.5256d715293adp-6, -0x1.76ac19942ff2ap-8};
  bool done = false;
  LLVMValueRef result = library_unless_f32(g, "tanh", x, &done);
  if (done) return result;
  LLVMValueRef magnitude = unary_intrinsic(g, "llvm.fabs", x), one = like(x, 1);
  LLVMValueRef z = exp_bounded(g, at_least(g, multiply(g, magnitude, like(x, -2)), -104));
  LLVMValueRef over = reciprocal(g, LLVMBuildFAdd(g->builder, z, one, ""));
  LLVMValueRef signed_parts[] = {multiply(g, LLVMBuildFSub(g->builder, one, z, ""), over), x};
  LLVMTypeRef type = LLVMTypeOf(x);
  LLVMValueRef far = build_intrinsic(g, "llvm.copysign", &type, 1, signed_parts, 2);
  LLVMValueRef square = multiply(g, x, x);
  LLVMValueRef near = build_multiply_add(g, polynomial(g, square, odd, 5), multiply(g, x, square), x);
  LLVMValueRef is_near = LLVMBuildFCmp(g->builder, LLVMRealOLT, magnitude, like(x, 0.625), "");
  return LLVMBuildSelect(g->builder, is_near, near, far, "");
}

static LLVMValueRef log_special(struct codegen *g, LLVMValueRef x, LLVMValueRef result) {
  LLVMBuilderRef b = g->builder;
  LLVMValueRef negative = LLVMBuildFCmp(b, LLVMRealULT, x, like(x, 0), "");
  LLVMValueRef zero = LLVMBuildFCmp(b, LLVMRealOEQ, x, like(x, 0), "");
  LLVMValueRef infinite = LLVMBuildFCmp(b, LLVMRealOEQ, x, like(x, INFINITY), "");
  result = LLVMBuildSelect(b, negative, like(x, NAN), result, "");
  result = LLVMBuildSelect(b, zero, like(x, -INFINITY), result, "");
  return LLVMBuildSelect(b, infinite, x, result, "");
}

/* e·ln 2 + (f - f²/2 + f³ p(f)) with x = 2ᵉ·(1 + f) and 1 + f between √½ and √2. */
static LLVMValueRef log_of_parts(struct codegen *g, LLVMValueRef e, LLVMValueRef f) {
  static const double tail[] = {0x1.55554a3052858p-2,  -0x1.00021fd878995p-2, 0x1.99a5961693c73p-3,
                                -0x1.54788b2cd6935p-3, 0x1.226e4c19783b8p-3,  -0x1.0ce07afb85c84p-3,
                                0x1.07d0dd7947d7ap-3,  -0x1.41eddc8a35e4ap-4};
  LLVMValueRef square = multiply(g, f, f);
  LLVMValueRef small = multiply(g, e, like(f, ln2_low));
  small = build_multiply_add(g, polynomial(g, f, tail, 8), multiply(g, square, f), small);
  small = build_multiply_add(g, square, like(f, -0.5), small);
  return build_multiply_add(g, e, like(f, ln2_high), LLVMBuildFAdd(g->builder, f, small, ""));
}

LLVMValueRef math_log(struct codegen *g, LLVMValueRef x) {
  enum { BITS_OF_ROOT_HALF = 0x3f3504f3, FRACTION = 0x7fffff, FRACTION_BITS = 23 };
  bool done = false;
  LLVMValueRef result = library_unless_f32(g, "log", x, &done);
  if (done) return result;
  LLVMBuilderRef b = g->builder;
  LLVMTypeRef type = LLVMTypeOf(x), bits = bits_type(g, x);
  LLVMValueRef subnormal = LLVMBuildFCmp(b, LLVMRealOLT, x, like(x, 0x1p-126), "");
  LLVMValueRef normal = LLVMBuildSelect(b, subnormal, multiply(g, x, like(x, 0x1p23)), x, "");
  LLVMValueRef above = LLVMBuildSub(b, to_bits(g, normal), constant_int(bits, BITS_OF_ROOT_HALF), "");
  LLVMValueRef e = LLVMBuildSIToFP(b, LLVMBuildAShr(b, above, constant_int(bits, FRACTION_BITS), ""), type, "");
  LLVMValueRef shift = LLVMBuildSelect(b, subnormal, like(x, -23), like(x, 0), "");
  LLVMValueRef fraction = LLVMBuildAnd(b, above, constant_int(bits, FRACTION), "");
  fraction = LLVMBuildAdd(b, fraction, constant_int(bits, BITS_OF_ROOT_HALF), "");
  LLVMValueRef m = LLVMBuildBitCast(b, fraction, type, "");
  result = log_of_parts(g, LLVMBuildFAdd(b, e, shift, ""), LLVMBuildFSub(b, m, like(x, 1), ""));
  return log_special(g, x, result);
}

LLVMValueRef math_library(struct codegen *g, const char *name, LLVMValueRef *operands, int count) {
  LLVMTypeRef vector = LLVMTypeOf(operands[0]), scalar = LLVMTypeOf(build_lane(g, operands[0], 0));
  LLVMTypeRef parameters[] = {scalar, scalar};
  LLVMTypeRef type = LLVMFunctionType(scalar, parameters, (unsigned)count, false);
  const char *symbol = LLVMGetTypeKind(scalar) == LLVMDoubleTypeKind ? name : arena_printf(g->arena, "%sf", name);
  LLVMValueRef function = LLVMGetNamedFunction(g->module, symbol);
  if (!function) function = LLVMAddFunction(g->module, symbol, type);
  LLVMValueRef result = LLVMGetPoison(vector);
  for (int lane = 0; lane < type_width(vector); lane++) {
    LLVMValueRef one[2];
    for (int i = 0; i < count; i++) one[i] = build_lane(g, operands[i], lane);
    LLVMValueRef value = LLVMBuildCall2(g->builder, type, function, one, (unsigned)count, "");
    result = build_with_lane(g, result, value, lane);
  }
  return result;
}

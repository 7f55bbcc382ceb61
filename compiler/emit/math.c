#include "codegen.h"

#include <math.h>

/* Elementary functions of float32 as vector code.  Polynomials are minimax fits on the reduced range; errors are
 * against the exact value, the largest measured over every 41st float32 value, denormals included, as vectors and as
 * scalars, with and without a fused multiply-add; tests/check_emit_math.c holds them to it:
 *
 *   exp      1.05 ulp; inf and gradual underflow to 0 as in C
 *   log      0.85 ulp; log 0 = -inf, NaN of what is negative
 *   sigmoid  2.34 ulp, on the far negative side too, where it underflows gradually; with AVX-512 2.78
 *   tanh     1.51 ulp; with AVX-512 2.00
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

/* 2 to exponent + shift: the low bits of `exponent`, of which the nine above the lowest 23 bits of the result count.
 */
static LLVMValueRef power_of_two(struct codegen *g, LLVMValueRef exponent, int shift, LLVMTypeRef type) {
  enum { BIAS = 127, FRACTION_BITS = 23 };
  LLVMTypeRef bits = LLVMTypeOf(exponent);
  LLVMValueRef high = LLVMBuildShl(g->builder, exponent, constant_int(bits, FRACTION_BITS), "");
  LLVMValueRef bias = constant_int(bits, (int64_t)(BIAS + shift) << FRACTION_BITS);
  return LLVMBuildBitCast(g->builder, LLVMBuildAdd(g->builder, high, bias, ""), type, "");
}

/* x = n · ln 2 + r: exp x = 2ⁿ · (1 + e).  `shifted` is n + 1.5 · 2²³, whose low bits are n as an integer. */
struct exponential {
  LLVMValueRef n, shifted, e;
};

/* e = r + r² q(r), by few steps that wait for each other: what bounds a loop over exp is how many of its values fit
 * the machine's window of waiting instructions. */
static struct exponential reduced(struct codegen *g, LLVMValueRef x) {
  static const double q[] = {0x1.0000005236803p-1, 0x1.55548e3518d73p-3, 0x1.55545d019e34ap-5, 0x1.123bdec6dc2f6p-7,
                             0x1.6db4e9ceec8a6p-10};
  LLVMValueRef magic = like(x, 0x1.8p23);
  LLVMValueRef shifted = build_multiply_add(g, x, like(x, M_LOG2E), magic);
  LLVMValueRef n = LLVMBuildFSub(g->builder, shifted, magic, "");
  LLVMValueRef r = build_multiply_add(g, n, like(x, -ln2_high), x);
  r = build_multiply_add(g, n, like(x, -ln2_low), r);
  LLVMValueRef square = multiply(g, r, r);
  LLVMValueRef low = build_multiply_add(g, r, like(x, q[1]), like(x, q[0]));
  LLVMValueRef high = build_multiply_add(g, r, like(x, q[3]), like(x, q[2]));
  high = build_multiply_add(g, square, like(x, q[4]), high);
  LLVMValueRef sum = build_multiply_add(g, high, square, low);
  return (struct exponential){n, shifted, build_multiply_add(g, sum, square, r)};
}

static LLVMValueRef scaled_by_instruction(struct codegen *g, const struct exponential *x) {
  enum { CURRENT_ROUNDING = 4 };
  LLVMValueRef all = LLVMConstInt(LLVMInt16TypeInContext(g->context), 0xffff, false);
  LLVMValueRef significand = LLVMBuildFAdd(g->builder, x->e, like(x->e, 1), "");
  LLVMValueRef operands[] = {significand, x->n, significand, all, constant_i32(g, CURRENT_ROUNDING)};
  return build_intrinsic(g, "llvm.x86.avx512.mask.scalef.ps.512", NULL, 0, operands, 5);
}

/* (1 + e) · power. */
static LLVMValueRef times_power(struct codegen *g, const struct exponential *x, LLVMValueRef power) {
  return build_multiply_add(g, x->e, power, power);
}

/* exp x for x within -104…89 (or NaN), beyond which the result is 0 or inf: 2ⁿ in two factors, neither of which
 * leaves the range of numbers. */
static LLVMValueRef exp_bounded(struct codegen *g, LLVMValueRef x) {
  struct exponential parts = reduced(g, x);
  if (is_full_vector(g, x)) return scaled_by_instruction(g, &parts);
  LLVMTypeRef type = LLVMTypeOf(x), bits = bits_type(g, x);
  LLVMValueRef half = LLVMBuildAShr(g->builder, to_bits(g, parts.shifted), constant_int(bits, 1), "");
  LLVMValueRef other = LLVMBuildSub(g->builder, to_bits(g, parts.shifted), half, "");
  LLVMValueRef scaled = times_power(g, &parts, power_of_two(g, half, 0, type));
  return multiply(g, scaled, power_of_two(g, other, 0, type));
}

/* exp x for x within -104…0 (or NaN): the second factor is a constant. */
static LLVMValueRef exp_of_nonpositive(struct codegen *g, LLVMValueRef x) {
  enum { SHIFT = 64 };
  struct exponential parts = reduced(g, x);
  if (is_full_vector(g, x)) return scaled_by_instruction(g, &parts);
  LLVMValueRef power = power_of_two(g, to_bits(g, parts.shifted), SHIFT, LLVMTypeOf(x));
  return multiply(g, times_power(g, &parts, power), like(x, ldexp(1, -SHIFT)));
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

LLVMValueRef math_exp_of_nonpositive(struct codegen *g, LLVMValueRef x) {
  bool done = false;
  LLVMValueRef result = library_unless_f32(g, "exp", x, &done);
  return done ? result : exp_of_nonpositive(g, at_least(g, x, -104));
}

/* x/d for 1 <= d <= 2: by an estimate of 1/d of 14 bits and one step of Newton's, or a division. */
static LLVMValueRef quotient(struct codegen *g, LLVMValueRef x, LLVMValueRef d) {
  if (!is_full_vector(g, d)) return LLVMBuildFDiv(g->builder, x, d, "");
  LLVMValueRef operands[] = {d, d, LLVMConstInt(LLVMInt16TypeInContext(g->context), 0xffff, false)};
  LLVMValueRef estimate = build_intrinsic(g, "llvm.x86.avx512.rcp14.ps.512", NULL, 0, operands, 3);
  LLVMValueRef error = build_multiply_add(g, LLVMBuildFNeg(g->builder, d, ""), estimate, like(d, 1));
  return multiply(g, x, build_multiply_add(g, error, estimate, estimate));
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
  LLVMValueRef z = exp_of_nonpositive(g, at_least(g, down, -104));
  LLVMValueRef negative = LLVMBuildFCmp(g->builder, LLVMRealOLT, x, like(x, 0), "");
  LLVMValueRef above = LLVMBuildSelect(g->builder, negative, z, like(x, 1), "");
  return quotient(g, above, LLVMBuildFAdd(g->builder, z, like(x, 1), ""));
}

/* |x| < 0.625: x + x³ p(x²); else (1 - z)/(1 + z) with z = exp(-2|x|). */
LLVMValueRef math_tanh(struct codegen *g, LLVMValueRef x) {
  static const double odd[] = {-0x1.5555342d0ce7ap-2, 0x1.110768b585ac2p-3, -0x1.b84448c028a01p-5,
                               0x1.5256d715293adp-6, -0x1.76ac19942ff2ap-8};
  bool done = false;
  LLVMValueRef result = library_unless_f32(g, "tanh", x, &done);
  if (done) return result;
  LLVMValueRef magnitude = unary_intrinsic(g, "llvm.fabs", x), one = like(x, 1);
  LLVMValueRef z = exp_of_nonpositive(g, at_least(g, multiply(g, magnitude, like(x, -2)), -104));
  LLVMValueRef far_part = quotient(g, LLVMBuildFSub(g->builder, one, z, ""), LLVMBuildFAdd(g->builder, z, one, ""));
  LLVMValueRef signed_parts[] = {far_part, x};
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

/* bfloat16: the upper half of a float32. */
#include "codegen.h"

static LLVMTypeRef i16(struct codegen *g, int width) {
  return type_with_width(LLVMInt16TypeInContext(g->context), width);
}

/* The halves of lanes of i32 as float32. */
static LLVMValueRef lower_half(struct codegen *g, LLVMValueRef pairs) {
  LLVMTypeRef type = LLVMTypeOf(pairs);
  LLVMValueRef bits = LLVMBuildShl(g->builder, pairs, constant_int(type, 16), "");
  return LLVMBuildBitCast(g->builder, bits, type_of(g, DTYPE_F32, type_width(type)), "");
}

static LLVMValueRef upper_half(struct codegen *g, LLVMValueRef pairs) {
  LLVMTypeRef type = LLVMTypeOf(pairs);
  LLVMValueRef bits = LLVMBuildAnd(g->builder, pairs, constant_int(type, -65536), "");
  return LLVMBuildBitCast(g->builder, bits, type_of(g, DTYPE_F32, type_width(type)), "");
}

static LLVMValueRef bits_of(struct codegen *g, LLVMValueRef x) {
  int width = type_width(LLVMTypeOf(x));
  LLVMValueRef bits = LLVMBuildBitCast(g->builder, x, i16(g, width), "");
  return LLVMBuildZExt(g->builder, bits, type_of(g, DTYPE_I32, width), "");
}

LLVMValueRef build_widened(struct codegen *g, LLVMValueRef x) { return lower_half(g, bits_of(g, x)); }

/* The bits of x, of which the upper half is the bf16: the carry of half a unit, less one where the kept part is even.
 * A NaN stays one. */
static LLVMValueRef rounded_bits(struct codegen *g, LLVMValueRef x) {
  LLVMBuilderRef b = g->builder;
  LLVMTypeRef i32 = type_of(g, DTYPE_I32, type_width(LLVMTypeOf(x)));
  LLVMValueRef bits = LLVMBuildBitCast(b, x, i32, ""), sixteen = constant_int(i32, 16);
  LLVMValueRef is_odd = LLVMBuildAnd(b, LLVMBuildLShr(b, bits, sixteen, ""), constant_int(i32, 1), "");
  LLVMValueRef carried = LLVMBuildAdd(b, bits, LLVMBuildAdd(b, is_odd, constant_int(i32, 0x7fff), ""), "");
  LLVMValueRef is_nan = LLVMBuildFCmp(b, LLVMRealUNO, x, x, "");
  return LLVMBuildSelect(b, is_nan, constant_int(i32, 0x7fc00000), carried, "");
}

static LLVMValueRef narrow_by_integers(struct codegen *g, LLVMValueRef x) {
  LLVMBuilderRef b = g->builder;
  LLVMValueRef bits = rounded_bits(g, x);
  int width = type_width(LLVMTypeOf(x));
  LLVMValueRef upper =
      LLVMBuildTrunc(b, LLVMBuildLShr(b, bits, constant_int(LLVMTypeOf(bits), 16), ""), i16(g, width), "");
  return LLVMBuildBitCast(b, upper, type_of(g, DTYPE_BF16, width), "");
}

LLVMValueRef build_rounded(struct codegen *g, LLVMValueRef x) { return upper_half(g, rounded_bits(g, x)); }

LLVMValueRef build_narrowed(struct codegen *g, LLVMValueRef x) {
  int width = type_width(LLVMTypeOf(x));
  if (!g->machine.bf16 || width < 4) return narrow_by_integers(g, x);
  return LLVMBuildFPTrunc(g->builder, x, type_of(g, DTYPE_BF16, width), "");
}

LLVMValueRef build_pair(struct codegen *g, LLVMValueRef lower, LLVMValueRef upper) {
  LLVMValueRef high = bits_of(g, upper);
  LLVMValueRef shifted = LLVMBuildShl(g->builder, high, constant_int(LLVMTypeOf(high), 16), "");
  return LLVMBuildOr(g->builder, bits_of(g, lower), shifted, "");
}

static LLVMValueRef multiply_add_by_instruction(struct codegen *g, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  int width = type_width(LLVMTypeOf(z));
  LLVMTypeRef elements = type_of(g, DTYPE_BF16, 2 * width);
  LLVMValueRef operands[] = {z, LLVMBuildBitCast(g->builder, x, elements, ""),
                             LLVMBuildBitCast(g->builder, y, elements, "")};
  const char *name = arena_printf(g->arena, "llvm.x86.avx512bf16.dpbf16ps.%d", 32 * width);
  return build_intrinsic(g, name, NULL, 0, operands, 3);
}

LLVMValueRef build_multiply_add_pairs(struct codegen *g, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  if (g->machine.bf16 && type_width(LLVMTypeOf(z)) >= 4) return multiply_add_by_instruction(g, x, y, z);
  z = build_multiply_add(g, lower_half(g, x), lower_half(g, y), z);
  return build_multiply_add(g, upper_half(g, x), upper_half(g, y), z);
}

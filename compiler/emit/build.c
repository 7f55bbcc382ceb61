#include "codegen.h"

#include <string.h>

LLVMTypeRef type_with_width(LLVMTypeRef scalar, int width) {
  return width == 1 ? scalar : LLVMVectorType(scalar, (unsigned)width);
}

LLVMTypeRef type_of(struct codegen *g, enum dtype dtype, int width) {
  LLVMTypeRef scalar = NULL;
  switch (dtype) {
  case DTYPE_ROUNDED:
  case DTYPE_F32: scalar = LLVMFloatTypeInContext(g->context); break;
  case DTYPE_F64: scalar = LLVMDoubleTypeInContext(g->context); break;
  case DTYPE_BF16: scalar = LLVMBFloatTypeInContext(g->context); break;
  case DTYPE_I32: scalar = LLVMInt32TypeInContext(g->context); break;
  }
  return type_with_width(scalar, width);
}

int type_width(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? (int)LLVMGetVectorSize(type) : 1;
}

static LLVMTypeRef scalar_type(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
}

bool type_is_float(LLVMTypeRef type) { return LLVMGetTypeKind(scalar_type(type)) != LLVMIntegerTypeKind; }

static int scalar_bytes(LLVMTypeRef type) {
  switch (LLVMGetTypeKind(scalar_type(type))) {
  case LLVMDoubleTypeKind: return 8;
  case LLVMBFloatTypeKind: return 2;
  case LLVMPointerTypeKind: return 8;
  case LLVMIntegerTypeKind: return (int)LLVMGetIntTypeWidth(scalar_type(type)) / 8;
  default: return 4;
  }
}

LLVMValueRef constant_i64(struct codegen *g, int64_t value) {
  return LLVMConstInt(LLVMInt64TypeInContext(g->context), (unsigned long long)value, true);
}

LLVMValueRef constant_i32(struct codegen *g, int32_t value) {
  return LLVMConstInt(LLVMInt32TypeInContext(g->context), (unsigned long long)value, true);
}

static LLVMValueRef constant_splat(LLVMValueRef scalar, int width) {
  LLVMValueRef lanes[MAX_LANES];
  if (width == 1) return scalar;
  for (int i = 0; i < width; i++) lanes[i] = scalar;
  return LLVMConstVector(lanes, (unsigned)width);
}

LLVMValueRef constant_int(LLVMTypeRef type, int64_t value) {
  return constant_splat(LLVMConstInt(scalar_type(type), (unsigned long long)value, true), type_width(type));
}

LLVMValueRef constant_of(LLVMTypeRef type, double value) {
  if (!type_is_float(type)) return constant_int(type, (int64_t)value);
  return constant_splat(LLVMConstReal(scalar_type(type), value), type_width(type));
}

LLVMValueRef constant_lanes(struct codegen *g, int64_t first, int width) {
  LLVMValueRef lanes[MAX_LANES];
  for (int i = 0; i < width; i++) lanes[i] = constant_i32(g, (int32_t)(first + i));
  return width == 1 ? lanes[0] : LLVMConstVector(lanes, (unsigned)width);
}

LLVMValueRef constant_mask(struct codegen *g, int active, int width) {
  LLVMValueRef lanes[MAX_LANES];
  LLVMTypeRef bit = LLVMInt1TypeInContext(g->context);
  for (int i = 0; i < width; i++) lanes[i] = LLVMConstInt(bit, i < active, false);
  return LLVMConstVector(lanes, (unsigned)width);
}

static LLVMValueRef build_scaled(struct codegen *g, LLVMValueRef value, int64_t factor) {
  return factor == 1 ? value : LLVMBuildMul(g->builder, value, constant_i64(g, factor), "");
}

LLVMValueRef build_extent(struct codegen *g, struct extent extent, LLVMValueRef n) {
  return extent.per_example ? build_scaled(g, n, extent.count) : constant_i64(g, extent.count);
}

LLVMValueRef build_offset(struct codegen *g, LLVMValueRef pointer, int64_t bytes) {
  return bytes ? build_indexed(g, pointer, constant_i64(g, bytes), 1) : pointer;
}

LLVMValueRef build_indexed(struct codegen *g, LLVMValueRef pointer, LLVMValueRef index, int64_t bytes) {
  if (bytes == 0) return pointer;
  LLVMValueRef offset = build_scaled(g, index, bytes);
  return LLVMBuildGEP2(g->builder, LLVMInt8TypeInContext(g->context), pointer, &offset, 1, "");
}

LLVMValueRef build_intrinsic(struct codegen *g, const char *name, LLVMTypeRef *overloads, int overload_count,
                             LLVMValueRef *operands, int operand_count) {
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef declared = LLVMGetIntrinsicDeclaration(g->module, id, overloads, (size_t)overload_count);
  LLVMTypeRef type = LLVMIntrinsicGetType(g->context, id, overloads, (size_t)overload_count);
  return LLVMBuildCall2(g->builder, type, declared, operands, (unsigned)operand_count, "");
}

/* The masked intrinsics had the alignment as the operand after the pointer (operand number `pointer`) up to LLVM 21;
 * since then it is an attribute of the pointer. */
static LLVMValueRef build_masked(struct codegen *g, const char *name, LLVMTypeRef *overloads, LLVMValueRef *operands,
                                 int pointer, int align) {
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMTypeRef type = LLVMIntrinsicGetType(g->context, id, overloads, 2);
  LLVMValueRef declared = LLVMGetIntrinsicDeclaration(g->module, id, overloads, 2);
  int count = (int)LLVMCountParamTypes(type);
  bool operand_form = count == 4;
  LLVMValueRef passed[4];
  for (int i = 0, from = 0; i < count; i++)
    passed[i] = operand_form && i == pointer + 1 ? constant_i32(g, align) : operands[from++];
  LLVMValueRef call = LLVMBuildCall2(g->builder, type, declared, passed, (unsigned)count, "");
  if (!operand_form) {
    unsigned kind = LLVMGetEnumAttributeKindForName("align", 5);
    LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)(pointer + 1),
                             LLVMCreateEnumAttribute(g->context, kind, (uint64_t)align));
  }
  return call;
}

/* Lanes outside of the mask have no value.  Zeros there would be no better, and LLVM 19 takes 0/0 in a lane that it
 * knows to be zero for zero, so that a later select over such lanes is lost. */
LLVMValueRef build_load(struct codegen *g, LLVMTypeRef type, LLVMValueRef pointer, LLVMValueRef mask) {
  if (mask) {
    LLVMTypeRef overloads[] = {type, g->pointer_type};
    LLVMValueRef operands[] = {pointer, mask, LLVMGetPoison(type)};
    return build_masked(g, "llvm.masked.load", overloads, operands, 0, scalar_bytes(type));
  }
  LLVMValueRef load = LLVMBuildLoad2(g->builder, type, pointer, "");
  LLVMSetAlignment(load, (unsigned)scalar_bytes(type));
  return load;
}

void build_store(struct codegen *g, LLVMValueRef value, LLVMValueRef pointer, LLVMValueRef mask) {
  LLVMTypeRef type = LLVMTypeOf(value);
  if (mask) {
    LLVMTypeRef overloads[] = {type, g->pointer_type};
    LLVMValueRef operands[] = {value, pointer, mask};
    build_masked(g, "llvm.masked.store", overloads, operands, 1, scalar_bytes(type));
    return;
  }
  LLVMValueRef store = LLVMBuildStore(g->builder, value, pointer);
  LLVMSetAlignment(store, (unsigned)scalar_bytes(type));
}

static void prefetch(struct codegen *g, LLVMValueRef pointer, int write, int locality) {
  enum { DATA = 1 };
  LLVMValueRef operands[] = {pointer, constant_i32(g, write), constant_i32(g, locality), constant_i32(g, DATA)};
  build_intrinsic(g, "llvm.prefetch", &g->pointer_type, 1, operands, 4);
}

void build_prefetch(struct codegen *g, LLVMValueRef pointer) { prefetch(g, pointer, 0, 2); }

void build_prefetch_for_write(struct codegen *g, LLVMValueRef pointer) { prefetch(g, pointer, 1, 3); }

LLVMValueRef build_alloca(struct codegen *g, int64_t bytes) {
  LLVMBasicBlockRef here = LLVMGetInsertBlock(g->builder);
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(g->function);
  LLVMPositionBuilderBefore(g->builder, LLVMGetBasicBlockTerminator(entry));
  LLVMTypeRef type = LLVMArrayType2(LLVMInt8TypeInContext(g->context), (uint64_t)bytes);
  LLVMValueRef memory = LLVMBuildAlloca(g->builder, type, "");
  LLVMSetAlignment(memory, 64);
  LLVMPositionBuilderAtEnd(g->builder, here);
  return memory;
}

LLVMValueRef build_splat(struct codegen *g, LLVMValueRef scalar, int width) {
  if (width == 1) return scalar;
  if (LLVMIsConstant(scalar)) return constant_splat(scalar, width);
  LLVMTypeRef type = type_with_width(LLVMTypeOf(scalar), width);
  LLVMValueRef first = LLVMBuildInsertElement(g->builder, LLVMGetPoison(type), scalar, constant_i32(g, 0), "");
  LLVMTypeRef places = LLVMVectorType(LLVMInt32TypeInContext(g->context), (unsigned)width);
  return LLVMBuildShuffleVector(g->builder, first, LLVMGetPoison(type), LLVMConstNull(places), "");
}

LLVMValueRef build_lane(struct codegen *g, LLVMValueRef vector, int lane) {
  if (type_width(LLVMTypeOf(vector)) == 1) return vector;
  return LLVMBuildExtractElement(g->builder, vector, constant_i32(g, lane), "");
}

LLVMValueRef build_with_lane(struct codegen *g, LLVMValueRef vector, LLVMValueRef scalar, int lane) {
  if (type_width(LLVMTypeOf(vector)) == 1) return scalar;
  return LLVMBuildInsertElement(g->builder, vector, scalar, constant_i32(g, lane), "");
}

LLVMValueRef build_multiply_add(struct codegen *g, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  if (!g->machine.fma) return LLVMBuildFAdd(g->builder, LLVMBuildFMul(g->builder, x, y, ""), z, "");
  LLVMTypeRef type = LLVMTypeOf(x);
  LLVMValueRef operands[] = {x, y, z};
  return build_intrinsic(g, "llvm.fma", &type, 1, operands, 3);
}

static LLVMValueRef build_extreme(struct codegen *g, LLVMRealPredicate real, LLVMIntPredicate integer, LLVMValueRef x,
                                  LLVMValueRef y) {
  LLVMValueRef better = type_is_float(LLVMTypeOf(x)) ? LLVMBuildFCmp(g->builder, real, x, y, "")
                                                     : LLVMBuildICmp(g->builder, integer, x, y, "");
  return LLVMBuildSelect(g->builder, better, x, y, "");
}

LLVMValueRef build_select_max(struct codegen *g, LLVMValueRef x, LLVMValueRef y) {
  return build_extreme(g, LLVMRealOGT, LLVMIntSGT, x, y);
}

LLVMValueRef build_select_min(struct codegen *g, LLVMValueRef x, LLVMValueRef y) {
  return build_extreme(g, LLVMRealOLT, LLVMIntSLT, x, y);
}

LLVMValueRef build_combine(struct codegen *g, enum reduction kind, LLVMValueRef x, LLVMValueRef y) {
  switch (kind) {
  case REDUCE_MAX: return build_select_max(g, y, x); /* a NaN in y leaves x */
  case REDUCE_MIN: return build_select_min(g, y, x);
  case REDUCE_SUM: break;
  }
  return type_is_float(LLVMTypeOf(x)) ? LLVMBuildFAdd(g->builder, x, y, "") : LLVMBuildAdd(g->builder, x, y, "");
}

static LLVMValueRef build_half(struct codegen *g, LLVMValueRef vector, int from, int width) {
  LLVMValueRef places = constant_lanes(g, from, width);
  if (width == 1) return build_lane(g, vector, from);
  return LLVMBuildShuffleVector(g->builder, vector, LLVMGetPoison(LLVMTypeOf(vector)), places, "");
}

LLVMValueRef build_horizontal(struct codegen *g, enum reduction kind, LLVMValueRef vector) {
  for (int width = type_width(LLVMTypeOf(vector)) / 2; width >= 1; width /= 2)
    vector = build_combine(g, kind, build_half(g, vector, 0, width), build_half(g, vector, width, width));
  return vector;
}

LLVMValueRef reduction_identity(LLVMTypeRef type, enum reduction kind) {
  if (kind == REDUCE_SUM) return LLVMConstNull(type);
  if (type_is_float(type)) return constant_of(type, kind == REDUCE_MAX ? -__builtin_inf() : __builtin_inf());
  return constant_int(type, kind == REDUCE_MAX ? INT32_MIN : INT32_MAX);
}

static void loop_enter(struct codegen *g, struct counted_loop *l, LLVMValueRef from) {
  if (!l->guarded) {
    LLVMBuildBr(g->builder, l->body);
    return;
  }
  LLVMValueRef enters = LLVMBuildICmp(g->builder, LLVMIntSLT, from, l->limit, "");
  LLVMBuildCondBr(g->builder, enters, l->body, l->after);
}

static LLVMValueRef build_phi(struct codegen *g, LLVMValueRef value, LLVMBasicBlockRef from) {
  LLVMValueRef phi = LLVMBuildPhi(g->builder, LLVMTypeOf(value), "");
  LLVMAddIncoming(phi, &value, &from, 1);
  return phi;
}

void loop_open(struct codegen *g, struct counted_loop *l, LLVMValueRef from, LLVMValueRef limit, int64_t step,
               bool guarded, LLVMValueRef *carried, int carried_count) {
  l->limit = limit;
  l->step = constant_i64(g, step);
  l->guarded = guarded;
  l->carried = carried;
  l->carried_count = carried_count;
  l->phis = arena_new_array(g->arena, LLVMValueRef, (size_t)carried_count + 1);
  l->initial = arena_new_array(g->arena, LLVMValueRef, (size_t)carried_count + 1);
  l->before = LLVMGetInsertBlock(g->builder);
  l->body = LLVMAppendBasicBlockInContext(g->context, g->function, "");
  l->after = LLVMAppendBasicBlockInContext(g->context, g->function, "");
  loop_enter(g, l, from);
  LLVMPositionBuilderAtEnd(g->builder, l->body);
  l->index = build_phi(g, from, l->before);
  for (int i = 0; i < carried_count; i++) {
    l->initial[i] = carried[i];
    l->phis[i] = carried[i] = build_phi(g, carried[i], l->before);
  }
}

/* The value after a loop that may have been skipped. */
static LLVMValueRef build_merge(struct codegen *g, struct counted_loop *l, int i, LLVMBasicBlockRef latch) {
  LLVMValueRef phi = build_phi(g, l->initial[i], l->before);
  LLVMAddIncoming(phi, &l->carried[i], &latch, 1);
  return phi;
}

void loop_close(struct codegen *g, struct counted_loop *l) {
  LLVMValueRef next = LLVMBuildAdd(g->builder, l->index, l->step, "");
  LLVMValueRef again = LLVMBuildICmp(g->builder, LLVMIntSLT, next, l->limit, "");
  LLVMBasicBlockRef latch = LLVMGetInsertBlock(g->builder);
  LLVMBuildCondBr(g->builder, again, l->body, l->after);
  LLVMAddIncoming(l->index, &next, &latch, 1);
  for (int i = 0; i < l->carried_count; i++) LLVMAddIncoming(l->phis[i], &l->carried[i], &latch, 1);
  LLVMMoveBasicBlockAfter(l->after, latch);
  LLVMPositionBuilderAtEnd(g->builder, l->after);
  if (!l->guarded) return;
  for (int i = 0; i < l->carried_count; i++) l->carried[i] = build_merge(g, l, i, latch);
}

/* ---- teams ---- */

/* The first of the trips of the team's thread number `member`. */
static LLVMValueRef first_trip(struct codegen *g, LLVMValueRef trips, LLVMValueRef member) {
  return LLVMBuildUDiv(g->builder, LLVMBuildMul(g->builder, trips, member, ""), g->members, "");
}

void shared_open(struct codegen *g, struct counted_loop *l, LLVMValueRef total, int64_t step) {
  LLVMValueRef next = LLVMBuildAdd(g->builder, g->member, constant_i64(g, 1), "");
  LLVMValueRef from = build_scaled(g, first_trip(g, total, g->member), step);
  LLVMValueRef limit = build_scaled(g, first_trip(g, total, next), step);
  loop_open(g, l, from, limit, step, true, NULL, 0);
  g->is_shared = true;
}

void shared_close(struct codegen *g, struct counted_loop *l) {
  loop_close(g, l);
  g->is_shared = false;
}

/* A loop from `member` to 1. */
void alone_open(struct codegen *g, struct counted_loop *l) {
  l->guarded = false;
  if (g->is_shared) return;
  loop_open(g, l, g->member, constant_i64(g, 1), 1, true, NULL, 0);
  g->is_shared = true;
}

void alone_close(struct codegen *g, struct counted_loop *l) {
  if (l->guarded) shared_close(g, l);
}

LLVMValueRef kernel_base(struct codegen *g, int access) {
  return LLVMGetParam(g->function, (unsigned)(access + KERNEL_FIRST_BASE));
}

void function_attribute(struct codegen *g, LLVMValueRef function, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(g->context, kind, 0));
}

LLVMValueRef function_open(struct codegen *g, const char *name, LLVMTypeRef type) {
  g->function = LLVMGetNamedFunction(g->module, name);
  if (!g->function) g->function = LLVMAddFunction(g->module, name, type);
  function_attribute(g, g->function, "nounwind");
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(g->context, g->function, "entry");
  LLVMBasicBlockRef body = LLVMAppendBasicBlockInContext(g->context, g->function, "");
  LLVMPositionBuilderAtEnd(g->builder, entry);
  LLVMBuildBr(g->builder, body);
  LLVMPositionBuilderAtEnd(g->builder, body);
  return g->function;
}

void function_close(struct codegen *g) { LLVMBuildRetVoid(g->builder); }

#include "loop.h"

static int64_t stride_bytes(const struct access *access, int axis) {
  return axis < 0 ? 0 : access->stride[axis] * dtype_size(access->dtype);
}

/* The row number that an indirect access reads, within bounds; i64. */
static LLVMValueRef indirect_row(struct nest *n, const struct access *access, struct lanes lanes, int lane);

static LLVMValueRef lane_address(struct nest *n, int number, struct lanes lanes, int lane) {
  struct codegen *g = n->g;
  const struct access *access = &n->l->accesses[number];
  int64_t slot = (int64_t)lanes.slot * lanes.width * stride_bytes(access, n->plan.bundle_axis);
  int64_t within = lane * stride_bytes(access, n->plan.bundle_axis);
  LLVMValueRef address = build_offset(g, n->pointer[number], slot + within);
  if (access->index < 0) return address;
  LLVMValueRef row = indirect_row(n, access, lanes, lane);
  return build_indexed(g, address, row, access->index_stride * dtype_size(access->dtype));
}

static LLVMValueRef indirect_row(struct nest *n, const struct access *access, struct lanes lanes, int lane) {
  struct codegen *g = n->g;
  LLVMTypeRef type = type_of(g, DTYPE_I32, 1);
  LLVMValueRef row = build_load(g, type, lane_address(n, access->index, lanes, lane), NULL);
  row = build_select_max(g, row, constant_i32(g, 0));
  row = build_select_min(g, row, constant_i32(g, (int32_t)(access->index_rows - 1)));
  return LLVMBuildSExt(g->builder, row, LLVMInt64TypeInContext(g->context), "");
}

static LLVMValueRef load_lanes(struct nest *n, int number, struct lanes lanes, LLVMTypeRef scalar) {
  LLVMValueRef vector = LLVMConstNull(type_with_width(scalar, lanes.width));
  for (int lane = 0; lane < lanes.active; lane++) {
    LLVMValueRef loaded = build_load(n->g, scalar, lane_address(n, number, lanes, lane), NULL);
    vector = build_with_lane(n->g, vector, loaded, lane);
  }
  return vector;
}

LLVMValueRef loop_load(struct nest *n, int number, struct lanes lanes) {
  const struct access *access = &n->l->accesses[number];
  LLVMTypeRef scalar = type_of(n->g, access->dtype, 1);
  if (lanes.width == 1) return build_load(n->g, scalar, lane_address(n, number, lanes, 0), NULL);
  if (!loop_follows(n->l, access, n->plan.bundle_axis)) {
    LLVMValueRef loaded = build_load(n->g, scalar, lane_address(n, number, lanes, 0), NULL);
    return build_splat(n->g, loaded, lanes.width);
  }
  if (!loop_is_contiguous(n->l, access, n->plan.bundle_axis)) return load_lanes(n, number, lanes, scalar);
  LLVMTypeRef vector = type_with_width(scalar, lanes.width);
  return build_load(n->g, vector, lane_address(n, number, lanes, 0), lanes.mask);
}

static void store_or_add(struct codegen *g, bool add, LLVMValueRef value, LLVMValueRef address, LLVMValueRef mask) {
  if (add) value = build_combine(g, REDUCE_SUM, build_load(g, LLVMTypeOf(value), address, mask), value);
  build_store(g, value, address, mask);
}

/* All lanes meet in one element: their sum is added, or the last one stays. */
static void store_in_one_place(struct nest *n, const struct kernel_store *store, struct lanes lanes,
                               LLVMValueRef value) {
  struct codegen *g = n->g;
  LLVMValueRef result = NULL;
  if (store->add) {
    LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(value));
    if (lanes.mask) value = LLVMBuildSelect(g->builder, lanes.mask, value, zero, "");
    result = build_horizontal(g, REDUCE_SUM, value);
  } else {
    result = build_lane(g, value, lanes.active - 1);
  }
  store_or_add(g, store->add, result, lane_address(n, store->access, lanes, 0), NULL);
}

void loop_store(struct nest *n, const struct kernel_store *store, struct lanes lanes, LLVMValueRef value) {
  struct codegen *g = n->g;
  const struct access *access = &n->l->accesses[store->access];
  int axis = n->plan.bundle_axis;
  if (lanes.width > 1 && !loop_follows(n->l, access, axis)) {
    store_in_one_place(n, store, lanes, value);
  } else if (lanes.width == 1 || loop_is_contiguous(n->l, access, axis)) {
    store_or_add(g, store->add, value, lane_address(n, store->access, lanes, 0), lanes.mask);
  } else {
    for (int lane = 0; lane < lanes.active; lane++) {
      LLVMValueRef scalar = build_lane(g, value, lane);
      store_or_add(g, store->add, scalar, lane_address(n, store->access, lanes, lane), NULL);
    }
  }
}

#include "loop.h"

enum { MAX_OPERANDS = 3 };

static int place_of(int v, struct lanes lanes) { return v * MAX_SLOTS + lanes.slot; }

/* The index along an axis, one for each lane where the lanes lie along it. */
static LLVMValueRef iota(struct nest *n, int axis, struct lanes lanes, bool in_row) {
  struct codegen *g = n->g;
  LLVMTypeRef i32 = type_of(g, DTYPE_I32, 1);
  LLVMValueRef index = LLVMBuildTrunc(g->builder, n->index[axis], i32, "");
  bool varies = axis == n->plan.bundle_axis && !(in_row && n->plan.reduces_in_lanes);
  LLVMValueRef first = build_splat(g, index, lanes.width);
  if (!varies) return first;
  LLVMValueRef steps = constant_lanes(g, (int64_t)lanes.slot * lanes.width, lanes.width);
  return LLVMBuildAdd(g->builder, first, steps, "");
}

LLVMValueRef loop_operand(struct nest *n, int v, struct lanes lanes, bool in_row) {
  const struct value *value = &n->l->values[v];
  if (value->kind == VALUE_CONST) return constant_of(type_of(n->g, value->dtype, lanes.width), value->constant);
  if (value->kind == VALUE_IOTA) return iota(n, value->axis, lanes, in_row);
  if (!loop_value_is_row(n->l, v)) return n->element[place_of(v, lanes)];
  if (in_row || !n->plan.reduces_in_lanes) return n->row[place_of(v, lanes)];
  return (lanes.width == 1 ? n->row : n->row_splat)[v * MAX_SLOTS];
}

static bool is_comparison(enum scalar_op op) {
  return op == SCALAR_EQ || op == SCALAR_NE || op == SCALAR_LT || op == SCALAR_LE;
}

/* The first operand of a select as i1: the comparison itself where this very place made it. */
static LLVMValueRef condition(struct nest *n, int v, struct lanes lanes, bool in_row) {
  struct codegen *g = n->g;
  LLVMValueRef *known = loop_value_is_row(n->l, v) ? n->row_condition : n->element_condition;
  LLVMValueRef made = loop_value_is_anywhere(n->l, v) ? NULL : known[place_of(v, lanes)];
  if (made && type_width(LLVMTypeOf(made)) == lanes.width) return made;
  LLVMValueRef operand = loop_operand(n, v, lanes, in_row), zero = LLVMConstNull(LLVMTypeOf(operand));
  if (!type_is_float(LLVMTypeOf(operand))) return LLVMBuildICmp(g->builder, LLVMIntNE, operand, zero, "");
  return LLVMBuildFCmp(g->builder, LLVMRealUNE, operand, zero, "");
}

/* x / r for all elements x of a row, as x · (1/r): a division takes as long as ten multiplications. */
static LLVMValueRef divide_by_row(struct nest *n, int v, struct lanes lanes) {
  const int *operand = n->l->values[v].operand;
  LLVMValueRef x = loop_operand(n, operand[0], lanes, false);
  int slot = n->plan.reduces_in_lanes ? 0 : lanes.slot;
  LLVMValueRef inverse = n->inverse[operand[1] * MAX_SLOTS + slot];
  if (lanes.width == 1) inverse = build_lane(n->g, inverse, 0);
  return LLVMBuildFMul(n->g->builder, x, inverse, "");
}

static LLVMValueRef divide_by_constant(struct nest *n, int v, struct lanes lanes, bool in_row) {
  const int *operand = n->l->values[v].operand;
  LLVMValueRef x = loop_operand(n, operand[0], lanes, in_row);
  LLVMValueRef inverse = constant_of(LLVMTypeOf(x), 1 / n->l->values[operand[1]].constant);
  return LLVMBuildFMul(n->g->builder, x, inverse, "");
}

static LLVMValueRef map(struct nest *n, int v, struct lanes lanes, bool in_row) {
  struct codegen *g = n->g;
  const struct value *value = &n->l->values[v];
  if (loop_divides_by_constant(n->l, v)) return divide_by_constant(n, v, lanes, in_row);
  LLVMTypeRef type = type_of(g, value->dtype, lanes.width);
  LLVMValueRef operands[MAX_OPERANDS];
  for (int i = 0; i < scalar_arity(value->scalar); i++) {
    bool tests = i == 0 && value->scalar == SCALAR_SELECT;
    operands[i] = (tests ? condition : loop_operand)(n, value->operand[i], lanes, in_row);
  }
  if (value->scalar == SCALAR_EXP && loop_is_below_maximum(n->l, value->operand[0]))
    return math_exp_of_nonpositive(g, operands[0]);
  LLVMValueRef result = emit_scalar(g, value->scalar, type, operands);
  if (!result) return LLVMConstNull(type);
  if (value->dtype == DTYPE_ROUNDED && !dtype_is_bf16(n->l->values[value->operand[0]].dtype))
    return build_rounded(g, result);
  if (!is_comparison(value->scalar)) return result;
  (in_row ? n->row_condition : n->element_condition)[place_of(v, lanes)] = result;
  return LLVMBuildSelect(g->builder, result, constant_of(type, 1), constant_of(type, 0), "");
}

static LLVMValueRef pair(struct nest *n, const struct value *value, struct lanes lanes) {
  return build_pair(n->g, loop_operand(n, value->operand[0], lanes, false),
                    loop_operand(n, value->operand[1], lanes, false));
}

static LLVMValueRef scratch_address(struct nest *n, int v, struct lanes lanes) {
  int64_t size = dtype_size(n->l->values[v].dtype);
  LLVMValueRef base = build_offset(n->g, n->scratch, n->plan.values[v].scratch);
  base = build_indexed(n->g, base, n->index[n->l->pass_axis], n->plan.scratch_step * size);
  return build_offset(n->g, base, (int64_t)lanes.slot * lanes.width * size);
}

static LLVMValueRef fetch(struct nest *n, int v, struct lanes lanes, enum action action) {
  const struct value *value = &n->l->values[v];
  LLVMTypeRef type = type_of(n->g, value->dtype, lanes.width);
  if (action == ACTION_FROM_SCRATCH) return build_load(n->g, type, scratch_address(n, v, lanes), NULL);
  if (action == ACTION_RELOAD) return loop_load(n, n->l->stores[n->plan.values[v].store].access, lanes);
  if (value->kind == VALUE_LOAD) return loop_load(n, value->access, lanes);
  if (value->kind == VALUE_PAIR) return pair(n, value, lanes);
  return loop_divides_by_row(n->l, v) ? divide_by_row(n, v, lanes) : map(n, v, lanes, false);
}

static void nest_element(struct nest *n, int v, struct lanes lanes) {
  enum action action = n->plan.values[v].action[n->pass];
  LLVMValueRef *made = &n->element[place_of(v, lanes)];
  if (action == ACTION_NONE || *made) return;
  *made = fetch(n, v, lanes, action);
  bool spills = n->plan.values[v].scratch >= 0 && action == ACTION_COMPUTE;
  if (spills) build_store(n->g, *made, scratch_address(n, v, lanes), NULL);
}

static void reduce(struct nest *n, int v, struct lanes lanes, LLVMValueRef *accumulator) {
  const struct value *value = &n->l->values[v];
  LLVMValueRef operand = loop_operand(n, value->operand[0], lanes, false);
  if (lanes.mask && n->plan.reduces_in_lanes) {
    LLVMValueRef neutral = reduction_identity(LLVMTypeOf(operand), value->reduction);
    operand = LLVMBuildSelect(n->g->builder, lanes.mask, operand, neutral, "");
  }
  *accumulator = build_combine(n->g, value->reduction, *accumulator, operand);
}

void loop_elements(struct nest *n, int slot) {
  const struct loop *l = n->l;
  struct lanes lanes = n->lanes[slot];
  for (int v = 0; v < l->value_count; v++) nest_element(n, v, lanes);
  for (int v = 0, i = 0; v < l->value_count; v++)
    if (l->values[v].kind == VALUE_REDUCE && l->values[v].pass == n->pass)
      reduce(n, v, lanes, &n->carried[i++ * n->plan.slots + slot]);
  for (int i = 0; i < l->store_count; i++)
    if (n->plan.store_pass[i] == n->pass)
      loop_store(n, &l->stores[i], lanes, loop_operand(n, l->stores[i].value, lanes, false));
}

void loop_row_value(struct nest *n, int v, struct lanes lanes) {
  const struct value *value = &n->l->values[v];
  LLVMValueRef *made = &n->row[place_of(v, lanes)];
  if (value->kind == VALUE_LOAD) *made = loop_load(n, value->access, lanes);
  if (value->kind == VALUE_MAP) *made = map(n, v, lanes, true);
}

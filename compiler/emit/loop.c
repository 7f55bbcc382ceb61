#include "loop.h"

#include <string.h>

/* Fused loop nests: the loops, the passes and their accumulators. */

typedef void body(struct nest *n);

static LLVMValueRef *value_table(struct nest *n) {
  return arena_new_array(n->g->arena, LLVMValueRef, (size_t)(n->l->value_count + 1) * MAX_SLOTS);
}

/* ---- what the threads of a team part between them ---- */

/* Does every trip along this axis write places of its own? */
static bool writes_apart(const struct loop *l, int axis) {
  for (int i = 0; i < l->store_count; i++) {
    const struct access *access = &l->accesses[l->stores[i].access];
    if (access->index >= 0 || access->stride[axis] == 0) return false;
  }
  return axis != l->pass_axis;
}

static bool may_share(const struct nest *n, int axis, int64_t trips) {
  return !n->g->is_shared && trips >= SHARED_LEAST && writes_apart(n->l, axis);
}

/* Pointers follow the indices: entering an axis moves those of the accesses that depend on it. */
static LLVMValueRef *enter_axis(struct nest *n, int axis, LLVMValueRef index) {
  LLVMValueRef *outside = n->pointer;
  n->index[axis] = index;
  n->pointer = arena_new_array(n->g->arena, LLVMValueRef, (size_t)n->l->access_count + 1);
  for (int i = 0; i < n->l->access_count; i++) {
    const struct access *access = &n->l->accesses[i];
    int64_t bytes = access->stride[axis] * dtype_size(access->dtype);
    n->pointer[i] = build_indexed(n->g, outside[i], index, bytes);
  }
  return outside;
}

static void forget(struct nest *n, LLVMValueRef *made) {
  memset(made, 0, sizeof *made * (size_t)n->l->value_count * MAX_SLOTS);
}

static void forget_elements(struct nest *n) {
  forget(n, n->element);
  forget(n, n->element_condition);
}

static void emit_bundle(struct nest *n, LLVMValueRef index, body *inner) {
  LLVMValueRef *outside = enter_axis(n, n->plan.bundle_axis, index);
  if (!n->plan.whole_row) forget_elements(n);
  inner(n);
  n->pointer = outside;
}

static void set_slots(struct nest *n, int slots, int width) {
  n->slots = slots;
  for (int i = 0; i < slots; i++) n->lanes[i] = (struct lanes){i, width, width, NULL};
}

/* The last vector of a bundle has `active` lanes. */
static void set_tail(struct nest *n, int active) {
  struct lanes *last = &n->lanes[n->slots - 1];
  if (active == last->width) return;
  last->active = active;
  last->mask = constant_mask(n->g, active, last->width);
}

static void emit_bundle_loop(struct nest *n, LLVMValueRef from, LLVMValueRef limit, bool guarded, body *inner,
                             int carried_count) {
  struct counted_loop l;
  int64_t step = (int64_t)n->slots * n->lanes[0].width;
  loop_open(n->g, &l, from, limit, step, guarded, n->carried, carried_count);
  emit_bundle(n, l.index, inner);
  loop_close(n->g, &l);
}

/* The last bundle, of fewer vectors, the last of them with fewer lanes. */
static void emit_rest(struct nest *n, int64_t whole, int64_t rest, body *inner) {
  int width = n->plan.width;
  if (rest == 0) return;
  while (!n->plan.reduces_in_lanes && width / 2 >= rest) width /= 2;
  set_slots(n, (int)((rest + width - 1) / width), width);
  set_tail(n, (int)(rest - (int64_t)(n->slots - 1) * width));
  emit_bundle(n, constant_i64(n->g, whole), inner);
}

static void emit_known_bundles(struct nest *n, int64_t count, body *inner, int carried_count) {
  int64_t bundle = (int64_t)n->plan.slots * n->plan.width, rest = count % bundle, whole = count - rest;
  set_slots(n, n->plan.slots, n->plan.width);
  if (whole == bundle) emit_bundle(n, constant_i64(n->g, 0), inner);
  if (whole > bundle)
    emit_bundle_loop(n, constant_i64(n->g, 0), constant_i64(n->g, whole), false, inner, carried_count);
  emit_rest(n, whole, rest, inner);
}

/* The same, parted between the threads. */
static void emit_shared_bundles(struct nest *n, int64_t count, body *inner) {
  int64_t bundle = (int64_t)n->plan.slots * n->plan.width, rest = count % bundle, whole = count - rest;
  struct counted_loop l;
  set_slots(n, n->plan.slots, n->plan.width);
  shared_open(n->g, &l, constant_i64(n->g, whole / bundle), bundle);
  emit_bundle(n, l.index, inner);
  shared_close(n->g, &l);
  alone_open(n->g, &l);
  emit_rest(n, whole, rest, inner);
  alone_close(n->g, &l);
}

/* The last vector of an axis whose length is known at run time alone. */
static void set_dynamic_tail(struct nest *n, LLVMValueRef index, LLVMValueRef total) {
  struct codegen *g = n->g;
  struct lanes *lanes = &n->lanes[0];
  if (lanes->width == 1) return;
  LLVMTypeRef i32 = type_of(g, DTYPE_I32, 1);
  LLVMValueRef left = LLVMBuildTrunc(g->builder, LLVMBuildSub(g->builder, total, index, ""), i32, "");
  LLVMValueRef places = constant_lanes(g, 0, lanes->width);
  lanes->mask = LLVMBuildICmp(g->builder, LLVMIntSLT, places, build_splat(g, left, lanes->width), "");
}

static void emit_dynamic_tail(struct nest *n, LLVMValueRef from, LLVMValueRef total, body *inner, int carried_count) {
  struct counted_loop l;
  int width = n->plan.scalar_tail ? 1 : n->plan.width;
  loop_open(n->g, &l, from, total, width, true, n->carried, carried_count);
  set_slots(n, 1, width);
  set_dynamic_tail(n, l.index, total);
  emit_bundle(n, l.index, inner);
  loop_close(n->g, &l);
}

static void emit_unknown_bundles(struct nest *n, struct extent extent, body *inner, int carried_count) {
  struct codegen *g = n->g;
  int64_t bundle = (int64_t)n->plan.slots * n->plan.width;
  bool fits = extent.count % bundle == 0;
  LLVMValueRef total = build_extent(g, extent, n->n), zero = constant_i64(g, 0);
  LLVMValueRef whole = fits ? total : LLVMBuildAnd(g->builder, total, constant_i64(g, -bundle), "");
  set_slots(n, n->plan.slots, n->plan.width);
  emit_bundle_loop(n, zero, whole, !fits, inner, carried_count);
  if (!fits) emit_dynamic_tail(n, whole, total, inner, carried_count);
}

static void emit_bundles(struct nest *n, body *inner, int carried_count) {
  struct extent extent = n->l->extent[n->plan.bundle_axis];
  if (extent.per_example)
    emit_unknown_bundles(n, extent, inner, carried_count);
  else
    emit_known_bundles(n, extent.count, inner, carried_count);
}

static void body_elements(struct nest *n) {
  for (int slot = 0; slot < n->slots; slot++) loop_elements(n, slot);
}

/* Where the rows are: one scalar, or the lanes of the bundle. */
static int row_slots(const struct nest *n) { return n->plan.reduces_in_lanes ? 1 : n->slots; }

static struct lanes row_lanes(const struct nest *n, int slot) {
  if (!n->plan.reduces_in_lanes) return n->lanes[slot];
  return (struct lanes){0, 1, 1, NULL};
}

static bool reduces_in(const struct nest *n, int v, int pass) {
  return n->l->values[v].kind == VALUE_REDUCE && n->l->values[v].pass == pass;
}

static int open_accumulators(struct nest *n, int pass) {
  int count = 0;
  int width = n->plan.reduces_in_lanes ? n->plan.width : n->lanes[0].width;
  n->carried = value_table(n);
  for (int v = 0; v < n->l->value_count; v++) {
    if (!reduces_in(n, v, pass)) continue;
    LLVMTypeRef type = type_of(n->g, n->l->values[v].dtype, width);
    for (int slot = 0; slot < n->plan.slots; slot++)
      n->carried[count++] = reduction_identity(type, n->l->values[v].reduction);
  }
  return count;
}

/* The accumulators of all slots to one scalar. */
static LLVMValueRef finish_in_lanes(struct nest *n, const LLVMValueRef *slots, enum reduction kind) {
  LLVMValueRef partial[MAX_SLOTS];
  int count = n->plan.slots;
  memcpy(partial, slots, sizeof *slots * (size_t)count);
  for (; count > 1; count = (count + 1) / 2)
    for (int i = 0; i < count / 2; i++) partial[i] = build_combine(n->g, kind, partial[i], partial[count - 1 - i]);
  return build_horizontal(n->g, kind, partial[0]);
}

static void close_accumulators(struct nest *n, int pass) {
  const LLVMValueRef *accumulator = n->carried;
  for (int v = 0; v < n->l->value_count; v++) {
    if (!reduces_in(n, v, pass)) continue;
    LLVMValueRef *row = &n->row[v * MAX_SLOTS];
    if (n->plan.reduces_in_lanes)
      row[0] = finish_in_lanes(n, accumulator, n->l->values[v].reduction);
    else
      memcpy(row, accumulator, sizeof *row * (size_t)n->slots);
    accumulator += n->plan.slots;
  }
}

static void emit_pass_down(struct nest *n, int carried_count) {
  struct codegen *g = n->g;
  int axis = n->l->pass_axis;
  struct counted_loop l;
  loop_open(g, &l, constant_i64(g, 0), build_extent(g, n->l->extent[axis], n->n), 1, false, n->carried,
            carried_count);
  LLVMValueRef *outside = enter_axis(n, axis, l.index);
  forget_elements(n);
  body_elements(n);
  n->pointer = outside;
  loop_close(g, &l);
}

static bool pass_has_work(const struct nest *n, int pass) {
  for (int v = 0; v < n->l->value_count; v++)
    if (reduces_in(n, v, pass)) return true;
  for (int i = 0; i < n->l->store_count; i++)
    if (n->plan.store_pass[i] == pass) return true;
  return false;
}

static void emit_pass(struct nest *n, int pass) {
  if (!pass_has_work(n, pass)) return;
  int carried_count = open_accumulators(n, pass);
  n->pass = pass;
  if (n->plan.reduces_in_lanes)
    emit_bundles(n, body_elements, carried_count);
  else
    emit_pass_down(n, carried_count);
  close_accumulators(n, pass);
}

/* A row value in the forms that elements use. */
static void offer_to_elements(struct nest *n, int v) {
  struct codegen *g = n->g;
  for (int slot = 0; slot < row_slots(n); slot++) {
    LLVMValueRef row = n->row[v * MAX_SLOTS + slot];
    int width = n->plan.reduces_in_lanes ? n->plan.width : 1;
    if (n->plan.reduces_in_lanes) n->row_splat[v * MAX_SLOTS] = build_splat(g, row, width);
    if (!n->plan.values[v].divides) continue;
    LLVMValueRef inverse = LLVMBuildFDiv(g->builder, constant_of(LLVMTypeOf(row), 1), row, "");
    n->inverse[v * MAX_SLOTS + slot] = build_splat(g, inverse, width);
  }
}

/* The row values that are known after `pass`. */
static void emit_row_values(struct nest *n, int pass) {
  for (int v = 0; v < n->l->value_count; v++) {
    if (!loop_value_is_row(n->l, v) || n->l->values[v].pass != pass) continue;
    for (int slot = 0; slot < row_slots(n); slot++) loop_row_value(n, v, row_lanes(n, slot));
    offer_to_elements(n, v);
  }
}

static bool stores_row_after(const struct nest *n, int store, int pass) {
  int v = n->l->stores[store].value;
  if (n->plan.store_pass[store] >= 0) return false;
  return (loop_value_is_anywhere(n->l, v) ? -1 : n->l->values[v].pass) == pass;
}

static void emit_row_stores(struct nest *n, int pass) {
  for (int i = 0; i < n->l->store_count; i++) {
    if (!stores_row_after(n, i, pass)) continue;
    for (int slot = 0; slot < row_slots(n); slot++) {
      struct lanes lanes = row_lanes(n, slot);
      loop_store(n, &n->l->stores[i], lanes, loop_operand(n, n->l->stores[i].value, lanes, true));
    }
  }
}

static void body_row(struct nest *n) {
  forget(n, n->row);
  forget(n, n->row_condition);
  forget_elements(n);
  LLVMValueRef *carried = n->carried;
  emit_row_values(n, -1);
  emit_row_stores(n, -1);
  for (int pass = 0; pass < n->plan.passes; pass++) {
    emit_pass(n, pass);
    emit_row_values(n, pass);
    emit_row_stores(n, pass);
  }
  n->carried = carried;
}

/* Are there bundles enough for a team, each by itself? */
static bool may_share_bundles(const struct nest *n) {
  if (n->plan.reduces_in_lanes || n->plan.bundle_axis < 0) return false;
  struct extent extent = n->l->extent[n->plan.bundle_axis];
  int64_t bundles = extent.count / ((int64_t)n->plan.slots * n->plan.width);
  return !extent.per_example && may_share(n, n->plan.bundle_axis, bundles);
}

static void emit_innermost(struct nest *n) {
  if (n->plan.reduces_in_lanes) {
    body_row(n);
  } else if (n->plan.bundle_axis >= 0) {
    emit_bundles(n, n->l->pass_axis < 0 ? body_elements : body_row, 0);
  } else {
    set_slots(n, 1, 1);
    forget_elements(n);
    body_elements(n);
  }
}

static void emit_points(struct nest *n) {
  struct counted_loop alone;
  if (may_share_bundles(n)) {
    int64_t count = n->l->extent[n->plan.bundle_axis].count;
    emit_shared_bundles(n, count, n->l->pass_axis < 0 ? body_elements : body_row);
    return;
  }
  alone_open(n->g, &alone);
  emit_innermost(n);
  alone_close(n->g, &alone);
}

/* The loops over all axes but the bundles' and the passes'. */
static void emit_outer(struct nest *n, int axis) {
  struct codegen *g = n->g;
  if (axis == n->l->rank) {
    emit_points(n);
  } else if (axis == n->plan.bundle_axis || axis == n->l->pass_axis) {
    emit_outer(n, axis + 1);
  } else {
    struct counted_loop l;
    LLVMValueRef total = build_extent(g, n->l->extent[axis], n->n);
    bool shared = may_share(n, axis, n->l->extent[axis].count);
    if (shared)
      shared_open(g, &l, total, 1);
    else
      loop_open(g, &l, constant_i64(g, 0), total, 1, false, NULL, 0);
    LLVMValueRef *outside = enter_axis(n, axis, l.index);
    emit_outer(n, axis + 1);
    n->pointer = outside;
    (shared ? shared_close : loop_close)(g, &l);
  }
}

void emit_loop(struct codegen *g, const struct loop *l) {
  struct nest n = {.g = g, .l = l, .plan = loop_plan(g, l), .n = LLVMGetParam(g->function, 0)};
  n.element = value_table(&n);
  n.element_condition = value_table(&n);
  n.row = value_table(&n);
  n.row_condition = value_table(&n);
  n.row_splat = value_table(&n);
  n.inverse = value_table(&n);
  n.pointer = arena_new_array(g->arena, LLVMValueRef, (size_t)l->access_count + 1);
  for (int i = 0; i < l->access_count; i++) n.pointer[i] = kernel_base(g, i);
  if (n.plan.scratch_bytes > 0) n.scratch = build_alloca(g, n.plan.scratch_bytes);
  emit_outer(&n, 0);
}

#include "loop.h"

#include <math.h>

/* Costs are in simple vector instructions, roughly. */
enum { CHEAP = 4, WHOLE_ROW_COST = 640, SCRATCH_LIMIT = 64 * 1024 };

bool loop_follows(const struct loop *l, const struct access *access, int axis) {
  if (axis < 0) return false;
  if (access->stride[axis] != 0) return true;
  return access->index >= 0 && loop_follows(l, &l->accesses[access->index], axis);
}

bool loop_is_contiguous(const struct loop *l, const struct access *access, int axis) {
  if (axis < 0 || access->stride[axis] != 1) return false;
  return access->index < 0 || !loop_follows(l, &l->accesses[access->index], axis);
}

bool loop_value_is_anywhere(const struct loop *l, int v) {
  return l->values[v].kind == VALUE_CONST || l->values[v].kind == VALUE_IOTA;
}

bool loop_value_is_row(const struct loop *l, int v) {
  if (l->pass_axis < 0 || loop_value_is_anywhere(l, v)) return false;
  return l->values[v].is_row || l->values[v].kind == VALUE_REDUCE;
}

static bool value_is_element(const struct loop *l, int v) {
  return !loop_value_is_row(l, v) && !loop_value_is_anywhere(l, v);
}

bool loop_divides_by_constant(const struct loop *l, int v) {
  const struct value *value = &l->values[v];
  if (value->kind != VALUE_MAP || value->scalar != SCALAR_DIV || value->dtype != DTYPE_F32) return false;
  const struct value *divisor = &l->values[value->operand[1]];
  double size = fabs(divisor->constant);
  return divisor->kind == VALUE_CONST && size > 0x1p-100 && size < 0x1p100;
}

bool loop_divides_by_row(const struct loop *l, int v) {
  const struct value *value = &l->values[v];
  bool divides = value->kind == VALUE_MAP && value->scalar == SCALAR_DIV && value->dtype == DTYPE_F32;
  return divides && value_is_element(l, v) && loop_value_is_row(l, value->operand[1]);
}

bool loop_is_below_maximum(const struct loop *l, int v) {
  const struct value *value = &l->values[v];
  if (value->kind != VALUE_MAP || value->scalar != SCALAR_SUB) return false;
  const struct value *row = &l->values[value->operand[1]];
  return row->kind == VALUE_REDUCE && row->reduction == REDUCE_MAX && row->operand[0] == value->operand[0];
}

/* An elementary function; a call of the C library for each lane, as all functions of float64 are. */
enum { FUNCTION = 16, CALL = 100 };

static int scalar_cost(enum scalar_op op) {
  switch (op) {
  case SCALAR_SIN:
  case SCALAR_COS:
  case SCALAR_POW: return CALL;
  case SCALAR_EXP:
  case SCALAR_LOG:
  case SCALAR_TANH:
  case SCALAR_SIGMOID: return FUNCTION;
  case SCALAR_SQRT:
  case SCALAR_DIV: return 4;
  default: return 1;
  }
}

static int value_cost(const struct loop *l, int number) {
  const struct value *v = &l->values[number];
  if (loop_divides_by_constant(l, number) || loop_divides_by_row(l, number)) return 1;
  if (v->kind == VALUE_MAP) return scalar_cost(v->scalar) * (v->dtype == DTYPE_F64 ? 2 : 1);
  if (v->kind != VALUE_LOAD || l->vector_axis < 0) return 1;
  const struct access *access = &l->accesses[v->access];
  bool gathers = loop_follows(l, access, l->vector_axis) && !loop_is_contiguous(l, access, l->vector_axis);
  return gathers ? 32 : 1;
}

static int element_cost(const struct loop *l) {
  int cost = 0;
  for (int v = 0; v < l->value_count; v++)
    if (value_is_element(l, v)) cost += value_cost(l, v);
  return cost + l->store_count;
}

static int64_t most_elements(const struct codegen *g, struct extent extent) {
  return extent.per_example ? extent.count * g->tile : extent.count;
}

/* The fewest lanes that hold a short axis; else all that the machine has. */
static int choose_width(const struct codegen *g, struct extent extent) {
  int width = machine_lanes(&g->machine);
  int64_t most = most_elements(g, extent);
  while (width > 1 && width / 2 >= most) width /= 2;
  return width;
}

static bool needs_single_lanes(const struct loop *l, int axis) {
  for (int i = 0; i < l->access_count; i++)
    if (loop_follows(l, &l->accesses[i], axis) && !loop_is_contiguous(l, &l->accesses[i], axis)) return true;
  for (int i = 0; i < l->store_count; i++)
    if (!l->stores[i].add && !loop_follows(l, &l->accesses[l->stores[i].access], axis)) return true;
  return false;
}

/* May a pass keep a value of every element for the next one, where so many rows lie in lanes? */
static bool bundle_fits_scratch(const struct codegen *g, const struct loop *l, int64_t rows) {
  if (l->pass_axis < 0 || l->vector_axis == l->pass_axis) return true;
  return most_elements(g, l->extent[l->pass_axis]) * rows * dtype_size(DTYPE_F32) <= SCRATCH_LIMIT;
}

/* Does the C library compute a value, lane by lane? */
static bool calls_library(const struct loop *l) {
  for (int v = 0; v < l->value_count; v++) {
    int cost = l->values[v].kind == VALUE_MAP ? scalar_cost(l->values[v].scalar) : 0;
    if (cost >= CALL || (cost >= FUNCTION && l->values[v].dtype == DTYPE_F64)) return true;
  }
  return false;
}

/* Vectors in the place of one where a body is a long chain of instructions: LLVM makes of an instruction on wide
 * vectors neighbours on the machine's, so that the window of instructions that wait holds several chains.  The rest
 * of an axis has to be less than one vector.  With AVX-512 a vector is a whole chain of its own instructions
 * (math.c). */
static int vectors_at_once(const struct codegen *g, const struct loop *l, struct extent extent, int width) {
  enum { LONG = 16, MOST = 4 };
  int64_t count = MOST;
  if (g->machine.avx512 || extent.per_example || width < machine_lanes(&g->machine)) return 1;
  if (element_cost(l) < LONG || calls_library(l)) return 1;
  while (count > 1 && (extent.count < count * width || extent.count % (count * width) >= width ||
                       !bundle_fits_scratch(g, l, count * width)))
    count /= 2;
  return (int)count;
}

/* A cheap body needs several vectors in flight, above all where each adds to an accumulator. */
static void choose_slots(const struct loop *l, struct loop_plan *p, struct extent extent) {
  int cost = element_cost(l);
  int64_t vectors = (extent.count + p->width - 1) / p->width;
  bool known = !extent.per_example;
  p->whole_row = p->reduces_in_lanes && known && vectors <= MAX_SLOTS && vectors * cost <= WHOLE_ROW_COST;
  p->slots = p->whole_row ? (int)vectors : cost <= 10 ? 4 : cost <= 40 ? 2 : 1;
  while (!p->whole_row && known && p->slots > 1 && p->slots > vectors) p->slots /= 2;
}

static void choose_bundles(const struct codegen *g, const struct loop *l, struct loop_plan *p) {
  p->reduces_in_lanes = l->pass_axis >= 0 && (l->vector_axis < 0 || l->vector_axis == l->pass_axis);
  p->bundle_axis = p->reduces_in_lanes ? l->pass_axis : l->vector_axis;
  p->width = p->slots = 1;
  if (p->bundle_axis < 0) return;
  struct extent extent = l->extent[p->bundle_axis];
  bool single = needs_single_lanes(l, p->bundle_axis);
  if (l->vector_axis >= 0) p->width = choose_width(g, extent);
  if (!single) p->width *= vectors_at_once(g, l, extent, p->width);
  if (extent.per_example && single && p->reduces_in_lanes) p->width = 1;
  p->scalar_tail = single;
  choose_slots(l, p, extent);
  p->scratch_step = p->reduces_in_lanes ? 1 : (int64_t)p->width * p->slots;
}

/* The pass whose elements a store belongs to; a row's store comes when its value is known. */
static int store_pass(const struct loop *l, const struct kernel_store *store) {
  const struct value *value = &l->values[store->value];
  if (l->pass_axis < 0) return 0;
  if (value_is_element(l, store->value)) return value->pass;
  if (!loop_follows(l, &l->accesses[store->access], l->pass_axis)) return -1;
  return loop_value_is_anywhere(l, store->value) ? 0 : value->pass + 1;
}

struct planner {
  const struct codegen *g;
  const struct loop *l;
  struct loop_plan *p;
};

static enum action *action_of(struct planner *q, int v, int pass) { return &q->p->values[v].action[pass]; }

/* The store, of an earlier pass, from which value v can be read back; -1: none. */
static int store_to_reload(const struct planner *q, int v, int pass) {
  for (int i = 0; i < q->l->store_count; i++) {
    const struct kernel_store *store = &q->l->stores[i];
    const struct access *access = &q->l->accesses[store->access];
    bool plain = !store->add && access->index < 0 && access->dtype == q->l->values[v].dtype;
    bool contiguous = q->p->width == 1 || loop_is_contiguous(q->l, access, q->p->bundle_axis);
    bool distinct = access->stride[q->l->pass_axis] != 0;
    if (store->value == v && plain && contiguous && distinct && q->p->store_pass[i] < pass) return i;
  }
  return -1;
}

/* What it costs to make v again from loads. */
static int cost_again(const struct planner *q, int v) {
  const struct value *value = &q->l->values[v];
  if (!value_is_element(q->l, v)) return 0;
  int cost = value_cost(q->l, v);
  for (int i = 0; i < value_arity(value) && cost <= CHEAP; i++) cost += cost_again(q, value->operand[i]);
  return cost;
}

static int64_t pass_extent(const struct planner *q) { return most_elements(q->g, q->l->extent[q->l->pass_axis]); }

/* Space for a value of every element of a row, or of a bundle of rows; whole vectors. */
static int64_t scratch_needed(const struct planner *q, int v) {
  int64_t bundle = (int64_t)q->p->width * q->p->slots, elements = pass_extent(q) * q->p->scratch_step;
  int64_t bytes = (elements + bundle - 1) / bundle * bundle * dtype_size(q->l->values[v].dtype);
  return (bytes + 63) / 64 * 64;
}

static bool spill(struct planner *q, int v) {
  struct value_plan *value = &q->p->values[v];
  int64_t size = scratch_needed(q, v);
  if (value->scratch >= 0) return true;
  if (q->p->scratch_bytes + size > SCRATCH_LIMIT) return false;
  value->scratch = q->p->scratch_bytes;
  q->p->scratch_bytes += size;
  return true;
}

static bool made_before(struct planner *q, int v, int pass) {
  for (int earlier = 0; earlier < pass; earlier++)
    if (*action_of(q, v, earlier) == ACTION_COMPUTE) return true;
  return false;
}

static enum action choose_action(struct planner *q, int v, int pass) {
  if (q->p->whole_row || !made_before(q, v, pass)) return ACTION_COMPUTE;
  int store = store_to_reload(q, v, pass);
  if (store >= 0) {
    q->p->values[v].store = store;
    return ACTION_RELOAD;
  }
  if (cost_again(q, v) <= CHEAP) return ACTION_COMPUTE;
  return spill(q, v) ? ACTION_FROM_SCRATCH : ACTION_COMPUTE;
}

static void need(struct planner *q, int v, int pass) {
  enum action *action = action_of(q, v, pass);
  if (!value_is_element(q->l, v) || *action != ACTION_NONE) return;
  *action = choose_action(q, v, pass);
  const struct value *value = &q->l->values[v];
  for (int i = 0; *action == ACTION_COMPUTE && i < value_arity(value); i++) need(q, value->operand[i], pass);
}

static void need_sinks(struct planner *q, int pass) {
  for (int v = 0; v < q->l->value_count; v++)
    if (q->l->values[v].kind == VALUE_REDUCE && q->l->values[v].pass == pass)
      need(q, q->l->values[v].operand[0], pass);
  for (int i = 0; i < q->l->store_count; i++)
    if (q->p->store_pass[i] == pass) need(q, q->l->stores[i].value, pass);
}

static void plan_stores(struct arena *a, const struct loop *l, struct loop_plan *p) {
  p->passes = l->pass_count > 0 ? l->pass_count : 1;
  p->store_pass = arena_new_array(a, int, (size_t)l->store_count + 1);
  for (int i = 0; i < l->store_count; i++) {
    p->store_pass[i] = store_pass(l, &l->stores[i]);
    if (p->store_pass[i] >= p->passes) p->passes = p->store_pass[i] + 1;
  }
}

struct loop_plan loop_plan(struct codegen *g, const struct loop *l) {
  struct loop_plan p = {0};
  struct planner q = {g, l, &p};
  choose_bundles(g, l, &p);
  plan_stores(g->arena, l, &p);
  p.values = arena_new_array(g->arena, struct value_plan, (size_t)l->value_count + 1);
  for (int v = 0; v < l->value_count; v++) {
    p.values[v].action = arena_new_array(g->arena, enum action, (size_t)p.passes);
    p.values[v].scratch = -1;
    if (loop_divides_by_row(l, v)) p.values[l->values[v].operand[1]].divides = true;
  }
  for (int pass = 0; pass < p.passes; pass++) need_sinks(&q, pass);
  return p;
}

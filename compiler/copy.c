/* Copies and fills. */
#include "planner.h"

/* Those of extent 1 are left out; axis: the nest's axis for each of the type's. */
struct nest nest_over(struct planner *p, const struct type *type, int8_t axis[GRAPH_MAX_RANK]) {
  struct nest nest = {.planner = p};
  nest.loop.pass_axis = -1;
  for (int i = 0; i < type->rank; i++) {
    axis[i] = -1;
    if (type->extent[i] == 1) continue;
    axis[i] = (int8_t)nest.loop.rank;
    nest.extent[nest.loop.rank++] = type->extent[i];
  }
  return nest;
}

int nest_cast(struct nest *nest, int value, enum dtype dtype) {
  if (nest->loop.values[value].dtype == dtype) return value;
  return nest_value(nest,
                    (struct value){.kind = VALUE_MAP, .dtype = dtype, .scalar = SCALAR_CAST, .operand = {value}});
}

void nest_push(struct nest *nest) {
  int8_t order[KERNEL_MAX_AXES];
  nest_order(nest, order);
  nest_finish(nest, order);
  plan_push_loop(nest->planner, &nest->loop, nest->buffers, false);
}

void plan_copy(struct planner *p, const struct view *from, const struct view *to, bool add) {
  int8_t axis[GRAPH_MAX_RANK];
  struct nest nest = nest_over(p, &to->type, axis);
  int target = nest_access(&nest, to, axis), source = nest_access(&nest, from, axis);
  int value = nest_value(&nest, (struct value){.kind = VALUE_LOAD, .dtype = from->type.dtype, .access = source});
  value = nest_cast(&nest, value, to->type.dtype);
  nest_store(&nest, value, target, add);
  nest_push(&nest);
}

void plan_fill(struct planner *p, const struct view *to) {
  int8_t axis[GRAPH_MAX_RANK];
  struct nest nest = nest_over(p, &to->type, axis);
  int value = nest_value(&nest, (struct value){.kind = VALUE_CONST, .dtype = to->type.dtype});
  nest_store(&nest, value, nest_access(&nest, to, axis), false);
  nest_push(&nest);
}

void plan_indices(struct planner *p, const struct view *to) {
  int8_t axis[GRAPH_MAX_RANK];
  struct nest nest = nest_over(p, &to->type, axis);
  int value = nest_value(&nest, (struct value){.kind = VALUE_IOTA, .dtype = DTYPE_I32, .axis = axis[0]});
  nest_store(&nest, value, nest_access(&nest, to, axis), false);
  nest_push(&nest);
}

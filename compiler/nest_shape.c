/* The shape of a loop nest: order of its axes, joined neighbours, vector axis, passes; see kernel.h. */
#include "chain.h"

#include <limits.h>
#include <string.h>

/* ---- order ---- */

/* Does this access only say which row another one takes? */
static bool is_index(const struct loop *l, int access) {
  for (int i = 0; i < l->access_count; i++)
    if (l->accesses[i].index == access) return true;
  return false;
}

/* Along how many axes an access moves, by itself or by its index. */
static int axes_touched(const struct loop *l, const struct access *a) {
  int count = 0;
  for (int i = 0; i < l->rank; i++) count += a->stride[i] != 0 || (a->index >= 0 && l->accesses[a->index].stride[i]);
  return count;
}

static int most_axes_touched(const struct loop *l) {
  int most = 0;
  for (int i = 0; i < l->access_count; i++) {
    int touched = is_index(l, i) ? 0 : axes_touched(l, &l->accesses[i]);
    if (touched > most) most = touched;
  }
  return most;
}

/* How many accesses go along this axis element by element; those that touch most axes count. */
static int unit_votes(const struct loop *l, int axis) {
  int most = most_axes_touched(l), votes = 0;
  for (int i = 0; i < l->access_count; i++)
    votes += l->accesses[i].stride[axis] == 1 && !is_index(l, i) && axes_touched(l, &l->accesses[i]) == most;
  return votes;
}

static int innermost_axis(const struct nest *nest) {
  int best = -1, best_votes = 0;
  for (int i = nest->loop.rank - 1; i >= 0; i--) {
    int votes = nest->extent[i] == EXTENT_BATCH ? 0 : unit_votes(&nest->loop, i);
    if (votes > best_votes) {
      best = i;
      best_votes = votes;
    }
  }
  return best;
}

/* The access that the other axes follow: the first that touches most of them. */
static const struct access *leading_access(const struct loop *l) {
  int most = most_axes_touched(l);
  for (int i = 0; i < l->access_count; i++)
    if (!is_index(l, i) && axes_touched(l, &l->accesses[i]) == most) return &l->accesses[i];
  return NULL;
}

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/* Large first: the batch, then the leading access's strides (its index before all), the innermost axis last. */
static int64_t order_key(const struct nest *nest, const struct access *leading, int innermost, int axis) {
  if (nest->extent[axis] == EXTENT_BATCH) return INT64_MAX;
  if (axis == innermost) return -1;
  if (!leading) return 0;
  if (leading->index >= 0 && nest->loop.accesses[leading->index].stride[axis] != 0) return INT64_MAX - 1;
  return magnitude(leading->stride[axis]);
}

void nest_order(const struct nest *nest, int8_t *order) {
  const struct access *leading = leading_access(&nest->loop);
  int innermost = innermost_axis(nest);
  for (int i = 0; i < nest->loop.rank; i++) {
    int at = i;
    int64_t key = order_key(nest, leading, innermost, i);
    for (; at > 0 && order_key(nest, leading, innermost, order[at - 1]) < key; at--) order[at] = order[at - 1];
    order[at] = (int8_t)i;
  }
}

static void permute_strides(struct access *a, const int8_t *order, int rank) {
  int64_t old[KERNEL_MAX_AXES];
  memcpy(old, a->stride, sizeof old);
  for (int i = 0; i < rank; i++) a->stride[i] = old[order[i]];
}

static void permute(struct nest *nest, const int8_t *order) {
  struct loop *l = &nest->loop;
  int8_t place[KERNEL_MAX_AXES];
  for (int i = 0; i < l->rank; i++) {
    int64_t extent = nest->extent[order[i]];
    l->extent[i] = extent == EXTENT_BATCH ? (struct extent){1, true} : (struct extent){extent, false};
    place[order[i]] = (int8_t)i;
  }
  for (int i = 0; i < l->access_count; i++) permute_strides(&l->accesses[i], order, l->rank);
  for (int i = 0; i < l->value_count; i++)
    if (l->values[i].kind == VALUE_IOTA) l->values[i].axis = place[l->values[i].axis];
  if (l->pass_axis >= 0) l->pass_axis = place[l->pass_axis];
}

/* ---- joining axes ---- */

static bool has_iota(const struct loop *l, int axis) {
  for (int i = 0; i < l->value_count; i++)
    if (l->values[i].kind == VALUE_IOTA && l->values[i].axis == axis) return true;
  return false;
}

/* May axes i and i + 1 become one? */
static bool can_join(const struct loop *l, int i) {
  if (l->extent[i + 1].per_example || i == l->pass_axis || i + 1 == l->pass_axis) return false;
  if (has_iota(l, i) || has_iota(l, i + 1)) return false;
  for (int j = 0; j < l->access_count; j++)
    if (l->accesses[j].stride[i] != l->extent[i + 1].count * l->accesses[j].stride[i + 1]) return false;
  return true;
}

static void remove_axis(struct loop *l, int axis) {
  size_t after = (size_t)(l->rank - axis - 1);
  memmove(&l->extent[axis], &l->extent[axis + 1], after * sizeof l->extent[0]);
  for (int j = 0; j < l->access_count; j++) {
    int64_t *stride = l->accesses[j].stride;
    memmove(&stride[axis], &stride[axis + 1], after * sizeof *stride);
    stride[l->rank - 1] = 0;
  }
  for (int j = 0; j < l->value_count; j++)
    if (l->values[j].kind == VALUE_IOTA && l->values[j].axis > axis) l->values[j].axis--;
  if (l->pass_axis > axis) l->pass_axis--;
  if (l->vector_axis > axis) l->vector_axis--;
  l->rank--;
}

static void join(struct loop *l, int i) {
  l->extent[i + 1].count *= l->extent[i].count;
  l->extent[i + 1].per_example = l->extent[i].per_example;
  remove_axis(l, i);
}

static void join_fixed_axes(struct loop *l) {
  for (int i = l->rank - 2; i >= 0; i--)
    if (!l->extent[i].per_example && can_join(l, i)) join(l, i);
}

/* The batch joins its neighbour, but not the vector axis, whose extent stays fixed. */
static void join_batch(struct loop *l) {
  if (l->rank >= 2 && l->extent[0].per_example && l->vector_axis != 1 && can_join(l, 0)) join(l, 0);
}

/* ---- vector axis ---- */

/* Lanes of one vector must not add to the same place. */
static bool lanes_may_collide(const struct loop *l, int axis) {
  for (int i = 0; i < l->store_count; i++) {
    const struct access *a = &l->accesses[l->stores[i].access];
    if (a->index >= 0 && l->accesses[a->index].stride[axis] != 0) return true;
  }
  return false;
}

static int vector_votes(const struct loop *l, int axis) {
  int votes = 0;
  for (int i = 0; i < l->access_count; i++) votes += l->accesses[i].stride[axis] == 1 && !is_index(l, i);
  return votes;
}

static int choose_vector_axis(const struct loop *l) {
  int best = -1, best_votes = 0;
  for (int i = l->rank - 1; i >= 0; i--) {
    if (l->extent[i].per_example || lanes_may_collide(l, i)) continue;
    int votes = vector_votes(l, i);
    if (best < 0 || votes > best_votes) {
      best = i;
      best_votes = votes;
    }
  }
  return best;
}

/* ---- what is not used ---- */

static void mark_used(const struct loop *l, bool *used) {
  for (int i = 0; i < l->store_count; i++) used[l->stores[i].value] = true;
  for (int i = l->value_count - 1; i >= 0; i--)
    for (int j = 0; used[i] && j < value_arity(&l->values[i]); j++) used[l->values[i].operand[j]] = true;
}

/* Values that other kernels compute again may have no use left here. */
static void drop_unused_values(struct arena *a, struct loop *l) {
  bool *used = arena_new_array(a, bool, (size_t)l->value_count);
  int *number = arena_new_array(a, int, (size_t)l->value_count);
  int count = 0;
  mark_used(l, used);
  for (int i = 0; i < l->value_count; i++) {
    if (!used[i]) continue;
    struct value v = l->values[i];
    for (int j = 0; j < value_arity(&v); j++) v.operand[j] = number[v.operand[j]];
    number[i] = count;
    l->values[count++] = v;
  }
  l->value_count = count;
  for (int i = 0; i < l->store_count; i++) l->stores[i].value = number[l->stores[i].value];
}

static void mark_accesses(const struct loop *l, bool *used) {
  for (int i = 0; i < l->value_count; i++)
    if (l->values[i].kind == VALUE_LOAD) used[l->values[i].access] = true;
  for (int i = 0; i < l->store_count; i++) used[l->stores[i].access] = true;
  for (int i = 0; i < l->access_count; i++)
    if (used[i] && l->accesses[i].index >= 0) used[l->accesses[i].index] = true;
}

static void drop_unused_accesses(struct nest *nest) {
  struct loop *l = &nest->loop;
  bool *used = arena_new_array(nest->planner->arena, bool, (size_t)l->access_count);
  int *number = arena_new_array(nest->planner->arena, int, (size_t)l->access_count);
  int count = 0;
  mark_accesses(l, used);
  for (int i = 0; i < l->access_count; i++) {
    if (!used[i]) continue;
    number[i] = count;
    nest->buffers[count] = nest->buffers[i];
    l->accesses[count++] = l->accesses[i];
  }
  l->access_count = count;
  for (int i = 0; i < count; i++)
    if (l->accesses[i].index >= 0) l->accesses[i].index = number[l->accesses[i].index];
  for (int i = 0; i < l->value_count; i++)
    if (l->values[i].kind == VALUE_LOAD) l->values[i].access = number[l->values[i].access];
  for (int i = 0; i < l->store_count; i++) l->stores[i].access = number[l->stores[i].access];
}

/* ---- passes ---- */

/* A pass axis along which nothing is reduced, and no row is computed, is an axis like any other. */
static void drop_idle_pass_axis(struct loop *l) {
  for (int i = 0; i < l->value_count; i++) {
    const struct value *v = &l->values[i];
    if (v->kind == VALUE_REDUCE || (v->kind == VALUE_MAP && v->is_row)) return;
  }
  l->pass_axis = -1;
  for (int i = 0; i < l->value_count; i++) l->values[i].is_row = false;
}

/* Elements wait for the pass after that of a row; rows are known after their elements' pass. */
static int earliest_pass(const struct loop *l, const struct value *v) {
  int pass = v->is_row ? -1 : 0;
  for (int i = 0; i < value_arity(v); i++) {
    const struct value *x = &l->values[v->operand[i]];
    int ready = x->is_row && !v->is_row ? x->pass + 1 : x->pass;
    if (ready > pass) pass = ready;
  }
  return pass;
}

/* Element values that only later passes use move there. */
static void delay_elements(struct loop *l, int *first_use) {
  for (int i = 0; i < l->value_count; i++) first_use[i] = INT_MAX;
  for (int i = l->value_count - 1; i >= 0; i--) {
    struct value *v = &l->values[i];
    if (!v->is_row && first_use[i] != INT_MAX) v->pass = first_use[i];
    if (v->is_row && v->kind != VALUE_REDUCE) continue;
    for (int j = 0; j < value_arity(v); j++)
      if (v->pass < first_use[v->operand[j]]) first_use[v->operand[j]] = v->pass;
  }
}

static void number_passes(struct arena *a, struct loop *l) {
  for (int i = 0; i < l->value_count; i++) l->values[i].pass = earliest_pass(l, &l->values[i]);
  if (l->pass_axis >= 0) delay_elements(l, arena_new_array(a, int, (size_t)l->value_count));
  l->pass_count = 1;
  for (int i = 0; i < l->value_count; i++)
    if (!l->values[i].is_row && l->values[i].pass >= l->pass_count) l->pass_count = l->values[i].pass + 1;
}

/* ---- in a chain ---- */

/* Axes along which the chain's loops run: one trip leaves a block of rows, or nothing. */
static void leave_to_chain(struct nest *nest, const int8_t *order) {
  struct loop *l = &nest->loop;
  for (int i = l->rank - 1; nest->part && i >= 0; i--) {
    if (chain_loop_of(nest->planner, order[i]) < 0) continue;
    for (int j = 0; j < l->access_count; j++)
      chain_surround(nest->planner, &l->accesses[j], nest->buffers[j], order[i], l->accesses[j].stride[i]);
    if (chain_blocks_axis(nest->planner, order[i]))
      l->extent[i].count = nest->planner->chain->block;
    else
      remove_axis(l, i);
  }
}

void loop_shorten(struct loop *l, int axis, int64_t count) {
  l->extent[axis].count = count;
  l->vector_axis = -1;
  if (count == 1) remove_axis(l, axis);
  join_fixed_axes(l);
  l->vector_axis = choose_vector_axis(l);
}

void nest_finish(struct nest *nest, const int8_t *order) {
  struct loop *l = &nest->loop;
  drop_unused_values(nest->planner->arena, l);
  drop_unused_accesses(nest);
  permute(nest, order);
  l->vector_axis = -1;
  leave_to_chain(nest, order);
  drop_idle_pass_axis(l);
  join_fixed_axes(l);
  l->vector_axis = choose_vector_axis(l);
  join_batch(l);
  number_passes(nest->planner->arena, l);
}

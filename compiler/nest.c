/* plan_nest: a loop group to a fused loop nest. */
#include "chain.h"

#include <string.h>

/* ---- parts of a nest ---- */

static bool same_access(const struct access *a, const struct access *b) {
  return a->offset == b->offset && a->dtype == b->dtype && a->index == b->index &&
         a->index_stride == b->index_stride && a->index_rows == b->index_rows &&
         memcmp(a->stride, b->stride, sizeof a->stride) == 0;
}

static int add_access(struct nest *nest, const struct access *access, struct buffer *buffer) {
  struct arena *a = nest->planner->arena;
  struct loop *loop = &nest->loop;
  for (int i = 0; i < loop->access_count; i++)
    if (nest->buffers[i] == buffer && same_access(&loop->accesses[i], access)) return i;
  arena_push(a, nest->buffers, nest->buffer_count, nest->buffer_capacity, buffer);
  arena_push(a, loop->accesses, loop->access_count, nest->access_capacity, *access);
  return loop->access_count - 1;
}

static struct access make_access(const struct view *v, const int8_t *axis) {
  struct access access = {.space = v->buffer->space,
                          .io = v->buffer->io,
                          .offset = v->offset * dtype_size(v->type.dtype),
                          .dtype = v->type.dtype,
                          .index = -1};
  for (int i = 0; i < v->type.rank; i++)
    if (axis[i] >= 0) access.stride[axis[i]] += v->stride[i];
  return access;
}

int nest_access(struct nest *nest, const struct view *v, const int8_t *axis) {
  struct access access = make_access(v, axis);
  return add_access(nest, &access, v->buffer);
}

/* Rows of v (its axis 0) by index: the index has axes axis[0…lead-1], the rest of a row those that follow. */
static int indexed_access(struct nest *nest, const struct view *v, struct node *index, const int8_t *axis) {
  int lead = index->type.rank;
  struct view index_view = view_of(nest->planner, index);
  int8_t own[GRAPH_MAX_RANK];
  memset(own, -1, sizeof own);
  memcpy(own + 1, axis + lead, (size_t)(v->type.rank - 1));
  struct access access = make_access(v, own);
  access.index = nest_access(nest, &index_view, axis);
  access.index_stride = v->stride[0];
  access.index_rows = v->type.extent[0];
  return add_access(nest, &access, v->buffer);
}

int nest_value(struct nest *nest, struct value value) {
  struct loop *loop = &nest->loop;
  arena_push(nest->planner->arena, loop->values, loop->value_count, nest->value_capacity, value);
  return loop->value_count - 1;
}

void nest_store(struct nest *nest, int value, int access, bool add) {
  struct kernel_store store = {.value = value, .access = access, .add = add};
  arena_push(nest->planner->arena, nest->loop.stores, nest->loop.store_count, nest->store_capacity, store);
}

/* ---- values ---- */

static int find_memo(const struct nest *nest, const struct element *e) {
  for (int i = 0; i < nest->memo_count; i++) {
    const struct element *known = &nest->memos[i].element;
    if (known->node == e->node && memcmp(known->axis, e->axis, sizeof e->axis) == 0) return nest->memos[i].value;
  }
  return -1;
}

static int remember(struct nest *nest, const struct element *e, int value) {
  struct memo memo = {.element = *e, .value = value};
  arena_push(nest->planner->arena, nest->memos, nest->memo_count, nest->memo_capacity, memo);
  return value;
}

static int evaluate(struct nest *nest, struct node *n, const int8_t *axis);

/* With a pass axis, a value that does not run along it belongs to the row. */
static bool is_row(const struct nest *nest, const struct element *e) {
  if (nest->loop.pass_axis < 0) return false;
  for (int i = 0; i < e->node->type.rank; i++)
    if (e->axis[i] == nest->loop.pass_axis) return false;
  return true;
}

static int evaluate_const(struct nest *nest, const struct element *e) {
  return nest_value(nest, (struct value){.kind = VALUE_CONST,
                                         .dtype = e->node->type.dtype,
                                         .is_row = is_row(nest, e),
                                         .constant = e->node->value});
}

static int load(struct nest *nest, int access);

/* An index that a loop of the chain runs over is none of the nest's: it comes from memory. */
static int load_index(struct nest *nest, const struct element *e) {
  struct view v = chain_indices(nest->planner, e->node->type.extent[0]);
  return load(nest, nest_access(nest, &v, e->axis));
}

static int evaluate_iota(struct nest *nest, const struct element *e) {
  if (nest->part && chain_loop_of(nest->planner, e->axis[0]) >= 0) return load_index(nest, e);
  struct value value = {.kind = VALUE_IOTA, .dtype = DTYPE_I32, .is_row = is_row(nest, e), .axis = e->axis[0]};
  if (e->axis[0] < 0) value = (struct value){.kind = VALUE_CONST, .dtype = DTYPE_I32, .is_row = value.is_row};
  return nest_value(nest, value);
}

/* x / row is x * (1 / row): one division for the row. */
static void divide_by_row(struct nest *nest, struct value *quotient) {
  if (!nest->loop.values[quotient->operand[1]].is_row) return;
  struct value one = {.kind = VALUE_CONST, .dtype = quotient->dtype, .is_row = true, .constant = 1};
  struct value inverse = {.kind = VALUE_MAP, .dtype = quotient->dtype, .is_row = true, .scalar = SCALAR_DIV};
  inverse.operand[0] = nest_value(nest, one);
  inverse.operand[1] = quotient->operand[1];
  quotient->operand[1] = nest_value(nest, inverse);
  quotient->scalar = SCALAR_MUL;
}

static int evaluate_map(struct nest *nest, const struct element *e) {
  struct value value = {
      .kind = VALUE_MAP, .dtype = e->node->type.dtype, .is_row = is_row(nest, e), .scalar = e->node->scalar};
  for (int i = 0; i < e->node->arity; i++) value.operand[i] = evaluate(nest, e->node->operand[i], e->axis);
  if (value.scalar == SCALAR_DIV && !value.is_row) divide_by_row(nest, &value);
  return nest_value(nest, value);
}

static bool varies_along_pass(const struct nest *nest, int access) {
  const struct access *a = &nest->loop.accesses[access];
  return a->stride[nest->loop.pass_axis] != 0 || (a->index >= 0 && varies_along_pass(nest, a->index));
}

static int load(struct nest *nest, int access) {
  struct loop *l = &nest->loop;
  for (int i = 0; i < l->value_count; i++)
    if (l->values[i].kind == VALUE_LOAD && l->values[i].access == access) return i;
  return nest_value(nest, (struct value){.kind = VALUE_LOAD,
                                         .dtype = l->accesses[access].dtype,
                                         .is_row = l->pass_axis >= 0 && !varies_along_pass(nest, access),
                                         .access = access});
}

/* A row value as one value for each element. */
static int spread(struct nest *nest, int value) {
  const struct value *v = &nest->loop.values[value];
  if (!v->is_row) return value;
  return nest_value(nest,
                    (struct value){.kind = VALUE_MAP, .dtype = v->dtype, .scalar = SCALAR_CAST, .operand = {value}});
}

static int evaluate_gather(struct nest *nest, const struct element *e) {
  struct view table = view_of(nest->planner, e->node->operand[0]);
  return load(nest, indexed_access(nest, &table, e->node->operand[1], e->axis));
}

static int evaluate_load(struct nest *nest, const struct element *e) {
  struct view v = view_of(nest->planner, e->node);
  return load(nest, nest_access(nest, &v, e->axis));
}

static int evaluate_inline(struct nest *nest, const struct element *e) {
  switch (e->node->op) {
  case OP_CONST: return evaluate_const(nest, e);
  case OP_IOTA: return evaluate_iota(nest, e);
  case OP_GATHER: return evaluate_gather(nest, e);
  default: return evaluate_map(nest, e);
  }
}

static int evaluate_element(struct nest *nest, const struct element *e) {
  int known = find_memo(nest, e);
  if (known >= 0) return known;
  if (is_inline(nest->planner, e->node) || is_recomputed(e->node, nest->group))
    return remember(nest, e, evaluate_inline(nest, e));
  return evaluate_load(nest, e);
}

static int widen(struct nest *nest, int number, enum dtype dtype) {
  const struct value *v = &nest->loop.values[number];
  struct value wide = {.kind = VALUE_MAP, .dtype = dtype, .is_row = v->is_row, .scalar = SCALAR_CAST};
  for (int i = number + 1; i < nest->loop.value_count; i++) {
    const struct value *known = &nest->loop.values[i];
    if (known->kind == VALUE_MAP && known->scalar == SCALAR_CAST && known->operand[0] == number &&
        known->dtype == dtype && known->is_row == v->is_row)
      return i;
  }
  wide.operand[0] = number;
  return nest_value(nest, wide);
}

/* The value of n at the point that the axes name. */
static int evaluate(struct nest *nest, struct node *n, const int8_t *axis) {
  struct element e = resolve(n, axis);
  int value = evaluate_element(nest, &e);
  bool widens = nest->loop.values[value].dtype != n->type.dtype;
  return widens ? widen(nest, value, n->type.dtype) : value;
}

/* ---- members ---- */

static struct element own_element(const struct nest *nest, struct node *n) {
  struct element e = {.node = n};
  memcpy(e.axis, facts_of(nest->planner, n)->axis, sizeof e.axis);
  return e;
}

/* The axes of a reduction's operand: the result's with the pass axis where the reduced one was. */
static int add_reduce(struct nest *nest, struct node *n) {
  const struct type *x = &n->operand[0]->type;
  struct element e = own_element(nest, n);
  int8_t axis[GRAPH_MAX_RANK];
  int from = 0;
  for (int i = 0; i < x->rank; i++) axis[i] = n->reduce.axes >> i & 1 ? (int8_t)nest->loop.pass_axis : e.axis[from++];
  struct value value = {.kind = VALUE_REDUCE, .dtype = n->type.dtype, .is_row = true, .reduction = n->reduce.kind};
  value.operand[0] = spread(nest, evaluate(nest, n->operand[0], axis));
  return remember(nest, &e, nest_value(nest, value));
}

static int add_value(struct nest *nest, struct node *n) {
  if (n->op == OP_REDUCE) return add_reduce(nest, n);
  struct element e = own_element(nest, n);
  if (is_inline(nest->planner, n)) return evaluate(nest, n, e.axis);
  return remember(nest, &e, evaluate_map(nest, &e));
}

static void add_sink(struct nest *nest, struct node *n) {
  struct planner *p = nest->planner;
  struct node *x = n->operand[n->arity - 1];
  const int8_t *axis = facts_of(p, n)->axis;
  int value = evaluate(nest, x, axis);
  struct view v;
  if (n->op == OP_SCATTER) {
    v = place_of(p, n, NULL);
    plan_fill(p, &v);
  } else if (n->op == OP_STORE) {
    v = view_symbol(p, n->symbol, &x->type);
  } else {
    const struct type *type = n->op == OP_ACCUMULATE_ROWS ? &n->symbol->type : &x->type;
    v = view_gradient(p, n->symbol, type);
  }
  bool by_index = n->op == OP_SCATTER || n->op == OP_ACCUMULATE_ROWS;
  bool add = by_index || (n->op == OP_ACCUMULATE && n->symbol->role != ROLE_ROWS);
  int access = by_index ? indexed_access(nest, &v, n->operand[0], axis) : nest_access(nest, &v, axis);
  if (nest->loop.pass_axis >= 0 && varies_along_pass(nest, access)) value = spread(nest, value);
  nest_store(nest, value, access, add);
}

static bool is_sink_member(const struct node *n) { return op_is_sink(n->op) || n->op == OP_SCATTER; }

/* The order of a value's axes that follows the order of the nest's. */
static void order_of_value(const struct facts *f, int rank, const int8_t *nest_order, int nest_rank, int8_t *order) {
  int count = 0;
  for (int k = 0; k < nest_rank; k++)
    for (int i = 0; i < rank; i++)
      if (f->axis[i] == nest_order[k]) order[count++] = (int8_t)i;
  for (int i = rank - 1; i >= 0; i--)
    if (f->axis[i] < 0) order_insert(order, count++, i);
}

static void store_member(struct nest *nest, struct node *n, int value, const int8_t *nest_axes) {
  struct facts *f = facts_of(nest->planner, n);
  int8_t order[GRAPH_MAX_RANK];
  order_of_value(f, n->type.rank, nest_axes, nest->loop.rank, order);
  struct view v = place_of(nest->planner, n, order);
  nest_store(nest, value, nest_access(nest, &v, f->axis), false);
}

static struct nest nest_of_group(struct planner *p, struct group *g) {
  struct nest nest = {.planner = p, .group = g, .part = p->part};
  nest.loop.rank = g->rank;
  nest.loop.pass_axis = g->pass_axis;
  memcpy(nest.extent, g->extent, sizeof nest.extent);
  return nest;
}

void plan_nest(struct planner *p, struct group *g) {
  struct nest nest = nest_of_group(p, g);
  int *values = arena_new_array(p->arena, int, (size_t)g->count);
  for (int i = 0; i < g->count; i++)
    if (!is_sink_member(g->members[i])) values[i] = add_value(&nest, g->members[i]);
  for (int i = 0; i < g->count; i++)
    if (is_sink_member(g->members[i])) add_sink(&nest, g->members[i]);
  int8_t order[KERNEL_MAX_AXES];
  nest_order(&nest, order);
  for (int i = 0; i < g->count; i++) {
    struct node *n = g->members[i];
    if (!is_sink_member(n) && facts_of(p, n)->is_stored) store_member(&nest, n, values[i], order);
  }
  nest_finish(&nest, order);
  if (nest.loop.store_count) plan_push_loop(p, &nest.loop, nest.buffers, nest.part != NULL);
}

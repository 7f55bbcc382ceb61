/* Where values lie.
 *
 * A value is written where a user wants it (a slice of a concat, a tensor of the runtime), else into a buffer of its
 * own, whose axis order is that which a later merge of axes demands, else that which suits its kernel.  Views of it
 * cost nothing, except a reshape that strides cannot express: that copies once. */
#include "chain.h"

#include <string.h>

/* ---- buffers ---- */

/* In the arena; elements: of an example. */
static struct buffer *buffer_new(struct planner *p, const struct type *type, int64_t elements) {
  struct buffer *b = arena_new_object(p->arena, struct buffer);
  int64_t examples = type_is_batched(type) ? p->shared->tile : 1;
  *b = (struct buffer){
      .space = SPACE_ARENA, .bytes = elements * dtype_size(type->dtype) * examples, .first = INT32_MAX, .last = -1};
  arena_push(p->arena, p->buffers, p->buffer_count, p->buffer_capacity, b);
  return b;
}

struct buffer *local_buffer(struct planner *p, int64_t bytes) {
  struct buffer *b = arena_new_object(p->arena, struct buffer);
  *b = (struct buffer){.space = SPACE_LOCAL, .bytes = bytes, .is_local = true, .first = INT32_MAX, .last = -1};
  arena_push(p->arena, p->buffers, p->buffer_count, p->buffer_capacity, b);
  return b;
}

struct view view_new(struct planner *p, const struct type *type, const int8_t *order) {
  return view_dense(buffer_new(p, type, type_elements(type)), type, order);
}

/* Elements between the ends of rows of so many and the next row.  Rows that lie a large power of two apart share few
 * places of the caches: what goes down a column would find none of it there again. */
static int64_t row_padding(int64_t row, enum dtype dtype) {
  enum { LINE = 64, ALIAS = 8 * LINE };
  int64_t bytes = row * dtype_size(dtype);
  return bytes % ALIAS == 0 ? LINE / dtype_size(dtype) : 0;
}

/* The outermost axis, but for the batch, and those of extent 1; -1: none within it. */
static int row_axis(const struct type *type, const int8_t *order) {
  int row = -1;
  for (int i = type->rank - 1; i >= 0; i--) {
    int axis = order ? order[i] : i;
    if (type->extent[axis] != 1 && type->extent[axis] != EXTENT_BATCH) row = axis;
  }
  return row;
}

/* Views of a value that is given a place show it where it lies, or else are copies. */
static bool views_show(const struct planner *p, const struct node *n, const struct view *v) {
  const struct facts *f = facts_of(p, n);
  for (int i = 0; i < f->user_count; i++) {
    struct view shown;
    if (!op_is_view(f->users[i]->op)) continue;
    if (!view_forward(f->users[i], v, &shown) || !views_show(p, f->users[i], &shown)) return false;
  }
  return true;
}

/* In a buffer of its own, with padded rows where that needs no copies. */
static struct view view_padded(struct planner *p, const struct node *n, const int8_t *order) {
  const struct type *type = &n->type;
  struct view v = view_dense(NULL, type, order);
  int row = row_axis(type, order);
  int64_t padding = row < 0 || v.stride[row] == 1 ? 0 : row_padding(v.stride[row], type->dtype);
  int64_t elements = type_elements(type);
  if (padding == 0) return view_new(p, type, order);
  elements += type->extent[row] * padding;
  v.stride[row] += padding;
  for (int i = 0; i < type->rank; i++)
    if (type->extent[i] == EXTENT_BATCH) v.stride[i] = elements;
  if (!views_show(p, n, &v)) return view_new(p, type, order);
  v.buffer = buffer_new(p, type, elements);
  return v;
}

static int weight_number(const struct program *program, const struct symbol *symbol) {
  for (int i = 0; i < program->weight_count; i++)
    if (program->weights[i]->symbol == symbol) return i;
  arena_fail(program->arena, GUARD_BUG, "the program has no weight '%s'", symbol->name);
}

static struct buffer *buffer_of_symbol(const struct shared *s, const struct symbol *symbol) {
  for (int i = 0; i < s->value_count; i++)
    if (s->values[i].symbol == symbol) return s->values[i].buffer;
  if (symbol->role == ROLE_PARAM || symbol->role == ROLE_BUFFER) return s->weights[weight_number(s->program, symbol)];
  return s->tensors[program_tensor(s->program, symbol)];
}

struct view view_symbol(struct planner *p, const struct symbol *symbol, const struct type *type) {
  return view_dense(buffer_of_symbol(p->shared, symbol), type, NULL);
}

struct view view_gradient(struct planner *p, const struct symbol *symbol, const struct type *type) {
  const struct shared *s = p->shared;
  struct buffer *b = symbol->role == ROLE_ROWS
                         ? s->tensors[s->program->tensors[program_tensor(s->program, symbol)].gradient]
                         : s->gradients[weight_number(s->program, symbol)];
  return view_dense(b, type, NULL);
}

/* ---- the order that users want ---- */

/* Does a reshape join axes that need not be neighbours in memory?  Tried on axes that are none. */
static bool joins_axes(const struct node *n) {
  struct view apart = {.type = n->operand[0]->type}, result;
  for (int i = 0; i < apart.type.rank; i++) apart.stride[i] = i + 1;
  return !view_forward(n, &apart, &result);
}

/* The order for the operand of a reshape that only adds or drops extents of 1. */
static void order_through_reshape(struct node *n, const int8_t *order, int8_t *operand_order) {
  const struct type *x = &n->operand[0]->type;
  struct view numbered = {.type = *x}, renamed;
  for (int i = 0; i < x->rank; i++) numbered.stride[i] = i + 1;
  view_forward(n, &numbered, &renamed);
  int count = 0;
  for (int i = 0; i < n->type.rank; i++)
    if (n->type.extent[order[i]] != 1) operand_order[count++] = (int8_t)(renamed.stride[order[i]] - 1);
  for (int i = x->rank - 1; i >= 0; i--)
    if (x->extent[i] == 1) order_insert(operand_order, count++, i);
}

static bool identity_order(int8_t *order, int rank) {
  for (int i = 0; i < rank; i++) order[i] = (int8_t)i;
  return true;
}

/* A chain goes through one head after the other: rows of one head, which lie together, are fetched ahead by the
 * machine. */
static bool order_for_chain(const struct planner *p, const struct node *u, const struct node *operand,
                            int8_t *order) {
  const struct group *g = group_of(p, u);
  if (!g || g->kind != GROUP_CHAIN) return false;
  const int8_t *labels = u->operand[0] == operand ? u->contract.left : u->contract.right;
  int count = 0;
  for (int outer = 1; outer >= 0; outer--)
    for (int i = 0; i < operand->type.rank; i++) {
      bool is_outer = operand->type.extent[i] == EXTENT_BATCH || contract_is_outer(u, labels[i]);
      if (is_outer == outer) order[count++] = (int8_t)i;
    }
  return true;
}

/* The order in which user u wants the axes of its operand. */
static bool order_for_user(const struct planner *p, struct node *u, const struct node *operand, int8_t *order) {
  int8_t users_order[GRAPH_MAX_RANK];
  int rank = operand->type.rank;
  switch (u->op) {
  case OP_TRANSPOSE:
    if (!demanded_order(p, u, users_order)) return false;
    for (int i = 0; i < rank; i++) order[i] = u->axes[users_order[i]];
    return true;
  case OP_RESHAPE:
    if (joins_axes(u)) return identity_order(order, rank);
    if (resolve_own(u).node == u || !demanded_order(p, u, users_order)) return false;
    order_through_reshape(u, users_order, order);
    return true;
  case OP_CONCAT:
  case OP_PAD: return demanded_order(p, u, order);
  case OP_STORE:
  case OP_REPEAT: return identity_order(order, rank);
  case OP_CONTRACT: return order_for_chain(p, u, operand, order);
  default: return false;
  }
}

bool demanded_order(const struct planner *p, const struct node *n, int8_t *order) {
  const struct facts *f = facts_of(p, n);
  for (int i = 0; i < f->user_count; i++)
    if (order_for_user(p, f->users[i], n, order)) return true;
  return false;
}

/* ---- places ---- */

static int64_t part_offset(const struct node *concat, int part) {
  int64_t from = 0;
  for (int i = 0; i < part; i++) from += concat->operand[i]->type.extent[concat->range.axis];
  return from;
}

/* Where operand `part` of a concat or pad lies in its result. */
static struct view part_of(const struct node *n, const struct view *whole, int part) {
  int64_t from = n->op == OP_PAD ? n->range.from : part_offset(n, part);
  int64_t step = n->op == OP_PAD ? n->range.step : 1;
  return view_slice(whole, n->range.axis, from, step, &n->operand[part]->type);
}

static bool place_in_user(struct planner *p, struct node *n, struct node *u, const int8_t *order, struct view *v);

static bool place_in_users(struct planner *p, struct node *n, const int8_t *order, struct view *v) {
  const struct facts *f = facts_of(p, n);
  for (int i = 0; i < f->user_count; i++)
    if (facts_of(p, f->users[i])->region == f->region && place_in_user(p, n, f->users[i], order, v)) return true;
  return false;
}

static bool place_in_whole(struct planner *p, struct node *n, struct node *u, const int8_t *order, struct view *v) {
  int part = 0;
  while (u->operand[part] != n) part++;
  struct view whole = place_of(p, u, order);
  *v = part_of(u, &whole, part);
  return true;
}

static bool place_behind_view(struct planner *p, struct node *u, const int8_t *order, struct view *v) {
  struct view result;
  return place_in_users(p, u, order, &result) && view_backward(u, &result, v);
}

/* A place for n in what user u makes of it, if u is built of copies. */
static bool place_in_user(struct planner *p, struct node *n, struct node *u, const int8_t *order, struct view *v) {
  int8_t users_order[GRAPH_MAX_RANK];
  switch (u->op) {
  case OP_CONCAT:
  case OP_PAD: return place_in_whole(p, n, u, order, v);
  case OP_RESHAPE: return place_behind_view(p, u, NULL, v);
  case OP_TRANSPOSE:
    for (int i = 0; order && i < n->type.rank; i++)
      for (int j = 0; j < n->type.rank; j++)
        if (u->axes[j] == order[i]) users_order[i] = (int8_t)j;
    return place_behind_view(p, u, order ? users_order : NULL, v);
  case OP_STORE: *v = view_symbol(p, u->symbol, &n->type); return u->symbol->role == ROLE_OUTPUT;
  default: return false;
  }
}

struct view place_of(struct planner *p, struct node *n, const int8_t *order) {
  struct facts *f = facts_of(p, n);
  if (f->has_view) return f->view;
  int8_t demanded[GRAPH_MAX_RANK];
  if (demanded_order(p, n, demanded)) order = demanded;
  if (!place_in_users(p, n, order, &f->view)) f->view = view_padded(p, n, order);
  f->has_view = true;
  if (n->op == OP_PAD) plan_fill(p, &f->view);
  return f->view;
}

/* ---- views ---- */

static struct view view_of_copy(struct planner *p, const struct view *v) {
  struct view copy = view_new(p, &v->type, NULL);
  plan_copy(p, v, &copy, false);
  return copy;
}

static struct view view_of_view(struct planner *p, struct node *n) {
  struct view operand = view_of(p, n->operand[0]), v;
  if (view_forward(n, &operand, &v)) return v;
  operand = view_of_copy(p, &operand);
  view_forward(n, &operand, &v);
  return v;
}

static struct view find_view(struct planner *p, struct node *n) {
  if (op_is_view(n->op)) return view_of_view(p, n);
  if (n->op == OP_LEAF) return view_symbol(p, n->symbol, &n->type);
  if (n->op == OP_RESULT) return view_of(p, n->operand[0]->repeat.body->carries[n->index]);
  arena_fail(p->arena, GUARD_BUG, "graph %s: %%%d %s has no place", p->graph->name, n->id, op_text(n->op));
}

struct view view_of(struct planner *p, struct node *n) {
  struct facts *f = facts_of(p, n);
  if (!f->has_view) f->view = find_view(p, n);
  f->has_view = true;
  return f->view;
}

/* ---- concat and pad ---- */

/* The parts that could not be written in place. */
static void plan_assemble(struct planner *p, struct node *n) {
  struct view whole = place_of(p, n, NULL);
  for (int i = 0; i < n->arity; i++) {
    struct view to = part_of(n, &whole, i), from = view_of(p, n->operand[i]);
    if (!view_same_place(&from, &to)) plan_copy(p, &from, &to, false);
  }
}

/* ---- repeats ---- */

/* Values that lie where another value is about to be written move away first. */
static void save_from_overwriting(struct planner *p, struct view *from, const struct view *to, int count) {
  for (int i = 0; i < count; i++)
    for (int j = 0; j < count; j++)
      if (from[i].buffer == to[j].buffer && !view_same_place(&from[j], &to[j])) {
        from[i] = view_of_copy(p, &from[i]);
        break;
      }
}

/* All at once: to[i] = from[i]. */
static void copy_all(struct planner *p, struct view *from, const struct view *to, int count) {
  save_from_overwriting(p, from, to, count);
  for (int i = 0; i < count; i++)
    if (!view_same_place(&from[i], &to[i])) plan_copy(p, &from[i], &to[i], false);
}

static void copy_results(struct planner *p, const struct region *body) {
  size_t count = (size_t)body->carry_count;
  struct view *from = arena_new_array(p->arena, struct view, count),
              *to = arena_new_array(p->arena, struct view, count);
  for (int i = 0; i < body->carry_count; i++) {
    from[i] = view_of(p, body->results[i]);
    to[i] = view_of(p, body->carries[i]);
  }
  copy_all(p, from, to, body->carry_count);
}

static void plan_repeat(struct planner *p, struct node *n) {
  struct region *body = n->repeat.body;
  for (int i = 0; i < n->arity; i++) {
    struct view from = view_of(p, n->operand[i]), to = view_of(p, body->carries[i]);
    plan_copy(p, &from, &to, false);
  }
  struct step_list outer = *p->steps, inner = {0};
  struct step_range range = {.first = p->step_number};
  *p->steps = inner;
  plan_region(p, body);
  copy_results(p, body);
  inner = *p->steps;
  *p->steps = outer;
  struct step step = {.kind = STEP_REPEAT, .repeat = {n->repeat.trips, inner.steps, inner.count}};
  arena_push(p->arena, p->steps->steps, p->steps->count, p->steps->capacity, step);
  range.last = p->step_number - 1;
  arena_push(p->arena, p->repeats, p->repeat_count, p->repeat_capacity, range);
}

/* ---- the walk ---- */

void plan_region(struct planner *p, struct region *r) {
  int count;
  struct group **order = group_schedule(p, r, &count);
  for (int i = 0; i < count; i++) {
    struct group *g = order[i];
    struct node *main = g->members[g->count - 1];
    p->origin = main->origin;
    switch (g->kind) {
    case GROUP_LOOP: plan_nest(p, g); break;
    case GROUP_CONTRACT: plan_contraction(p, main); break;
    case GROUP_ASSEMBLE: plan_assemble(p, main); break;
    case GROUP_REPEAT: plan_repeat(p, main); break;
    case GROUP_CHAIN: plan_chain(p, g); break;
    }
  }
}

/* Every source is read before a state that it may lie in is overwritten. */
void plan_late_stores(struct planner *p) {
  size_t count = (size_t)p->late_count;
  struct view *from = arena_new_array(p->arena, struct view, count),
              *to = arena_new_array(p->arena, struct view, count);
  for (int i = 0; i < p->late_count; i++) {
    const struct node *sink = p->late_stores[i];
    from[i] = view_of(p, sink->operand[0]);
    to[i] = view_symbol(p, sink->symbol, &sink->operand[0]->type);
  }
  copy_all(p, from, to, p->late_count);
}

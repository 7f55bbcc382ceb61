/* Facts about nodes, and the way through views to what they show; see planner.h. */
#include "planner.h"

#include <string.h>

/* Recomputing more than this in each kernel costs more than loading. */
enum { MAX_CHEAP_OPERATORS = 4 };

bool op_is_view(enum op op) {
  return op == OP_RESHAPE || op == OP_TRANSPOSE || op == OP_SLICE || op == OP_BROADCAST || op == OP_DETACH;
}

bool is_cheap(const struct facts *facts, const struct node *n) { return facts[n->id].cheapness > 0; }

bool is_widening(const struct node *n) {
  if (n->op != OP_MAP || n->scalar != SCALAR_CAST || !dtype_is_bf16(n->operand[0]->type.dtype)) return false;
  return n->type.dtype == DTYPE_F32 || n->type.dtype == DTYPE_ROUNDED;
}

struct node *storage_of(struct node *n) {
  while (op_is_view(n->op)) n = n->operand[0];
  return n;
}

/* ---- what a node reads ---- */

int first_element_operand(const struct node *n) {
  if (n->op == OP_GATHER) return 2;
  return n->op == OP_SCATTER || n->op == OP_ACCUMULATE_ROWS ? 1 : 0;
}

const struct type *space_of(const struct node *n) {
  if (n->op == OP_REDUCE || n->op == OP_SCATTER || op_is_sink(n->op)) return &n->operand[n->arity - 1]->type;
  return &n->type;
}

int reduced_axis(const struct node *n) { return n->op == OP_REDUCE ? __builtin_ctz(n->reduce.axes) : -1; }

/* ---- resolve ---- */

static bool step_transpose(const struct node *n, const int8_t *axis, int8_t *operand_axis) {
  for (int i = 0; i < n->type.rank; i++) operand_axis[n->axes[i]] = axis[i];
  return true;
}

static bool step_broadcast(const struct node *n, const int8_t *axis, int8_t *operand_axis) {
  for (int i = 0; i < n->operand[0]->type.rank; i++) operand_axis[i] = axis[n->axes[i]];
  return true;
}

static bool step_detach(const struct node *n, const int8_t *axis, int8_t *operand_axis) {
  memcpy(operand_axis, axis, (size_t)n->type.rank);
  return true;
}

/* Only extents of 1 come or go. */
static bool step_reshape(const struct node *n, const int8_t *axis, int8_t *operand_axis) {
  const struct type *to = &n->type, *from = &n->operand[0]->type;
  int i = 0;
  for (int j = 0; j < from->rank; j++) {
    operand_axis[j] = -1;
    if (from->extent[j] == 1) continue;
    while (i < to->rank && to->extent[i] == 1) i++;
    if (i == to->rank || to->extent[i] != from->extent[j]) return false;
    operand_axis[j] = axis[i++];
  }
  return true;
}

static bool step_map(const struct node *n, const int8_t *axis, int8_t *operand_axis) {
  return is_widening(n) && step_detach(n, axis, operand_axis);
}

struct element resolve(struct node *n, const int8_t *axis) {
  static bool (*const table[OP_COUNT])(const struct node *, const int8_t *, int8_t *) = {
      [OP_TRANSPOSE] = step_transpose,
      [OP_BROADCAST] = step_broadcast,
      [OP_DETACH] = step_detach,
      [OP_RESHAPE] = step_reshape,
      [OP_MAP] = step_map,
  };
  struct element e = {.node = n};
  memset(e.axis, -1, sizeof e.axis);
  memcpy(e.axis, axis, (size_t)n->type.rank);
  while (table[e.node->op]) {
    int8_t operand_axis[GRAPH_MAX_RANK];
    memset(operand_axis, -1, sizeof operand_axis);
    if (!table[e.node->op](e.node, e.axis, operand_axis)) break;
    e.node = e.node->operand[0];
    memcpy(e.axis, operand_axis, sizeof e.axis);
  }
  for (int i = 0; i < e.node->type.rank; i++)
    if (e.node->type.extent[i] == 1) e.axis[i] = -1;
  return e;
}

struct element resolve_own(struct node *n) {
  static const int8_t own[GRAPH_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
  return resolve(n, own);
}

/* ---- facts ---- */

static bool scalar_is_simple(enum scalar_op op) {
  switch (op) {
  case SCALAR_NEG:
  case SCALAR_ABS:
  case SCALAR_FLOOR:
  case SCALAR_CAST:
  case SCALAR_ADD:
  case SCALAR_SUB:
  case SCALAR_MUL:
  case SCALAR_MAX:
  case SCALAR_MIN:
  case SCALAR_EQ:
  case SCALAR_NE:
  case SCALAR_LT:
  case SCALAR_LE:
  case SCALAR_SELECT: return true;
  default: return false;
  }
}

static int cheapness(const struct facts *facts, const struct node *n) {
  if (n->op == OP_CONST || n->op == OP_IOTA) return 1;
  if (n->op != OP_MAP || !scalar_is_simple(n->scalar)) return 0;
  int operators = 1;
  for (int i = 0; i < n->arity; i++) {
    int operand = facts[resolve_own(n->operand[i]).node->id].cheapness;
    if (operand == 0) return 0;
    operators += operand - 1;
  }
  return operators <= MAX_CHEAP_OPERATORS ? 1 + operators : 0;
}

static void add_user(struct arena *a, struct facts *f, struct node *user) {
  arena_push(a, f->users, f->user_count, f->user_capacity, user);
}

static void analyse_region(struct arena *a, struct facts *facts, struct region *r) {
  for (int i = 0; i < r->carry_count; i++) facts[r->carries[i]->id].region = r;
  for (int i = 0; i < r->count; i++) {
    struct node *n = r->nodes[i];
    facts[n->id].region = r;
    facts[n->id].cheapness = cheapness(facts, n);
    for (int j = 0; j < n->arity; j++) add_user(a, &facts[n->operand[j]->id], n);
    if (n->op != OP_REPEAT) continue;
    analyse_region(a, facts, n->repeat.body);
    for (int j = 0; j < n->arity; j++) add_user(a, &facts[n->repeat.body->results[j]->id], n);
  }
}

struct facts *analyse(struct arena *a, const struct graph *g) {
  struct facts *facts = arena_new_array(a, struct facts, (size_t)g->next_id + 1);
  analyse_region(a, facts, g->top);
  return facts;
}

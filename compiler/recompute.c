/* pass_recompute: what attention makes of its scores is computed again where the gradient needs it.
 *
 * A contraction that keeps one axis of each operand (scores) makes a value that is larger than what it is made of; so
 * are the elementwise operators and reductions that follow.  Were they kept for the backward pass, they would go
 * through memory, and need it for every pair of positions; made anew from the operands, which are there, they cost a
 * contraction and stay in the cache (planner: chains). */
#include "passes.h"

#include "rebuild.h"

#include <string.h>

struct recompute {
  struct rebuild r;
  const struct graph *g;
  int *family;        /* by id: the contraction, by its id, that the node follows from without another one; 0: none */
  int *spent;         /* by id of such a contraction: the first contraction that uses its family, 0: none */
  struct node **late; /* by id: the copy for late users */
  uint64_t *after;    /* scratch: whether a node depends on the one in question */
};

/* ---- families ---- */

static bool has_label(const int8_t *labels, int rank, int label) {
  for (int i = 0; i < rank; i++)
    if (labels[i] == label) return true;
  return false;
}

/* One axis of the result from each operand alone, all others from both. */
static bool makes_scores(const struct node *n) {
  int own[2] = {0, 0};
  if (!type_is_batched(&n->operand[0]->type) || !type_is_batched(&n->operand[1]->type)) return false;
  for (int i = 0; i < n->type.rank; i++) {
    int label = n->contract.result[i];
    bool left = has_label(n->contract.left, n->operand[0]->type.rank, label);
    bool right = has_label(n->contract.right, n->operand[1]->type.rank, label);
    if (n->type.extent[i] == 1 || (left && right)) continue;
    if (n->type.extent[i] == EXTENT_BATCH) return false;
    own[right]++;
  }
  return own[0] == 1 && own[1] == 1 && type_is_batched(&n->type);
}

static bool is_view(const struct node *n) {
  return n->op == OP_BROADCAST || n->op == OP_TRANSPOSE || n->op == OP_DETACH || n->op == OP_RESHAPE;
}

/* Views aside: what an operand shows. */
static const struct node *shown(const struct node *n) {
  while (is_view(n)) n = n->operand[0];
  return n;
}

/* What mixes with weights uses scores up and makes none. */
static bool uses_family(const struct recompute *c, const struct node *n) {
  return c->family[n->operand[0]->id] || c->family[n->operand[1]->id];
}

/* The family that n follows from, if everything else that it uses is no larger than rows. */
static int family_of(const struct recompute *c, const struct node *n) {
  int family = 0;
  if (n->op == OP_CONTRACT) return makes_scores(n) && !uses_family(c, n) ? n->id : 0;
  if (n->op != OP_MAP && n->op != OP_REDUCE && !is_view(n)) return 0;
  for (int i = 0; i < n->arity; i++) {
    int of = c->family[n->operand[i]->id];
    if (of && family && of != family) return 0;
    if (of) family = of;
  }
  for (int i = 0; family && i < n->arity; i++)
    if (!c->family[n->operand[i]->id] && type_elements(&shown(n->operand[i])->type) >= type_elements(&n->type) &&
        type_is_batched(&shown(n->operand[i])->type))
      return 0;
  return family;
}

static void find_families(struct recompute *c) {
  for (int i = 0; i < c->g->top->count; i++) {
    const struct node *n = c->g->top->nodes[i];
    c->family[n->id] = family_of(c, n);
    for (int k = 0; n->op == OP_CONTRACT && k < n->arity; k++) {
      int used = c->family[n->operand[k]->id];
      if (used && !c->spent[used]) c->spent[used] = n->id;
    }
  }
}

/* ---- late users ---- */

/* after[id]: the set of spent families, by number modulo 64, whose first contraction comes before the node.  Families
 * are few at a time, so two that share a bit are far apart; a wrong bit would only recompute more. */
static uint64_t bit_of(int family) { return UINT64_C(1) << (family % 64); }

static void find_order(struct recompute *c) {
  for (int i = 0; i < c->g->top->count; i++) {
    const struct node *n = c->g->top->nodes[i];
    for (int k = 0; k < n->arity; k++) c->after[n->id] |= c->after[n->operand[k]->id];
    for (int k = 0; n->op == OP_CONTRACT && k < n->arity; k++) {
      int used = c->family[n->operand[k]->id];
      if (used && c->spent[used] == n->id) c->after[n->id] |= bit_of(used);
    }
  }
}

/* Does n use its operand number k, of a family, after that was spent? */
static bool is_late(const struct recompute *c, const struct node *n, int k) {
  int family = c->family[n->operand[k]->id];
  if (!family || c->family[n->id] == family || c->spent[family] == n->id) return false;
  for (int i = 0; i < n->arity; i++)
    if (c->after[n->operand[i]->id] & bit_of(family)) return true;
  return false;
}

/* The copy of a node of a family for late users. */
static struct node *copy_late(struct recompute *c, const struct node *n) {
  if (c->late[n->id]) return c->late[n->id];
  struct node **operands = arena_new_array(c->g->arena, struct node *, (size_t)n->arity + 1);
  for (int i = 0; i < n->arity; i++) {
    bool inside = c->family[n->operand[i]->id] && n->id != c->family[n->id];
    operands[i] = inside ? copy_late(c, n->operand[i]) : rebuild_find(&c->r, n->operand[i]);
  }
  c->r.to->origin = n->origin;
  return c->late[n->id] = graph_copy_node(c->r.to, n, operands);
}

static void rebuild_user(struct recompute *c, const struct node *n) {
  struct node **operands = rebuild_operands(&c->r, n);
  for (int k = 0; k < n->arity; k++)
    if (is_late(c, n, k)) operands[k] = copy_late(c, n->operand[k]);
  c->r.to->origin = n->origin;
  c->r.map[n->id] = graph_copy_node(c->r.to, n, operands);
}

/* ---- what lost its last user ---- */

static void need_operands(const struct node *n, bool *needed) {
  for (int i = 0; i < n->arity; i++) needed[n->operand[i]->id] = true;
  for (int i = 0; n->op == OP_REPEAT && i < n->repeat.body->count; i++)
    need_operands(n->repeat.body->nodes[i], needed);
  for (int i = 0; n->op == OP_REPEAT && i < n->arity; i++) needed[n->repeat.body->results[i]->id] = true;
}

static void drop_unused(struct graph *g) {
  bool *needed = arena_new_array(g->arena, bool, (size_t)g->next_id + 1);
  struct region *top = g->top;
  int kept = top->count;
  for (int i = top->count - 1; i >= 0; i--) {
    struct node *n = top->nodes[i];
    if (!needed[n->id] && !op_is_sink(n->op)) continue;
    need_operands(n, needed);
    top->nodes[--kept] = n;
  }
  memmove(top->nodes, top->nodes + kept, (size_t)(top->count - kept) * sizeof(struct node *));
  top->count -= kept;
}

struct graph *pass_recompute(const struct graph *g) {
  size_t ids = (size_t)g->next_id + 1;
  struct recompute c = {.r = rebuild_new(g), .g = g};
  c.family = arena_new_array(g->arena, int, ids);
  c.spent = arena_new_array(g->arena, int, ids);
  c.late = arena_new_array(g->arena, struct node *, ids);
  c.after = arena_new_array(g->arena, uint64_t, ids);
  find_families(&c);
  find_order(&c);
  for (int i = 0; i < g->top->count; i++) {
    const struct node *n = g->top->nodes[i];
    if (n->op == OP_REPEAT)
      rebuild_node(&c.r, n);
    else
      rebuild_user(&c, n);
  }
  drop_unused(c.r.to);
  return c.r.to;
}

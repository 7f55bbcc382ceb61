/* pass_precision: bfloat16 activations (hrmc --precision=bf16).
 *
 * What is a matrix for one example is an activation: it is held in bf16 where it is an operand of a product of
 * matrices, is carried by a repeat or crosses into one, comes out of a product with a weight (a linear layer, or the
 * gradient that flows back through one), or is a sum of such (a residual).  Products of matrices take bf16 operands,
 * weights rounded on use, and sum in f32.  All that lies between is computed in f32 from the held values: norms,
 * softmax and losses, what is a vector or scalar for each example (the halting head), weights and their gradients. An
 * output of the model that is itself such a product (the logits) is not rounded at all.
 *
 * Requires: pass_grad, so that gradients follow the same rule.  Provides: no product of matrices takes two f32
 * operands of which one is an activation. */
#include "passes.h"
#include "rebuild.h"

#include <string.h>

/* A node of the new graph, and the region in which it may be used. */
struct made {
  struct node *node;
  const struct region *region;
};

struct precision {
  const struct graph *from;
  struct graph *to;
  /* all by id in the old graph */
  const struct region **region; /* where a node stands */
  bool *is_held;                /* in bf16 */
  bool *is_output;              /* a contraction whose result is stored as an output */
  struct made *held, *wide;     /* the value in bf16; as it is computed with */
};

/* ---- what is what ---- */

static bool is_view(enum op op) {
  return op == OP_RESHAPE || op == OP_TRANSPOSE || op == OP_SLICE || op == OP_BROADCAST || op == OP_DETACH ||
         op == OP_BARRIER;
}

static bool is_activation(const struct node *n) {
  return n->type.dtype == DTYPE_F32 && type_is_batched(&n->type) && n->type.rank > 2;
}

static bool has_label(const int8_t *labels, int rank, int8_t label) {
  return memchr(labels, label, (size_t)rank) != NULL;
}

/* Has operand `side` a label, of more than one element and not the batch, that is (not) in the other and the result?
 */
static bool has_label_in(const struct node *n, int side, bool in_other, bool in_result) {
  const struct type *x = &n->operand[side]->type, *other = &n->operand[1 - side]->type;
  const int8_t *mine = side == 0 ? n->contract.left : n->contract.right;
  const int8_t *theirs = side == 0 ? n->contract.right : n->contract.left;
  for (int i = 0; i < x->rank; i++)
    if (x->extent[i] > 1 && has_label(theirs, other->rank, mine[i]) == in_other &&
        has_label(n->contract.result, n->type.rank, mine[i]) == in_result)
      return true;
  return false;
}

/* A product of matrices for one example: rows, columns and a sum. */
static bool is_product(const struct node *n) {
  if (n->op != OP_CONTRACT || n->type.dtype != DTYPE_F32) return false;
  if (!is_activation(n->operand[0]) && !is_activation(n->operand[1])) return false;
  return has_label_in(n, 0, false, true) && has_label_in(n, 1, false, true) && has_label_in(n, 0, true, false);
}

static bool is_linear(const struct node *n) {
  return is_product(n) && is_activation(n) && (!is_activation(n->operand[0]) || !is_activation(n->operand[1]));
}

static bool is_cast(const struct node *n, enum dtype from, enum dtype to) {
  return n->op == OP_MAP && n->scalar == SCALAR_CAST && n->operand[0]->type.dtype == from && n->type.dtype == to;
}

static bool shows_operands(const struct node *n) { return is_view(n->op) || n->op == OP_CONCAT || n->op == OP_PAD; }

/* ---- which values are held in bf16 ---- */

/* What a view shows. */
static const struct node *base_of(const struct node *n) {
  while (is_view(n->op)) n = n->operand[0];
  return n;
}

/* Views and assemblies of a held value show held values. */
static void hold(struct precision *p, const struct node *n) {
  if (!is_activation(n) || p->is_held[n->id]) return;
  p->is_held[n->id] = true;
  for (int i = 0; i < n->arity && shows_operands(n); i++) hold(p, n->operand[i]);
}

/* The same unless n is a vector or a constant repeated. */
static void hold_computed(struct precision *p, const struct node *n) {
  if (is_activation(base_of(n))) hold(p, n);
}

static void hold_carries(struct precision *p, const struct node *repeat) {
  const struct region *body = repeat->repeat.body;
  for (int i = 0; i < repeat->arity; i++) {
    hold(p, repeat->operand[i]);
    hold(p, body->carries[i]);
    hold(p, body->results[i]);
  }
}

static void note_output(struct precision *p, const struct node *store) {
  if (store->symbol->role == ROLE_OUTPUT) p->is_output[base_of(store->operand[0])->id] = true;
}

static void note_region(struct precision *p, const struct region *r) {
  for (int i = 0; i < r->carry_count; i++) p->region[r->carries[i]->id] = r;
  for (int i = 0; i < r->count; i++) {
    p->region[r->nodes[i]->id] = r;
    if (r->nodes[i]->op == OP_STORE) note_output(p, r->nodes[i]);
    if (r->nodes[i]->op == OP_REPEAT) note_region(p, r->nodes[i]->repeat.body);
  }
}

static void hold_demanded(struct precision *p, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    for (int j = 0; j < n->arity; j++) {
      if (is_product(n) || is_cast(n, DTYPE_F32, DTYPE_BF16)) hold(p, n->operand[j]);
      if (p->region[n->operand[j]->id] != r) hold_computed(p, n->operand[j]);
    }
    if (is_cast(n, DTYPE_BF16, DTYPE_F32) || n->op == OP_RESULT) hold(p, n);
    if (is_linear(n) && !p->is_output[n->id]) hold(p, n);
    if (n->op != OP_REPEAT) continue;
    hold_carries(p, n);
    hold_demanded(p, n->repeat.body);
  }
}

static bool is_sum(const struct node *n) {
  return n->op == OP_MAP && (n->scalar == SCALAR_ADD || n->scalar == SCALAR_SUB);
}

static int held_operands(const struct precision *p, const struct node *n) {
  int count = 0;
  for (int i = 0; i < n->arity; i++) count += p->is_held[n->operand[i]->id];
  return count;
}

/* What shows held values is held; so is a sum with one, and what it is added to.  Says whether anything changed. */
static bool hold_what_follows(struct precision *p, const struct region *r) {
  bool changed = false;
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    int count = held_operands(p, n);
    bool follows = is_sum(n) ? count > 0 && is_activation(n) : shows_operands(n) && count == n->arity;
    if (follows && (!p->is_held[n->id] || (is_sum(n) && count < n->arity))) {
      changed |= !p->is_held[n->id];
      p->is_held[n->id] = true;
      for (int j = 0; j < n->arity; j++) hold_computed(p, n->operand[j]);
      changed |= held_operands(p, n) > count;
    }
    if (n->op == OP_REPEAT) changed |= hold_what_follows(p, n->repeat.body);
  }
  return changed;
}

/* ---- the new graph ---- */

static struct node *visible(const struct precision *p, const struct made *m) {
  const struct region *r = p->to->cursor;
  while (r && r != m->region) r = r->parent;
  return r ? m->node : NULL;
}

static struct node *make(struct precision *p, struct made *m, struct node *n) {
  *m = (struct made){n, p->to->cursor};
  return n;
}

static struct node *held(struct precision *p, const struct node *n);

/* The value of an old node in its own type. */
static struct node *wide(struct precision *p, const struct node *n) {
  struct node *known = visible(p, &p->wide[n->id]);
  return known ? known : make(p, &p->wide[n->id], graph_cast(p->to, DTYPE_F32, held(p, n)));
}

static struct node *held(struct precision *p, const struct node *n) {
  struct node *known = visible(p, &p->held[n->id]);
  return known ? known : make(p, &p->held[n->id], graph_cast(p->to, DTYPE_BF16, wide(p, n)));
}

static struct node *value(struct precision *p, const struct node *n) {
  return p->is_held[n->id] ? held(p, n) : wide(p, n);
}

typedef struct node *value_fn(struct precision *p, const struct node *n);

static struct node *copy_with(struct precision *p, const struct node *n, value_fn *operand) {
  struct node **operands = arena_new_array(p->to->arena, struct node *, (size_t)n->arity);
  for (int i = 0; i < n->arity; i++) operands[i] = operand(p, n->operand[i]);
  struct node typed = *n;
  if (operand == held) typed.type.dtype = DTYPE_BF16;
  return graph_copy_node(p->to, &typed, operands);
}

static struct node *product(struct precision *p, const struct node *n) {
  struct node *x[2];
  for (int i = 0; i < 2; i++) x[i] = value(p, n->operand[i]);
  enum dtype dtype = p->is_held[n->id] ? DTYPE_BF16 : DTYPE_F32;
  return graph_contract_as(p->to, dtype, n->contract.left, n->contract.right, n->contract.result, n->type.rank, x[0],
                           x[1]);
}

static void lower_region(struct precision *p, const struct region *r);

static struct node *repeat(struct precision *p, const struct node *n) {
  const struct region *body = n->repeat.body;
  struct node **values = arena_new_array(p->to->arena, struct node *, (size_t)n->arity);
  for (int i = 0; i < n->arity; i++) values[i] = (p->is_held[body->carries[i]->id] ? held : wide)(p, n->operand[i]);
  struct node *copy = graph_repeat_open(p->to, n->repeat.trips, n->repeat.last, values, n->arity);
  for (int i = 0; i < n->arity; i++) {
    const struct node *carry = body->carries[i];
    make(p, (p->is_held[carry->id] ? p->held : p->wide) + carry->id, copy->repeat.body->carries[i]);
  }
  lower_region(p, body);
  for (int i = 0; i < n->arity; i++)
    values[i] = (p->is_held[body->carries[i]->id] ? held : wide)(p, body->results[i]);
  graph_repeat_close(p->to, copy, values);
  return copy;
}

/* The node in f32, or in bf16 where it can be made so at once. */
static struct node *lowered(struct precision *p, const struct node *n) {
  if (n->op == OP_REPEAT) return repeat(p, n);
  if (n->op == OP_RESULT) return graph_result(p->to, wide(p, n->operand[0]), n->index);
  if (is_product(n)) return product(p, n);
  if (is_cast(n, DTYPE_BF16, DTYPE_F32)) return wide(p, n->operand[0]);
  if (is_cast(n, DTYPE_F32, DTYPE_BF16)) return held(p, n->operand[0]);
  return copy_with(p, n, p->is_held[n->id] && shows_operands(n) ? held : wide);
}

static void lower_region(struct precision *p, const struct region *r) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    p->to->origin = n->origin;
    struct node *made = lowered(p, n);
    bool is_narrow = n->type.dtype == DTYPE_F32 && made->type.dtype == DTYPE_BF16;
    make(p, (is_narrow ? p->held : p->wide) + n->id, made);
    if (!p->is_held[n->id] || is_narrow) continue;
    held(p, n);                        /* rounded where it is made, */
    p->wide[n->id] = (struct made){0}; /* and from then on used so */
  }
}

struct graph *pass_precision(const struct graph *g) {
  size_t ids = (size_t)g->next_id + 1;
  struct precision p = {.from = g, .to = graph_new(g->arena, g->name)};
  p.region = arena_new_array(g->arena, const struct region *, ids);
  p.is_held = arena_new_array(g->arena, bool, ids);
  p.is_output = arena_new_array(g->arena, bool, ids);
  p.held = arena_new_array(g->arena, struct made, ids);
  p.wide = arena_new_array(g->arena, struct made, ids);
  note_region(&p, g->top);
  hold_demanded(&p, g->top);
  while (hold_what_follows(&p, g->top)) {}
  lower_region(&p, g->top);
  return p.to;
}

/* plan_widen: bf16 for processors that do not multiply it.
 *
 * A product of pairs of bf16 without an instruction for it takes both halves of each pair apart, again and again for
 * each tile of the result.  So values of bf16 are held as the f32 that equals them (ROUNDED): rounded once where they are
 * made, and multiplied by the kernels of f32.  What crosses from the program or to it, such as a state, stays bf16 and
 * is cast.  Requires: plan_split. */
#include "planner.h"
#include "rebuild.h"

static void widen_region(struct rebuild *r, const struct region *region);

static struct node *widen_repeat(struct rebuild *r, const struct node *n) {
  const struct region *body = n->repeat.body;
  struct node *copy = graph_repeat_open(r->to, n->repeat.trips, n->repeat.last, rebuild_operands(r, n), n->arity);
  for (int i = 0; i < n->arity; i++) r->map[body->carries[i]->id] = copy->repeat.body->carries[i];
  widen_region(r, body);
  struct node **results = arena_new_array(r->to->arena, struct node *, (size_t)n->arity);
  for (int i = 0; i < n->arity; i++) results[i] = rebuild_find(r, body->results[i]);
  graph_repeat_close(r->to, copy, results);
  return copy;
}

static struct node *widen_node(struct rebuild *r, const struct node *n) {
  struct node **operands = rebuild_operands(r, n);
  struct node typed = *n;
  if (n->op == OP_REPEAT) return widen_repeat(r, n);
  if (n->op == OP_STORE) operands[0] = graph_cast(r->to, n->symbol->type.dtype, operands[0]);
  if (n->op == OP_LEAF && n->type.dtype == DTYPE_BF16)
    return graph_cast(r->to, DTYPE_ROUNDED, graph_copy_node(r->to, n, operands));
  if (n->type.dtype == DTYPE_BF16) typed.type.dtype = DTYPE_ROUNDED;
  return graph_copy_node(r->to, &typed, operands);
}

static void widen_region(struct rebuild *r, const struct region *region) {
  for (int i = 0; i < region->count; i++) {
    const struct node *n = region->nodes[i];
    r->to->origin = n->origin;
    r->map[n->id] = widen_node(r, n);
  }
}

struct graph *plan_widen(const struct graph *g) {
  struct rebuild r = rebuild_new(g);
  widen_region(&r, g->top);
  return r.to;
}

/* plan_widen: values of bf16 for kernels of f32.
 *
 * Where no instruction multiplies pairs of bf16, a product would take both halves of each pair apart, again and again
 * for each tile of the result.  So values of bf16 are held as the f32 that equals them (ROUNDED): rounded once where
 * they are made, and multiplied by the kernels of f32.  What crosses from the program or to it, such as a state,
 * stays bf16 and is cast.
 *
 * Where there is such an instruction this holds for products of two activations alone, as in attention: their blocks
 * of rows would cut pairs apart (chain.h), and to bring both operands into pairs takes longer than the products save.
 * Everywhere such a product is summed in f32 and rounded by itself: a chain may sum it block by block, and between
 * blocks nothing is rounded.  Requires: plan_split. */
#include "planner.h"
#include "rebuild.h"

struct widen {
  struct rebuild r;
  enum dtype held;      /* what values of bf16 are in the new graph: BF16 or ROUNDED */
  bool *is_multiplied;  /* by id in the old graph: by another activation */
  struct node **factor; /* by the same: what such a product takes */
};

static bool is_product_of_activations(const struct node *n) {
  return n->op == OP_CONTRACT && type_is_batched(&n->type) && type_is_batched(&n->operand[0]->type) &&
         type_is_batched(&n->operand[1]->type);
}

static void mark_factors(struct widen *w, const struct region *region) {
  for (int i = 0; i < region->count; i++) {
    const struct node *n = region->nodes[i];
    for (int k = 0; k < n->arity && is_product_of_activations(n); k++) w->is_multiplied[n->operand[k]->id] = true;
    if (n->op == OP_REPEAT) mark_factors(w, n->repeat.body);
  }
}

static void map(struct widen *w, const struct node *n, struct node *made) {
  bool is_widened = w->is_multiplied[n->id] && made->type.dtype == DTYPE_BF16;
  w->r.map[n->id] = made;
  w->factor[n->id] = is_widened ? graph_cast(w->r.to, DTYPE_ROUNDED, made) : made;
}

static void widen_region(struct widen *w, const struct region *region);

static struct node *widen_repeat(struct widen *w, const struct node *n) {
  const struct region *body = n->repeat.body;
  struct graph *g = w->r.to;
  struct node *copy = graph_repeat_open(g, n->repeat.trips, n->repeat.last, rebuild_operands(&w->r, n), n->arity);
  for (int i = 0; i < n->arity; i++) map(w, body->carries[i], copy->repeat.body->carries[i]);
  widen_region(w, body);
  struct node **results = arena_new_array(g->arena, struct node *, (size_t)n->arity);
  for (int i = 0; i < n->arity; i++) results[i] = rebuild_find(&w->r, body->results[i]);
  graph_repeat_close(g, copy, results);
  return copy;
}

static struct node *widen_contraction(struct widen *w, const struct node *n) {
  bool of_activations = is_product_of_activations(n), is_bf16 = n->type.dtype == DTYPE_BF16;
  struct node **operands = rebuild_operands(&w->r, n), typed = *n;
  for (int i = 0; i < n->arity && of_activations; i++) operands[i] = w->factor[n->operand[i]->id];
  if (is_bf16) typed.type.dtype = of_activations ? DTYPE_F32 : w->held;
  return graph_cast(w->r.to, is_bf16 ? w->held : n->type.dtype, graph_copy_node(w->r.to, &typed, operands));
}

static struct node *widen_node(struct widen *w, const struct node *n) {
  if (n->op == OP_REPEAT) return widen_repeat(w, n);
  if (n->op == OP_CONTRACT) return widen_contraction(w, n);
  struct node **operands = rebuild_operands(&w->r, n), typed = *n;
  if (n->op == OP_STORE) operands[0] = graph_cast(w->r.to, n->symbol->type.dtype, operands[0]);
  if (n->type.dtype != DTYPE_BF16) return graph_copy_node(w->r.to, n, operands);
  if (n->op != OP_LEAF) typed.type.dtype = w->held;
  return graph_cast(w->r.to, w->held, graph_copy_node(w->r.to, &typed, operands));
}

static void widen_region(struct widen *w, const struct region *region) {
  for (int i = 0; i < region->count; i++) {
    const struct node *n = region->nodes[i];
    w->r.to->origin = n->origin;
    map(w, n, widen_node(w, n));
  }
}

struct graph *plan_widen(const struct graph *g, const struct machine *machine) {
  size_t ids = (size_t)g->next_id + 1;
  struct widen w = {.r = rebuild_new(g), .held = machine->bf16 ? DTYPE_BF16 : DTYPE_ROUNDED};
  w.is_multiplied = arena_new_array(g->arena, bool, ids);
  w.factor = arena_new_array(g->arena, struct node *, ids);
  mark_factors(&w, g->top);
  widen_region(&w, g->top);
  return w.r.to;
}

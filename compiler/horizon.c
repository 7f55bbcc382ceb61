/* pass_horizon: splits every repeat into a part that records nothing and the trips that are differentiated.
 *
 * Requires: nothing.  Provides: every repeat has last = HORIZON_NOTHING; the trips within the horizon stand as copies
 * of the body, or where they are checkpointed as a repeat that gradients pass.  HRM, section 2: z_T = f(f(…f(z_0)…))
 * is differentiated through its last f alone, z_{T-1} being a constant. */
#include "passes.h"
#include "rebuild.h"

struct horizon {
  struct rebuild rebuild;
  struct node ***final; /* by id of an old repeat: the new final value of each carry */
};

static void split_region(struct horizon *h, const struct region *r, bool recorded);

/* One trip of the body on the given carries, which become the next ones. */
static void trip(struct horizon *h, const struct region *body, struct node **carries, bool recorded) {
  for (int i = 0; i < body->carry_count; i++) h->rebuild.map[body->carries[i]->id] = carries[i];
  split_region(h, body, recorded);
  for (int i = 0; i < body->carry_count; i++) carries[i] = rebuild_find(&h->rebuild, body->results[i]);
}

/* Trips as one repeat: those before the horizon, or checkpointed ones, whose body `grad` computes again. */
static void loop(struct horizon *h, const struct node *n, int64_t trips, struct node **carries, bool is_checkpoint) {
  struct graph *g = h->rebuild.to;
  struct node *repeat = graph_repeat_open(g, trips, HORIZON_NOTHING, carries, n->arity);
  repeat->repeat.is_checkpoint = is_checkpoint;
  for (int i = 0; i < n->arity; i++) carries[i] = repeat->repeat.body->carries[i];
  trip(h, n->repeat.body, carries, is_checkpoint);
  graph_repeat_close(g, repeat, carries);
  for (int i = 0; i < n->arity; i++) carries[i] = graph_result(g, repeat, i);
}

static int64_t recorded_trips(const struct node *n) {
  if (n->repeat.last == HORIZON_EVERYTHING || n->repeat.last > n->repeat.trips) return n->repeat.trips;
  return n->repeat.last;
}

static void split_repeat(struct horizon *h, const struct node *n, bool recorded) {
  struct node **carries = rebuild_operands(&h->rebuild, n);
  int64_t last = recorded ? recorded_trips(n) : 0;
  if (n->repeat.trips > last) loop(h, n, n->repeat.trips - last, carries, false);
  if (n->repeat.is_checkpoint && last > 0) loop(h, n, last, carries, true);
  for (int64_t i = 0; i < last && !n->repeat.is_checkpoint; i++) trip(h, n->repeat.body, carries, true);
  h->final[n->id] = carries;
}

static void split_region(struct horizon *h, const struct region *r, bool recorded) {
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    h->rebuild.to->origin = n->origin;
    if (n->op == OP_REPEAT)
      split_repeat(h, n, recorded);
    else if (n->op == OP_RESULT)
      h->rebuild.map[n->id] = h->final[n->operand[0]->id][n->index];
    else
      rebuild_node(&h->rebuild, n);
  }
}

struct graph *pass_horizon(const struct graph *g) {
  struct horizon h = {.rebuild = rebuild_new(g)};
  h.final = arena_new_array(g->arena, struct node **, (size_t)g->next_id + 1);
  split_region(&h, g->top, graph_has(g, OP_LOSS));
  return h.rebuild.to;
}

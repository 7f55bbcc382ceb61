/* See rebuild.h. */
#include "rebuild.h"

struct rebuild rebuild_new(const struct graph *from) {
  struct rebuild r = {.to = graph_new(from->arena, from->name)};
  r.map = arena_new_array(from->arena, struct node *, (size_t)from->next_id + 1);
  return r;
}

struct node *rebuild_find(const struct rebuild *r, const struct node *n) {
  return r->map[n->id];
}

struct node **rebuild_operands(const struct rebuild *r, const struct node *n) {
  struct node **operands = arena_new_array(r->to->arena, struct node *, (size_t)n->arity);
  for (int i = 0; i < n->arity; i++) operands[i] = rebuild_find(r, n->operand[i]);
  return operands;
}

static struct node *rebuild_repeat(struct rebuild *r, const struct node *n) {
  const struct region *body = n->repeat.body;
  struct node *copy = graph_repeat_open(r->to, n->repeat.trips, n->repeat.last, rebuild_operands(r, n), n->arity);
  copy->repeat.is_checkpoint = n->repeat.is_checkpoint;
  for (int i = 0; i < n->arity; i++) r->map[body->carries[i]->id] = copy->repeat.body->carries[i];
  for (int i = 0; i < body->count; i++) rebuild_node(r, body->nodes[i]);
  struct node **results = arena_new_array(r->to->arena, struct node *, (size_t)n->arity);
  for (int i = 0; i < n->arity; i++) results[i] = rebuild_find(r, body->results[i]);
  graph_repeat_close(r->to, copy, results);
  return copy;
}

struct node *rebuild_node(struct rebuild *r, const struct node *n) {
  r->to->origin = n->origin;
  struct node *copy = n->op == OP_REPEAT ? rebuild_repeat(r, n) : graph_copy_node(r->to, n, rebuild_operands(r, n));
  return r->map[n->id] = copy;
}

bool graph_has(const struct graph *g, enum op op) {
  for (int i = 0; i < g->top->count; i++)
    if (g->top->nodes[i]->op == op) return true;
  return false;
}

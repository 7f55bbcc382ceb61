/* Groups of nodes: merging, dependence, order of execution; see planner.h. */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

struct group *group_new(struct planner *p, enum group_kind kind, struct region *region) {
  struct group *g = arena_new_object(p->arena, struct group);
  g->kind = kind;
  g->number = p->group_count;
  g->region = region;
  g->pass_axis = -1;
  arena_push(p->arena, p->groups, p->group_count, p->group_capacity, g);
  return g;
}

/* A group is as late as the last node that it computes or waits for. */
void group_make_later(struct group *g, int latest) {
  g = group_find(g);
  if (g->latest >= latest) return;
  g->latest = latest;
  for (int i = 0; i < g->after_count; i++) group_make_later(g->after[i], latest);
}

void group_add(struct planner *p, struct group *g, struct node *n) {
  arena_push(p->arena, g->members, g->count, g->capacity, n);
  facts_of(p, n)->group = g;
  group_make_later(g, n->id);
}

struct group *group_find(struct group *g) {
  while (g && g->merged) g = g->merged;
  return g;
}

struct group *group_of(const struct planner *p, const struct node *n) {
  if (n->op == OP_RESULT) n = n->operand[0];
  return group_find(facts_of(p, n)->group);
}

void group_order(struct planner *p, struct group *before, struct group *after) {
  before = group_find(before);
  after = group_find(after);
  if (before == after) return;
  for (int i = 0; i < after->before_count; i++)
    if (group_find(after->before[i]) == before) return;
  arena_push(p->arena, after->before, after->before_count, after->before_capacity, before);
  arena_push(p->arena, before->after, before->after_count, before->after_capacity, after);
  group_make_later(after, before->latest);
}

/* What waits for a group is at least as late. */
static bool search(struct group *g, const struct group *wanted, int stamp) {
  g = group_find(g);
  if (g == wanted) return true;
  if (g->stamp == stamp || g->latest < wanted->latest) return false;
  g->stamp = stamp;
  for (int i = 0; i < g->before_count; i++)
    if (search(g->before[i], wanted, stamp)) return true;
  return false;
}

bool group_depends(struct planner *p, struct group *g, struct group *on) {
  return search(g, group_find(on), ++p->stamp);
}

static void rename_axes(struct facts *f, int rank, const int8_t *axis) {
  for (int i = 0; i < rank; i++)
    if (f->axis[i] >= 0) f->axis[i] = axis[f->axis[i]];
}

void group_merge(struct planner *p, struct group *g, struct group *other, const int8_t *axis) {
  for (int i = 0; i < other->count; i++) {
    rename_axes(facts_of(p, other->members[i]), GRAPH_MAX_RANK, axis);
    group_add(p, g, other->members[i]);
  }
  for (int i = 0; i < other->recomputed_count; i++)
    arena_push(p->arena, g->recomputed, g->recomputed_count, g->recomputed_capacity, other->recomputed[i]);
  for (int i = 0; i < other->before_count; i++) group_order(p, other->before[i], g);
  for (int i = 0; i < other->after_count; i++) group_order(p, g, other->after[i]);
  if (other->pass_axis >= 0) g->pass_axis = axis[other->pass_axis];
  other->merged = g;
}

/* ---- order of execution ---- */

static int compare_nodes(const void *x, const void *y) {
  const struct node *const *a = x, *const *b = y;
  return ((*a)->id > (*b)->id) - ((*a)->id < (*b)->id);
}

static int compare_groups(const void *x, const void *y) {
  const struct group *const *a = x, *const *b = y;
  return compare_nodes(&(*a)->members[0], &(*b)->members[0]);
}

void group_sort(struct group *g) { qsort(g->members, (size_t)g->count, sizeof *g->members, compare_nodes); }

struct schedule {
  struct group **order;
  int count;
  int stamp;
};

/* Appends a group after all that it waits for. */
static void visit(struct schedule *s, struct group *g) {
  if (g->stamp == s->stamp) return;
  g->stamp = s->stamp;
  for (int i = 0; i < g->before_count; i++) visit(s, group_find(g->before[i]));
  s->order[s->count++] = g;
}

struct group **group_schedule(struct planner *p, struct region *r, int *count) {
  struct group **sorted = arena_new_array(p->arena, struct group *, (size_t)p->group_count);
  int found = 0;
  for (int i = 0; i < p->group_count; i++) {
    struct group *g = p->groups[i];
    if (g->merged || g->region != r) continue;
    group_sort(g);
    sorted[found++] = g;
  }
  qsort(sorted, (size_t)found, sizeof *sorted, compare_groups);
  struct schedule s = {.stamp = ++p->stamp};
  s.order = arena_new_array(p->arena, struct group *, (size_t)found);
  for (int i = 0; i < found; i++) visit(&s, sorted[i]);
  *count = s.count;
  return s.order;
}

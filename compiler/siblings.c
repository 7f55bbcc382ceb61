/* merge_siblings: loop groups that read the same values over the same space become one.
 *
 * Neither uses the other's values, so plan_fuse left them apart: the two halves of a rotary embedding, the two
 * factors' gradients of a product.  Together they load what they share once. */
#include "planner.h"

#include <string.h>

/* Groups whose nodes are further apart stay so: joining them would keep values alive for long. */
enum { WINDOW = 64, MAX_TOGETHER = 64 };

void member_axes(const struct planner *p, const struct node *n, const struct group *g, int8_t *axis) {
  const struct facts *f = facts_of(p, n);
  int from = 0;
  for (int i = 0; i < space_of(n)->rank; i++) axis[i] = i == reduced_axis(n) ? (int8_t)g->pass_axis : f->axis[from++];
}

/* What a group loads. */
struct loads {
  struct element *elements;
  int count, capacity;
};

static bool is_load(const struct planner *p, const struct node *n, const struct group *g) {
  return !is_member(p, n, g) && !is_cheap(p->facts, n) && !is_recomputed(n, g);
}

static struct loads loads_of(struct planner *p, const struct group *g) {
  struct loads l = {0};
  for (int i = 0; i < g->count; i++) {
    struct node *n = g->members[i];
    int8_t axis[GRAPH_MAX_RANK];
    member_axes(p, n, g, axis);
    for (int j = first_element_operand(n); j < n->arity; j++) {
      struct element e = resolve(n->operand[j], axis);
      if (is_load(p, e.node, g)) arena_push(p->arena, l.elements, l.count, l.capacity, e);
    }
  }
  return l;
}

/* The axes of `other` in g, if the element lies over all axes of both; false: not. */
static bool match(const struct element *e, const struct element *f, const struct group *g, const struct group *other,
                  int8_t *axis) {
  int matched = 0;
  memset(axis, -1, KERNEL_MAX_AXES);
  for (int i = 0; i < e->node->type.rank; i++) {
    if (e->axis[i] < 0) continue;
    axis[f->axis[i]] = e->axis[i];
    matched++;
  }
  if (matched != g->rank || matched != other->rank) return false;
  for (int i = 0; i < other->rank; i++)
    if (axis[i] < 0 || other->extent[i] != g->extent[axis[i]]) return false;
  return other->pass_axis < 0 || g->pass_axis < 0 || axis[other->pass_axis] == g->pass_axis;
}

static bool find_match(const struct loads *x, const struct loads *y, const struct group *g, const struct group *other,
                       int8_t *axis) {
  for (int i = 0; i < x->count; i++)
    for (int j = 0; j < y->count; j++)
      if (x->elements[i].node == y->elements[j].node && match(&x->elements[i], &y->elements[j], g, other, axis))
        return true;
  return false;
}

static int distance(const struct group *g, const struct group *other) {
  return other->members[0]->id - g->members[0]->id;
}

static bool are_near(const struct group *g, const struct group *other) {
  return distance(g, other) > -WINDOW && g->rank == other->rank && g->count + other->count <= MAX_TOGETHER;
}

/* Merges `other` into g where they have loads in common and neither waits for the other. */
static bool try_pair(struct planner *p, struct group *g, struct loads *loads, struct group *other) {
  int8_t axis[KERNEL_MAX_AXES];
  struct loads others = loads_of(p, other);
  if (!find_match(loads, &others, g, other, axis)) return false;
  if (group_depends(p, g, other) || group_depends(p, other, g)) return false;
  group_merge(p, g, other, axis);
  *loads = loads_of(p, g);
  return true;
}

static bool is_candidate(const struct group *g, const struct region *r) {
  return g->kind == GROUP_LOOP && !g->merged && g->region == r && g->count > 0;
}

void merge_siblings(struct planner *p, const struct region *r) {
  for (int i = 0; i < p->group_count; i++) {
    struct group *g = p->groups[i];
    if (!is_candidate(g, r)) continue;
    struct loads loads = loads_of(p, g);
    for (int j = i + 1; j < p->group_count && distance(g, p->groups[j]) < WINDOW; j++) {
      struct group *other = p->groups[j];
      if (is_candidate(other, r) && are_near(g, other)) try_pair(p, g, &loads, other);
    }
  }
}

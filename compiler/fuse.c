/* plan_fuse: nodes to groups, each of which becomes one kernel.
 *
 * Elementwise operators and reductions join, in the order of the graph, the group of an operand: all values of a loop
 * group share one space, at most one axis of which is reduced over (the pass axis; then values without it are row
 * values).  Where several operands are computed by groups of fitting spaces, these merge.  No step may make a group
 * wait for itself.  Constants, cheap values, gathers and widened bf16 values belong to no group: each kernel that
 * uses one evaluates it.
 */
#include "chain.h"

#include <string.h>

/* Longer kernels run out of registers; recomputing more takes longer than a load. */
enum { MAX_MEMBERS = 96, MAX_RECOMPUTED = 4 };

bool is_inline(const struct planner *p, const struct node *n) {
  return n->op == OP_GATHER || is_widening(n) || is_cheap(p->facts, n);
}

bool is_member(const struct planner *p, const struct node *n, const struct group *g) {
  return (n->op == OP_MAP || n->op == OP_REDUCE) && !is_inline(p, n) && group_of(p, n) == g;
}

/* ---- dependences ---- */

static struct group *group_of_body(const struct planner *p, const struct region *body) {
  for (int i = p->group_count - 1; i >= 0; i--)
    if (p->groups[i]->kind == GROUP_REPEAT && p->groups[i]->members[0]->repeat.body == body) return p->groups[i];
  return NULL;
}

/* The group of an outer region within which g runs. */
static struct group *climb(const struct planner *p, struct group *g, const struct region *r) {
  while (g->region != r) g = group_of_body(p, g->region);
  return g;
}

static void start_group(struct planner *p, struct node *n);

/* Marks that the memory of x is needed. */
static struct node *store(struct planner *p, struct node *x) {
  struct node *base = storage_of(x);
  facts_of(p, base)->is_stored = true;
  if (is_inline(p, base) && !facts_of(p, base)->group) start_group(p, base);
  return base;
}

/* Group g reads x from memory. */
static void require(struct planner *p, struct group *g, struct node *x) {
  struct node *base = store(p, x);
  struct facts *f = facts_of(p, base);
  struct group *reader = climb(p, group_find(g), f->region);
  if (base->op == OP_LEAF || base->op == OP_CARRY)
    arena_push(p->arena, f->readers, f->reader_count, f->reader_capacity, reader);
  else
    group_order(p, group_of(p, base), reader);
}

/* Would g wait for itself if it read x from memory? */
static bool blocks(struct planner *p, struct node *x, struct group *g) {
  struct node *base = storage_of(x);
  struct group *source = group_of(p, base);
  if (source) return source->region == g->region && group_depends(p, source, g);
  for (int i = 0; i < base->arity && (base->op == OP_GATHER || is_widening(base)); i++)
    if (blocks(p, base->operand[i], g)) return true;
  return false;
}

/* ---- values computed again ---- */

/* Values in memory that recomputing reads, and the operators it takes. */
struct recomputation {
  const struct node *leaf;
  int operators;
};

static bool is_in_memory(const struct planner *p, struct node *n) {
  n = storage_of(n);
  return !is_inline(p, n) && ((n->op != OP_MAP && n->op != OP_REDUCE) || facts_of(p, n)->is_stored);
}

static bool gather_recomputation(const struct planner *p, const struct node *n, struct recomputation *r) {
  if (n->op != OP_MAP || ++r->operators > MAX_RECOMPUTED) return false;
  for (int i = 0; i < n->arity; i++) {
    struct node *x = resolve_own(n->operand[i]).node;
    if (is_cheap(p->facts, x)) continue;
    if (!is_in_memory(p, x)) {
      if (!gather_recomputation(p, x, r)) return false;
      continue;
    }
    if (r->leaf && r->leaf != x) return false;
    r->leaf = x;
  }
  return true;
}

/* A value that no kernel needs in memory, and that a few operators give from one value that is there, is computed
 * again rather than stored and loaded: so the derivatives of activations come to stand in the backward pass. */
static bool can_recompute(const struct planner *p, const struct node *n, const struct group *g) {
  struct recomputation r = {0};
  if (n->op != OP_MAP || is_inline(p, n) || facts_of(p, n)->is_stored) return false;
  return facts_of(p, n)->region == g->region && gather_recomputation(p, n, &r);
}

bool is_recomputed(const struct node *n, const struct group *g) {
  for (int i = 0; g && i < g->recomputed_count; i++)
    if (g->recomputed[i] == n) return true;
  return false;
}

/* ---- elements ---- */

/* The same for x at the point of g's space that `axis` names.  g has a member at its own point alone: what is
 * computed again from a member may not need it at another one. */
static bool element_blocks(struct planner *p, struct node *x, const int8_t *axis, struct group *g) {
  struct element e = resolve(x, axis);
  if (is_cheap(p->facts, e.node)) return false;
  if (is_member(p, e.node, g)) return memcmp(e.axis, facts_of(p, e.node)->axis, sizeof e.axis) != 0;
  if (!can_recompute(p, e.node, g)) return blocks(p, e.node, g);
  for (int i = 0; i < e.node->arity; i++)
    if (element_blocks(p, e.node->operand[i], e.axis, g)) return true;
  return false;
}

static bool operands_block(struct planner *p, const struct node *n, const int8_t *axis, struct group *g) {
  int first = first_element_operand(n);
  for (int i = 0; i < n->arity; i++)
    if (i < first ? blocks(p, n->operand[i], g) : element_blocks(p, n->operand[i], axis, g)) return true;
  return false;
}

static void require_element(struct planner *p, struct group *g, struct node *x) {
  struct node *n = resolve_own(x).node;
  if (is_member(p, n, g) || is_cheap(p->facts, n) || is_recomputed(n, g)) return;
  if (n->op == OP_GATHER) {
    for (int i = 0; i < 2; i++) require(p, g, n->operand[i]);
  } else if (can_recompute(p, n, g)) {
    arena_push(p->arena, g->recomputed, g->recomputed_count, g->recomputed_capacity, n);
    for (int i = 0; i < n->arity; i++) require_element(p, g, n->operand[i]);
  } else {
    require(p, g, n);
  }
}

static void require_operands(struct planner *p, struct group *g, const struct node *n) {
  int first = first_element_operand(n);
  for (int i = 0; i < n->arity; i++) {
    if (i < first)
      require(p, g, n->operand[i]);
    else
      require_element(p, g, n->operand[i]);
  }
}

/* ---- fitting a node into a group's space ---- */

/* How a node's space lies in a group's.  `widened`: the group must get this extent as a new axis (else 0). */
struct fit {
  int8_t axis[GRAPH_MAX_RANK]; /* of the node's space: the group's axis */
  uint32_t used;               /* the group's axes that occur */
  int64_t widened;
  int pass_axis; /* of the group, with the node in it */
};

/* Takes over how the members that operand x shows lie.  False: x contradicts what is known. */
static bool fit_operand(const struct planner *p, struct node *x, const struct group *g, struct fit *f) {
  struct element e = resolve_own(x);
  if (!is_member(p, e.node, g)) return true;
  const int8_t *member_axis = facts_of(p, e.node)->axis;
  for (int i = 0; i < e.node->type.rank; i++) {
    if (e.axis[i] < 0) continue;
    int8_t *slot = &f->axis[e.axis[i]];
    if (*slot == member_axis[i]) continue;
    if (*slot >= 0 || f->used >> member_axis[i] & 1) return false;
    *slot = member_axis[i];
    f->used |= UINT32_C(1) << *slot;
  }
  return true;
}

static uint32_t unused_axes(const struct group *g, const struct fit *f) {
  return ((UINT32_C(1) << g->rank) - 1) & ~f->used;
}

/* The one axis of the space that no member has: it runs along the pass axis, which the group may get with it. */
static bool fit_last_axis(const struct group *g, int64_t extent, int8_t *slot, struct fit *f) {
  uint32_t unused = unused_axes(g, f);
  if (unused == 0) {
    if (g->pass_axis >= 0 || g->rank == KERNEL_MAX_AXES || extent == EXTENT_BATCH) return false;
    *slot = (int8_t)g->rank;
    f->widened = extent;
  } else {
    if (g->pass_axis < 0 || unused != UINT32_C(1) << g->pass_axis || extent != g->extent[g->pass_axis]) return false;
    *slot = (int8_t)g->pass_axis;
  }
  f->pass_axis = *slot;
  f->used |= UINT32_C(1) << *slot;
  return true;
}

static bool fit_reduced_axis(const struct node *n, struct fit *f) {
  int axis = reduced_axis(n);
  if (axis < 0) return true;
  if (f->pass_axis >= 0 && f->pass_axis != f->axis[axis]) return false;
  f->pass_axis = f->axis[axis];
  return true;
}

/* Finds how node n lies in g's space; every axis but the pass axis must occur in it. */
static bool fit(const struct planner *p, const struct node *n, const struct group *g, struct fit *f) {
  const struct type *space = space_of(n);
  *f = (struct fit){.pass_axis = g->pass_axis};
  memset(f->axis, -1, sizeof f->axis);
  for (int i = first_element_operand(n); i < n->arity; i++)
    if (!fit_operand(p, n->operand[i], g, f)) return false;
  int missing = 0, last = -1;
  for (int i = 0; i < space->rank; i++)
    if (space->extent[i] != 1 && f->axis[i] < 0) missing++, last = i;
  if (missing > 1) return false;
  if (missing == 1 && !fit_last_axis(g, space->extent[last], &f->axis[last], f)) return false;
  if (!fit_reduced_axis(n, f)) return false;
  uint32_t unused = unused_axes(g, f);
  return unused == 0 || (f->pass_axis >= 0 && unused == UINT32_C(1) << f->pass_axis);
}

/* ---- joining ---- */

static void set_axes(struct planner *p, const struct node *n, const int8_t *axis) {
  int8_t *to = facts_of(p, n)->axis;
  memset(to, -1, GRAPH_MAX_RANK);
  int rank = 0, dropped = reduced_axis(n);
  for (int i = 0; i < space_of(n)->rank; i++)
    if (i != dropped) to[rank++] = axis[i];
}

static void join(struct planner *p, struct node *n, struct group *g, const struct fit *f) {
  if (f->widened) g->extent[g->rank++] = f->widened;
  g->pass_axis = f->pass_axis;
  set_axes(p, n, f->axis);
  group_add(p, g, n);
  require_operands(p, g, n);
}

static void start_group(struct planner *p, struct node *n) {
  const struct type *space = space_of(n);
  struct group *g = group_new(p, GROUP_LOOP, facts_of(p, n)->region);
  struct fit f = {.pass_axis = -1};
  for (int i = 0; i < space->rank; i++) {
    f.axis[i] = -1;
    if (space->extent[i] == 1) continue;
    f.axis[i] = (int8_t)g->rank;
    g->extent[g->rank++] = space->extent[i];
  }
  if (n->op == OP_REDUCE) f.pass_axis = f.axis[reduced_axis(n)];
  join(p, n, g, &f);
}

/* The loop groups that compute operands of n, the widest space first. */
static int candidates(const struct planner *p, const struct node *n, struct group **found, int most) {
  int count = 0;
  for (int i = first_element_operand(n); i < n->arity; i++) {
    struct node *x = resolve_own(n->operand[i]).node;
    struct group *g = group_of(p, x);
    bool seen = !g || g->region != facts_of(p, n)->region || !is_member(p, x, g);
    for (int j = 0; j < count && !seen; j++) seen = found[j] == g;
    if (seen || count == most) continue;
    int at = count++;
    for (; at > 0 && found[at - 1]->rank < g->rank; at--) found[at] = found[at - 1];
    found[at] = g;
  }
  return count;
}

/* Where the axes of `other` lie in g when both hold n.  False: the spaces do not fit. */
static bool merged_axes(const struct node *n, const struct group *g, struct fit *f, const struct group *other,
                        const struct fit *other_fit, int8_t *axis) {
  uint32_t covered = 0, all = ((UINT32_C(1) << g->rank) - 1) | f->used;
  memset(axis, -1, KERNEL_MAX_AXES);
  for (int i = 0; i < space_of(n)->rank; i++) {
    int from = other_fit->axis[i];
    if (from < 0 || from >= other->rank) continue;
    axis[from] = f->axis[i];
    covered |= UINT32_C(1) << f->axis[i];
  }
  for (int i = 0; i < other->rank; i++)
    if (axis[i] < 0) return false;
  int pass_axis = other->pass_axis >= 0 ? axis[other->pass_axis] : -1;
  uint32_t missing = all & ~covered;
  if (missing & (missing - 1)) return false;
  if (missing && pass_axis >= 0) return false;
  if (missing) pass_axis = __builtin_ctz(missing);
  if (pass_axis >= 0 && f->pass_axis >= 0 && pass_axis != f->pass_axis) return false;
  if (pass_axis >= 0) f->pass_axis = pass_axis;
  return true;
}

/* Merges another operand's group into g, which n is about to join. */
static void try_merge(struct planner *p, const struct node *n, struct group *g, struct fit *f, struct group *other) {
  struct fit other_fit, merged = *f;
  int8_t axis[KERNEL_MAX_AXES];
  if (g->count + other->count >= MAX_MEMBERS || !fit(p, n, other, &other_fit)) return;
  if (!merged_axes(n, g, &merged, other, &other_fit, axis)) return;
  if (group_depends(p, g, other) || group_depends(p, other, g)) return;
  for (int i = 0; i < n->arity; i++) {
    struct node *x = resolve_own(n->operand[i]).node;
    if (!is_member(p, x, g) && element_blocks(p, n->operand[i], other_fit.axis, other)) return;
  }
  *f = merged;
  group_merge(p, g, other, axis);
}

/* Finds the group that n can join.  NULL: none. */
static struct group *find_group(struct planner *p, const struct node *n, struct fit *f, struct group **found,
                                int count) {
  for (int i = 0; i < count; i++)
    if (found[i]->count < MAX_MEMBERS && fit(p, n, found[i], f) && !operands_block(p, n, f->axis, found[i]))
      return found[i];
  return NULL;
}

enum { MAX_CANDIDATES = 3 };

static void fuse_value(struct planner *p, struct node *n) {
  if (is_inline(p, n)) return;
  struct group *found[MAX_CANDIDATES];
  struct fit f;
  int count = candidates(p, n, found, MAX_CANDIDATES);
  struct group *g = find_group(p, n, &f, found, count);
  if (!g) {
    start_group(p, n);
    return;
  }
  for (int i = 0; i < count; i++)
    if (found[i] != g) try_merge(p, n, g, &f, found[i]);
  join(p, n, g, &f);
}

/* ---- operators with kernels of their own ---- */

static struct group *own_group(struct planner *p, struct node *n, enum group_kind kind) {
  struct group *g = group_new(p, kind, facts_of(p, n)->region);
  group_add(p, g, n);
  for (int i = 0; i < n->arity; i++) require(p, g, n->operand[i]);
  return g;
}

/* Has the region the same contraction already? */
static bool is_made_again(const struct planner *p, const struct node *n) {
  const struct facts *operand = facts_of(p, n->operand[0]);
  for (int i = 0; i < operand->user_count; i++) {
    const struct node *other = operand->users[i];
    bool before = other->id < n->id && facts_of(p, other)->region == facts_of(p, n)->region;
    if (before && contract_is_twin(n, other)) return true;
  }
  return false;
}

/* The group of the region's newest contraction; NULL: none yet. */
static struct group *last_contraction(const struct planner *p, const struct region *r) {
  for (int i = p->group_count - 1; i >= 0; i--)
    if (p->groups[i]->kind == GROUP_CONTRACT && p->groups[i]->region == r) return p->groups[i];
  return NULL;
}

/* A contraction that the region has already is made again on purpose (pass_recompute), as late as here: it waits for
 * the contraction before it, lest its users join those of its twin. */
static void fuse_contract(struct planner *p, struct node *n) {
  struct group *last = is_made_again(p, n) ? last_contraction(p, facts_of(p, n)->region) : NULL;
  struct group *g = own_group(p, n, GROUP_CONTRACT);
  if (last) group_order(p, last, g);
}

static void fuse_assemble(struct planner *p, struct node *n) { own_group(p, n, GROUP_ASSEMBLE); }

static void fuse_region(struct planner *p, struct region *r);

/* May the group of the new value of carry i write it over the old one? */
static bool can_overwrite(struct planner *p, const struct region *body, int i) {
  struct node *n = body->results[i];
  struct group *g = group_of(p, n);
  if (!g || g->region != body || !is_member(p, n, g) || facts_of(p, n)->has_view) return false;
  for (int j = 0; j < body->carry_count; j++)
    if (storage_of(body->results[j]) == body->carries[i]) return false;
  const struct facts *carry = facts_of(p, body->carries[i]);
  for (int j = 0; j < carry->reader_count; j++)
    if (group_depends(p, group_find(carry->readers[j]), g)) return false;
  return true;
}

static void write_after_readers(struct planner *p, const struct node *old, struct group *writer) {
  const struct facts *f = facts_of(p, old);
  for (int i = 0; i < f->reader_count; i++) group_order(p, f->readers[i], writer);
}

static void fuse_repeat(struct planner *p, struct node *n) {
  struct region *body = n->repeat.body;
  struct group *g = own_group(p, n, GROUP_REPEAT);
  fuse_region(p, body);
  for (int i = 0; i < n->arity; i++) {
    struct node *base = store(p, body->results[i]);
    if (facts_of(p, base)->region != body) require(p, g, body->results[i]);
  }
  for (int i = 0; i < n->arity; i++) {
    facts_of(p, body->carries[i])->view = view_new(p, &body->carries[i]->type, NULL);
    facts_of(p, body->carries[i])->has_view = true;
    if (!can_overwrite(p, body, i)) continue;
    struct facts *result = facts_of(p, body->results[i]);
    result->view = facts_of(p, body->carries[i])->view;
    result->has_view = true;
    write_after_readers(p, body->carries[i], group_of(p, body->results[i]));
  }
}

/* ---- sinks ---- */

/* The loop group that can take a sink.  NULL: none. */
static struct group *group_for_sink(struct planner *p, const struct node *sink, struct fit *f) {
  struct group *found[1];
  int count = candidates(p, sink, found, 1);
  struct group *g = find_group(p, sink, f, found, count);
  for (int i = 0; g && i < g->count; i++)
    if (op_is_sink(g->members[i]->op) && g->members[i]->symbol == sink->symbol) return NULL;
  return g;
}

static bool is_stored_late(const struct planner *p, const struct symbol *symbol) {
  for (int i = 0; i < p->graph->top->count; i++) {
    const struct node *n = p->graph->top->nodes[i];
    if (n->op != OP_STORE) continue;
    const struct node *source = storage_of(n->operand[0]);
    if (source->op == OP_LEAF && source->symbol == symbol) return true;
  }
  return false;
}

/* May group g write a state before the end: is every reader of the old value done? */
static bool readers_are_done(struct planner *p, const struct symbol *symbol, struct group *g) {
  if (is_stored_late(p, symbol)) return false;
  for (int i = 0; i < p->graph->top->count; i++) {
    const struct node *n = p->graph->top->nodes[i];
    if (n->op != OP_LEAF || n->symbol != symbol) continue;
    for (int j = 0; j < facts_of(p, n)->reader_count; j++)
      if (group_depends(p, group_find(facts_of(p, n)->readers[j]), g)) return false;
  }
  return true;
}

static void write_state_after_readers(struct planner *p, const struct symbol *symbol, struct group *g) {
  for (int i = 0; i < p->graph->top->count; i++) {
    const struct node *n = p->graph->top->nodes[i];
    if (n->op == OP_LEAF && n->symbol == symbol) write_after_readers(p, n, g);
  }
}

/* A value that is computed in its final shape lies in the tensor itself; another is stored there too. */
static void fuse_store(struct planner *p, struct node *sink) {
  struct fit f;
  struct node *x = sink->operand[0];
  struct group *g = group_for_sink(p, sink, &f);
  if (!g || !readers_are_done(p, sink->symbol, g)) {
    store(p, x);
    arena_push(p->arena, p->late_stores, p->late_count, p->late_capacity, sink);
    return;
  }
  write_state_after_readers(p, sink->symbol, g);
  struct facts *value = facts_of(p, x);
  if (!is_member(p, x, g) || value->has_view) {
    join(p, sink, g, &f);
    return;
  }
  value->is_stored = value->has_view = true;
  value->view = view_symbol(p, sink->symbol, &x->type);
}

struct node *sink_of_contraction(const struct planner *p, const struct node *n) {
  while (facts_of(p, n)->user_count == 1) {
    struct node *user = facts_of(p, n)->users[0];
    if (user->op == OP_ACCUMULATE && user->symbol->role == ROLE_PARAM) return user;
    if (user->op != OP_TRANSPOSE && user->op != OP_RESHAPE) return NULL;
    n = user;
  }
  return NULL;
}

/* A contraction adds to the gradient itself. */
static void fuse_accumulate(struct planner *p, struct node *sink) {
  struct node *base = storage_of(sink->operand[0]);
  if (base->op == OP_CONTRACT && sink_of_contraction(p, base) == sink) return;
  struct fit f;
  struct group *g = group_for_sink(p, sink, &f);
  if (g)
    join(p, sink, g, &f);
  else
    start_group(p, sink);
}

/* ---- the walk ---- */

static void fuse_scatter(struct planner *p, struct node *n) {
  struct fit f;
  struct group *found[1];
  struct group *g = find_group(p, n, &f, found, candidates(p, n, found, 1));
  facts_of(p, n)->is_stored = true;
  if (g)
    join(p, n, g, &f);
  else
    start_group(p, n);
}

static void fuse_region(struct planner *p, struct region *r) {
  static void (*const values[OP_COUNT])(struct planner *, struct node *) = {
      [OP_MAP] = fuse_value,       [OP_REDUCE] = fuse_value, [OP_CONTRACT] = fuse_contract,
      [OP_CONCAT] = fuse_assemble, [OP_PAD] = fuse_assemble, [OP_SCATTER] = fuse_scatter,
      [OP_REPEAT] = fuse_repeat,
  };
  for (int i = 0; i < r->count; i++)
    if (values[r->nodes[i]->op]) values[r->nodes[i]->op](p, r->nodes[i]);
  merge_siblings(p, r);
}

static void chain_region(struct planner *p, struct region *r) {
  find_chains(p, r);
  for (int i = 0; i < r->count; i++)
    if (r->nodes[i]->op == OP_REPEAT) chain_region(p, r->nodes[i]->repeat.body);
}

/* Sinks come last, when all readers of the states are known. */
void plan_fuse(struct planner *p) {
  struct region *top = p->graph->top;
  fuse_region(p, top);
  for (int i = 0; i < top->count; i++)
    if (top->nodes[i]->op == OP_ACCUMULATE || top->nodes[i]->op == OP_ACCUMULATE_ROWS)
      fuse_accumulate(p, top->nodes[i]);
  for (int i = 0; i < top->count; i++)
    if (top->nodes[i]->op == OP_STORE) fuse_store(p, top->nodes[i]);
  chain_region(p, top);
}

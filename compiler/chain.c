/* find_chains: which groups make a chain; see chain.h.
 *
 * From a contraction of the kind that makes scores the chain grows to all that read its wide values, and to the
 * contractions that make what those read beside them.  It stands if every wide value stays inside. */
#include "chain.h"

#include <string.h>

/* ---- what groups read ---- */

struct reads {
  struct element *elements;
  int count, capacity;
  bool by_index; /* gathers, whose places are not known */
  int *readers;  /* numbers of the groups that read what this one computes */
  int reader_count, reader_capacity;
};

struct search {
  struct planner *planner;
  struct region *region;
  struct reads *reads; /* by number of the group */
  struct chain_group chain;
  bool failed;
};

static void collect(struct planner *p, const struct group *g, struct node *x, const int8_t *axis, struct reads *r) {
  struct element e = resolve(x, axis);
  if (is_member(p, e.node, g) || is_cheap(p->facts, e.node)) return;
  if (e.node->op == OP_GATHER) r->by_index = true;
  if (!is_recomputed(e.node, g)) {
    arena_push(p->arena, r->elements, r->count, r->capacity, e);
    return;
  }
  for (int i = 0; i < e.node->arity; i++) collect(p, g, e.node->operand[i], e.axis, r);
}

static void collect_member(struct planner *p, const struct group *g, const struct node *n, struct reads *r) {
  int8_t axis[GRAPH_MAX_RANK];
  member_axes(p, n, g, axis);
  if (first_element_operand(n) > 0) r->by_index = true;
  for (int i = first_element_operand(n); i < n->arity; i++) collect(p, g, n->operand[i], axis, r);
}

static struct reads reads_of(struct planner *p, const struct group *g) {
  struct reads r = {0};
  struct node *n = g->count ? g->members[0] : NULL;
  for (int i = 0; g->kind == GROUP_LOOP && i < g->count; i++) collect_member(p, g, g->members[i], &r);
  for (int i = 0; g->kind == GROUP_CONTRACT && i < 2; i++) {
    struct element e = resolve(n->operand[i], i ? n->contract.right : n->contract.left);
    arena_push(p->arena, r.elements, r.count, r.capacity, e);
  }
  return r;
}

/* Tells each group who reads its values. */
static void link_readers(struct planner *p, struct reads *reads, int count) {
  for (int i = 0; i < count; i++)
    for (int k = 0; k < reads[i].count; k++) {
      const struct group *source = group_of(p, storage_of(reads[i].elements[k].node));
      struct reads *r = source ? &reads[source->number] : NULL;
      bool known = !r || (r->reader_count && r->readers[r->reader_count - 1] == i);
      if (!known) arena_push(p->arena, r->readers, r->reader_count, r->reader_capacity, i);
    }
}

static const struct reads *reads_of_group(const struct search *s, const struct group *g) {
  return &s->reads[g->number];
}

static bool may_join(const struct search *s, const struct group *g) {
  return !g->merged && g->region == s->region && (g->kind == GROUP_LOOP || g->kind == GROUP_CONTRACT) && g->count > 0;
}

/* ---- labels of contractions ---- */

static bool has_label(const int8_t *labels, int rank, int label) {
  for (int i = 0; i < rank; i++)
    if (labels[i] == label) return true;
  return false;
}

static bool in_left(const struct node *n, int label) {
  return has_label(n->contract.left, n->operand[0]->type.rank, label);
}

static bool in_right(const struct node *n, int label) {
  return has_label(n->contract.right, n->operand[1]->type.rank, label);
}

static bool in_result(const struct node *n, int label) { return has_label(n->contract.result, n->type.rank, label); }

bool contract_is_outer(const struct node *n, int label) {
  return in_left(n, label) && in_right(n, label) && in_result(n, label);
}

static bool is_own(const struct node *n, int label) {
  return in_left(n, label) != in_right(n, label) && in_result(n, label);
}

static bool is_summed(const struct node *n, int label) { return !in_result(n, label); }

/* ---- a contraction that makes scores ---- */

/* The chain's axes from the result of contraction n, if exactly two of them are of one operand each, and it is
 * batched. */
static bool seed(const struct node *n, struct chain_group *c) {
  int own[2], own_count = 0;
  *c = (struct chain_group){.rank = n->type.rank};
  if (!type_is_batched(&n->operand[0]->type) || !type_is_batched(&n->operand[1]->type)) return false;
  for (int i = 0; i < n->type.rank; i++) {
    int label = n->contract.result[i];
    c->extent[i] = n->type.extent[i];
    if (contract_is_outer(n, label) || c->extent[i] == 1) continue;
    if (own_count == 2 || c->extent[i] == EXTENT_BATCH) return false;
    own[own_count++] = i;
  }
  if (own_count != 2 || in_left(n, n->contract.result[own[0]]) == in_left(n, n->contract.result[own[1]]))
    return false;
  c->rows = own[0];
  c->columns = own[1];
  return type_is_batched(&n->type);
}

/* ---- parts ---- */

static struct chain_part *part_of(struct search *s, const struct group *g) {
  for (int i = 0; i < s->chain.count; i++)
    if (s->chain.parts[i].group == g) return &s->chain.parts[i];
  return NULL;
}

static struct chain_part part_new(struct group *g) {
  struct chain_part part = {.group = g};
  memset(part.axis, -1, sizeof part.axis);
  return part;
}

/* Says that axis (or label) i of a part is the chain's axis.  False: another was known. */
static bool identify(struct chain_part *part, int i, int axis) {
  if (i < 0) return true;
  if (part->axis[i] >= 0 && part->axis[i] != axis) return false;
  part->axis[i] = (int8_t)axis;
  return true;
}

/* The chain's axes of a value that a part computes, in `axis`, which holds those of the group (or labels) before. */
static void value_axes(const struct search *s, const struct chain_part *part, const struct node *n, int8_t *axis) {
  const int8_t *own = part->group->kind == GROUP_LOOP ? facts_of(s->planner, n)->axis : n->contract.result;
  for (int i = 0; i < n->type.rank; i++) axis[i] = own[i] < 0 || n->type.extent[i] == 1 ? -1 : part->axis[own[i]];
}

static bool has_all_axes(const struct chain_group *c, const int8_t *axis, int rank) {
  unsigned found = 0, wanted = 0;
  for (int i = 0; i < rank; i++)
    if (axis[i] >= 0) found |= 1u << axis[i];
  for (int i = 0; i < c->rank; i++)
    if (c->extent[i] != 1) wanted |= 1u << i;
  return found == wanted;
}

/* Does the part compute n over all axes of the chain? */
static bool is_wide(const struct search *s, const struct chain_part *part, const struct node *n) {
  int8_t axis[GRAPH_MAX_RANK];
  value_axes(s, part, n, axis);
  return has_all_axes(&s->chain, axis, n->type.rank);
}

/* A nest over the chain's axes and no others; it may reduce along one of the two that are not heads. */
static bool loop_fits(struct search *s, const struct chain_part *part) {
  const struct group *g = part->group;
  if (!has_all_axes(&s->chain, part->axis, g->rank)) return false;
  for (int i = 0; i < g->rank; i++)
    if (part->axis[i] < 0 || g->extent[i] != s->chain.extent[part->axis[i]]) return false;
  for (int i = 0; i < g->count; i++)
    if (op_is_sink(g->members[i]->op)) return false;
  int pass = g->pass_axis < 0 ? -1 : part->axis[g->pass_axis];
  return pass < 0 || pass == s->chain.rows || pass == s->chain.columns;
}

/* Heads are outer labels; of rows and columns one is summed and one kept, or, where it makes a wide value, each is of
 * one operand. */
static bool contraction_fits(struct search *s, const struct chain_part *part, bool makes) {
  const struct node *n = part->group->members[0];
  int summed = 0, kept = 0;
  if (!has_all_axes(&s->chain, part->axis, CHAIN_MAX_LABELS) || sink_of_contraction(s->planner, n)) return false;
  for (int i = 0; i < CHAIN_MAX_LABELS; i++) {
    if (part->axis[i] < 0) continue;
    bool is_head = part->axis[i] != s->chain.rows && part->axis[i] != s->chain.columns;
    if (is_head ? !contract_is_outer(n, i) : !is_own(n, i) && !is_summed(n, i)) return false;
    if (is_head) continue;
    summed += is_summed(n, i);
    kept += is_own(n, i);
  }
  return makes ? kept == 2 : summed == 1 && kept == 1;
}

static bool add_part(struct search *s, const struct chain_part *part, bool makes) {
  bool fits = part->group->kind == GROUP_LOOP ? loop_fits(s, part) : contraction_fits(s, part, makes);
  if (!fits || reads_of_group(s, part->group)->by_index || s->chain.count == CHAIN_MAX_PARTS) return false;
  s->chain.parts[s->chain.count++] = *part;
  return true;
}

/* ---- growing ---- */

/* Adds a group that reads a wide value. */
static bool add_reader(struct search *s, struct group *g, const struct element *e) {
  int8_t axis[GRAPH_MAX_RANK];
  struct chain_part part = part_new(g);
  value_axes(s, part_of(s, group_of(s->planner, e->node)), e->node, axis);
  for (int i = 0; i < e->node->type.rank; i++)
    if (axis[i] >= 0 && !identify(&part, e->axis[i], axis[i])) return false;
  return add_part(s, &part, false);
}

/* Adds the group that makes what a nest reads over all axes, if it can be a part; else it stays outside. */
static bool add_maker(struct search *s, const struct chain_part *reader, const struct element *e) {
  struct group *g = group_of(s->planner, e->node);
  int8_t axis[GRAPH_MAX_RANK];
  if (!g || !may_join(s, g) || part_of(s, g) || (e->node->op != OP_CONTRACT && e->node->op != OP_MAP)) return false;
  for (int i = 0; i < e->node->type.rank; i++) axis[i] = e->axis[i] < 0 ? -1 : reader->axis[e->axis[i]];
  if (!has_all_axes(&s->chain, axis, e->node->type.rank)) return false;
  struct chain_part part = part_new(g);
  const int8_t *own = g->kind == GROUP_LOOP ? facts_of(s->planner, e->node)->axis : e->node->contract.result;
  for (int i = 0; i < e->node->type.rank; i++)
    if (axis[i] >= 0 && !identify(&part, own[i], axis[i])) return false;
  return add_part(s, &part, true);
}

static bool add_makers(struct search *s, int number) {
  const struct chain_part reader = s->chain.parts[number];
  const struct reads *r = reads_of_group(s, reader.group);
  bool added = false;
  for (int i = 0; reader.group->kind == GROUP_LOOP && i < r->count; i++)
    added |= add_maker(s, &reader, &r->elements[i]);
  return added;
}

/* The chain's part that computes a wide value behind this read, or NULL. */
static struct chain_part *wide_source(struct search *s, const struct element *e) {
  struct chain_part *part = part_of(s, group_of(s->planner, storage_of(e->node)));
  return part && is_wide(s, part, storage_of(e->node)) ? part : NULL;
}

/* Adds a group that may read a wide value of the chain. */
static bool add_if_reader(struct search *s, int number) {
  struct group *g = s->planner->groups[number];
  const struct reads *r = &s->reads[number];
  if (!may_join(s, g) || part_of(s, g)) return false;
  for (int i = 0; i < r->count; i++) {
    if (!wide_source(s, &r->elements[i])) continue;
    if (storage_of(r->elements[i].node) != r->elements[i].node || !add_reader(s, g, &r->elements[i]))
      s->failed = true;
    return !s->failed;
  }
  return false;
}

static bool add_readers(struct search *s, int number) {
  const struct reads *r = reads_of_group(s, s->chain.parts[number].group);
  bool added = false;
  for (int i = 0; i < r->reader_count && !s->failed; i++) added |= add_if_reader(s, r->readers[i]);
  return added;
}

static void grow(struct search *s) {
  for (bool grows = true; grows && !s->failed;) {
    grows = false;
    for (int i = 0; i < s->chain.count; i++) grows |= add_makers(s, i);
    for (int i = 0; i < s->chain.count && !s->failed; i++) grows |= add_readers(s, i);
  }
}

/* ---- whether it stands ---- */

/* Do only kernels of the region, which `grow` has seen, use n? */
static bool users_are_kernels(const struct search *s, const struct node *n) {
  const struct facts *f = facts_of(s->planner, n);
  for (int i = 0; i < f->user_count; i++) {
    const struct node *u = f->users[i];
    bool view = op_is_view(u->op), kernel = u->op == OP_MAP || u->op == OP_REDUCE || u->op == OP_CONTRACT;
    if (facts_of(s->planner, u)->region != s->region || (!view && !kernel)) return false;
    if (view && !users_are_kernels(s, u)) return false;
  }
  return true;
}

static bool add_local(struct search *s, const struct chain_part *part, struct node *n) {
  const struct facts *f = facts_of(s->planner, n);
  if ((part->group->kind == GROUP_LOOP && !f->is_stored) || !is_wide(s, part, n)) return true;
  if (f->has_view || !users_are_kernels(s, n) || s->chain.local_count == CHAIN_MAX_LOCALS) return false;
  s->chain.locals[s->chain.local_count++] = n;
  return true;
}

/* A part may read of the others wide values alone, and rows that are its own. */
static bool reads_fit(struct search *s, const struct chain_part *part) {
  const struct reads *r = reads_of_group(s, part->group);
  int wide = 0;
  for (int i = 0; i < r->count; i++) {
    const struct element *e = &r->elements[i];
    const struct chain_part *source = part_of(s, group_of(s->planner, storage_of(e->node)));
    int8_t axis[GRAPH_MAX_RANK];
    if (!source) continue;
    if (storage_of(e->node) != e->node) return false;
    value_axes(s, source, e->node, axis);
    for (int k = 0; k < e->node->type.rank; k++)
      if (axis[k] != (e->axis[k] < 0 ? -1 : part->axis[e->axis[k]])) return false;
    if (has_all_axes(&s->chain, axis, e->node->type.rank))
      wide++;
    else if (part->group->kind == GROUP_CONTRACT)
      return false;
  }
  return part->group->kind == GROUP_LOOP || wide <= 1;
}

/* Columns are what nests reduce along. */
static void choose_rows(struct search *s) {
  struct chain_group *c = &s->chain;
  bool along_rows = false, along_columns = false;
  for (int i = 0; i < c->count; i++) {
    const struct group *g = c->parts[i].group;
    if (g->kind != GROUP_LOOP || g->pass_axis < 0) continue;
    along_rows |= c->parts[i].axis[g->pass_axis] == c->rows;
    along_columns |= c->parts[i].axis[g->pass_axis] == c->columns;
  }
  c->rows_are_whole = along_rows && along_columns;
  if (!along_rows || along_columns) return;
  int rows = c->columns;
  c->columns = c->rows;
  c->rows = rows;
}

/* Does a group outside wait for a part, and a part for it? */
static bool is_tangled(struct search *s) {
  for (int i = 0; i < s->chain.count; i++) {
    const struct group *g = s->chain.parts[i].group;
    for (int j = 0; j < g->before_count; j++) {
      struct group *outside = group_find(g->before[j]);
      for (int k = 0; !part_of(s, outside) && k < s->chain.count; k++)
        if (group_depends(s->planner, outside, s->chain.parts[k].group)) return true;
    }
  }
  return false;
}

static bool stands(struct search *s) {
  int loops = 0;
  for (int i = 0; i < s->chain.count; i++) {
    const struct chain_part *part = &s->chain.parts[i];
    loops += part->group->kind == GROUP_LOOP;
    if (!reads_fit(s, part)) return false;
    for (int j = 0; j < part->group->count; j++)
      if (!add_local(s, part, part->group->members[j])) return false;
  }
  return loops > 0 && s->chain.count - loops >= 2 && s->chain.rank <= CHAIN_MAX_LOOPS && !is_tangled(s);
}

/* ---- one group of many ---- */

static void unite(struct search *s) {
  struct planner *p = s->planner;
  struct group *g = group_new(p, GROUP_CHAIN, s->region);
  g->chain = arena_new_object(p->arena, struct chain_group);
  *g->chain = s->chain;
  for (int i = 0; i < s->chain.count; i++) {
    struct group *part = s->chain.parts[i].group;
    for (int j = 0; j < part->count; j++) arena_push(p->arena, g->members, g->count, g->capacity, part->members[j]);
    part->merged = g;
  }
  for (int i = 0; i < s->chain.count; i++) group_make_later(g, s->chain.parts[i].group->latest);
  for (int i = 0; i < s->chain.count; i++) {
    const struct group *part = s->chain.parts[i].group;
    for (int j = 0; j < part->before_count; j++) group_order(p, part->before[j], g);
    for (int j = 0; j < part->after_count; j++) group_order(p, g, part->after[j]);
  }
}

void find_chains(struct planner *p, struct region *r) {
  int count = p->group_count;
  struct search s = {.planner = p, .region = r};
  s.reads = arena_new_array(p->arena, struct reads, (size_t)count + 1);
  for (int i = 0; i < count; i++)
    if (may_join(&s, p->groups[i])) s.reads[i] = reads_of(p, p->groups[i]);
  link_readers(p, s.reads, count);
  for (int i = 0; i < count; i++) {
    struct group *g = p->groups[i];
    if (!may_join(&s, g) || g->kind != GROUP_CONTRACT || !seed(g->members[0], &s.chain)) continue;
    s.failed = false;
    struct chain_part part = part_new(g);
    for (int k = 0; k < s.chain.rank; k++)
      if (s.chain.extent[k] != 1) part.axis[g->members[0]->contract.result[k]] = (int8_t)k;
    if (!add_part(&s, &part, true)) continue;
    grow(&s);
    choose_rows(&s);
    if (!s.failed && stands(&s)) unite(&s);
  }
}

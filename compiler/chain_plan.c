/* plan_chain: the kernels of a chain and the loops around them; see chain.h. */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the kernels ask ---- */

static int axis_of_part(const struct planner *p, int i) { return !p->part || i < 0 ? -1 : p->part->axis[i]; }

int chain_loop_of(const struct planner *p, int i) {
  int axis = axis_of_part(p, i);
  return axis < 0 ? -1 : p->chain->loop[axis];
}

bool chain_blocks_axis(const struct planner *p, int i) {
  return chain_loop_of(p, i) >= 0 && axis_of_part(p, i) == p->chain->rows;
}

void chain_surround(const struct planner *p, struct access *access, const struct buffer *buffer, int i,
                    int64_t stride) {
  if (buffer->is_local) return;
  bool blocks = chain_blocks_axis(p, i);
  access->around[chain_loop_of(p, i)] += stride * (blocks ? p->chain->block : 1);
  if (blocks) access->offset += stride * p->chain->from * dtype_size(access->dtype);
}

struct view chain_indices(struct planner *p, int64_t extent) {
  struct shared *s = p->shared;
  struct type type = type_make(DTYPE_I32, 1, &extent);
  bool is_new;
  struct buffer *b = shared_value(s, arena_printf(s->arena, "indices %lld", (long long)extent), &type, &is_new);
  struct view v = view_dense(b, &type, NULL);
  if (is_new) plan_indices(s->prepare, &v);
  return v;
}

/* ---- blocks ---- */

/* Elements from column to column of a wide value, whose rows lie side by side so that each lane of a vector has one:
 * whole lines, and no large power of two of them, whose columns would meet in few places of the cache. */
static int64_t column_stride(const struct chain_group *c) {
  enum { LINE = 16, ALIAS = 256 };
  int64_t stride = (c->block + LINE - 1) / LINE * LINE;
  return stride % ALIAS == 0 ? stride + LINE : stride;
}

static int64_t local_row_bytes(const struct chain_group *c) {
  int64_t bytes = 0;
  for (int i = 0; i < c->local_count; i++) bytes += c->extent[c->columns] * dtype_size(c->locals[i]->type.dtype);
  return bytes;
}

/* All rows where half of the second-level cache can hold them, which leaves as much to what the kernels read; else
 * those of one panel, whose wide values stay in what is nearer still (measured on Zen 3, 901 rows: blocks of 16 take
 * less time than of 31, 64 or 96). */
static int64_t choose_block(const struct planner *p, const struct chain_group *c) {
  const struct machine *m = p->shared->machine;
  int64_t rows = c->extent[c->rows], most = m->l2_bytes / 2 / local_row_bytes(c), panel = machine_panel(m);
  if (c->rows_are_whole || rows <= most || rows <= panel) return rows;
  return most < 1 ? 1 : most < panel ? most : panel;
}

/* ---- wide values ---- */

/* The memory of one block, columns by rows; along the heads every place is the same. */
static void place_local(struct planner *p, const struct chain_group *c, struct node *n) {
  const struct chain_part *part = NULL;
  for (int i = 0; i < c->count; i++)
    if (group_of(p, n) == c->parts[i].group) part = &c->parts[i];
  const int8_t *own = part->group->kind == GROUP_LOOP ? facts_of(p, n)->axis : n->contract.result;
  int64_t stride = column_stride(c), elements = c->extent[c->columns] * stride;
  struct facts *f = facts_of(p, n);
  f->view = (struct view){.type = n->type, .buffer = local_buffer(p, elements * dtype_size(n->type.dtype))};
  for (int i = 0; i < n->type.rank; i++) {
    int axis = own[i] < 0 || n->type.extent[i] == 1 ? -1 : part->axis[own[i]];
    f->view.stride[i] = axis == c->columns ? stride : axis == c->rows ? 1 : 0;
  }
  f->has_view = true;
}

/* ---- order ---- */

struct order {
  struct chain_part *parts[CHAIN_MAX_PARTS];
  int count;
};

static void visit(struct chain_group *c, struct order *o, struct chain_part *part) {
  for (int i = 0; i < o->count; i++)
    if (o->parts[i] == part) return;
  for (int i = 0; i < part->group->before_count; i++)
    for (int k = 0; k < c->count; k++)
      if (group_find(part->group->before[i]) == c->parts[k].group) visit(c, o, &c->parts[k]);
  o->parts[o->count++] = part;
}

static struct order order_of(struct chain_group *c) {
  struct order o = {.count = 0};
  for (int i = 0; i < c->count; i++) visit(c, &o, &c->parts[i]);
  return o;
}

/* ---- loops ---- */

static struct step loops_of(struct chain_group *c, int64_t blocks) {
  struct step step = {.kind = STEP_CHAIN};
  struct chain *loops = &step.chain;
  for (int i = 0; i < c->rank; i++) {
    bool is_row = i == c->rows, runs = is_row ? c->blocks > 1 : i != c->columns && c->extent[i] != 1;
    c->loop[i] = -1;
    if (!runs) continue;
    bool batch = c->extent[i] == EXTENT_BATCH;
    c->loop[i] = (int8_t)loops->loop_count;
    loops->loop[loops->loop_count++] = (struct extent){is_row ? blocks : batch ? 1 : c->extent[i], batch};
  }
  return step;
}

static void plan_part(struct planner *p, struct chain_part *part) {
  struct group *g = part->group;
  p->part = part;
  p->origin = g->members[g->count - 1]->origin;
  if (g->kind == GROUP_LOOP)
    plan_nest(p, g);
  else
    plan_contraction(p, g->members[0]);
  p->part = NULL;
}

/* `blocks` blocks of c->block rows from row c->from on. */
static void plan_run(struct planner *p, struct chain_group *c, const struct order *o, int64_t blocks) {
  struct step step = loops_of(c, blocks);
  struct pending pending = {0};
  p->pending = &pending;
  for (int i = 0; i < o->count; i++) plan_part(p, o->parts[i]);
  p->pending = NULL;
  plan_push_chain(p, &step, &pending);
}

void plan_chain(struct planner *p, struct group *g) {
  struct chain_group *c = g->chain;
  for (int i = 0; i < c->count; i++) {
    c->parts[i].group->merged = NULL;
    group_sort(c->parts[i].group);
  }
  struct order o = order_of(c);
  int64_t rows = c->extent[c->rows], size = choose_block(p, c), rest = rows % size;
  c->blocks = (rows + size - 1) / size;
  c->block = size;
  for (int i = 0; i < c->local_count; i++) place_local(p, c, c->locals[i]);
  p->chain = c;
  c->from = 0;
  plan_run(p, c, &o, rows / size);
  c->from = rows - rest;
  c->block = rest;
  if (rest > 0) plan_run(p, c, &o, 1);
  p->chain = NULL;
}

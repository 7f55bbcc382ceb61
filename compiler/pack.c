/* plan_packs: the copies of weights, block by block.
 *
 * Whoever moves the rows of a weight packs them at once, while they are in the cache.  A copy reads a weight along
 * one axis in steps that are longer than all that it reads within a step: a row, or the rows of a panel.  The steps
 * lie in the weight's memory one after another, so it is known which of them are in a block of whole steps, and the
 * copy of a block is the copy with fewer steps.  Blocks of which all copies take the same steps are a run, and one
 * chain. */
#include "planner.h"

#include <string.h>

enum {
  LINE = 64,      /* blocks begin with a line of the cache */
  LEAST = 1 << 14 /* bytes of a block: that a call is worth its while */
};

struct copy {
  const struct loop *loop;
  int axis;       /* that goes from step to step; -1: there is one step */
  int64_t stride; /* bytes of the weight from one to the next */
  int64_t first;  /* the number of its first step among those of the weight */
  int64_t count;
};

/* The copies of one weight. */
struct copies {
  struct shared *shared;
  const struct weight *weight;
  int64_t bytes; /* of the weight */
  struct copy *items;
  int count;
  struct packing packing;
};

/* Of a copy's steps those in one block: the first of them, counted from the block's first, and how many. */
struct steps {
  int64_t first, count;
};

/* ---- what a copy reads ---- */

static bool is_source(const struct access *access) { return access->space == SPACE_WEIGHTS; }

static int64_t stride_bytes(const struct access *access, int axis) {
  return axis < 0 ? 0 : access->stride[axis] * dtype_size(access->dtype);
}

static const struct access *first_source(const struct loop *l) {
  const struct access *access = l->accesses;
  while (!is_source(access)) access++;
  return access;
}

static int axis_of_steps(const struct loop *l) {
  const int64_t *stride = first_source(l)->stride;
  int best = -1;
  for (int i = 0; i < l->rank; i++)
    if (best < 0 || stride[i] > stride[best]) best = i;
  return best;
}

/* Is all that the access reads, but for the axis of steps, within one step, the first? */
static bool stays_in_step(const struct copies *w, const struct copy *c, const struct access *access) {
  int64_t end = access->offset - w->weight->offset - c->first * c->stride + dtype_size(access->dtype);
  if (end <= 0 || stride_bytes(access, c->axis) != c->stride) return false;
  for (int i = 0; i < c->loop->rank; i++) {
    if (access->stride[i] < 0) return false;
    if (i != c->axis) end += (c->loop->extent[i].count - 1) * stride_bytes(access, i);
  }
  return end <= c->stride;
}

static bool has_steps(const struct copies *w, const struct copy *c) {
  if (c->stride <= 0) return false;
  for (int i = 0; i < c->loop->access_count; i++)
    if (is_source(&c->loop->accesses[i]) && !stays_in_step(w, c, &c->loop->accesses[i])) return false;
  return true;
}

static struct copy single_step(const struct copies *w, const struct loop *l) {
  return (struct copy){.loop = l, .axis = -1, .stride = w->bytes, .count = 1};
}

static struct copy copy_of(const struct copies *w, const struct loop *l) {
  struct copy c = {.loop = l, .axis = axis_of_steps(l)};
  c.stride = stride_bytes(first_source(l), c.axis);
  if (c.stride > 0) c.first = (first_source(l)->offset - w->weight->offset) / c.stride;
  if (c.stride > 0) c.count = l->extent[c.axis].count;
  return has_steps(w, &c) ? c : single_step(w, l);
}

static int64_t steps_of_block(const struct copies *w, const struct copy *c) { return w->packing.block / c->stride; }

static struct steps steps_in(const struct copies *w, const struct copy *c, int64_t block) {
  int64_t start = block * steps_of_block(w, c), begin = start, end = start + steps_of_block(w, c);
  if (begin < c->first) begin = c->first;
  if (end > c->first + c->count) end = c->first + c->count;
  return begin < end ? (struct steps){begin - start, end - begin} : (struct steps){0, 0};
}

/* ---- blocks ---- */

static int64_t greatest_divisor(int64_t a, int64_t b) { return b ? greatest_divisor(b, a % b) : a; }

static int64_t least_multiple(int64_t a, int64_t b) { return a / greatest_divisor(a, b) * b; }

static int64_t round_up(int64_t a, int64_t to) { return (a + to - 1) / to * to; }

/* Bytes of the weight of which a copy takes all steps or none: one, or those that are neighbours in a line of the
 * copy. */
static int64_t steps_together(const struct copy *c) {
  const struct access *target = &c->loop->accesses[c->loop->stores[0].access];
  bool are_neighbours = c->axis >= 0 && target->stride[c->axis] == 1;
  return are_neighbours ? c->stride * (LINE / dtype_size(target->dtype)) : c->stride;
}

/* A block of whole steps of every copy: the shortest, but not too short.  False: it would not stay in the
 * second-level cache. */
static bool choose_block(struct copies *w) {
  int64_t most = w->shared->machine->l2_bytes / 2, block = LINE;
  for (int i = 0; i < w->count && block <= most; i++) block = least_multiple(block, steps_together(&w->items[i]));
  if (block > most) {
    block = round_up(w->bytes, LINE);
    for (int i = 0; i < w->count; i++) w->items[i] = single_step(w, w->items[i].loop);
  }
  w->packing.block = round_up(LEAST, block);
  w->packing.blocks = round_up(w->bytes, w->packing.block) / w->packing.block;
  return block <= most;
}

static bool take_the_same(const struct copies *w, int64_t block, int64_t other) {
  for (int i = 0; i < w->count; i++) {
    struct steps x = steps_in(w, &w->items[i], block), y = steps_in(w, &w->items[i], other);
    if (x.first != y.first || x.count != y.count) return false;
  }
  return true;
}

/* ---- their kernels ---- */

static struct loop loop_copy(struct arena *a, const struct loop *l) {
  struct loop copy = *l;
  copy.accesses = arena_new_array(a, struct access, (size_t)l->access_count);
  memcpy(copy.accesses, l->accesses, (size_t)l->access_count * sizeof *l->accesses);
  return copy;
}

/* The steps of a copy that a block takes, as a kernel in the chain over a run of blocks, of which it is the first. */
static struct step kernel_of(const struct copies *w, const struct copy *c, int64_t block, struct steps steps) {
  struct kernel *k = arena_new_object(w->shared->arena, struct kernel);
  *k = (struct kernel){.kind = KERNEL_LOOP, .loop = loop_copy(w->shared->arena, c->loop)};
  int64_t before = block * steps_of_block(w, c) + steps.first - c->first;
  for (int i = 0; c->axis >= 0 && i < k->loop.access_count; i++) {
    struct access *access = &k->loop.accesses[i];
    access->offset += before * stride_bytes(access, c->axis);
    access->around[0] = access->stride[c->axis] * steps_of_block(w, c);
  }
  if (c->axis >= 0) loop_shorten(&k->loop, c->axis, steps.count);
  return (struct step){.kind = STEP_KERNEL, .kernel = k};
}

static struct step chain_of(const struct copies *w, int64_t first, int64_t next) {
  struct step chain = {.kind = STEP_CHAIN, .chain = {.loop_count = 1, .loop = {{next - first, false}}}};
  chain.chain.steps = arena_new_array(w->shared->arena, struct step, (size_t)w->count);
  for (int i = 0; i < w->count; i++) {
    struct steps steps = steps_in(w, &w->items[i], first);
    if (steps.count > 0) chain.chain.steps[chain.chain.count++] = kernel_of(w, &w->items[i], first, steps);
  }
  return chain;
}

static void push_runs(struct copies *w, struct step_list *pack) {
  struct arena *a = w->shared->arena;
  struct packing *p = &w->packing;
  int capacity = 0;
  p->first = pack->count;
  for (int64_t first = 0, next; first < p->blocks; first = next) {
    for (next = first + 1; next < p->blocks && take_the_same(w, first, next);) next++;
    struct step chain = chain_of(w, first, next);
    if (chain.chain.count == 0) continue;
    arena_push(a, p->begin, p->count, capacity, first);
    arena_push(a, pack->steps, pack->count, pack->capacity, chain);
  }
}

/* ---- weights ---- */

static int64_t bytes_written(const struct loop *l) {
  int64_t bytes = dtype_size(l->accesses[l->stores[0].access].dtype);
  for (int i = 0; i < l->rank; i++) bytes *= l->extent[i].count;
  return bytes;
}

static struct copies copies_of(struct shared *s, int weight) {
  const struct step_list *steps = &s->copies[weight];
  struct copies w = {.shared = s, .weight = s->program->weights[weight]};
  w.bytes = type_bytes(&w.weight->symbol->type);
  w.items = arena_new_array(s->arena, struct copy, (size_t)steps->count);
  for (; w.count < steps->count; w.count++) {
    const struct loop *l = &steps->steps[w.count].kernel->loop;
    w.items[w.count] = copy_of(&w, l);
    w.packing.bytes += bytes_written(l);
  }
  return w;
}

static void leave_to_prepare(struct shared *s, int weight) {
  struct step_list *to = s->prepare->steps;
  for (int i = 0; i < s->copies[weight].count; i++)
    arena_push(s->arena, to->steps, to->count, to->capacity, s->copies[weight].steps[i]);
}

void plan_packs(struct shared *s, struct plan *plan) {
  struct step_list pack = {0};
  plan->weight_count = s->program->weight_count;
  plan->packings = arena_new_array(s->arena, struct packing, (size_t)plan->weight_count);
  for (int i = 0; i < plan->weight_count; i++) {
    if (s->copies[i].count == 0) continue;
    struct copies w = copies_of(s, i);
    if (choose_block(&w)) {
      push_runs(&w, &pack);
      plan->packings[i] = w.packing;
    } else {
      leave_to_prepare(s, i);
    }
  }
  plan->pack = (struct function){.name = "pack", .steps = pack.steps, .count = pack.count};
}

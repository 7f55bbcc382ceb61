/* See cost.h. */
#include "cost.h"

#include <math.h>

/* Bytes in a cycle from the second-level cache, and from beyond it. */
static const double CACHE_BYTES = 32, MEMORY_BYTES = 8;
/* Cycles around each register tile: filling the pipeline, addresses. */
static const double TILE_CYCLES = 20;

static double length(struct extent e, int64_t n) { return (double)e.count * (e.per_example ? (double)n : 1); }

double cost_peak(const struct machine *m) { return 2.0 * machine_lanes(m); }

/* ---- bytes ---- */

static double bytes_of(const struct access *a, const struct extent *extents, int rank, int64_t n) {
  double elements = 1;
  for (int i = 0; i < rank; i++)
    if (a->stride[i] != 0) elements *= length(extents[i], n);
  return elements * dtype_size(a->dtype);
}

static double loop_bytes(const struct loop *l, int64_t n) {
  double bytes = 0;
  for (int i = 0; i < l->access_count; i++) bytes += bytes_of(&l->accesses[i], l->extent, l->rank, n);
  for (int i = 0; i < l->store_count; i++)
    if (l->stores[i].add) bytes += bytes_of(&l->accesses[l->stores[i].access], l->extent, l->rank, n);
  return bytes;
}

static double contraction_bytes(const struct contraction *c, int64_t n) {
  struct extent extents[KERNEL_MAX_AXES];
  int rank = c->loop_count;
  for (int i = 0; i < rank; i++) extents[i] = c->loop[i];
  extents[rank++] = c->m;
  extents[rank++] = c->n;
  extents[rank++] = c->k;
  double result = bytes_of(&c->c, extents, rank, n);
  return bytes_of(&c->a, extents, rank, n) + bytes_of(&c->b, extents, rank, n) + result * (c->accumulate ? 2 : 1);
}

/* ---- cycles ---- */

/* Whether c stays in registers while this outer loop runs. */
static bool sums(const struct contraction *c, int loop) { return c->c.stride[loop] == 0; }

static double contraction_cycles(const struct contraction *c, const struct machine *m, int64_t n) {
  double columns = (double)c->n.count, rows = length(c->m, n), depth = length(c->k, n), repeats = 1;
  bool is_bf16 = c->a.dtype == DTYPE_BF16;
  int lanes = m->vector_bytes / dtype_size(is_bf16 ? DTYPE_F32 : c->c.dtype);
  for (int i = 0; i < c->loop_count; i++) *(sums(c, i) ? &depth : &repeats) *= length(c->loop[i], n);
  double steps = is_bf16 ? depth / 2 : depth;
  struct register_tile tile = machine_register_tile(m, (int64_t)rows);
  double vectors = (double)((int64_t)(columns + lanes - 1) / lanes);
  double tiles = rows * vectors / (tile.rows * tile.vectors);
  return repeats * (rows * vectors * steps + (tiles < 1 ? 1 : tiles) * TILE_CYCLES);
}

struct kernel_cost kernel_cost(const struct kernel *k, const struct machine *m, int64_t n) {
  struct kernel_cost cost = {0};
  if (k->kind == KERNEL_LOOP) {
    cost.bytes = loop_bytes(&k->loop, n);
    cost.cycles = cost.bytes / CACHE_BYTES;
    return cost;
  }
  const struct contraction *c = &k->contraction;
  cost.flops = 2 * length(c->m, n) * length(c->n, n) * length(c->k, n);
  for (int i = 0; i < c->loop_count; i++) cost.flops *= length(c->loop[i], n);
  cost.bytes = contraction_bytes(c, n);
  cost.cycles = contraction_cycles(c, m, n);
  return cost;
}

/* ---- functions ---- */

/* Bytes of a kernel that lie in memory which all tiles share or add to. */
static double streamed_bytes(const struct kernel *k, int64_t n) {
  if (k->kind == KERNEL_LOOP) return 0;
  const struct contraction *c = &k->contraction;
  struct contraction streamed = *c;
  if (c->b.space != SPACE_SHARED && c->b.space != SPACE_WEIGHTS)
    return c->c.space == SPACE_GRADS ? contraction_bytes(c, n) : 0;
  for (int i = 0; i < KERNEL_MAX_AXES; i++) streamed.a.stride[i] = streamed.c.stride[i] = 0;
  return contraction_bytes(&streamed, n);
}

static void add_steps(struct kernel_cost *total, const struct step *steps, int count, const struct machine *m,
                      int64_t n, double times) {
  for (int i = 0; i < count; i++) {
    const struct step *s = &steps[i];
    if (s->kind == STEP_REPEAT) {
      add_steps(total, s->repeat.steps, s->repeat.count, m, n, times * (double)s->repeat.trips);
      continue;
    }
    if (s->kind == STEP_CHAIN) {
      add_steps(total, s->chain.steps, s->chain.count, m, 1, times * (double)chain_trips(&s->chain, n));
      continue;
    }
    struct kernel_cost cost = kernel_cost(s->kernel, m, n);
    double far = cost.bytes > (double)m->l2_bytes ? cost.bytes : streamed_bytes(s->kernel, n);
    total->flops += times * cost.flops;
    total->bytes += times * cost.bytes;
    total->cycles += times * (cost.cycles + far / MEMORY_BYTES);
  }
}

struct kernel_cost form_cost(const struct kernel_form *form, const struct machine *m, int64_t n) {
  if (form->kernel) return kernel_cost(form->kernel, m, n);
  struct kernel_cost total = {0};
  add_steps(&total, form->chain->steps, form->chain->count, m, 1, (double)chain_trips(form->chain, n));
  return total;
}

struct kernel_cost function_cost(const struct function *f, const struct machine *m, int64_t n) {
  struct kernel_cost total = {0};
  add_steps(&total, f->steps, f->count, m, n, 1);
  return total;
}

const int64_t cost_tiles[COST_TILES] = {1, 2, 4, 8};

double tile_cycles(const struct function *f, const struct machine *m, int64_t n) {
  return function_cost(f, m, n).cycles / (double)n;
}

static bool tile_fits(const struct function *f, int64_t tile) {
  enum { MOST_BYTES = 128 << 20 };
  return tile == 1 || f->arena_bytes * tile <= MOST_BYTES;
}

/* The smallest tile whose cycles are within this factor of the least. */
static int64_t smallest_tile(const struct function *f, const struct machine *m, double factor) {
  double least = tile_cycles(f, m, 1);
  for (int i = 1; i < COST_TILES; i++)
    if (tile_fits(f, cost_tiles[i])) least = fmin(least, tile_cycles(f, m, cost_tiles[i]));
  int i = 0;
  while (tile_cycles(f, m, cost_tiles[i]) > factor * least) i++;
  return cost_tiles[i];
}

int64_t cost_choose_tile(const struct function *f, const struct machine *m, int64_t former) {
  int64_t best = smallest_tile(f, m, 1.03);
  bool stays = former && tile_fits(f, former) && tile_cycles(f, m, former) < 1.05 * tile_cycles(f, m, best);
  return stays ? former : best;
}

/* ---- what a model needs ---- */

/* The contractions of a region so far. */
struct contractions {
  const struct node **nodes;
  int count, capacity;
};

static bool is_made_again(const struct contractions *known, const struct node *n) {
  for (int i = 0; i < known->count; i++)
    if (contract_is_twin(n, known->nodes[i])) return true;
  return false;
}

static double contract_flops(const struct node *n) {
  double extent[GRAPH_MAX_LABELS], flops = 2;
  for (int i = 0; i < GRAPH_MAX_LABELS; i++) extent[i] = 1;
  for (int k = 0; k < 2; k++) {
    const int8_t *labels = k ? n->contract.right : n->contract.left;
    const struct type *type = &n->operand[k]->type;
    for (int i = 0; i < type->rank; i++)
      if (type->extent[i] != EXTENT_BATCH) extent[labels[i]] = (double)type->extent[i];
  }
  for (int i = 0; i < GRAPH_MAX_LABELS; i++) flops *= extent[i];
  return flops;
}

static double region_flops(struct arena *a, const struct region *r) {
  struct contractions known = {0};
  double flops = 0;
  for (int i = 0; i < r->count; i++) {
    const struct node *n = r->nodes[i];
    if (n->op == OP_REPEAT) flops += (double)n->repeat.trips * region_flops(a, n->repeat.body);
    if (n->op != OP_CONTRACT) continue;
    if (!is_made_again(&known, n)) flops += contract_flops(n);
    arena_push(a, known.nodes, known.count, known.capacity, n);
  }
  return flops;
}

double graph_flops(const struct graph *g) { return region_flops(g->arena, g->top); }

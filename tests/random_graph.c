/* See random_graph.h. */
#include "tests/random_graph.h"

#include <stdlib.h>

static double random_uniform(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*state >> 11) / 9007199254740992.0;
}

int random_below(uint64_t *state, int limit) { return (int)(random_uniform(state) * limit); }

double *random_values(struct arena *a, uint64_t seed, const struct symbol *s, int64_t n) {
  bool shared = s->role == ROLE_PARAM || s->role == ROLE_BUFFER;
  int64_t count = type_elements(&s->type) * (shared ? 1 : n);
  double *values = arena_new_array(a, double, (size_t)count);
  for (const char *c = s->name; *c; c++) seed = seed * 31 + (uint64_t)*c;
  for (int64_t i = 0; i < count; i++)
    values[i] = s->type.dtype == DTYPE_I32 ? random_below(&seed, 8) - 1 : 2 * random_uniform(&seed) - 1;
  return values;
}

struct evaluate_input *random_inputs(struct arena *a, uint64_t seed, const struct random_program *p, int64_t n) {
  struct evaluate_input *inputs = arena_new_array(a, struct evaluate_input, (size_t)p->symbol_count);
  for (int i = 0; i < p->symbol_count; i++)
    inputs[i] = (struct evaluate_input){p->symbols[i]->name, random_values(a, seed, p->symbols[i], n)};
  return inputs;
}

/* ---- programs ---- */

enum { POOL = 64 };

struct maker {
  struct arena *arena;
  struct graph *graph;
  uint64_t state;
  bool smooth;
  struct random_program program;
  struct node *pool[POOL]; /* f32 values to build on */
  int count;
};

static int below(struct maker *m, int limit) { return random_below(&m->state, limit); }
static struct node *pick(struct maker *m) { return m->pool[below(m, m->count)]; }

static void keep(struct maker *m, struct node *n) {
  if (m->count < POOL)
    m->pool[m->count++] = n;
  else
    m->pool[below(m, POOL)] = n;
}

static struct symbol *symbol(struct maker *m, const char *name, enum role role, struct type type) {
  struct symbol *s = arena_new_object(m->arena, struct symbol);
  *s = (struct symbol){name, role, type};
  m->program.symbols[m->program.symbol_count++] = s;
  return s;
}

static struct node *leaf(struct maker *m, const char *name, enum role role, enum dtype dtype, int rank,
                         const int64_t *extent) {
  struct type type = type_make(dtype, rank, extent);
  return graph_leaf(m->graph, symbol(m, name, role, type), type);
}

/* A constant, some values of which invite simplification. */
static struct node *constant_like(struct maker *m, const struct node *x) {
  static const double values[] = {0, 1, -1, 2, 0.5, -0.25, 3};
  struct node *scalar = graph_const(m->graph, DTYPE_F32, values[below(m, 7)]);
  return graph_broadcast_leading(m->graph, scalar, x->type.rank, x->type.extent);
}

/* A value of the shape of x: a value that has it, a constant, or x itself. */
static struct node *partner(struct maker *m, struct node *x) {
  if (below(m, 4) == 0) return constant_like(m, x);
  for (int i = 0; i < 12; i++) {
    struct node *y = pick(m);
    if (type_same_shape(&x->type, &y->type)) return y;
  }
  return x;
}

static struct node *bounded(struct maker *m, struct node *x) { return graph_map1(m->graph, SCALAR_TANH, x); }

static struct node *make_unary(struct maker *m) {
  static const enum scalar_op ops[] = {SCALAR_NEG, SCALAR_ABS,  SCALAR_SIN,     SCALAR_COS,
                                       SCALAR_EXP, SCALAR_TANH, SCALAR_SIGMOID, SCALAR_NEG};
  return graph_map1(m->graph, ops[below(m, 8)], bounded(m, pick(m)));
}

/* log, square root and power of a positive value */
static struct node *make_positive(struct maker *m) {
  struct node *x = graph_map1(m->graph, SCALAR_SIGMOID, pick(m));
  static const double exponents[] = {0, 1, 2, 3, 0.5, -1, -2, 1.5};
  int choice = below(m, 3);
  if (choice == 0) return graph_map1(m->graph, SCALAR_LOG, x);
  if (choice == 1) return graph_map1(m->graph, SCALAR_SQRT, x);
  struct node *exponent = graph_const(m->graph, DTYPE_F32, exponents[below(m, 8)]);
  exponent = graph_broadcast_leading(m->graph, exponent, x->type.rank, x->type.extent);
  return bounded(m, graph_map2(m->graph, SCALAR_POW, x, exponent));
}

static struct node *make_binary(struct maker *m) {
  static const enum scalar_op ops[] = {SCALAR_ADD, SCALAR_SUB, SCALAR_MUL, SCALAR_MAX, SCALAR_MIN, SCALAR_ADD};
  struct node *x = pick(m), *y = partner(m, x);
  if (below(m, 2)) {
    struct node *z = x;
    x = y, y = z;
  }
  struct node *z = graph_map2(m->graph, ops[below(m, 6)], x, y);
  return below(m, 2) ? bounded(m, z) : z;
}

static struct node *make_select(struct maker *m) {
  struct node *x = pick(m);
  struct node *condition = graph_map2(m->graph, below(m, 2) ? SCALAR_LT : SCALAR_LE, x, partner(m, x));
  return graph_select(m->graph, condition, partner(m, x), partner(m, x));
}

static struct node *make_cast(struct maker *m) {
  struct node *x = pick(m);
  return graph_cast(m->graph, DTYPE_F32, graph_map1(m->graph, SCALAR_SIN, graph_cast(m->graph, DTYPE_F64, x)));
}

static struct node *make_reduce(struct maker *m) {
  struct node *x = pick(m);
  if (x->type.rank == 0) return x;
  uint32_t axes = 1 + (uint32_t)below(m, (1 << x->type.rank) - 1);
  return bounded(m, graph_reduce(m->graph, (enum reduction)below(m, 3), axes, x));
}

/* Labels at random: one of the left operand's where the extents agree, else a new one; any of them in the result. */
static struct node *make_contract(struct maker *m) {
  struct node *x = pick(m), *y = pick(m);
  int8_t left[GRAPH_MAX_RANK], right[GRAPH_MAX_RANK], all[2 * GRAPH_MAX_RANK], result[GRAPH_MAX_RANK];
  int labels = 0, rank = 0;
  bool used[GRAPH_MAX_RANK] = {false};
  for (int i = 0; i < x->type.rank; i++) all[labels] = left[i] = (int8_t)labels, labels++;
  for (int i = 0; i < y->type.rank; i++) {
    int at = 0;
    while (at < x->type.rank && (used[at] || x->type.extent[at] != y->type.extent[i])) at++;
    bool shared = at < x->type.rank && below(m, 4) > 0;
    if (shared)
      used[at] = true, right[i] = left[at];
    else
      all[labels] = right[i] = (int8_t)labels, labels++;
  }
  for (int i = 0; i < labels && rank < 3; i++)
    if (below(m, 2)) result[rank++] = all[i];
  return bounded(m, graph_contract_ids(m->graph, left, right, result, rank, x, y));
}

static struct node *make_reshape(struct maker *m) {
  struct node *x = pick(m);
  int64_t flat = type_elements(&x->type), unit[3] = {flat, 1, 1};
  return graph_reshape(m->graph, x, 1 + below(m, 2), unit);
}

static struct node *make_transpose(struct maker *m) {
  struct node *x = pick(m);
  int8_t axes[GRAPH_MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) {
    int j = below(m, i + 1);
    axes[i] = axes[j];
    axes[j] = (int8_t)i;
  }
  return x->type.rank ? graph_transpose(m->graph, x, axes) : x;
}

static struct node *make_slice(struct maker *m) {
  struct node *x = pick(m);
  if (x->type.rank == 0) return x;
  int axis = below(m, x->type.rank);
  int64_t extent = x->type.extent[axis], from = below(m, (int)extent), step = 1 + below(m, 2);
  int64_t size = 1 + below(m, (int)((extent - 1 - from) / step) + 1);
  return graph_slice(m->graph, x, axis, from, step, size);
}

static struct node *make_pad(struct maker *m) {
  struct node *x = pick(m);
  if (x->type.rank == 0) return x;
  int axis = below(m, x->type.rank);
  int64_t from = below(m, 2), step = 1 + below(m, 2);
  int64_t size = from + (x->type.extent[axis] - 1) * step + 1 + below(m, 2);
  return size > 8 ? x : graph_pad(m->graph, x, axis, from, step, size);
}

static struct node *make_concat(struct maker *m) {
  struct node *x = pick(m);
  if (x->type.rank == 0) return x;
  struct node *parts[] = {x, partner(m, x), partner(m, x)};
  int axis = below(m, x->type.rank);
  return x->type.extent[axis] > 4 ? x : graph_concat(m->graph, parts, 2 + below(m, 2), axis);
}

/* Both halves of a value apart, as rotary embeddings take them. */
static struct node *make_halves(struct maker *m) {
  struct node *x = pick(m);
  if (x->type.rank == 0 || x->type.extent[0] < 2) return x;
  int64_t half = x->type.extent[0] / 2, rest = x->type.extent[0] - half;
  struct node *low = graph_slice(m->graph, x, 0, 0, 1, half), *high = graph_slice(m->graph, x, 0, half, 1, rest);
  return graph_concat(m->graph, (struct node *[]){graph_map1(m->graph, SCALAR_NEG, high), low}, 2, 0);
}

static struct node *make_broadcast(struct maker *m) {
  struct node *x = pick(m);
  if (x->type.rank > 2 || type_elements(&x->type) > 16) return x;
  int at = below(m, x->type.rank + 1), rank = 0;
  int8_t axes[GRAPH_MAX_RANK];
  int64_t extent[GRAPH_MAX_RANK];
  for (int i = 0; i <= x->type.rank; i++) {
    if (i == at) extent[rank++] = 1 + below(m, 4);
    if (i == x->type.rank) break;
    axes[i] = (int8_t)rank;
    extent[rank++] = x->type.extent[i];
  }
  return graph_broadcast(m->graph, x, axes, rank, extent);
}

/* The leaf of the index input. */
static struct node *index_leaf(struct maker *m) {
  struct symbol *s = m->program.symbols[0];
  return graph_leaf(m->graph, s, s->type);
}

static struct node *make_gather(struct maker *m) {
  struct node *table = pick(m);
  if (table->type.rank == 0) return table;
  return graph_gather(m->graph, table, below(m, 4) ? index_leaf(m) : graph_iota(m->graph, table->type.extent[0]));
}

static struct node *make_scatter(struct maker *m) {
  struct node *rows = pick(m), *index = index_leaf(m);
  if (rows->type.rank == 0) return rows;
  if (rows->type.extent[0] != index->type.extent[0]) index = graph_iota(m->graph, rows->type.extent[0]);
  return bounded(m, graph_scatter(m->graph, index, rows, 1 + below(m, 4)));
}

static struct node *make_detach(struct maker *m) { return m->smooth ? pick(m) : graph_detach(m->graph, pick(m)); }

/* One to three carries through a few trips; carries of one shape change places. */
static struct node *make_repeat(struct maker *m) {
  struct node *initial[3], *results[3];
  int count = 1 + below(m, 3), outside = m->count;
  for (int i = 0; i < count; i++) initial[i] = pick(m);
  struct node *saved[POOL];
  for (int i = 0; i < POOL; i++) saved[i] = m->pool[i];
  int64_t last = m->smooth ? HORIZON_EVERYTHING : below(m, 3) - 1;
  struct node *repeat = graph_repeat_open(m->graph, below(m, 4), last, initial, count);
  repeat->repeat.is_checkpoint = below(m, 2);
  struct node **carries = repeat->repeat.body->carries;
  for (int i = 0; i < count; i++) {
    struct node *x = carries[i];
    results[i] = bounded(m, graph_map2(m->graph, below(m, 2) ? SCALAR_ADD : SCALAR_MUL, x, partner(m, x)));
    if (below(m, 4) == 0)
      results[i] = x;
    else if (type_same_shape(&x->type, &carries[0]->type) && below(m, 3) == 0)
      results[i] = carries[0];
    keep(m, results[i]);
  }
  graph_repeat_close(m->graph, repeat, results);
  for (int i = 0; i < POOL; i++) m->pool[i] = saved[i];
  m->count = outside;
  return graph_result(m->graph, repeat, below(m, count));
}

typedef struct node *make_fn(struct maker *m);

static make_fn *const makers[] = {
    make_unary,  make_unary,    make_positive, make_binary,    make_binary,    make_binary,  make_select, make_cast,
    make_reduce, make_contract, make_contract, make_reshape,   make_transpose, make_slice,   make_slice,  make_pad,
    make_pad,    make_concat,   make_halves,   make_broadcast, make_gather,    make_scatter, make_detach, make_repeat,
};

static void make_leaves(struct maker *m) {
  leaf(m, "index", ROLE_INPUT, DTYPE_I32, 1, (int64_t[]){3});
  keep(m, leaf(m, "weight", ROLE_PARAM, DTYPE_F32, 2, (int64_t[]){3, 4}));
  keep(m, leaf(m, "bias", ROLE_PARAM, DTYPE_F32, 1, (int64_t[]){4}));
  keep(m, leaf(m, "table", ROLE_PARAM, DTYPE_F32, 2, (int64_t[]){5, 3}));
  keep(m, leaf(m, "fixed", ROLE_BUFFER, DTYPE_F32, 1, (int64_t[]){4}));
  keep(m, leaf(m, "rows", ROLE_ROWS, DTYPE_F32, 1, (int64_t[]){4}));
  keep(m, leaf(m, "input", ROLE_INPUT, DTYPE_F32, 3, (int64_t[]){2, 3, 4}));
  keep(m, leaf(m, "state", ROLE_STATE, DTYPE_F32, 2, (int64_t[]){3, 4}));
  keep(m, leaf(m, "scalar", ROLE_CONTROL, DTYPE_F32, 0, NULL));
}

static void make_sinks(struct maker *m) {
  struct node *loss = graph_const(m->graph, DTYPE_F32, 0);
  for (int i = 0; i < 4; i++) {
    struct node *x = m->pool[m->count - 1 - i];
    struct symbol *s = arena_new_object(m->arena, struct symbol);
    *s = (struct symbol){arena_printf(m->arena, "output.%d", i), ROLE_OUTPUT, x->type};
    graph_store(m->graph, s, x);
    if (x->type.rank) x = graph_reduce(m->graph, REDUCE_SUM, (UINT32_C(1) << x->type.rank) - 1, x);
    loss = graph_map2(m->graph, SCALAR_ADD, loss, bounded(m, x));
  }
  graph_loss(m->graph, loss);
}

struct random_program random_program(struct arena *a, uint64_t seed, int steps, bool smooth) {
  struct maker m = {.arena = a, .graph = graph_new(a, "random"), .smooth = smooth};
  m.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  make_leaves(&m);
  for (int i = 0; i < steps; i++) keep(&m, makers[below(&m, (int)(sizeof makers / sizeof *makers))](&m));
  make_sinks(&m);
  m.program.graph = m.graph;
  return m.program;
}

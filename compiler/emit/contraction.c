#include "contraction.h"

#include <string.h>

/* Contractions: loops around register tiles.
 *
 * From the outside in: loops that b follows; panels of columns; loops that b does not follow (they reuse the panel);
 * rows in tiles; loops that sum; k.  Rows are read as scalars and broadcast, so a may have any strides.
 *
 * Where a large c is added to, it shall be gone through once, row after row, and not column after column: then all
 * panels of a block that fits the second-level cache are within the loop over rows, whose tile of a stays in the
 * first-level cache; k is parted so that it does. */

struct axis {
  struct extent extent;
  struct strides stride;
};

/* A run of panels or of row tiles of one size. */
struct run {
  int64_t from, count;
  int size;
};

struct contraction_nest {
  struct tiling t;
  struct axis around[KERNEL_MAX_AXES], inside[KERNEL_MAX_AXES]; /* outside and inside of the panels */
  int around_count, inside_count;
  struct extent rows;
  int64_t columns;
  int max_rows, max_vectors;
  struct axis panels; /* within the loop over rows; an extent of 0: none are */
  LLVMValueRef panel_from, panel_limit;
  int64_t streamed; /* bytes of a panel of weights, which the next one follows in memory; 0: b is no such */
};

static struct strides bytes_along(const struct contraction *c, int axis) {
  return (struct strides){c->a.stride[axis] * dtype_size(c->a.dtype), c->b.stride[axis] * dtype_size(c->b.dtype),
                          c->c.stride[axis] * dtype_size(c->c.dtype)};
}

/* The lanes to use: all of the machine's, or the fewest that hold a short row. */
static int choose_width(const struct machine *m, int element_bytes, int64_t columns) {
  int width = m->vector_bytes / element_bytes;
  while (width > 1 && width / 2 >= columns) width /= 2;
  return width;
}

static int64_t most_rows(const struct contraction_nest *nest) {
  return nest->rows.per_example ? nest->rows.count * nest->t.g->tile : nest->rows.count;
}

static void choose_tile(struct contraction_nest *nest) {
  struct register_tile tile = machine_register_tile(&nest->t.g->machine, most_rows(nest));
  nest->max_rows = tile.rows;
  nest->max_vectors = tile.vectors;
}

/* Rows of a tile of so many vectors; no more of them where it is a single one. */
static int rows_beside(const struct contraction_nest *nest, int vectors) {
  return nest->max_rows * nest->max_vectors / (vectors > 2 ? vectors : 2);
}

static void push_axis(struct axis *list, int *count, struct extent extent, struct strides stride) {
  list[(*count)++] = (struct axis){extent, stride};
}

static void sort_loops(struct contraction_nest *nest, const struct contraction *c) {
  struct tiling *t = &nest->t;
  for (int i = 0; i < c->loop_count; i++) {
    struct strides stride = bytes_along(c, i);
    if (c->c.stride[i] == 0)
      t->sums[t->sum_count++] = (struct sum_axis){c->loop[i], stride};
    else if (c->b.stride[i] != 0)
      push_axis(nest->around, &nest->around_count, c->loop[i], stride);
    else
      push_axis(nest->inside, &nest->inside_count, c->loop[i], stride);
  }
  t->sums[t->sum_count++] = (struct sum_axis){c->k, bytes_along(c, c->loop_count + 2)};
}

static struct operands move(const struct contraction_nest *nest, struct operands at, LLVMValueRef index,
                            struct strides stride) {
  struct codegen *g = nest->t.g;
  return (struct operands){build_indexed(g, at.a, index, stride.a), build_indexed(g, at.b, index, stride.b),
                           build_indexed(g, at.c, index, stride.c)};
}

static struct operands move_constant(const struct contraction_nest *nest, struct operands at, int64_t count,
                                     struct strides stride) {
  return move(nest, at, constant_i64(nest->t.g, count), stride);
}

static struct strides row_stride(const struct contraction_nest *nest) {
  return (struct strides){nest->t.a_row, 0, nest->t.c_row};
}

static LLVMValueRef build_smaller(struct codegen *g, LLVMValueRef x, LLVMValueRef y) {
  return LLVMBuildSelect(g->builder, LLVMBuildICmp(g->builder, LLVMIntSLT, x, y, ""), x, y, "");
}

/* A loop over the whole extent, the team's if it is long enough and no loop around it is. */
static bool open_axis(const struct contraction_nest *nest, struct counted_loop *l, struct extent extent) {
  struct codegen *g = nest->t.g;
  bool shared = !g->is_shared && extent.count >= SHARED_LEAST;
  LLVMValueRef total = build_extent(g, extent, nest->t.n);
  if (shared)
    shared_open(g, l, total, 1);
  else
    loop_open(g, l, constant_i64(g, 0), total, 1, false, NULL, 0);
  return shared;
}

/* Runs of `count` pieces of `size`; the same, where there are at least `least`. */
static bool open_run(const struct contraction_nest *nest, struct counted_loop *l, int64_t count, int size,
                     int least) {
  struct codegen *g = nest->t.g;
  bool shared = !g->is_shared && count >= least;
  if (shared)
    shared_open(g, l, constant_i64(g, count), size);
  else
    loop_open(g, l, constant_i64(g, 0), constant_i64(g, count * size), size, false, NULL, 0);
  return shared;
}

static void close_loop(const struct contraction_nest *nest, struct counted_loop *l, bool shared) {
  (shared ? shared_close : loop_close)(nest->t.g, l);
}

/* A tile; of all panels that are within the rows. */
static void emit_tiles_beside(const struct contraction_nest *nest, struct tile_shape shape, struct operands at) {
  if (nest->panels.extent.count == 0) {
    emit_tile(&nest->t, shape, at);
    return;
  }
  struct counted_loop l;
  loop_open(nest->t.g, &l, nest->panel_from, nest->panel_limit, 1, false, NULL, 0);
  emit_tile(&nest->t, shape, move(nest, at, l.index, nest->panels.stride));
  loop_close(nest->t.g, &l);
}

/* While tiles go over the current panel, each fetches its part of the next one.  Rows before `row` have done so. */
static void fetch_ahead(struct contraction_nest *nest, struct operands at, LLVMValueRef row, int rows) {
  struct tiling *t = &nest->t;
  int64_t k = t->sums[0].extent.count;
  if (nest->streamed == 0) return;
  t->ahead_step = (nest->streamed * rows + nest->rows.count * k - 1) / (nest->rows.count * k);
  t->ahead = build_indexed(t->g, build_offset(t->g, at.b, nest->streamed), row, nest->streamed / nest->rows.count);
}

/* `count` tiles of the same shape, one below the other. */
static void emit_run_of_tiles(const struct contraction_nest *nest, struct run run, struct tile_shape shape,
                              struct operands at) {
  struct codegen *g = nest->t.g;
  struct contraction_nest inner = *nest;
  if (run.count == 0) return;
  shape.rows = run.size;
  at = move_constant(nest, at, run.from, row_stride(nest));
  if (run.count == 1) {
    struct counted_loop alone;
    alone_open(g, &alone);
    fetch_ahead(&inner, at, constant_i64(g, run.from), run.size);
    emit_tiles_beside(&inner, shape, at);
    alone_close(g, &alone);
    return;
  }
  struct counted_loop l;
  bool shared = open_run(nest, &l, run.count, run.size, 2);
  fetch_ahead(&inner, at, LLVMBuildAdd(g->builder, l.index, constant_i64(g, run.from), ""), run.size);
  emit_tiles_beside(&inner, shape, move(nest, at, l.index, row_stride(nest)));
  close_loop(nest, &l, shared);
}

/* A known number of rows in tiles of nearly equal size: 82 = 5 · 12 + 2 · 11. */
static void emit_even_rows(const struct contraction_nest *nest, int64_t rows, struct tile_shape shape,
                           struct operands at) {
  int most = rows_beside(nest, shape.vectors);
  int64_t tiles = (rows + most - 1) / most;
  int size = (int)(rows / tiles);
  int64_t larger = rows % tiles;
  emit_run_of_tiles(nest, (struct run){0, larger, size + 1}, shape, at);
  emit_run_of_tiles(nest, (struct run){larger * (size + 1), tiles - larger, size}, shape, at);
}

/* A few rows for each of n examples, all alike: as many large tiles as fit, then ever smaller ones. */
static void emit_row_ladder(const struct contraction_nest *nest, struct tile_shape shape, struct operands at) {
  struct codegen *g = nest->t.g;
  LLVMValueRef total = build_extent(g, nest->rows, nest->t.n), done = constant_i64(g, 0);
  int most = rows_beside(nest, shape.vectors);
  for (int size = most; size >= 1; size /= 2) {
    if (size > most_rows(nest)) continue;
    struct counted_loop l;
    LLVMValueRef limit = LLVMBuildSub(g->builder, total, constant_i64(g, size - 1), "");
    LLVMValueRef carried = done;
    loop_open(g, &l, done, limit, size, true, &carried, 1);
    shape.rows = size;
    emit_tile(&nest->t, shape, move(nest, at, l.index, row_stride(nest)));
    carried = LLVMBuildAdd(g->builder, l.index, constant_i64(g, size), "");
    loop_close(g, &l);
    done = carried;
  }
}

static void emit_rows(const struct contraction_nest *nest, struct tile_shape shape, struct operands at) {
  struct codegen *g = nest->t.g;
  if (!nest->rows.per_example) {
    emit_even_rows(nest, nest->rows.count, shape, at);
  } else if (nest->rows.count < nest->max_rows) {
    struct counted_loop alone;
    alone_open(g, &alone);
    emit_row_ladder(nest, shape, at);
    alone_close(g, &alone);
  } else {
    struct counted_loop l;
    LLVMValueRef total = build_extent(g, nest->rows, nest->t.n);
    loop_open(g, &l, constant_i64(g, 0), total, nest->rows.count, false, NULL, 0);
    emit_even_rows(nest, nest->rows.count, shape, move(nest, at, l.index, row_stride(nest)));
    loop_close(g, &l);
  }
}

/* The loops that reuse a panel, from number `depth` on. */
static void emit_inside(const struct contraction_nest *nest, int depth, struct tile_shape shape, struct operands at) {
  if (depth == nest->inside_count) {
    emit_rows(nest, shape, at);
    return;
  }
  const struct axis *axis = &nest->inside[depth];
  struct counted_loop l;
  bool shared = open_axis(nest, &l, axis->extent);
  emit_inside(nest, depth + 1, shape, move(nest, at, l.index, axis->stride));
  close_loop(nest, &l, shared);
}

static void emit_run_of_panels(const struct contraction_nest *nest, struct run run, int last, struct operands at) {
  if (run.count == 0) return;
  int64_t width = nest->t.width;
  struct strides vector = {0, width * nest->t.factor_bytes, width * dtype_size(nest->t.result)};
  struct tile_shape shape = {.vectors = run.size, .last = last};
  at = move_constant(nest, at, run.from, vector);
  if (run.count == 1) {
    emit_inside(nest, 0, shape, at);
    return;
  }
  struct counted_loop l;
  bool shared = open_run(nest, &l, run.count, run.size, SHARED_LEAST);
  emit_inside(nest, 0, shape, move(nest, at, l.index, vector));
  close_loop(nest, &l, shared);
}

/* Full panels, then one that holds the rest.  A single vector left over joins the last full panel: alone it would use
 * each broadcast only once. */
static void emit_panels(const struct contraction_nest *nest, struct operands at) {
  int width = nest->t.width, size = nest->max_vectors;
  int64_t vectors = (nest->columns + width - 1) / width;
  int64_t full = vectors / size;
  int rest = (int)(vectors % size), tail = (int)(nest->columns % width);
  bool joins = (rest == 1 && size == 2) || (rest == 0 && tail);
  if (joins && full > 0) {
    full--;
    rest += size;
  }
  emit_run_of_panels(nest, (struct run){0, full, size}, width, at);
  emit_run_of_panels(nest, (struct run){full * size, rest > 0, rest}, tail ? tail : width, at);
}

/* ---- panels within rows ---- */

/* The loop over panels, which a does not follow, leaves those around. */
static void take_panels(struct contraction_nest *nest) {
  const struct tiling *t = &nest->t;
  bool is_possible = t->accumulate && !t->is_paired && t->sum_count == 1 && !nest->rows.per_example &&
                     nest->columns == (int64_t)nest->max_vectors * t->width;
  for (int i = 0; is_possible && i < nest->around_count; i++) {
    const struct axis axis = nest->around[i];
    if (axis.stride.a != 0 || axis.stride.c == 0 || axis.extent.per_example) continue;
    nest->panels = axis;
    nest->around_count--;
    memmove(&nest->around[i], &nest->around[i + 1], (size_t)(nest->around_count - i) * sizeof axis);
    return;
  }
}

/* Steps of k for which the lines of a tile's column in each, and as much besides, fit the first-level cache. */
static int64_t steps_in_cache(const struct machine *m) {
  enum { LINE = 64 };
  return m->l1_bytes / (LINE + LINE / 2) / UNROLL * UNROLL;
}

/* Blocks of panels of which those steps of k fit half of the second-level cache. */
static void emit_blocks_of_panels(const struct contraction_nest *nest, int64_t steps, struct operands at) {
  struct codegen *g = nest->t.g;
  int64_t block = g->machine.l2_bytes / 2 / (steps * nest->columns * nest->t.factor_bytes);
  struct contraction_nest inner = *nest;
  struct tile_shape shape = {.vectors = nest->max_vectors, .last = nest->t.width};
  struct counted_loop l;
  LLVMValueRef count = constant_i64(g, nest->panels.extent.count);
  if (block < 1) block = 1;
  loop_open(g, &l, constant_i64(g, 0), count, block, false, NULL, 0);
  inner.panel_from = l.index;
  inner.panel_limit = build_smaller(g, LLVMBuildAdd(g->builder, l.index, constant_i64(g, block), ""), count);
  emit_inside(&inner, 0, shape, at);
  loop_close(g, &l);
}

static void emit_rows_first(const struct contraction_nest *nest, struct operands at) {
  struct codegen *g = nest->t.g;
  struct extent k = nest->t.sums[0].extent;
  int64_t most = k.per_example ? k.count * g->tile : k.count, steps = steps_in_cache(&g->machine);
  if (most <= steps) {
    emit_blocks_of_panels(nest, most, at);
    return;
  }
  struct contraction_nest inner = *nest;
  struct counted_loop l;
  LLVMValueRef count = build_extent(g, k, nest->t.n);
  loop_open(g, &l, constant_i64(g, 0), count, steps, false, NULL, 0);
  inner.t.k_from = l.index;
  inner.t.k_limit = build_smaller(g, LLVMBuildAdd(g->builder, l.index, constant_i64(g, steps), ""), count);
  emit_blocks_of_panels(&inner, steps, at);
  loop_close(g, &l);
}

/* Bytes of a panel of packed weights, where the loop within which the rows are runs over such. */
static int64_t streamed_bytes(const struct contraction_nest *nest, const struct contraction *c) {
  const struct tiling *t = &nest->t;
  int64_t row = nest->columns * t->factor_bytes, bytes = row * t->sums[0].extent.count;
  bool is_weight = c->b.space == SPACE_SHARED && t->sum_count == 1 && !t->sums[0].extent.per_example;
  if (!is_weight || t->is_paired || nest->around_count == 0 || nest->panels.extent.count > 0) return 0;
  const struct axis *panels = &nest->around[nest->around_count - 1];
  bool is_dense = t->sums[0].stride.b == row && panels->stride.b == bytes;
  return is_dense && nest->columns <= (int64_t)nest->max_vectors * t->width ? bytes : 0;
}

static void emit_around(const struct contraction_nest *nest, int depth, struct operands at) {
  if (depth == nest->around_count) {
    (nest->panels.extent.count > 0 ? emit_rows_first : emit_panels)(nest, at);
    return;
  }
  const struct axis *axis = &nest->around[depth];
  struct counted_loop l;
  bool shared = open_axis(nest, &l, axis->extent);
  emit_around(nest, depth + 1, move(nest, at, l.index, axis->stride));
  close_loop(nest, &l, shared);
}

/* Where c is a single column with neighbouring elements, and a's columns are contiguous, the transposed problem is
 * one of vectors: cᵀ = bᵀ aᵀ. */
static bool is_better_transposed(const struct contraction *c) {
  int m = c->loop_count;
  if (c->a.dtype == DTYPE_BF16) return false;
  return c->n.count == 1 && c->m.count > 1 && !c->m.per_example && c->a.stride[m] == 1 && c->c.stride[m] == 1;
}

static void swap_strides(int64_t stride[], int m) {
  int64_t kept = stride[m];
  stride[m] = stride[m + 1];
  stride[m + 1] = kept;
}

static struct contraction transposed(const struct contraction *c) {
  struct contraction result = *c;
  result.a = c->b;
  result.b = c->a;
  result.m = c->n;
  result.n = c->m;
  swap_strides(result.a.stride, c->loop_count);
  swap_strides(result.b.stride, c->loop_count);
  swap_strides(result.c.stride, c->loop_count);
  return result;
}

void emit_contraction(struct codegen *g, const struct contraction *given) {
  bool swapped = is_better_transposed(given);
  struct contraction c = swapped ? transposed(given) : *given;
  struct strides m = bytes_along(&c, c.loop_count);
  bool is_paired = c.a.dtype == DTYPE_BF16;
  enum dtype sum = is_paired ? DTYPE_F32 : c.c.dtype;
  struct contraction_nest nest = {.t = {.g = g,
                                        .n = LLVMGetParam(g->function, 0),
                                        .element = type_of(g, sum, 1),
                                        .factor = type_of(g, is_paired ? DTYPE_I32 : sum, 1),
                                        .factor_bytes = dtype_size(sum),
                                        .is_paired = is_paired,
                                        .result = c.c.dtype,
                                        .width = choose_width(&g->machine, dtype_size(sum), c.n.count),
                                        .a_row = m.a,
                                        .c_row = m.c,
                                        .accumulate = c.accumulate},
                                  .rows = c.m,
                                  .columns = c.n.count};
  sort_loops(&nest, &c);
  choose_tile(&nest);
  take_panels(&nest);
  nest.streamed = swapped ? 0 : streamed_bytes(&nest, &c);
  LLVMValueRef a = kernel_base(g, 0), b = kernel_base(g, 1);
  struct operands at = {swapped ? b : a, swapped ? a : b, kernel_base(g, 2)};
  emit_around(&nest, 0, at);
}

#include "contraction.h"

enum { UNROLL = 2 };

/* What goes round the loops over the summed axes: addresses of a and b, then the accumulators. */
enum { A, B, SUMS };
struct round {
  LLVMValueRef carried[SUMS + TILE_MAX_ACCUMULATORS];
};

static int sum_count(struct tile_shape s) { return s.rows * s.vectors; }

/* Lanes of one vector of a row: the last one is as narrow as its columns allow (narrow instructions can be cheaper).
 */
static int width_of(const struct tiling *t, struct tile_shape s, int vector) {
  int width = t->width;
  while (vector == s.vectors - 1 && width / 2 >= s.last) width /= 2;
  return width;
}

static LLVMTypeRef vector_type(const struct tiling *t, struct tile_shape s, int vector) {
  return type_with_width(t->element, width_of(t, s, vector));
}

static LLVMValueRef tail_mask(const struct tiling *t, struct tile_shape s, int vector) {
  int width = width_of(t, s, vector);
  if (vector < s.vectors - 1 || s.last == width) return NULL;
  return constant_mask(t->g, s.last, width);
}

static LLVMValueRef load_vector(const struct tiling *t, struct tile_shape s, LLVMValueRef row, int vector) {
  LLVMValueRef address = build_offset(t->g, row, (int64_t)vector * t->width * t->element_bytes);
  return build_load(t->g, vector_type(t, s, vector), address, tail_mask(t, s, vector));
}

/* One step of k: a column of a against a row of b. */
static void emit_rank_one(const struct tiling *t, struct tile_shape s, struct round *r, LLVMValueRef a,
                          LLVMValueRef b) {
  struct codegen *g = t->g;
  LLVMValueRef row[TILE_MAX_VECTORS];
  for (int v = 0; v < s.vectors; v++) row[v] = load_vector(t, s, b, v);
  for (int m = 0; m < s.rows; m++) {
    LLVMValueRef scalar = build_load(g, t->element, build_offset(g, a, m * t->a_row), NULL);
    for (int v = 0; v < s.vectors; v++) {
      LLVMValueRef splat = build_splat(g, scalar, width_of(t, s, v));
      LLVMValueRef *sum = &r->carried[SUMS + m * s.vectors + v];
      *sum = build_multiply_add(g, splat, row[v], *sum);
    }
  }
}

static void emit_steps_of_k(const struct tiling *t, struct tile_shape s, struct round *r, struct strides k,
                            int count) {
  for (int i = 0; i < count; i++)
    emit_rank_one(t, s, r, build_offset(t->g, r->carried[A], i * k.a), build_offset(t->g, r->carried[B], i * k.b));
  r->carried[A] = build_offset(t->g, r->carried[A], count * k.a);
  r->carried[B] = build_offset(t->g, r->carried[B], count * k.b);
}

static void emit_k_loop(const struct tiling *t, struct tile_shape s, struct round *r, struct strides k,
                        LLVMValueRef from, LLVMValueRef limit, int unroll, bool guarded) {
  struct counted_loop l;
  loop_open(t->g, &l, from, limit, unroll, guarded, r->carried, SUMS + sum_count(s));
  emit_steps_of_k(t, s, r, k, unroll);
  loop_close(t->g, &l);
}

static void emit_static_k(const struct tiling *t, struct tile_shape s, struct round *r, const struct sum_axis *k) {
  int64_t rest = k->extent.count % UNROLL, whole = k->extent.count - rest;
  if (whole == UNROLL) emit_steps_of_k(t, s, r, k->stride, UNROLL);
  if (whole > UNROLL)
    emit_k_loop(t, s, r, k->stride, constant_i64(t->g, 0), constant_i64(t->g, whole), UNROLL, false);
  emit_steps_of_k(t, s, r, k->stride, (int)rest);
}

static void emit_dynamic_k(const struct tiling *t, struct tile_shape s, struct round *r, const struct sum_axis *k) {
  struct codegen *g = t->g;
  LLVMValueRef count = build_extent(g, k->extent, t->n), zero = constant_i64(g, 0);
  if (k->extent.count % UNROLL == 0) {
    emit_k_loop(t, s, r, k->stride, zero, count, UNROLL, false);
    return;
  }
  LLVMValueRef whole = LLVMBuildAnd(g->builder, count, constant_i64(g, -UNROLL), "");
  emit_k_loop(t, s, r, k->stride, zero, whole, UNROLL, true);
  emit_k_loop(t, s, r, k->stride, whole, count, 1, true);
}

/* Sums over the axes from number `depth` on. */
static void emit_sums(const struct tiling *t, struct tile_shape s, struct round *r, int depth) {
  struct codegen *g = t->g;
  const struct sum_axis *axis = &t->sums[depth];
  if (depth == t->sum_count - 1) {
    (axis->extent.per_example ? emit_dynamic_k : emit_static_k)(t, s, r, axis);
    return;
  }
  struct counted_loop l;
  LLVMValueRef a = r->carried[A], b = r->carried[B];
  loop_open(g, &l, constant_i64(g, 0), build_extent(g, axis->extent, t->n), 1, false, &r->carried[SUMS],
            sum_count(s));
  r->carried[A] = build_indexed(g, a, l.index, axis->stride.a);
  r->carried[B] = build_indexed(g, b, l.index, axis->stride.b);
  emit_sums(t, s, r, depth + 1);
  loop_close(g, &l);
}

static LLVMValueRef result_row(const struct tiling *t, struct operands at, int m) {
  return build_offset(t->g, at.c, m * t->c_row);
}

/* What c holds is added at the end; by then it shall be in the cache. */
static void emit_prefetch(const struct tiling *t, struct tile_shape s, struct operands at) {
  enum { LINE = 64 };
  int64_t bytes = (int64_t)s.vectors * t->width * t->element_bytes;
  for (int m = 0; m < s.rows; m++)
    for (int64_t from = 0; from < bytes; from += LINE)
      build_prefetch_for_write(t->g, build_offset(t->g, result_row(t, at, m), from));
}

static void emit_results(const struct tiling *t, struct tile_shape s, const struct round *r, struct operands at) {
  struct codegen *g = t->g;
  for (int i = 0; i < sum_count(s); i++) {
    int vector = i % s.vectors;
    LLVMValueRef row = result_row(t, at, i / s.vectors), sum = r->carried[SUMS + i];
    if (t->accumulate) sum = LLVMBuildFAdd(g->builder, load_vector(t, s, row, vector), sum, "");
    LLVMValueRef address = build_offset(g, row, (int64_t)vector * t->width * t->element_bytes);
    build_store(g, sum, address, tail_mask(t, s, vector));
  }
}

void emit_tile(const struct tiling *t, struct tile_shape shape, struct operands at) {
  struct round r = {.carried = {at.a, at.b}};
  for (int i = 0; i < sum_count(shape); i++)
    r.carried[SUMS + i] = LLVMConstNull(vector_type(t, shape, i % shape.vectors));
  if (t->accumulate) emit_prefetch(t, shape, at);
  emit_sums(t, shape, &r, 0);
  emit_results(t, shape, &r, at);
}

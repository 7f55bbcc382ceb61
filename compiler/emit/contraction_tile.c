#include "contraction.h"

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

static LLVMTypeRef sum_type(const struct tiling *t, struct tile_shape s, int vector) {
  return type_with_width(t->element, width_of(t, s, vector));
}

static LLVMValueRef tail_mask(const struct tiling *t, struct tile_shape s, int vector) {
  int width = width_of(t, s, vector);
  if (vector < s.vectors - 1 || s.last == width) return NULL;
  return constant_mask(t->g, s.last, width);
}

/* Of a row of b. */
static LLVMValueRef load_factors(const struct tiling *t, struct tile_shape s, LLVMValueRef row, int vector) {
  LLVMValueRef address = build_offset(t->g, row, (int64_t)vector * t->width * t->factor_bytes);
  LLVMTypeRef type = type_with_width(t->factor, width_of(t, s, vector));
  return build_load(t->g, type, address, tail_mask(t, s, vector));
}

/* Of a: one factor, or the single element of the last pair with a zero beside it. */
static LLVMValueRef load_factor(const struct tiling *t, LLVMValueRef address, bool is_single) {
  struct codegen *g = t->g;
  if (!t->is_paired) return build_load(g, t->factor, address, NULL);
  LLVMTypeRef half = LLVMInt16TypeInContext(g->context);
  if (is_single) return LLVMBuildZExt(g->builder, build_load(g, half, address, NULL), t->factor, "");
  LLVMValueRef pair = LLVMBuildLoad2(g->builder, t->factor, address, "");
  LLVMSetAlignment(pair, 2);
  return pair;
}

/* One step of k: a column of a against a row of b. */
static void emit_rank_one(const struct tiling *t, struct tile_shape s, struct round *r, LLVMValueRef a,
                          LLVMValueRef b, bool is_single) {
  struct codegen *g = t->g;
  LLVMValueRef row[TILE_MAX_VECTORS];
  for (int v = 0; v < s.vectors; v++) row[v] = load_factors(t, s, b, v);
  for (int m = 0; m < s.rows; m++) {
    LLVMValueRef factor = load_factor(t, build_offset(g, a, m * t->a_row), is_single);
    for (int v = 0; v < s.vectors; v++) {
      LLVMValueRef splat = build_splat(g, factor, width_of(t, s, v));
      LLVMValueRef *sum = &r->carried[SUMS + m * s.vectors + v];
      *sum = (t->is_paired ? build_multiply_add_pairs : build_multiply_add)(g, splat, row[v], *sum);
    }
  }
}

static void emit_steps_of_k(const struct tiling *t, struct tile_shape s, struct round *r, struct strides k,
                            int count) {
  for (int i = 0; i < count; i++)
    emit_rank_one(t, s, r, build_offset(t->g, r->carried[A], i * k.a), build_offset(t->g, r->carried[B], i * k.b),
                  false);
  r->carried[A] = build_offset(t->g, r->carried[A], count * k.a);
  r->carried[B] = build_offset(t->g, r->carried[B], count * k.b);
}

/* In a trip of the loop over k. */
static void emit_fetch_ahead(const struct tiling *t, LLVMValueRef step, int unroll) {
  enum { LINE = 64 };
  if (t->ahead_step == 0) return;
  LLVMValueRef address = build_indexed(t->g, t->ahead, step, t->ahead_step);
  for (int64_t from = 0; from < unroll * t->ahead_step; from += LINE)
    build_prefetch(t->g, build_offset(t->g, address, from));
}

static void emit_k_loop(const struct tiling *t, struct tile_shape s, struct round *r, struct strides k,
                        LLVMValueRef from, LLVMValueRef limit, int unroll, bool guarded) {
  struct counted_loop l;
  loop_open(t->g, &l, from, limit, unroll, guarded, r->carried, SUMS + sum_count(s));
  emit_fetch_ahead(t, l.index, unroll);
  emit_steps_of_k(t, s, r, k, unroll);
  loop_close(t->g, &l);
}

/* Steps of k: elements, or whole pairs of them. */
static int64_t step_count(const struct tiling *t, int64_t elements) { return t->is_paired ? elements / 2 : elements; }

static void emit_static_k(const struct tiling *t, struct tile_shape s, struct round *r, const struct sum_axis *k) {
  int64_t steps = step_count(t, k->extent.count), rest = steps % UNROLL, whole = steps - rest;
  if (whole == UNROLL) emit_steps_of_k(t, s, r, k->stride, UNROLL);
  if (whole > UNROLL)
    emit_k_loop(t, s, r, k->stride, constant_i64(t->g, 0), constant_i64(t->g, whole), UNROLL, false);
  emit_steps_of_k(t, s, r, k->stride, (int)rest);
  if (t->is_paired && k->extent.count % 2) emit_rank_one(t, s, r, r->carried[A], r->carried[B], true);
}

/* Steps from k_from on, up to a limit known at run time; has_rest: they need not be a multiple of UNROLL. */
static void emit_range_of_k(const struct tiling *t, struct tile_shape s, struct round *r, struct strides k,
                            LLVMValueRef from, LLVMValueRef limit, bool has_rest) {
  struct codegen *g = t->g;
  if (!has_rest) {
    emit_k_loop(t, s, r, k, from, limit, UNROLL, false);
    return;
  }
  LLVMValueRef whole = LLVMBuildAnd(g->builder, limit, constant_i64(g, -UNROLL), "");
  emit_k_loop(t, s, r, k, from, whole, UNROLL, true);
  emit_k_loop(t, s, r, k, whole, limit, 1, true);
}

static void emit_dynamic_k(const struct tiling *t, struct tile_shape s, struct round *r, const struct sum_axis *k) {
  struct extent steps = {step_count(t, k->extent.count), true};
  LLVMValueRef count = build_extent(t->g, steps, t->n);
  emit_range_of_k(t, s, r, k->stride, constant_i64(t->g, 0), count, steps.count % UNROLL != 0);
}

static void emit_part_of_k(const struct tiling *t, struct tile_shape s, struct round *r, const struct sum_axis *k) {
  bool has_rest = k->extent.count % UNROLL != 0;
  r->carried[A] = build_indexed(t->g, r->carried[A], t->k_from, k->stride.a);
  r->carried[B] = build_indexed(t->g, r->carried[B], t->k_from, k->stride.b);
  emit_range_of_k(t, s, r, k->stride, t->k_from, t->k_limit, has_rest);
}

/* Sums over the axes from number `depth` on. */
static void emit_sums(const struct tiling *t, struct tile_shape s, struct round *r, int depth) {
  struct codegen *g = t->g;
  const struct sum_axis *axis = &t->sums[depth];
  if (t->k_limit) {
    emit_part_of_k(t, s, r, axis);
    return;
  }
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
  int64_t bytes = (int64_t)s.vectors * t->width * dtype_size(t->result);
  for (int m = 0; m < s.rows; m++)
    for (int64_t from = 0; from < bytes; from += LINE)
      build_prefetch_for_write(t->g, build_offset(t->g, result_row(t, at, m), from));
}

/* sum, added to what c holds there. */
static LLVMValueRef add_to_result(const struct tiling *t, LLVMValueRef sum, LLVMValueRef address, LLVMValueRef mask) {
  struct codegen *g = t->g;
  LLVMValueRef old = build_load(g, type_of(g, t->result, type_width(LLVMTypeOf(sum))), address, mask);
  if (t->result == DTYPE_BF16) old = build_widened(g, old);
  return LLVMBuildFAdd(g->builder, old, sum, "");
}

static void emit_results(const struct tiling *t, struct tile_shape s, const struct round *r, struct operands at) {
  struct codegen *g = t->g;
  for (int i = 0; i < sum_count(s); i++) {
    int vector = i % s.vectors;
    LLVMValueRef row = result_row(t, at, i / s.vectors), sum = r->carried[SUMS + i], mask = tail_mask(t, s, vector);
    LLVMValueRef address = build_offset(g, row, (int64_t)vector * t->width * dtype_size(t->result));
    if (t->accumulate) sum = add_to_result(t, sum, address, mask);
    if (t->result == DTYPE_BF16) sum = build_narrowed(g, sum);
    if (t->result == DTYPE_ROUNDED) sum = build_rounded(g, sum);
    build_store(g, sum, address, mask);
  }
}

void emit_tile(const struct tiling *t, struct tile_shape shape, struct operands at) {
  struct round r = {.carried = {at.a, at.b}};
  for (int i = 0; i < sum_count(shape); i++)
    r.carried[SUMS + i] = LLVMConstNull(sum_type(t, shape, i % shape.vectors));
  if (t->accumulate) emit_prefetch(t, shape, at);
  emit_sums(t, shape, &r, 0);
  emit_results(t, shape, &r, at);
}

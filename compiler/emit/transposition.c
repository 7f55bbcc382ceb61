#include "codegen.h"

/* Copies that exchange two axes: what packs weights, rounded to bf16 or not, and turns keys for attention.
 *
 * A block of W x W elements (W lanes) goes through registers: W loads along the source's contiguous axis, log2 W
 * stages that exchange ever larger squares, W stores along the result's. */

struct exchange {
  struct codegen *g;
  const struct loop *l;
  LLVMTypeRef type; /* of a vector */
  int width;
  int source_axis; /* contiguous in the source */
  int result_axis; /* contiguous in the result: the vector axis */
  LLVMValueRef n;
};

/* Addresses in the source and the result. */
struct place {
  LLVMValueRef from, to;
};

static const struct access *source(const struct loop *l) { return &l->accesses[l->values[0].access]; }

static const struct access *result(const struct loop *l) { return &l->accesses[l->stores[0].access]; }

static int contiguous_axis(const struct loop *l, const struct access *access) {
  for (int i = 0; i < l->rank; i++)
    if (access->stride[i] == 1 && !l->extent[i].per_example && l->extent[i].count > 1) return i;
  return -1;
}

/* Is the second value the first, rounded? */
static bool rounds(const struct loop *l) {
  const struct value *v = &l->values[1];
  return l->value_count == 2 && v->kind == VALUE_MAP && v->scalar == SCALAR_CAST && v->dtype == DTYPE_ROUNDED &&
         l->values[0].dtype == DTYPE_F32;
}

bool loop_is_transposition(const struct loop *l) {
  if ((l->value_count != 1 && !rounds(l)) || l->store_count != 1 || l->values[0].kind != VALUE_LOAD) return false;
  const struct access *from = source(l), *to = result(l);
  bool plain = from->index < 0 && to->index < 0 && !l->stores[0].add && l->pass_axis < 0 && l->vector_axis >= 0;
  if (!plain || l->values[l->value_count - 1].dtype != to->dtype || dtype_size(from->dtype) != 4) return false;
  int source_axis = contiguous_axis(l, from), result_axis = contiguous_axis(l, to);
  return source_axis >= 0 && result_axis >= 0 && from->stride[result_axis] != 1 && to->stride[source_axis] != 1;
}

static struct place move(const struct exchange *x, struct place at, int axis, LLVMValueRef index) {
  int64_t size = dtype_size(source(x->l)->dtype);
  return (struct place){build_indexed(x->g, at.from, index, source(x->l)->stride[axis] * size),
                        build_indexed(x->g, at.to, index, result(x->l)->stride[axis] * size)};
}

static struct place move_by(const struct exchange *x, struct place at, int axis, int64_t count) {
  return move(x, at, axis, constant_i64(x->g, count));
}

/* Exchanges the squares of `size` beside the diagonal, in every square of 2·size of rows i and i + size. */
static void exchange_squares(const struct exchange *x, LLVMValueRef *rows, int i, int size) {
  LLVMValueRef upper[MAX_LANES], lower[MAX_LANES];
  for (int j = 0; j < x->width; j++) {
    bool right = j & size;
    upper[j] = constant_i32(x->g, right ? x->width + j - size : j);
    lower[j] = constant_i32(x->g, right ? x->width + j : j + size);
  }
  LLVMBuilderRef b = x->g->builder;
  LLVMValueRef first = rows[i], second = rows[i + size];
  rows[i] = LLVMBuildShuffleVector(b, first, second, LLVMConstVector(upper, (unsigned)x->width), "");
  rows[i + size] = LLVMBuildShuffleVector(b, first, second, LLVMConstVector(lower, (unsigned)x->width), "");
}

static LLVMValueRef mask_of(const struct exchange *x, int active) {
  return active == x->width ? NULL : constant_mask(x->g, active, x->width);
}

/* A block of `tall` rows of the source with `wide` elements each. */
static void emit_block(const struct exchange *x, struct place at, int tall, int wide) {
  LLVMValueRef rows[MAX_LANES];
  for (int i = 0; i < x->width; i++) {
    bool exists = i < tall;
    LLVMValueRef from = exists ? move_by(x, at, x->result_axis, i).from : NULL;
    rows[i] = exists ? build_load(x->g, x->type, from, mask_of(x, wide)) : LLVMConstNull(x->type);
    if (exists && rounds(x->l)) rows[i] = build_rounded(x->g, rows[i]);
  }
  for (int size = 1; size < x->width; size *= 2)
    for (int i = 0; i < x->width; i++)
      if (!(i & size)) exchange_squares(x, rows, i, size);
  for (int i = 0; i < wide; i++) build_store(x->g, rows[i], move_by(x, at, x->source_axis, i).to, mask_of(x, tall));
}

static void emit_blocks_across(const struct exchange *x, struct place at, int tall) {
  int64_t count = x->l->extent[x->source_axis].count, rest = count % x->width, whole = count - rest;
  if (whole > 0) {
    struct counted_loop l;
    loop_open(x->g, &l, constant_i64(x->g, 0), constant_i64(x->g, whole), x->width, false, NULL, 0);
    emit_block(x, move(x, at, x->source_axis, l.index), tall, x->width);
    loop_close(x->g, &l);
  }
  if (rest > 0) emit_block(x, move_by(x, at, x->source_axis, whole), tall, (int)rest);
}

static void emit_blocks(const struct exchange *x, struct place at) {
  int64_t count = x->l->extent[x->result_axis].count, rest = count % x->width, whole = count - rest;
  if (whole > 0) {
    struct counted_loop l;
    bool shared = !x->g->is_shared;
    if (shared)
      shared_open(x->g, &l, constant_i64(x->g, whole / x->width), x->width);
    else
      loop_open(x->g, &l, constant_i64(x->g, 0), constant_i64(x->g, whole), x->width, false, NULL, 0);
    emit_blocks_across(x, move(x, at, x->result_axis, l.index), x->width);
    (shared ? shared_close : loop_close)(x->g, &l);
  }
  struct counted_loop alone;
  if (rest == 0) return;
  alone_open(x->g, &alone);
  emit_blocks_across(x, move_by(x, at, x->result_axis, whole), (int)rest);
  alone_close(x->g, &alone);
}

static void emit_around(const struct exchange *x, struct place at, int axis) {
  if (axis == x->l->rank) {
    emit_blocks(x, at);
  } else if (axis == x->source_axis || axis == x->result_axis) {
    emit_around(x, at, axis + 1);
  } else {
    struct counted_loop l;
    LLVMValueRef limit = build_extent(x->g, x->l->extent[axis], x->n);
    bool shared = !x->g->is_shared && x->l->extent[axis].count >= SHARED_LEAST;
    if (shared)
      shared_open(x->g, &l, limit, 1);
    else
      loop_open(x->g, &l, constant_i64(x->g, 0), limit, 1, false, NULL, 0);
    emit_around(x, move(x, at, axis, l.index), axis + 1);
    (shared ? shared_close : loop_close)(x->g, &l);
  }
}

void emit_transposition(struct codegen *g, const struct loop *l) {
  struct exchange x = {.g = g, .l = l, .width = machine_lanes(&g->machine)};
  x.type = type_of(g, source(l)->dtype, x.width);
  x.source_axis = contiguous_axis(l, source(l));
  x.result_axis = contiguous_axis(l, result(l));
  x.n = LLVMGetParam(g->function, 0);
  struct place at = {kernel_base(g, l->values[0].access), kernel_base(g, l->stores[0].access)};
  emit_around(&x, at, 0);
}

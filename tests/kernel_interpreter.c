/* See kernel_interpreter.h. */
#include "tests/kernel_interpreter.h"

#include "tests/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- elements ---- */

static double load_bf16(const char *address) {
  uint16_t half;
  memcpy(&half, address, sizeof half);
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Infinite where it is not rounded, so that no comparison holds. */
static double load_rounded(const char *address) {
  uint32_t bits;
  float value;
  memcpy(&bits, address, sizeof bits);
  memcpy(&value, address, sizeof value);
  return bits & 0xffff ? HUGE_VAL : value;
}

/* To the nearest, ties to even. */
static uint16_t bf16_bits(double value) {
  float single = (float)value;
  uint32_t bits;
  memcpy(&bits, &single, sizeof bits);
  if (isnan(single)) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double interpret_load(enum dtype dtype, const char *address) {
  float single;
  double value;
  int32_t integer;
  switch (dtype) {
  case DTYPE_ROUNDED: return load_rounded(address);
  case DTYPE_F32: memcpy(&single, address, sizeof single); return single;
  case DTYPE_F64: memcpy(&value, address, sizeof value); return value;
  case DTYPE_I32: memcpy(&integer, address, sizeof integer); return integer;
  case DTYPE_BF16: return load_bf16(address);
  }
  abort();
}

void interpret_store(enum dtype dtype, char *address, double value) {
  float single = (float)value;
  int32_t integer = (int32_t)value;
  uint16_t half = bf16_bits(value);
  uint32_t rounded = (uint32_t)half << 16;
  switch (dtype) {
  case DTYPE_F32: memcpy(address, &single, sizeof single); break;
  case DTYPE_F64: memcpy(address, &value, sizeof value); break;
  case DTYPE_ROUNDED: memcpy(address, &rounded, sizeof rounded); break;
  case DTYPE_I32: memcpy(address, &integer, sizeof integer); break;
  case DTYPE_BF16: memcpy(address, &half, sizeof half); break;
  }
}

static double rounded(enum dtype dtype, double value) {
  char bytes[sizeof value];
  interpret_store(dtype, bytes, value);
  return interpret_load(dtype, bytes);
}

static char *base_of(const struct kernel_memory *m, const struct access *a) {
  char *const bases[] = {[SPACE_WEIGHTS] = m->weights, [SPACE_SHARED] = m->shared, [SPACE_ARENA] = m->arena,
                         [SPACE_GRADS] = m->gradients, [SPACE_LOCAL] = m->local,   [SPACE_IO] = NULL};
  return a->space == SPACE_IO ? m->tensors[a->io] : bases[a->space];
}

static int64_t length(struct extent e, int64_t n) { return e.per_example ? e.count * n : e.count; }

/* ---- loop nests ---- */

struct interpreter {
  const struct loop *loop;
  const struct kernel_memory *memory;
  int64_t index[KERNEL_MAX_AXES];
  double *values;
};

static char *address_of(const struct interpreter *m, int number) {
  const struct access *a = &m->loop->accesses[number];
  int64_t element = 0;
  for (int i = 0; i < m->loop->rank; i++) element += a->stride[i] * m->index[i];
  if (a->index >= 0) {
    double row = interpret_load(DTYPE_I32, address_of(m, a->index));
    row = row < 0 ? 0 : row >= (double)a->index_rows ? (double)(a->index_rows - 1) : row;
    element += (int64_t)row * a->index_stride;
  }
  return base_of(m->memory, a) + a->offset + element * dtype_size(a->dtype);
}

static double pair(double lower, double upper) {
  uint32_t bits = (uint32_t)bf16_bits(upper) << 16 | bf16_bits(lower);
  int32_t integer;
  memcpy(&integer, &bits, sizeof integer);
  return integer;
}

static double compute(const struct interpreter *m, const struct value *v) {
  double operands[3] = {0};
  switch (v->kind) {
  case VALUE_LOAD: return interpret_load(v->dtype, address_of(m, v->access));
  case VALUE_CONST: return rounded(v->dtype, v->constant);
  case VALUE_IOTA: return (double)m->index[v->axis];
  case VALUE_REDUCE: break;
  case VALUE_PAIR: return pair(m->values[v->operand[0]], m->values[v->operand[1]]);
  case VALUE_MAP:
    for (int i = 0; i < scalar_arity(v->scalar); i++) operands[i] = m->values[v->operand[i]];
    return rounded(v->dtype, evaluate_scalar(v->scalar, v->dtype, operands));
  }
  abort();
}

static double combine(enum reduction reduction, double x, double y) {
  return reduction == REDUCE_SUM ? x + y : reduction == REDUCE_MAX ? (y > x ? y : x) : (y < x ? y : x);
}

static double identity(enum reduction reduction) {
  return reduction == REDUCE_SUM ? 0 : reduction == REDUCE_MAX ? -INFINITY : INFINITY;
}

static void store_pass(const struct interpreter *m, bool rows, int pass) {
  for (int i = 0; i < m->loop->store_count; i++) {
    const struct kernel_store *s = &m->loop->stores[i];
    const struct value *v = &m->loop->values[s->value];
    if (v->is_row != rows || v->pass != pass) continue;
    char *address = address_of(m, s->access);
    enum dtype dtype = m->loop->accesses[s->access].dtype;
    double old = s->add ? interpret_load(dtype, address) : 0;
    interpret_store(dtype, address, old + m->values[s->value]);
  }
}

/* Element values of passes up to this one, its reductions and stores, at one index of the pass axis. */
static void run_element(struct interpreter *m, int pass) {
  for (int i = 0; i < m->loop->value_count; i++) {
    const struct value *v = &m->loop->values[i];
    if (v->kind == VALUE_REDUCE && v->pass == pass)
      m->values[i] = combine(v->reduction, m->values[i], m->values[v->operand[0]]);
    else if (!v->is_row && v->pass <= pass)
      m->values[i] = compute(m, v);
  }
  store_pass(m, false, pass);
}

static void start_reductions(struct interpreter *m, int pass) {
  for (int i = 0; i < m->loop->value_count; i++) {
    const struct value *v = &m->loop->values[i];
    if (v->kind == VALUE_REDUCE && v->pass == pass) m->values[i] = identity(v->reduction);
  }
}

/* What is known of the row after a pass. */
static void finish_rows(struct interpreter *m, int pass) {
  for (int i = 0; i < m->loop->value_count; i++) {
    const struct value *v = &m->loop->values[i];
    if (!v->is_row || v->pass != pass) continue;
    m->values[i] = v->kind == VALUE_REDUCE ? rounded(v->dtype, m->values[i]) : compute(m, v);
  }
  store_pass(m, true, pass);
}

static void run_row(struct interpreter *m) {
  const struct loop *l = m->loop;
  int64_t count = l->pass_axis < 0 ? 1 : length(l->extent[l->pass_axis], m->memory->n);
  finish_rows(m, -1);
  for (int pass = 0; pass < l->pass_count; pass++) {
    start_reductions(m, pass);
    for (int64_t i = 0; i < count; i++) {
      if (l->pass_axis >= 0) m->index[l->pass_axis] = i;
      run_element(m, pass);
    }
    if (l->pass_axis >= 0) m->index[l->pass_axis] = 0;
    finish_rows(m, pass);
  }
}

static void run_nest(struct interpreter *m, int axis) {
  if (axis == m->loop->rank) {
    run_row(m);
    return;
  }
  int64_t count = axis == m->loop->pass_axis ? 1 : length(m->loop->extent[axis], m->memory->n);
  for (m->index[axis] = 0; m->index[axis] < count; m->index[axis]++) run_nest(m, axis + 1);
  m->index[axis] = 0;
}

static void run_loop(const struct loop *l, const struct kernel_memory *memory) {
  struct interpreter m = {.loop = l, .memory = memory};
  m.values = calloc((size_t)l->value_count + 1, sizeof *m.values);
  if (!m.values) abort();
  run_nest(&m, 0);
  free(m.values);
}

/* ---- contractions ---- */

struct matrices {
  const struct contraction *c;
  const struct kernel_memory *memory;
  int64_t index[KERNEL_MAX_AXES];
};

static char *element_of(const struct matrices *m, const struct access *a) {
  int64_t element = 0, k = m->c->loop_count + 2, pair = m->index[k] / 2;
  for (int i = 0; i < k; i++) element += a->stride[i] * m->index[i];
  element += a->dtype == DTYPE_BF16 ? a->stride[k] * pair + m->index[k] % 2 : a->stride[k] * m->index[k];
  return base_of(m->memory, a) + a->offset + element * dtype_size(a->dtype);
}

static struct extent extent_of(const struct contraction *c, int axis) {
  if (axis < c->loop_count) return c->loop[axis];
  return axis == c->loop_count ? c->m : axis == c->loop_count + 1 ? c->n : c->k;
}

/* The products along k and the loops, from number `axis` on, that c does not follow. */
static double sum_products(struct matrices *m, int axis) {
  const struct contraction *c = m->c;
  int k = c->loop_count + 2;
  if (axis > k)
    return interpret_load(c->a.dtype, element_of(m, &c->a)) * interpret_load(c->b.dtype, element_of(m, &c->b));
  if (axis < c->loop_count ? c->c.stride[axis] != 0 : axis != k) return sum_products(m, axis + 1);
  double sum = 0;
  int64_t count = length(extent_of(c, axis), m->memory->n);
  for (m->index[axis] = 0; m->index[axis] < count; m->index[axis]++) sum += sum_products(m, axis + 1);
  m->index[axis] = 0;
  return sum;
}

static void run_dot(struct matrices *m) {
  const struct contraction *c = m->c;
  char *target = element_of(m, &c->c);
  double sum = sum_products(m, 0) + (c->accumulate ? interpret_load(c->c.dtype, target) : 0);
  interpret_store(c->c.dtype, target, sum);
}

static void run_contraction(struct matrices *m, int axis) {
  const struct contraction *c = m->c;
  if (axis == c->loop_count + 2) {
    run_dot(m);
    return;
  }
  bool sums = axis < c->loop_count && c->c.stride[axis] == 0;
  int64_t count = sums ? 1 : length(extent_of(c, axis), m->memory->n);
  for (m->index[axis] = 0; m->index[axis] < count; m->index[axis]++) run_contraction(m, axis + 1);
  m->index[axis] = 0;
}

/* ---- functions ---- */

static void run_kernel(const struct kernel *k, const struct kernel_memory *m) {
  if (k->kind == KERNEL_LOOP)
    run_loop(&k->loop, m);
  else
    run_contraction(&(struct matrices){.c = &k->contraction, .memory = m}, 0);
}

/* The kernel at one place of the chain's loops, which see one example. */
static void run_at(const struct kernel *given, const int64_t *index, const struct kernel_memory *m) {
  struct kernel k = *given;
  struct access accesses[64];
  struct access *operands[3] = {&k.contraction.a, &k.contraction.b, &k.contraction.c};
  struct kernel_memory one = *m;
  one.n = 1;
  if (k.kind == KERNEL_LOOP) {
    memcpy(accesses, k.loop.accesses, (size_t)k.loop.access_count * sizeof *accesses);
    k.loop.accesses = accesses;
  }
  for (int i = 0; i < (k.kind == KERNEL_LOOP ? k.loop.access_count : 3); i++) {
    struct access *a = k.kind == KERNEL_LOOP ? &accesses[i] : operands[i];
    for (int j = 0; j < CHAIN_MAX_LOOPS; j++) a->offset += index[j] * a->around[j] * dtype_size(a->dtype);
  }
  run_kernel(&k, &one);
}

static void run_chain(const struct chain *c, int depth, int64_t *index, const struct kernel_memory *m) {
  if (depth < c->loop_count) {
    for (index[depth] = 0; index[depth] < length(c->loop[depth], m->n); index[depth]++)
      run_chain(c, depth + 1, index, m);
    index[depth] = 0;
    return;
  }
  for (int i = 0; i < c->count; i++) run_at(c->steps[i].kernel, index, m);
}

void interpret_steps(const struct step *steps, int count, const struct kernel_memory *m) {
  for (int i = 0; i < count; i++) {
    const struct step *s = &steps[i];
    int64_t index[CHAIN_MAX_LOOPS] = {0};
    if (s->kind == STEP_KERNEL) run_kernel(s->kernel, m);
    if (s->kind == STEP_CHAIN) run_chain(&s->chain, 0, index, m);
    for (int64_t trip = 0; s->kind == STEP_REPEAT && trip < s->repeat.trips; trip++)
      interpret_steps(s->repeat.steps, s->repeat.count, m);
  }
}

void interpret_function(const struct function *f, const struct kernel_memory *m) {
  interpret_steps(f->steps, f->count, m);
}

#include "tests/emit_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Loop nests of every kind, built by hand, against plain loops. */

enum { MAX_ACCESSES = 16, MAX_VALUES = 64, MAX_STORES = 8 };

struct builder {
  struct access accesses[MAX_ACCESSES];
  struct value values[MAX_VALUES];
  struct kernel_store stores[MAX_STORES];
  struct kernel kernel;
};

static struct loop *open_nest(struct builder *b, int rank, const struct extent *extent, int pass_axis,
                              int vector_axis) {
  memset(b, 0, sizeof *b);
  struct loop *l = &b->kernel.loop;
  b->kernel.kind = KERNEL_LOOP;
  *l = (struct loop){.rank = rank, .pass_axis = pass_axis, .vector_axis = vector_axis, .pass_count = 1};
  memcpy(l->extent, extent, sizeof *extent * (size_t)rank);
  l->accesses = b->accesses;
  l->values = b->values;
  l->stores = b->stores;
  return l;
}

static int add_access(struct builder *b, int io, enum dtype dtype, int64_t s0, int64_t s1, int64_t s2) {
  struct loop *l = &b->kernel.loop;
  l->accesses[l->access_count] = (struct access){.space = SPACE_IO, .io = io, .dtype = dtype, .index = -1};
  memcpy(l->accesses[l->access_count].stride, (int64_t[]){s0, s1, s2}, 3 * sizeof s0);
  return l->access_count++;
}

static int add_value(struct builder *b, struct value value) {
  struct loop *l = &b->kernel.loop;
  l->values[l->value_count] = value;
  return l->value_count++;
}

static int load(struct builder *b, int access, int pass) {
  enum dtype dtype = b->accesses[access].dtype;
  return add_value(b, (struct value){.kind = VALUE_LOAD, .dtype = dtype, .pass = pass, .access = access});
}

static int constant(struct builder *b, enum dtype dtype, double value) {
  return add_value(b, (struct value){.kind = VALUE_CONST, .dtype = dtype, .constant = value});
}

static int iota(struct builder *b, int axis) {
  return add_value(b, (struct value){.kind = VALUE_IOTA, .dtype = DTYPE_I32, .axis = axis});
}

static int map(struct builder *b, enum scalar_op op, enum dtype dtype, int pass, int x, int y, int z) {
  return add_value(
      b, (struct value){.kind = VALUE_MAP, .dtype = dtype, .pass = pass, .operand = {x, y, z}, .scalar = op});
}

static int reduce(struct builder *b, enum reduction kind, enum dtype dtype, int pass, int x) {
  return add_value(
      b, (struct value){
             .kind = VALUE_REDUCE, .dtype = dtype, .is_row = true, .pass = pass, .operand = {x}, .reduction = kind});
}

static int as_row(struct builder *b, int v) {
  b->values[v].is_row = true;
  return v;
}

static void store(struct builder *b, int value, int access, bool add) {
  struct loop *l = &b->kernel.loop;
  l->stores[l->store_count++] = (struct kernel_store){value, access, add};
}

static void check_on(struct builder *b, const char *cpu, double tolerance) {
  struct arena *a = arena_new();
  const struct loop *l = &b->kernel.loop;
  double difference = harness_difference(a, &b->kernel, cpu);
  ck_assert_msg(difference <= tolerance, "extents %d %d %d, pass axis %d, vector axis %d, cpu %s: off by %g",
                (int)l->extent[0].count, (int)l->extent[1].count, (int)l->extent[2].count, l->pass_axis,
                l->vector_axis, cpu ? cpu : "native", difference);
  arena_free(a);
}

static void check(struct builder *b, double tolerance) {
  for (int i = 0; i < HARNESS_CPUS; i++)
    if (harness_runs(harness_cpus[i])) check_on(b, harness_cpus[i], tolerance);
}

static const int64_t sizes[] = {1, 3, 17, 37, 81, 82, 96, 300};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- elementwise ---- */

/* y = op(x…) with operands made harmless for the operator. */
static void build_scalar(struct builder *b, enum scalar_op op, enum dtype dtype, int64_t size) {
  open_nest(b, 2, (struct extent[]){{2, true}, {size, false}}, -1, 1);
  bool compares = op == SCALAR_EQ || op == SCALAR_NE || op == SCALAR_LT || op == SCALAR_LE;
  int x = load(b, add_access(b, 0, dtype, size, 1, 0), 0);
  int y = load(b, add_access(b, 1, dtype, size, 1, 0), 0);
  int z = load(b, add_access(b, 2, dtype, 0, 1, 0), 0);
  if (op == SCALAR_LOG || op == SCALAR_SQRT || op == SCALAR_POW) x = map(b, SCALAR_ABS, dtype, 0, x, 0, 0);
  if (op == SCALAR_DIV && dtype == DTYPE_I32) y = map(b, SCALAR_MAX, dtype, 0, y, constant(b, dtype, 1), 0);
  int result = map(b, op, compares ? DTYPE_F32 : dtype, 0, x, y, z);
  store(b, result, add_access(b, 3, compares ? DTYPE_F32 : dtype, size, 1, 0), false);
}

START_TEST(test_scalars_f32) {
  struct builder b;
  for (int i = 0; i < 3; i++) {
    build_scalar(&b, (enum scalar_op)_i, DTYPE_F32, (int64_t[]){37, 1, 5}[i]);
    check(&b, _i == SCALAR_DIV || _i == SCALAR_POW ? 1e-6 : 3e-7);
  }
}
END_TEST

START_TEST(test_scalars_f64) {
  struct builder b;
  build_scalar(&b, (enum scalar_op)_i, DTYPE_F64, 37);
  check(&b, 1e-15);
}
END_TEST

START_TEST(test_scalars_i32) {
  static const enum scalar_op ops[] = {SCALAR_NEG, SCALAR_ABS, SCALAR_FLOOR, SCALAR_ADD,   SCALAR_SUB,
                                       SCALAR_MUL, SCALAR_DIV, SCALAR_MAX,   SCALAR_MIN,   SCALAR_EQ,
                                       SCALAR_NE,  SCALAR_LT,  SCALAR_LE,    SCALAR_SELECT};
  struct builder b;
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    build_scalar(&b, ops[i], DTYPE_I32, 37);
    check(&b, 0);
  }
}
END_TEST

START_TEST(test_casts) {
  static const enum dtype dtypes[] = {DTYPE_F32, DTYPE_F64, DTYPE_BF16, DTYPE_ROUNDED, DTYPE_I32};
  struct builder b;
  for (int from = 0; from < 5; from++) {
    open_nest(&b, 1, (struct extent[]){{37, false}}, -1, 0);
    int x = load(&b, add_access(&b, 0, dtypes[from], 1, 0, 0), 0);
    int y = map(&b, SCALAR_CAST, dtypes[_i], 0, x, 0, 0);
    store(&b, y, add_access(&b, 1, dtypes[_i], 1, 0, 0), false);
    check(&b, 0);
  }
}
END_TEST

/* Whole numbers above 256 lie between two bfloat16 numbers, the odd ones halfway: those go to the even one. */
START_TEST(test_rounding_to_bf16) {
  struct builder b;
  open_nest(&b, 1, (struct extent[]){{1000, false}}, -1, 0);
  int x = map(&b, SCALAR_CAST, DTYPE_F32, 0, iota(&b, 0), 0, 0);
  int y = map(&b, SCALAR_CAST, _i ? DTYPE_ROUNDED : DTYPE_BF16, 0, x, 0, 0);
  store(&b, y, add_access(&b, 0, _i ? DTYPE_ROUNDED : DTYPE_BF16, 1, 0, 0), false);
  check(&b, 0);
}
END_TEST

/* Sizes that leave every kind of tail, known or per example; a constant column and a row that repeats. */
START_TEST(test_elementwise_tails) {
  struct builder b;
  for (int per_example = 0; per_example < 2; per_example++) {
    open_nest(&b, 2, (struct extent[]){{3, false}, {sizes[_i], per_example}}, -1, 1);
    int64_t row = sizes[_i] * HARNESS_LARGEST_N;
    int x = load(&b, add_access(&b, 0, DTYPE_F32, row, 1, 0), 0);
    int y = load(&b, add_access(&b, 1, DTYPE_F32, 1, 0, 0), 0);
    int sum = map(&b, SCALAR_ADD, DTYPE_F32, 0, x, y, 0);
    int index = map(&b, SCALAR_CAST, DTYPE_F32, 0, iota(&b, 1), 0, 0);
    int product = map(&b, SCALAR_MUL, DTYPE_F32, 0, sum, index, 0);
    store(&b, product, add_access(&b, 2, DTYPE_F32, row, 1, 0), false);
    store(&b, sum, add_access(&b, 3, DTYPE_F32, row, 1, 0), true);
    store(&b, constant(&b, DTYPE_I32, 7), add_access(&b, 4, DTYPE_I32, row, 1, 0), false);
    check(&b, 1e-6);
  }
}
END_TEST

/* In place, and with a transposed operand and a transposed result. */
START_TEST(test_strides) {
  struct builder b;
  int64_t rows = 19, columns = sizes[_i];
  for (int per_example = 0; per_example < 2; per_example++) {
    open_nest(&b, 2, (struct extent[]){{rows, false}, {columns, per_example}}, -1, 1);
    int64_t pitch = columns * HARNESS_LARGEST_N;
    int x = load(&b, add_access(&b, 0, DTYPE_F32, pitch, 1, 0), 0);
    int y = load(&b, add_access(&b, 1, DTYPE_F32, 1, rows, 0), 0);
    int sum = map(&b, SCALAR_SUB, DTYPE_F32, 0, x, y, 0);
    store(&b, sum, add_access(&b, 0, DTYPE_F32, pitch, 1, 0), false);
    store(&b, x, add_access(&b, 2, DTYPE_F32, 1, rows, 0), false);
    check(&b, 1e-6);
  }
}
END_TEST

/* A pure transposition of two axes, or one that rounds to bf16. */
START_TEST(test_transposition) {
  static const enum dtype results[] = {DTYPE_F32, DTYPE_ROUNDED};
  for (int i = 0; i < 2; i++) {
    struct builder b;
    int64_t rows = sizes[_i], columns = 45;
    open_nest(&b, 3, (struct extent[]){{1, true}, {columns, false}, {rows, false}}, -1, 2);
    int x = load(&b, add_access(&b, 0, DTYPE_F32, rows * columns, 1, columns), 0);
    if (i > 0) x = map(&b, SCALAR_CAST, results[i], 0, x, 0, 0);
    store(&b, x, add_access(&b, 1, results[i], rows * columns, rows, 1), false);
    check(&b, 0);
  }
}
END_TEST

START_TEST(test_scalar_code) {
  struct builder b;
  open_nest(&b, 0, (struct extent[]){{1, false}}, -1, -1);
  int x = load(&b, add_access(&b, 0, DTYPE_F32, 0, 0, 0), 0);
  store(&b, map(&b, SCALAR_SIGMOID, DTYPE_F32, 0, x, 0, 0), add_access(&b, 1, DTYPE_F32, 0, 0, 0), false);
  check(&b, 3e-7);
  open_nest(&b, 2, (struct extent[]){{2, true}, {7, false}}, 1, -1);
  b.kernel.loop.pass_count = 2;
  int y = load(&b, add_access(&b, 0, DTYPE_F32, 7, 1, 0), 0);
  int largest = reduce(&b, REDUCE_MAX, DTYPE_F32, 0, y);
  int z = map(&b, SCALAR_SUB, DTYPE_F32, 1, y, largest, 0);
  store(&b, map(&b, SCALAR_EXP, DTYPE_F32, 1, z, 0, 0), add_access(&b, 1, DTYPE_F32, 7, 1, 0), false);
  store(&b, largest, add_access(&b, 2, DTYPE_F32, 1, 0, 0), false);
  check(&b, 1e-6);
}
END_TEST

/* A condition that is a comparison, its complement as a number, and one of integers. */
START_TEST(test_select) {
  struct builder b;
  open_nest(&b, 1, (struct extent[]){{sizes[_i], true}}, -1, 0);
  int x = load(&b, add_access(&b, 0, DTYPE_F32, 1, 0, 0), 0);
  int y = load(&b, add_access(&b, 1, DTYPE_F32, 1, 0, 0), 0);
  int k = load(&b, add_access(&b, 2, DTYPE_I32, 1, 0, 0), 0);
  int less = map(&b, SCALAR_LT, DTYPE_F32, 0, x, y, 0);
  int first = map(&b, SCALAR_SELECT, DTYPE_F32, 0, less, x, y);
  int other = map(&b, SCALAR_SUB, DTYPE_F32, 0, constant(&b, DTYPE_F32, 1), less, 0);
  int second = map(&b, SCALAR_SELECT, DTYPE_F32, 0, other, x, first);
  int third = map(&b, SCALAR_SELECT, DTYPE_F32, 0, k, first, second);
  int64_t strides[] = {1, 0, 0};
  store(&b, less, add_access(&b, 3, DTYPE_F32, strides[0], 0, 0), false);
  store(&b, first, add_access(&b, 4, DTYPE_F32, strides[0], 0, 0), false);
  store(&b, third, add_access(&b, 5, DTYPE_F32, strides[0], 0, 0), false);
  check(&b, 0);
}
END_TEST

/* ---- gather and scatter ---- */

/* Rows of a table by index, along the row or across rows. */
static void build_gather(struct builder *b, int64_t rows, int64_t width, int vector_axis) {
  enum { TABLE = 11 };
  open_nest(b, 2, (struct extent[]){{rows, true}, {width, false}}, -1, vector_axis);
  int index = add_access(b, 0, DTYPE_I32, 1, 0, 0);
  int table = add_access(b, 1, DTYPE_F32, 0, 1, 0);
  b->accesses[table].index = index;
  b->accesses[table].index_stride = width;
  b->accesses[table].index_rows = TABLE;
  int sum = add_access(b, 2, DTYPE_F32, 0, 1, 0);
  b->accesses[sum].index = index;
  b->accesses[sum].index_stride = width;
  b->accesses[sum].index_rows = TABLE;
  int x = load(b, table, 0);
  store(b, x, add_access(b, 3, DTYPE_F32, width, 1, 0), false);
  store(b, map(b, SCALAR_MUL, DTYPE_F32, 0, x, x, 0), sum, true);
}

START_TEST(test_gather_and_scatter) {
  struct builder b;
  for (int axis = -1; axis < 2; axis++) {
    build_gather(&b, 37, sizes[_i], axis);
    check(&b, 1e-5);
  }
}
END_TEST

/* All lanes add to one element. */
START_TEST(test_add_in_one_place) {
  struct builder b;
  open_nest(&b, 2, (struct extent[]){{3, true}, {sizes[_i], _i % 2}}, -1, 1);
  int x = load(&b, add_access(&b, 0, DTYPE_F32, sizes[_i] * HARNESS_LARGEST_N, 1, 0), 0);
  int above = map(&b, SCALAR_ADD, DTYPE_F32, 0, x, constant(&b, DTYPE_F32, 1), 0);
  store(&b, above, add_access(&b, 1, DTYPE_F32, 0, 0, 0), true);
  check(&b, 1e-4);
}
END_TEST

/* ---- reductions ---- */

static const struct { int pass, vector; } axes[] = {{1, 1}, {1, 0}, {0, 1}, {0, 0}, {1, -1}, {0, -1}};
enum { AXES = sizeof axes / sizeof axes[0] };

/* rms norm of the sum of two tensors; the sum is stored too (a later pass may read it back). */
static void build_norm(struct builder *b, enum dtype dtype, int axis, int64_t rows, int64_t columns,
                       bool stores_sum) {
  open_nest(b, 2, (struct extent[]){{rows, false}, {columns, false}}, axes[axis].pass, axes[axis].vector);
  int64_t length = axes[axis].pass ? columns : rows;
  b->kernel.loop.pass_count = 2;
  int x = load(b, add_access(b, 0, dtype, columns, 1, 0), 0);
  int y = load(b, add_access(b, 1, dtype, columns, 1, 0), 0);
  int sum = map(b, SCALAR_ADD, dtype, 0, x, y, 0);
  int total = reduce(b, REDUCE_SUM, dtype, 0, map(b, SCALAR_MUL, dtype, 0, sum, sum, 0));
  int mean = as_row(b, map(b, SCALAR_DIV, dtype, 0, total, constant(b, dtype, (double)length), 0));
  int root = as_row(b, map(b, SCALAR_SQRT, dtype, 0, mean, 0, 0));
  int normal = map(b, SCALAR_DIV, dtype, 1, sum, root, 0);
  if (stores_sum) store(b, sum, add_access(b, 3, dtype, columns, 1, 0), false);
  store(b, normal, add_access(b, 2, dtype, columns, 1, 0), false);
  store(b, root, add_access(b, 4, dtype, axes[axis].pass ? 1 : 0, axes[axis].pass ? 0 : 1, 0), false);
}

START_TEST(test_norm) {
  struct builder b;
  for (int axis = 0; axis < AXES; axis++) {
    build_norm(&b, DTYPE_F32, axis, 21, sizes[_i], axis % 2);
    check(&b, 3e-5);
    build_norm(&b, DTYPE_F64, axis, sizes[_i], 21, axis % 2 == 0);
    check(&b, 1e-13);
  }
}
END_TEST

/* softmax: three passes; the exponentials are used by two. */
static void build_softmax(struct builder *b, int axis, struct extent rows, struct extent columns, int64_t pitch) {
  open_nest(b, 2, (struct extent[]){rows, columns}, axes[axis].pass, axes[axis].vector);
  b->kernel.loop.pass_count = 3;
  int x = load(b, add_access(b, 0, DTYPE_F32, pitch, 1, 0), 0);
  int largest = reduce(b, REDUCE_MAX, DTYPE_F32, 0, x);
  int e = map(b, SCALAR_EXP, DTYPE_F32, 1, map(b, SCALAR_SUB, DTYPE_F32, 1, x, largest, 0), 0, 0);
  int sum = reduce(b, REDUCE_SUM, DTYPE_F32, 1, e);
  store(b, map(b, SCALAR_DIV, DTYPE_F32, 2, e, sum, 0), add_access(b, 1, DTYPE_F32, pitch, 1, 0), false);
}

START_TEST(test_softmax) {
  struct builder b;
  for (int axis = 0; axis < AXES; axis++) {
    build_softmax(&b, axis, (struct extent){5, true}, (struct extent){sizes[_i], false}, sizes[_i]);
    check(&b, 1e-5);
    build_softmax(&b, axis, (struct extent){7, false}, (struct extent){sizes[_i], true},
                  sizes[_i] * HARNESS_LARGEST_N);
    check(&b, 1e-5);
  }
}
END_TEST

/* exp of what lies below the maximum of its row, where some elements are special: NaN, ∞ or -∞. */
START_TEST(test_below_the_maximum) {
  static const double special[] = {NAN, INFINITY, -INFINITY};
  struct builder b;
  for (int axis = 0; axis < AXES; axis++)
    for (int k = 0; k < 3; k++) {
      int64_t columns = sizes[_i];
      open_nest(&b, 2, (struct extent[]){{7, false}, {columns, false}}, axes[axis].pass, axes[axis].vector);
      b.kernel.loop.pass_count = 2;
      int x = load(&b, add_access(&b, 0, DTYPE_F32, columns, 1, 0), 0);
      int often = map(&b, SCALAR_LT, DTYPE_F32, 0, x, constant(&b, DTYPE_F32, -1), 0);
      int large = map(&b, SCALAR_MUL, DTYPE_F32, 0, x, constant(&b, DTYPE_F32, 50), 0);
      int y = map(&b, SCALAR_SELECT, DTYPE_F32, 0, often, constant(&b, DTYPE_F32, special[k]), large);
      int below = map(&b, SCALAR_SUB, DTYPE_F32, 1, y, reduce(&b, REDUCE_MAX, DTYPE_F32, 0, y), 0);
      store(&b, map(&b, SCALAR_EXP, DTYPE_F32, 1, below, 0, 0), add_access(&b, 1, DTYPE_F32, columns, 1, 0), false);
      check(&b, 1e-5);
    }
}
END_TEST

/* Integer and minimum reductions: argmin by a second pass over indices; a row value spread along its row. */
START_TEST(test_argmin) {
  struct builder b;
  for (int axis = 0; axis < AXES; axis++) {
    int64_t columns = sizes[_i];
    open_nest(&b, 2, (struct extent[]){{6, false}, {columns, false}}, axes[axis].pass, axes[axis].vector);
    b.kernel.loop.pass_count = 3;
    int x = load(&b, add_access(&b, 0, DTYPE_I32, columns, 1, 0), 0);
    int least = reduce(&b, REDUCE_MIN, DTYPE_I32, 0, x);
    int here = map(&b, SCALAR_EQ, DTYPE_F32, 1, x, least, 0);
    int far = constant(&b, DTYPE_I32, 1000);
    int place = map(&b, SCALAR_SELECT, DTYPE_I32, 1, here, iota(&b, axes[axis].pass), far);
    int first = reduce(&b, REDUCE_MIN, DTYPE_I32, 1, place);
    int count = reduce(&b, REDUCE_SUM, DTYPE_F32, 1, here);
    int spread = map(&b, SCALAR_ADD, DTYPE_I32, 2, first, constant(&b, DTYPE_I32, 1), 0);
    int64_t rows[] = {axes[axis].pass ? 1 : 0, axes[axis].pass ? 0 : 1};
    store(&b, first, add_access(&b, 1, DTYPE_I32, rows[0], rows[1], 0), false);
    store(&b, count, add_access(&b, 2, DTYPE_F32, rows[0], rows[1], 0), true);
    store(&b, spread, add_access(&b, 3, DTYPE_I32, columns, 1, 0), false);
    check(&b, 0);
  }
}
END_TEST

/* Row loads, a row value before all passes, three axes with the rows' on both sides of the passes'. */
START_TEST(test_rows_around) {
  struct builder b;
  for (int vector = 0; vector < 3; vector++) {
    int64_t middle = sizes[_i];
    open_nest(&b, 3, (struct extent[]){{2, true}, {middle, false}, {18, false}}, 1, vector);
    int x = load(&b, add_access(&b, 0, DTYPE_F32, middle * 18, 18, 1), 0);
    int weight = as_row(&b, load(&b, add_access(&b, 1, DTYPE_F32, 18, 0, 1), -1));
    int scale = as_row(&b, map(&b, SCALAR_TANH, DTYPE_F32, -1, weight, 0, 0));
    int sum = reduce(&b, REDUCE_SUM, DTYPE_F32, 0, map(&b, SCALAR_MUL, DTYPE_F32, 0, x, scale, 0));
    store(&b, sum, add_access(&b, 2, DTYPE_F32, 18, 0, 1), false);
    store(&b, scale, add_access(&b, 3, DTYPE_F32, 18, 0, 1), false);
    check(&b, 3e-5);
  }
}
END_TEST

static void add_cases(Suite *suite) {
  TCase *elementwise = tcase_create("elementwise"), *memory = tcase_create("memory");
  TCase *reductions = suite_case(suite, "reductions", NULL, NULL);
  tcase_set_timeout(elementwise, 120);
  tcase_set_timeout(memory, 120);
  tcase_set_timeout(reductions, 240);
  tcase_add_loop_test(elementwise, test_scalars_f32, 0, SCALAR_COUNT);
  tcase_add_loop_test(elementwise, test_scalars_f64, 0, SCALAR_COUNT);
  tcase_add_test(elementwise, test_scalars_i32);
  tcase_add_loop_test(elementwise, test_casts, 0, 5);
  tcase_add_loop_test(elementwise, test_rounding_to_bf16, 0, 2);
  tcase_add_loop_test(elementwise, test_elementwise_tails, 0, SIZES);
  tcase_add_test(elementwise, test_scalar_code);
  tcase_add_loop_test(elementwise, test_select, 0, SIZES);
  tcase_add_loop_test(memory, test_strides, 0, SIZES);
  tcase_add_loop_test(memory, test_transposition, 0, SIZES);
  tcase_add_loop_test(memory, test_gather_and_scatter, 0, SIZES);
  tcase_add_loop_test(memory, test_add_in_one_place, 0, SIZES);
  tcase_add_loop_test(reductions, test_norm, 0, SIZES);
  tcase_add_loop_test(reductions, test_softmax, 0, SIZES);
  tcase_add_loop_test(reductions, test_below_the_maximum, 0, SIZES);
  tcase_add_loop_test(reductions, test_argmin, 0, SIZES);
  tcase_add_loop_test(reductions, test_rows_around, 0, SIZES);
  suite_add_tcase(suite, elementwise);
  suite_add_tcase(suite, memory);
}

int main(void) {
  Suite *suite = suite_create("emit_loop");
  add_cases(suite);
  return suite_run(suite);
}

#include "tests/emit_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sizes and layout of one contraction under test. */
struct shape {
  int64_t m, n, k;
  bool m_per_example, k_per_example;
  bool accumulate;
  bool a_transposed; /* a's rows are contiguous along m */
  int64_t padding;   /* elements between the rows of b and c */
  enum dtype dtype;
};

static struct access access_of(int io, enum dtype dtype) {
  return (struct access){.space = SPACE_IO, .io = io, .dtype = dtype, .index = -1};
}

static int64_t most(int64_t count, bool per_example) { return per_example ? count * HARNESS_LARGEST_N : count; }

static struct kernel make(struct shape s) {
  struct contraction c = {.m = {s.m, s.m_per_example}, .n = {s.n, false}, .k = {s.k, s.k_per_example}};
  c.accumulate = s.accumulate;
  c.a = access_of(0, s.dtype);
  c.b = access_of(1, s.dtype);
  c.c = access_of(2, s.dtype);
  c.a.stride[0] = s.a_transposed ? 1 : most(s.k, s.k_per_example);
  c.a.stride[2] = s.a_transposed ? most(s.m, s.m_per_example) : 1;
  c.b.stride[1] = c.c.stride[1] = 1;
  c.b.stride[2] = c.c.stride[0] = s.n + s.padding;
  return (struct kernel){.kind = KERNEL_CONTRACTION, .contraction = c};
}

/* A bf16 may be rounded to either neighbour where the sum lies between the two. */
static double tolerance(const struct contraction *c) {
  double steps = (double)most(c->k.count, c->k.per_example);
  return c->c.dtype == DTYPE_F64 ? 1e-13 : dtype_is_bf16(c->c.dtype) ? 0x1p-7 : fmax(2e-5, 5e-8 * steps);
}

static void check_on(const struct kernel *k, const char *cpu) {
  struct arena *a = arena_new();
  const struct contraction *c = &k->contraction;
  double difference = harness_difference(a, k, cpu);
  ck_assert_msg(difference <= tolerance(c), "m %d n %d k %d, cpu %s: off by %g", (int)c->m.count, (int)c->n.count,
                (int)c->k.count, cpu ? cpu : "native", difference);
  arena_free(a);
}

static void check(const struct kernel *k) {
  for (int i = 0; i < HARNESS_CPUS; i++)
    if (harness_runs(harness_cpus[i])) check_on(k, harness_cpus[i]);
}

static const int64_t sizes[] = {1, 3, 17, 37, 82};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(test_rows) {
  for (int i = 0; i < SIZES; i++) {
    struct kernel k = make((struct shape){.m = sizes[_i], .n = sizes[i], .k = 5});
    check(&k);
  }
}
END_TEST

START_TEST(test_depth) {
  for (int i = 0; i < SIZES; i++) {
    struct kernel k = make((struct shape){.m = 13, .n = 19, .k = sizes[i], .padding = 3, .k_per_example = _i});
    check(&k);
  }
}
END_TEST

START_TEST(test_rows_per_example) {
  for (int i = 0; i < SIZES; i++) {
    struct kernel k = make((struct shape){.m = sizes[i], .n = 33, .k = 8, .m_per_example = true, .accumulate = _i});
    check(&k);
  }
}
END_TEST

START_TEST(test_weight_gradient) {
  struct shape s = {.m = 40, .n = 24, .k = 37, .k_per_example = true, .a_transposed = true, .accumulate = true};
  struct kernel k = make(s);
  check(&k);
}
END_TEST

START_TEST(test_f64) {
  for (int i = 0; i < SIZES; i++) {
    struct kernel k = make((struct shape){.m = 14, .n = sizes[i], .k = sizes[_i], .padding = 1, .dtype = DTYPE_F64});
    check(&k);
  }
}
END_TEST

/* One column of c, contiguous along m: done as vectors along m. */
START_TEST(test_matrix_vector) {
  for (int i = 0; i < SIZES; i++) {
    struct kernel k = make((struct shape){.m = sizes[i], .n = 1, .k = 9, .a_transposed = _i});
    check(&k);
  }
}
END_TEST

static void set_strides(struct access *access, int64_t outer, int64_t inner, int64_t m, int64_t n, int64_t k) {
  const int64_t strides[] = {outer, inner, m, n, k};
  memcpy(access->stride, strides, sizeof strides);
}

/* Attention of every example and head: scores of q and transposed k. */
START_TEST(test_outer_loops) {
  enum { S = 37, D = 20, HEADS = 3 };
  struct contraction c = {.loop_count = 2, .loop = {{1, true}, {HEADS, false}}, .m = {S, false}, .n = {S, false}};
  c.k = (struct extent){D, false};
  c.a = access_of(0, DTYPE_F32);
  c.b = access_of(1, DTYPE_F32);
  c.c = access_of(2, DTYPE_F32);
  c.a.offset = 4;
  set_strides(&c.a, S * HEADS * D, D, HEADS * D, 0, 1);
  set_strides(&c.b, HEADS * D * S, D * S, 0, 1, S);
  set_strides(&c.c, HEADS * S * S, S * S, S, 1, 0);
  struct kernel k = {.kind = KERNEL_CONTRACTION, .contraction = c};
  check(&k);
}
END_TEST

/* A loop that b does not follow runs within the panels. */
START_TEST(test_shared_right_side) {
  enum { ROWS = 7, K = 11, N = 50, OUTER = 2 };
  struct contraction c = {.loop_count = 2, .loop = {{1, true}, {OUTER, false}}, .m = {ROWS, false}, .n = {N, false}};
  c.k = (struct extent){K, false};
  c.a = access_of(0, DTYPE_F32);
  c.b = access_of(1, DTYPE_F32);
  c.c = access_of(2, DTYPE_F32);
  set_strides(&c.a, OUTER * ROWS * K, ROWS * K, K, 0, 1);
  set_strides(&c.b, 0, K * N, 0, 1, N);
  set_strides(&c.c, OUTER * ROWS * N, ROWS * N, N, 1, 0);
  struct kernel k = {.kind = KERNEL_CONTRACTION, .contraction = c};
  check(&k);
}
END_TEST

/* Operands of bf16 in pairs along k: a row-major, or, as for the gradient of a weight, with rows of pairs. */
static struct kernel make_pairs(struct shape s, enum dtype result) {
  struct contraction c = {.m = {s.m, s.m_per_example}, .n = {s.n, false}, .k = {s.k, s.k_per_example}};
  c.accumulate = s.accumulate;
  c.a = access_of(0, DTYPE_BF16);
  c.b = access_of(1, DTYPE_BF16);
  c.c = access_of(2, result);
  set_strides(&c.a, s.a_transposed ? 2 : most(s.k, s.k_per_example), 0, s.a_transposed ? 2 * s.m : 2, 0, 0);
  set_strides(&c.b, 0, 2, 2 * (s.n + s.padding), 0, 0);
  set_strides(&c.c, s.n + s.padding, 1, 0, 0, 0);
  return (struct kernel){.kind = KERNEL_CONTRACTION, .contraction = c};
}

/* The same held in f32. */
START_TEST(test_rounded) {
  for (int i = 0; i < 2 * SIZES; i++) {
    struct kernel k = make((struct shape){.m = sizes[_i], .n = sizes[i % SIZES], .k = 6, .accumulate = i >= SIZES});
    k.contraction.a.dtype = k.contraction.b.dtype = k.contraction.c.dtype = DTYPE_ROUNDED;
    check(&k);
  }
}
END_TEST

START_TEST(test_pairs_rows) {
  for (int i = 0; i < SIZES; i++) {
    struct shape s = {.m = sizes[_i], .n = sizes[i], .k = 6};
    struct kernel wide = make_pairs(s, DTYPE_F32), narrow = make_pairs(s, DTYPE_BF16);
    check(&wide);
    check(&narrow);
  }
}
END_TEST

START_TEST(test_pairs_depth) {
  for (int i = 0; i < SIZES; i++) {
    struct kernel k = make_pairs((struct shape){.m = 13, .n = 19, .k = sizes[i], .padding = 3}, DTYPE_F32);
    struct shape s = {.m = 40, .n = 24, .k = 2 * sizes[i], .k_per_example = true, .a_transposed = true};
    s.accumulate = true;
    struct kernel gradient = make_pairs(s, DTYPE_F32);
    check(&k);
    check(&gradient);
  }
}
END_TEST

START_TEST(test_pairs_rows_per_example) {
  for (int i = 0; i < SIZES; i++) {
    struct shape s = {.m = sizes[i], .n = 33, .k = 9, .m_per_example = true, .accumulate = true};
    struct kernel k = make_pairs(s, _i ? DTYPE_F32 : DTYPE_BF16);
    check(&k);
  }
}
END_TEST

/* Loops that c does not follow sum, as k does. */
START_TEST(test_sums_over_outer_loops) {
  enum { ROWS = 14, K = 6, N = 18, PARTS = 2 };
  struct contraction c = {.loop_count = 2, .loop = {{1, true}, {PARTS, false}}, .m = {ROWS, false}, .n = {N, false}};
  c.k = (struct extent){K, false};
  c.accumulate = true;
  c.a = access_of(0, DTYPE_F32);
  c.b = access_of(1, DTYPE_F32);
  c.c = access_of(2, DTYPE_F32);
  set_strides(&c.a, PARTS * K * ROWS, K * ROWS, 1, 0, ROWS);
  set_strides(&c.b, PARTS * K * N, K * N, 0, 1, N);
  set_strides(&c.c, 0, 0, N, 1, 0);
  struct kernel k = {.kind = KERNEL_CONTRACTION, .contraction = c};
  check(&k);
}
END_TEST

/* b in panels of whole register tiles, c added to row by row: with few steps of k, and with more than the first-level
 * cache takes at once. */
static const int64_t depths[] = {6, 37, 171, 172};
enum { DEPTHS = sizeof depths / sizeof depths[0] };

static struct kernel make_panels(int64_t panel, int64_t k, enum dtype dtype) {
  enum { ROWS = 15, PANELS = 3 };
  int64_t most_k = k * HARNESS_LARGEST_N;
  struct contraction c = {.loop_count = 1, .loop = {{PANELS, false}}, .m = {ROWS, false}, .n = {panel, false}};
  c.k = (struct extent){k, true};
  c.accumulate = true;
  c.a = access_of(0, dtype);
  c.b = access_of(1, dtype);
  c.c = access_of(2, dtype);
  memcpy(c.a.stride, (int64_t[]){0, 1, 0, ROWS}, 4 * sizeof(int64_t));
  memcpy(c.b.stride, (int64_t[]){most_k * panel, 0, 1, panel}, 4 * sizeof(int64_t));
  memcpy(c.c.stride, (int64_t[]){panel, PANELS * panel, 1, 0}, 4 * sizeof(int64_t));
  return (struct kernel){.kind = KERNEL_CONTRACTION, .contraction = c};
}

START_TEST(test_rows_before_panels) {
  struct kernel k = make_panels(8, depths[_i], DTYPE_F64);
  check(&k);
  for (int64_t panel = 8; panel <= 32; panel *= 2) {
    k = make_panels(panel, depths[_i], DTYPE_F32);
    check(&k);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("emit_contraction");
  TCase *cases = suite_case(suite, "shapes", NULL, NULL);
  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, test_rows, 0, SIZES);
  tcase_add_loop_test(cases, test_depth, 0, 2);
  tcase_add_loop_test(cases, test_rows_per_example, 0, 2);
  tcase_add_test(cases, test_weight_gradient);
  tcase_add_loop_test(cases, test_f64, 0, SIZES);
  tcase_add_loop_test(cases, test_matrix_vector, 0, 2);
  tcase_add_test(cases, test_outer_loops);
  tcase_add_test(cases, test_shared_right_side);
  tcase_add_test(cases, test_sums_over_outer_loops);
  tcase_add_loop_test(cases, test_rows_before_panels, 0, DEPTHS);
  tcase_add_loop_test(cases, test_rounded, 0, SIZES);
  tcase_add_loop_test(cases, test_pairs_rows, 0, SIZES);
  tcase_add_test(cases, test_pairs_depth);
  tcase_add_loop_test(cases, test_pairs_rows_per_example, 0, 2);
  return suite_run(suite);
}

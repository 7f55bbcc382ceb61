#include "tests/emit_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The error of elementary functions over a sweep of all float32 values, against the C library in double. */

#define BASE 1.75 /* of the powers; a float32 */

enum {
  BLOCK = 4096,
  STEP = 1021
}; /* every STEP-th bit pattern, negative ones, denormals, infinities and NaNs included */

static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }

static double reciprocal(double x) { return 1 / x; }

static double reciprocal_root(double x) { return 1 / sqrt(x); }

static double power_of_base(double x) { return pow(BASE, x); }

/* One operator after the other; a binary one takes a constant as its first operand.  The errors allowed are those
 * measured (compiler/emit/math.c states them), rounded up; those of sin, cos and pow are up to the C library. */
static const struct {
  const char *name;
  double (*exact)(double);
  double ulps, ulps_without_fma; /* the largest errors allowed */
  int length;
  enum scalar_op ops[2];
  double constant;
} functions[] = {
    {"exp", exp, 1.1, 1.1, 1, {SCALAR_EXP}, 0},
    {"log", log, 0.9, 0.9, 1, {SCALAR_LOG}, 0},
    {"sigmoid", sigmoid, 3, 3, 1, {SCALAR_SIGMOID}, 0},
    {"tanh", tanh, 2, 2, 1, {SCALAR_TANH}, 0},
    {"sqrt", sqrt, 0.5, 0.5, 1, {SCALAR_SQRT}, 0},
    {"1/x", reciprocal, 0.5, 0.5, 1, {SCALAR_DIV}, 1},
    {"1/sqrt", reciprocal_root, 1.5, 1.5, 2, {SCALAR_SQRT, SCALAR_DIV}, 1},
    {"sin", sin, 1, 1, 1, {SCALAR_SIN}, 0},
    {"cos", cos, 1, 1, 1, {SCALAR_COS}, 0},
    {"pow", power_of_base, 1, 1, 1, {SCALAR_POW}, BASE},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

/* y = f(x) on one block, with vectors or in scalar code. */
static struct harness_code compile(struct arena *a, int which, int vector_axis, const char *cpu) {
  struct access accesses[2] = {{.space = SPACE_IO, .io = 0, .stride = {1}, .index = -1},
                               {.space = SPACE_IO, .io = 1, .stride = {1}, .index = -1}};
  struct value values[4] = {{.kind = VALUE_LOAD, .access = 0},
                            {.kind = VALUE_CONST, .constant = functions[which].constant}};
  int count = 2, x = 0;
  for (int i = 0; i < functions[which].length; i++) {
    enum scalar_op op = functions[which].ops[i];
    values[count] = (struct value){.kind = VALUE_MAP, .scalar = op, .operand = {x}};
    if (scalar_arity(op) == 2) values[count].operand[0] = 1, values[count].operand[1] = x;
    x = count++;
  }
  struct kernel_store store = {.value = x, .access = 1};
  struct kernel k = {.kind = KERNEL_LOOP,
                     .loop = {.rank = 1,
                              .extent = {{BLOCK, false}},
                              .pass_axis = -1,
                              .vector_axis = vector_axis,
                              .pass_count = 1,
                              .accesses = accesses,
                              .access_count = 2,
                              .values = values,
                              .value_count = count,
                              .stores = &store,
                              .store_count = 1}};
  struct step step = {.kind = STEP_KERNEL, .kernel = &k};
  return harness_compile(a, &step, 1, cpu, 1);
}

/* Distance in units of the last place of the exact value (of the smallest denormal, below). */
static double error_in_ulps(float got, double exact) {
  if (isnan(exact)) return isnan(got) ? 0 : INFINITY;
  if ((double)got == exact || (float)exact == got) return fabs((double)got - exact) == 0 ? 0 : 0.5;
  if (isnan(got) || isinf(got)) return fabs(exact) > 0x1.ffffffp127 ? 0 : INFINITY;
  int exponent = exact == 0 ? -126 : ilogb(exact);
  return fabs((double)got - exact) / ldexp(1, (exponent < -126 ? -126 : exponent) - 23);
}

struct sweep {
  float x[BLOCK], y[BLOCK];
  double worst;
  float at;
};

static void run_block(struct sweep *s, hrm_entry *entry, double (*exact)(double), uint32_t first) {
  for (int i = 0; i < BLOCK; i++) {
    uint32_t bits = first + (uint32_t)i * STEP;
    memcpy(&s->x[i], &bits, sizeof bits);
  }
  void *tensors[] = {s->x, s->y};
  entry(&(struct hrm_tile){.n = 1, .tensors = tensors});
  for (int i = 0; i < BLOCK; i++) {
    double error = error_in_ulps(s->y[i], exact((double)s->x[i]));
    if (error <= s->worst) continue;
    s->worst = error;
    s->at = s->x[i];
  }
}

static void check_sweep(int which, int vector_axis, const char *cpu) {
  struct arena *a = arena_new();
  struct sweep *s = arena_new_object(a, struct sweep);
  struct harness_code code = compile(a, which, vector_axis, cpu);
  for (uint64_t first = 0; first <= UINT32_MAX; first += (uint64_t)BLOCK * STEP)
    run_block(s, code.entry, functions[which].exact, (uint32_t)first);
  harness_close(&code);
  bool fma = !cpu || strcmp(cpu, "x86-64") != 0;
  double allowed = fma ? functions[which].ulps : functions[which].ulps_without_fma;
  ck_assert_msg(s->worst <= allowed, "%s: %g ulp at %a (cpu %s)", functions[which].name, s->worst, (double)s->at,
                cpu ? cpu : "native");
  arena_free(a);
}

START_TEST(test_error_of_vectors) {
  for (int i = 0; i < HARNESS_CPUS; i++)
    if (harness_runs(harness_cpus[i])) check_sweep(_i, 0, harness_cpus[i]);
}
END_TEST

START_TEST(test_error_of_scalars) { check_sweep(_i, -1, NULL); }
END_TEST

/* Where the functions bend: around 0 and 1, and at the limits of overflow. */
START_TEST(test_special_values) {
  static const float points[] = {0.0f,     -0.0f,   1.0f,           -1.0f,        0.625f,   88.72283f,
                                 88.7229f, -87.34f, -103.97f,       -104.1f,      INFINITY, -INFINITY,
                                 NAN,      1e-45f,  1.1754944e-38f, 3.4028235e38f};
  struct arena *a = arena_new();
  struct sweep *s = arena_new_object(a, struct sweep);
  struct harness_code code = compile(a, _i, 0, NULL);
  size_t count = sizeof points / sizeof points[0];
  memcpy(s->x, points, sizeof points);
  void *tensors[] = {s->x, s->y};
  code.entry(&(struct hrm_tile){.n = 1, .tensors = tensors});
  for (size_t i = 0; i < count; i++) {
    double error = error_in_ulps(s->y[i], functions[_i].exact((double)points[i]));
    ck_assert_msg(error <= functions[_i].ulps_without_fma, "%s(%a) = %a", functions[_i].name, (double)points[i],
                  (double)s->y[i]);
  }
  harness_close(&code);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("emit_math");
  TCase *cases = suite_case(suite, "errors", NULL, NULL);
  tcase_set_timeout(cases, 120);
  tcase_add_loop_test(cases, test_error_of_vectors, 0, FUNCTIONS);
  tcase_add_loop_test(cases, test_error_of_scalars, 0, FUNCTIONS);
  tcase_add_loop_test(cases, test_special_values, 0, FUNCTIONS);
  return suite_run(suite);
}

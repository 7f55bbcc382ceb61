/* runtime/optimizer.c against the equations of its header in double precision, one number at a time. */
#include "runtime/optimizer.h"
#include "runtime/optimizer_kernels.h"
#include "runtime/random.h"
#include "runtime/schedule.h"
#include "tests/fake_model.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 36, STEPS = 12, BATCH = 7 };

/* Everything a step needs. */
struct bench {
  struct description description;
  struct model model;
  struct slots slots;
  struct optimizer optimizer;
};

static void bench_new(struct bench *b, const char *changes, int threads, double clip, double ema) {
  struct hrm_error error;
  const struct description *d = &b->description;
  ck_assert_msg(fake_description(&b->description, changes, &error), "%s", error.text);
  ck_assert(model_new(&b->model, &fake_code, d, threads, true, &error));
  ck_assert(slots_new(&b->slots, d, BATCH, &error));
  ck_assert(optimizer_new(&b->optimizer, d, d->groups, clip, ema, &error));
  model_initialize(&b->model, 3);
  optimizer_start_ema(&b->optimizer, &b->model);
}

static void bench_free(struct bench *b) {
  optimizer_free(&b->optimizer);
  slots_free(&b->slots);
  model_free(&b->model);
  description_free(&b->description);
}

/* A gradient of any size, from 1e-6 to 10, the same for reference and optimiser. */
static double gradient(int step, int worker, int i) {
  struct random_stream r = stream_named(11, "gradient", (uint64_t)(step * 100 + worker));
  double pair[2];
  stream_normal_pair(r, (uint64_t)i, pair);
  return (float)(pair[0] * pow(10, -6.0 * (i % 7) / 6));
}

static void fill_gradients(struct bench *b, int step) {
  for (int w = 0; w < b->model.threads; w++) {
    for (int i = 0; i < HEAD; i++) b->model.workers[w].gradients[i] = (float)gradient(step, w, i);
  }
}

/* The reference: one weight's number through a step. */
struct number {
  double p, m, v;
};

static double sign_of(double x) { return (x > 0) - (x < 0); }

static void reference_step(struct number *n, const struct optimizer_group *g, double gradient_value, int t) {
  n->p *= 1 - g->lr * g->weight_decay;
  switch (g->kind) {
  case OPTIMIZER_ADAM_ATAN2:
  case OPTIMIZER_ADAMW: {
    n->m = g->beta1 * n->m + (1 - g->beta1) * gradient_value;
    n->v = g->beta2 * n->v + (1 - g->beta2) * gradient_value * gradient_value;
    double root = sqrt(n->v) / sqrt(1 - pow(g->beta2, t)), rate = g->lr / (1 - pow(g->beta1, t));
    n->p -= g->kind == OPTIMIZER_ADAMW ? rate * n->m / (root + g->eps) : rate * atan2(n->m, root);
    break;
  }
  case OPTIMIZER_SGD:
    n->m = g->momentum * n->m + gradient_value;
    n->p -= g->lr * n->m;
    break;
  case OPTIMIZER_SIGN_SGD: n->p -= g->lr * sign_of(gradient_value); break;
  }
}

static double summed(int step, int threads, int i) {
  double sum = 0;
  for (int w = 0; w < threads; w++) sum += gradient(step, w, i);
  return sum / BATCH;
}

static double clip_factor(int step, int threads, double clip) {
  double square = 0;
  for (int i = 0; i < HEAD; i++) square += pow(summed(step, threads, i), 2);
  return clip > 0 && sqrt(square) > clip ? clip / sqrt(square) : 1;
}

static void compare_with_reference(const char *group, double clip, int threads) {
  struct bench b;
  char changes[1000];
  snprintf(changes, sizeof changes, "{\"groups\": [%s, {\"optimizer\": \"sign_sgd\", \"lr\": 0.1}]}", group);
  bench_new(&b, changes, threads, clip, 0.75);
  struct number numbers[HEAD];
  double ema[HEAD];
  for (int i = 0; i < HEAD; i++) numbers[i] = (struct number){.p = ema[i] = b.model.weights[i]};
  for (int t = 1; t <= STEPS; t++) {
    struct hrm_error error;
    fill_gradients(&b, t);
    ck_assert_msg(optimizer_step(&b.optimizer, &b.model, &b.slots, t, 1, &error), "%s", error.text);
    double factor = clip_factor(t, threads, clip);
    for (int i = 0; i < HEAD; i++) {
      reference_step(&numbers[i], &b.description.groups[0], factor * summed(t, threads, i), t);
      ema[i] = 0.75 * ema[i] + 0.25 * numbers[i].p;
      ck_assert_double_eq_tol(b.model.weights[i], numbers[i].p, 2e-6);
      ck_assert_double_eq_tol(b.optimizer.ema[i], ema[i], 2e-6);
      for (int w = 0; w < threads; w++) ck_assert(b.model.workers[w].gradients[i] == 0);
    }
  }
  bench_free(&b);
}

static const char *const groups[] = {
    "{\"optimizer\": \"adam_atan2\", \"lr\": 0.01, \"beta1\": 0.9, \"beta2\": 0.95, \"weight_decay\": 0.3}",
    "{\"optimizer\": \"adam_atan2\", \"lr\": 0.02, \"beta1\": 0.8, \"beta2\": 0.999, \"weight_decay\": 0}",
    "{\"optimizer\": \"adamw\", \"lr\": 0.01, \"beta1\": 0.9, \"beta2\": 0.95, \"weight_decay\": 0.3, \"eps\": 1e-3}",
    "{\"optimizer\": \"sgd\", \"lr\": 0.1, \"weight_decay\": 0.1}",
    "{\"optimizer\": \"sgd\", \"lr\": 0.1, \"momentum\": 0.9, \"weight_decay\": 0.1}",
    "{\"optimizer\": \"sign_sgd\", \"lr\": 0.01, \"weight_decay\": 0.5}",
};

START_TEST(test_reference) { compare_with_reference(groups[_i], 0, 3); }
END_TEST

START_TEST(test_clipping) { compare_with_reference(groups[_i], 0.05, 2); }
END_TEST

/* A whole range of quotients, both signs, and the corners. */
START_TEST(test_atan2) {
  enum { N = 4000 };
  static float p[N], m[N], v[N], g[N];
  const struct update u = {.decay = 1, .rate = 1, .beta1 = 1, .beta2 = 1, .denominator = 1};
  for (int i = 0; i < N; i++) {
    p[i] = 0;
    m[i] = (float)((i % 2 ? -1 : 1) * pow(10, -10 + 20.0 * i / N));
    v[i] = (float)pow(10, i % 9 - 4);
  }
  m[0] = 0, v[0] = 0, m[1] = 0, m[2] = 1, v[2] = 0;
  static float before[N];
  memcpy(before, m, sizeof m);
  update_adam_atan2(&u, N, p, m, v, g);
  for (int i = 0; i < N; i++) {
    double expected = -atan2(before[i], sqrt(v[i]));
    ck_assert_double_eq_tol(p[i], expected, 1e-7 + 4e-7 * fabs(expected));
  }
}
END_TEST

/* Slots 0, 2 and 6 share row 3, slot 1 has row 1: each moves once, the rest stay. */
START_TEST(test_sparse_rows) {
  struct bench b;
  struct hrm_error error;
  bench_new(&b,
            "{\"groups\": [{\"optimizer\": \"sgd\", \"lr\": 0}, {\"optimizer\": \"sign_sgd\", \"lr\": 0.1,"
            " \"weight_decay\": 0.5}]}",
            2, 0, 0);
  int table = description_find_weight(&b.description, "puzzle_emb.weights");
  int grad = description_find_tensor(&b.description, "rows_grad");
  float *rows = model_weight(&b.model, table);
  int32_t *index = slots_standard(&b.slots, TENSOR_PUZZLE_IDENTIFIERS);
  for (int i = 0; i < 30; i++) rows[i] = 1;
  for (int i = 0; i < BATCH; i++) index[i] = 3;
  index[1] = 1;
  for (int64_t s = 0; s < BATCH; s++) memset(slots_tensor(&b.slots, grad, s), 0, 6 * sizeof(float));
  float *g0 = slots_tensor(&b.slots, grad, 0), *g2 = slots_tensor(&b.slots, grad, 2),
        *g1 = slots_tensor(&b.slots, grad, 1);
  g0[0] = 3, g2[0] = -1; /* sum positive */
  g0[1] = 1, g2[1] = -5; /* sum negative */
  g0[2] = 1, g2[2] = -1; /* sum zero: decay alone */
  g1[0] = -2;
  ck_assert(optimizer_step(&b.optimizer, &b.model, &b.slots, 1, 1, &error));
  ck_assert_float_eq_tol(rows[3 * 6], 0.95f - 0.1f, 1e-6);
  ck_assert_float_eq_tol(rows[3 * 6 + 1], 0.95f + 0.1f, 1e-6);
  ck_assert_float_eq_tol(rows[3 * 6 + 2], 0.95f, 1e-6);
  ck_assert_float_eq_tol(rows[1 * 6], 0.95f + 0.1f, 1e-6);
  for (int row = 0; row < 5; row += 2) ck_assert_float_eq(rows[row * 6], 1);
  bench_free(&b);
}
END_TEST

START_TEST(test_not_finite) {
  struct bench b;
  struct hrm_error error;
  bench_new(&b, NULL, 2, _i ? 1.0 : 0, 0);
  fill_gradients(&b, 1);
  b.model.workers[1].gradients[49] = _i ? INFINITY : NAN;
  ck_assert(!optimizer_step(&b.optimizer, &b.model, &b.slots, 9, 1, &error));
  ck_assert_int_eq(error.code, HRM_DIVERGED);
  ck_assert_str_eq(error.text, "training diverged at step 9: the gradient of 'q.bias' is not finite");
  bench_free(&b);
}
END_TEST

/* More threads than lines of memory: every range but a few is empty. */
START_TEST(test_many_threads) { compare_with_reference(groups[0], 0.05, 9); }
END_TEST

START_TEST(test_schedule) {
  struct schedule s = {SCHEDULE_COSINE, 10, 0.2};
  ck_assert_double_eq_tol(schedule_factor(&s, 1, 110), 0.1, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 9, 110), 0.9, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 10, 110), 1, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 60, 110), 0.6, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 110, 110), 0.2, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 500, 110), 0.2, 1e-12);
  s.kind = SCHEDULE_CONSTANT;
  ck_assert_double_eq_tol(schedule_factor(&s, 5, 110), 0.5, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 100, 110), 1, 1e-12);
  s = (struct schedule){SCHEDULE_COSINE, 10, 0.2}; /* a run that is all warm-up ends at the full rate */
  ck_assert_double_eq_tol(schedule_factor(&s, 9, 10), 0.9, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 10, 10), 1, 1e-12);
  ck_assert_double_eq_tol(schedule_factor(&s, 11, 10), 0.2, 1e-12);
  s = (struct schedule){SCHEDULE_COSINE, 0, 0};
  ck_assert_double_eq_tol(schedule_factor(&s, 1, 0), 0, 1e-12);
}
END_TEST

/* hrm.md: cut at ±2 nominal deviations, the true deviation is the one asked for. */
START_TEST(test_truncated_normal) {
  struct bench b;
  double square = 0, sum = 0, largest = 0;
  int count = 0;
  bench_new(&b, NULL, 1, 0, 0);
  for (uint64_t seed = 0; seed < 600; seed++) {
    model_initialize(&b.model, seed);
    for (int i = 0; i < HEAD; i++, count++) {
      double x = b.model.weights[i];
      sum += x, square += x * x;
      if (fabs(x) > largest) largest = fabs(x);
    }
  }
  ck_assert_double_eq_tol(sum / count, 0, 0.01);
  ck_assert_double_eq_tol(sqrt(square / count), 0.4, 0.005);
  ck_assert_double_le(largest, 2 * 0.4 / 0.87962566103423978 + 1e-6);
  ck_assert_double_ge(largest, 0.88);
  bench_free(&b);
}
END_TEST

START_TEST(test_initial_values_do_not_depend_on_threads) {
  struct bench a, b;
  bench_new(&a, NULL, 1, 0, 0);
  bench_new(&b, NULL, 5, 0, 0);
  ck_assert_mem_eq(a.model.weights, b.model.weights, (size_t)a.description.weight_count_floats * sizeof(float));
  model_initialize(&b.model, 4);
  ck_assert_mem_ne(a.model.weights, b.model.weights, (size_t)a.description.weight_count_floats * sizeof(float));
  bench_free(&a);
  bench_free(&b);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("runtime optimizer");
  TCase *tests = suite_case(suite, "optimizer", NULL, NULL);
  tcase_set_timeout(tests, 120); /* a busy machine */
  int group_count = sizeof groups / sizeof *groups;
  tcase_add_loop_test(tests, test_reference, 0, group_count);
  tcase_add_loop_test(tests, test_clipping, 0, group_count);
  tcase_add_test(tests, test_atan2);
  tcase_add_test(tests, test_sparse_rows);
  tcase_add_loop_test(tests, test_not_finite, 0, 2);
  tcase_add_test(tests, test_many_threads);
  tcase_add_test(tests, test_schedule);
  tcase_add_test(tests, test_truncated_normal);
  tcase_add_test(tests, test_initial_values_do_not_depend_on_threads);
  return suite_run(suite);
}

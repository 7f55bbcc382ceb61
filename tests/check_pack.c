/* Packed copies of weights: their blocks in the plan, and the optimiser's step, which packs what it moves. */
#include "compiler/driver/compile.h"
#include "runtime/optimizer.h"
#include "runtime/random.h"
#include "tests/kernel_interpreter.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 9, MOST_THREADS = 8, STEPS = 2 };

/* ---- tests/packed.hrm, compiled ---- */

struct compiled {
  struct compilation c;
  struct options options;
  struct description description;
  struct hrm_code code;
};

static void compile(struct compiled *x, const char *cpu, bool bf16) {
  const char *top = getenv("top_srcdir");
  *x = (struct compiled){.options = {.target_cpu = cpu, .bf16 = bf16}};
  x->c = (struct compilation){.arena = arena_new(), .options = &x->options};
  x->c.diags = diags_new(x->c.arena);
  bool done = compile_front(&x->c, arena_printf(x->c.arena, "%s/tests/packed.hrm", top ? top : ".")) &&
              compile_graphs(&x->c) && compile_plan(&x->c);
  if (!done) diag_print(x->c.diags, stderr, false);
  ck_assert(done);
}

static void load(struct compiled *x) {
  struct hrm_error error;
  ck_assert(compile_load(&x->c, &x->code));
  ck_assert_msg(description_parse(&x->description, x->code.description, &error), "%s", error.text);
}

static void release(struct compiled *x) {
  description_free(&x->description);
  if (x->c.engine) engine_unload(x->c.engine, &x->c.loaded);
  engine_free(x->c.engine);
  arena_free(x->c.arena);
}

/* In f32 and in bf16, for this machine: generated once for all tests. */
enum { PRECISIONS = 2 };
static struct compiled loaded[PRECISIONS];

static void setup(void) {
  for (int i = 0; i < PRECISIONS; i++) {
    compile(&loaded[i], NULL, i);
    load(&loaded[i]);
  }
}

static void teardown(void) {
  for (int i = 0; i < PRECISIONS; i++) release(&loaded[i]);
}

/* ---- the plan ---- */

static const struct packing *packing_of(const struct compiled *x, const char *path, int64_t *offset) {
  for (int i = 0; i < x->c.program->weight_count; i++) {
    *offset = x->c.program->weights[i]->offset;
    if (!strcmp(x->c.program->weights[i]->symbol->name, path)) return &x->c.plan->packings[i];
  }
  ck_abort_msg("no weight %s", path);
}

static int64_t last_byte(const struct loop *l, const struct access *a) {
  int64_t last = 0;
  for (int i = 0; i < l->rank; i++) last += a->stride[i] * (l->extent[i].count - 1);
  return (last + 1) * dtype_size(a->dtype);
}

/* In whatever block the chain is, its copies read that block and no other. */
static void expect_inside(const struct chain *c, int64_t begin, int64_t block) {
  for (int i = 0; i < c->count; i++) {
    const struct loop *l = &c->steps[i].kernel->loop;
    for (int k = 0; k < l->access_count; k++) {
      const struct access *a = &l->accesses[k];
      if (a->space != SPACE_WEIGHTS) continue;
      int64_t at = a->offset - begin;
      ck_assert_int_ge(at, 0);
      ck_assert_int_le(at + last_byte(l, a), block);
      if (c->loop[0].count > 1) ck_assert_int_eq(a->around[0] * dtype_size(a->dtype), block);
    }
  }
}

/* Copies as they are, rounded to bf16, and in pairs of bf16. */
static const struct {
  const char *cpu;
  bool bf16;
} kinds[] = {{"x86-64-v3", false}, {"x86-64-v3", true}, {"znver4", true}};
enum { KINDS = sizeof kinds / sizeof *kinds };

START_TEST(test_copies_read_their_block) {
  struct compiled x;
  compile(&x, kinds[_i].cpu, kinds[_i].bf16);
  int runs = 0;
  for (int i = 0; i < x.c.plan->weight_count; i++) {
    const struct packing *p = &x.c.plan->packings[i];
    for (int k = 0; k < p->count; k++, runs++) {
      const struct chain *c = &x.c.plan->pack.steps[p->first + k].chain;
      ck_assert_int_le(p->begin[k] + c->loop[0].count, p->blocks);
      expect_inside(c, x.c.program->weights[i]->offset + p->begin[k] * p->block, p->block);
    }
  }
  ck_assert_int_gt(runs, 10);
  ck_assert_int_eq(runs, x.c.plan->pack.count);
  release(&x);
}
END_TEST

/* What a plan makes of weights before all else. */
static char *prepared(const struct plan *plan, char *weights) {
  struct kernel_memory m = {.n = 1, .weights = weights, .shared = calloc(1, (size_t)plan->shared_bytes)};
  m.arena = malloc((size_t)plan->prepare.arena_bytes + 1);
  interpret_function(&plan->pack, &m);
  interpret_function(&plan->prepare, &m);
  free(m.arena);
  return m.shared;
}

/* For a machine without a cache every copy is one loop of `prepare`. */
START_TEST(test_blocks_are_the_whole) {
  struct compiled x;
  compile(&x, kinds[_i].cpu, kinds[_i].bf16);
  struct machine uncached = x.c.machine;
  uncached.l2_bytes = 0;
  const struct plan *blocks = x.c.plan,
                    *whole = plan_program(x.c.arena, x.c.program,
                                          &(struct program_graphs){x.c.forward, x.c.train, x.c.trace}, &uncached, 1);
  ck_assert_int_eq(whole->pack.count, 0);
  ck_assert_int_eq(whole->shared_bytes, blocks->shared_bytes);
  int64_t count = x.c.program->weight_bytes / (int64_t)sizeof(float);
  float *weights = malloc((size_t)x.c.program->weight_bytes);
  for (int64_t i = 0; i < count; i++) weights[i] = (float)stream_uniform(stream_named(2, "weights", 0), (uint64_t)i);
  char *of_blocks = prepared(blocks, (char *)weights), *of_whole = prepared(whole, (char *)weights);
  ck_assert_mem_eq(of_blocks, of_whole, (size_t)whole->shared_bytes);
  free(of_blocks), free(of_whole), free(weights);
  release(&x);
}
END_TEST

/* Panels of 16 rows: two blocks of two, and six rows.  Rows that begin anywhere: one block.  Blocks larger than half
 * a cache of 512 KB: none.  What is no operand has no copies. */
START_TEST(test_blocks) {
  static const struct {
    const char *path;
    int64_t block, blocks;
    int runs;
  } expected[] = {{"down", 32 * 150 * 4, 3, 2},
                  {"tall", 16 * 1000 * 4, 3, 2},
                  {"table", 64 * 70 * 4, 2, 2},
                  {"wide", 657 * 64, 1, 1},
                  {"huge", 0, 0, 0},
                  {"shift", 0, 0, 0},
                  {"rows", 0, 0, 0}};
  struct compiled x;
  compile(&x, "x86-64-v3", false);
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    int64_t offset;
    const struct packing *p = packing_of(&x, expected[i].path, &offset);
    ck_assert_int_eq(p->block, expected[i].block);
    ck_assert_int_eq(p->blocks, expected[i].blocks);
    ck_assert_int_eq(p->count, expected[i].runs);
  }
  ck_assert_int_eq(packing_of(&x, "down", &(int64_t){0})->bytes, 2 * 70 * 150 * 4);
  release(&x);
}
END_TEST

/* ---- the optimiser's step ---- */

struct training {
  struct model model;
  struct slots slots;
  struct optimizer optimizer;
};

static void training_new(struct training *t, const struct compiled *x, int threads, double clip) {
  const struct description *d = &x->description;
  struct hrm_error error;
  ck_assert(model_new(&t->model, &x->code, d, threads, true, &error));
  ck_assert(slots_new(&t->slots, d, BATCH, &error));
  ck_assert(optimizer_new(&t->optimizer, d, d->groups, clip, d->ema, &error));
  model_initialize(&t->model, 5);
  optimizer_start_ema(&t->optimizer, &t->model);
  model_prepare(&t->model);
}

static void training_free(struct training *t) {
  optimizer_free(&t->optimizer);
  slots_free(&t->slots);
  model_free(&t->model);
}

/* Those of one worker alone, so that sums do not depend on the threads. */
static void fill_gradients(struct training *t, int step) {
  struct random_stream r = stream_named(7, "gradient", (uint64_t)step);
  int64_t count = t->model.description->weight_count_floats;
  for (int64_t i = 0; i < count; i++)
    t->model.workers[step % t->model.threads].gradients[i] = (float)stream_uniform(r, (uint64_t)i) - 0.5f;
}

static void make_steps(struct training *t) {
  struct hrm_error error;
  for (int step = 1; step <= STEPS; step++) {
    fill_gradients(t, step);
    ck_assert_msg(optimizer_step(&t->optimizer, &t->model, &t->slots, step, 1, &error), "%s", error.text);
  }
}

/* All that is made of the weights is as if it were made anew. */
static void expect_prepared(struct training *t) {
  size_t size = (size_t)t->model.description->shared_bytes;
  void *left = malloc(size);
  memcpy(left, t->model.shared, size);
  memset(t->model.shared, 0, size);
  model_prepare(&t->model);
  ck_assert_mem_eq(left, t->model.shared, size);
  free(left);
}

/* Generated code packs what the plan says. */
START_TEST(test_packs_as_planned) {
  const struct compiled *x = &loaded[_i];
  struct training t;
  training_new(&t, x, 1, 0);
  size_t size = (size_t)x->description.shared_bytes;
  char *wanted = malloc(size);
  memset(wanted, 0xa5, size);
  memset(t.model.shared, 0xa5, size);
  interpret_function(&x->c.plan->pack,
                     &(struct kernel_memory){.n = 1, .weights = (char *)t.model.weights, .shared = wanted});
  for (int i = 0; i < x->description.weight_count; i++) model_pack(&t.model, weight_part_whole(&x->description, i));
  ck_assert_mem_eq(t.model.shared, wanted, size);
  free(wanted);
  training_free(&t);
}
END_TEST

static void step_with(const struct compiled *x, int threads, const struct training *alone) {
  size_t size = (size_t)x->description.weight_count_floats * sizeof(float);
  struct training t;
  training_new(&t, x, threads, 0);
  make_steps(&t);
  expect_prepared(&t);
  ck_assert_mem_eq(t.model.weights, alone->model.weights, size);
  ck_assert_mem_eq(t.optimizer.m, alone->optimizer.m, size);
  ck_assert_mem_eq(t.optimizer.ema, alone->optimizer.ema, size);
  training_free(&t);
}

START_TEST(test_step_packs) {
  struct training alone;
  training_new(&alone, &loaded[_i], 1, 0);
  make_steps(&alone);
  for (int threads = 1; threads <= MOST_THREADS; threads++) step_with(&loaded[_i], threads, &alone);
  training_free(&alone);
}
END_TEST

START_TEST(test_clipped_step_packs) {
  struct training t;
  training_new(&t, &loaded[_i], 3, 0.1);
  make_steps(&t);
  expect_prepared(&t);
  training_free(&t);
}
END_TEST

/* The parts of the threads: every float of a dense weight once, and whole blocks. */
static void expect_parts(const struct description *d, int weight, int threads) {
  struct weight_part whole = weight_part_whole(d, weight);
  int64_t at = whole.begin, block = d->weights[weight].block;
  for (int i = 0; i < threads; i++) {
    struct weight_part part = weight_part_in_blocks(d, weight, i, threads);
    ck_assert_int_eq(part.begin, at);
    ck_assert_int_ge(part.end, at);
    at = part.end;
    if (block > 0 && at < whole.end) ck_assert_int_eq((at - whole.begin) % block, 0);
  }
  ck_assert_int_eq(at, whole.end);
}

START_TEST(test_parts) {
  const struct description *d = &loaded[0].description;
  for (int threads = 1; threads <= 40; threads++)
    for (int i = 0; i < d->weight_count; i++) expect_parts(d, i, threads);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("pack");
  TCase *plans = suite_case(suite, "plan", NULL, NULL), *steps = suite_case(suite, "step", NULL, NULL);
  tcase_add_unchecked_fixture(steps, setup, teardown);
  tcase_set_timeout(plans, 120); /* a busy machine */
  tcase_set_timeout(steps, 120);
  tcase_add_loop_test(plans, test_copies_read_their_block, 0, KINDS);
  tcase_add_loop_test(plans, test_blocks_are_the_whole, 0, KINDS);
  tcase_add_test(plans, test_blocks);
  tcase_add_loop_test(steps, test_packs_as_planned, 0, PRECISIONS);
  tcase_add_loop_test(steps, test_step_packs, 0, PRECISIONS);
  tcase_add_loop_test(steps, test_clipped_step_packs, 0, PRECISIONS);
  tcase_add_test(steps, test_parts);
  return suite_run(suite);
}

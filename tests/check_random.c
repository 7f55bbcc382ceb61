/* Random well-typed programs: the generated code agrees with the plain evaluator, forward and gradient, on every path
 * of code generation.  The evaluator takes the graph as differentiated, before any optimisation.
 *
 *   check_random [--count N] [--first SEED]    (200 programs from seed 1 unless given)
 *   check_random --file FILE                   (a program of one's own)
 *
 * A difference is allowed as far as rounding explains it: 1e-4 of the largest value, 2e-6 for sums that cancel, and a
 * multiple of what the plain evaluator itself changes by when its inputs are disturbed by a few rounding errors, or
 * when it rounds each value (tanh(12) is 1 then, and a comparison with 1 takes the other branch). */
#include "compiler/source.h"
#include "tests/model_harness.h"
#include "tests/random_source.h"
#include "tests/suite.h"

#include <check.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRAMS = 200 };

struct seeds {
  int first, count;
};

static double largest_change(const struct evaluate_output *x, const struct evaluate_output *y) {
  double worst = 0;
  for (int64_t k = 0; k < x->count; k++) worst = fmax(worst, fabs(x->values[k] - y->values[k]));
  return worst;
}

static double largest_value(const struct evaluate_output *x) {
  double largest = 0;
  for (int64_t k = 0; k < x->count; k++) largest = fmax(largest, fabs(x->values[k]));
  return largest;
}

/* What the plain evaluator says of a function, and how far from each output a value may be. */
struct reference {
  const char *function;
  struct evaluation plain;
  double *allowed;
};

static struct reference reference_of(struct model *m, const char *function) {
  const double rounding = 6e-8;
  bool train = !strcmp(function, "train");
  const struct graph *g = compile_run_passes(&m->c, train ? m->c.program->train : m->c.program->forward, "grad");
  struct reference r = {function, model_evaluate(m, g, 0), NULL};
  struct evaluation up = model_evaluate(m, g, 8 * rounding), down = model_evaluate(m, g, -8 * rounding),
                    rounded = model_evaluate_rounded(m, g);
  r.allowed = arena_new_array(m->c.arena, double, (size_t)r.plain.count + 1);
  for (int i = 0; i < r.plain.count; i++) {
    const struct evaluate_output *x = &r.plain.outputs[i];
    double change = fmax(largest_change(x, &up.outputs[i]), largest_change(x, &down.outputs[i]));
    change = fmax(change, largest_change(x, &rounded.outputs[i]));
    r.allowed[i] = 1e-4 * largest_value(x) + 32 * rounding + 64 * change;
  }
  return r;
}

static bool agrees(struct model *m, const struct reference *r, int seed, const char *path) {
  bool ok = r->plain.count > 3;
  model_run(m, r->function);
  for (int i = 0; i < r->plain.count; i++) {
    const struct evaluate_output *x = &r->plain.outputs[i];
    double difference = model_difference(m, x);
    if (difference <= r->allowed[i]) continue;
    fprintf(stderr, "seed %d, %s, %s: '%s' differs by %g of %g\n", seed, path, r->function, x->symbol->name,
            difference, largest_value(x));
    ok = false;
  }
  return ok;
}

/* Engines of the paths, opened when they are first needed: programs have many kernels in common. */
struct engines {
  struct arena *arena;
  struct engine *of[MODEL_PATHS];
};

static struct engine *engine_of(struct engines *e, int path) {
  enum { KEPT_KERNELS = 10000 };
  if (!e->of[path]) {
    e->of[path] = model_engine(e->arena, &model_paths[path]);
    engine_keep(e->of[path], KEPT_KERNELS);
  }
  return e->of[path];
}

static struct engines engines_new(void) { return (struct engines){.arena = arena_new()}; }

static void engines_free(struct engines *e) {
  for (int k = 0; k < MODEL_PATHS; k++) engine_free(e->of[k]);
  arena_free(e->arena);
}

/* On the paths whose bits are set. */
static bool run_paths(struct engines *engines, int seed, const char *text, unsigned paths) {
  struct model m;
  bool ok = model_open(&m, NULL, text, "", NULL);
  if (ok) {
    const struct reference references[] = {reference_of(&m, "forward"), reference_of(&m, "train")};
    for (int k = 0; k < MODEL_PATHS; k++) {
      if (!(paths >> k & 1)) continue;
      model_generate(&m, engine_of(engines, k));
      for (int i = 0; i < 2; i++) ok &= agrees(&m, &references[i], seed, model_paths[k].name);
      model_drop_code(&m, engine_of(engines, k));
    }
  }
  if (diag_exit_code(m.c.diags)) {
    fprintf(stderr, "seed %d is refused:\n", seed);
    diag_print(m.c.diags, stderr, false);
    ok = false;
  }
  model_close(&m);
  return ok;
}

enum { ALL_PATHS = (1 << MODEL_PATHS) - 1 };

/* Each seed takes one path; MODEL_PATHS seeds in a row take all.  every_path: each takes all. */
static bool run_seed(struct engines *engines, int seed, bool every_path) {
  struct arena *a = arena_new();
  const char *text = random_source(a, (uint64_t)seed);
  bool ok = run_paths(engines, seed, text, every_path ? ALL_PATHS : 1u << seed % MODEL_PATHS);
  if (!ok) fprintf(stderr, "%s\n", text);
  arena_free(a);
  return ok;
}

static struct seeds seeds = {1, PROGRAMS};
static bool every_path;
static const char *file;

START_TEST(random_programs_agree) {
  struct engines engines = engines_new();
  int failed = 0;
  for (int i = 0; i < seeds.count; i++) {
    failed += !run_seed(&engines, seeds.first + i, every_path);
    if (every_path && (i + 1) % 100 == 0) fprintf(stderr, "%d programs, %d differ\n", i + 1, failed);
  }
  engines_free(&engines);
  ck_assert_msg(failed == 0, "%d of %d programs differ", failed, seeds.count);
}
END_TEST

/* What random programs have found. */
static const struct {
  const char *name, *body;
} found[] = {
    {"a row of 5 in vectors of 4: the lanes behind its end divide zero by zero, and are left out of the sum",
     "  state z: [5, 3] = 0\n"
     "  segment { output logits = tanh(z @ tanh(max(fill(w, [3, 5, 1]))))[:3] + 0.1 * float(iota(5)) }\n"},
    {"what is computed again from a value of the same nest needs it transposed",
     "  state z: [2, 2] = 0\n"
     "  segment {\n"
     "    z = tanh(z)\n"
     "    z = tanh(where(z < 2, fill(0.125, [2, 2]), tanh(transpose(z) * z)))\n"
     "    output logits = w * fill(1.0, [3, 5])\n"
     "  }\n"},
};
enum { FOUND = sizeof found / sizeof *found };

static const char *found_text(struct arena *a, int number) {
  return arena_printf(a,
                      "import nn\n"
                      "model M {\n"
                      "  label labels: int[3] < 5\n"
                      "  param w: float ~ normal(1)\n"
                      "%s"
                      "  loss nn.cross_entropy(logits, labels)\n"
                      "  act fixed(max_segments = 2)\n"
                      "}\n",
                      found[number].body);
}

START_TEST(what_was_found_agrees) {
  struct engines engines = engines_new();
  ck_assert_msg(run_paths(&engines, 0, found_text(engines.arena, _i), ALL_PATHS), "%s", found[_i].name);
  engines_free(&engines);
}
END_TEST

START_TEST(file_agrees) {
  struct engines engines = engines_new();
  const struct source *source = source_read(engines.arena, diags_new(engines.arena), file);
  ck_assert_ptr_nonnull(source);
  ck_assert(run_paths(&engines, 0, source->text, ALL_PATHS));
  engines_free(&engines);
}
END_TEST

static void parse_arguments(int argc, char **argv) {
  static const struct option options[] = {{"count", required_argument, NULL, 'n'},
                                          {"first", required_argument, NULL, 's'},
                                          {"file", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
  for (int key; (key = getopt_long(argc, argv, "n:s:f:", options, NULL)) != -1;) {
    if (key == 'n') seeds.count = atoi(optarg), every_path = true;
    if (key == 's') seeds.first = atoi(optarg);
    if (key == 'f') file = optarg;
    if (key == '?') exit(2);
  }
}

int main(int argc, char **argv) {
  parse_arguments(argc, argv);
  Suite *suite = suite_create("random");
  TCase *cases = suite_case(suite, "programs", NULL, NULL);
  tcase_set_timeout(cases, every_path ? 24 * 3600 : 600);
  tcase_add_test(cases, file ? file_agrees : random_programs_agree);
  tcase_add_loop_test(cases, what_was_found_agrees, 0, FOUND);
  SRunner *runner = srunner_create(suite);
  if (every_path) srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

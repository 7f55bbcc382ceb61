/* Random programs through passes, planner and code generation, against the plain evaluator. */
#include "compiler/passes.h"
#include "tests/emit_harness.h"
#include "tests/plan_harness.h"
#include "tests/random_graph.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 3, SEEDS = 40, GROUPS = 6 };

/* Memory of a plan, as the harness has it, to a call of generated code. */
static void call(void *context, const struct plan *plan, const struct function *f, int64_t n, char *weights,
                 char *shared, char *arena, char *gradients, char *const *tensors) {
  const struct hrm_tile tile = {.n = n,
                                .weights = weights,
                                .shared = shared,
                                .arena = arena,
                                .gradients = gradients,
                                .tensors = (void *const *)tensors,
                                .local = arena + f->arena_bytes};
  harness_run(context, plan, f, &tile, (int)(n * n) % 8 + 1);
}

struct sample {
  struct graph *forward, *train;
  struct program *program;
  struct plan *plan;
  struct evaluate_input *inputs;
  int input_count;
};

/* Inputs are rounded to float32, so that both sides start from the same numbers. */
static void round_inputs(struct arena *a, struct sample *s, const struct random_program *p, uint64_t seed) {
  s->inputs = random_inputs(a, seed, p, EXAMPLES);
  s->input_count = p->symbol_count;
  for (int i = 0; i < p->symbol_count; i++) {
    bool is_weight = p->symbols[i]->role == ROLE_PARAM || p->symbols[i]->role == ROLE_BUFFER;
    int64_t count = type_elements(&p->symbols[i]->type) * (is_weight ? 1 : EXAMPLES);
    double *values = random_values(a, seed, p->symbols[i], EXAMPLES);
    for (int64_t j = 0; j < count; j++) values[j] = (float)values[j];
    s->inputs[i].values = values;
  }
}

static struct sample sample_of(struct arena *a, uint64_t seed, int steps) {
  struct random_program p = random_program(a, seed, steps, seed % 2 == 0);
  struct graph *batched = pass_batch(p.graph);
  struct sample s = {.forward = pass_simplify(batched), .train = pass_simplify(pass_grad(pass_horizon(batched)))};
  round_inputs(a, &s, &p, seed);
  s.program = program_of_graphs(a, s.forward, s.train);
  struct machine machine = machine_generic();
  s.plan = plan_program(a, s.program, &(struct program_graphs){s.forward, s.train, NULL}, &machine, EXAMPLES);
  return s;
}

static double difference(struct arena *a, const struct sample *s, struct loaded_code *code, bool train, int64_t n) {
  const struct graph *g = train ? s->train : s->forward;
  const struct function *f = train ? &s->plan->train : &s->plan->forward;
  struct evaluation wanted = evaluate(a, g, s->inputs, s->input_count, n);
  struct evaluation got = run_plan_with(a, s->program, s->plan, f, g, s->inputs, s->input_count, n, call, code);
  wanted.loss = 0; /* generated code stores what losses the program stores, not their sum */
  return evaluate_difference(&wanted, &got);
}

static void check_seed(uint64_t seed, int steps, const char *cpu) {
  struct arena *a = arena_new();
  struct sample s = sample_of(a, seed, steps);
  struct harness_code code = harness_load(a, s.plan, cpu);
  for (int64_t n = 1; n <= EXAMPLES; n++) {
    double worst = fmax(difference(a, &s, &code.loaded, false, n), difference(a, &s, &code.loaded, true, n));
    ck_assert_msg(worst < 2e-4, "seed %d, %d examples, cpu %s: code and evaluator differ by %g", (int)seed, (int)n,
                  cpu ? cpu : "native", worst);
  }
  harness_close(&code);
  arena_free(a);
}

START_TEST(test_random_programs) {
  for (int i = 0; i < SEEDS; i++) {
    const char *cpu = harness_cpus[i % HARNESS_CPUS];
    if (harness_runs(cpu)) check_seed((uint64_t)(_i * SEEDS + i), 8 + 6 * _i, cpu);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("emit_plan");
  TCase *cases = suite_case(suite, "random programs", NULL, NULL);
  tcase_set_timeout(cases, 240);
  tcase_add_loop_test(cases, test_random_programs, 0, GROUPS);
  return suite_run(suite);
}

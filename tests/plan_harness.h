/* Plans of graphs without a program around them: makes the program from the graphs' symbols, gives the plan memory
 * that a sanitizer watches, runs it, and compares with the plain evaluator. */
#ifndef HRMC_TESTS_PLAN_HARNESS_H
#define HRMC_TESTS_PLAN_HARNESS_H

#include "compiler/plan.h"
#include "tests/evaluate.h"

/* The weight of a symbol; NULL: it has none. */
struct weight *program_weight(const struct program *p, const struct symbol *symbol);

/* The weights and tensors that the graphs name; train may be the same graph as forward. */
struct program *program_of_graphs(struct arena *a, const struct graph *forward, const struct graph *train);

/* What a function of a plan left in memory, as evaluate() gives it for graph g; inputs are rounded to their types in
 * place of the caller's values (so that both sides start from the same numbers). */
struct evaluation run_plan(struct arena *a, const struct program *p, const struct plan *plan,
                           const struct function *f, const struct graph *g, const struct evaluate_input *inputs,
                           int count, int64_t n);

/* Runs a function through `run`, the interpreter or generated code.  Behind the arena lie local_bytes. */
typedef void run_function(void *context, const struct plan *plan, const struct function *f, int64_t n, char *weights,
                          char *shared, char *arena, char *gradients, char *const *tensors);
struct evaluation run_plan_with(struct arena *a, const struct program *p, const struct plan *plan,
                                const struct function *f, const struct graph *g, const struct evaluate_input *inputs,
                                int count, int64_t n, run_function *run, void *context);

/* The largest relative difference between plan and evaluator, over n = 1 … its tile, for both functions. */
double plan_difference(struct arena *a, const struct program *p, const struct plan *plan, const struct graph *forward,
                       const struct graph *train, const struct evaluate_input *inputs, int count);

/* Kernels of a kind among all steps, those of repeats counted once. */
int count_kernels(const struct function *f, enum kernel_kind kind);

/* Loops that compute nothing: a load that is stored. */
int count_copies(const struct function *f);

#endif

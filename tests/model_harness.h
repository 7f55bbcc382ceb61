/* A whole model compiled to machine code in memory, run on random inputs, and compared with the plain evaluator. */
#ifndef HRMC_TESTS_MODEL_HARNESS_H
#define HRMC_TESTS_MODEL_HARNESS_H

#include "compiler/driver/compile.h"
#include "tests/evaluate.h"

enum { MODEL_EXAMPLES = 3, MODEL_MOST_INPUTS = 256 };

/* Every path of code generation: this machine's, AVX2, the portable one, OpenBLAS. */
struct model_path {
  const char *name;
  const char *cpu; /* NULL: this machine's */
  bool openblas, bf16;
  bool pairs; /* planned as for a processor that multiplies pairs of bf16 */
};
enum { MODEL_PATHS = 4, MODEL_BF16_PATHS = 6 };
extern const struct model_path model_paths[MODEL_PATHS];
/* The same with activations in bf16: as this machine does it, AVX-512 without products of pairs, AVX2, the portable
 * one; and pairs, by code of AVX2 and by portable code. */
extern const struct model_path model_bf16_paths[MODEL_BF16_PATHS];
bool model_path_runs(const struct model_path *path); /* as harness_runs */

struct model {
  struct compilation c;
  struct options options;
  struct define defines[32];
  bool pairs;            /* as its path says */
  struct engine *engine; /* its own; NULL: lent to model_generate, or none */
  struct loaded_code code;
  struct evaluate_input inputs[MODEL_MOST_INPUTS];
  int input_count;
  float *weights, *gradients;
  void *shared, *arena, *local, **tensors;
  uint64_t state; /* of the random numbers */
};

/* Compiles a file (settings: "name=value name=value"), or a text when path is NULL, for one path of code generation
 * (NULL: as far as its graphs), and fills its weights and tensors with random values.  False where the front end
 * reports errors: see c.diags; all later mistakes end the test. */
bool model_open(struct model *m, const char *path, const char *text, const char *settings,
                const struct model_path *target);
/* The same of NAME.hrm in the top folder, as "models/hrm"; errors of the front end, too, end the test. */
void model_open_shipped(struct model *m, const char *name, const char *settings, const struct model_path *target);
void model_close(struct model *m);

/* Code generation apart, for many models: an engine for a path, lent to each model that was opened without a target.
 * It replaces the code that the model had; kernels that a model before had alike are not generated again. */
struct engine *model_engine(struct arena *a, const struct model_path *target);
void model_generate(struct model *m, struct engine *lent);
void model_drop_code(struct model *m, struct engine *lent);

double model_uniform(struct model *m); /* the next random number, in [0, 1); the same everywhere */

/* Replaces the random values of a weight, or of a tensor of MODEL_EXAMPLES; they must outlive the model. */
void model_set(struct model *m, const char *name, const double *values);
/* What the last run left in a tensor: MODEL_EXAMPLES one behind the other. */
const float *model_tensor(const struct model *m, const char *name);

/* Runs the function "train", "forward" or "trace" on these values. */
void model_run(struct model *m, const char *function);

/* The evaluator's results for the same inputs, each multiplied by 1 + `disturbance` where it is a float. */
struct evaluation model_evaluate(struct model *m, const struct graph *g, double disturbance);

/* The same with each value rounded to its type. */
struct evaluation model_evaluate_rounded(struct model *m, const struct graph *g);

/* The largest difference of a symbol's compiled values from the evaluator's. */
double model_difference(const struct model *m, const struct evaluate_output *expected);
/* The root of the mean of their squares. */
double model_mean_difference(const struct model *m, const struct evaluate_output *expected);

#endif

/* Compiled models compute what their graphs say: every output, state and gradient of the generated train and forward
 * functions equals the plain evaluator's, on random inputs, for many settings of models/hrm.hrm. */
#include "evaluate.h"

#include "compiler/driver/compile.h"
#include "runtime/hrm.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 3, MOST_INPUTS = 256 };

struct run {
  struct compilation c;
  struct options options;
  struct define defines[32];
  struct emitted object;
  struct jit *jit;
  struct evaluate_input inputs[MOST_INPUTS];
  int input_count;
  float *weights, *gradients;
  void *shared, *arena, **tensors;
  uint64_t state;
};

static double uniform(struct run *r) { /* xorshift: the same numbers everywhere */
  r->state ^= r->state << 13;
  r->state ^= r->state >> 7;
  r->state ^= r->state << 17;
  return (double)(r->state >> 11) / 0x1p53;
}

static void *zeros(int64_t bytes) {
  size_t size = ((size_t)bytes + 63) / 64 * 64 + 64;
  return memset(aligned_alloc(64, size), 0, size);
}

/* "name=value name=value" */
static void set_defines(struct run *r, const char *settings) {
  char *text = arena_strdup(r->c.arena, settings);
  for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
    char *equals = strchr(word, '=');
    *equals = '\0';
    r->defines[r->options.define_count++] = (struct define){word, equals + 1, {0}};
  }
}

static void compile(struct run *r, const char *settings, const char *cpu, bool openblas) {
  const char *top = getenv("top_srcdir");
  r->c.arena = arena_new();
  r->c.diags = diags_new(r->c.arena);
  r->c.options = &r->options;
  r->options.defines = r->defines;
  r->options.tile = EXAMPLES;
  r->options.target_cpu = cpu;
  r->options.openblas = openblas;
  set_defines(r, settings);
  bool ok = compile_front(&r->c, arena_printf(r->c.arena, "%s/models/hrm.hrm", top ? top : ".")) &&
            compile_graphs(&r->c) && compile_plan(&r->c) && compile_emit(&r->c, EMIT_OBJECT, &r->object);
  diag_print(r->c.diags, stderr, false);
  ck_assert(ok);
  const char *error = NULL;
  ck_assert(!openblas || jit_load_openblas());
  r->jit = jit_load(r->object.bytes, r->object.size, &error);
  ck_assert_msg(r->jit != NULL, "%s", error);
}

static void input(struct run *r, const char *name, double *values) {
  ck_assert_int_lt(r->input_count, MOST_INPUTS);
  r->inputs[r->input_count++] = (struct evaluate_input){name, values};
}

static void random_weights(struct run *r) {
  const struct program *p = r->c.program;
  r->weights = zeros(p->weight_bytes);
  r->gradients = zeros(p->weight_bytes);
  for (int i = 0; i < p->weight_count; i++) {
    if (p->weights[i]->sparse) continue;
    int64_t count = type_elements(&p->weights[i]->symbol->type);
    double *values = arena_alloc(r->c.arena, sizeof *values * (size_t)count);
    float *own = r->weights + p->weights[i]->offset / 4;
    for (int64_t k = 0; k < count; k++) values[k] = own[k] = (float)(0.4 * uniform(r) - 0.2);
    input(r, p->weights[i]->symbol->name, values);
  }
}

static double random_value(struct run *r, const struct tensor *t) {
  switch (t->symbol->role) {
  case ROLE_INPUT: return floor(uniform(r) * (double)t->bound);
  case ROLE_LABEL: return uniform(r) < 0.2 ? -100 : floor(uniform(r) * (double)t->bound);
  case ROLE_CONTROL: return uniform(r) < 0.5;
  default: return (float)(2 * uniform(r) - 1);
  }
}

static void random_tensors(struct run *r) {
  const struct program *p = r->c.program;
  r->tensors = arena_alloc(r->c.arena, sizeof(void *) * (size_t)p->tensor_count);
  for (int i = 0; i < p->tensor_count; i++) {
    const struct tensor *t = &p->tensors[i];
    int64_t count = EXAMPLES * type_elements(&t->symbol->type);
    r->tensors[i] = zeros(count * 4);
    if (t->symbol->role == ROLE_OUTPUT) continue;
    double *values = arena_alloc(r->c.arena, sizeof *values * (size_t)count);
    for (int64_t k = 0; k < count; k++) {
      values[k] = random_value(r, t);
      if (t->symbol->type.dtype == DTYPE_I32)
        ((int32_t *)r->tensors[i])[k] = (int32_t)values[k];
      else
        ((float *)r->tensors[i])[k] = (float)values[k];
    }
    input(r, t->symbol->name, values);
  }
}

static void call(struct run *r, const char *name) {
  void *address = jit_symbol(r->jit, name);
  hrm_entry *entry;
  memcpy(&entry, &address, sizeof entry);
  struct hrm_tile tile = {EXAMPLES, r->weights, r->shared, r->arena, r->gradients, r->tensors};
  entry(&tile);
}

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static const void *compiled_value(const struct run *r, const struct symbol *s, bool *integer) {
  const struct program *p = r->c.program;
  *integer = s->type.dtype == DTYPE_I32;
  struct weight *w = program_weight(p, s);
  if (w) return r->gradients + w->offset / 4;
  int i = program_tensor(p, s);
  return r->tensors[s->role == ROLE_ROWS ? p->tensors[i].gradient : i];
}

static void compare(struct run *r, const struct evaluate_output *x, const char *settings) {
  bool integer;
  const void *ours = compiled_value(r, x->symbol, &integer);
  double worst = 0, largest = 1e-3;
  for (int64_t k = 0; k < x->count; k++) {
    double value = integer ? ((const int32_t *)ours)[k] : ((const float *)ours)[k];
    largest = fmax(largest, fabs(x->values[k]));
    worst = isnan(value) ? INFINITY : fmax(worst, fabs(value - x->values[k]));
  }
  ck_assert_msg(worst <= 1e-4 * largest, "%s: %s differs by %g of %g", settings, x->symbol->name, worst, largest);
}

static void compare_all(struct run *r, const struct graph *g, const char *settings) {
  struct evaluation e = evaluate(r->c.arena, g, r->inputs, r->input_count, EXAMPLES);
  ck_assert_int_gt(e.count, 5);
  for (int i = 0; i < e.count; i++) compare(r, &e.outputs[i], settings);
}

/* The states are written in place: each function gets the inputs afresh. */
static void one_function(const char *settings, const char *cpu, bool openblas, bool train) {
  static const struct run none;
  struct run r = none;
  r.state = 88172645463325252u;
  compile(&r, settings, cpu, openblas);
  random_weights(&r);
  random_tensors(&r);
  r.shared = zeros(r.c.plan->shared_bytes);
  r.arena =
      zeros(most(r.c.plan->train.arena_bytes, most(r.c.plan->forward.arena_bytes, r.c.plan->prepare.arena_bytes)));
  call(&r, "hrm_model_prepare");
  call(&r, train ? "hrm_model_train" : "hrm_model_forward");
  compare_all(&r, train ? r.c.train : r.c.forward, settings);
  for (int i = 0; i < r.c.program->tensor_count; i++) free(r.tensors[i]);
  free(r.weights);
  free(r.gradients);
  free(r.shared);
  free(r.arena);
  jit_free(r.jit);
  emitted_free(&r.object);
  arena_free(r.c.arena);
}

#define TINY "vocab_size=5 seq_len=7 num_puzzle_identifiers=3 H_layers=1 L_layers=2 swiglu_multiple=8 expansion=2 "

static const char *const settings[] = {
    TINY "hidden_size=24 num_heads=3",
    TINY "hidden_size=16 num_heads=2 pos_encodings=learned loss_type=softmax puzzle_emb_ndim=0",
    TINY "hidden_size=16 num_heads=1 pos_encodings=none puzzle_emb_ndim=20 halting=halt_head",
    TINY "hidden_size=20 mlp_t=1 pos_encodings=learned H_cycles=3 L_cycles=1 halting=fixed",
    TINY "hidden_size=32 num_heads=4 H_cycles=1 L_cycles=1 loss_type=softmax",
};
/* Every path of code generation: this machine's, AVX2, the portable one, OpenBLAS. */
static const struct {
  const char *cpu;
  bool openblas;
} paths[] = {{NULL, false}, {"x86-64-v3", false}, {"x86-64", false}, {NULL, true}};

enum { SETTINGS = sizeof settings / sizeof *settings, PATHS = sizeof paths / sizeof *paths };

START_TEST(compiled_equals_evaluated) {
  const char *setting = settings[_i % SETTINGS];
  for (int train = 0; train < 2; train++)
    one_function(setting, paths[_i / SETTINGS].cpu, paths[_i / SETTINGS].openblas, train);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("compiled");
  TCase *cases = tcase_create("models");
  tcase_set_timeout(cases, 300);
  tcase_add_loop_test(cases, compiled_equals_evaluated, 0, SETTINGS * PATHS);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

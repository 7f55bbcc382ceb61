#include "tests/model_harness.h"

#include "compiler/source.h"
#include "runtime/hrm.h"
#include "tests/emit_harness.h"
#include "tests/plan_harness.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct model_path model_paths[MODEL_PATHS] = {
    {.name = "this machine"},
    {.name = "x86-64-v3", .cpu = "x86-64-v3"},
    {.name = "x86-64", .cpu = "x86-64"},
    {.name = "OpenBLAS", .openblas = true},
};

const struct model_path model_bf16_paths[MODEL_BF16_PATHS] = {
    {.name = "bf16, this machine", .bf16 = true},
    {.name = "bf16, x86-64-v4", .cpu = "x86-64-v4", .bf16 = true},
    {.name = "bf16, x86-64-v3", .cpu = "x86-64-v3", .bf16 = true},
    {.name = "bf16, x86-64", .cpu = "x86-64", .bf16 = true},
    {.name = "bf16 in pairs, this machine", .bf16 = true, .pairs = true},
    {.name = "bf16 in pairs, x86-64", .cpu = "x86-64", .bf16 = true, .pairs = true},
};

bool model_path_runs(const struct model_path *path) { return harness_runs(path->cpu); }

double model_uniform(struct model *m) { /* xorshift: the same numbers everywhere */
  m->state ^= m->state << 13;
  m->state ^= m->state >> 7;
  m->state ^= m->state << 17;
  return (double)(m->state >> 11) / 0x1p53;
}

static void *zeros(int64_t bytes) {
  size_t size = ((size_t)bytes + 63) / 64 * 64 + 64;
  return memset(aligned_alloc(64, size), 0, size);
}

static void set_defines(struct model *m, const char *settings) {
  char *text = arena_strdup(m->c.arena, settings);
  for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
    char *equals = strchr(word, '=');
    *equals = '\0';
    m->defines[m->options.define_count++] = (struct define){word, equals + 1, {0}};
  }
}

static bool front(struct model *m, const char *path, const char *text) {
  if (path) return compile_front(&m->c, path);
  m->c.source = source_from_text(m->c.arena, "random.hrm", text);
  m->c.ast = parse_file(m->c.arena, m->c.diags, m->c.source);
  return diag_exit_code(m->c.diags) == 0 && compile_elaborate(&m->c);
}

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

struct engine *model_engine(struct arena *a, const struct model_path *target) {
  const struct target wanted = {target->cpu, NULL, target->openblas};
  const char *error = NULL;
  ck_assert(!target->openblas || emit_load_openblas());
  struct engine *e = engine_new(a, &wanted, &error);
  ck_assert_msg(e != NULL, "%s", error);
  return e;
}

static void allocate(struct model *m, const struct plan *plan) {
  m->shared = zeros(plan->shared_bytes);
  m->arena = zeros(most(most(plan->train.arena_bytes, plan->trace.arena_bytes),
                        most(plan->forward.arena_bytes, plan->prepare.arena_bytes)));
  m->local = zeros(most(most(plan->train.local_bytes, plan->trace.local_bytes),
                        most(plan->forward.local_bytes, plan->prepare.local_bytes)));
}

static const struct plan *plan_for(const struct model *m, const struct engine *e) {
  const struct program_graphs graphs = {m->c.forward, m->c.train, m->c.trace};
  struct machine machine = *engine_machine(e);
  machine.bf16 |= m->pairs;
  return plan_program(m->c.arena, m->c.program, &graphs, &machine, MODEL_EXAMPLES);
}

void model_generate(struct model *m, struct engine *lent) {
  const char *error = NULL;
  m->c.plan = plan_for(m, lent);
  ck_assert_msg(engine_load(lent, m->c.arena, m->c.plan, &m->code, &error), "%s", error);
  allocate(m, m->c.plan);
}

void model_drop_code(struct model *m, struct engine *lent) {
  engine_unload(lent, &m->code);
  free(m->shared);
  free(m->arena);
  free(m->local);
  m->shared = m->arena = m->local = NULL;
}

static void input(struct model *m, const char *name, double *values) {
  ck_assert_int_lt(m->input_count, MODEL_MOST_INPUTS);
  m->inputs[m->input_count++] = (struct evaluate_input){name, values};
}

static void random_weights(struct model *m) {
  const struct program *p = m->c.program;
  m->weights = zeros(p->weight_bytes);
  m->gradients = zeros(p->weight_bytes);
  for (int i = 0; i < p->weight_count; i++) {
    if (p->weights[i]->sparse) continue;
    int64_t count = type_elements(&p->weights[i]->symbol->type);
    double *values = arena_alloc(m->c.arena, sizeof *values * (size_t)count);
    float *own = m->weights + p->weights[i]->offset / 4;
    for (int64_t k = 0; k < count; k++) values[k] = own[k] = (float)(0.4 * model_uniform(m) - 0.2);
    input(m, p->weights[i]->symbol->name, values);
  }
}

static double random_value(struct model *m, const struct tensor *t) {
  switch (t->symbol->role) {
  case ROLE_INPUT: return floor(model_uniform(m) * (double)t->bound);
  case ROLE_LABEL: return model_uniform(m) < 0.2 ? -100 : floor(model_uniform(m) * (double)t->bound);
  case ROLE_CONTROL: return model_uniform(m) < 0.5;
  default: return (float)(2 * model_uniform(m) - 1);
  }
}

static int64_t tensor_elements(const struct tensor *t) { return MODEL_EXAMPLES * type_elements(&t->symbol->type); }

static void random_tensors(struct model *m) {
  const struct program *p = m->c.program;
  m->tensors = arena_new_array(m->c.arena, void *, (size_t)p->tensor_count);
  for (int i = 0; i < p->tensor_count; i++) {
    const struct tensor *t = &p->tensors[i];
    int64_t count = tensor_elements(t);
    m->tensors[i] = zeros(count * 4);
    if (t->symbol->role == ROLE_OUTPUT) continue;
    double *values = arena_new_array(m->c.arena, double, (size_t)count);
    for (int64_t k = 0; k < count; k++) values[k] = dtype_round(t->symbol->type.dtype, random_value(m, t));
    input(m, t->symbol->name, values);
  }
}

static void write_element(void *to, enum dtype dtype, int64_t k, double value) {
  float single = (float)value;
  if (dtype == DTYPE_I32) ((int32_t *)to)[k] = (int32_t)value;
  if (dtype == DTYPE_F32) ((float *)to)[k] = single;
  if (dtype == DTYPE_BF16) memcpy((uint16_t *)to + k, (char *)&single + 2, 2); /* its upper half */
}

static double read_element(const void *from, enum dtype dtype, int64_t k) {
  float single = 0;
  if (dtype == DTYPE_I32) return ((const int32_t *)from)[k];
  if (dtype == DTYPE_F32) return ((const float *)from)[k];
  memcpy((char *)&single + 2, (const uint16_t *)from + k, 2);
  return single;
}

static const double *input_values(const struct model *m, const char *name) {
  for (int i = 0; i < m->input_count; i++)
    if (!strcmp(m->inputs[i].name, name)) return m->inputs[i].values;
  return NULL;
}

/* Tensors and gradients as before any run: a run writes the states in place. */
static void restore(struct model *m) {
  const struct program *p = m->c.program;
  memset(m->gradients, 0, (size_t)p->weight_bytes);
  for (int i = 0; i < p->tensor_count; i++) {
    const struct tensor *t = &p->tensors[i];
    const double *values = input_values(m, t->symbol->name);
    for (int64_t k = 0; k < tensor_elements(t); k++) {
      double value = values && t->symbol->role != ROLE_OUTPUT ? values[k] : 0;
      write_element(m->tensors[i], t->symbol->type.dtype, k, value);
    }
  }
}

bool model_open(struct model *m, const char *path, const char *text, const char *settings,
                const struct model_path *target) {
  static const struct model none;
  *m = none;
  m->state = 88172645463325252u;
  m->c.arena = arena_new();
  m->c.diags = diags_new(m->c.arena);
  m->c.options = &m->options;
  m->options.defines = m->defines;
  m->options.tile = MODEL_EXAMPLES;
  if (target) {
    m->options.target_cpu = target->cpu;
    m->options.openblas = target->openblas;
    m->options.bf16 = target->bf16;
    m->pairs = target->pairs;
  }
  set_defines(m, settings);
  if (!front(m, path, text)) return false;
  ck_assert(compile_graphs(&m->c));
  random_weights(m);
  random_tensors(m);
  if (target) m->engine = model_engine(m->c.arena, target);
  if (target) model_generate(m, m->engine);
  return true;
}

void model_open_shipped(struct model *m, const char *name, const char *settings, const struct model_path *target) {
  const char *top = getenv("top_srcdir");
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.hrm", top ? top : ".", name);
  bool opened = model_open(m, path, NULL, settings, target);
  diag_print(m->c.diags, stderr, false);
  ck_assert_msg(opened, "%s does not compile", path);
}

void model_close(struct model *m) {
  for (int i = 0; m->tensors && i < m->c.program->tensor_count; i++) free(m->tensors[i]);
  free(m->weights);
  free(m->gradients);
  if (m->engine) {
    model_drop_code(m, m->engine);
    engine_free(m->engine);
  }
  arena_free(m->c.arena);
}

static struct hrm_tile tile_of(const struct model *m) {
  return (struct hrm_tile){.n = MODEL_EXAMPLES,
                           .weights = m->weights,
                           .shared = m->shared,
                           .arena = m->arena,
                           .gradients = m->gradients,
                           .tensors = m->tensors,
                           .local = m->local};
}

void model_set(struct model *m, const char *name, const double *values) {
  for (int i = 0; i < m->input_count; i++)
    if (!strcmp(m->inputs[i].name, name)) m->inputs[i].values = values;
}

void model_run(struct model *m, const char *function) {
  const struct loaded_code *code = &m->code;
  struct hrm_tile tile = tile_of(m);
  restore(m);
  harness_pack(code, m->c.plan, &tile);
  code->prepare(&tile);
  (!strcmp(function, "train") ? code->train : !strcmp(function, "trace") ? code->trace : code->forward)(&tile);
}

const float *model_tensor(const struct model *m, const char *name) {
  for (int i = 0; i < m->c.program->tensor_count; i++)
    if (!strcmp(m->c.program->tensors[i].symbol->name, name)) return m->tensors[i];
  return NULL;
}

static int64_t input_count(const struct program *p, const char *name, bool *integer) {
  *integer = false;
  for (int i = 0; i < p->weight_count; i++)
    if (!strcmp(p->weights[i]->symbol->name, name)) return type_elements(&p->weights[i]->symbol->type);
  for (int i = 0; i < p->tensor_count; i++) {
    const struct symbol *s = p->tensors[i].symbol;
    *integer = s->type.dtype == DTYPE_I32 || s->role == ROLE_CONTROL;
    if (!strcmp(s->name, name)) return MODEL_EXAMPLES * type_elements(&s->type);
  }
  return 0;
}

static struct evaluate_input *disturbed_inputs(struct model *m, double disturbance) {
  struct evaluate_input *inputs = arena_new_array(m->c.arena, struct evaluate_input, (size_t)m->input_count + 1);
  for (int i = 0; i < m->input_count; i++) {
    bool integer;
    int64_t count = input_count(m->c.program, m->inputs[i].name, &integer);
    double *values = arena_new_array(m->c.arena, double, (size_t)count + 1);
    for (int64_t k = 0; k < count; k++) values[k] = m->inputs[i].values[k] * (integer ? 1 : 1 + disturbance);
    inputs[i] = (struct evaluate_input){m->inputs[i].name, values};
  }
  return inputs;
}

struct evaluation model_evaluate(struct model *m, const struct graph *g, double disturbance) {
  return evaluate(m->c.arena, g, disturbed_inputs(m, disturbance), m->input_count, MODEL_EXAMPLES);
}

struct evaluation model_evaluate_rounded(struct model *m, const struct graph *g) {
  return evaluate_rounded(m->c.arena, g, disturbed_inputs(m, 0), m->input_count, MODEL_EXAMPLES);
}

static const void *compiled_value(const struct model *m, const struct symbol *s) {
  const struct program *p = m->c.program;
  struct weight *w = program_weight(p, s);
  if (w) return m->gradients + w->offset / 4;
  int i = program_tensor(p, s);
  return m->tensors[s->role == ROLE_ROWS ? p->tensors[i].gradient : i];
}

/* NaN counts as infinitely far from everything. */
static double element_difference(const struct model *m, const struct evaluate_output *expected, int64_t k) {
  const void *ours = compiled_value(m, expected->symbol);
  double value = read_element(ours, expected->symbol->type.dtype, k);
  return isnan(value) ? INFINITY : fabs(value - expected->values[k]);
}

double model_difference(const struct model *m, const struct evaluate_output *expected) {
  double worst = 0;
  for (int64_t k = 0; k < expected->count; k++) worst = fmax(worst, element_difference(m, expected, k));
  return worst;
}

double model_mean_difference(const struct model *m, const struct evaluate_output *expected) {
  double sum = 0;
  for (int64_t k = 0; k < expected->count; k++) sum += pow(element_difference(m, expected, k), 2);
  return sqrt(sum / (double)expected->count);
}

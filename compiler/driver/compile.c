/* The whole way from a file to machine code: read this first. */
#include "compile.h"

#include "../cost.h"
#include "../describe.h"
#include "../passes.h"
#include "../source.h"
#include "../library.h"
#include "../warn.h"
#include "runtime/clock.h"
#include "runtime/dataset.h"

#include <string.h>

const struct pass compile_passes[] = {
#define PASS(word, precision) {#word, pass_##word, precision},
    COMPILE_PASSES(PASS)
#undef PASS
};

int compile_pass_count(void) { return sizeof compile_passes / sizeof *compile_passes; }

static void record_time(struct compilation *c, const char *stage, double begin) {
  if (c->timing_count < (int)(sizeof c->timings / sizeof *c->timings))
    c->timings[c->timing_count++] = (struct timing){stage, clock_seconds() - begin};
}

/* An imported file: beside the user's file, else in the library. */
static const struct source *import_source(void *context, const char *name) {
  struct compilation *c = context;
  const char *slash = strrchr(c->source->name, '/');
  int folder = slash ? (int)(slash - c->source->name + 1) : 0;
  const char *path = arena_printf(c->arena, "%.*s%s.hrm", folder, c->source->name, name);
  if (c->edited && !strcmp(c->edited->name, path)) return c->edited;
  FILE *own = fopen(path, "r");
  if (own) {
    fclose(own);
    return source_read(c->arena, c->diags, path);
  }
  const char *text = stdlib_text(name);
  return text ? source_from_text(c->arena, arena_printf(c->arena, "stdlib/%s.hrm", name), text) : NULL;
}

enum { DATA_CONFIGS = 3 };
static const char *const data_configs[DATA_CONFIGS] = {"vocab_size", "seq_len", "num_puzzle_identifiers"};

bool compile_data_binds(const char *config) {
  bool is_bound = false;
  for (int i = 0; i < DATA_CONFIGS; i++) is_bound |= !strcmp(data_configs[i], config);
  return is_bound;
}

static void bind_data(struct compilation *c, struct binding *out, int *count, const struct dataset_sizes *sizes) {
  const int64_t values[DATA_CONFIGS] = {sizes->vocab_size, sizes->seq_len, sizes->num_puzzle_identifiers};
  for (int i = 0; i < DATA_CONFIGS; i++)
    out[(*count)++] =
        (struct binding){data_configs[i], arena_printf(c->arena, "%lld", (long long)values[i]), {0}, true};
}

bool compile_request(struct compilation *c, struct elaboration *request) {
  const struct options *o = c->options;
  struct binding *bindings = arena_new_array(c->arena, struct binding, (size_t)o->define_count + 4);
  struct hrm_error error;
  struct dataset_sizes sizes;
  int count = 0;
  for (int i = 0; i < o->define_count; i++)
    bindings[count++] = (struct binding){o->defines[i].name, o->defines[i].value, o->defines[i].place, false};
  if (o->data && !dataset_read_sizes(&sizes, o->data, &error)) {
    diag_report(c->diags, MSG_DATA, (struct span){0}, error.text);
    return false;
  }
  if (o->data) bind_data(c, bindings, &count, &sizes);
  *request = (struct elaboration){.arena = c->arena,
                                  .diags = c->diags,
                                  .file = c->ast,
                                  .bindings = bindings,
                                  .binding_count = count,
                                  .import = import_source,
                                  .import_context = c,
                                  .precision = c->options->bf16 ? DTYPE_BF16 : DTYPE_F32};
  return true;
}

bool compile_parse(struct compilation *c, const char *path) {
  double begin = clock_seconds();
  bool is_edited = c->edited && !strcmp(c->edited->name, path);
  c->source = is_edited ? c->edited : source_read(c->arena, c->diags, path);
  if (c->source) c->ast = parse_file(c->arena, c->diags, c->source);
  record_time(c, "parse", begin);
  return diag_exit_code(c->diags) == 0;
}

bool compile_front(struct compilation *c, const char *path) { return compile_parse(c, path) && compile_elaborate(c); }

bool compile_elaborate(struct compilation *c) {
  struct elaboration request;
  if (!compile_request(c, &request)) return false;
  double begin = clock_seconds();
  c->program = elaborate_model(&request);
  record_time(c, "elaborate", begin);
  return c->program != NULL;
}

const struct graph *compile_run_passes(struct compilation *c, const struct graph *g, const char *after) {
  const char *fault = graph_verify(c->arena, g), *stage = "elaborate";
  for (int i = 0; !fault && (!after || strcmp(stage, after)) && i < compile_pass_count(); i++) {
    if (compile_passes[i].precision == FOR_BF16 && !c->options->bf16) continue;
    double begin = clock_seconds();
    stage = compile_passes[i].name;
    g = compile_passes[i].function(g);
    record_time(c, stage, begin);
    fault = graph_verify(c->arena, g);
  }
  if (!fault) return g;
  diag_report(c->diags, MSG_BAD_GRAPH, (struct span){0}, stage, g->name, fault);
  return NULL;
}

bool compile_train(struct compilation *c) {
  c->train = compile_run_passes(c, c->program->train, c->after);
  if (c->train) warn_weights(c->diags, c->program, c->train);
  return c->train;
}

bool compile_graphs(struct compilation *c) {
  if (!compile_train(c)) return false;
  c->forward = compile_run_passes(c, c->program->forward, c->after);
  c->trace = c->skips_trace ? NULL : compile_run_passes(c, c->program->trace, c->after);
  return c->forward && (c->trace || c->skips_trace);
}

static struct target wanted_target(const struct compilation *c) {
  return (struct target){c->options->target_cpu, NULL, c->options->openblas};
}

static bool open_generator(struct compilation *c) {
  const char *error = NULL;
  if (emit_open(c->arena, &error)) return true;
  diag_report(c->diags, MSG_NO_GENERATOR, (struct span){0}, error);
  return false;
}

bool compile_open_engine(struct compilation *c) {
  const struct target wanted = wanted_target(c);
  const char *error = "libopenblas.so.0 is not installed";
  if (c->engine) return true;
  if (!open_generator(c)) return false;
  if (!wanted.openblas || emit_load_openblas()) c->engine = engine_new(c->arena, &wanted, &error);
  if (!c->engine) diag_report(c->diags, MSG_TARGET, (struct span){0}, error);
  return c->engine;
}

static bool resolve_target(struct compilation *c) {
  const char *error = NULL;
  struct target wanted = wanted_target(c);
  if (!open_generator(c)) return false;
  if (emit_resolve(c->arena, &wanted, &c->target, &c->machine, &error)) return true;
  diag_report(c->diags, MSG_TARGET, (struct span){0}, error);
  return false;
}

static struct plan *plan_for_tile(const struct compilation *c, int64_t tile) {
  const struct program_graphs graphs = {c->forward, c->train, c->trace};
  return plan_program(c->arena, c->program, &graphs, &c->machine, tile);
}

bool compile_plan(struct compilation *c) {
  double begin = clock_seconds();
  int64_t tile = c->options->tile;
  if (!resolve_target(c)) return false;
  const struct plan *first = plan_for_tile(c, tile ? tile : 1);
  if (!tile) tile = cost_choose_tile(&first->train, &c->machine, c->former_tile);
  c->plan = tile == first->tile ? first : plan_for_tile(c, tile);
  record_time(c, "plan", begin);
  return true;
}

static void describe_plan(struct compilation *c) {
  c->description = describe(c->arena, c->program, c->plan, c->source->text, c->target.cpu, c->target.features);
}

static bool record_emit(struct compilation *c, double begin, const char *error) {
  if (error)
    diag_report(c->diags, MSG_TARGET, (struct span){0}, error);
  else
    record_time(c, "emit", begin);
  return !error;
}

bool compile_emit(struct compilation *c, enum emit_form form, struct emitted *out) {
  const char *error = NULL;
  struct target wanted = wanted_target(c);
  double begin = clock_seconds();
  describe_plan(c);
  emit_plan(c->arena, c->plan, c->description, &wanted, form, out, &error);
  return record_emit(c, begin, error);
}

bool compile_objects(struct compilation *c, struct emitted_objects *out) {
  const char *error = NULL;
  struct target wanted = wanted_target(c);
  double begin = clock_seconds();
  describe_plan(c);
  emit_objects(c->arena, c->plan, c->description, &wanted, out, &error);
  return record_emit(c, begin, error);
}

bool compile_load(struct compilation *c, struct hrm_code *out) {
  const char *error = NULL;
  const struct loaded_code *code = &c->loaded;
  double begin = clock_seconds();
  if (!compile_open_engine(c)) return false;
  describe_plan(c);
  if (!engine_load(c->engine, c->arena, c->plan, &c->loaded, &error)) {
    diag_report(c->diags, MSG_JIT_FAILED, (struct span){0}, error);
    return false;
  }
  *out = (struct hrm_code){c->description, code->pack, code->prepare, code->forward, code->train, code->trace};
  record_time(c, "emit", begin);
  return true;
}

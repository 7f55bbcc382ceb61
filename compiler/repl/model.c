#include "model.h"

#include "../describe.h"
#include "../source.h"
#include "runtime/commands.h"
#include "runtime/footprint.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

bool report_error(struct entry_run *r, const struct hrm_error *error) {
  diag_report(r->c.diags, error->code == HRM_SYSTEM ? MSG_SYSTEM : MSG_RUNTIME, (struct span){0}, error->text);
  return false;
}

void model_outdate(struct session *s) {
  if (s->model) s->model->outdated = true;
}

void model_discard(struct session *s, struct trained_model *m) {
  if (!m) return;
  slots_free(&m->shown);
  trainer_free(&m->trainer);
  dataset_close(&m->train);
  dataset_close(&m->test);
  settings_free(&m->settings);
  description_free(&m->description);
  engine_unload(s->engine, &m->loaded);
  arena_free(m->arena);
}

void model_drop(struct session *s) {
  model_discard(s, s->model);
  s->model = NULL;
}

static int find_weight(const struct trained_model *m, const char *path, const struct type *type) {
  int i = description_find_weight(&m->description, path);
  if (i < 0) return -1;
  const struct shape *shape = &m->description.weights[i].shape;
  bool same = shape->rank == type->rank;
  for (int k = 0; same && k < type->rank; k++) same = shape->size[k] == type->extent[k];
  return same ? i : -1;
}

const float *model_parameter(const struct session *s, const char *path, const struct type *type) {
  int i = s->model ? find_weight(s->model, path, type) : -1;
  return i >= 0 ? model_weight(&s->model->trainer.model, i) : NULL;
}

static bool compile(struct entry_run *r, struct trained_model *m) {
  const char *error = NULL;
  struct compilation c = {
      .arena = m->arena, .diags = r->c.diags, .options = r->c.options, .engine = r->c.engine, .skips_trace = true};
  if (r->session->model) c.former_tile = r->session->model->description.tile;
  struct entry_run own = {.session = r->session, .c = c, .typed = r->typed, .options = r->options};
  if (!session_ast(&own)) return false;
  if (!session_model(&own)) {
    diag_report(r->c.diags, MSG_SESSION_NO_MODEL, (struct span){0});
    return false;
  }
  if (!compile_elaborate(&own.c) || !compile_graphs(&own.c) || !compile_plan(&own.c)) return false;
  own.c.source = source_from_text(own.c.arena, own.c.source->name, session_text(&own));
  const struct target *target = engine_target(own.c.engine);
  const char *text = describe(m->arena, own.c.program, own.c.plan, own.c.source->text, target->cpu, target->features);
  if (!engine_load(own.c.engine, m->arena, own.c.plan, &m->loaded, &error)) {
    diag_report(r->c.diags, MSG_JIT_FAILED, (struct span){0}, error);
    return false;
  }
  m->code =
      (struct hrm_code){text, m->loaded.pack, m->loaded.prepare, m->loaded.forward, m->loaded.train, m->loaded.trace};
  return true;
}

/* Run-time settings of the session, over those of the train block. */
static void apply_settings(struct session *s, struct trained_model *m) {
  struct settings *t = &m->settings;
  t->data = session_copy(s, s->options.data);
  int64_t threads = s->run.threads ? s->run.threads : omp_get_max_threads();
  if (s->run.batch) t->batch = s->run.batch;
  if (s->run.lr > 0) settings_scale_rates(t, &m->description, s->run.lr);
  if (t->steps == 0) t->steps = SETTINGS_STEPS;
  t->seed = s->run.seed;
  t->threads = (int)(threads < t->batch ? threads : t->batch);
}

static bool open_data(struct session *s, struct trained_model *m, struct hrm_error *error) {
  if (!s->options.data)
    return hrm_fail(error, HRM_INPUT, "no data set is given: ':set data=DIR', or 'hrmc repl FILE --data DIR'");
  return dataset_open(&m->train, s->options.data, "train", error) &&
         command_check_dataset(&m->train, &m->description, error) &&
         dataset_open(&m->test, s->options.data, "test", error) &&
         command_check_dataset(&m->test, &m->description, error);
}

static bool fits_memory(const struct trained_model *m, struct hrm_error *error) {
  const struct settings *t = &m->settings;
  const struct footprint_options options = {.groups = t->groups, .batch = t->batch, .threads = t->threads};
  const struct footprint needed = footprint_of(&m->description, &options);
  return footprint_check(&needed, footprint_available(), error);
}

/* Weights as the session knows them already, trained or drawn for an expression; else as training starts. */
static void start_weights(struct session *s, struct trained_model *m) {
  for (int i = 0; i < m->description.weight_count; i++) {
    const struct weight_info *w = &m->description.weights[i];
    struct type type = type_make(DTYPE_F32, w->shape.rank, w->shape.size);
    const float *values = model_parameter(s, w->path, &type);
    float *weight = model_weight(&m->trainer.model, i);
    if (values)
      memcpy(weight, values, (size_t)w->shape.count * sizeof *values);
    else
      weight_initialize(w, m->settings.seed, m->settings.threads, weight);
  }
  optimizer_start_ema(&m->trainer.optimizer, &m->trainer.model);
  model_prepare(&m->trainer.model);
}

static bool prepare(struct session *s, struct trained_model *m, struct hrm_error *error) {
  if (!description_parse(&m->description, m->code.description, error) ||
      !settings_new(&m->settings, &m->description, error))
    return false;
  apply_settings(s, m);
  if (!open_data(s, m, error) || !fits_memory(m, error) ||
      !trainer_new(&m->trainer, &m->code, &m->description, &m->settings, &m->train, error))
    return false;
  start_weights(s, m);
  return slots_new(&m->shown, &m->description, 1, error);
}

/* The new one takes the place of the old one when it is complete. */
static struct trained_model *model_build(struct entry_run *r) {
  struct session *s = r->session;
  struct hrm_error error;
  struct arena *a = arena_new_guarded(&s->guard);
  struct trained_model *m = r->unfinished = arena_new_object(a, struct trained_model);
  m->arena = a;
  if (!compile(r, m)) return NULL;
  if (!prepare(s, m, &error)) return report_error(r, &error), NULL;
  if (s->model) m->trainer.step = s->model->trainer.step;
  model_drop(s);
  r->unfinished = NULL;
  return s->model = m;
}

struct trained_model *model_ready(struct entry_run *r) {
  struct session *s = r->session;
  if (s->model && !s->model->outdated) return s->model;
  bool open = compile_open_engine(&r->c);
  s->engine = r->c.engine;
  return open ? model_build(r) : NULL;
}

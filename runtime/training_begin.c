/* How a run begins or goes on: settings, data, memory, folder and checkpoint. */
#include "runtime/training.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"
#include "runtime/interrupt.h"
#include "runtime/score.h"

static void set_if_given(int64_t *setting, int64_t given) {
  if (given >= 0) *setting = given;
}

static void apply_rates(struct settings *s, const struct training_request *r) {
  if (r->lr >= 0) settings_scale_rates(s, r->description, r->lr);
  if (r->puzzle_lr >= 0) settings_sparse_rate(s, r->description, r->puzzle_lr);
  for (int i = 0; i < s->group_count; i++) {
    double decay = settings_is_sparse(r->description, i) ? r->puzzle_weight_decay : r->weight_decay;
    if (decay >= 0) s->groups[i].weight_decay = decay;
  }
}

static void apply_options(struct settings *s, const struct training_request *r) {
  int64_t threads = s->threads;
  set_if_given(&s->steps, r->steps);
  set_if_given(&s->batch, r->batch);
  set_if_given(&s->schedule.warmup, r->warmup);
  set_if_given(&s->eval_every, r->eval_every);
  set_if_given(&s->eval_limit, r->eval_limit);
  set_if_given(&s->save_every, r->save_every);
  set_if_given(&s->log_every, r->log_every);
  set_if_given(&s->keep, r->keep);
  set_if_given(&threads, r->threads);
  if (r->seed >= 0) s->seed = (uint64_t)r->seed;
  s->threads = threads > s->batch ? (int)s->batch : (int)threads;
  apply_rates(s, r);
}

/* Absolute, so that a resumed run finds it from anywhere. */
static bool set_data(struct settings *s, const char *path, struct hrm_error *error) {
  if (!path) return true;
  free(s->data);
  s->data = realpath(path, NULL);
  return s->data || hrm_fail(error, HRM_INPUT, "%s: no such data set", path);
}

static bool resolve_settings(struct settings *s, const struct training_request *r, struct hrm_error *error) {
  if (r->resume) {
    json_t *json = run_read_settings(r->resume, error);
    bool read = json && settings_from_json(s, json, r->description, r->resume, error);
    json_decref(json);
    if (!read) return false;
  } else {
    if (!settings_new(s, r->description, error)) return false;
    s->threads = option_default_threads();
  }
  apply_options(s, r);
  return set_data(s, r->data, error);
}

/* What depends on the size of the data set. */
static void resolve_steps(struct settings *s, const struct training_request *r, const struct dataset *dataset) {
  double epochs = r->epochs >= 0 ? r->epochs : !r->resume && r->steps < 0 ? (double)r->description->epochs : 0;
  if (epochs > 0) s->steps = loader_steps(dataset, epochs, s->batch);
  if (epochs > 0 && s->steps == 0) s->steps = 1;
  if (!r->resume && s->steps == 0 && r->steps < 0 && epochs == 0) s->steps = SETTINGS_STEPS;
  if (s->save_every == 0) s->save_every = s->steps < 10 ? 1 : s->steps / 10;
}

static bool open_data(struct training *t, const struct training_request *r, struct hrm_error *error) {
  if (!dataset_open(&t->train, t->settings.data, "train", error)) return false;
  if (!command_check_dataset(&t->train, r->description, error)) return false;
  resolve_steps(&t->settings, r, &t->train);
  if (t->settings.eval_every == 0) return true;
  return dataset_open(&t->test, t->settings.data, "test", error) &&
         command_check_dataset(&t->test, r->description, error) && scorer_check(&t->test, t->settings.data, error);
}

static bool resume(struct training *t, int64_t *evaluated, struct hrm_error *error) {
  struct tensor_file file;
  struct run_history history;
  char *path = run_resolve_checkpoint(t->run.path, error);
  bool opened = path && tensor_file_open(&file, path, error);
  free(path);
  if (!opened) return false;
  bool restored = checkpoint_resume(&t->trainer, &file, error);
  tensor_file_close(&file);
  if (!restored || !run_truncate_metrics(&t->run, t->trainer.step, &history, error)) return false;
  *evaluated = history.evaluated;
  t->seconds = history.seconds;
  t->saved = t->published = t->trainer.step;
  return true;
}

static bool check_memory(struct training *t, const struct training_request *r, struct hrm_error *error) {
  const struct settings *s = &t->settings;
  const struct footprint_options options = {s->groups, s->batch, s->threads, s->ema > 0, s->eval_every > 0};
  t->needed = footprint_of(r->description, &options);
  return footprint_check(&t->needed, footprint_available(), error);
}

struct training_request training_request_new(const struct description *d) {
  return (struct training_request){.description = d,
                                   .steps = -1,
                                   .batch = -1,
                                   .warmup = -1,
                                   .seed = -1,
                                   .threads = -1,
                                   .eval_every = -1,
                                   .eval_limit = -1,
                                   .save_every = -1,
                                   .log_every = -1,
                                   .keep = -1,
                                   .epochs = -1,
                                   .lr = -1,
                                   .puzzle_lr = -1,
                                   .weight_decay = -1,
                                   .puzzle_weight_decay = -1};
}

bool training_open(struct training *t, const struct training_request *r, struct hrm_error *error) {
  *t = (struct training){.run.metrics = -1, .progress = progress_new(stderr)};
  return resolve_settings(&t->settings, r, error) && open_data(t, r, error) && check_memory(t, r, error);
}

static bool open_run(struct training *t, const struct training_request *r, struct hrm_error *error) {
  if (r->resume ? !run_open(&t->run, r->resume, error) : !run_create(&t->run, r->output, error)) return false;
  t->settings_json = settings_json(&t->settings, r->description, &t->train, error);
  return t->settings_json != NULL;
}

/* Weights alone: moments, moving averages, slots and the order of examples begin anew. */
static bool start_from(struct training *t, const struct training_request *r, struct hrm_error *error) {
  struct tensor_file file;
  if (!checkpoint_open(&file, r->checkpoint, r->description, error)) return false;
  bool loaded = checkpoint_load(&t->trainer.model, &file, r->use, error);
  if (loaded) {
    optimizer_start_ema(&t->trainer.optimizer, &t->trainer.model);
    progress_line(&t->progress, "%s%s: a new run begins with its weights and a new optimiser", file.path,
                  checkpoint_has_training(&file) ? "" : " has no state of training");
  }
  tensor_file_close(&file);
  return loaded;
}

static bool begin(struct training *t, const struct training_request *r, int64_t *evaluated, struct hrm_error *error) {
  if (r->resume) return resume(t, evaluated, error) && run_write_settings(&t->run, t->settings_json, error);
  trainer_start(&t->trainer);
  if (r->checkpoint && !start_from(t, r, error)) return false;
  t->saved = t->published = -1;
  return run_write_settings(&t->run, t->settings_json, error) &&
         run_write_source(&t->run, r->description->source, error) && training_save(t, error) &&
         training_publish(t, error);
}

bool training_execute(struct training *t, const struct hrm_code *code, const struct training_request *r,
                      struct hrm_error *error) {
  int64_t evaluated = -1;
  if (!open_run(t, r, error)) return false;
  if (!trainer_new(&t->trainer, code, r->description, &t->settings, &t->train, error)) return false;
  struct interrupt before;
  interrupt_begin(&before);
  bool trained = begin(t, r, &evaluated, error) && training_run(t, evaluated, error);
  interrupt_end(&before);
  return trained;
}

#include "runtime/commands.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/checkpoint.h"
#include "runtime/footprint.h"
#include "runtime/interrupt.h"
#include "runtime/training.h"

enum { DEFAULT_STEPS = 10000 };

/* Options as given; negative numbers stand for those that are not. */
struct train_options {
  const struct description *description;
  const char *data, *output, *resume, *checkpoint;
  struct checkpoint_use use;
  int64_t steps, batch, warmup, seed, threads, eval_every, eval_limit, save_every, log_every, keep;
  double epochs, lr, puzzle_lr, weight_decay, puzzle_weight_decay;
};

static const struct argp_option option_table[] = {TRAIN_OPTIONS(OPTION_ARGP) OPTION_HELP};

static bool is_file(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* A file of weights is no run that could go on: it is what --checkpoint takes. */
static void settle_resume(struct argp_state *state, struct train_options *o) {
  if (o->resume && o->checkpoint) argp_error(state, "--resume and --checkpoint exclude each other");
  if (!o->resume || !is_file(o->resume)) return;
  if (!o->data || !o->output) {
    argp_error(state, "%s is a file, not the folder of a run: a new run from its weights needs --data and --output",
               o->resume);
  }
  o->checkpoint = o->resume;
  o->resume = NULL;
}

static error_t check_options(struct argp_state *state, struct train_options *o) {
  settle_resume(state, o);
  if (!o->resume && !o->data) argp_error(state, "--data is missing");
  if (!o->resume && !o->output) argp_error(state, "--output is missing");
  if (o->resume && o->output && strcmp(o->resume, o->output) != 0) {
    argp_error(state, "a resumed run stays in its folder: leave out --output");
  }
  if (o->epochs == 0) argp_error(state, "--epochs takes a number above 0");
  if (o->steps >= 0 && o->epochs >= 0) argp_error(state, "--steps and --epochs exclude each other");
  if (o->resume && o->batch >= 0) argp_error(state, "the batch of a run cannot be changed: leave out --batch");
  if (o->resume && o->seed >= 0) argp_error(state, "the seed of a run cannot be changed: leave out --seed");
  return 0;
}

static error_t parse_rates(int key, char *arg, struct argp_state *state) {
  struct train_options *o = state->input;
  switch (key) {
  case 'e': o->epochs = option_real(state, "epochs", arg, 0); break;
  case 'l': o->lr = option_real(state, "lr", arg, 0); break;
  case 'L': o->puzzle_lr = option_real(state, "puzzle-lr", arg, 0); break;
  case 'w': o->weight_decay = option_real(state, "weight-decay", arg, 0); break;
  case 'W': o->puzzle_weight_decay = option_real(state, "puzzle-weight-decay", arg, 0); break;
  case ARGP_KEY_END: return check_options(state, o);
  default: return option_refuse(state, key, arg);
  }
  return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct train_options *o = state->input;
  const int64_t many = INT64_C(1) << 50;
  switch (key) {
  case 'd': o->data = arg; break;
  case 'o': o->output = arg; break;
  case 'r': o->resume = arg; break;
  case 'c': o->checkpoint = arg; break;
  case 'R': o->use.reset_tables = true; break;
  case 'n': o->steps = option_integer(state, "steps", arg, 0, many); break;
  case 'b': o->batch = option_integer(state, "batch", arg, 1, INT32_MAX - 1); break;
  case 'u': o->warmup = option_integer(state, "warmup", arg, 0, many); break;
  case 's': o->seed = option_integer(state, "seed", arg, 0, INT64_MAX); break;
  case 't': o->threads = option_integer(state, "threads", arg, 1, 4096); break;
  case 'E': o->eval_every = option_integer(state, "eval-every", arg, 0, many); break;
  case 'm': o->eval_limit = option_integer(state, "eval-limit", arg, 0, many); break;
  case 'S': o->save_every = option_integer(state, "save-every", arg, 1, many); break;
  case 'g': o->log_every = option_integer(state, "log-every", arg, 1, many); break;
  case 'k': o->keep = option_integer(state, "keep", arg, 0, many); break;
  default: return parse_rates(key, arg, state);
  }
  return 0;
}

static void set_if_given(int64_t *setting, int64_t given) {
  if (given >= 0) *setting = given;
}

static void apply_rates(struct settings *s, const struct train_options *o) {
  if (o->lr >= 0) settings_scale_rates(s, o->description, o->lr);
  if (o->puzzle_lr >= 0) settings_sparse_rate(s, o->description, o->puzzle_lr);
  for (int i = 0; i < s->group_count; i++) {
    double decay = settings_is_sparse(o->description, i) ? o->puzzle_weight_decay : o->weight_decay;
    if (decay >= 0) s->groups[i].weight_decay = decay;
  }
}

static void apply_options(struct settings *s, const struct train_options *o) {
  int64_t threads = s->threads;
  set_if_given(&s->steps, o->steps);
  set_if_given(&s->batch, o->batch);
  set_if_given(&s->schedule.warmup, o->warmup);
  set_if_given(&s->eval_every, o->eval_every);
  set_if_given(&s->eval_limit, o->eval_limit);
  set_if_given(&s->save_every, o->save_every);
  set_if_given(&s->log_every, o->log_every);
  set_if_given(&s->keep, o->keep);
  set_if_given(&threads, o->threads);
  if (o->seed >= 0) s->seed = (uint64_t)o->seed;
  s->threads = threads > s->batch ? (int)s->batch : (int)threads;
  apply_rates(s, o);
}

/* Absolute, so that a resumed run finds it from anywhere. */
static bool set_data(struct settings *s, const char *path, struct hrm_error *error) {
  if (!path) return true;
  free(s->data);
  s->data = realpath(path, NULL);
  return s->data || hrm_fail(error, HRM_INPUT, "%s: no such data set", path);
}

static bool resolve_settings(struct settings *s, const struct train_options *o, struct hrm_error *error) {
  if (o->resume) {
    json_t *json = run_read_settings(o->resume, error);
    bool read = json && settings_from_json(s, json, o->description, o->resume, error);
    json_decref(json);
    if (!read) return false;
  } else {
    if (!settings_new(s, o->description, error)) return false;
    s->threads = option_default_threads();
  }
  apply_options(s, o);
  return set_data(s, o->data, error);
}

/* What depends on the size of the data set. */
static void resolve_steps(struct settings *s, const struct train_options *o, const struct dataset *dataset) {
  double epochs = o->epochs >= 0 ? o->epochs : !o->resume && o->steps < 0 ? (double)o->description->epochs : 0;
  if (epochs > 0) s->steps = loader_steps(dataset, epochs, s->batch);
  if (epochs > 0 && s->steps == 0) s->steps = 1;
  if (!o->resume && s->steps == 0 && o->steps < 0 && epochs == 0) s->steps = DEFAULT_STEPS;
  if (s->save_every == 0) s->save_every = s->steps < 10 ? 1 : s->steps / 10;
}

static bool open_data(struct training *t, const struct train_options *o, struct hrm_error *error) {
  if (!dataset_open(&t->train, t->settings.data, "train", error)) return false;
  if (!command_check_dataset(&t->train, o->description, error)) return false;
  resolve_steps(&t->settings, o, &t->train);
  if (t->settings.eval_every == 0) return true;
  return dataset_open(&t->test, t->settings.data, "test", error) &&
         command_check_dataset(&t->test, o->description, error);
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

static bool check_memory(const struct training *t, const struct train_options *o, struct hrm_error *error) {
  const struct settings *s = &t->settings;
  const struct footprint_options options = {s->groups, s->batch, s->threads, s->ema > 0, s->eval_every > 0};
  const struct footprint needed = footprint_of(o->description, &options);
  return footprint_check(&needed, footprint_available(), error);
}

static bool open_run(struct training *t, const struct train_options *o, struct hrm_error *error) {
  if (o->resume ? !run_open(&t->run, o->resume, error) : !run_create(&t->run, o->output, error)) return false;
  t->settings_json = settings_json(&t->settings, o->description, &t->train, error);
  return t->settings_json != NULL;
}

/* Weights alone: moments, moving averages, slots and the order of examples begin anew. */
static bool start_from(struct training *t, const struct train_options *o, struct hrm_error *error) {
  struct tensor_file file;
  if (!checkpoint_open(&file, o->checkpoint, o->description, error)) return false;
  bool loaded = checkpoint_load(&t->trainer.model, &file, o->use, error);
  if (loaded) {
    optimizer_start_ema(&t->trainer.optimizer, &t->trainer.model);
    progress_line(&t->progress, "%s%s: a new run begins with its weights and a new optimiser", file.path,
                  checkpoint_has_training(&file) ? "" : " has no state of training");
  }
  tensor_file_close(&file);
  return loaded;
}

static bool begin(struct training *t, const struct train_options *o, int64_t *evaluated, struct hrm_error *error) {
  if (o->resume) return resume(t, evaluated, error) && run_write_settings(&t->run, t->settings_json, error);
  trainer_start(&t->trainer);
  if (o->checkpoint && !start_from(t, o, error)) return false;
  t->saved = t->published = -1;
  return run_write_settings(&t->run, t->settings_json, error) &&
         run_write_source(&t->run, o->description->source, error) && training_save(t, error) &&
         training_publish(t, error);
}

static bool train(struct training *t, const struct command_line *line, const struct train_options *o,
                  struct hrm_error *error) {
  int64_t evaluated = -1;
  t->progress = progress_new(stderr);
  if (!resolve_settings(&t->settings, o, error) || !open_data(t, o, error)) return false;
  if (!check_memory(t, o, error) || !open_run(t, o, error)) return false;
  if (!trainer_new(&t->trainer, line->code, line->description, &t->settings, &t->train, error)) return false;
  struct interrupt before;
  interrupt_begin(&before);
  bool trained = begin(t, o, &evaluated, error) && training_run(t, evaluated, error);
  interrupt_end(&before);
  if (!trained) return false;
  printf("%s: %lld steps; the model is in %s/latest\n", line->description->model, (long long)t->trainer.step,
         t->run.path);
  return true;
}

bool command_train(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {option_table, parse_option, NULL, "Train the model on a data set.",
                                   NULL,         NULL,         NULL};
  struct train_options o = {.description = line->description,
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
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  struct training t = {.run.metrics = -1};
  bool done = train(&t, line, &o, error);
  training_free(&t);
  return done;
}

#include <stdlib.h>
#include <string.h>

#include "runtime/checkpoint.h"
#include "runtime/commands.h"
#include "runtime/replay.h"
#include "runtime/safetensors.h"

struct replay_options {
  const char *weights, *batches, *output;
  double lr, weight_decay, puzzle_lr, puzzle_weight_decay; /* negative: the model's own */
  int threads;
  struct checkpoint_use use;
};

enum { REPLAY_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {REPLAY_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct replay_options *o = state->input;
  switch (key) {
  case KEY_WEIGHTS: o->weights = arg; return 0;
  case KEY_BATCHES: o->batches = arg; return 0;
  case KEY_OUTPUT: o->output = arg; return 0;
  case KEY_LR: o->lr = option_real(state, KEY_LR, arg, 0); return 0;
  case KEY_WEIGHT_DECAY: o->weight_decay = option_real(state, KEY_WEIGHT_DECAY, arg, 0); return 0;
  case KEY_PUZZLE_LR: o->puzzle_lr = option_real(state, KEY_PUZZLE_LR, arg, 0); return 0;
  case KEY_PUZZLE_WEIGHT_DECAY:
    o->puzzle_weight_decay = option_real(state, KEY_PUZZLE_WEIGHT_DECAY, arg, 0);
    return 0;
  case KEY_THREADS: o->threads = (int)option_integer(state, KEY_THREADS, arg, 1, MOST_THREADS); return 0;
  case KEY_RESET_PUZZLE_TABLE: o->use.reset_tables = true; return 0;
  case ARGP_KEY_END:
    if (!o->weights || !o->batches || !o->output) argp_error(state, "--weights, --batches and --output are needed");
    return 0;
  default: return option_refuse(state, key, arg);
  }
}

static bool is_sparse(const struct description *d, int group) {
  for (int i = 0; i < d->weight_count; i++)
    if (d->weights[i].group == group && d->weights[i].sparse) return true;
  return false;
}

static struct optimizer_group *groups_of(const struct description *d, const struct replay_options *o) {
  struct optimizer_group *groups = calloc((size_t)d->group_count + 1, sizeof *groups);
  for (int i = 0; groups && i < d->group_count; i++) {
    bool sparse = is_sparse(d, i);
    double lr = sparse ? o->puzzle_lr : o->lr, decay = sparse ? o->puzzle_weight_decay : o->weight_decay;
    groups[i] = d->groups[i];
    if (lr >= 0) groups[i].lr = lr;
    if (decay >= 0) groups[i].weight_decay = decay;
  }
  return groups;
}

struct replayed {
  struct tensor_file weights, batches;
  struct model model;
  struct optimizer optimizer;
  struct optimizer_group *groups;
  struct recording recording;
};

static bool run(struct replayed *r, const struct command_line *line, const struct replay_options *o,
                struct hrm_error *error) {
  r->groups = groups_of(line->description, o);
  if (!r->groups) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  return checkpoint_open(&r->weights, o->weights, line->description, error) &&
         tensor_file_open(&r->batches, o->batches, error) &&
         model_new(&r->model, line->code, line->description, o->threads, true, error) &&
         checkpoint_load(&r->model, &r->weights, o->use, error) &&
         optimizer_new(&r->optimizer, line->description, r->groups, 0, 0, error) &&
         replay(&r->model, &r->optimizer, &r->batches, &r->recording, error) &&
         safetensors_write(o->output, r->recording.entries, r->recording.count, NULL, error);
}

bool command_replay(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {
      option_table, parse_option, NULL, "Run recorded training steps and write every tensor of them.",
      NULL,         NULL,         NULL};
  struct replay_options o = {
      .lr = -1, .weight_decay = -1, .puzzle_lr = -1, .puzzle_weight_decay = -1, .threads = option_default_threads()};
  struct replayed r = {0};
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  bool done = run(&r, line, &o, error);
  recording_free(&r.recording);
  optimizer_free(&r.optimizer);
  model_free(&r.model);
  tensor_file_close(&r.batches);
  tensor_file_close(&r.weights);
  free(r.groups);
  return done;
}

#include "runtime/commands.h"

#include <string.h>
#include <sys/stat.h>

#include "runtime/training.h"

enum { TRAIN_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {TRAIN_OPTIONS(OPTION_ARGP) OPTION_HELP};

static bool is_file(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* A file of weights is no run that could go on: it is what --checkpoint takes. */
static void settle_resume(struct argp_state *state, struct training_request *r) {
  if (r->resume && r->checkpoint) argp_error(state, "--resume and --checkpoint exclude each other");
  if (!r->resume || !is_file(r->resume)) return;
  if (!r->data || !r->output) {
    argp_error(state, "%s is a file, not the folder of a run: a new run from its weights needs --data and --output",
               r->resume);
  }
  r->checkpoint = r->resume;
  r->resume = NULL;
}

static error_t check_options(struct argp_state *state, struct training_request *r) {
  settle_resume(state, r);
  if (!r->resume && !r->data) argp_error(state, "--data is missing");
  if (!r->resume && !r->output) argp_error(state, "--output is missing");
  if (r->resume && r->output && strcmp(r->resume, r->output) != 0) {
    argp_error(state, "a resumed run stays in its folder: leave out --output");
  }
  if (r->epochs == 0) argp_error(state, "--epochs takes a number above 0");
  if (r->steps >= 0 && r->epochs >= 0) argp_error(state, "--steps and --epochs exclude each other");
  if (r->resume && r->batch >= 0) argp_error(state, "the batch of a run cannot be changed: leave out --batch");
  if (r->resume && r->seed >= 0) argp_error(state, "the seed of a run cannot be changed: leave out --seed");
  return 0;
}

static error_t parse_rates(int key, char *arg, struct argp_state *state) {
  struct training_request *r = state->input;
  switch (key) {
  case KEY_EPOCHS: r->epochs = option_real(state, KEY_EPOCHS, arg, 0); break;
  case KEY_LR: r->lr = option_real(state, KEY_LR, arg, 0); break;
  case KEY_PUZZLE_LR: r->puzzle_lr = option_real(state, KEY_PUZZLE_LR, arg, 0); break;
  case KEY_WEIGHT_DECAY: r->weight_decay = option_real(state, KEY_WEIGHT_DECAY, arg, 0); break;
  case KEY_PUZZLE_WEIGHT_DECAY: r->puzzle_weight_decay = option_real(state, KEY_PUZZLE_WEIGHT_DECAY, arg, 0); break;
  case ARGP_KEY_END: return check_options(state, r);
  default: return option_refuse(state, key, arg);
  }
  return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct training_request *r = state->input;
  switch (key) {
  case KEY_DATA: r->data = arg; break;
  case KEY_OUTPUT: r->output = arg; break;
  case KEY_RESUME: r->resume = arg; break;
  case KEY_CHECKPOINT: r->checkpoint = arg; break;
  case KEY_RESET_PUZZLE_TABLE: r->use.reset_tables = true; break;
  case KEY_STEPS: r->steps = option_integer(state, KEY_STEPS, arg, 0, OPTION_ANY); break;
  case KEY_BATCH: r->batch = option_integer(state, KEY_BATCH, arg, 1, INT32_MAX - 1); break;
  case KEY_WARMUP: r->warmup = option_integer(state, KEY_WARMUP, arg, 0, OPTION_ANY); break;
  case KEY_SEED: r->seed = option_integer(state, KEY_SEED, arg, 0, MOST_SEED); break;
  case KEY_THREADS: r->threads = option_integer(state, KEY_THREADS, arg, 1, MOST_THREADS); break;
  case KEY_EVAL_EVERY: r->eval_every = option_integer(state, KEY_EVAL_EVERY, arg, 0, OPTION_ANY); break;
  case KEY_EVAL_LIMIT: r->eval_limit = option_integer(state, KEY_EVAL_LIMIT, arg, 0, OPTION_ANY); break;
  case KEY_SAVE_EVERY: r->save_every = option_integer(state, KEY_SAVE_EVERY, arg, 1, OPTION_ANY); break;
  case KEY_LOG_EVERY: r->log_every = option_integer(state, KEY_LOG_EVERY, arg, 1, OPTION_ANY); break;
  case KEY_KEEP: r->keep = option_integer(state, KEY_KEEP, arg, 0, OPTION_ANY); break;
  default: return parse_rates(key, arg, state);
  }
  return 0;
}

bool command_train(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {option_table, parse_option, NULL, "Train the model on a data set.",
                                   NULL,         NULL,         NULL};
  struct training_request r = training_request_new(line->description);
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &r);
  struct training t;
  bool done = training_open(&t, &r, error) && training_execute(&t, line->code, &r, error);
  if (done)
    printf("%s: %lld steps; the model is in %s/latest\n", line->description->model, (long long)t.trainer.step,
           t.run.path);
  training_free(&t);
  return done;
}

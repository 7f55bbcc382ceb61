#include "runtime/commands.h"

#include <string.h>
#include <sys/stat.h>

#include "runtime/training.h"

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
  case 'e': r->epochs = option_real(state, "epochs", arg, 0); break;
  case 'l': r->lr = option_real(state, "lr", arg, 0); break;
  case 'L': r->puzzle_lr = option_real(state, "puzzle-lr", arg, 0); break;
  case 'w': r->weight_decay = option_real(state, "weight-decay", arg, 0); break;
  case 'W': r->puzzle_weight_decay = option_real(state, "puzzle-weight-decay", arg, 0); break;
  case ARGP_KEY_END: return check_options(state, r);
  default: return option_refuse(state, key, arg);
  }
  return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct training_request *r = state->input;
  const int64_t many = INT64_C(1) << 50;
  switch (key) {
  case 'd': r->data = arg; break;
  case 'o': r->output = arg; break;
  case 'r': r->resume = arg; break;
  case 'c': r->checkpoint = arg; break;
  case 'R': r->use.reset_tables = true; break;
  case 'n': r->steps = option_integer(state, "steps", arg, 0, many); break;
  case 'b': r->batch = option_integer(state, "batch", arg, 1, INT32_MAX - 1); break;
  case 'u': r->warmup = option_integer(state, "warmup", arg, 0, many); break;
  case 's': r->seed = option_integer(state, "seed", arg, 0, INT64_MAX); break;
  case 't': r->threads = option_integer(state, "threads", arg, 1, 4096); break;
  case 'E': r->eval_every = option_integer(state, "eval-every", arg, 0, many); break;
  case 'm': r->eval_limit = option_integer(state, "eval-limit", arg, 0, many); break;
  case 'S': r->save_every = option_integer(state, "save-every", arg, 1, many); break;
  case 'g': r->log_every = option_integer(state, "log-every", arg, 1, many); break;
  case 'k': r->keep = option_integer(state, "keep", arg, 0, many); break;
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

#include "runtime/data/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/interrupt.h"

bool parse_number(const char *text, const char **end, int64_t *number) {
  char *stop;
  errno = 0;
  long long value = strtoll(text, &stop, 10);
  if (errno || stop == text || *text < '0' || *text > '9') return false;
  *number = value;
  *end = stop;
  return true;
}

bool parse_range(const char *text, int64_t *least, int64_t *most) {
  const char *end;
  bool ok = parse_number(text, &end, least);
  *most = *least;
  if (ok && *end == '-') ok = parse_number(end + 1, &end, most);
  return ok && !*end;
}

int64_t whole_number(struct argp_state *state, const char *option, const char *text) {
  const char *end;
  int64_t number = 0;
  if (!parse_number(text, &end, &number) || *end)
    argp_error(state, "--%s %s: a whole number from 0 on is expected", option, text);
  return number;
}

static uint64_t seed_number(struct argp_state *state, const char *text) {
  char *end;
  errno = 0;
  unsigned long long seed = strtoull(text, &end, 10);
  if (errno || *end || *text < '0' || *text > '9')
    argp_error(state, "--seed %s: a whole number from 0 to 2^64-1 is expected", text);
  return seed;
}

error_t parse_output_option(int key, char *text, struct argp_state *state, struct output_options *options) {
  switch (key) {
  case KEY_SEED: options->seed = seed_number(state, text); break;
  case KEY_OUTPUT: options->path = text; break;
  case KEY_SKIP_BAD: options->skip_bad = true; break;
  case KEY_FORCE: options->force = true; break;
  case 'h': argp_state_help(state, stdout, ARGP_HELP_STD_HELP); break;
  default: return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

error_t parse_set_option(int key, char *text, struct argp_state *state, struct puzzle_options *options) {
  switch (key) {
  case KEY_CSV: options->csv = text; break;
  case KEY_TRAIN: options->train = whole_number(state, "train", text); break;
  case KEY_TEST: options->test = whole_number(state, "test", text); break;
  case ARGP_KEY_ARG: argp_error(state, "unexpected argument '%s'", text); break;
  default: return parse_output_option(key, text, state, &options->output);
  }
  return 0;
}

void check_output_options(struct argp_state *state, const struct output_options *options) {
  if (!options->path) argp_error(state, "--output DIR is required");
}

void check_set_options(struct argp_state *state, const struct puzzle_options *options) {
  check_output_options(state, &options->output);
  if (options->train == 0 && options->test == 0) argp_error(state, "--train and --test are both 0");
  if (options->output.skip_bad && !options->csv) argp_error(state, "--skip-bad is for --csv");
  if (options->train > INT32_MAX || options->test > INT32_MAX || options->augment >= INT32_MAX ||
      options->train * (1 + options->augment) >= INT32_MAX)
    argp_failure(state, HRM_LIMITATION, 0, "a set of more than %d examples does not fit the published form",
                 INT32_MAX);
}

int run_builder(builder *make, void *context) {
  struct hrm_error error;
  struct interrupt before;
  interrupt_begin(&before);
  bool made = make(context, &error);
  interrupt_end(&before);
  if (made) return 0;
  fprintf(stderr, "hrm-data: %s\n", error.text);
  return error.code;
}

#include "runtime/data/arguments.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/interrupt.h"

bool parse_range(const char *text, int64_t *least, int64_t *most) {
  const char *end;
  bool ok = number_read(text, &end, least);
  *most = *least;
  if (ok && *end == '-') ok = number_read(end + 1, &end, most);
  return ok && !*end;
}

error_t parse_output_option(int key, char *text, struct argp_state *state, struct output_options *options) {
  switch (key) {
  case KEY_SEED: options->seed = (uint64_t)option_integer(state, KEY_SEED, text, 0, MOST_SEED); break;
  case KEY_OUTPUT: options->path = text; break;
  case KEY_SKIP_BAD: options->skip_bad = true; break;
  case KEY_FORCE: options->force = true; break;
  default: return option_help(state, key);
  }
  return 0;
}

error_t parse_set_option(int key, char *text, struct argp_state *state, struct puzzle_options *options) {
  switch (key) {
  case KEY_CSV: options->csv = text; break;
  case KEY_TEST_CSV: options->test_csv = text; break;
  case KEY_TRAIN: options->train = option_integer(state, KEY_TRAIN, text, 0, OPTION_ANY); break;
  case KEY_TEST: options->test = option_integer(state, KEY_TEST, text, 0, OPTION_ANY); break;
  case ARGP_KEY_ARG: argp_error(state, "unexpected argument '%s'", text); break;
  default: return parse_output_option(key, text, state, &options->output);
  }
  return 0;
}

void check_output_options(struct argp_state *state, const struct output_options *options) {
  option_require(state, KEY_OUTPUT, options->path);
}

void check_set_options(struct argp_state *state, const struct puzzle_options *options) {
  check_output_options(state, &options->output);
  if (options->train == 0 && options->test == 0) argp_error(state, "--train and --test are both 0");
  if (options->output.skip_bad && !options->csv) argp_error(state, "--skip-bad is for --csv");
  if (options->test_csv && !options->csv) argp_error(state, "--test-csv is for --csv");
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

#include "runtime/commands.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>

int64_t option_integer(struct argp_state *state, const char *option, const char *text, int64_t least, int64_t most) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end || errno || value < least || value > most) {
    argp_error(state, "--%s takes a whole number from %lld to %lld, not '%s'", option, (long long)least,
               (long long)most, text);
  }
  return value;
}

double option_real(struct argp_state *state, const char *option, const char *text, double least) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !isfinite(value) || value < least) {
    argp_error(state, "--%s takes a number of at least %g, not '%s'", option, least, text);
  }
  return value;
}

error_t option_refuse(struct argp_state *state, int key, const char *argument) {
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  argp_error(state, "'%s' is no option", argument);
  return 0;
}

int option_default_threads(void) { return omp_get_max_threads(); }

bool command_check_dataset(const struct dataset *dataset, const struct description *d, struct hrm_error *error) {
  int identifiers = d->standard[TENSOR_PUZZLE_IDENTIFIERS];
  const struct tensor_info *inputs = &d->tensors[d->standard[TENSOR_INPUTS]];
  const struct dataset_sizes sizes = {.vocab_size = inputs->bound ? inputs->bound : dataset->vocab_size,
                                      .seq_len = inputs->shape.count,
                                      .num_puzzle_identifiers = identifiers >= 0 && d->tensors[identifiers].bound
                                                                    ? d->tensors[identifiers].bound
                                                                    : dataset->num_puzzle_identifiers};
  return dataset_fits(dataset, &sizes, true, error);
}

bool command_print_json(json_t *json, size_t flags, struct hrm_error *error) {
  bool printed = json && json_dumpf(json, stdout, flags) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
  json_decref(json);
  return printed || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

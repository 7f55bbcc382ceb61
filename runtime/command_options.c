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

error_t option_help(struct argp_state *state, int key) {
  if (key == 'h') argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
  return ARGP_ERR_UNKNOWN;
}

error_t option_refuse(struct argp_state *state, int key, const char *argument) {
  if (key != ARGP_KEY_ARG) return option_help(state, key);
  argp_error(state, "'%s' is no option", argument);
  return 0;
}

int option_default_threads(void) { return omp_get_max_threads(); }

/* Generated code reads logits at labels, and tables at identifiers. */
static bool check_labels(const struct dataset *dataset, const struct description *d, struct hrm_error *error) {
  int64_t bound = d->tensors[d->standard[TENSOR_LABELS]].bound;
  if (bound == 0 || dataset->vocab_size <= bound) return true;
  return hrm_fail(error, HRM_INPUT, "%s: vocab_size is %d; the model was compiled for labels below %lld",
                  dataset->path, dataset->vocab_size, (long long)bound);
}

bool command_check_dataset(const struct dataset *dataset, const struct description *d, struct hrm_error *error) {
  int identifiers = d->standard[TENSOR_PUZZLE_IDENTIFIERS];
  const struct tensor_info *inputs = &d->tensors[d->standard[TENSOR_INPUTS]];
  const struct dataset_sizes sizes = {.vocab_size = inputs->bound ? inputs->bound : dataset->vocab_size,
                                      .seq_len = inputs->shape.count,
                                      .num_puzzle_identifiers = identifiers >= 0 && d->tensors[identifiers].bound
                                                                    ? d->tensors[identifiers].bound
                                                                    : dataset->num_puzzle_identifiers};
  return dataset_fits(dataset, &sizes, true, error) && check_labels(dataset, d, error);
}

bool command_print_json(json_t *json, size_t flags, struct hrm_error *error) {
  bool printed = json && json_dumpf(json, stdout, flags) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
  json_decref(json);
  return printed || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

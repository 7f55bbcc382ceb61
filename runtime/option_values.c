#include "runtime/option_values.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>

/* argp_parse puts the program's table below one with --help and --version. */
static const char *find_name(const struct argp *argp, int key) {
  const char *name = NULL;
  for (const struct argp_option *o = argp->options; o && (o->name || o->key); o++)
    if (o->key == key && o->name) return o->name;
  for (const struct argp_child *c = argp->children; c && c->argp && !name; c++) name = find_name(c->argp, key);
  return name;
}

static const char *name_of(const struct argp_state *state, int key) { return find_name(state->root_argp, key); }

bool number_read(const char *text, const char **end, int64_t *number) {
  char *stop;
  errno = 0;
  long long value = strtoll(text, &stop, 10);
  if (errno || stop == text || *text < '0' || *text > '9') return false;
  *number = value;
  *end = stop;
  return true;
}

int64_t option_integer(struct argp_state *state, int key, const char *text, int64_t least, int64_t most) {
  const char *end;
  int64_t value;
  if (number_read(text, &end, &value) && !*end && value >= least && value <= most) return value;
  if (most == OPTION_ANY)
    argp_error(state, "--%s takes a whole number from %lld on, not '%s'", name_of(state, key), (long long)least,
               text);
  argp_error(state, "--%s takes a whole number from %lld to %lld, not '%s'", name_of(state, key), (long long)least,
             (long long)most, text);
  return least;
}

double option_real(struct argp_state *state, int key, const char *text, double least) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !isfinite(value) || value < least)
    argp_error(state, "--%s takes a number of at least %g, not '%s'", name_of(state, key), least, text);
  return value;
}

double option_probability(struct argp_state *state, int key, const char *text) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= 0 && value <= 1))
    argp_error(state, "--%s takes a number from 0 to 1, not '%s'", name_of(state, key), text);
  return value;
}

void option_require(struct argp_state *state, int key, const void *value) {
  if (!value) argp_error(state, "--%s is missing", name_of(state, key));
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

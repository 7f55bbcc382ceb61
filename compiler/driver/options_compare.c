#include "options_compare.h"

#include "options_variants.h"

#include "runtime/commands.h"
#include "runtime/comparison.h"

#include <string.h>

enum { COMPARE_OWN_OPTIONS(OPTION_KEY) DEFAULT_SEEDS = 3 };

static struct comparison *comparison_of(struct arena *a, struct options *o) {
  if (o->comparison) return o->comparison;
  o->comparison = arena_new_object(a, struct comparison);
  o->comparison->training = training_request_new(NULL);
  o->comparison->training.threads = option_default_threads();
  o->comparison->seeds = DEFAULT_SEEDS;
  return o->comparison;
}

/* Whole numbers with commas between. */
static void add_limits(struct arena *a, struct comparison *c, const char *text, struct argp_state *state) {
  while (true) {
    size_t length = strcspn(text, ",");
    if (c->limit_count == COMPARISON_MOST_LIMITS)
      argp_error(state, "--max-segments takes at most %d numbers", COMPARISON_MOST_LIMITS);
    c->limits[c->limit_count++] =
        option_integer(state, KEY_MAX_SEGMENTS, arena_strndup(a, text, length), 1, INT32_MAX - 1);
    if (!text[length]) return;
    text += length + 1;
  }
}

static double minutes(const char *text, struct argp_state *state) {
  double value = option_real(state, KEY_MINUTES, text, 0);
  if (value == 0) argp_error(state, "--minutes takes a number above 0");
  return value;
}

error_t options_compare_key(struct arena *a, struct options *o, int key, const char *text, struct argp_state *state) {
  struct comparison *c = comparison_of(a, o);
  struct training_request *r = &c->training;
  switch (key) {
  case KEY_STEPS: r->steps = option_integer(state, KEY_STEPS, text, 1, OPTION_ANY); return 0;
  case KEY_MINUTES: c->minutes = minutes(text, state); return 0;
  case KEY_SEEDS: c->seeds = option_integer(state, KEY_SEEDS, text, 1, 10000); return 0;
  case KEY_BATCH: r->batch = option_integer(state, KEY_BATCH, text, 1, INT32_MAX - 1); return 0;
  case KEY_LR: r->lr = option_real(state, KEY_LR, text, 0); return 0;
  case KEY_WARMUP: r->warmup = option_integer(state, KEY_WARMUP, text, 0, OPTION_ANY); return 0;
  case KEY_THREADS: r->threads = option_integer(state, KEY_THREADS, text, 1, MOST_THREADS); return 0;
  case KEY_EVAL_EVERY: r->eval_every = option_integer(state, KEY_EVAL_EVERY, text, 1, OPTION_ANY); return 0;
  case KEY_EVAL_LIMIT: r->eval_limit = option_integer(state, KEY_EVAL_LIMIT, text, 0, OPTION_ANY); return 0;
  case KEY_MAX_SEGMENTS: add_limits(a, c, text, state); return 0;
  case KEY_HALT: c->halt = true; return 0;
  default: return ARGP_ERR_UNKNOWN;
  }
}

/* It is a folder's. */
static void check_name(const struct variant *v, struct argp_state *state) {
  enum { LONGEST = 200 };
  static const char *const taken[] = {"comparison.json", "results.json", "results.html", "results.svg"};
  if (strlen(v->name) > LONGEST)
    argp_error(state, "'%s' is too long for the name of a folder: give the variant a shorter one, as in NAME=%s",
               v->name, v->path);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (!strcmp(v->name, taken[i]))
      argp_error(state, "'%s' is a file of every comparison: name it otherwise", v->name);
}

static void check_names(const struct options *o, struct argp_state *state) {
  for (int i = 0; i < o->file_count; i++) {
    check_name(&o->variants[i], state);
    for (int k = 0; k < i; k++)
      if (!strcmp(o->variants[i].name, o->variants[k].name))
        argp_error(state, "two variants are called '%s': give one another name, as in NAME=%s", o->variants[i].name,
                   o->variants[i].text);
  }
}

void options_compare_end(struct arena *a, struct options *o, struct argp_state *state) {
  struct comparison *c = comparison_of(a, o);
  if (!o->file_count) argp_error(state, "no variant is given: [NAME=]FILE[:CONFIG=VALUE,...]");
  if (!o->data) argp_error(state, "--data is missing");
  if (!o->output) argp_error(state, "--output is missing");
  if (c->training.steps > 0 && c->minutes > 0) argp_error(state, "--steps and --minutes exclude each other");
  if (c->training.steps < 0 && c->minutes == 0) argp_error(state, "a budget is missing: --steps or --minutes");
  options_read_variants(a, o, state);
  check_names(o, state);
  c->training.data = o->data;
  c->output = o->output;
}

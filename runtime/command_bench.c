#include "runtime/commands.h"

#include <stdlib.h>

#include "runtime/clock.h"
#include "runtime/footprint.h"
#include "runtime/random.h"
#include "runtime/segment_step.h"

/* Times of training steps on random tokens: all that training does in a step but for reading a data set. */

enum { MOST_REPEATS = 100000 };

struct bench_options {
  int64_t batch, repeats, warmup;
  int threads;
  bool json;
};

static const struct argp_option option_table[] = {BENCH_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct bench_options *o = state->input;
  switch (key) {
  case 'b': o->batch = option_integer(state, "batch", arg, 1, 1 << 20); return 0;
  case 'n': o->repeats = option_integer(state, "repeats", arg, 1, MOST_REPEATS); return 0;
  case 'w': o->warmup = option_integer(state, "warm-up", arg, 0, MOST_REPEATS); return 0;
  case 't': o->threads = (int)option_integer(state, "threads", arg, 1, 1024); return 0;
  case 'j': o->json = true; return 0;
  default: return option_refuse(state, key, arg);
  }
}

struct bench {
  const struct description *description;
  struct model model;
  struct slots slots;
  struct optimizer optimizer;
  struct metrics metrics;
  int64_t step;
};

static bool bench_new(struct bench *b, const struct command_line *line, const struct bench_options *o,
                      struct hrm_error *error) {
  const struct description *d = b->description = line->description;
  const struct footprint_options options = {d->groups, o->batch, o->threads, d->ema > 0, false};
  const struct footprint needed = footprint_of(d, &options);
  return footprint_check(&needed, footprint_available(), error) &&
         model_new(&b->model, line->code, d, o->threads, true, error) && slots_new(&b->slots, d, o->batch, error) &&
         optimizer_new(&b->optimizer, d, d->groups, d->clip, d->ema, error);
}

static void bench_free(struct bench *b) {
  optimizer_free(&b->optimizer);
  slots_free(&b->slots);
  model_free(&b->model);
}

static void fill(struct bench *b) {
  for (int i = 0; i < b->description->tensor_count; i++) {
    const struct tensor_info *t = &b->description->tensors[i];
    if (t->role != SLOT_INPUT && t->role != SLOT_LABEL) continue;
    int32_t *tokens = b->slots.tensors[i];
    struct random_stream stream = stream_named(0, t->name, 0);
    for (int64_t k = 0; k < b->slots.count * t->shape.count; k++)
      tokens[k] = (int32_t)stream_below(stream, (uint64_t)k, t->bound ? t->bound : 1);
  }
}

static void start(struct bench *b) {
  fill(b);
  model_initialize(&b->model, 0);
  optimizer_start_ema(&b->optimizer, &b->model);
  model_prepare(&b->model);
}

/* The same examples again where they have halted. */
static bool step(struct bench *b, struct hrm_error *error) {
  const struct segment_options options = {.step = ++b->step, .factor = 1, .metrics = &b->metrics};
  for (int64_t i = 0; i < b->slots.count; i++)
    if (b->slots.halted[i]) b->slots.steps[i] = b->slots.halted[i] = 0;
  return segment_step(&b->model, &b->slots, &b->optimizer, &options, error);
}

static bool measure(struct bench *b, const struct bench_options *o, double *seconds, struct hrm_error *error) {
  start(b);
  for (int64_t i = -o->warmup; i < o->repeats; i++) {
    double begin = clock_seconds();
    if (!step(b, error)) return false;
    if (i >= 0) seconds[i] = clock_seconds() - begin;
  }
  return true;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static bool print(const struct bench *b, const struct bench_options *o, double *seconds, struct hrm_error *error) {
  json_t *list = json_array();
  for (int64_t i = 0; i < o->repeats; i++) json_array_append_new(list, json_real(seconds[i]));
  qsort(seconds, (size_t)o->repeats, sizeof *seconds, ascending);
  double median = seconds[o->repeats / 2], gflops = b->description->train_flops * (double)o->batch / median * 1e-9;
  if (o->json)
    return command_print_json(json_pack("{s:I, s:i, s:f, s:f, s:o}", "batch", (json_int_t)o->batch, "threads",
                                        o->threads, "steps_per_second", 1 / median, "gflops", gflops, "seconds",
                                        list),
                              JSON_COMPACT, error);
  json_decref(list);
  printf("batch %lld, %d threads: %.3f steps a second (median of %lld), %.1f GFLOP/s\n", (long long)o->batch,
         o->threads, 1 / median, (long long)o->repeats, gflops);
  return fflush(stdout) == 0 || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

bool command_bench(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {option_table, parse_option, NULL, "Time training steps on random tokens.",
                                   NULL,         NULL,         NULL};
  struct bench_options o = {line->description->batch, 10, 2, option_default_threads(), false};
  struct bench b = {0};
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  double *seconds = calloc((size_t)o.repeats, sizeof *seconds);
  bool done = seconds
                  ? bench_new(&b, line, &o, error) && measure(&b, &o, seconds, error) && print(&b, &o, seconds, error)
                  : hrm_fail(error, HRM_SYSTEM, "out of memory");
  bench_free(&b);
  free(seconds);
  return done;
}

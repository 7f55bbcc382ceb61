#include "runtime/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/footprint.h"
#include "runtime/peak.h"
#include "runtime/random.h"
#include "runtime/segment_step.h"

/* Times of training steps on random tokens: all that training does in a step but for reading a data set; or of a part
 * of them. */

enum { MOST_REPEATS = 100000 };

enum work { WORK_TRAIN, WORK_FORWARD, WORK_OPTIMIZER };

struct bench_options {
  int64_t batch, repeats, warmup;
  int threads;
  enum work work;
  bool kernels, json;
};

enum { BENCH_OPTIONS(OPTION_KEY) };
static const struct argp_option option_table[] = {BENCH_OPTIONS(OPTION_ARGP) OPTION_HELP};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
  struct bench_options *o = state->input;
  switch (key) {
  case KEY_BATCH: o->batch = option_integer(state, KEY_BATCH, arg, 1, 1 << 20); return 0;
  case KEY_REPEATS: o->repeats = option_integer(state, KEY_REPEATS, arg, 1, MOST_REPEATS); return 0;
  case KEY_WARMUP: o->warmup = option_integer(state, KEY_WARMUP, arg, 0, MOST_REPEATS); return 0;
  case KEY_THREADS: o->threads = (int)option_integer(state, KEY_THREADS, arg, 1, MOST_THREADS); return 0;
  case KEY_FORWARD: o->work = WORK_FORWARD; return 0;
  case KEY_OPTIMIZER: o->work = WORK_OPTIMIZER; return 0;
  case KEY_KERNELS: o->kernels = true; return 0;
  case KEY_JSON: o->json = true; return 0;
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
  struct profile profile; /* of the first team */
  double peak;            /* FLOPs a second of one thread; of copies, bytes a second of all */
  double tile;            /* FLOPs a second of a register tile between the steps, their median; 0: unknown */
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

static bool profile_new(struct bench *b, struct hrm_error *error) {
  size_t count = json_array_size(b->description->kernels) + 1;
  struct profile *p = b->model.teams[0].profile = &b->profile;
  p->seconds = calloc(count, sizeof *p->seconds);
  p->team_seconds = calloc(count, sizeof *p->team_seconds);
  p->examples = calloc(count, sizeof *p->examples);
  return (p->seconds && p->team_seconds && p->examples) || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

static void bench_free(struct bench *b) {
  free(b->profile.seconds);
  free(b->profile.team_seconds);
  free(b->profile.examples);
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

static bool run_once(struct bench *b, const struct bench_options *o, struct hrm_error *error) {
  if (o->work == WORK_TRAIN) return step(b, error);
  if (o->work == WORK_OPTIMIZER) return optimizer_step(&b->optimizer, &b->model, &b->slots, ++b->step, 1, error);
  slots_begin_segment(&b->slots, b->slots.count, b->description->act.max_segments);
  model_forward(&b->model, &b->slots, b->slots.count);
  return true;
}

/* The warm-up is not in the profile. */
static void clear_profile(const struct bench *b) {
  size_t count = json_array_size(b->description->kernels);
  if (!b->model.teams[0].profile) return;
  memset(b->profile.seconds, 0, count * sizeof *b->profile.seconds);
  memset(b->profile.team_seconds, 0, count * sizeof *b->profile.team_seconds);
  memset(b->profile.examples, 0, count * sizeof *b->profile.examples);
}

static bool is_bf16(const struct bench *b) {
  const char *precision = b->description->precision;
  return precision && !strcmp(precision, "bf16");
}

static double peak_of(const struct bench *b, const struct bench_options *o) {
  return o->work == WORK_OPTIMIZER ? peak_copy(o->threads) : peak_flops(is_bf16(b));
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int64_t count) {
  qsort(values, (size_t)count, sizeof *values, ascending);
  return values[count / 2];
}

/* A tile is measured after every step, by the same thread. */
static bool run_all(struct bench *b, const struct bench_options *o, double *seconds, double *tiles,
                    struct hrm_error *error) {
  for (int64_t i = -o->warmup; i < o->repeats; i++) {
    if (i == 0) clear_profile(b);
    double begin = clock_seconds();
    if (!run_once(b, o, error)) return false;
    if (i < 0) continue;
    seconds[i] = clock_seconds() - begin;
    tiles[i] = o->work == WORK_OPTIMIZER ? 0 : peak_tile(is_bf16(b));
  }
  return true;
}

static bool measure(struct bench *b, const struct bench_options *o, double *seconds, struct hrm_error *error) {
  double *tiles = calloc((size_t)o->repeats, sizeof *tiles);
  start(b);
  b->peak = peak_of(b, o);
  bool done = tiles ? run_all(b, o, seconds, tiles, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  b->peak = fmax(b->peak, peak_of(b, o));
  if (done) b->tile = median(tiles, o->repeats);
  free(tiles);
  return done;
}

static void print_kernels(const struct bench *b) {
  const struct profile *p = &b->profile;
  double total = 0;
  const json_t *kernel;
  size_t i;
  json_array_foreach(b->description->kernels, i, kernel) total += p->seconds[i];
  printf("%-34s %7s %10s %7s\n", "kernel", "time", "GFLOP/s", "peak");
  json_array_foreach(b->description->kernels, i, kernel) {
    double flops = json_number_value(json_object_get(kernel, "flops")) * (double)p->examples[i];
    if (p->examples[i] == 0 || p->seconds[i] < 5e-4 * total) continue;
    printf("%-34s %6.2f%% %10.1f %6.1f%%\n", json_string_value(json_object_get(kernel, "name")),
           100 * p->seconds[i] / total, flops / p->seconds[i] * 1e-9, 100 * flops / p->team_seconds[i] / b->peak);
  }
}

/* What was done in a second, in 1e9 of the unit of work, and what the machine could do. */
struct rate {
  const char *unit, *name, *peak_name; /* the names: of JSON's members */
  double done, peak;
  double packed_share; /* of bytes: those of packed copies */
};

static struct rate rate_of(const struct bench *b, const struct bench_options *o, double seconds) {
  const struct description *d = b->description;
  double flops = (o->work == WORK_FORWARD ? d->forward_flops : d->train_flops) * (double)o->batch;
  if (o->work != WORK_OPTIMIZER)
    return (struct rate){"GFLOP/s", "gflops", "peak_gflops", flops / seconds * 1e-9, b->peak * o->threads * 1e-9, 0};
  double packed = (double)optimizer_packed(&b->optimizer);
  double bytes = (double)optimizer_traffic(&b->optimizer, &b->model) + packed;
  return (struct rate){"GB/s", "gigabytes", "copy_gigabytes", bytes / seconds * 1e-9, b->peak * 1e-9, packed / bytes};
}

static bool print_json(const struct bench *b, const struct bench_options *o, const struct rate *rate,
                       const double *seconds, double middle, struct hrm_error *error) {
  json_t *list = json_array();
  for (int64_t i = 0; i < o->repeats; i++) json_array_append_new(list, json_real(seconds[i]));
  return command_print_json(json_pack("{s:I, s:i, s:f, s:f, s:f, s:f, s:f, s:o}", "batch", (json_int_t)o->batch,
                                      "threads", o->threads, "steps_per_second", 1 / middle, rate->name, rate->done,
                                      rate->peak_name, rate->peak, "packed_share", rate->packed_share, "tile_gflops",
                                      b->tile * o->threads * 1e-9, "seconds", list),
                            JSON_COMPACT, error);
}

static bool print(const struct bench *b, const struct bench_options *o, double *seconds, struct hrm_error *error) {
  double middle = median(seconds, o->repeats);
  struct rate rate = rate_of(b, o, middle);
  if (o->json) return print_json(b, o, &rate, seconds, middle, error);
  printf("batch %lld, %d threads: %.3f steps a second (median of %lld), %.1f %s, %.1f%% of the peak\n",
         (long long)o->batch, o->threads, 1 / middle, (long long)o->repeats, rate.done, rate.unit,
         100 * rate.done / rate.peak);
  if (b->tile > 0)
    printf("a register tile whose factors stay in the first-level cache: %.1f%% of the peak, the median between the "
           "steps\n",
           100 * b->tile / b->peak);
  if (o->kernels) print_kernels(b);
  return fflush(stdout) == 0 || hrm_fail(error, HRM_SYSTEM, "the result cannot be written");
}

bool command_bench(const struct command_line *line, struct hrm_error *error) {
  static const struct argp argp = {option_table, parse_option, NULL, "Time training steps on random tokens.",
                                   NULL,         NULL,         NULL};
  struct bench_options o = {line->description->batch, 10, 2, option_default_threads(), WORK_TRAIN, false, false};
  struct bench b = {0};
  argp_parse(&argp, line->argc, line->argv, 0, NULL, &o);
  double *seconds = calloc((size_t)o.repeats, sizeof *seconds);
  bool done = seconds ? bench_new(&b, line, &o, error) && (!o.kernels || profile_new(&b, error)) &&
                            measure(&b, &o, seconds, error) && print(&b, &o, seconds, error)
                      : hrm_fail(error, HRM_SYSTEM, "out of memory");
  bench_free(&b);
  free(seconds);
  return done;
}

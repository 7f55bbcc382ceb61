#include "runtime/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/act.h"
#include "runtime/clock.h"

/* Where examples come from. */
typedef void put_example(void *source, struct slots *slots, int64_t slot, int64_t example);

/* One run: examples 0 … total-1 pass through the slots.  The first `active` slots hold examples. */
struct run {
  const struct evaluator *e;
  put_example *put;
  void *source;
  struct evaluation *sums; /* NULL: nothing is scored */
  int64_t total, next, active;
  int64_t *example;       /* of each slot */
  double *until;          /* of each slot: when its example's share of the time ends */
  double segment_seconds; /* the longest segment so far */
};

static void move_slot(struct run *r, int64_t from, int64_t to) {
  struct slots *s = r->e->slots;
  if (from == to) return;
  slots_copy(s, to, s, from, 1);
  r->example[to] = r->example[from];
  r->until[to] = r->until[from];
}

/* The time that is left is shared by all examples that have not stopped, of which a batch runs at once. */
static double share_of_time(const struct run *r) {
  double deadline = r->e->options.deadline, now = clock_seconds();
  double batches = (double)(r->total - r->next + r->active) / (double)r->e->slots->count;
  return deadline == 0 ? INFINITY : now + (deadline - now) / fmax(1, batches);
}

static void put_next(struct run *r, int64_t slot) {
  r->until[slot] = share_of_time(r);
  r->example[slot] = r->next;
  r->put(r->source, r->e->slots, slot, r->next++);
}

/* No slot idles: halted ones take the next example, or where there is none the last active slot moves there. */
static void refill(struct run *r) {
  for (int64_t i = 0; i < r->active;) {
    if (!r->e->slots->halted[i])
      i++;
    else if (r->next < r->total)
      put_next(r, i++);
    else
      move_slot(r, --r->active, i);
  }
  while (r->active < r->e->slots->count && r->next < r->total) put_next(r, r->active++);
}

/* The halt head learns by binary cross entropy: the sigmoid of its value is a probability. */
static bool is_sure(const struct evaluation_options *options, float halt) {
  return 1 / (1 + exp(-(double)halt)) >= options->halt_from;
}

static bool stops(const struct run *r, int64_t slot, bool wants) {
  const struct evaluation_options *options = &r->e->options;
  bool late = clock_seconds() + r->segment_seconds > r->until[slot];
  return (options->halt && wants) || r->e->slots->steps[slot] >= options->max_segments || late;
}

static void score(struct evaluation *sums, const struct slots *slots, int64_t slot) {
  const struct description *d = slots->description;
  const int32_t *labels = slots_tensor(slots, d->standard[TENSOR_LABELS], slot);
  const int32_t *prediction = slots_tensor(slots, d->standard[TENSOR_PREDICTION], slot);
  const float *halt = slots_standard(slots, TENSOR_HALT);
  int64_t labelled = 0, right = 0;
  for (int64_t i = 0; i < d->tensors[d->standard[TENSOR_LABELS]].shape.count; i++) {
    labelled += labels[i] != DATASET_UNLABELLED;
    right += labels[i] != DATASET_UNLABELLED && labels[i] == prediction[i];
  }
  if (labelled == 0) return;
  sums->examples++;
  sums->exact += right == labelled;
  sums->accuracy += (double)right / (double)labelled;
  sums->halt_right += (halt[slot] >= 0) == (right == labelled);
  sums->segments += slots->steps[slot];
}

static void finish_segment(struct run *r) {
  const struct evaluator *e = r->e;
  struct slots *s = e->slots;
  const float *halt = slots_standard(s, TENSOR_HALT), *go_on = slots_standard(s, TENSOR_CONTINUE);
  enum act_kind act = s->description->act.kind;
  for (int64_t i = 0; i < r->active; i++) {
    bool wants = act_wants_halt(act, halt[i], go_on ? go_on[i] : 0);
    s->halted[i] = stops(r, i, wants && is_sure(&e->options, halt[i]));
    if (e->visit) e->visit(e->visit_context, s, i, r->example[i]);
    if (r->sums && s->halted[i]) score(r->sums, s, i);
  }
}

static void run_segment(struct run *r) {
  const struct evaluator *e = r->e;
  double begin = clock_seconds();
  slots_begin_segment(e->slots, r->active, e->options.max_segments);
  model_forward(e->model, e->slots, r->active);
  r->segment_seconds = fmax(r->segment_seconds, clock_seconds() - begin);
  finish_segment(r);
}

static bool run_all(struct run *r) {
  const struct evaluator *e = r->e;
  bool more = true;
  for (refill(r); more && r->active; refill(r)) {
    run_segment(r);
    if (e->progress) more = e->progress(e->progress_context, r->next - r->active, r->total);
  }
  return more;
}

static bool run(struct run *r, struct hrm_error *error) {
  size_t count = (size_t)r->e->slots->count;
  r->example = malloc(count * sizeof *r->example);
  r->until = malloc(count * sizeof *r->until);
  bool made = r->example && r->until, done = made && run_all(r);
  free(r->example);
  free(r->until);
  if (!made) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  return done || hrm_fail(error, HRM_INTERRUPTED, "interrupted");
}

struct set_source {
  const struct dataset_set *set;
  int64_t puzzle; /* of the last example: they come in order */
  int64_t spread; /* examples over the set; 0: one after the other */
};

static void put_set_example(void *source, struct slots *slots, int64_t slot, int64_t example) {
  struct set_source *s = source;
  if (s->spread) example = dataset_spread_example(s->set, example, s->spread);
  while (example >= dataset_puzzle_examples(s->set, s->puzzle).end) s->puzzle++;
  const struct example e = {s->set, example, dataset_puzzle_identifier(s->set, s->puzzle)};
  slots_put(slots, slot, &e);
}

bool evaluate_set(const struct evaluator *e, const struct dataset_set *set, struct evaluation *result,
                  struct hrm_error *error) {
  *result = (struct evaluation){0};
  int64_t limit = e->options.limit, total = limit && limit < set->examples ? limit : set->examples;
  struct set_source source = {.set = set, .spread = e->options.spread ? total : 0};
  struct run r = {.e = e, .put = put_set_example, .source = &source, .sums = result, .total = total};
  return run(&r, error);
}

struct token_source {
  const int32_t *inputs;
  int64_t length;
  int32_t puzzle_identifier;
};

static void put_tokens(void *source, struct slots *slots, int64_t slot, int64_t example) {
  const struct token_source *s = source;
  slots_put_tokens(slots, slot, s->inputs + example * s->length, s->puzzle_identifier);
}

bool evaluate_tokens(const struct evaluator *e, const int32_t *inputs, int64_t count, int32_t puzzle_identifier,
                     struct hrm_error *error) {
  const struct description *d = e->slots->description;
  struct token_source source = {inputs, d->tensors[d->standard[TENSOR_INPUTS]].shape.count, puzzle_identifier};
  struct run r = {.e = e, .put = put_tokens, .source = &source, .total = count};
  return run(&r, error);
}

static json_t *mean_or_null(double sum, int64_t count) {
  return count ? json_real(sum / (double)count) : json_null();
}

json_t *evaluation_json(const struct evaluation *e, enum act_kind act) {
  json_t *halt = act == ACT_FIXED ? json_null() : mean_or_null(e->halt_right, e->examples);
  return json_pack("{s:I, s:o, s:o, s:o, s:o}", "examples", (json_int_t)e->examples, "exact_accuracy",
                   mean_or_null(e->exact, e->examples), "cell_accuracy", mean_or_null(e->accuracy, e->examples),
                   "halt_accuracy", halt, "mean_segments", mean_or_null(e->segments, e->examples));
}

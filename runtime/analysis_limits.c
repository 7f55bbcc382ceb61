/* Accuracy against the limit on segments: one run of the most segments shows every lower limit too. */
#include "runtime/analysis.h"

#include <stdlib.h>

#include "runtime/act.h"
#include "runtime/evaluate.h"

/* Sums over examples after each number of segments. */
struct sums {
  double exact, cells;                                   /* every example runs on */
  double exact_halting, cells_halting, segments_halting; /* an example stays as it was when it wanted to stop */
};

/* Of each example: how it was when it first wanted to halt. */
struct halted {
  int64_t segments; /* 0: not yet */
  double exact, cells;
};

struct limits {
  const struct description *description;
  struct sums *after;    /* [most + 1] */
  struct halted *halted; /* [examples] */
  int64_t scored;
};

static bool score(const struct slots *slots, int64_t slot, double *exact, double *cells) {
  const struct description *d = slots->description;
  const int32_t *labels = slots_tensor(slots, d->standard[TENSOR_LABELS], slot);
  const int32_t *prediction = slots_tensor(slots, d->standard[TENSOR_PREDICTION], slot);
  int64_t labelled = 0, right = 0;
  for (int64_t i = 0; i < d->tensors[d->standard[TENSOR_LABELS]].shape.count; i++) {
    labelled += labels[i] != DATASET_UNLABELLED;
    right += labels[i] != DATASET_UNLABELLED && labels[i] == prediction[i];
  }
  *exact = right == labelled;
  *cells = labelled ? (double)right / (double)labelled : 0;
  return labelled > 0;
}

static void visit(void *context, const struct slots *slots, int64_t slot, int64_t example) {
  struct limits *l = context;
  double exact, cells;
  if (!score(slots, slot, &exact, &cells)) return;
  const float *halt = slots_standard(slots, TENSOR_HALT), *go_on = slots_standard(slots, TENSOR_CONTINUE);
  int64_t segments = slots->steps[slot];
  struct halted *h = &l->halted[example];
  bool wants = act_wants_halt(l->description->act.kind, halt[slot], go_on ? go_on[slot] : 0);
  l->scored += segments == 1;
  if (wants && !h->segments) *h = (struct halted){segments, exact, cells};
  struct sums *s = &l->after[segments];
  s->exact += exact;
  s->cells += cells;
  s->exact_halting += h->segments ? h->exact : exact;
  s->cells_halting += h->segments ? h->cells : cells;
  s->segments_halting += (double)(h->segments ? h->segments : segments);
}

static json_t *mean(double sum, int64_t count, bool known) {
  return known && count ? json_real(sum / (double)count) : json_null();
}

static json_t *limits_json(const struct limits *l, int64_t most) {
  json_t *list = json_array();
  bool halts = l->description->act.kind != ACT_FIXED;
  for (int64_t k = 1; k <= most; k *= 2) {
    const struct sums *s = &l->after[k];
    json_array_append_new(list, json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "limit", (json_int_t)k, "exact",
                                          mean(s->exact, l->scored, true), "cells", mean(s->cells, l->scored, true),
                                          "exact_halting", mean(s->exact_halting, l->scored, halts), "cells_halting",
                                          mean(s->cells_halting, l->scored, halts), "segments_halting",
                                          mean(s->segments_halting, l->scored, halts)));
  }
  return list;
}

static bool run(struct limits *l, struct model *model, const struct analysis_request *request,
                struct hrm_error *error) {
  enum { SLOTS = 64 };
  struct slots slots;
  struct evaluation sums;
  if (!slots_new(&slots, l->description, request->examples < SLOTS ? request->examples : SLOTS, error)) return false;
  const struct evaluator e = {
      .model = model,
      .slots = &slots,
      .options = {.max_segments = request->most_segments, .limit = request->examples, .spread = true},
      .visit = visit,
      .visit_context = l};
  bool done = evaluate_set(&e, request->set, &sums, error);
  slots_free(&slots);
  return done;
}

json_t *analysis_limits(struct model *model, const struct analysis_request *request, struct hrm_error *error) {
  struct limits l = {.description = model->description};
  l.after = calloc((size_t)request->most_segments + 1, sizeof *l.after);
  l.halted = calloc((size_t)request->examples + 1, sizeof *l.halted);
  bool done = (l.after && l.halted) || hrm_fail(error, HRM_SYSTEM, "out of memory");
  json_t *json = done && run(&l, model, request, error) ? limits_json(&l, request->most_segments) : NULL;
  free(l.after);
  free(l.halted);
  return json;
}

#include "runtime/segment_step.h"

#include <math.h>

#include "runtime/act.h"

static const enum standard_tensor losses[] = {TENSOR_LM_LOSS, TENSOR_HALT_LOSS, TENSOR_CONTINUE_LOSS};

enum { LOSSES = sizeof losses / sizeof *losses };

/* The order in which values depend on each other, as far as the runtime knows: states come last, because what they
 * were before the segment is gone. */
enum suspicion { SUSPECT_LOGITS, SUSPECT_OUTPUT, SUSPECT_LOSS, SUSPECT_STATE, UNSUSPECTED };

static enum suspicion suspicion_of(const struct description *d, int number) {
  const struct tensor_info *t = &d->tensors[number];
  if (t->dtype == STORED_I32 || (t->role != SLOT_OUTPUT && t->role != SLOT_STATE)) return UNSUSPECTED;
  if (t->role == SLOT_STATE) return SUSPECT_STATE;
  for (int i = 0; i < LOSSES; i++) {
    if (number == d->standard[losses[i]]) return SUSPECT_LOSS;
  }
  return number == description_find_tensor(d, "logits") ? SUSPECT_LOGITS : SUSPECT_OUTPUT;
}

/* Slots that run together; messages number them from `first` on. */
struct group {
  const struct slots *slots;
  int64_t first, count, step;
};

/* The first slot in which a tensor is not finite, or -1. */
static int64_t find_not_finite(const struct group *g, int number) {
  const struct tensor_info *t = &g->slots->description->tensors[number];
  const float *f32 = g->slots->tensors[number];
  const uint16_t *bf16 = g->slots->tensors[number];
  enum { EXPONENT = 0x7f80 };
  for (int64_t i = 0; i < g->count * t->shape.count; i++) {
    bool finite = t->dtype == STORED_BF16 ? (bf16[i] & EXPONENT) != EXPONENT : isfinite(f32[i]);
    if (!finite) return i / t->shape.count;
  }
  return -1;
}

static bool name_the_culprit(const struct group *g, struct hrm_error *error) {
  const struct description *d = g->slots->description;
  for (int suspicion = 0; suspicion < UNSUSPECTED; suspicion++) {
    for (int i = 0; i < d->tensor_count; i++) {
      int64_t slot = (int)suspicion_of(d, i) == suspicion ? find_not_finite(g, i) : -1;
      if (slot < 0) continue;
      return hrm_fail(error, HRM_DIVERGED, "training diverged at step %lld: '%s' is not finite in slot %lld",
                      (long long)g->step, d->tensors[i].name, (long long)(g->first + slot));
    }
  }
  return hrm_fail(error, HRM_BUG, "a loss is not finite, but no output is; please report this");
}

static bool check_losses(const struct group *g, struct hrm_error *error) {
  for (int i = 0; i < LOSSES; i++) {
    int number = g->slots->description->standard[losses[i]];
    if (number >= 0 && find_not_finite(g, number) >= 0) return name_the_culprit(g, error);
  }
  return true;
}

bool segment_step(struct model *model, struct slots *slots, struct optimizer *optimizer,
                  const struct segment_options *s, struct hrm_error *error) {
  const struct act_policy *act = &model->description->act;
  slots_begin_segment(slots, slots->count, act->max_segments);
  slots_draw_noise(slots, s->seed, s->step);
  model_train(model, slots, slots->count);
  if (!check_losses(&(struct group){slots, 0, slots->count, s->step}, error)) return false;
  act_halt(act, slots, s->seed, s->step);
  metrics_add(s->metrics, slots);
  return optimizer_step(optimizer, model, slots, s->step, s->factor, error);
}

/* Rows of tables have no gradients among the workers'. */
static bool check_rows(const struct group *g, struct hrm_error *error) {
  const struct description *d = g->slots->description;
  for (int i = 0; i < d->tensor_count; i++) {
    if (d->tensors[i].role != SLOT_ROWS_GRAD || find_not_finite(g, i) < 0) continue;
    return hrm_fail(error, HRM_DIVERGED, "training diverged at step %lld: the gradient of '%s' is not finite",
                    (long long)g->step, d->weights[d->tensors[d->tensors[i].of].table].path);
  }
  return true;
}

static void copy_and_begin(struct slots *copies, const struct group *g) {
  slots_copy(copies, 0, g->slots, g->first, g->count);
  for (int64_t i = 0; i < g->count; i++) {
    if (copies->halted[i]) copies->steps[i] = 0;
  }
  slots_begin_segment(copies, g->count, copies->description->act.max_segments);
}

bool segment_try(struct model *model, const struct slots *slots, const struct optimizer *optimizer, int64_t step,
                 struct hrm_error *error) {
  enum { COPIES = 64 };
  struct slots copies;
  if (!slots_new(&copies, model->description, slots->count < COPIES ? slots->count : COPIES, error)) return false;
  bool finite = true;
  for (int64_t first = 0; finite && first < slots->count; first += copies.count) {
    int64_t left = slots->count - first, count = left < copies.count ? left : copies.count;
    copy_and_begin(&copies, &(struct group){slots, first, count, step});
    model_train(model, &copies, count);
    const struct group g = {&copies, first, count, step};
    finite = check_losses(&g, error) && check_rows(&g, error);
  }
  slots_free(&copies);
  return optimizer_discard(optimizer, model, slots->count, step, finite ? error : NULL) && finite;
}

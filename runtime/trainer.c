#include "runtime/trainer.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/act.h"
#include "runtime/schedule.h"

static bool allocate(struct trainer *t, const struct hrm_code *code, struct hrm_error *error) {
  const struct settings *s = t->settings;
  t->batch = calloc((size_t)s->batch, sizeof *t->batch);
  if (!t->batch) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  return loader_new(&t->loader, t->dataset, s->batch, s->seed, error) &&
         model_new(&t->model, code, t->description, s->threads, true, error) &&
         slots_new(&t->slots, t->description, s->batch, error) &&
         optimizer_new(&t->optimizer, t->description, s->groups, s->clip, s->ema, error);
}

bool trainer_new(struct trainer *t, const struct hrm_code *code, const struct description *d,
                 const struct settings *settings, const struct dataset *dataset, struct hrm_error *error) {
  *t = (struct trainer){.description = d, .settings = settings, .dataset = dataset};
  if (allocate(t, code, error)) return true;
  trainer_free(t);
  return false;
}

void trainer_free(struct trainer *t) {
  optimizer_free(&t->optimizer);
  slots_free(&t->slots);
  model_free(&t->model);
  loader_free(&t->loader);
  free(t->batch);
  *t = (struct trainer){0};
}

void trainer_start(struct trainer *t) {
  model_initialize(&t->model, t->settings->seed);
  optimizer_start_ema(&t->optimizer, &t->model);
  model_prepare(&t->model);
}

static void refill(struct trainer *t) {
  loader_next(&t->loader, t->batch);
  for (int64_t i = 0; i < t->slots.count; i++) {
    if (t->slots.halted[i]) slots_put(&t->slots, i, &t->batch[i]);
  }
}

static bool all_finite(const float *values, int64_t count) {
  for (int64_t i = 0; values && i < count; i++) {
    if (!isfinite(values[i])) return false;
  }
  return true;
}

static bool name_the_culprit(const struct trainer *t, struct hrm_error *error) {
  for (int i = 0; i < t->description->tensor_count; i++) {
    const struct tensor_info *tensor = &t->description->tensors[i];
    bool written = (tensor->role == SLOT_OUTPUT || tensor->role == SLOT_STATE) && !tensor->is_integer;
    if (written && !all_finite(t->slots.tensors[i], t->slots.count * tensor->shape.count)) {
      return hrm_fail(error, HRM_DIVERGED, "training diverged at step %lld: '%s' is not finite",
                      (long long)t->step + 1, tensor->name);
    }
  }
  return hrm_fail(error, HRM_BUG, "a loss is not finite, but no output is; please report this");
}

static bool check_losses(const struct trainer *t, struct hrm_error *error) {
  static const enum standard_tensor losses[] = {TENSOR_LM_LOSS, TENSOR_HALT_LOSS, TENSOR_CONTINUE_LOSS};
  for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
    if (!all_finite(slots_standard(&t->slots, losses[i]), t->slots.count)) return name_the_culprit(t, error);
  }
  return true;
}

bool trainer_step(struct trainer *t, struct hrm_error *error) {
  refill(t);
  slots_begin_segment(&t->slots, t->slots.count, t->description->act.max_segments);
  model_train(&t->model, &t->slots, t->slots.count);
  if (!check_losses(t, error)) return false;
  act_halt(&t->description->act, &t->slots, t->settings->seed, t->step + 1);
  metrics_add(&t->metrics, &t->slots);
  double factor = schedule_factor(&t->settings->schedule, t->step + 1, t->settings->steps);
  if (!optimizer_step(&t->optimizer, &t->model, &t->slots, t->step + 1, factor, error)) return false;
  model_prepare(&t->model);
  t->step++;
  return true;
}

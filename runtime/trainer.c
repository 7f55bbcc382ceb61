#include "runtime/trainer.h"

#include <math.h>

#include "runtime/schedule.h"
#include "runtime/segment_step.h"

static bool allocate(struct trainer *t, const struct hrm_code *code, struct hrm_error *error) {
  const struct settings *s = t->settings;
  return loader_new(&t->loader, t->dataset, s->batch, s->seed, error) &&
         model_new(&t->model, code, t->description, s->threads, true, error) &&
         slots_new(&t->slots, t->description, s->batch, error) &&
         optimizer_new(&t->optimizer, t->description, s->groups, s->clip, s->ema, error);
}

bool trainer_new(struct trainer *t, const struct hrm_code *code, const struct description *d,
                 const struct settings *settings, const struct dataset *dataset, struct hrm_error *error) {
  *t = (struct trainer){.description = d, .settings = settings, .dataset = dataset};
  t->source = loader_source(&t->loader);
  if (allocate(t, code, error)) return true;
  trainer_free(t);
  return false;
}

void trainer_free(struct trainer *t) {
  optimizer_free(&t->optimizer);
  slots_free(&t->slots);
  model_free(&t->model);
  loader_free(&t->loader);
  *t = (struct trainer){0};
}

void trainer_start(struct trainer *t) {
  model_initialize(&t->model, t->settings->seed);
  optimizer_start_ema(&t->optimizer, &t->model);
  model_prepare(&t->model);
}

static bool check_finite(const struct trainer *t, int weight, const char *what, const float *values,
                         struct hrm_error *error) {
  const struct weight_info *w = &t->description->weights[weight];
  for (int64_t i = 0; values && i < w->shape.count; i++) {
    if (isfinite(values[i])) continue;
    return hrm_fail(error, HRM_DIVERGED, "training diverged at step %lld: %s'%s' is not finite", (long long)t->step,
                    what, w->path);
  }
  return true;
}

bool trainer_is_finite(const struct trainer *t, struct hrm_error *error) {
  const struct optimizer *o = &t->optimizer;
  for (int i = 0; i < t->description->weight_count; i++) {
    int64_t at = t->description->weights[i].offset;
    bool averaged = optimizer_has_ema(o, i), m = optimizer_has_m(o, i), v = optimizer_has_v(o, i);
    if (!check_finite(t, i, "", model_weight(&t->model, i), error) ||
        !check_finite(t, i, "the optimiser's m of ", m ? o->m + at : NULL, error) ||
        !check_finite(t, i, "the optimiser's v of ", v ? o->v + at : NULL, error) ||
        !check_finite(t, i, "the moving average of ", averaged ? o->ema + at : NULL, error)) {
      return false;
    }
  }
  return true;
}

bool trainer_try_step(struct trainer *t, struct hrm_error *error) {
  return segment_try(&t->model, &t->slots, &t->optimizer, t->step + 1, error);
}

bool trainer_step(struct trainer *t, struct hrm_error *error) {
  const struct segment_options options = {
      .step = t->step + 1,
      .factor = schedule_factor(&t->settings->schedule, t->step + 1, t->settings->steps),
      .seed = t->settings->seed,
      .metrics = &t->metrics};
  if (!t->source.next(t->source.context, &t->slots, error)) return false;
  if (!segment_step(&t->model, &t->slots, &t->optimizer, &options, error)) return false;
  t->step++;
  return true;
}

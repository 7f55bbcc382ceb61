#include "runtime/tracing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/tensor_file.h"

enum { MOST_STEPS = 1024 };

static bool is_level(const struct tensor_info *t) {
  bool variable = t->role == SLOT_TRACE && strncmp(t->name, "trace.", 6) == 0;
  return variable || t->role == SLOT_STATE;
}

/* Axes before the last two tell levels apart. */
static int64_t level_slices(const struct shape *s) {
  int64_t slices = 1;
  for (int k = 0; k + 2 < s->rank; k++) slices *= s->size[k];
  return slices;
}

static char *level_name(const struct tensor_info *t, int64_t slice, int64_t slices) {
  const char *name = t->role == SLOT_TRACE ? t->name + 6 : t->name;
  char *text;
  int printed = slices > 1 ? asprintf(&text, "%s[%lld]", name, (long long)slice) : asprintf(&text, "%s", name);
  return printed < 0 ? NULL : text;
}

static bool add_levels(struct tracing *t, int tensor) {
  const struct tensor_info *info = &t->model->description->tensors[tensor];
  int64_t slices = level_slices(&info->shape), count = info->shape.count / slices;
  int64_t width = info->shape.rank ? info->shape.size[info->shape.rank - 1] : 1;
  struct level *levels = realloc(t->levels, (size_t)(t->level_count + slices) * sizeof *levels);
  if (!levels) return false;
  t->levels = levels;
  for (int64_t i = 0; i < slices; i++) {
    struct level level = {level_name(info, i, slices), tensor, i * count, count / width, width};
    if (!level.name) return false;
    t->levels[t->level_count++] = level;
  }
  return true;
}

static bool find_levels(struct tracing *t, struct hrm_error *error) {
  const struct description *d = t->model->description;
  for (int i = 0; i < d->tensor_count; i++)
    if (is_level(&d->tensors[i]) && !add_levels(t, i)) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  return true;
}

static bool slots_open(struct tracing *t, int64_t count, struct hrm_error *error) {
  slots_free(&t->slots);
  return slots_new(&t->slots, t->model->description, count, error) && slots_add_trace(&t->slots, error);
}

static void run(struct tracing *t) {
  float *limit = slots_standard(&t->slots, TENSOR_TRACE_LIMIT);
  for (int64_t k = 0; k < t->slots.count; k++) limit[k] = t->slots.count > 1 ? (float)k : MOST_STEPS + 1;
  slots_begin_segment(&t->slots, t->slots.count, t->model->description->act.max_segments);
  model_trace(t->model, &t->slots, t->slots.count);
}

/* The steps of a segment are the same for all examples. */
static bool count_steps(struct tracing *t, struct hrm_error *error) {
  if (!slots_open(t, 1, error)) return false;
  run(t);
  t->steps = (int64_t) * (const float *)slots_standard(&t->slots, TENSOR_TRACE_STEPS);
  if (t->steps > MOST_STEPS)
    return hrm_fail(error, HRM_LIMITATION, "a segment of this model has more than %d steps; no more can be shown",
                    MOST_STEPS);
  if (t->steps < 1) t->steps = 1;
  return true;
}

bool tracing_open(struct tracing *t, struct model *model, struct hrm_error *error) {
  *t = (struct tracing){.model = model};
  if (model->description->standard[TENSOR_TRACE_STEPS] < 0 || model->description->standard[TENSOR_TRACE_LIMIT] < 0)
    return hrm_fail(error, HRM_LIMITATION, "this model was compiled without the function that shows its steps");
  if (find_levels(t, error) && count_steps(t, error) && slots_open(t, t->steps + 1, error)) return true;
  tracing_close(t);
  return false;
}

void tracing_close(struct tracing *t) {
  for (int i = 0; i < t->level_count; i++) free(t->levels[i].name);
  free(t->levels);
  slots_free(&t->slots);
  *t = (struct tracing){0};
}

void tracing_put(struct tracing *t, const struct example *example) {
  for (int64_t k = 0; k < t->slots.count; k++) slots_put(&t->slots, k, example);
}

void tracing_segment(struct tracing *t) {
  int64_t last = t->slots.count - 1;
  if (t->slots.steps[last] > 0)
    for (int64_t k = 0; k < last; k++) slots_copy(&t->slots, k, &t->slots, last, 1);
  run(t);
}

void tracing_values(const struct tracing *t, const struct level *level, int64_t step, float *values) {
  const struct tensor_info *info = &t->model->description->tensors[level->tensor];
  const char *from = slots_tensor(&t->slots, level->tensor, step);
  struct tensor_entry part = {.name = level->name,
                              .dtype = info->dtype,
                              .shape = {.rank = 1, .count = level->positions * level->width},
                              .data = from + (size_t)level->first * stored_dtype_bytes(info->dtype)};
  part.shape.size[0] = part.shape.count;
  (void)tensor_entry_floats(&part, values);
}

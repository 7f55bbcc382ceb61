#include "runtime/trace_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/act.h"
#include "runtime/principal.h"

/* The states of a level at the frames that changed it. */
struct path {
  float *states; /* [count, values] */
  int64_t *frames;
  int64_t count, values;
};

struct report {
  struct tracing *t;
  const struct trace_request *request;
  struct path *paths; /* [level_count] */
  float *previous;    /* room for the values of one level */
  json_t *frames;
};

json_t *json_finite(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *tokens_json(const int32_t *tokens, int64_t count) {
  json_t *list = json_array();
  for (int64_t i = 0; i < count; i++)
    json_array_append_new(list, tokens[i] == DATASET_UNLABELLED ? json_null() : json_integer(tokens[i]));
  return list;
}

static json_t *slot_tokens(const struct tracing *t, enum standard_tensor which, int64_t slot) {
  const struct description *d = t->model->description;
  int number = d->standard[which];
  return tokens_json(slots_tensor(&t->slots, number, slot), d->tensors[number].shape.count);
}

static json_t *slot_scalar(const struct tracing *t, enum standard_tensor which, int64_t slot) {
  const float *values = slots_standard(&t->slots, which);
  return values ? json_finite(values[slot]) : json_null();
}

static bool keep(struct path *p, const float *state, int64_t frame) {
  int64_t count = p->count + 1;
  float *states = realloc(p->states, (size_t)(count * p->values) * sizeof *states);
  if (states) p->states = states;
  int64_t *frames = realloc(p->frames, (size_t)count * sizeof *frames);
  if (frames) p->frames = frames;
  if (!states || !frames) return false;
  memcpy(p->states + p->count * p->values, state, (size_t)p->values * sizeof *state);
  p->frames[p->count++] = frame;
  return true;
}

static double distance(const float *a, const float *b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
  return sqrt(sum);
}

/* Adds the state after a step to the level's path where the step changed it. */
static bool visit_level(struct report *r, int level, int64_t step, json_t *residuals) {
  const struct level *l = &r->t->levels[level];
  struct path *p = &r->paths[level];
  int64_t frame = (int64_t)json_array_size(r->frames);
  tracing_values(r->t, l, step, r->previous);
  double moved = p->count ? distance(r->previous, p->states + (p->count - 1) * p->values, p->values) : 0;
  json_object_set_new(residuals, l->name, moved > 0 ? json_finite(moved) : json_null());
  return (p->count && moved == 0) || keep(p, r->previous, frame);
}

static bool add_frame(struct report *r, int64_t segment, int64_t step) {
  const struct tracing *t = r->t;
  json_t *residuals = json_object();
  for (int i = 0; i < t->level_count; i++)
    if (!visit_level(r, i, step, residuals)) return json_decref(residuals), false;
  json_t *frame =
      json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "segment", (json_int_t)segment, "step", (json_int_t)step,
                "prediction", slot_tokens(t, TENSOR_PREDICTION, step), "halt", slot_scalar(t, TENSOR_HALT, step),
                "continue", slot_scalar(t, TENSOR_CONTINUE, step), "residuals", residuals);
  return json_array_append_new(r->frames, frame) == 0;
}

static bool run_segments(struct report *r, struct hrm_error *error) {
  bool kept = true;
  tracing_put(r->t, &r->request->example);
  for (int64_t segment = 1; kept && segment <= r->request->segments; segment++) {
    tracing_segment(r->t);
    for (int64_t step = segment == 1 ? 0 : 1; kept && step <= r->t->steps; step++) kept = add_frame(r, segment, step);
  }
  return kept || hrm_fail(error, HRM_SYSTEM, "out of memory for the states of %lld segments; ask for fewer",
                          (long long)r->request->segments);
}

static json_t *level_json(const struct report *r, int level, const struct lapack *lapack, struct hrm_error *error) {
  const struct path *p = &r->paths[level];
  struct projection projection;
  if (!principal_components(lapack, p->states, p->count, p->values, &projection, error)) return NULL;
  json_t *trajectory = json_array();
  for (int64_t i = 0; i < p->count; i++)
    json_array_append_new(trajectory, json_pack("{s:I, s:o, s:o}", "frame", (json_int_t)p->frames[i], "x",
                                                json_finite(projection.points[2 * i]), "y",
                                                json_finite(projection.points[2 * i + 1])));
  json_t *json =
      json_pack("{s:s, s:[o, o], s:o}", "name", r->t->levels[level].name, "variance",
                json_finite(projection.share[0]), json_finite(projection.share[1]), "trajectory", trajectory);
  projection_free(&projection);
  return json;
}

static json_t *levels_json(const struct report *r, const struct lapack *lapack, struct hrm_error *error) {
  json_t *list = json_array();
  for (int i = 0; i < r->t->level_count; i++) {
    json_t *level = level_json(r, i, lapack, error);
    if (!level) return json_decref(list), NULL;
    json_array_append_new(list, level);
  }
  return list;
}

static json_t *whole(const struct report *r, json_t *levels) {
  const struct description *d = r->t->model->description;
  const struct dataset *dataset = r->request->dataset;
  int32_t rows, columns, box_rows, box_columns;
  dataset_grid(dataset, &rows, &columns);
  dataset_boxes(dataset, &box_rows, &box_columns);
  json_t *characters = json_null();
  if (dataset->text.vocab_size)
    characters = json_stringn((const char *)dataset->text.characters, (size_t)dataset->text.vocab_size);
  return json_pack("{s:s, s:s, s:s, s:i, s:i, s:[i, i], s:o, s:o, s:o, s:s, s:I, s:I, s:O, s:o}", "page", "trace",
                   "model", d->model, "kind", dataset_kind_name(dataset_kind(dataset)), "rows", (int)rows, "columns",
                   (int)columns, "boxes", (int)box_rows, (int)box_columns, "characters", characters, "inputs",
                   slot_tokens(r->t, TENSOR_INPUTS, 0), "labels", slot_tokens(r->t, TENSOR_LABELS, 0), "act",
                   act_kind_name(d->act.kind), "trained_segments", (json_int_t)d->act.max_segments, "example",
                   (json_int_t)r->request->example.index, "frames", r->frames, "levels", levels);
}

static bool room(struct report *r, struct hrm_error *error) {
  int64_t most = 1;
  r->frames = json_array();
  r->paths = calloc((size_t)r->t->level_count + 1, sizeof *r->paths);
  for (int i = 0; r->paths && i < r->t->level_count; i++) {
    r->paths[i].values = r->t->levels[i].positions * r->t->levels[i].width;
    if (r->paths[i].values > most) most = r->paths[i].values;
  }
  r->previous = malloc((size_t)most * sizeof *r->previous);
  return (r->frames && r->paths && r->previous) || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

static void free_room(struct report *r) {
  for (int i = 0; r->paths && i < r->t->level_count; i++) {
    free(r->paths[i].states);
    free(r->paths[i].frames);
  }
  free(r->paths);
  free(r->previous);
  json_decref(r->frames);
}

json_t *trace_report(struct tracing *t, const struct trace_request *request, const struct lapack *lapack,
                     struct hrm_error *error) {
  struct report r = {.t = t, .request = request};
  json_t *levels = room(&r, error) && run_segments(&r, error) ? levels_json(&r, lapack, error) : NULL;
  json_t *json = levels ? whole(&r, levels) : NULL;
  if (levels && !json) hrm_fail(error, HRM_SYSTEM, "out of memory");
  free_room(&r);
  return json;
}

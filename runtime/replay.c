#include "runtime/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/act.h"

/* -- the recording -- */

static bool record(struct recording *r, char *name, enum stored_dtype dtype, const struct shape *shape,
                   const void *data, struct hrm_error *error) {
  if (r->count == r->capacity) {
    int capacity = r->capacity ? 2 * r->capacity : 64;
    struct tensor_entry *grown = realloc(r->entries, (size_t)capacity * sizeof *grown);
    if (!grown) return free(name), hrm_fail(error, HRM_SYSTEM, "out of memory");
    r->entries = grown;
    r->capacity = capacity;
  }
  size_t bytes = (size_t)shape->count * stored_dtype_bytes(dtype);
  void *copy = name ? malloc(bytes + 1) : NULL;
  if (!copy) return free(name), hrm_fail(error, HRM_SYSTEM, "out of memory");
  memcpy(copy, data, bytes);
  r->entries[r->count++] = (struct tensor_entry){.name = name, .dtype = dtype, .shape = *shape, .data = copy};
  return true;
}

void recording_free(struct recording *r) {
  for (int i = 0; i < r->count; i++) {
    free((char *)r->entries[i].name);
    free((void *)r->entries[i].data);
  }
  free(r->entries);
  *r = (struct recording){0};
}

__attribute__((format(printf, 1, 2))) static char *name_of(const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  return length < 0 ? NULL : text;
}

/* -- the batches -- */

struct batches {
  const int32_t *inputs, *labels, *identifiers;
  int64_t steps, size, length;
};

static bool find_batch(const struct tensor_file *file, const char *name, int rank, const struct tensor_entry **out,
                       struct hrm_error *error) {
  *out = tensor_file_find(file, name);
  if (!*out) return hrm_fail(error, HRM_INPUT, "%s: no tensor '%s'", file->path, name);
  if ((*out)->dtype == STORED_I32 && (*out)->shape.rank == rank) return true;
  return hrm_fail(error, HRM_INPUT, "%s: '%s' must be I32 with %d axes", file->path, name, rank);
}

/* Values lie in 0 … bound-1; `also` is allowed besides. */
static bool tokens_fit(const struct tensor_file *file, const struct tensor_entry *x, int32_t also, int64_t bound,
                       struct hrm_error *error) {
  const int32_t *values = x->data;
  for (int64_t i = 0; i < x->shape.count; i++) {
    if (values[i] == also || (values[i] >= 0 && (!bound || values[i] < bound))) continue;
    return hrm_fail(error, HRM_INPUT, "%s: '%s' holds %d; the model takes values from 0 to %lld", file->path, x->name,
                    values[i], (long long)bound - 1);
  }
  return true;
}

static int64_t bound_of(const struct description *d, enum standard_tensor which) {
  return d->standard[which] < 0 ? 0 : d->tensors[d->standard[which]].bound;
}

static bool has_shape(const struct tensor_file *file, const struct tensor_entry *x, const struct shape *wanted,
                      struct hrm_error *error) {
  char own[SHAPE_TEXT], other[SHAPE_TEXT];
  if (shape_equal(&x->shape, wanted)) return true;
  return hrm_fail(error, HRM_INPUT, "%s: '%s' is %s; the inputs ask for %s", file->path, x->name,
                  shape_text(&x->shape, own), shape_text(wanted, other));
}

static bool sizes_fit(const struct batches *b, const struct description *d, const struct tensor_file *file,
                      struct hrm_error *error) {
  int64_t positions = d->tensors[d->standard[TENSOR_INPUTS]].shape.count;
  if (b->length != positions)
    return hrm_fail(error, HRM_INPUT, "%s: examples have %lld positions; the model has %lld positions", file->path,
                    (long long)b->length, (long long)positions);
  if (b->steps < 1 || b->size < 1) return hrm_fail(error, HRM_INPUT, "%s: there are no examples", file->path);
  return true;
}

static bool batches_open(struct batches *b, const struct description *d, const struct tensor_file *file,
                         struct hrm_error *error) {
  const struct tensor_entry *inputs, *labels, *identifiers;
  if (!find_batch(file, "inputs", 3, &inputs, error) || !find_batch(file, "labels", 3, &labels, error) ||
      !find_batch(file, "puzzle_identifiers", 2, &identifiers, error))
    return false;
  const int64_t *size = inputs->shape.size;
  *b = (struct batches){inputs->data, labels->data, identifiers->data, size[0], size[1], size[2]};
  if (!sizes_fit(b, d, file, error)) return false;
  struct shape one_each = {.rank = 2, .size = {b->steps, b->size}, .count = b->steps * b->size};
  return has_shape(file, labels, &inputs->shape, error) && has_shape(file, identifiers, &one_each, error) &&
         tokens_fit(file, inputs, 0, bound_of(d, TENSOR_INPUTS), error) &&
         tokens_fit(file, labels, DATASET_UNLABELLED, bound_of(d, TENSOR_LABELS), error) &&
         tokens_fit(file, identifiers, 0, bound_of(d, TENSOR_PUZZLE_IDENTIFIERS), error);
}

static void refill(const struct batches *b, int64_t step, struct slots *slots) {
  const struct description *d = slots->description;
  for (int64_t i = 0; i < slots->count; i++) {
    int64_t row = step * b->size + i;
    if (!slots->halted[i]) continue;
    slots_put_tokens(slots, i, b->inputs + row * b->length, b->identifiers[row]);
    memcpy(slots_tensor(slots, d->standard[TENSOR_LABELS], i), b->labels + row * b->length,
           (size_t)b->length * sizeof(int32_t));
  }
}

/* -- what is recorded of a step -- */

/* The published name of a tensor, or NULL where it is not recorded. */
static const char *recorded_name(const struct description *d, int number) {
  bool continues = d->act.kind == ACT_Q_LEARNING, chooses = continues && d->act.max_segments > 1;
  const struct {
    const char *own, *published;
  } names[] = {{"halt", "q_halt_logits"},
               {"continue", continues ? "q_continue_logits" : NULL},
               {"target_continue", chooses ? "target_q_continue" : NULL}};
  static const char *const sums[] = {"lm_loss", "halt_loss", "continue_loss", "correct", "accuracy", "prediction"};
  const struct tensor_info *t = &d->tensors[number];
  if (t->role != SLOT_OUTPUT && t->role != SLOT_STATE) return NULL;
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
    if (!strcmp(t->name, sums[i])) return NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(t->name, names[i].own)) return names[i].published;
  return t->name;
}

static bool record_tensors(struct recording *r, const struct slots *slots, int64_t step, struct hrm_error *error) {
  const struct description *d = slots->description;
  for (int i = 0; i < d->tensor_count; i++) {
    const char *name = recorded_name(d, i);
    struct shape shape = shape_batch(slots->count, &d->tensors[i].shape);
    if (name && !record(r, name_of("step%lld.%s", (long long)step, name), d->tensors[i].dtype, &shape,
                        slots->tensors[i], error))
      return false;
  }
  return true;
}

static double total(const struct slots *slots, enum standard_tensor which, bool halted_alone) {
  const float *values = slots_standard(slots, which);
  double sum = 0;
  for (int64_t i = 0; values && i < slots->count; i++)
    if (!halted_alone || (slots->halted[i] && slots_has_labels(slots, i))) sum += values[i];
  return sum;
}

static bool record_scalar(struct recording *r, char *name, double value, struct hrm_error *error) {
  const struct shape one = shape_vector(1);
  return record(r, name, STORED_F64, &one, &value, error);
}

struct halted_sums {
  double count, halt_right, steps;
};

static struct halted_sums sum_halted(const struct slots *slots) {
  const float *halt = slots_standard(slots, TENSOR_HALT), *correct = slots_standard(slots, TENSOR_CORRECT);
  struct halted_sums s = {0};
  for (int64_t i = 0; i < slots->count; i++) {
    if (!slots->halted[i] || !slots_has_labels(slots, i)) continue;
    s.count++;
    s.halt_right += (halt[i] >= 0) == (correct[i] != 0);
    s.steps += slots->steps[i];
  }
  return s;
}

static bool record_metrics(struct recording *r, const struct slots *slots, int64_t step, struct hrm_error *error) {
  struct halted_sums s = sum_halted(slots);
  double lm = total(slots, TENSOR_LM_LOSS, false), halt = total(slots, TENSOR_HALT_LOSS, false);
  double next = total(slots, TENSOR_CONTINUE_LOSS, false);
  const struct {
    const char *name;
    double value;
  } sums[] = {{"loss", lm + 0.5 * (halt + next)},
              {"metric.count", s.count},
              {"metric.accuracy", total(slots, TENSOR_ACCURACY, true)},
              {"metric.exact_accuracy", total(slots, TENSOR_CORRECT, true)},
              {"metric.q_halt_accuracy", s.halt_right},
              {"metric.steps", s.steps},
              {"metric.lm_loss", lm},
              {"metric.q_halt_loss", halt},
              {"metric.q_continue_loss", next}};
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
    if (!record_scalar(r, name_of("step%lld.%s", (long long)step, sums[i].name), sums[i].value, error)) return false;
  const struct shape slots_shape = shape_vector(slots->count);
  return record(r, name_of("step%lld.halted", (long long)step), STORED_I32, &slots_shape, slots->halted, error) &&
         record(r, name_of("step%lld.steps", (long long)step), STORED_I32, &slots_shape, slots->steps, error);
}

/* -- gradients and weights -- */

static bool record_gradient(struct recording *r, const struct model *model, const struct weight_info *w, double scale,
                            struct hrm_error *error) {
  float *sum = calloc((size_t)w->shape.count + 1, sizeof *sum);
  if (!sum) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (int t = 0; t < model->threads; t++)
    for (int64_t i = 0; i < w->shape.count; i++) sum[i] += model->workers[t].gradients[w->offset + i];
  for (int64_t i = 0; i < w->shape.count; i++) sum[i] = (float)(sum[i] * scale);
  bool done = record(r, name_of("grad.%s", w->path), STORED_F32, &w->shape, sum, error);
  free(sum);
  return done;
}

/* The gradient of the looked-up rows, named after the table's module: "puzzle_emb.weights" -> grad.puzzle_emb.local.
 */
static bool record_rows(struct recording *r, const struct slots *slots, int number, double scale,
                        struct hrm_error *error) {
  const struct description *d = slots->description;
  const char *path = d->weights[d->tensors[d->tensors[number].of].table].path, *dot = strrchr(path, '.');
  struct shape shape = shape_batch(slots->count, &d->tensors[number].shape);
  char *name = name_of("grad.%.*slocal", dot ? (int)(dot - path + 1) : 0, path);
  if (!record(r, name, STORED_F32, &shape, slots->tensors[number], error)) return false;
  float *own = (float *)r->entries[r->count - 1].data;
  for (int64_t i = 0; i < shape.count; i++) own[i] = (float)(own[i] * scale);
  return true;
}

static bool record_gradients(struct recording *r, const struct model *model, const struct slots *slots,
                             struct hrm_error *error) {
  const struct description *d = model->description;
  double scale = 1.0 / (double)slots->count;
  for (int i = 0; i < d->weight_count; i++) {
    const struct weight_info *w = &d->weights[i];
    if (w->trained && !w->sparse && !record_gradient(r, model, w, scale, error)) return false;
  }
  for (int i = 0; i < d->tensor_count; i++)
    if (d->tensors[i].role == SLOT_ROWS_GRAD && !record_rows(r, slots, i, scale, error)) return false;
  return true;
}

static bool record_weights(struct recording *r, const struct model *model, struct hrm_error *error) {
  const struct description *d = model->description;
  for (int i = 0; i < d->weight_count; i++) {
    const struct weight_info *w = &d->weights[i];
    if (!record(r, name_of("final.%s", w->path), STORED_F32, &w->shape, model_weight(model, i), error)) return false;
  }
  return true;
}

/* -- the steps -- */

static bool replay_step(struct model *model, struct optimizer *optimizer, struct slots *slots, int64_t step,
                        struct recording *r, struct hrm_error *error) {
  const struct act_policy *act = &model->description->act;
  struct act_policy unexplored = *act;
  unexplored.exploration = 0;
  slots_begin_segment(slots, slots->count, act->max_segments);
  model_train(model, slots, slots->count);
  act_halt(&unexplored, slots, 0, step + 1);
  bool recorded = record_tensors(r, slots, step, error) && record_metrics(r, slots, step, error) &&
                  (step > 0 || record_gradients(r, model, slots, error));
  return recorded && optimizer_step(optimizer, model, slots, step + 1, 1, error);
}

bool replay(struct model *model, struct optimizer *optimizer, const struct tensor_file *batches,
            struct recording *recording, struct hrm_error *error) {
  struct batches b;
  struct slots slots = {0};
  if (!batches_open(&b, model->description, batches, error) || !slots_new(&slots, model->description, b.size, error))
    return false;
  bool done = true;
  for (int64_t step = 0; done && step < b.steps; step++) {
    refill(&b, step, &slots);
    done = replay_step(model, optimizer, &slots, step, recording, error);
  }
  slots_free(&slots);
  return done && record_weights(recording, model, error);
}

#include "runtime/slots.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/memory.h"
#include "runtime/random.h"

size_t slots_bytes(const struct tensor_info *tensor) {
  return (size_t)tensor->shape.count * stored_dtype_bytes(tensor->dtype);
}

static bool allocate_tensors(struct slots *s, bool traced, struct hrm_error *error) {
  const struct description *d = s->description;
  for (int i = 0; i < d->tensor_count; i++) {
    if ((d->tensors[i].role == SLOT_TRACE) != traced) continue;
    s->tensors[i] = memory_new((size_t)s->count, slots_bytes(&d->tensors[i]), error);
    if (!s->tensors[i]) return false;
  }
  return true;
}

static bool allocate(struct slots *s, struct hrm_error *error) {
  s->tensors = calloc((size_t)s->description->tensor_count + 1, sizeof *s->tensors);
  if (!s->tensors) return hrm_fail(error, HRM_SYSTEM, "out of memory");
  if (!allocate_tensors(s, false, error)) return false;
  s->steps = memory_new((size_t)s->count, sizeof *s->steps, error);
  s->halted = memory_new((size_t)s->count, sizeof *s->halted, error);
  return s->steps && s->halted;
}

bool slots_new(struct slots *s, const struct description *d, int64_t count, struct hrm_error *error) {
  *s = (struct slots){.description = d, .count = count};
  if (!allocate(s, error)) return slots_free(s), false;
  for (int64_t i = 0; i < count; i++) s->halted[i] = 1;
  return true;
}

bool slots_add_trace(struct slots *s, struct hrm_error *error) { return allocate_tensors(s, true, error); }

void slots_free(struct slots *s) {
  for (int i = 0; s->tensors && i < s->description->tensor_count; i++) free(s->tensors[i]);
  free(s->tensors);
  free(s->steps);
  free(s->halted);
  *s = (struct slots){0};
}

void *slots_tensor(const struct slots *s, int number, int64_t slot) {
  if (!s->tensors[number]) return NULL;
  return (char *)s->tensors[number] + (size_t)slot * slots_bytes(&s->description->tensors[number]);
}

void *slots_standard(const struct slots *s, enum standard_tensor which) {
  int number = s->description->standard[which];
  return number < 0 ? NULL : s->tensors[number];
}

static void restart(struct slots *s, int64_t slot, int32_t puzzle_identifier) {
  int32_t *identifiers = slots_standard(s, TENSOR_PUZZLE_IDENTIFIERS);
  if (identifiers) identifiers[slot] = puzzle_identifier;
  s->steps[slot] = 0;
  s->halted[slot] = 0;
}

void slots_put(struct slots *s, int64_t slot, const struct example *example) {
  const struct description *d = s->description;
  dataset_inputs(example->set, example->index, slots_tensor(s, d->standard[TENSOR_INPUTS], slot));
  dataset_labels(example->set, example->index, slots_tensor(s, d->standard[TENSOR_LABELS], slot));
  restart(s, slot, example->puzzle_identifier);
}

void slots_put_tokens(struct slots *s, int64_t slot, const int32_t *inputs, int32_t puzzle_identifier) {
  const struct description *d = s->description;
  int32_t *tokens = slots_tensor(s, d->standard[TENSOR_INPUTS], slot);
  int32_t *labels = slots_tensor(s, d->standard[TENSOR_LABELS], slot);
  for (int64_t i = 0; i < d->tensors[d->standard[TENSOR_INPUTS]].shape.count; i++) tokens[i] = inputs[i];
  for (int64_t i = 0; i < d->tensors[d->standard[TENSOR_LABELS]].shape.count; i++) labels[i] = DATASET_UNLABELLED;
  restart(s, slot, puzzle_identifier);
}

void slots_copy(struct slots *to, int64_t at, const struct slots *from, int64_t first, int64_t count) {
  for (int i = 0; i < to->description->tensor_count; i++) {
    if (!to->tensors[i] || !from->tensors[i]) continue;
    size_t bytes = (size_t)count * slots_bytes(&to->description->tensors[i]);
    memcpy(slots_tensor(to, i, at), slots_tensor(from, i, first), bytes);
  }
  memcpy(to->steps + at, from->steps + first, (size_t)count * sizeof *to->steps);
  memcpy(to->halted + at, from->halted + first, (size_t)count * sizeof *to->halted);
}

void slots_begin_segment(struct slots *s, int64_t count, int64_t max_segments) {
  float *reset = slots_standard(s, TENSOR_RESET), *last = slots_standard(s, TENSOR_LAST);
  for (int64_t i = 0; i < count; i++) {
    if (reset) reset[i] = s->steps[i] == 0;
    s->steps[i]++;
    if (last) last[i] = s->steps[i] >= max_segments;
  }
}

/* Two numbers for each counter. */
static void draw(struct random_stream r, uint64_t first, float *values, int64_t count) {
  for (int64_t i = 0; i < count; i += 2) {
    double pair[2];
    stream_normal_pair(r, first + (uint64_t)i / 2, pair);
    values[i] = (float)pair[0];
    if (i + 1 < count) values[i + 1] = (float)pair[1];
  }
}

void slots_draw_noise(struct slots *s, uint64_t seed, int64_t step) {
  for (int i = 0; i < s->description->tensor_count; i++) {
    const struct tensor_info *t = &s->description->tensors[i];
    if (t->role != SLOT_NOISE) continue;
    struct random_stream r = stream_named(seed, "noise", (uint64_t)i);
    int64_t pairs = (t->shape.count + 1) / 2;
    for (int64_t slot = 0; slot < s->count; slot++)
      draw(r, (uint64_t)((step * s->count + slot) * pairs), slots_tensor(s, i, slot), t->shape.count);
  }
}

bool slots_has_labels(const struct slots *s, int64_t slot) {
  int number = s->description->standard[TENSOR_LABELS];
  const int32_t *labels = slots_tensor(s, number, slot);
  for (int64_t i = 0; i < s->description->tensors[number].shape.count; i++) {
    if (labels[i] != DATASET_UNLABELLED) return true;
  }
  return false;
}

#include "runtime/shape.h"

#include <stdio.h>
#include <string.h>

struct shape shape_vector(int64_t count) {
  return (struct shape){.rank = 1, .size = {count}, .count = count};
}

/* The product of the sizes, zeros left out, must stay countable, so that no order of multiplying can overflow. */
bool shape_from_sizes(struct shape *shape, const int64_t *sizes, size_t rank) {
  if (rank > SHAPE_MAX_RANK) return false;
  *shape = (struct shape){.rank = (int)rank, .count = 1};
  int64_t extent = 1;
  for (size_t i = 0; i < rank; i++) {
    if (sizes[i] < 0 || __builtin_mul_overflow(extent, sizes[i] ? sizes[i] : 1, &extent)) return false;
    if (extent > INT64_MAX / 16) return false;
    shape->size[i] = sizes[i];
    shape->count *= sizes[i];
  }
  return true;
}

bool shape_from_json(struct shape *shape, const json_t *json) {
  int64_t sizes[SHAPE_MAX_RANK];
  size_t rank = json_array_size(json);
  if (!json_is_array(json) || rank > SHAPE_MAX_RANK) return false;
  for (size_t i = 0; i < rank; i++) {
    const json_t *axis = json_array_get(json, i);
    if (!json_is_integer(axis)) return false;
    sizes[i] = json_integer_value(axis);
  }
  return shape_from_sizes(shape, sizes, rank);
}

bool shape_equal(const struct shape *a, const struct shape *b) {
  return a->rank == b->rank && memcmp(a->size, b->size, (size_t)a->rank * sizeof *a->size) == 0;
}

struct shape shape_batch(int64_t count, const struct shape *shape) {
  struct shape batch = {.rank = shape->rank + 1, .size = {count}, .count = count * shape->count};
  memcpy(batch.size + 1, shape->size, (size_t)shape->rank * sizeof *shape->size);
  return batch;
}

const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT]) {
  size_t at = (size_t)snprintf(text, SHAPE_TEXT, "[");
  for (int i = 0; i < shape->rank; i++) {
    at += (size_t)snprintf(text + at, SHAPE_TEXT - at, "%s%lld", i ? ", " : "", (long long)shape->size[i]);
  }
  snprintf(text + at, SHAPE_TEXT - at, "]");
  return text;
}

/* Shapes of tensors. */
#ifndef HRM_SHAPE_H
#define HRM_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { SHAPE_MAX_RANK = 8, SHAPE_TEXT = 24 * SHAPE_MAX_RANK };

struct shape {
  int rank;
  int64_t size[SHAPE_MAX_RANK];
  int64_t count; /* product */
};

struct shape shape_vector(int64_t count);

/* false where a size is negative, there are too many axes, or it is too large to count bytes in an int64. */
bool shape_from_sizes(struct shape *shape, const int64_t *sizes, size_t rank);

/* From a JSON array of sizes; false where it is none, too. */
bool shape_from_json(struct shape *shape, const json_t *json);

bool shape_equal(const struct shape *a, const struct shape *b);

/* The shape with one more axis in front. */
struct shape shape_batch(int64_t count, const struct shape *shape);

/* "[3, 4]"; returns text. */
const char *shape_text(const struct shape *shape, char text[SHAPE_TEXT]);

#endif

/* Where in a JSON text a value stands: Jansson tells it of syntax errors alone. */
#ifndef HRM_DATA_JSON_LINE_H
#define HRM_DATA_JSON_LINE_H

#include <stddef.h>

/* One step from a value to one it holds. */
struct json_step {
  const char *key; /* of an object; NULL: */
  size_t index;    /* of an array */
};

/* The line, from 1 on, where the value at the end of the path begins, or the last value on the path that is there.
 * The text is valid JSON. */
int json_line(const char *text, const struct json_step *path, int steps);

#endif

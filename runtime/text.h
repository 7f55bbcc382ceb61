/* Texts. */
#ifndef HRM_TEXT_H
#define HRM_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool ends_in(const char *text, const char *end) {
  size_t length = strlen(text), wanted = strlen(end);
  return length >= wanted && !strcmp(text + length - wanted, end);
}

/* What ends the noun behind a number. */
static inline const char *plural(int64_t count) { return count == 1 ? "" : "s"; }

#endif

/* Texts. */
#ifndef HRM_TEXT_H
#define HRM_TEXT_H

#include <stdbool.h>
#include <string.h>

static inline bool ends_in(const char *text, const char *end) {
  size_t length = strlen(text), wanted = strlen(end);
  return length >= wanted && !strcmp(text + length - wanted, end);
}

#endif

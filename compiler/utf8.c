#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>

static bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/* What the first byte announces; 0 when no sequence starts with it. */
static int announced_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

/* The second byte excludes overlong forms, surrogates and code points above U+10FFFF. */
static bool second_byte_fits(unsigned char first, unsigned char second) {
  switch (first) {
  case 0xE0: return second >= 0xA0;
  case 0xED: return second < 0xA0;
  case 0xF0: return second >= 0x90;
  case 0xF4: return second < 0x90;
  default: return true;
  }
}

int utf8_sequence(const char *text, size_t available) {
  const unsigned char *bytes = (const unsigned char *)text;
  if (!available) return 0;
  int length = announced_length(bytes[0]);
  if (!length || (size_t)length > available) return 0;
  for (int i = 1; i < length; i++)
    if (!is_continuation(bytes[i])) return 0;
  return length > 1 && !second_byte_fits(bytes[0], bytes[1]) ? 0 : length;
}

int utf8_step(const char *text, size_t available) {
  int length = utf8_sequence(text, available);
  return length ? length : 1;
}

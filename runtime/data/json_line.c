#include "runtime/data/json_line.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/* Pointers into the text stand at the beginning of a value or of what follows one. */

static const char *skip_blanks(const char *at) { return at + strspn(at, " \t\r\n"); }

static const char *skip_string(const char *at) {
  for (at++; *at && *at != '"'; at++)
    if (*at == '\\' && at[1]) at++;
  return *at ? at + 1 : at;
}

static const char *skip_value(const char *at) {
  int depth = 0;
  do {
    at = skip_blanks(at);
    if (*at == '"') {
      at = skip_string(at);
      continue;
    }
    if (*at == '[' || *at == '{') depth++;
    if (*at == ']' || *at == '}') depth--;
    if (depth || strchr("[]{},:", *at)) {
      if (*at) at++;
    } else {
      at += strcspn(at, " \t\r\n,]}");
    }
  } while (*at && depth > 0);
  return at;
}

/* Whether a string of the text, with its quotes and escapes, is this key. */
static bool is_key(const char *begin, const char *end, const char *key) {
  json_t *string = json_loadb(begin, (size_t)(end - begin), JSON_DECODE_ANY, NULL);
  bool same = json_is_string(string) && !strcmp(json_string_value(string), key);
  json_decref(string);
  return same;
}

static const char *find_member(const char *at, const char *key) {
  for (at = skip_blanks(at + 1); *at == '"';) {
    const char *end = skip_string(at), *value = skip_blanks(skip_blanks(end) + (*skip_blanks(end) == ':'));
    if (is_key(at, end, key)) return value;
    at = skip_blanks(skip_value(value));
    if (*at == ',') at = skip_blanks(at + 1);
  }
  return NULL;
}

static const char *find_element(const char *at, size_t index) {
  at = skip_blanks(at + 1);
  for (size_t i = 0; i < index; i++) {
    at = skip_blanks(skip_value(at));
    if (*at != ',') return NULL;
    at = skip_blanks(at + 1);
  }
  return *at == ']' ? NULL : at;
}

int json_line(const char *text, const struct json_step *path, int steps) {
  const char *at = skip_blanks(text);
  for (int i = 0; i < steps; i++) {
    const char *next = NULL;
    if (path[i].key && *at == '{') next = find_member(at, path[i].key);
    if (!path[i].key && *at == '[') next = find_element(at, path[i].index);
    if (!next) break;
    at = next;
  }
  int line = 1;
  for (const char *c = text; c < at; c++) line += *c == '\n';
  return line;
}

#include "runtime/puzzle_text.h"

#include <inttypes.h>
#include <string.h>

static bool fail_key(const char *name, const char *key, const char *what, struct hrm_error *error) {
  return hrm_fail(error, HRM_INPUT, "%s: \"%s\" %s", name, key, what);
}

static bool is_printable(unsigned char c) { return c >= ' ' && c <= '~'; }

static bool read_characters(struct puzzle_text *text, const json_t *value, int64_t vocab_size, const char *name,
                            struct hrm_error *error) {
  const char *characters = json_string_value(value);
  size_t length = json_string_length(value);
  if (!characters) return fail_key(name, "characters", "is not a string", error);
  if (length > sizeof text->characters || (int64_t)length != vocab_size)
    return hrm_fail(error, HRM_INPUT, "%s: \"characters\" has %zu characters; vocab_size is %" PRId64, name, length,
                    vocab_size);
  for (size_t token = 0; token < length; token++) {
    unsigned char c = (unsigned char)characters[token];
    if (!is_printable(c)) return fail_key(name, "characters", "holds a character that is not printable ASCII", error);
    if (text->tokens[c] >= 0) return fail_key(name, "characters", "holds a character twice", error);
    text->characters[token] = c;
    text->tokens[c] = (int16_t)token;
  }
  text->vocab_size = (int32_t)length;
  return true;
}

static bool read_aliases(struct puzzle_text *text, json_t *value, const char *name, struct hrm_error *error) {
  const char *key;
  json_t *target;
  if (value && !json_is_object(value)) return fail_key(name, "aliases", "is not an object", error);
  json_object_foreach(value, key, target) {
    const char *known = json_string_value(target);
    bool single = strlen(key) == 1 && known && json_string_length(target) == 1;
    if (!single) return fail_key(name, "aliases", "has an entry that is not of one character each", error);
    unsigned char from = (unsigned char)key[0], to = (unsigned char)known[0];
    if (!is_printable(from) || text->tokens[from] >= 0 || text->tokens[to] < 0)
      return fail_key(name, "aliases", "must lead from new characters to those of \"characters\"", error);
    text->tokens[from] = text->tokens[to];
  }
  return true;
}

static bool read_grid(struct puzzle_text *text, const json_t *value, int64_t seq_len, const char *name,
                      struct hrm_error *error) {
  text->rows = 1;
  text->columns = seq_len;
  if (!value) return true;
  int64_t rows = json_integer_value(json_array_get(value, 0));
  int64_t columns = json_integer_value(json_array_get(value, 1));
  bool fits = json_array_size(value) == 2 && rows > 0 && columns > 0 && columns <= seq_len && rows <= seq_len &&
              seq_len % columns == 0 && seq_len / columns == rows;
  if (!fits) return fail_key(name, "grid", "is not [rows, columns] with rows * columns = seq_len", error);
  text->rows = rows;
  text->columns = columns;
  return true;
}

bool puzzle_text_from_json(struct puzzle_text *text, const json_t *object, int64_t vocab_size, int64_t seq_len,
                           int64_t pad, const char *name, struct hrm_error *error) {
  *text = (struct puzzle_text){.pad = (int32_t)pad};
  memset(text->tokens, -1, sizeof text->tokens);
  if (!read_grid(text, json_object_get(object, "grid"), seq_len, name, error)) return false;
  const json_t *characters = json_object_get(object, "characters");
  if (!characters) return true;
  return read_characters(text, characters, vocab_size, name, error) &&
         read_aliases(text, json_object_get(object, "aliases"), name, error);
}

static json_t *aliases_to_json(const struct puzzle_text *text) {
  json_t *aliases = json_object();
  for (int c = 0; c < 256; c++) {
    int token = text->tokens[c];
    if (token < 0 || text->characters[token] == c) continue;
    char from[2] = {(char)c, 0}, to[2] = {(char)text->characters[token], 0};
    if (json_object_set_new(aliases, from, json_string(to)) == 0) continue;
    json_decref(aliases);
    return NULL;
  }
  return aliases;
}

bool puzzle_text_to_json(const struct puzzle_text *text, json_t *object, struct hrm_error *error) {
  if (text->vocab_size == 0) return true;
  json_t *grid = json_pack("[I,I]", (json_int_t)text->rows, (json_int_t)text->columns);
  json_t *characters = json_stringn((const char *)text->characters, (size_t)text->vocab_size);
  int failed = json_object_set_new(object, "grid", grid);
  failed |= json_object_set_new(object, "characters", characters);
  failed |= json_object_set_new(object, "aliases", aliases_to_json(text));
  return !failed || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

/* Padding cannot be read, so its character is free to mean nothing where it is a blank. */
static bool is_skipped(const struct puzzle_text *text, unsigned char c) {
  bool blank = c == ' ' || c == '\t';
  return c == '\n' || c == '\r' || (blank && (text->tokens[c] < 0 || text->tokens[c] == text->pad));
}

static bool fail_character(unsigned char c, int64_t place, const struct puzzle_text *text, struct hrm_error *error) {
  char shown[8];
  snprintf(shown, sizeof shown, is_printable(c) ? "'%c'" : "\\x%02x", c);
  return hrm_fail(
      error, HRM_INPUT, "character %s at row %" PRId64 ", column %" PRId64 " of the puzzle is none of \"%.*s\"",
      shown, place / text->columns + 1, place % text->columns + 1, text->vocab_size, (const char *)text->characters);
}

bool puzzle_text_read(const struct puzzle_text *text, const char *bytes, size_t length, int32_t *tokens,
                      struct hrm_error *error) {
  int64_t wanted = text->rows * text->columns, count = 0;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (is_skipped(text, c)) continue;
    int token = text->tokens[c];
    if (token < 0 || token == text->pad) return fail_character(c, count, text, error);
    if (count < wanted) tokens[count] = token;
    count++;
  }
  return count == wanted || hrm_fail(error, HRM_INPUT,
                                     "the puzzle has %" PRId64 " characters; the model reads %" PRId64 " (%" PRId64
                                     " rows of %" PRId64 ")",
                                     count, wanted, text->rows, text->columns);
}

static char character_of(const struct puzzle_text *text, int32_t token) {
  return token >= 0 && token < text->vocab_size ? (char)text->characters[token] : '?';
}

void puzzle_text_print(const struct puzzle_text *text, const int32_t *tokens, bool spaced, FILE *out) {
  for (int64_t row = 0; row < text->rows; row++) {
    for (int64_t column = 0; column < text->columns; column++) {
      if (spaced && column > 0) putc(' ', out);
      putc(character_of(text, tokens[row * text->columns + column]), out);
    }
    putc('\n', out);
  }
}

void puzzle_text_line(const struct puzzle_text *text, const int32_t *tokens, char *line) {
  int64_t count = text->rows * text->columns;
  for (int64_t i = 0; i < count; i++) line[i] = character_of(text, tokens[i]);
  line[count] = 0;
}

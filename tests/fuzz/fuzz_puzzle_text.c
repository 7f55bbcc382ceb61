/* The text form of puzzles: a JSON object, then a puzzle to read by it. */
#include "runtime/puzzle_text.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

enum { LENGTH_LIMIT = 4096 };

static void read_puzzle(const struct puzzle_text *text, struct fuzz_part puzzle) {
  int64_t count = text->rows * text->columns;
  struct hrm_error error;
  int32_t *tokens = calloc((size_t)count, sizeof *tokens);
  char *line = malloc((size_t)count + 1);
  if (puzzle_text_read(text, (const char *)puzzle.bytes, puzzle.length, tokens, &error))
    puzzle_text_line(text, tokens, line);
  json_t *object = json_object();
  puzzle_text_to_json(text, object, &error);
  json_decref(object);
  free(tokens);
  free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct fuzz_part puzzle = {bytes, length}, json = fuzz_cut(&puzzle);
  struct puzzle_text text;
  struct hrm_error error;
  json_t *object = json_loadb((const char *)json.bytes, json.length, JSON_REJECT_DUPLICATES, NULL);
  json_int_t vocabulary = json_integer_value(json_object_get(object, "vocab_size")),
             seq_len = json_integer_value(json_object_get(object, "seq_len"));
  bool sensible = vocabulary > 0 && vocabulary <= INT32_MAX && seq_len > 0 && seq_len <= LENGTH_LIMIT;
  if (sensible && puzzle_text_from_json(&text, object, vocabulary, seq_len, 0, "fuzz", &error) && text.vocab_size)
    read_puzzle(&text, puzzle);
  json_decref(object);
  return 0;
}

/* Puzzles as text: how `solve` reads them and prints them.
 *
 * Three optional keys of dataset.json say it, and whoever saves a model copies them:
 *   "characters": a string of vocab_size bytes, token -> character, all different;
 *   "aliases":    an object of further characters that are read for one of those, {"0": "."};
 *   "grid":       [rows, columns], rows · columns = seq_len. */
#ifndef HRM_PUZZLE_TEXT_H
#define HRM_PUZZLE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/error.h"

struct puzzle_text {
  int32_t vocab_size;            /* 0: the data set has no text form */
  int64_t rows, columns;         /* 1 x seq_len where no grid is given */
  int32_t pad;                   /* this token cannot be read; -1: every token can */
  unsigned char characters[256]; /* by token */
  int16_t tokens[256];           /* by character; -1: not one of this vocabulary */
};

/* Reads the three keys of object; other keys are ignored, and a missing "characters" gives vocab_size 0. pad is the
 * token of padding, or -1. name stands in messages. */
bool puzzle_text_from_json(struct puzzle_text *text, const json_t *object, int64_t vocab_size, int64_t seq_len,
                           int64_t pad, const char *name, struct hrm_error *error);

/* Adds the three keys to object; nothing where there is no text form. */
bool puzzle_text_to_json(const struct puzzle_text *text, json_t *object, struct hrm_error *error);

/* Reads rows · columns tokens from length bytes. Line ends are skipped, and blanks too unless a blank is a character
 * of the vocabulary other than padding. A wrong length or character is an error that says which and where. */
bool puzzle_text_read(const struct puzzle_text *text, const char *bytes, size_t length, int32_t *tokens,
                      struct hrm_error *error);

/* Prints one line a row, characters separated by blanks if spaced. Tokens outside the vocabulary print as '?'. */
void puzzle_text_print(const struct puzzle_text *text, const int32_t *tokens, bool spaced, FILE *out);

/* Writes the rows · columns characters on one line and a final 0 into line, which holds rows · columns + 1 bytes. */
void puzzle_text_line(const struct puzzle_text *text, const int32_t *tokens, char *line);

#endif

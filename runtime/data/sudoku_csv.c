#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/data/sudoku_sets.h"

/* ---- Fields ---- */

static bool fail_cell(const struct csv_place *at, const struct sudoku_shape *shape, const char *column, char c,
                      int position, bool blanks) {
  char shown[8];
  snprintf(shown, sizeof shown, c >= ' ' && c <= '~' ? "'%c'" : "\\x%02x", (unsigned char)c);
  return csv_fail(at, "%s has %s at character %d; digits 1-%d%s are expected", column, shown, position, shape->size,
                  blanks ? ", and . or 0 for a blank," : "");
}

static bool read_board(const struct csv_place *at, const struct sudoku_shape *shape, const char *column,
                       struct csv_field field, bool blanks, uint8_t *board) {
  if (field.length != (size_t)shape->cells)
    return csv_fail(at, "%s has %zu characters; a %dx%d board has %d", column, field.length, shape->size, shape->size,
                    shape->cells);
  for (int i = 0; i < shape->cells; i++) {
    char c = field.text[i];
    bool blank = c == '.' || c == '0';
    if (blank ? !blanks : (c < '1' || c > '0' + shape->size)) return fail_cell(at, shape, column, c, i + 1, blanks);
    board[i] = blank ? 0 : (uint8_t)(c - '0');
  }
  return true;
}

static bool read_rating(const struct csv_place *at, struct csv_field field, int64_t *rating) {
  *rating = 0;
  for (size_t i = 0; i < field.length; i++) {
    char c = field.text[i];
    if (c < '0' || c > '9' || i >= 15)
      return csv_fail(at, "rating \"%.*s\" is not a whole number", field.length < 40 ? (int)field.length : 40,
                      field.text);
    *rating = *rating * 10 + (c - '0');
  }
  return true;
}

/* ---- Lines ---- */

static bool check_solution(const struct csv_place *at, const struct sudoku_shape *shape, const uint8_t *question,
                           const uint8_t *answer, int64_t *guesses) {
  uint8_t solution[SUDOKU_MAX_CELLS];
  int solutions = sudoku_solve(shape, question, 2, NULL, solution, guesses);
  if (solutions == SUDOKU_GAVE_UP)
    return csv_fail(at, "the puzzle is not solved within 100,000 guesses; it has no solution, or too few givens");
  if (solutions == 0) return csv_fail(at, "the puzzle has no solution");
  if (solutions > 1) return csv_fail(at, "the puzzle has several solutions");
  return !memcmp(solution, answer, (size_t)shape->cells) || csv_fail(at, "the answer is not the puzzle's solution");
}

static bool read_boards(const struct csv_place *at, const struct sudoku_shape *shape, const struct csv_puzzle *line,
                        uint8_t *question, uint8_t *answer) {
  return read_board(at, shape, "question", line->question, true, question) &&
         read_board(at, shape, "answer", line->answer, false, answer);
}

/* The rating is the number of guesses where the file gives none. */
bool sudoku_read_line(const void *context, const struct csv_place *at, const struct csv_puzzle *line,
                      uint8_t *question, uint8_t *answer, bool *fits) {
  const struct sudoku_options *options = context;
  const struct sudoku_shape *shape = &options->shape;
  int64_t rating, guesses;
  if (!read_boards(at, shape, line, question, answer) || !read_rating(at, line->rating, &rating) ||
      !check_solution(at, shape, question, answer, &guesses))
    return false;
  *fits = sudoku_is_rated(options, line->rating.length ? rating : guesses);
  return true;
}

bool sudoku_take_line(const void *context, const struct csv_place *at, const struct csv_puzzle *line,
                      uint8_t *question, uint8_t *answer) {
  const struct sudoku_options *options = context;
  struct draws draws = {.stream = stream_named(options->set.output.seed, "sudoku givens", (uint64_t)at->line)};
  if (!read_boards(at, &options->shape, line, question, answer)) return false;
  int givens = sudoku_draw_givens(options, &draws);
  sudoku_give_more(&options->shape, givens, &draws, question, answer);
  return true;
}

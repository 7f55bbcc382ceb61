#include <string.h>

#include "runtime/data/sudoku.h"

struct sudoku_shape sudoku_shape(int box_rows, int box_columns) {
  int size = box_rows * box_columns;
  return (struct sudoku_shape){box_rows, box_columns, size, size * size};
}

int sudoku_fewest_givens(const struct sudoku_shape *shape) {
  static const int fewest[SUDOKU_MAX_SIZE + 1] = {[4] = 4, [6] = 8, [8] = 14, [9] = 17};
  return fewest[shape->size];
}

int sudoku_count_givens(const struct sudoku_shape *shape, const uint8_t *board) {
  int count = 0;
  for (int i = 0; i < shape->cells; i++) count += board[i] != 0;
  return count;
}

/* ---- Taking givens away ---- */

/* The digits of each row, column and box, as bits. */
struct present {
  uint16_t row[SUDOKU_MAX_SIZE], column[SUDOKU_MAX_SIZE], box[SUDOKU_MAX_SIZE];
};

static int box_of(const struct sudoku_shape *shape, int row, int column) {
  return row / shape->box_rows * shape->box_rows + column / shape->box_columns;
}

static void find_present(const struct sudoku_shape *shape, const uint8_t *board, struct present *present) {
  *present = (struct present){0};
  for (int row = 0; row < shape->size; row++)
    for (int column = 0; column < shape->size; column++) {
      uint16_t bit = (uint16_t)(1u << board[row * shape->size + column]);
      present->row[row] |= bit;
      present->column[column] |= bit;
      present->box[box_of(shape, row, column)] |= bit;
    }
}

static unsigned seen_at(const struct sudoku_shape *shape, const struct present *present, int row, int column) {
  return present->row[row] | present->column[column] | present->box[box_of(shape, row, column)];
}

/* Whether a digit has no other place among the blanks of a rectangle than one of its cells. */
static bool is_only_place(const struct sudoku_shape *shape, const uint8_t *board, const struct present *present,
                          int top, int left, int height, int width, int digit) {
  int places = 0;
  for (int row = top; row < top + height; row++)
    for (int column = left; column < left + width; column++)
      places += !board[row * shape->size + column] && !(seen_at(shape, present, row, column) >> digit & 1);
  return places == 1;
}

/* Whether the other givens leave a blank cell this digit at first sight; saves most searches. */
static bool is_evident(const struct sudoku_shape *shape, const uint8_t *board, int cell, int digit) {
  struct present present;
  int size = shape->size, row = cell / size, column = cell % size;
  int top = row - row % shape->box_rows, left = column - column % shape->box_columns;
  find_present(shape, board, &present);
  unsigned all = (2u << size) - 2, seen = seen_at(shape, &present, row, column);
  return (seen | 1u << digit) >> 1 == all >> 1 || is_only_place(shape, board, &present, row, 0, 1, size, digit) ||
         is_only_place(shape, board, &present, 0, column, size, 1, digit) ||
         is_only_place(shape, board, &present, top, left, shape->box_rows, shape->box_columns, digit);
}

/* ---- Two digits that could change places ----
 *
 * Rows are tied for two digits where one stands in the column or the box in which the other stands in the other row.
 * Exchanging the two on all rows that are tied together makes another full board, so that one of their cells there
 * must be given. */

struct exchanges {
  uint8_t tie[SUDOKU_MAX_SIZE][SUDOKU_MAX_SIZE][SUDOKU_MAX_SIZE]; /* of digits a, b and a row: the first tied row */
  uint8_t givens[SUDOKU_MAX_SIZE][SUDOKU_MAX_SIZE][SUDOKU_MAX_SIZE]; /* of a, b and that row: cells that are given */
};

/* Of each digit, from 0 on: its row in each column and in each box. */
struct rows {
  uint8_t in_column[SUDOKU_MAX_SIZE][SUDOKU_MAX_SIZE], in_box[SUDOKU_MAX_SIZE][SUDOKU_MAX_SIZE];
};

static void find_rows(const struct sudoku_shape *shape, const uint8_t *answer, struct rows *rows) {
  for (int i = 0; i < shape->cells; i++) {
    int row = i / shape->size, column = i % shape->size, digit = answer[i] - 1;
    rows->in_column[digit][column] = rows->in_box[digit][box_of(shape, row, column)] = (uint8_t)row;
  }
}

static void tie(int size, uint8_t *ties, int row, int other) {
  uint8_t first = ties[row] < ties[other] ? ties[row] : ties[other], last = ties[row] ^ ties[other] ^ first;
  for (int r = 0; first != last && r < size; r++)
    if (ties[r] == last) ties[r] = first;
}

static void find_exchanges(const struct sudoku_shape *shape, const uint8_t *answer, struct exchanges *exchanges) {
  struct rows rows;
  int size = shape->size;
  *exchanges = (struct exchanges){0};
  find_rows(shape, answer, &rows);
  for (int a = 0; a < size; a++)
    for (int b = 0; b < a; b++) {
      uint8_t *ties = exchanges->tie[a][b];
      for (int r = 0; r < size; r++) ties[r] = (uint8_t)r;
      for (int i = 0; i < size; i++) {
        tie(size, ties, rows.in_column[a][i], rows.in_column[b][i]);
        tie(size, ties, rows.in_box[a][i], rows.in_box[b][i]);
      }
      for (int r = 0; r < size; r++) exchanges->givens[a][b][ties[r]] += 2;
    }
}

/* The number of givens that keep this digit of a row from changing places with another. */
static uint8_t *keepers(struct exchanges *exchanges, int row, int digit, int other) {
  int a = digit > other ? digit : other, b = digit > other ? other : digit;
  return &exchanges->givens[a][b][exchanges->tie[a][b][row]];
}

/* Whether a given, here of a digit from 0 on, is the last that keeps it in place. */
static bool is_last_keeper(int size, struct exchanges *exchanges, int row, int digit) {
  for (int other = 0; other < size; other++)
    if (other != digit && *keepers(exchanges, row, digit, other) == 1) return true;
  return false;
}

static void give_up_keeper(int size, struct exchanges *exchanges, int row, int digit) {
  for (int other = 0; other < size; other++)
    if (other != digit) --*keepers(exchanges, row, digit, other);
}

/* ---- From a full board to a puzzle ---- */

static int take_away(const struct sudoku_shape *shape, int givens, struct draws *draws, uint8_t *question) {
  int order[SUDOKU_MAX_CELLS], left = shape->cells;
  struct exchanges exchanges;
  find_exchanges(shape, question, &exchanges);
  draw_order(draws, shape->cells, order);
  for (int i = 0; i < shape->cells && left > givens; i++) {
    int cell = order[i], row = cell / shape->size;
    uint8_t digit = question[cell];
    if (is_last_keeper(shape->size, &exchanges, row, digit - 1)) continue;
    question[cell] = 0;
    if (!is_evident(shape, question, cell, digit) && sudoku_solvable_without(shape, question, cell, digit)) {
      question[cell] = digit;
    } else {
      give_up_keeper(shape->size, &exchanges, row, digit - 1);
      left--;
    }
  }
  return left;
}

int sudoku_generate(const struct sudoku_shape *shape, int givens, int tries, struct draws *draws, uint8_t *question,
                    uint8_t *answer) {
  static const uint8_t blank[SUDOKU_MAX_CELLS];
  for (int try = 1; try <= tries; try++) {
    sudoku_solve(shape, blank, 1, draws, answer, NULL);
    memcpy(question, answer, (size_t)shape->cells);
    int left = take_away(shape, givens, draws, question);
    if (givens == 0 || left == givens) return try;
  }
  return 0;
}

void sudoku_give_more(const struct sudoku_shape *shape, int givens, struct draws *draws, uint8_t *question,
                      const uint8_t *answer) {
  int order[SUDOKU_MAX_CELLS], have = sudoku_count_givens(shape, question);
  draw_order(draws, shape->cells, order);
  for (int i = 0; i < shape->cells && have < givens; i++) {
    if (question[order[i]]) continue;
    question[order[i]] = answer[order[i]];
    have++;
  }
}

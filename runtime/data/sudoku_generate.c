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

int draw_below(struct draws *draws, int bound) {
  if (draws->spent == 0 || draws->spent > UINT32_MAX / (uint64_t)bound) {
    draws->fraction = stream_bits(draws->stream, draws->next++);
    draws->spent = 1;
  }
  draws->spent *= (uint64_t)bound;
  unsigned __int128 product = (unsigned __int128)draws->fraction * (unsigned)bound;
  draws->fraction = (uint64_t)product;
  return (int)(product >> 64);
}

void draw_order(struct draws *draws, int count, int *order) {
  for (int i = 0; i < count; i++) {
    int j = draw_below(draws, i + 1);
    order[i] = order[j];
    order[j] = i;
  }
}

static int take_away(const struct sudoku_shape *shape, int givens, struct draws *draws, uint8_t *question) {
  int order[SUDOKU_MAX_CELLS], left = shape->cells;
  draw_order(draws, shape->cells, order);
  for (int i = 0; i < shape->cells && left > givens; i++) {
    int cell = order[i];
    uint8_t digit = question[cell];
    question[cell] = 0;
    if (sudoku_solvable_without(shape, question, cell, digit))
      question[cell] = digit;
    else
      left--;
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

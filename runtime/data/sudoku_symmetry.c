#include <string.h>

#include "runtime/data/sudoku.h"
#include "runtime/hash.h"

/* ---- Drawing and applying ---- */

/* lines[i]: which line of the original stands at i, groups of lines and lines within them permuted. */
static inline void draw_lines(struct draws *draws, int groups, int group_size, int *lines) {
  int group_order[SUDOKU_MAX_SIZE], order[SUDOKU_MAX_SIZE];
  draw_order(draws, groups, group_order);
  for (int g = 0; g < groups; g++) {
    draw_order(draws, group_size, order);
    for (int i = 0; i < group_size; i++) lines[g * group_size + i] = group_order[g] * group_size + order[i];
  }
}

void sudoku_draw_symmetry(const struct sudoku_shape *shape, struct draws *draws, struct sudoku_symmetry *symmetry) {
  int rows[SUDOKU_MAX_SIZE], columns[SUDOKU_MAX_SIZE], digits[SUDOKU_MAX_SIZE], size = shape->size;
  bool transposed = shape->box_rows == shape->box_columns && draw_below(draws, 2);
  draw_lines(draws, shape->box_columns, shape->box_rows, rows);
  draw_lines(draws, shape->box_rows, shape->box_columns, columns);
  draw_order(draws, size, digits);
  for (int r = 0; r < size; r++)
    for (int c = 0; c < size; c++) {
      int source = transposed ? columns[c] * size + rows[r] : rows[r] * size + columns[c];
      symmetry->source[r * size + c] = (uint8_t)source;
    }
  symmetry->digits[0] = 0;
  for (int d = 0; d < size; d++) symmetry->digits[d + 1] = (uint8_t)(digits[d] + 1);
}

void sudoku_identity(const struct sudoku_shape *shape, struct sudoku_symmetry *symmetry) {
  for (int i = 0; i < shape->cells; i++) symmetry->source[i] = (uint8_t)i;
  for (int d = 0; d <= shape->size; d++) symmetry->digits[d] = (uint8_t)d;
}

void sudoku_apply(const struct sudoku_shape *shape, const struct sudoku_symmetry *restrict symmetry,
                  const uint8_t *restrict board, uint8_t *restrict result) {
  for (int i = 0; i < shape->cells; i++) result[i] = symmetry->digits[board[symmetry->source[i]]];
}

/* ---- The class: colours of cells, refined by the colours of the cells they share a row, column, box or digit with
 * (Weisfeiler and Leman); the sum of the final colours.  Whatever the symmetries permute enters by sums alone, and
 * where boxes are square rows and columns enter alike. ---- */

enum side { ROW_SIDE = 1, COLUMN_SIDE = 2 };

static uint64_t salted(uint64_t x, enum side side, bool alike) {
  return hash_spread(x + (alike ? 3 : (uint64_t)side));
}

/* Lines i and j of the answer, stride apart their cells: j after i is a permutation of the digits; its cycles. */
static uint64_t cycles(const uint8_t *i, const uint8_t *j, int stride, int size) {
  int next[SUDOKU_MAX_SIZE + 1];
  uint64_t sum = 0;
  unsigned seen = 0;
  for (int k = 0; k < size; k++) next[i[k * stride]] = j[k * stride];
  for (int first = 1; first <= size; first++) {
    int length = 0;
    for (int d = first; !(seen >> d & 1); d = next[d], length++) seen |= 1u << d;
    sum += length ? hash_spread((uint64_t)length) : 0;
  }
  return sum;
}

/* Of each row (or column): the cycles with all others, those of its own band (or stack) apart. */
static void colour_lines(const uint8_t *answer, int size, int group, int step, int stride, uint64_t *colours) {
  memset(colours, 0, (size_t)size * sizeof *colours);
  for (int i = 0; i < size; i++)
    for (int j = 0; j < i; j++) {
      uint64_t colour =
          hash_spread(cycles(answer + i * step, answer + j * step, stride, size) + (i / group == j / group));
      colours[i] += colour;
      colours[j] += colour;
    }
}

struct colours {
  uint64_t cell[SUDOKU_MAX_CELLS];
};

static int box_of(const struct sudoku_shape *shape, int row, int column) {
  return row / shape->box_rows * shape->box_rows + column / shape->box_columns;
}

static void first_colours(const struct sudoku_shape *shape, const uint8_t *question, const uint8_t *answer,
                          struct colours *colours) {
  int size = shape->size;
  bool alike = shape->box_rows == shape->box_columns, by_givens = size < SUDOKU_MAX_SIZE;
  uint64_t rows[SUDOKU_MAX_SIZE], columns[SUDOKU_MAX_SIZE];
  colour_lines(answer, size, shape->box_rows, size, 1, rows);
  colour_lines(answer, size, shape->box_columns, 1, size, columns);
  for (int i = 0; i < shape->cells; i++)
    colours->cell[i] = salted(rows[i / size], ROW_SIDE, alike) + salted(columns[i % size], COLUMN_SIDE, alike) +
                       (by_givens && question[i]);
}

static void refine(const struct sudoku_shape *shape, const uint8_t *answer, struct colours *colours) {
  int size = shape->size;
  bool alike = shape->box_rows == shape->box_columns;
  uint64_t rows[SUDOKU_MAX_SIZE] = {0}, columns[SUDOKU_MAX_SIZE] = {0}, boxes[SUDOKU_MAX_SIZE] = {0};
  uint64_t digits[SUDOKU_MAX_SIZE + 1] = {0};
  for (int i = 0; i < shape->cells; i++) {
    uint64_t colour = hash_spread(colours->cell[i]);
    rows[i / size] += colour;
    columns[i % size] += colour;
    boxes[box_of(shape, i / size, i % size)] += colour;
    digits[answer[i]] += colour;
  }
  for (int i = 0; i < shape->cells; i++)
    colours->cell[i] = hash_spread(colours->cell[i]) + salted(rows[i / size], ROW_SIDE, alike) +
                       salted(columns[i % size], COLUMN_SIDE, alike) +
                       hash_spread(boxes[box_of(shape, i / size, i % size)] + 4) + hash_spread(digits[answer[i]] + 5);
}

uint64_t sudoku_class(const struct sudoku_shape *shape, const uint8_t *question, const uint8_t *answer) {
  struct colours colours;
  uint64_t sum = 0;
  first_colours(shape, question, answer, &colours);
  for (int round = 0; round < 3; round++) refine(shape, answer, &colours);
  for (int i = 0; i < shape->cells; i++) sum += hash_spread(colours.cell[i]);
  return hash_spread(sum);
}

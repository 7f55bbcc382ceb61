/* The solver, in the manner of T. Dillon's tdoku: it reasons about where a digit can stand in a whole band.
 *
 * Cut a band of R rows into its R boxes: a digit stands once in each box and once in each row, so that which row it
 * has in which box is one of R! permutations, its configuration.  Those that remain possible are the state, beside
 * the candidates of the cells; stacks, with their columns, likewise.  A mini-row, three cells of a 9x9 board, is a
 * row of a box.  Inference, to a fixed point:
 *   - a configuration needs a candidate in each of its mini-rows; a candidate needs a configuration through its
 * mini-row;
 *   - a mini-row that only as many digits as it has cells may enter needs all of them;
 *   - a mini-row that so many digits must enter takes no other;
 *   - a digit with one place in a row keeps the others out of that cell; a cell with one candidate takes it.
 * A guess takes the first configuration of a digit in the band with the fewest left.
 *
 * The digits are the lanes of vectors, so that one operation serves all of them. */
#include <string.h>

#include "runtime/data/sudoku.h"

enum { LANES = 8, HALVES = 2, MAX_BOX = 4, MAX_CONFIGURATIONS = 24, COUNT_BITS = 4 };
typedef uint16_t lanes __attribute__((vector_size(LANES * sizeof(uint16_t))));

enum direction { BANDS, STACKS, DIRECTIONS };

/* Half h has the digits h · LANES + 1 …; lanes without a digit stay 0. */
struct half {
  lanes row[SUDOKU_MAX_SIZE];                          /* the columns where the digit may stand, as bits */
  lanes configuration[DIRECTIONS][MAX_CONFIGURATIONS]; /* of band b bit b, of stack s bit s · columns of a box */
};

struct board {
  struct half half[HALVES];
};

/* Permutations of the lines of a box. The order of those of three is that of tdoku, on which its ratings depend. */
static const struct permutations {
  int count;
  uint8_t line[MAX_CONFIGURATIONS][MAX_BOX];
} permutations[MAX_BOX + 1] = {
    [2] = {2, {{0, 1}, {1, 0}}},
    [3] = {6, {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}}},
    [4] = {24, {{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1},
                {1, 0, 2, 3}, {1, 0, 3, 2}, {1, 2, 0, 3}, {1, 2, 3, 0}, {1, 3, 0, 2}, {1, 3, 2, 0},
                {2, 0, 1, 3}, {2, 0, 3, 1}, {2, 1, 0, 3}, {2, 1, 3, 0}, {2, 3, 0, 1}, {2, 3, 1, 0},
                {3, 0, 1, 2}, {3, 0, 2, 1}, {3, 1, 0, 2}, {3, 1, 2, 0}, {3, 2, 0, 1}, {3, 2, 1, 0}}},
};

struct search {
  const struct sudoku_shape *shape;
  int halves;         /* that have digits */
  lanes used[HALVES]; /* all bits in the lanes of digits */
  uint16_t columns;   /* all columns of the shape */
  uint16_t firsts;    /* the first column of each stack */
  int limit, found;
  int64_t guesses, most_guesses;
  struct draws *random;
  uint8_t *solution;
};

/* ---- Vectors ---- */

#define IS_ZERO(x) ((lanes)((x) == 0))
#define KEEP_SINGLE_BIT(x) ((x)&IS_ZERO((x) & ((x)-1)))

static bool any(lanes x) {
  uint64_t words[2];
  memcpy(words, &x, sizeof words);
  return words[0] | words[1];
}

/* Binary digits of the number of lanes that have a bit, for each bit. */
struct counts {
  uint16_t digit[COUNT_BITS];
};

/* Adds the two halves of words of `width` bits whose lowest `digits` binary digits count. */
static inline void fold(uint64_t *digit, int digits, int width) {
  uint64_t carry = 0;
  for (int i = 0; i < digits; i++) {
    uint64_t a = digit[i], b = digit[i] >> width, sum = a ^ b ^ carry;
    carry = (a & b) | (carry & (a ^ b));
    digit[i] = sum;
  }
  digit[digits] = carry;
}

static inline struct counts count_lanes(lanes low, lanes high) {
  uint64_t a[2], b[2], digit[COUNT_BITS];
  memcpy(a, &low, sizeof a);
  memcpy(b, &high, sizeof b);
  digit[0] = a[0] ^ a[1] ^ b[0];
  digit[1] = (a[0] & a[1]) | (b[0] & (a[0] ^ a[1]));
  fold(digit, 2, 32);
  fold(digit, 3, 16);
  return (struct counts){{(uint16_t)digit[0], (uint16_t)digit[1], (uint16_t)digit[2], (uint16_t)digit[3]}};
}

static inline uint16_t bits_equal(const struct counts *counts, int number) {
  uint16_t equal = UINT16_MAX;
  for (int i = 0; i < COUNT_BITS; i++) equal &= number >> i & 1 ? counts->digit[i] : (uint16_t)~counts->digit[i];
  return equal;
}

static inline uint16_t bits_below(const struct counts *counts, int number) {
  uint16_t below = 0;
  for (int i = 0; i < number; i++) below |= bits_equal(counts, i);
  return below;
}

/* ---- Configurations against candidates, digit by digit ---- */

/* The boxes in which each row of the board has candidates, as bits at the first columns of the stacks. */
static inline void find_mini_rows(const struct half *board, lanes *mini_rows, int size, int width, uint16_t firsts) {
  for (int r = 0; r < size; r++) {
    lanes x = board->row[r];
    for (int i = 1; i < width; i++) x |= board->row[r] >> i;
    mini_rows[r] = x & firsts;
  }
}

/* Leaves the configurations that have candidates and the candidates that have configurations. */
static inline void agree_in_bands(struct half *board, int rows, int columns, uint16_t firsts) {
  const struct permutations *p = &permutations[rows];
  lanes mini_rows[SUDOKU_MAX_SIZE], allowed[SUDOKU_MAX_SIZE] = {0};
  find_mini_rows(board, mini_rows, rows * columns, columns, firsts);
  for (int k = 0; k < p->count; k++) {
    lanes *configuration = &board->configuration[BANDS][k];
    for (int band = 0; band < columns; band++) {
      lanes possible = *configuration >> band & 1;
      for (int box = 0; box < rows; box++) possible &= mini_rows[band * rows + p->line[k][box]] >> (box * columns);
      for (int box = 0; box < rows; box++) allowed[band * rows + p->line[k][box]] |= possible << (box * columns);
      *configuration &= ~((possible ^ 1) << band);
    }
  }
  for (int r = 0; r < rows * columns; r++) board->row[r] &= allowed[r] * (uint16_t)((1 << columns) - 1);
}

/* The columns in which each band has candidates. */
static inline void find_mini_columns(const struct half *board, lanes *mini_columns, int rows, int columns) {
  for (int band = 0; band < columns; band++) {
    mini_columns[band] = board->row[band * rows];
    for (int i = 1; i < rows; i++) mini_columns[band] |= board->row[band * rows + i];
  }
}

static inline void agree_in_stacks(struct half *board, int rows, int columns, uint16_t firsts) {
  const struct permutations *p = &permutations[columns];
  lanes mini_columns[SUDOKU_MAX_SIZE], allowed[SUDOKU_MAX_SIZE] = {0};
  find_mini_columns(board, mini_columns, rows, columns);
  for (int k = 0; k < p->count; k++) {
    lanes possible = board->configuration[STACKS][k] & firsts;
    for (int band = 0; band < columns; band++) possible &= mini_columns[band] >> p->line[k][band];
    for (int band = 0; band < columns; band++) allowed[band] |= possible << p->line[k][band];
    board->configuration[STACKS][k] = possible;
  }
  for (int r = 0; r < rows * columns; r++) board->row[r] &= allowed[r / rows];
}

/* ---- Mini-rows and mini-columns against the number of their cells ---- */

/* Of the mini-rows of one row: those that just enough digits may enter get all of these (they leave the rest of the
 * row and of the box); those that just enough must enter get no other. */
static bool fill_mini_rows(const struct search *search, struct board *board,
                           const lanes mini_rows[HALVES][SUDOKU_MAX_SIZE], int row) {
  const struct sudoku_shape *shape = search->shape;
  int rows = shape->box_rows, columns = shape->box_columns, top = row - row % rows;
  lanes others[HALVES] = {{0}}, must[HALVES];
  for (int h = 0; h < HALVES; h++) {
    for (int r = top; r < top + rows; r++)
      if (r != row) others[h] |= mini_rows[h][r];
    must[h] = mini_rows[h][row] & ~others[h];
  }
  struct counts able = count_lanes(mini_rows[0][row], mini_rows[1][row]), bound = count_lanes(must[0], must[1]);
  if (bits_below(&able, columns) & search->firsts) return false;
  uint16_t full = bits_equal(&able, columns) & search->firsts, taken = bits_equal(&bound, columns) & search->firsts;
  uint16_t box = (uint16_t)((1 << columns) - 1);
  if (!(full | taken)) return true;
  for (int h = 0; h < search->halves; h++) {
    lanes entering = mini_rows[h][row] & full;
    for (int r = top; r < top + rows; r++)
      if (r != row) board->half[h].row[r] &= ~(entering * box);
    board->half[h].row[row] &= ~((mini_rows[h][row] & taken & ~must[h]) * box);
  }
  return true;
}

/* Of each bit the other columns of its stack. */
static inline lanes beside(const struct search *search, lanes x) {
  int columns = search->shape->box_columns;
  lanes others = {0};
  for (int i = 1; i < columns; i++) {
    uint16_t low = (uint16_t)(search->firsts * ((1 << (columns - i)) - 1));
    others |= (x >> i & low) | (x << i & (uint16_t)(low << i));
  }
  return others;
}

/* The same for the mini-columns of one band. */
static bool fill_mini_columns(const struct search *search, struct board *board,
                              const lanes mini_columns[HALVES][SUDOKU_MAX_SIZE], int band) {
  int rows = search->shape->box_rows;
  lanes must[HALVES];
  for (int h = 0; h < HALVES; h++) must[h] = mini_columns[h][band] & ~beside(search, mini_columns[h][band]);
  struct counts able = count_lanes(mini_columns[0][band], mini_columns[1][band]);
  struct counts bound = count_lanes(must[0], must[1]);
  if (bits_below(&able, rows) & search->columns) return false;
  uint16_t full = bits_equal(&able, rows) & search->columns, taken = bits_equal(&bound, rows) & search->columns;
  if (!(full | taken)) return true;
  for (int h = 0; h < search->halves; h++) {
    lanes x = mini_columns[h][band], leaving = beside(search, x & full) | (x & taken & ~must[h]);
    for (int r = band * rows; r < (band + 1) * rows; r++) board->half[h].row[r] &= ~leaving;
  }
  return true;
}

static bool fill_boxes(const struct search *search, struct board *board) {
  const struct sudoku_shape *shape = search->shape;
  lanes mini_rows[HALVES][SUDOKU_MAX_SIZE] = {{{0}}}, mini_columns[HALVES][SUDOKU_MAX_SIZE] = {{{0}}};
  for (int h = 0; h < search->halves; h++) {
    find_mini_rows(&board->half[h], mini_rows[h], shape->size, shape->box_columns, search->firsts);
    find_mini_columns(&board->half[h], mini_columns[h], shape->box_rows, shape->box_columns);
  }
  for (int r = 0; r < shape->size; r++)
    if (!fill_mini_rows(search, board, mini_rows, r)) return false;
  for (int band = 0; band < shape->box_columns; band++)
    if (!fill_mini_columns(search, board, mini_columns, band)) return false;
  return true;
}

/* ---- Cells ---- */

/* A digit with one place in a row keeps the others out of that cell; a cell with one candidate takes it.  false where
 * a cell has no candidate, or two digits have no other place. */
static bool fill_cells(const struct search *search, struct board *board) {
  for (int r = 0; r < search->shape->size; r++) {
    lanes single[HALVES];
    for (int h = 0; h < HALVES; h++) single[h] = KEEP_SINGLE_BIT(board->half[h].row[r]);
    struct counts placed = count_lanes(single[0], single[1]);
    uint16_t none = bits_equal(&placed, 0), taken = bits_equal(&placed, 1);
    if ((none | taken) != UINT16_MAX) return false;
    for (int h = 0; h < HALVES; h++) board->half[h].row[r] &= single[h] | none;
    struct counts able = count_lanes(board->half[0].row[r], board->half[1].row[r]);
    if (bits_equal(&able, 0) & search->columns) return false;
    uint16_t one = bits_equal(&able, 1);
    for (int h = 0; h < HALVES; h++) {
      lanes last = board->half[h].row[r] & one;
      board->half[h].row[r] &= last | IS_ZERO(last);
    }
  }
  return true;
}

/* ---- Inference ---- */

/* The shape of most boards is known to the compiler. */
static void agree(const struct search *search, struct half *board) {
  const struct sudoku_shape *shape = search->shape;
  if (shape->box_rows == 3 && shape->box_columns == 3) {
    agree_in_bands(board, 3, 3, 0111);
    agree_in_stacks(board, 3, 3, 0111);
  } else {
    agree_in_bands(board, shape->box_rows, shape->box_columns, search->firsts);
    agree_in_stacks(board, shape->box_rows, shape->box_columns, search->firsts);
  }
}

/* Every digit has a place in every row. */
static bool is_possible(const struct search *search, const struct board *board) {
  lanes empty = {0};
  for (int h = 0; h < search->halves; h++)
    for (int r = 0; r < search->shape->size; r++) empty |= IS_ZERO(board->half[h].row[r]) & search->used[h];
  return !any(empty);
}

static bool has_changed(const struct search *search, const struct board *board, const struct board *before) {
  lanes difference = {0};
  for (int h = 0; h < search->halves; h++)
    for (int r = 0; r < search->shape->size; r++) difference |= board->half[h].row[r] ^ before->half[h].row[r];
  return any(difference);
}

static void remember(const struct search *search, const struct board *board, struct board *before) {
  for (int h = 0; h < search->halves; h++)
    memcpy(before->half[h].row, board->half[h].row, sizeof before->half[h].row);
}

/* The rule of the boxes costs most and finds least, so it waits until the others find no more. */
static bool propagate(const struct search *search, struct board *board) {
  struct board before;
  do {
    do {
      remember(search, board, &before);
      for (int h = 0; h < search->halves; h++) agree(search, &board->half[h]);
      if (!is_possible(search, board) || !fill_cells(search, board)) return false;
    } while (has_changed(search, board, &before));
    if (!fill_boxes(search, board)) return false;
  } while (has_changed(search, board, &before));
  return true;
}

/* ---- Guessing ---- */

struct guess {
  enum direction direction;
  int bit;   /* of the band or stack */
  int digit; /* from 0 on */
};

static unsigned is_open(const struct board *board, const struct guess *guess, int k) {
  const struct half *half = &board->half[guess->digit / LANES];
  return half->configuration[guess->direction][k][guess->digit % LANES] >> guess->bit & 1u;
}

static int count_open(const struct board *board, const struct guess *guess, int permutations_of) {
  int count = 0;
  for (int k = 0; k < permutations[permutations_of].count; k++) count += (int)is_open(board, guess, k);
  return count;
}

/* Of one band or stack: the number of configurations of all digits, and the digit with the fewest, above one. */
static int survey(const struct search *search, const struct board *board, struct guess *guess) {
  const struct sudoku_shape *shape = search->shape;
  int lines = guess->direction == BANDS ? shape->box_rows : shape->box_columns, total = 0, fewest = INT16_MAX;
  struct guess at = *guess;
  for (at.digit = 0; at.digit < shape->size; at.digit++) {
    int count = count_open(board, &at, lines);
    total += count;
    if (count < 2 || count >= fewest) continue;
    fewest = count;
    guess->digit = at.digit;
  }
  return total;
}

/* false where nothing is left to be guessed: the board is solved. */
static bool choose(const struct search *search, const struct board *board, struct guess *best) {
  const struct sudoku_shape *shape = search->shape;
  int fewest = INT16_MAX;
  for (int i = 0; i < shape->box_columns + shape->box_rows; i++) {
    bool stack = i >= shape->box_columns;
    struct guess guess = {.direction = stack ? STACKS : BANDS,
                          .bit = stack ? (i - shape->box_columns) * shape->box_columns : i};
    int total = survey(search, board, &guess);
    if (total <= shape->size || total >= fewest) continue;
    fewest = total;
    *best = guess;
  }
  return fewest < INT16_MAX;
}

static lanes *configuration_of(struct board *board, const struct guess *guess, int k) {
  return &board->half[guess->digit / LANES].configuration[guess->direction][k];
}

static void close_configuration(struct board *board, const struct guess *guess, int k) {
  (*configuration_of(board, guess, k))[guess->digit % LANES] &= (uint16_t) ~(1u << guess->bit);
}

static int pick(const struct search *search, const struct board *board, const struct guess *guess, int lines) {
  int skip = search->random ? draw_below(search->random, count_open(board, guess, lines)) : 0;
  for (int k = 0;; k++)
    if (is_open(board, guess, k) && skip-- == 0) return k;
}

static void write_solution(const struct search *search, const struct board *board) {
  int size = search->shape->size;
  for (int row = 0; row < size; row++)
    for (int d = 0; d < size; d++) {
      int column = __builtin_ctz(board->half[d / LANES].row[row][d % LANES]);
      search->solution[row * size + column] = (uint8_t)(d + 1);
    }
}

/* Explores a board that is at its fixed point. */
static void explore(struct search *search, struct board *board) {
  struct guess guess;
  if (!choose(search, board, &guess)) {
    if (search->found++ == 0 && search->solution) write_solution(search, board);
    return;
  }
  int lines = guess.direction == BANDS ? search->shape->box_rows : search->shape->box_columns;
  do {
    struct board child = *board;
    int k = pick(search, board, &guess, lines);
    for (int other = 0; other < permutations[lines].count; other++)
      if (other != k) close_configuration(&child, &guess, other);
    search->guesses++;
    if (propagate(search, &child)) explore(search, &child);
    if (search->found >= search->limit || search->guesses >= search->most_guesses) return;
    close_configuration(board, &guess, k);
    if (!propagate(search, board)) return;
  } while (count_open(board, &guess, lines) > 1);
  explore(search, board);
}

/* Everything is possible but what the givens exclude. */
static void set_up(struct search *search, const uint8_t *givens, struct board *board) {
  const struct sudoku_shape *shape = search->shape;
  search->halves = shape->size > LANES ? 2 : 1;
  search->columns = (uint16_t)((1u << shape->size) - 1);
  for (int stack = 0; stack < shape->box_rows; stack++)
    search->firsts |= (uint16_t)(1u << stack * shape->box_columns);
  for (int d = 0; d < shape->size; d++) {
    struct half *half = &board->half[d / LANES];
    search->used[d / LANES][d % LANES] = UINT16_MAX;
    for (int r = 0; r < shape->size; r++) half->row[r][d % LANES] = search->columns;
    for (int k = 0; k < MAX_CONFIGURATIONS; k++)
      half->configuration[BANDS][k][d % LANES] = half->configuration[STACKS][k][d % LANES] = search->columns;
  }
  for (int i = 0; i < shape->cells; i++) {
    int digit = givens[i] - 1;
    if (digit >= 0)
      board->half[digit / LANES].row[i / shape->size][digit % LANES] &= (uint16_t)(1u << i % shape->size);
  }
}

static int search_from(struct search *search, struct board *board) {
  if (propagate(search, board)) explore(search, board);
  return search->found;
}

int sudoku_solve(const struct sudoku_shape *shape, const uint8_t *givens, int limit, struct draws *random,
                 uint8_t *solution, int64_t *guesses) {
  struct search search = {.shape = shape, .limit = limit, .random = random, .solution = solution};
  search.most_guesses = SUDOKU_MOST_GUESSES;
  struct board board = {0};
  set_up(&search, givens, &board);
  int found = search_from(&search, &board);
  if (guesses) *guesses = search.guesses;
  return found < limit && search.guesses >= search.most_guesses ? SUDOKU_GAVE_UP : found;
}

bool sudoku_solvable_without(const struct sudoku_shape *shape, const uint8_t *givens, int cell, int digit) {
  struct search search = {.shape = shape, .limit = 1, .most_guesses = INT64_MAX};
  struct board board = {0};
  set_up(&search, givens, &board);
  board.half[(digit - 1) / LANES].row[cell / shape->size][(digit - 1) % LANES] &=
      (uint16_t) ~(1u << cell % shape->size);
  return search_from(&search, &board) > 0;
}

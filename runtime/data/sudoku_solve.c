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
#include "runtime/widths.h"

enum { LANES = 16, MAX_BOX = 4, MAX_CONFIGURATIONS = 24, COUNT_BITS = 4 };
/* Passed by address: by value the calling convention would depend on the processor. */
typedef uint16_t lanes __attribute__((vector_size(LANES * sizeof(uint16_t))));

enum direction { BANDS, STACKS, DIRECTIONS };

/* Lane d is of digit d + 1; lanes without a digit stay 0. */
struct board {
  lanes row[SUDOKU_MAX_SIZE];                          /* the columns where the digit may stand, as bits */
  lanes configuration[DIRECTIONS][MAX_CONFIGURATIONS]; /* of band b bit b, of stack s bit s · columns of a box */
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

/* The shape as inference sees it. */
struct geometry {
  int rows, columns, size; /* of a box, of the board */
  uint16_t all;            /* all columns of the board */
  uint16_t firsts;         /* the first column of each stack */
};

struct search {
  struct geometry geometry;
  int limit, found;
  int64_t guesses, most_guesses;
  int64_t first_guesses; /* up to the first solution */
  struct draws *random;
  uint8_t *solution;
};

/* ---- Vectors ---- */

#define IS_ZERO(x) ((lanes)((x) == 0))
#define KEEP_SINGLE_BIT(x) ((x)&IS_ZERO((x) & ((x)-1)))

static inline bool any(const lanes *x) {
  uint64_t words[LANES / 4];
  memcpy(words, x, sizeof words);
  return words[0] | words[1] | words[2];
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

static inline struct counts count_lanes(const lanes *x) {
  uint64_t a[LANES / 4], digit[COUNT_BITS];
  memcpy(a, x, sizeof a);
  digit[0] = a[0] ^ a[1] ^ a[2];
  digit[1] = (a[0] & a[1]) | (a[2] & (a[0] ^ a[1]));
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
static inline void find_mini_rows(const struct geometry *g, const struct board *board, lanes *mini_rows) {
  for (int r = 0; r < g->size; r++) {
    lanes x = board->row[r];
    for (int i = 1; i < g->columns; i++) x |= board->row[r] >> i;
    mini_rows[r] = x & g->firsts;
  }
}

/* Leaves the configurations that have candidates and the candidates that have configurations. */
static inline void agree_in_bands(const struct geometry *g, struct board *board) {
  int rows = g->rows, columns = g->columns;
  const struct permutations *p = &permutations[rows];
  lanes mini_rows[SUDOKU_MAX_SIZE], allowed[SUDOKU_MAX_SIZE] = {0};
  find_mini_rows(g, board, mini_rows);
  for (int k = 0; k < p->count; k++) {
    lanes *configuration = &board->configuration[BANDS][k];
    for (int band = 0; band < columns; band++) {
      lanes possible = *configuration >> band & 1;
      for (int box = 0; box < rows; box++) possible &= mini_rows[band * rows + p->line[k][box]] >> (box * columns);
      for (int box = 0; box < rows; box++) allowed[band * rows + p->line[k][box]] |= possible << (box * columns);
      *configuration &= ~((possible ^ 1) << band);
    }
  }
  for (int r = 0; r < g->size; r++) board->row[r] &= allowed[r] * (uint16_t)((1 << columns) - 1);
}

/* The columns in which each band has candidates. */
static inline void find_mini_columns(const struct geometry *g, const struct board *board, lanes *mini_columns) {
  for (int band = 0; band < g->columns; band++) {
    mini_columns[band] = board->row[band * g->rows];
    for (int i = 1; i < g->rows; i++) mini_columns[band] |= board->row[band * g->rows + i];
  }
}

static inline void agree_in_stacks(const struct geometry *g, struct board *board) {
  const struct permutations *p = &permutations[g->columns];
  lanes mini_columns[SUDOKU_MAX_SIZE], allowed[SUDOKU_MAX_SIZE] = {0};
  find_mini_columns(g, board, mini_columns);
  for (int k = 0; k < p->count; k++) {
    lanes possible = board->configuration[STACKS][k] & g->firsts;
    for (int band = 0; band < g->columns; band++) possible &= mini_columns[band] >> p->line[k][band];
    for (int band = 0; band < g->columns; band++) allowed[band] |= possible << p->line[k][band];
    board->configuration[STACKS][k] = possible;
  }
  for (int r = 0; r < g->size; r++) board->row[r] &= allowed[r / g->rows];
}

/* ---- Mini-rows and mini-columns against the number of their cells ---- */

/* Of the mini-rows of one row: those that just enough digits may enter get all of these (they leave the rest of the
 * row and of the box); those that just enough must enter get no other. */
static inline bool fill_mini_rows(const struct geometry *g, struct board *board,
                                  const lanes mini_rows[SUDOKU_MAX_SIZE], int row) {
  int rows = g->rows, columns = g->columns, top = row - row % rows;
  lanes others = {0};
  for (int r = top; r < top + rows; r++)
    if (r != row) others |= mini_rows[r];
  lanes must = mini_rows[row] & ~others;
  struct counts able = count_lanes(&mini_rows[row]), bound = count_lanes(&must);
  if (bits_below(&able, columns) & g->firsts) return false;
  uint16_t full = bits_equal(&able, columns) & g->firsts, taken = bits_equal(&bound, columns) & g->firsts;
  uint16_t box = (uint16_t)((1 << columns) - 1);
  if (!(full | taken)) return true;
  lanes entering = mini_rows[row] & full;
  for (int r = top; r < top + rows; r++)
    if (r != row) board->row[r] &= ~(entering * box);
  board->row[row] &= ~((mini_rows[row] & taken & ~must) * box);
  return true;
}

/* Of each bit the other columns of its stack. */
static inline void find_beside(const struct geometry *g, const lanes *x, lanes *others) {
  *others = (lanes){0};
  for (int i = 1; i < g->columns; i++) {
    uint16_t low = (uint16_t)(g->firsts * ((1 << (g->columns - i)) - 1));
    *others |= (*x >> i & low) | (*x << i & (uint16_t)(low << i));
  }
}

/* The same for the mini-columns of one band. */
static inline bool fill_mini_columns(const struct geometry *g, struct board *board,
                                     const lanes mini_columns[SUDOKU_MAX_SIZE], int band) {
  int rows = g->rows;
  lanes x = mini_columns[band], must, others;
  find_beside(g, &x, &others);
  must = x & ~others;
  struct counts able = count_lanes(&x), bound = count_lanes(&must);
  if (bits_below(&able, rows) & g->all) return false;
  uint16_t full = bits_equal(&able, rows) & g->all, taken = bits_equal(&bound, rows) & g->all;
  if (!(full | taken)) return true;
  lanes entering = x & full, leaving;
  find_beside(g, &entering, &leaving);
  leaving |= x & taken & ~must;
  for (int r = band * rows; r < (band + 1) * rows; r++) board->row[r] &= ~leaving;
  return true;
}

static inline bool fill_boxes(const struct geometry *g, struct board *board) {
  lanes mini_rows[SUDOKU_MAX_SIZE], mini_columns[SUDOKU_MAX_SIZE];
  find_mini_rows(g, board, mini_rows);
  find_mini_columns(g, board, mini_columns);
  for (int r = 0; r < g->size; r++)
    if (!fill_mini_rows(g, board, mini_rows, r)) return false;
  for (int band = 0; band < g->columns; band++)
    if (!fill_mini_columns(g, board, mini_columns, band)) return false;
  return true;
}

/* ---- Cells ---- */

/* A digit with one place in a row keeps the others out of that cell; a cell with one candidate takes it.  false where
 * a cell has no candidate, or two digits have no other place. */
static inline bool fill_cells(const struct geometry *g, struct board *board) {
  for (int r = 0; r < g->size; r++) {
    lanes single = KEEP_SINGLE_BIT(board->row[r]);
    struct counts placed = count_lanes(&single);
    uint16_t none = bits_equal(&placed, 0), taken = bits_equal(&placed, 1);
    if ((none | taken) != UINT16_MAX) return false;
    board->row[r] &= single | none;
    struct counts able = count_lanes(&board->row[r]);
    if (bits_equal(&able, 0) & g->all) return false;
    lanes last = board->row[r] & bits_equal(&able, 1);
    board->row[r] &= last | IS_ZERO(last);
  }
  return true;
}

/* ---- Inference ---- */

/* Every digit has a place in every row. */
static inline bool is_possible(const struct geometry *g, const struct board *board) {
  lanes empty = {0};
  for (int r = 0; r < g->size; r++) empty |= IS_ZERO(board->row[r]);
  for (int d = g->size; d < LANES; d++) empty[d] = 0;
  return !any(&empty);
}

static inline bool has_changed(const struct geometry *g, const struct board *board, const lanes *before) {
  lanes difference = {0};
  for (int r = 0; r < g->size; r++) difference |= board->row[r] ^ before[r];
  return any(&difference);
}

/* The rule of the boxes costs most and finds least, so it waits until the others find no more. */
static inline bool infer(const struct geometry *g, struct board *board) {
  lanes before[SUDOKU_MAX_SIZE];
  do {
    do {
      memcpy(before, board->row, sizeof before);
      agree_in_bands(g, board);
      agree_in_stacks(g, board);
      if (!is_possible(g, board) || !fill_cells(g, board)) return false;
    } while (has_changed(g, board, before));
    if (!fill_boxes(g, board)) return false;
  } while (has_changed(g, board, before));
  return true;
}

/* The shape of most boards is known to the compiler. */
FOR_EVERY_WIDTH static bool propagate(const struct geometry *geometry, struct board *board) {
  static const struct geometry usual = {3, 3, 9, 0777, 0111};
  bool is_usual = geometry->rows == 3 && geometry->columns == 3;
  return is_usual ? infer(&usual, board) : infer(geometry, board);
}

/* ---- Guessing ---- */

struct guess {
  enum direction direction;
  int bit;   /* of the band or stack */
  int digit; /* from 0 on */
};

static unsigned is_open(const struct board *board, const struct guess *guess, int k) {
  return board->configuration[guess->direction][k][guess->digit] >> guess->bit & 1u;
}

static int count_open(const struct board *board, const struct guess *guess, int lines) {
  int count = 0;
  for (int k = 0; k < permutations[lines].count; k++) count += (int)is_open(board, guess, k);
  return count;
}

/* Of one band or stack: the number of configurations of all digits, and the digit with the fewest, above one. */
static inline int survey(const struct geometry *g, const struct board *board, int lines, struct guess *guess) {
  lanes counts = {0};
  for (int k = 0; k < permutations[lines].count; k++)
    counts += board->configuration[guess->direction][k] >> guess->bit & 1;
  int total = 0, fewest = INT16_MAX;
  for (int digit = 0; digit < g->size; digit++) {
    int count = counts[digit];
    total += count;
    if (count < 2 || count >= fewest) continue;
    fewest = count;
    guess->digit = digit;
  }
  return total;
}

/* false where nothing is left to be guessed: the board is solved. */
FOR_EVERY_WIDTH static bool choose(const struct geometry *g, const struct board *board, struct guess *best) {
  int fewest = INT16_MAX;
  for (int i = 0; i < g->columns + g->rows; i++) {
    bool stack = i >= g->columns;
    struct guess guess = {.direction = stack ? STACKS : BANDS, .bit = stack ? (i - g->columns) * g->columns : i};
    int total = survey(g, board, stack ? g->columns : g->rows, &guess);
    if (total <= g->size || total >= fewest) continue;
    fewest = total;
    *best = guess;
  }
  return fewest < INT16_MAX;
}

static void close_configuration(struct board *board, const struct guess *guess, int k) {
  board->configuration[guess->direction][k][guess->digit] &= (uint16_t) ~(1u << guess->bit);
}

static int pick(const struct search *search, const struct board *board, const struct guess *guess, int lines) {
  int skip = search->random ? draw_below(search->random, count_open(board, guess, lines)) : 0;
  for (int k = 0;; k++)
    if (is_open(board, guess, k) && skip-- == 0) return k;
}

static void write_solution(const struct search *search, const struct board *board) {
  int size = search->geometry.size;
  for (int row = 0; row < size; row++)
    for (int d = 0; d < size; d++) {
      int column = __builtin_ctz(board->row[row][d]);
      search->solution[row * size + column] = (uint8_t)(d + 1);
    }
}

/* Explores a board that is at its fixed point. */
static void explore(struct search *search, struct board *board) {
  struct guess guess;
  if (!choose(&search->geometry, board, &guess)) {
    if (search->found++ == 0) {
      search->first_guesses = search->guesses;
      if (search->solution) write_solution(search, board);
    }
    return;
  }
  int lines = guess.direction == BANDS ? search->geometry.rows : search->geometry.columns;
  do {
    struct board child = *board;
    int k = pick(search, board, &guess, lines);
    for (int other = 0; other < permutations[lines].count; other++)
      if (other != k) close_configuration(&child, &guess, other);
    search->guesses++;
    if (propagate(&search->geometry, &child)) explore(search, &child);
    if (search->found >= search->limit || search->guesses >= search->most_guesses) return;
    close_configuration(board, &guess, k);
    if (!propagate(&search->geometry, board)) return;
  } while (count_open(board, &guess, lines) > 1);
  explore(search, board);
}

static struct geometry geometry_of(const struct sudoku_shape *shape) {
  struct geometry g = {.rows = shape->box_rows, .columns = shape->box_columns, .size = shape->size};
  g.all = (uint16_t)((1u << g.size) - 1);
  for (int stack = 0; stack < g.rows; stack++) g.firsts |= (uint16_t)(1u << stack * g.columns);
  return g;
}

/* Everything is possible but what the givens exclude. */
static void set_up(const struct geometry *g, const uint8_t *givens, struct board *board) {
  lanes digits = {0};
  for (int d = 0; d < g->size; d++) digits[d] = g->all;
  for (int r = 0; r < g->size; r++) board->row[r] = digits;
  for (int k = 0; k < MAX_CONFIGURATIONS; k++)
    board->configuration[BANDS][k] = board->configuration[STACKS][k] = digits;
  for (int r = 0; r < g->size; r++)
    for (int c = 0; c < g->size; c++) {
      int digit = givens[r * g->size + c] - 1;
      if (digit >= 0) board->row[r][digit] &= (uint16_t)(1u << c);
    }
}

static int search_from(struct search *search, struct board *board) {
  if (propagate(&search->geometry, board)) explore(search, board);
  return search->found;
}

int sudoku_solve(const struct sudoku_shape *shape, const uint8_t *givens, int limit, struct draws *random,
                 uint8_t *solution, int64_t *guesses) {
  struct search search = {.geometry = geometry_of(shape), .limit = limit, .random = random, .solution = solution};
  search.most_guesses = SUDOKU_MOST_GUESSES;
  struct board board;
  set_up(&search.geometry, givens, &board);
  int found = search_from(&search, &board);
  if (guesses) *guesses = found ? search.first_guesses : search.guesses;
  return found < limit && search.guesses >= search.most_guesses ? SUDOKU_GAVE_UP : found;
}

bool sudoku_solvable_without(const struct sudoku_shape *shape, const uint8_t *givens, int cell, int digit) {
  struct search search = {.geometry = geometry_of(shape), .limit = 1, .most_guesses = INT64_MAX};
  struct board board;
  set_up(&search.geometry, givens, &board);
  board.row[cell / shape->size][digit - 1] &= (uint16_t) ~(1u << cell % shape->size);
  return search_from(&search, &board) > 0;
}

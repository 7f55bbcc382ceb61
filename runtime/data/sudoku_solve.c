/* The solver keeps, for each row of the board and each digit, the columns where the digit may stand as bits.  The
 * digits are the lanes of vectors, so that one sweep finds the singles of all rows, columns, boxes and cells at once.
 */
#include <string.h>

#include "runtime/data/sudoku.h"

enum { LANES = 8, HALVES = 2 };
typedef uint16_t lanes __attribute__((vector_size(LANES * sizeof(uint16_t))));

/* Half h has the digits h · LANES + 1 …; lanes without a digit stay 0. */
struct half {
  lanes row[SUDOKU_MAX_SIZE];
};

struct board {
  struct half half[HALVES];
};

struct search {
  const struct sudoku_shape *shape;
  int halves;         /* that have digits */
  lanes used[HALVES]; /* all bits in the lanes of digits */
  uint16_t columns;   /* all columns of the shape */
  int limit, found;
  int64_t guesses, most_guesses;
  struct draws *random;
  uint8_t *solution;
};

/* ---- Vectors ---- */

#define IS_ZERO(x) ((lanes)((x) == 0))
#define IS_NOT_ZERO(x) ((lanes)((x) != 0))
#define KEEP_SINGLE_BIT(x) ((x)&IS_ZERO((x) & ((x)-1)))

static bool any(lanes x) {
  uint64_t words[2];
  memcpy(words, &x, sizeof words);
  return words[0] | words[1];
}

static uint16_t stack_mask(const struct sudoku_shape *shape, int stack) {
  return (uint16_t)(((1 << shape->box_columns) - 1) << (stack * shape->box_columns));
}

static uint16_t candidates(const struct board *board, int row, int digit) {
  return board->half[digit / LANES].row[row][digit % LANES];
}

static void set_candidates(struct board *board, int row, int digit, unsigned columns) {
  board->half[digit / LANES].row[row][digit % LANES] = (uint16_t)columns;
}

/* ---- One sweep: find singles. What has no place left sets bits of *empty. ---- */

static void find_in_rows(const struct half *board, struct half *singles, lanes used, lanes *empty, int size) {
  for (int r = 0; r < size; r++) {
    lanes x = board->row[r];
    *empty |= IS_ZERO(x) & used;
    singles->row[r] = KEEP_SINGLE_BIT(x);
  }
}

static void find_in_columns(const struct half *board, struct half *singles, lanes full, lanes *empty, int size) {
  lanes once = {0}, twice = {0};
  for (int r = 0; r < size; r++) {
    twice |= once & board->row[r];
    once |= board->row[r];
  }
  *empty |= once ^ full;
  for (int r = 0; r < size; r++) singles->row[r] |= board->row[r] & once & ~twice;
}

static void find_in_band(const lanes *board, lanes *singles, lanes used, lanes *empty,
                         const struct sudoku_shape *shape) {
  lanes once = {0}, twice = {0}, found = {0};
  for (int r = 0; r < shape->box_rows; r++) {
    twice |= once & board[r];
    once |= board[r];
  }
  for (int stack = 0; stack < shape->box_rows; stack++) {
    uint16_t mask = stack_mask(shape, stack);
    lanes box = once & mask;
    *empty |= IS_ZERO(box) & used;
    found |= KEEP_SINGLE_BIT(box) & IS_ZERO(twice & mask);
  }
  for (int r = 0; r < shape->box_rows; r++) singles[r] |= board[r] & found;
}

/* The columns of a row in which `row` has a bit in exactly one lane of one half; *some: in at least one. */
static uint16_t in_one_lane(const struct board *board, int row, uint16_t *some) {
  uint64_t words[2 * HALVES], once = 0, twice = 0;
  memcpy(words, &board->half[0].row[row], sizeof(lanes));
  memcpy(words + 2, &board->half[1].row[row], sizeof(lanes));
  for (int i = 0; i < 2 * HALVES; i++) {
    twice |= once & words[i];
    once |= words[i];
  }
  twice |= twice >> 32 | (once & once >> 32);
  once |= once >> 32;
  twice |= twice >> 16 | (once & once >> 16);
  once |= once >> 16;
  *some = (uint16_t)once;
  return (uint16_t)(once & ~twice);
}

static bool find_in_cells(const struct search *search, const struct board *board, struct board *singles) {
  unsigned missing = 0;
  for (int r = 0; r < search->shape->size; r++) {
    uint16_t some, one = in_one_lane(board, r, &some);
    missing |= some ^ search->columns;
    for (int h = 0; h < search->halves; h++) singles->half[h].row[r] |= board->half[h].row[r] & one;
  }
  return !missing;
}

/* false where a row, column, box or cell has no place left. */
static bool find_singles(const struct search *search, const struct board *board, struct board *singles) {
  const struct sudoku_shape *shape = search->shape;
  lanes empty = {0};
  for (int h = 0; h < search->halves; h++) {
    const struct half *from = &board->half[h];
    struct half *to = &singles->half[h];
    lanes used = search->used[h];
    find_in_rows(from, to, used, &empty, shape->size);
    find_in_columns(from, to, used & search->columns, &empty, shape->size);
    for (int top = 0; top < shape->size; top += shape->box_rows)
      find_in_band(from->row + top, to->row + top, used, &empty, shape);
  }
  return !any(empty) && find_in_cells(search, board, singles);
}

/* ---- One sweep: draw the conclusions ---- */

static void clear_rows_and_columns(struct half *board, const struct half *singles, int size) {
  lanes columns = {0};
  for (int r = 0; r < size; r++) columns |= singles->row[r];
  for (int r = 0; r < size; r++) board->row[r] &= (IS_ZERO(singles->row[r]) & ~columns) | singles->row[r];
}

static void clear_band(lanes *board, const lanes *singles, const struct sudoku_shape *shape) {
  lanes band = {0}, boxes = {0};
  for (int r = 0; r < shape->box_rows; r++) band |= singles[r];
  for (int stack = 0; stack < shape->box_rows; stack++) {
    uint16_t mask = stack_mask(shape, stack);
    boxes |= IS_NOT_ZERO(band & mask) & mask;
  }
  for (int r = 0; r < shape->box_rows; r++) board[r] &= ~boxes | singles[r];
}

static void clear_cells(const struct search *search, struct board *board, const struct board *singles) {
  for (int r = 0; r < search->shape->size; r++) {
    uint16_t taken;
    (void)in_one_lane(singles, r, &taken);
    for (int h = 0; h < search->halves; h++) board->half[h].row[r] &= (uint16_t)~taken | singles->half[h].row[r];
  }
}

/* What a single excludes elsewhere in its cell, row, column and box.  Two singles that exclude one another stay: some
 * other cell, row, column or box then ends up empty, for there are as many of each as digits. */
static void conclude(const struct search *search, struct board *board, const struct board *singles) {
  const struct sudoku_shape *shape = search->shape;
  for (int h = 0; h < search->halves; h++) {
    struct half *to = &board->half[h];
    const struct half *from = &singles->half[h];
    clear_rows_and_columns(to, from, shape->size);
    for (int top = 0; top < shape->size; top += shape->box_rows) clear_band(to->row + top, from->row + top, shape);
  }
  clear_cells(search, board, singles);
}

enum outcome { CONTRADICTION, STUCK, SOLVED };

static bool is_solved(const struct search *search, const struct board *board) {
  lanes rest = {0};
  for (int h = 0; h < search->halves; h++)
    for (int r = 0; r < search->shape->size; r++) rest |= board->half[h].row[r] & (board->half[h].row[r] - 1);
  return !any(rest);
}

static bool is_same(const struct search *search, const struct board *a, const struct board *b) {
  lanes difference = {0};
  for (int h = 0; h < search->halves; h++)
    for (int r = 0; r < search->shape->size; r++) difference |= a->half[h].row[r] ^ b->half[h].row[r];
  return !any(difference);
}

static enum outcome propagate(const struct search *search, struct board *board) {
  for (;;) {
    struct board singles = {0}, before = *board;
    if (!find_singles(search, board, &singles)) return CONTRADICTION;
    conclude(search, board, &singles);
    if (is_same(search, &before, board)) return is_solved(search, board) ? SOLVED : STUCK;
  }
}

/* ---- Guessing ---- */

struct guess {
  int row, column, digit;
};

/* Finds the first cell of a row with the fewest candidates above one; *fewest is lowered to their number, 4 meaning
 * more than three. */
static void fewest_in_row(const struct board *board, int row, int size, int *fewest, struct guess *guess) {
  unsigned at_least[5] = {0};
  for (int d = 0; d < size; d++) {
    unsigned x = candidates(board, row, d);
    for (int count = 4; count > 1; count--) at_least[count] |= at_least[count - 1] & x;
    at_least[1] |= x;
  }
  for (int count = 2; count < *fewest; count++) {
    unsigned cells = count < 4 ? at_least[count] & ~at_least[count + 1] : at_least[4];
    if (!cells) continue;
    *fewest = count;
    guess->row = row;
    guess->column = __builtin_ctz(cells);
  }
}

static struct guess choose(const struct search *search, const struct board *board) {
  struct guess guess = {0};
  int size = search->shape->size, fewest = 5, digits[SUDOKU_MAX_SIZE] = {0}, count = 0;
  for (int row = 0; row < size && fewest > 2; row++) fewest_in_row(board, row, size, &fewest, &guess);
  for (int d = 0; d < size; d++)
    if (candidates(board, guess.row, d) >> guess.column & 1) digits[count++] = d;
  guess.digit = digits[search->random ? draw_below(search->random, count) : 0];
  return guess;
}

static void write_solution(const struct search *search, const struct board *board) {
  int size = search->shape->size;
  for (int row = 0; row < size; row++)
    for (int d = 0; d < size; d++) {
      int column = __builtin_ctz(candidates(board, row, d));
      search->solution[row * size + column] = (uint8_t)(d + 1);
    }
}

static void exclude(struct board *board, struct guess guess) {
  set_candidates(board, guess.row, guess.digit, candidates(board, guess.row, guess.digit) & ~(1u << guess.column));
}

static void place(const struct search *search, struct board *board, struct guess guess) {
  for (int d = 0; d < search->shape->size; d++)
    set_candidates(board, guess.row, d, candidates(board, guess.row, d) & ~(1u << guess.column));
  set_candidates(board, guess.row, guess.digit, 1u << guess.column);
}

static void explore(struct search *search, struct board *board) {
  enum outcome outcome;
  while ((outcome = propagate(search, board)) == STUCK) {
    struct guess guess = choose(search, board);
    struct board child = *board;
    place(search, &child, guess);
    search->guesses++;
    explore(search, &child);
    if (search->found >= search->limit || search->guesses >= search->most_guesses) return;
    exclude(board, guess);
  }
  if (outcome == CONTRADICTION) return;
  if (search->found++ == 0 && search->solution) write_solution(search, board);
}

/* Whether no row, column or box has a digit twice: the search would take long to find out. */
static bool is_consistent(const struct sudoku_shape *shape, const uint8_t *givens) {
  uint16_t rows[SUDOKU_MAX_SIZE] = {0}, columns[SUDOKU_MAX_SIZE] = {0}, boxes[SUDOKU_MAX_SIZE] = {0};
  for (int i = 0; i < shape->cells; i++) {
    int row = i / shape->size, column = i % shape->size;
    int box = row / shape->box_rows * shape->box_rows + column / shape->box_columns;
    uint16_t digit = (uint16_t)(givens[i] ? 1u << givens[i] : 0);
    if ((rows[row] | columns[column] | boxes[box]) & digit) return false;
    rows[row] |= digit, columns[column] |= digit, boxes[box] |= digit;
  }
  return true;
}

/* Everything is possible but what the givens exclude. */
static void set_up(struct search *search, const uint8_t *givens, struct board *board) {
  const struct sudoku_shape *shape = search->shape;
  struct board singles = {0};
  search->halves = shape->size > LANES ? 2 : 1;
  search->columns = (uint16_t)((1u << shape->size) - 1);
  for (int d = 0; d < shape->size; d++) {
    search->used[d / LANES][d % LANES] = UINT16_MAX;
    for (int r = 0; r < shape->size; r++) set_candidates(board, r, d, search->columns);
  }
  for (int i = 0; i < shape->cells; i++) {
    int row = i / shape->size, digit = givens[i] - 1;
    if (digit >= 0) set_candidates(&singles, row, digit, candidates(&singles, row, digit) | 1u << i % shape->size);
  }
  conclude(search, board, &singles);
}

int sudoku_solve(const struct sudoku_shape *shape, const uint8_t *givens, int limit, struct draws *random,
                 uint8_t *solution, int64_t *guesses) {
  struct search search = {.shape = shape, .limit = limit, .random = random, .solution = solution};
  search.most_guesses = SUDOKU_MOST_GUESSES;
  struct board board = {0};
  if (is_consistent(shape, givens)) {
    set_up(&search, givens, &board);
    explore(&search, &board);
  }
  if (guesses) *guesses = search.guesses;
  return search.found < limit && search.guesses >= search.most_guesses ? SUDOKU_GAVE_UP : search.found;
}

bool sudoku_solvable_without(const struct sudoku_shape *shape, const uint8_t *givens, int cell, int digit) {
  struct search search = {.shape = shape, .limit = 1, .most_guesses = INT64_MAX};
  struct board board = {0};
  set_up(&search, givens, &board);
  exclude(&board, (struct guess){cell / shape->size, cell % shape->size, digit - 1});
  explore(&search, &board);
  return search.found;
}

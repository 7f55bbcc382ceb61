/* Sudoku boards: solving, generating, symmetries.
 *
 * A board of boxes of R rows and C columns has size = R · C rows, columns, boxes and digits.  Boards are arrays of
 * size² cells in reading order: 0 is blank, then the digits 1 … size. */
#ifndef HRM_DATA_SUDOKU_H
#define HRM_DATA_SUDOKU_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/data/draws.h"

enum { SUDOKU_MAX_SIZE = 9, SUDOKU_MAX_CELLS = SUDOKU_MAX_SIZE * SUDOKU_MAX_SIZE };

struct sudoku_shape {
  int box_rows, box_columns;
  int size, cells;
};

/* box_rows · box_columns must not exceed SUDOKU_MAX_SIZE. */
struct sudoku_shape sudoku_shape(int box_rows, int box_columns);

/* The fewest givens with which a puzzle of this shape can have exactly one solution, as known for 4x4, 6x6, 8x8 and
 * 9x9 (McGuire et al. 2014 for 9x9). */
int sudoku_fewest_givens(const struct sudoku_shape *shape);

int sudoku_count_givens(const struct sudoku_shape *shape, const uint8_t *board);

/* The hardest puzzles known take hundreds of guesses; a board with few givens and no solution can take for ever. */
enum { SUDOKU_MOST_GUESSES = 100000, SUDOKU_GAVE_UP = -1 };

/* Counts solutions up to limit; SUDOKU_GAVE_UP after too many guesses.  *guesses, where not NULL, is the number of
 * guesses up to the first solution: the rating of a puzzle, which is that of the tdoku solver nearly always.
 * solution, where not NULL, receives the first solution found.  With random, guesses are made in random order. */
int sudoku_solve(const struct sudoku_shape *shape, const uint8_t *board, int limit, struct draws *random,
                 uint8_t *solution, int64_t *guesses);

/* Whether the board has a solution in which the cell, a blank, holds another digit than this. */
bool sudoku_solvable_without(const struct sudoku_shape *shape, const uint8_t *board, int cell, int digit);

/* Makes a puzzle with exactly one solution: a random full board from which cells are taken in random order, as long
 * as the solution stays the only one, until `givens` remain; with givens 0 as many as can go.  Starts again with
 * another board up to `tries` times; returns the number of boards it took, or 0 if that was not enough. */
int sudoku_generate(const struct sudoku_shape *shape, int givens, int tries, struct draws *draws, uint8_t *question,
                    uint8_t *answer);

/* Gives random blanks of the question their digit of the answer until it has at least `givens`. */
void sudoku_give_more(const struct sudoku_shape *shape, int givens, struct draws *draws, uint8_t *question,
                      const uint8_t *answer);

/* ---- Symmetries: what turns a Sudoku into a Sudoku ---- */

struct sudoku_symmetry {
  uint8_t source[SUDOKU_MAX_CELLS];    /* cell of the result -> cell of the original */
  uint8_t digits[SUDOKU_MAX_SIZE + 1]; /* digit of the original -> of the result; blank stays */
};

/* Digits, bands, rows in bands, stacks and columns in stacks permuted; transposed with probability ½ where boxes are
 * square (elsewhere transposition changes the shape of the boxes). */
void sudoku_draw_symmetry(const struct sudoku_shape *shape, struct draws *draws, struct sudoku_symmetry *symmetry);
/* The one that changes nothing. */
void sudoku_identity(const struct sudoku_shape *shape, struct sudoku_symmetry *symmetry);

void sudoku_apply(const struct sudoku_shape *shape, const struct sudoku_symmetry *restrict symmetry,
                  const uint8_t *restrict board, uint8_t *restrict result);

/* A number that is the same for all puzzles that symmetries lead into one another, and nearly always different for
 * others: puzzles kept apart by it share no equivalent.  Of boards of size 9 it looks at the answer alone, so that
 * also different puzzles with equivalent answers count as the same. */
uint64_t sudoku_class(const struct sudoku_shape *shape, const uint8_t *question, const uint8_t *answer);

#endif

/* Sudoku as a kind of puzzle. */
#ifndef HRM_DATA_SUDOKU_SETS_H
#define HRM_DATA_SUDOKU_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/data/puzzle_sets.h"
#include "runtime/data/sudoku.h"

/* The context of the kind. */
struct sudoku_options {
  struct puzzle_options set;
  struct sudoku_shape shape;
  int least_givens, most_givens;  /* 0: not asked for; else each puzzle's number is drawn from least … most */
  int64_t min_rating, max_rating; /* guesses; 0 … INT64_MAX: any */
};

/* The job of these options. */
struct puzzle_job sudoku_job(const struct sudoku_options *options);

/* The members of the kind that read lines. */
bool sudoku_read_line(const void *context, const struct csv_place *at, const struct csv_puzzle *line,
                      uint8_t *question, uint8_t *answer, bool *fits);
bool sudoku_take_line(const void *context, const struct csv_place *at, const struct csv_puzzle *line,
                      uint8_t *question, uint8_t *answer);

/* The number of givens to reach: drawn from least … most, or 0. */
int sudoku_draw_givens(const struct sudoku_options *options, struct draws *draws);

bool sudoku_is_rated(const struct sudoku_options *options, int64_t rating);

#endif

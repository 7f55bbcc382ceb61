/* Making a Sudoku data set: what is asked for, the two sources of puzzles, and the writing that they share. */
#ifndef HRM_DATA_SUDOKU_SETS_H
#define HRM_DATA_SUDOKU_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/data/output.h"
#include "runtime/data/split.h"
#include "runtime/data/sudoku.h"
#include "runtime/error.h"
#include "runtime/progress.h"

struct sudoku_options {
  struct sudoku_shape shape;
  const char *csv;               /* NULL: generate */
  int least_givens, most_givens; /* 0: not asked for; else each puzzle's number is drawn from least … most */
  int64_t train, test, augment;
  int64_t min_rating, max_rating; /* guesses; 0 … INT64_MAX: any */
  uint64_t seed;
  bool skip_bad; /* leave out bad lines of the CSV and count them */
};

struct sudoku_puzzle {
  uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
};

/* One of the two sets. A split that nothing is wanted of is not written. */
struct sudoku_set {
  struct split_writer split;
  int64_t wanted, have; /* puzzles */
  int64_t augment;      /* examples a puzzle beside the original */
};

enum { TRAIN_SET, TEST_SET, NUM_SETS };

enum { SUDOKU_SLAB = 8192 /* examples made at a time */ };

struct sudoku_job {
  const struct sudoku_options *options;
  struct sudoku_set sets[NUM_SETS];
  struct progress progress;
  uint8_t *inputs, *labels; /* room for the tokens of SUDOKU_SLAB examples */
};

/* Writes puzzles and their augmentations as the next groups of a set. */
bool sudoku_add(struct sudoku_job *job, struct sudoku_set *set, const struct sudoku_puzzle *puzzles, int64_t count,
                struct hrm_error *error);

/* Fill both sets. No puzzle of one set is equivalent to a puzzle of the other. */
bool sudoku_fill_by_generation(struct sudoku_job *job, struct hrm_error *error);
bool sudoku_fill_from_csv(struct sudoku_job *job, struct hrm_error *error);

/* The number of givens to reach: drawn from least … most, or 0. */
int sudoku_draw_givens(const struct sudoku_options *options, struct draws *draws);

/* Shows on a terminal how much is done; false, with an error, when the user has interrupted. */
bool sudoku_go_on(struct sudoku_job *job, const char *unit, int64_t done, int64_t total, struct hrm_error *error);

/* The exit code of an interrupted program. */
enum { SUDOKU_INTERRUPTED = 130 };

#endif

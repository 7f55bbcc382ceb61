/* Data sets of puzzles that stand alone, a question and its answer: what is asked for, what a kind of puzzle must
 * know, the two sources of puzzles, and the writing that all kinds share.
 *
 * Puzzles that symmetries lead into one another have the same class; none of one class is in both sets, but where the
 * test set has a CSV of its own.  The result
 * depends on the options alone: every puzzle and every example has random numbers of its own, and the threads' work
 * is taken in order. */
#ifndef HRM_DATA_PUZZLE_SETS_H
#define HRM_DATA_PUZZLE_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/data/csv.h"
#include "runtime/data/output.h"
#include "runtime/data/split.h"
#include "runtime/error.h"
#include "runtime/progress.h"

struct puzzle_options {
  struct output_options output;
  const char *csv;      /* NULL: generate */
  const char *test_csv; /* of the test set alone; NULL: csv is of both */
  int64_t train, test, augment;
};

/* One of the two sets. A split that nothing is wanted of is not written. */
struct puzzle_set {
  struct split_writer split;
  int64_t wanted, have; /* puzzles */
  int64_t augment;      /* examples a puzzle beside the original */
};

enum { TRAIN_SET, TEST_SET, NUM_SETS };

/* Where a message is about. */
struct csv_place {
  const struct csv *csv;
  int64_t line;
  struct hrm_error *error;
};

/* Tells a fault of the line; returns false. */
__attribute__((format(printf, 2, 3))) bool csv_fail(const struct csv_place *at, const char *format, ...);

/* Of a line. */
struct csv_puzzle {
  struct csv_field question, answer, rating; /* rating is empty where there is no such column */
};

/* Questions and answers are arrays of `cells` bytes, of whatever meaning the kind gives them. `context` is the kind's
 * own. All functions are called by several threads at a time. */
struct puzzle_kind {
  /* Names of the streams of random numbers. */
  const char *order_stream, *side_stream;
  /* Reads and checks a line; *fits: the puzzle is one of those asked for. */
  bool (*read)(const void *context, const struct csv_place *at, const struct csv_puzzle *line, uint8_t *question,
               uint8_t *answer, bool *fits);
  /* Reads a line that has passed: the puzzle as it goes into the set. */
  bool (*take)(const void *context, const struct csv_place *at, const struct csv_puzzle *line, uint8_t *question,
               uint8_t *answer);
  /* Makes puzzle `number`, or returns false where that one does not fit; *tries: what was spent on it. */
  bool (*generate)(const void *context, uint64_t number, uint8_t *question, uint8_t *answer, int *tries);
  uint64_t (*class_of)(const void *context, const uint8_t *question, const uint8_t *answer);
  /* Makes example `which` of a group: 0 is the original, further ones are augmentations.  Writes tokens. */
  void (*augment)(const void *context, const uint8_t *question, const uint8_t *answer, uint64_t group, int64_t which,
                  uint8_t *input, uint8_t *label);
};

struct puzzle_job {
  const struct puzzle_options *options;
  const struct puzzle_kind *kind;
  const void *context;
  int64_t cells;
  bool few_classes; /* neither set may get too few of the classes */
  struct puzzle_set sets[NUM_SETS];
  struct progress progress;
  uint8_t *room; /* for the tokens of a slab of each thread */
};

/* Makes the data set. facts are those of both splits. */
bool puzzle_sets_make(struct puzzle_job *job, const struct split_facts *facts, struct hrm_error *error);

/* Prints what was made. */
void puzzle_sets_report(const struct puzzle_options *options);

/* ---- For the two sources ---- */

/* Puzzles one behind the other: question and answer of each. */
static inline int64_t puzzle_bytes(const struct puzzle_job *job) { return 2 * job->cells; }

/* Writes puzzles and their augmentations as the next groups of a set. */
bool puzzle_sets_add(struct puzzle_job *job, struct puzzle_set *set, const uint8_t *puzzles, int64_t count,
                     struct hrm_error *error);

/* Fill both sets. */
bool puzzle_sets_generate(struct puzzle_job *job, struct hrm_error *error);
bool puzzle_sets_read(struct puzzle_job *job, struct hrm_error *error);

/* Shows on a terminal how much is done; false, with an error, when the user has interrupted. */
bool data_goes_on(struct progress *progress, const char *unit, int64_t done, int64_t total, struct hrm_error *error);

#endif

#include <stdlib.h>

#include "runtime/data/sudoku_sets.h"

/* Boards are made in batches; a batch's boards are taken in their order, so that the threads do not matter. */
enum { BATCH = 128, TRIES = 1000, BARREN = 200000 /* boards in vain after which the search ends */ };

struct candidate {
  struct sudoku_puzzle puzzle;
  int boards;       /* tried for it */
  bool fits;        /* it has the givens and the rating asked for */
  bool for_testing; /* by its class */
};

static bool has_rating(const struct sudoku_options *options, const uint8_t *question) {
  int64_t guesses = 0;
  if (options->min_rating == 0 && options->max_rating == INT64_MAX) return true;
  sudoku_solve(&options->shape, question, 1, NULL, NULL, &guesses);
  return guesses >= options->min_rating && guesses <= options->max_rating;
}

/* The share of all classes that goes to the test set.  Small boards have few classes, so neither set may get too few.
 */
static double test_share(const struct sudoku_options *options) {
  double share = (double)options->test / ((double)options->train + (double)options->test);
  bool few = options->shape.size < SUDOKU_MAX_SIZE && options->train > 0 && options->test > 0;
  if (!few) return share;
  return share < 0.125 ? 0.125 : share > 0.875 ? 0.875 : share;
}

static void make_candidate(const struct sudoku_options *options, uint64_t number, struct candidate *candidate) {
  struct draws draws = {.stream = stream_named(options->seed, "sudoku generation", number)};
  struct sudoku_puzzle *puzzle = &candidate->puzzle;
  int givens = sudoku_draw_givens(options, &draws);
  int boards = sudoku_generate(&options->shape, givens, TRIES, &draws, puzzle->question, puzzle->answer);
  candidate->boards = boards ? boards : TRIES;
  candidate->fits = boards && has_rating(options, puzzle->question);
  if (!candidate->fits) return;
  uint64_t class = sudoku_class(&options->shape, puzzle->question, puzzle->answer);
  struct random_stream sides = stream_named(options->seed, "sudoku sides", 0);
  candidate->for_testing = stream_uniform(sides, class) < test_share(options);
}

/* Adds the candidates that belong to a set and that it still wants; returns their number or -1. */
static int64_t take(struct sudoku_job *job, int which, const struct candidate *candidates, struct hrm_error *error) {
  struct sudoku_set *set = &job->sets[which];
  struct sudoku_puzzle taken[BATCH];
  int64_t count = 0;
  for (int i = 0; i < BATCH && set->have + count < set->wanted; i++)
    if (candidates[i].fits && candidates[i].for_testing == (which == TEST_SET)) taken[count++] = candidates[i].puzzle;
  return sudoku_add(job, set, taken, count, error) ? count : -1;
}

static bool is_full(const struct sudoku_job *job) {
  return job->sets[TRAIN_SET].have == job->sets[TRAIN_SET].wanted &&
         job->sets[TEST_SET].have == job->sets[TEST_SET].wanted;
}

static bool fail_barren(const struct sudoku_job *job, struct hrm_error *error) {
  const struct sudoku_set *train = &job->sets[TRAIN_SET], *test = &job->sets[TEST_SET];
  return hrm_fail(
      error, HRM_LIMITATION,
      "found %lld of %lld training and %lld of %lld test puzzles; then %d boards in vain: puzzles with such "
      "givens, rating and difference between the sets are too rare",
      (long long)train->have, (long long)train->wanted, (long long)test->have, (long long)test->wanted, BARREN);
}

static bool fill(struct sudoku_job *job, struct candidate *candidates, struct hrm_error *error) {
  int64_t barren = 0;
  for (uint64_t number = 0; !is_full(job); number += BATCH) {
    int64_t have = job->sets[TRAIN_SET].have + job->sets[TEST_SET].have;
    if (!sudoku_go_on(job, "puzzle", have, job->options->train + job->options->test, error)) return false;
    int64_t boards = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : boards)
    for (int i = 0; i < BATCH; i++) {
      make_candidate(job->options, number + (uint64_t)i, &candidates[i]);
      boards += candidates[i].boards;
    }
    int64_t train = take(job, TRAIN_SET, candidates, error);
    int64_t test = train < 0 ? -1 : take(job, TEST_SET, candidates, error);
    if (test < 0) return false;
    barren = train + test > 0 ? 0 : barren + boards;
    if (barren > BARREN) return fail_barren(job, error);
  }
  return true;
}

bool sudoku_fill_by_generation(struct sudoku_job *job, struct hrm_error *error) {
  struct candidate *candidates = malloc(BATCH * sizeof *candidates);
  bool ok = candidates ? fill(job, candidates, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  free(candidates);
  return ok;
}

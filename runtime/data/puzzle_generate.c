#include <stdlib.h>
#include <string.h>

#include "runtime/data/puzzle_sets.h"
#include "runtime/random.h"

/* Puzzles are made in batches; a batch's puzzles are taken in their order, so that the threads do not matter. */
enum { BATCH = 128, BARREN = 200000 /* tries in vain after which the search ends */ };

struct candidate {
  int tries;        /* spent on it */
  bool fits;        /* it is one of those asked for */
  bool for_testing; /* by its class */
};

struct generator {
  struct puzzle_job *job;
  struct candidate candidates[BATCH];
  uint8_t *made, *taken; /* room for BATCH puzzles each */
};

/* The share of all classes that goes to the test set. */
static double test_share(const struct puzzle_job *job) {
  const struct puzzle_options *options = job->options;
  double share = (double)options->test / ((double)options->train + (double)options->test);
  bool few = job->few_classes && options->train > 0 && options->test > 0;
  if (!few) return share;
  return share < 0.125 ? 0.125 : share > 0.875 ? 0.875 : share;
}

static void make_candidate(struct generator *generator, uint64_t number, int i) {
  const struct puzzle_job *job = generator->job;
  struct candidate *candidate = &generator->candidates[i];
  uint8_t *question = generator->made + i * puzzle_bytes(job), *answer = question + job->cells;
  candidate->fits = job->kind->generate(job->context, number, question, answer, &candidate->tries);
  if (!candidate->fits) return;
  uint64_t class = job->kind->class_of(job->context, question, answer);
  struct random_stream sides = stream_named(job->options->output.seed, job->kind->side_stream, 0);
  candidate->for_testing = stream_uniform(sides, class) < test_share(job);
}

/* Adds the candidates that belong to a set and that it still wants; returns their number or -1. */
static int64_t take(struct generator *generator, int which, struct hrm_error *error) {
  struct puzzle_job *job = generator->job;
  struct puzzle_set *set = &job->sets[which];
  int64_t count = 0, bytes = puzzle_bytes(job);
  for (int i = 0; i < BATCH && set->have + count < set->wanted; i++) {
    const struct candidate *candidate = &generator->candidates[i];
    if (!candidate->fits || candidate->for_testing != (which == TEST_SET)) continue;
    memcpy(generator->taken + count++ * bytes, generator->made + i * bytes, (size_t)bytes);
  }
  return puzzle_sets_add(job, set, generator->taken, count, error) ? count : -1;
}

static bool is_full(const struct puzzle_job *job) {
  return job->sets[TRAIN_SET].have == job->sets[TRAIN_SET].wanted &&
         job->sets[TEST_SET].have == job->sets[TEST_SET].wanted;
}

static bool fail_barren(const struct puzzle_job *job, struct hrm_error *error) {
  const struct puzzle_set *train = &job->sets[TRAIN_SET], *test = &job->sets[TEST_SET];
  return hrm_fail(
      error, HRM_LIMITATION,
      "found %lld of %lld training and %lld of %lld test puzzles; then %d tries in vain: such puzzles, with "
      "such a difference between the sets, are too rare",
      (long long)train->have, (long long)train->wanted, (long long)test->have, (long long)test->wanted, BARREN);
}

static bool fill(struct generator *generator, struct hrm_error *error) {
  struct puzzle_job *job = generator->job;
  int64_t barren = 0;
  for (uint64_t number = 0; !is_full(job); number += BATCH) {
    int64_t have = job->sets[TRAIN_SET].have + job->sets[TEST_SET].have, tries = 0;
    if (!data_goes_on(&job->progress, "puzzle", have, job->options->train + job->options->test, error)) return false;
#pragma omp parallel for schedule(dynamic) reduction(+ : tries)
    for (int i = 0; i < BATCH; i++) {
      make_candidate(generator, number + (uint64_t)i, i);
      tries += generator->candidates[i].tries;
    }
    int64_t train = take(generator, TRAIN_SET, error);
    int64_t test = train < 0 ? -1 : take(generator, TEST_SET, error);
    if (test < 0) return false;
    barren = train + test > 0 ? 0 : barren + tries;
    if (barren > BARREN) return fail_barren(job, error);
  }
  return true;
}

bool puzzle_sets_generate(struct puzzle_job *job, struct hrm_error *error) {
  struct generator generator = {.job = job};
  generator.made = malloc((size_t)(BATCH * puzzle_bytes(job)));
  generator.taken = malloc((size_t)(BATCH * puzzle_bytes(job)));
  bool ok =
      generator.made && generator.taken ? fill(&generator, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  free(generator.made);
  free(generator.taken);
  return ok;
}

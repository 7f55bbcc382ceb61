#include "runtime/data/sudoku_sets.h"

#include "runtime/interrupt.h"

int sudoku_draw_givens(const struct sudoku_options *options, struct draws *draws) {
  int choices = options->most_givens - options->least_givens + 1;
  return options->least_givens + draw_below(draws, choices);
}

bool sudoku_go_on(struct sudoku_job *job, const char *unit, int64_t done, int64_t total, struct hrm_error *error) {
  if (interrupt_requested()) return hrm_fail(error, SUDOKU_INTERRUPTED, "interrupted; nothing was written");
  if (job->progress.terminal && progress_due(&job->progress))
    progress_show(&job->progress, unit, done, total, "", -1);
  return true;
}

/* Tokens: padding is 0, a blank 1, digit d is d + 1. */
static void to_tokens(uint8_t *cells, int count) {
  for (int i = 0; i < count; i++) cells[i]++;
}

/* Example number `which` of a puzzle: the original, then its augmentations, each from random numbers of its own. */
static void make_example(const struct sudoku_job *job, const struct sudoku_puzzle *puzzle, uint64_t group,
                         int64_t which, uint8_t *input, uint8_t *label) {
  const struct sudoku_shape *shape = &job->options->shape;
  struct draws draws = {.stream = stream_named(job->options->seed, "sudoku augmentation", group),
                        .next = (uint64_t)which << 16};
  struct sudoku_symmetry symmetry;
  if (which > 0)
    sudoku_draw_symmetry(shape, &draws, &symmetry);
  else
    sudoku_identity(shape, &symmetry);
  sudoku_apply(shape, &symmetry, puzzle->question, input);
  sudoku_apply(shape, &symmetry, puzzle->answer, label);
  to_tokens(input, shape->cells);
  to_tokens(label, shape->cells);
}

/* Makes the examples first … first+count-1 of the puzzles. */
static void make_slab(struct sudoku_job *job, const struct sudoku_set *set, const struct sudoku_puzzle *puzzles,
                      int64_t first, int64_t count) {
  int64_t each = 1 + set->augment, cells = job->options->shape.cells, before = set->have;
#pragma omp parallel for schedule(static) if (count > 256)
  for (int64_t i = 0; i < count; i++) {
    int64_t puzzle = (first + i) / each, which = (first + i) % each;
    make_example(job, &puzzles[puzzle], (uint64_t)(before + puzzle), which, job->inputs + i * cells,
                 job->labels + i * cells);
  }
}

static bool end_examples(struct split_writer *split, int64_t first, int64_t count, int64_t each,
                         struct hrm_error *error) {
  for (int64_t i = first; i < first + count; i++) {
    if (!split_end_puzzle(split, 1, 0, error)) return false;
    if ((i + 1) % each == 0 && !split_end_group(split, error)) return false;
  }
  return true;
}

bool sudoku_add(struct sudoku_job *job, struct sudoku_set *set, const struct sudoku_puzzle *puzzles, int64_t count,
                struct hrm_error *error) {
  int64_t each = 1 + set->augment, examples = count * each, total = job->options->train + job->options->test;
  int64_t before = job->sets[TRAIN_SET].have + job->sets[TEST_SET].have;
  for (int64_t first = 0; first < examples; first += SUDOKU_SLAB) {
    int64_t now = examples - first < SUDOKU_SLAB ? examples - first : SUDOKU_SLAB;
    if (!sudoku_go_on(job, "puzzle", before + first / each, total, error)) return false;
    make_slab(job, set, puzzles, first, now);
    if (!split_add_examples(&set->split, job->inputs, job->labels, now, error)) return false;
    if (!end_examples(&set->split, first, now, each, error)) return false;
  }
  set->have += count;
  return true;
}

#include "runtime/data/sudoku_sets.h"

int sudoku_draw_givens(const struct sudoku_options *options, struct draws *draws) {
  int choices = options->most_givens - options->least_givens + 1;
  return options->least_givens + draw_below(draws, choices);
}

bool sudoku_is_rated(const struct sudoku_options *options, int64_t rating) {
  return rating >= options->min_rating && rating <= options->max_rating;
}

/* ---- Generation ---- */

enum { TRIES = 1000 };

static bool has_rating(const struct sudoku_options *options, const uint8_t *question) {
  int64_t guesses = 0;
  if (options->min_rating == 0 && options->max_rating == INT64_MAX) return true;
  sudoku_solve(&options->shape, question, 1, NULL, NULL, &guesses);
  return sudoku_is_rated(options, guesses);
}

static bool generate(const void *context, uint64_t number, uint8_t *question, uint8_t *answer, int *tries) {
  const struct sudoku_options *options = context;
  struct draws draws = {.stream = stream_named(options->set.output.seed, "sudoku generation", number)};
  int givens = sudoku_draw_givens(options, &draws);
  int boards = sudoku_generate(&options->shape, givens, TRIES, &draws, question, answer);
  *tries = boards ? boards : TRIES;
  return boards && has_rating(options, question);
}

/* ---- Examples ---- */

static uint64_t class_of(const void *context, const uint8_t *question, const uint8_t *answer) {
  const struct sudoku_options *options = context;
  return sudoku_class(&options->shape, question, answer);
}

/* Tokens: padding is 0, a blank 1, digit d is d + 1. */
static void to_tokens(uint8_t *cells, int count) {
  for (int i = 0; i < count; i++) cells[i]++;
}

/* Augmentations have random numbers of their own each. */
static void augment(const void *context, const uint8_t *question, const uint8_t *answer, uint64_t group,
                    int64_t which, uint8_t *input, uint8_t *label) {
  const struct sudoku_options *options = context;
  const struct sudoku_shape *shape = &options->shape;
  struct draws draws = {.stream = stream_named(options->set.output.seed, "sudoku augmentation", group),
                        .next = (uint64_t)which << 16};
  struct sudoku_symmetry symmetry;
  if (which > 0)
    sudoku_draw_symmetry(shape, &draws, &symmetry);
  else
    sudoku_identity(shape, &symmetry);
  sudoku_apply(shape, &symmetry, question, input);
  sudoku_apply(shape, &symmetry, answer, label);
  to_tokens(input, shape->cells);
  to_tokens(label, shape->cells);
}

/* ---- The kind ---- */

static const struct puzzle_kind sudoku_kind = {.order_stream = "sudoku order",
                                               .side_stream = "sudoku sides",
                                               .read = sudoku_read_line,
                                               .take = sudoku_take_line,
                                               .generate = generate,
                                               .class_of = class_of,
                                               .augment = augment};

struct puzzle_job sudoku_job(const struct sudoku_options *options) {
  return (struct puzzle_job){.options = &options->set,
                             .kind = &sudoku_kind,
                             .context = options,
                             .cells = options->shape.cells,
                             .few_classes = options->shape.size < SUDOKU_MAX_SIZE};
}

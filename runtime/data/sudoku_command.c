#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/data/arguments.h"
#include "runtime/data/commands.h"
#include "runtime/data/sudoku_sets.h"

/* ---- The command line ---- */

struct arguments {
  struct sudoku_options options;
  int box_rows, box_columns;
};

enum { SUDOKU_OWN_OPTIONS(OPTION_KEY) };

static const struct argp_option option_table[] = {SUDOKU_OPTIONS(OPTION_ARGP) OPTION_HELP};

static void parse_boxes(struct argp_state *state, const char *text, struct arguments *arguments) {
  int64_t rows = 0, columns = 0;
  const char *end;
  bool ok = number_read(text, &end, &rows) && *end == 'x' && number_read(end + 1, &end, &columns) && !*end;
  if (!ok || rows < 2 || columns < 2)
    argp_error(state, "--boxes %s: RxC with at least two rows and columns is expected, such as 3x3", text);
  if (rows > SUDOKU_MAX_SIZE || columns > SUDOKU_MAX_SIZE || rows * columns > SUDOKU_MAX_SIZE)
    argp_failure(state, HRM_LIMITATION, 0, "--boxes %s: boards of more than %d digits are not supported", text,
                 SUDOKU_MAX_SIZE);
  arguments->box_rows = (int)rows;
  arguments->box_columns = (int)columns;
}

static void parse_givens(struct argp_state *state, const char *text, struct sudoku_options *options) {
  int64_t least = 0, most = 0;
  if (!parse_range(text, &least, &most) || least < 1 || least > most || most > SUDOKU_MAX_CELLS)
    argp_error(state, "--givens %s: a number of cells or a range N-M is expected", text);
  options->least_givens = (int)least;
  options->most_givens = (int)most;
}

static void check_givens(struct argp_state *state, const struct sudoku_options *options) {
  const struct sudoku_shape *shape = &options->shape;
  int fewest = options->set.csv ? 1 : sudoku_fewest_givens(shape);
  if (options->most_givens == 0) return;
  if (options->most_givens > shape->cells)
    argp_error(state, "--givens %d: a %dx%d board has %d cells", options->most_givens, shape->size, shape->size,
               shape->cells);
  if (options->least_givens < fewest)
    argp_error(state, "--givens %d: no %dx%d puzzle with fewer than %d givens has exactly one solution",
               options->least_givens, shape->size, shape->size, fewest);
}

static void check_all(struct argp_state *state, struct arguments *arguments) {
  struct sudoku_options *options = &arguments->options;
  options->shape = sudoku_shape(arguments->box_rows, arguments->box_columns);
  check_set_options(state, &options->set);
  if (options->min_rating > options->max_rating) argp_error(state, "--min-rating is above --max-rating");
  check_givens(state, options);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  struct arguments *arguments = state->input;
  struct sudoku_options *options = &arguments->options;
  switch (key) {
  case KEY_BOXES: parse_boxes(state, text, arguments); break;
  case KEY_GIVENS: parse_givens(state, text, options); break;
  case KEY_AUGMENT: options->set.augment = option_integer(state, KEY_AUGMENT, text, 0, OPTION_ANY); break;
  case KEY_MIN_RATING: options->min_rating = option_integer(state, KEY_MIN_RATING, text, 0, OPTION_ANY); break;
  case KEY_MAX_RATING: options->max_rating = option_integer(state, KEY_MAX_RATING, text, 0, OPTION_ANY); break;
  case ARGP_KEY_END: check_all(state, arguments); break;
  default: return parse_set_option(key, text, state, &options->set);
  }
  return 0;
}

/* ---- The data set ---- */

/* What the published form does not have: how puzzles look as text, and what was made. */
static json_t *extra_facts(const struct sudoku_shape *shape) {
  char characters[SUDOKU_MAX_SIZE + 3] = " .";
  for (int d = 1; d <= shape->size; d++) characters[d + 1] = (char)('0' + d);
  return json_pack("{s:s, s:[i,i], s:s, s:{s:s}, s:[i,i]}", "task", "sudoku", "boxes", shape->box_rows,
                   shape->box_columns, "characters", characters, "aliases", "0", ".", "grid", shape->size,
                   shape->size);
}

static bool make(void *context, struct hrm_error *error) {
  const struct sudoku_options *options = context;
  struct puzzle_job job = sudoku_job(options);
  json_t *extra = extra_facts(&options->shape);
  struct split_facts facts = {.vocab_size = options->shape.size + 2, .num_puzzle_identifiers = 1, .extra = extra};
  bool ok = extra ? puzzle_sets_make(&job, &facts, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  json_decref(extra);
  return ok;
}

int sudoku_command(int argc, char **argv) {
  static const struct argp argp = {
      .options = option_table,
      .parser = parse_option,
      .doc = "Make a Sudoku data set in the form that the HRM code publishes: DIR/train, DIR/test.\v"
             "Augmentations permute digits, bands, rows in bands, stacks and columns in stacks, and transpose where "
             "boxes "
             "are square.  The result depends on the options alone, not on the number of threads "
             "(OMP_NUM_THREADS).\n\n" DATA_EXIT_CODES};
  struct arguments arguments = {.box_rows = 3, .box_columns = 3};
  struct sudoku_options *options = &arguments.options;
  *options = (struct sudoku_options){.set = {.train = 1000, .test = 1000}, .max_rating = INT64_MAX};
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  int code = run_builder(make, options);
  if (code == 0) puzzle_sets_report(&options->set);
  return code;
}

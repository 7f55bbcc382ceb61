#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/commands.h"
#include "runtime/data/option_lists.h"
#include "runtime/data/sudoku_sets.h"
#include "runtime/interrupt.h"
#include "runtime/option_table.h"

/* ---- The command line ---- */

struct arguments {
  struct sudoku_options options;
  int box_rows, box_columns;
  const char *output;
  bool force;
};

enum { SUDOKU_OPTIONS(OPTION_KEY) };

static const struct argp_option option_table[] = {SUDOKU_OPTIONS(OPTION_ARGP) OPTION_HELP};

static bool parse_number(const char *text, const char **end, int64_t *number) {
  char *stop;
  errno = 0;
  long long value = strtoll(text, &stop, 10);
  if (errno || stop == text || *text < '0' || *text > '9') return false;
  *number = value;
  *end = stop;
  return true;
}

static int64_t whole_number(struct argp_state *state, const char *option, const char *text) {
  const char *end;
  int64_t number = 0;
  if (!parse_number(text, &end, &number) || *end)
    argp_error(state, "--%s %s: a whole number from 0 on is expected", option, text);
  return number;
}

static uint64_t seed_number(struct argp_state *state, const char *text) {
  char *end;
  errno = 0;
  unsigned long long seed = strtoull(text, &end, 10);
  if (errno || *end || *text < '0' || *text > '9')
    argp_error(state, "--seed %s: a whole number from 0 to 2^64-1 is expected", text);
  return seed;
}

static void parse_boxes(struct argp_state *state, const char *text, struct arguments *arguments) {
  int64_t rows = 0, columns = 0;
  const char *end;
  bool ok = parse_number(text, &end, &rows) && *end == 'x' && parse_number(end + 1, &end, &columns) && !*end;
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
  const char *end;
  bool ok = parse_number(text, &end, &least);
  most = least;
  if (ok && *end == '-') ok = parse_number(end + 1, &end, &most);
  if (!ok || *end || least < 1 || least > most || most > SUDOKU_MAX_CELLS)
    argp_error(state, "--givens %s: a number of cells or a range N-M is expected", text);
  options->least_givens = (int)least;
  options->most_givens = (int)most;
}

static void check_givens(struct argp_state *state, const struct sudoku_options *options) {
  const struct sudoku_shape *shape = &options->shape;
  int fewest = options->csv ? 1 : sudoku_fewest_givens(shape);
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
  if (!arguments->output) argp_error(state, "--output DIR is required");
  if (options->train == 0 && options->test == 0) argp_error(state, "--train and --test are both 0");
  if (options->min_rating > options->max_rating) argp_error(state, "--min-rating is above --max-rating");
  if (options->skip_bad && !options->csv) argp_error(state, "--skip-bad is for --csv");
  if (options->train > INT32_MAX || options->test > INT32_MAX || options->augment >= INT32_MAX ||
      options->train * (1 + options->augment) >= INT32_MAX)
    argp_failure(state, HRM_LIMITATION, 0, "a set of more than %d examples does not fit the published form",
                 INT32_MAX);
  check_givens(state, options);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  struct arguments *arguments = state->input;
  struct sudoku_options *options = &arguments->options;
  switch (key) {
  case 'b': parse_boxes(state, text, arguments); break;
  case 'c': options->csv = text; break;
  case 'g': parse_givens(state, text, options); break;
  case 't': options->train = whole_number(state, "train", text); break;
  case 'e': options->test = whole_number(state, "test", text); break;
  case 'a': options->augment = whole_number(state, "augment", text); break;
  case 's': options->seed = seed_number(state, text); break;
  case 'o': arguments->output = text; break;
  case KEY_MIN_RATING: options->min_rating = whole_number(state, "min-rating", text); break;
  case KEY_MAX_RATING: options->max_rating = whole_number(state, "max-rating", text); break;
  case KEY_SKIP_BAD: options->skip_bad = true; break;
  case KEY_FORCE: arguments->force = true; break;
  case 'h': argp_state_help(state, stdout, ARGP_HELP_STD_HELP); break;
  case ARGP_KEY_ARG: argp_error(state, "unexpected argument '%s'", text); break;
  case ARGP_KEY_END: check_all(state, arguments); break;
  default: return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

/* ---- The data set ---- */

static const char *const split_names[NUM_SETS] = {"train", "test"};

/* What the published form does not have: how puzzles look as text, and what was made. */
static json_t *extra_facts(const struct sudoku_shape *shape) {
  char characters[SUDOKU_MAX_SIZE + 3] = " .";
  for (int d = 1; d <= shape->size; d++) characters[d + 1] = (char)('0' + d);
  return json_pack("{s:s, s:[i,i], s:s, s:{s:s}, s:[i,i]}", "task", "sudoku", "boxes", shape->box_rows,
                   shape->box_columns, "characters", characters, "aliases", "0", ".", "grid", shape->size,
                   shape->size);
}

static bool create_splits(struct sudoku_job *job, const char *folder, struct hrm_error *error) {
  for (int i = 0; i < NUM_SETS; i++)
    if (job->sets[i].wanted > 0 &&
        !split_create(&job->sets[i].split, folder, split_names[i], job->options->shape.cells, error))
      return false;
  return true;
}

static bool finish_splits(struct sudoku_job *job, struct hrm_error *error) {
  json_t *extra = extra_facts(&job->options->shape);
  struct split_facts facts = {
      .vocab_size = job->options->shape.size + 2, .num_puzzle_identifiers = 1, .ignore_label_id = 0, .extra = extra};
  bool ok = extra || hrm_fail(error, HRM_SYSTEM, "out of memory");
  for (int i = 0; ok && i < NUM_SETS; i++)
    if (job->sets[i].wanted > 0) ok = split_finish(&job->sets[i].split, &facts, error);
  json_decref(extra);
  return ok;
}

static bool fill(struct sudoku_job *job, struct hrm_error *error) {
  size_t bytes = (size_t)SUDOKU_SLAB * (size_t)job->options->shape.cells;
  job->inputs = malloc(bytes);
  job->labels = malloc(bytes);
  bool ok = job->inputs && job->labels;
  if (!ok)
    hrm_fail(error, HRM_SYSTEM, "out of memory");
  else
    ok = job->options->csv ? sudoku_fill_from_csv(job, error) : sudoku_fill_by_generation(job, error);
  free(job->inputs);
  free(job->labels);
  progress_clear(&job->progress);
  return ok;
}

static bool make_splits(struct sudoku_job *job, const struct output *output, struct hrm_error *error) {
  static const char *const names[] = {"<blank>"};
  bool ok = create_splits(job, output->temporary, error) && fill(job, error) && finish_splits(job, error) &&
            output_write_identifiers(output, names, 1, error);
  for (int i = 0; i < NUM_SETS; i++) split_abandon(&job->sets[i].split);
  return ok;
}

static bool make_data_set(const struct arguments *arguments, struct hrm_error *error) {
  const struct sudoku_options *options = &arguments->options;
  struct sudoku_job job = {.options = options, .progress = progress_new(stderr)};
  job.sets[TRAIN_SET] = (struct sudoku_set){.wanted = options->train, .augment = options->augment};
  job.sets[TEST_SET] = (struct sudoku_set){.wanted = options->test};
  struct output output;
  if (!output_create(&output, arguments->output, arguments->force, error)) return false;
  if (make_splits(&job, &output, error)) return output_commit(&output, error);
  output_abandon(&output);
  return false;
}

int sudoku_command(int argc, char **argv) {
  static const struct argp argp = {
      .options = option_table,
      .parser = parse_option,
      .doc =
          "Make a Sudoku data set in the form that the HRM code publishes: DIR/train, DIR/test.\v"
          "Augmentations permute digits, bands, rows in bands, stacks and columns in stacks, and transpose where "
          "boxes "
          "are square.  The result depends on the options alone, not on the number of threads (OMP_NUM_THREADS).\n\n"
          "Exit codes: 0 done, 1 bad input, 2 bad command line, 3 a limitation, 5 the system (a full disk, "
          "permissions), 130 interrupted.  Nothing half-written is left."};
  struct arguments arguments = {.box_rows = 3, .box_columns = 3};
  arguments.options = (struct sudoku_options){.train = 1000, .test = 1000, .max_rating = INT64_MAX};
  struct hrm_error error;
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  struct interrupt before;
  interrupt_begin(&before);
  bool made = make_data_set(&arguments, &error);
  interrupt_end(&before);
  if (!made) {
    fprintf(stderr, "hrm-data: %s\n", error.text);
    return error.code;
  }
  const struct sudoku_options *options = &arguments.options;
  printf("%s: %lld training puzzles (%lld examples), %lld test puzzles\n", arguments.output,
         (long long)options->train, (long long)(options->train * (1 + options->augment)), (long long)options->test);
  return 0;
}

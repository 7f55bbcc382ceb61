#include <jansson.h>
#include <stdlib.h>

#include "runtime/data/arguments.h"
#include "runtime/data/commands.h"
#include "runtime/data/maze_sets.h"

/* ---- The command line ---- */

enum { MAZE_OWN_OPTIONS(OPTION_KEY) };

static const struct argp_option option_table[] = {MAZE_OPTIONS(OPTION_ARGP) OPTION_HELP};

static void parse_size(struct argp_state *state, const char *text, struct maze_options *options) {
  int64_t rows = 0, columns = 0;
  const char *end;
  bool ok = number_read(text, &end, &rows);
  columns = rows;
  if (ok && *end == 'x') ok = number_read(end + 1, &end, &columns);
  if (!ok || *end || rows < 1 || columns < 1) argp_error(state, "--size %s: N or RxC is expected, such as 30", text);
  if (rows > MAZE_MAX_SIDE || columns > MAZE_MAX_SIDE)
    argp_failure(state, HRM_LIMITATION, 0, "--size %s: mazes of more than %d rows or columns are not supported", text,
                 MAZE_MAX_SIDE);
  options->rows = (int)rows;
  options->columns = (int)columns;
}

/* N, N-M, or N- without an upper end. */
static void parse_path(struct argp_state *state, const char *text, struct maze_options *options) {
  int64_t least = 0, most = 0;
  const char *end;
  bool open = number_read(text, &end, &least) && end[0] == '-' && !end[1];
  bool ok = open || parse_range(text, &least, &most);
  if (open) most = INT32_MAX;
  if (!ok || least < 1 || least > most || most > INT32_MAX)
    argp_error(state, "--path %s: a number of steps, a range N-M or a least number N- is expected", text);
  options->least_steps = (int)least;
  options->most_steps = (int)most;
}

static void parse_loops(struct argp_state *state, const char *text, struct maze_options *options) {
  int64_t percent = option_integer(state, KEY_LOOPS, text, 0, 100);
  if (percent > 100) argp_error(state, "--loops %s: 0 to 100 percent are expected", text);
  options->loops = (int)percent;
}

static void check_all(struct argp_state *state, struct maze_options *options) {
  if (!options->set.csv && options->rows == 0) options->rows = options->columns = 30;
  if (!options->set.csv && (options->rows < 3 || options->columns < 3))
    argp_error(state, "--size %dx%d: mazes are made with at least 3 rows and columns", options->rows,
               options->columns);
  check_set_options(state, &options->set);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
  struct maze_options *options = state->input;
  switch (key) {
  case KEY_SIZE: parse_size(state, text, options); break;
  case KEY_PATH: parse_path(state, text, options); break;
  case KEY_LOOPS: parse_loops(state, text, options); break;
  case KEY_DIHEDRAL: options->dihedral = true; break;
  case ARGP_KEY_END: check_all(state, options); break;
  default: return parse_set_option(key, text, state, &options->set);
  }
  return 0;
}

/* ---- The data set ---- */

static json_t *extra_facts(const struct maze_options *options) {
  return json_pack("{s:s, s:s, s:[i,i]}", "task", "maze", "characters", "." MAZE_CHARACTERS, "grid", options->rows,
                   options->columns);
}

static bool make(void *context, struct hrm_error *error) {
  struct maze_options *options = context;
  if (options->rows == 0 && !maze_size_of_csv(options, error)) return false;
  if (options->dihedral) options->set.augment = maze_forms(options->rows, options->columns) - 1;
  struct puzzle_job job = maze_job(options);
  json_t *extra = extra_facts(options);
  struct split_facts facts = {.vocab_size = MAZE_TOKENS, .num_puzzle_identifiers = 1, .extra = extra};
  bool ok = extra ? puzzle_sets_make(&job, &facts, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  json_decref(extra);
  return ok;
}

int maze_command(int argc, char **argv) {
  static const struct argp argp = {
      .options = option_table,
      .parser = parse_option,
      .doc = "Make a data set of mazes in the form that the HRM code publishes: DIR/train, DIR/test.\v"
             "The answer is a shortest path from S to G, that of the CSV or, of several, the one that goes up rather "
             "than left, left rather than right, right rather than down.  The result depends on the options alone, "
             "not on the number of threads (OMP_NUM_THREADS).\n\n" DATA_EXIT_CODES};
  struct maze_options options = {
      .set = {.train = 1000, .test = 1000}, .loops = 10, .least_steps = 1, .most_steps = INT32_MAX};
  argp_parse(&argp, argc, argv, 0, NULL, &options);
  int code = run_builder(make, &options);
  if (code == 0) puzzle_sets_report(&options.set);
  return code;
}

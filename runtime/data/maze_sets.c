#include "runtime/data/maze_sets.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/dihedral.h"
#include "runtime/hash.h"

/* ---- Forms ---- */

/* The forms that keep the shape, by number of example. */
static int form_number(const struct maze_options *options, int64_t which) {
  static const int oblong[] = {0, 2, 4, 5};
  return options->rows == options->columns ? (int)which : oblong[which];
}

int maze_forms(int rows, int columns) { return rows == columns ? DIHEDRAL_FORMS : DIHEDRAL_FORMS / 2; }

static void augment(const void *context, const uint8_t *question, const uint8_t *answer, uint64_t group,
                    int64_t which, uint8_t *input, uint8_t *label) {
  const struct maze_options *options = context;
  (void)group;
  int form = form_number(options, which);
  dihedral_apply(form, options->rows, options->columns, question, input);
  dihedral_apply(form, options->rows, options->columns, answer, label);
}

/* Of the cells in the order in which a form has them. */
static uint64_t hash_form(const struct maze_options *options, const uint8_t *question, int form) {
  uint64_t hash = HASH_EMPTY;
  for (int i = 0; i < options->rows * options->columns; i++)
    hash = hash_byte(hash, question[dihedral_source(form, options->rows, options->columns, i)]);
  return hash;
}

static uint64_t class_of(const void *context, const uint8_t *question, const uint8_t *answer) {
  const struct maze_options *options = context;
  uint64_t least = UINT64_MAX;
  (void)answer;
  for (int i = 0; i < maze_forms(options->rows, options->columns); i++) {
    uint64_t hash = hash_form(options, question, form_number(options, i));
    least = hash < least ? hash : least;
  }
  return least;
}

/* ---- Lines of a CSV ---- */

static bool read_maze(const void *context, const struct csv_place *at, const char *column, struct csv_field field,
                      int kinds, uint8_t *maze) {
  const struct maze_options *options = context;
  int cells = options->rows * options->columns;
  if (field.length != (size_t)cells)
    return csv_fail(at, "%s has %zu characters; a %dx%d maze has %d", column, field.length, options->rows,
                    options->columns, cells);
  for (int i = 0; i < cells; i++) {
    const char *known = memchr(MAZE_CHARACTERS, field.text[i], (size_t)kinds);
    char c = field.text[i], shown[8];
    snprintf(shown, sizeof shown, c >= ' ' && c <= '~' ? "'%c'" : "\\x%02x", (unsigned char)c);
    if (!known)
      return csv_fail(at, "%s has %s at character %d; \"%.*s\" are expected", column, shown, i + 1, kinds,
                      MAZE_CHARACTERS);
    maze[i] = (uint8_t)(MAZE_WALL + (known - MAZE_CHARACTERS));
  }
  return true;
}

static bool take(const void *context, const struct csv_place *at, const struct csv_puzzle *line, uint8_t *question,
                 uint8_t *answer) {
  return read_maze(context, at, "question", line->question, MAZE_PATH - MAZE_WALL, question) &&
         read_maze(context, at, "answer", line->answer, MAZE_TOKENS - MAZE_WALL, answer);
}

static bool check_ends(const struct csv_place *at, const struct maze_search *search, const uint8_t *question) {
  static const struct {
    enum maze_cell cell;
    const char *name;
  } ends[] = {{MAZE_START, "start 'S'"}, {MAZE_GOAL, "goal 'G'"}};
  for (int i = 0; i < 2; i++) {
    int found = maze_find(search, question, ends[i].cell);
    if (found < 0) return csv_fail(at, "the maze has %s %s", found == -1 ? "no" : "more than one", ends[i].name);
  }
  return true;
}

static bool check_answer(const struct csv_place *at, struct maze_search *search, const uint8_t *question,
                         const uint8_t *answer, int steps) {
  switch (maze_judge(search, question, answer)) {
  case MAZE_OTHER: return csv_fail(at, "the answer is not the maze with a path marked");
  case MAZE_BROKEN: return csv_fail(at, "the answer's marks are not a path from S to G");
  case MAZE_LONG: return csv_fail(at, "the answer's path is not a shortest one, which has %d steps", steps);
  case MAZE_SHORTEST: break;
  }
  return true;
}

static bool check(const struct maze_options *options, const struct csv_place *at, struct maze_search *search,
                  const uint8_t *question, const uint8_t *answer, bool *fits) {
  if (!check_ends(at, search, question)) return false;
  int steps = maze_steps(search, question);
  if (steps < 0) return csv_fail(at, "the maze has no path from S to G");
  *fits = steps >= options->least_steps && steps <= options->most_steps;
  return check_answer(at, search, question, answer, steps);
}

static bool read_line(const void *context, const struct csv_place *at, const struct csv_puzzle *line,
                      uint8_t *question, uint8_t *answer, bool *fits) {
  const struct maze_options *options = context;
  struct maze_search search;
  if (!take(context, at, line, question, answer)) return false;
  if (!maze_search_create(&search, options->rows, options->columns, at->error)) return false;
  bool ok = check(options, at, &search, question, answer, fits);
  maze_search_destroy(&search);
  return ok;
}

/* ---- The size of a CSV's mazes ---- */

static bool set_side(struct maze_options *options, const struct csv *csv, struct csv_line line, int64_t number,
                     struct hrm_error *error) {
  struct csv_field fields[CSV_MAX_COLUMNS];
  int question = csv_column(csv, "question");
  if (question < 0)
    return hrm_fail(error, HRM_INPUT,
                    "%s:1: the header has no column \"question\"; "
                    "source,question,answer,rating is expected",
                    csv->path);
  if (!csv_split(csv, line, number, fields, error)) return false;
  size_t length = fields[question].length;
  int side = length <= MAZE_MAX_SIDE * MAZE_MAX_SIDE ? (int)lround(sqrt((double)length)) : 0;
  if (side < 2 || (size_t)side * (size_t)side != length)
    return hrm_fail(error, HRM_INPUT,
                    "%s:%" PRId64
                    ": question has %zu characters, which is not a square; --size RxC tells its rows and "
                    "columns",
                    csv->path, number, length);
  options->rows = options->columns = side;
  return true;
}

bool maze_size_of_csv(struct maze_options *options, struct hrm_error *error) {
  struct csv csv;
  if (!csv_open(&csv, options->set.csv, error)) return false;
  int64_t number = 2;
  struct csv_line line = {csv.body, csv.body, csv.body};
  for (size_t offset = csv.body; offset < csv.length && line.begin == line.end; offset = line.next)
    line = csv_line_at(&csv, offset), number += line.begin == line.end;
  bool ok = line.begin < line.end ? set_side(options, &csv, line, number, error)
                                  : hrm_fail(error, HRM_INPUT, "%s: no mazes", csv.path);
  csv_close(&csv);
  return ok;
}

/* ---- Generation ---- */

static bool generate(const void *context, uint64_t number, uint8_t *question, uint8_t *answer, int *tries) {
  const struct maze_options *options = context;
  struct draws draws = {.stream = stream_named(options->set.output.seed, "maze generation", number)};
  struct maze_search search;
  struct hrm_error error;
  *tries = 1;
  if (!maze_search_create(&search, options->rows, options->columns, &error)) return false;
  maze_dig(options, &draws, question, search.queue);
  bool ok = maze_put_ends(options, &draws, &search, question) && maze_solve(&search, question, answer) > 0;
  maze_search_destroy(&search);
  return ok;
}

/* ---- The kind ---- */

static const struct puzzle_kind maze_kind = {.order_stream = "maze order",
                                             .side_stream = "maze sides",
                                             .read = read_line,
                                             .take = take,
                                             .generate = generate,
                                             .class_of = class_of,
                                             .augment = augment};

struct puzzle_job maze_job(const struct maze_options *options) {
  return (struct puzzle_job){.options = &options->set,
                             .kind = &maze_kind,
                             .context = options,
                             .cells = (int64_t)options->rows * options->columns,
                             .few_classes = options->rows * options->columns < 49};
}

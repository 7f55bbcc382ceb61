/* Puzzles from a CSV. The lines are checked first, all of them and by all threads; of each that fits, its place and
 * its class are kept.  Sorted by a hash of their class, equivalent puzzles stand together: the first ones train, the
 * next ones, from the next class on, test. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/csv.h"
#include "runtime/data/sudoku_sets.h"

struct row {
  size_t offset;
  int64_t line;
  uint64_t order; /* a hash of seed and class */
  bool fits;      /* a good puzzle, of the rating asked for */
};

struct reader {
  struct sudoku_job *job;
  struct csv csv;
  int question, answer, rating; /* columns; rating -1: none */
  struct row *rows;             /* in the file's order */
  int64_t count, capacity;
  int64_t bad;            /* lines left out */
  int64_t first_bad_line; /* with the message of `why`; INT64_MAX: none */
  struct hrm_error why;
};

/* ---- One line ---- */

struct place {
  const struct reader *reader;
  int64_t line;
  struct hrm_error *error;
};

static bool fail_cell(const struct place *at, const char *column, char c, int64_t position, bool blanks) {
  char shown[8];
  snprintf(shown, sizeof shown, c >= ' ' && c <= '~' ? "'%c'" : "\\x%02x", (unsigned char)c);
  return hrm_fail(at->error, HRM_INPUT,
                  "%s:%" PRId64 ": %s has %s at character %" PRId64 "; digits 1-%d%s are expected",
                  at->reader->csv.path, at->line, column, shown, position, at->reader->job->options->shape.size,
                  blanks ? ", and . or 0 for a blank," : "");
}

static bool read_board(const struct place *at, const char *column, struct csv_field field, bool blanks,
                       uint8_t *board) {
  const struct sudoku_shape *shape = &at->reader->job->options->shape;
  if (field.length != (size_t)shape->cells)
    return hrm_fail(at->error, HRM_INPUT, "%s:%" PRId64 ": %s has %zu characters; a %dx%d board has %d",
                    at->reader->csv.path, at->line, column, field.length, shape->size, shape->size, shape->cells);
  for (int i = 0; i < shape->cells; i++) {
    char c = field.text[i];
    bool blank = c == '.' || c == '0';
    if (blank ? !blanks : (c < '1' || c > '0' + shape->size)) return fail_cell(at, column, c, i + 1, blanks);
    board[i] = blank ? 0 : (uint8_t)(c - '0');
  }
  return true;
}

static bool read_rating(const struct place *at, struct csv_field field, int64_t *rating) {
  *rating = 0;
  for (size_t i = 0; i < field.length; i++) {
    char c = field.text[i];
    if (c < '0' || c > '9' || i >= 15)
      return hrm_fail(at->error, HRM_INPUT, "%s:%" PRId64 ": rating \"%.*s\" is not a whole number",
                      at->reader->csv.path, at->line, field.length < 40 ? (int)field.length : 40, field.text);
    *rating = *rating * 10 + (c - '0');
  }
  return true;
}

static bool fail_puzzle(const struct place *at, const char *what) {
  return hrm_fail(at->error, HRM_INPUT, "%s:%" PRId64 ": %s", at->reader->csv.path, at->line, what);
}

/* Solves the puzzle; the number of guesses is its rating where the file gives none. */
static bool check_puzzle(const struct place *at, const struct sudoku_puzzle *puzzle, bool rated, int64_t *rating) {
  const struct sudoku_shape *shape = &at->reader->job->options->shape;
  uint8_t solution[SUDOKU_MAX_CELLS];
  int solutions = sudoku_solve(shape, puzzle->question, 2, NULL, solution, NULL);
  if (solutions == SUDOKU_GAVE_UP)
    return fail_puzzle(at, "the puzzle is not solved within 100,000 guesses; it has no solution, or too few givens");
  if (solutions == 0) return fail_puzzle(at, "the puzzle has no solution");
  if (solutions > 1) return fail_puzzle(at, "the puzzle has several solutions");
  if (memcmp(solution, puzzle->answer, (size_t)shape->cells))
    return fail_puzzle(at, "the answer is not the puzzle's solution");
  if (!rated) sudoku_solve(shape, puzzle->question, 1, NULL, NULL, rating);
  return true;
}

static bool read_fields(const struct place *at, size_t offset, struct csv_field *fields) {
  const struct csv *csv = &at->reader->csv;
  return csv_split(csv, csv_line_at(csv, offset), at->line, fields, at->error);
}

static bool read_puzzle(const struct place *at, const struct csv_field *fields, struct sudoku_puzzle *puzzle) {
  return read_board(at, "question", fields[at->reader->question], true, puzzle->question) &&
         read_board(at, "answer", fields[at->reader->answer], false, puzzle->answer);
}

static bool check_row(const struct reader *reader, struct row *row, struct hrm_error *error) {
  const struct sudoku_options *options = reader->job->options;
  struct place at = {reader, row->line, error};
  struct csv_field fields[CSV_MAX_COLUMNS];
  struct sudoku_puzzle puzzle;
  int64_t rating = 0;
  if (!read_fields(&at, row->offset, fields) || !read_puzzle(&at, fields, &puzzle)) return false;
  bool rated = reader->rating >= 0 && fields[reader->rating].length > 0;
  if (rated && !read_rating(&at, fields[reader->rating], &rating)) return false;
  if (!check_puzzle(&at, &puzzle, rated, &rating)) return false;
  row->fits = rating >= options->min_rating && rating <= options->max_rating;
  struct random_stream hash = stream_named(options->seed, "sudoku order", 0);
  row->order = stream_bits(hash, sudoku_class(&options->shape, puzzle.question, puzzle.answer));
  return true;
}

/* ---- All lines ---- */

static bool find_columns(struct reader *reader, struct hrm_error *error) {
  reader->question = csv_column(&reader->csv, "question");
  reader->answer = csv_column(&reader->csv, "answer");
  reader->rating = csv_column(&reader->csv, "rating");
  if (reader->question >= 0 && reader->answer >= 0) return true;
  return hrm_fail(error, HRM_INPUT,
                  "%s:1: the header has no column \"%s\"; source,question,answer,rating is expected",
                  reader->csv.path, reader->question < 0 ? "question" : "answer");
}

static bool add_row(struct reader *reader, struct row row, struct hrm_error *error) {
  if (reader->count == reader->capacity) {
    int64_t capacity = reader->capacity ? reader->capacity * 2 : 4096;
    struct row *rows = realloc(reader->rows, (size_t)capacity * sizeof *rows);
    if (!rows) return hrm_fail(error, HRM_SYSTEM, "out of memory");
    reader->rows = rows;
    reader->capacity = capacity;
  }
  reader->rows[reader->count++] = row;
  return true;
}

/* Notes where lines begin; empty ones are left out. */
static bool find_rows(struct reader *reader, struct hrm_error *error) {
  const struct csv *csv = &reader->csv;
  int64_t number = 2;
  for (size_t offset = csv->body; offset < csv->length; number++) {
    struct csv_line line = csv_line_at(csv, offset);
    if (line.end > line.begin && !add_row(reader, (struct row){.offset = offset, .line = number}, error))
      return false;
    offset = line.next;
  }
  return true;
}

/* Whichever thread finds it, the first bad line of the file is reported. */
static void note_bad(struct reader *reader, int64_t line, const struct hrm_error *why) {
#pragma omp critical(sudoku_csv_bad)
  {
    reader->bad++;
    if (line < reader->first_bad_line) {
      reader->first_bad_line = line;
      reader->why = *why;
    }
  }
}

static void check_block(struct reader *reader, int64_t begin, int64_t end) {
#pragma omp parallel for schedule(dynamic, 16)
  for (int64_t i = begin; i < end; i++) {
    struct hrm_error why;
    if (!check_row(reader, &reader->rows[i], &why)) note_bad(reader, reader->rows[i].line, &why);
  }
}

static bool check_rows(struct reader *reader, struct hrm_error *error) {
  enum { BLOCK = 4096 };
  for (int64_t begin = 0; begin < reader->count; begin += BLOCK) {
    if (!sudoku_go_on(reader->job, "line", begin, reader->count, error)) return false;
    check_block(reader, begin, begin + BLOCK < reader->count ? begin + BLOCK : reader->count);
    if (reader->bad && !reader->job->options->skip_bad) return *error = reader->why, false;
  }
  return true;
}

/* ---- Choosing ---- */

static int by_order(const void *left, const void *right) {
  const struct row *a = left, *b = right;
  if (a->order != b->order) return a->order < b->order ? -1 : 1;
  return a->line < b->line ? -1 : a->line > b->line;
}

/* Keeps the rows that fit, in the order in which they are taken. */
static void sort_rows(struct reader *reader) {
  int64_t kept = 0;
  for (int64_t i = 0; i < reader->count; i++)
    if (reader->rows[i].fits) reader->rows[kept++] = reader->rows[i];
  reader->count = kept;
  if (kept) qsort(reader->rows, (size_t)kept, sizeof *reader->rows, by_order);
}

/* The first row of a class of its own from `cut` on. */
static int64_t next_class(const struct reader *reader, int64_t cut) {
  int64_t i = cut;
  while (i > 0 && i < reader->count && reader->rows[i].order == reader->rows[cut - 1].order) i++;
  return i;
}

static bool take_row(const struct reader *reader, const struct row *row, struct sudoku_puzzle *puzzle,
                     struct hrm_error *error) {
  const struct sudoku_options *options = reader->job->options;
  struct place at = {reader, row->line, error};
  struct draws draws = {.stream = stream_named(options->seed, "sudoku givens", (uint64_t)row->line)};
  struct csv_field fields[CSV_MAX_COLUMNS];
  if (!read_fields(&at, row->offset, fields) || !read_puzzle(&at, fields, puzzle)) return false;
  int givens = sudoku_draw_givens(options, &draws);
  sudoku_give_more(&options->shape, givens, &draws, puzzle->question, puzzle->answer);
  return true;
}

/* Gives a set what it wants of the rows from `first` on. */
static bool add_rows(struct reader *reader, struct sudoku_set *set, int64_t first, struct hrm_error *error) {
  enum { BATCH = 64 };
  struct sudoku_puzzle puzzles[BATCH];
  while (set->have < set->wanted) {
    int64_t left = set->wanted - set->have, count = left < BATCH ? left : BATCH;
    for (int64_t i = 0; i < count; i++)
      if (!take_row(reader, &reader->rows[first + set->have + i], &puzzles[i], error)) return false;
    if (!sudoku_add(reader->job, set, puzzles, count, error)) return false;
  }
  return true;
}

static bool choose_rows(struct reader *reader, struct hrm_error *error) {
  struct sudoku_set *train = &reader->job->sets[TRAIN_SET], *test = &reader->job->sets[TEST_SET];
  int64_t cut = train->wanted <= reader->count ? next_class(reader, train->wanted) : reader->count;
  int64_t usable = train->wanted + reader->count - cut;
  if (train->wanted > reader->count || test->wanted > reader->count - cut)
    return hrm_fail(error, HRM_INPUT,
                    "%s: %" PRId64 " puzzles fit, of which %" PRId64 " can be used without equivalents in both sets; "
                    "%" PRId64 " + %" PRId64 " are asked for",
                    reader->csv.path, reader->count, train->wanted > reader->count ? reader->count : usable,
                    train->wanted, test->wanted);
  return add_rows(reader, train, 0, error) && add_rows(reader, test, cut, error);
}

static void report_bad(struct reader *reader) {
  if (reader->bad == 0) return;
  progress_line(&reader->job->progress, "hrm-data: left out %" PRId64 " bad lines; the first: %s", reader->bad,
                reader->why.text);
}

bool sudoku_fill_from_csv(struct sudoku_job *job, struct hrm_error *error) {
  struct reader reader = {.job = job, .first_bad_line = INT64_MAX};
  bool ok = csv_open(&reader.csv, job->options->csv, error) && find_columns(&reader, error) &&
            find_rows(&reader, error) && check_rows(&reader, error);
  if (ok) {
    sort_rows(&reader);
    ok = choose_rows(&reader, error);
    report_bad(&reader);
  }
  free(reader.rows);
  csv_close(&reader.csv);
  return ok;
}

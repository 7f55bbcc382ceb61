/* Puzzles from a CSV. The lines are checked first, all of them and by all threads; of each that fits, its place and
 * its class are kept.  Sorted by a hash of their class, equivalent puzzles stand together: the first ones train, the
 * next ones, from the next class on, test.  Where the test puzzles have a CSV of their own, each set is the first
 * ones of its file. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/puzzle_sets.h"
#include "runtime/random.h"
#include "runtime/text.h"

struct row {
  size_t offset;
  int64_t line;
  uint64_t order; /* a hash of seed and class */
  bool fits;      /* a good puzzle, one of those asked for */
};

struct reader {
  struct puzzle_job *job;
  int64_t train, test; /* puzzles wanted of this file */
  struct csv csv;
  int question, answer, rating; /* columns; rating -1: none */
  struct row *rows;             /* in the file's order */
  int64_t count, capacity;
  int64_t bad;            /* lines left out */
  int64_t first_bad_line; /* with the message of `why`; INT64_MAX: none */
  struct hrm_error why;
};

bool csv_fail(const struct csv_place *at, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return hrm_fail(at->error, HRM_INPUT, "%s:%" PRId64 ": %s", at->csv->path, at->line, text);
}

/* ---- One line ---- */

static bool read_fields(const struct reader *reader, const struct csv_place *at, size_t offset,
                        struct csv_puzzle *line) {
  struct csv_field fields[CSV_MAX_COLUMNS];
  if (!csv_split(at->csv, csv_line_at(at->csv, offset), at->line, fields, at->error)) return false;
  *line = (struct csv_puzzle){fields[reader->question], fields[reader->answer], {"", 0}};
  if (reader->rating >= 0) line->rating = fields[reader->rating];
  return true;
}

/* puzzle is room for one. */
static bool check_row(const struct reader *reader, struct row *row, uint8_t *puzzle, struct hrm_error *error) {
  const struct puzzle_job *job = reader->job;
  struct csv_place at = {&reader->csv, row->line, error};
  struct csv_puzzle line;
  uint8_t *answer = puzzle + job->cells;
  if (!read_fields(reader, &at, row->offset, &line)) return false;
  if (!job->kind->read(job->context, &at, &line, puzzle, answer, &row->fits)) return false;
  struct random_stream hash = stream_named(job->options->output.seed, job->kind->order_stream, 0);
  row->order = stream_bits(hash, job->kind->class_of(job->context, puzzle, answer));
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
#pragma omp critical(puzzle_csv_bad)
  {
    reader->bad++;
    if (line < reader->first_bad_line) {
      reader->first_bad_line = line;
      reader->why = *why;
    }
  }
}

/* False where memory is short. */
static bool check_block(struct reader *reader, int64_t begin, int64_t end) {
  bool ok = true;
#pragma omp parallel reduction(&& : ok)
  {
    uint8_t *puzzle = malloc((size_t)puzzle_bytes(reader->job));
    ok = puzzle;
#pragma omp for schedule(dynamic, 16)
    for (int64_t i = begin; i < end; i++) {
      struct hrm_error why;
      if (puzzle && !check_row(reader, &reader->rows[i], puzzle, &why)) note_bad(reader, reader->rows[i].line, &why);
    }
    free(puzzle);
  }
  return ok;
}

static bool check_rows(struct reader *reader, struct hrm_error *error) {
  enum { BLOCK = 4096 };
  for (int64_t begin = 0; begin < reader->count; begin += BLOCK) {
    int64_t end = begin + BLOCK < reader->count ? begin + BLOCK : reader->count;
    if (!data_goes_on(&reader->job->progress, "line", begin, reader->count, error)) return false;
    if (!check_block(reader, begin, end)) return hrm_fail(error, HRM_SYSTEM, "out of memory");
    if (reader->bad && !reader->job->options->output.skip_bad) return *error = reader->why, false;
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

static bool take_row(const struct reader *reader, const struct row *row, uint8_t *puzzle, struct hrm_error *error) {
  const struct puzzle_job *job = reader->job;
  struct csv_place at = {&reader->csv, row->line, error};
  struct csv_puzzle line;
  return read_fields(reader, &at, row->offset, &line) &&
         job->kind->take(job->context, &at, &line, puzzle, puzzle + job->cells);
}

enum { BATCH = 1024 };

/* Gives a set what it wants of the rows from `first` on; puzzles is room for BATCH of them. */
static bool add_rows(struct reader *reader, struct puzzle_set *set, int64_t first, uint8_t *puzzles,
                     struct hrm_error *error) {
  while (set->have < set->wanted) {
    int64_t left = set->wanted - set->have, count = left < BATCH ? left : BATCH;
    for (int64_t i = 0; i < count; i++)
      if (!take_row(reader, &reader->rows[first + set->have + i], puzzles + i * puzzle_bytes(reader->job), error))
        return false;
    if (!puzzle_sets_add(reader->job, set, puzzles, count, error)) return false;
  }
  return true;
}

static bool choose_rows(struct reader *reader, uint8_t *puzzles, struct hrm_error *error) {
  struct puzzle_set *sets = reader->job->sets;
  int64_t train = reader->train, test = reader->test;
  int64_t cut = train <= reader->count ? next_class(reader, train) : reader->count;
  int64_t usable = train + reader->count - cut;
  if (train > reader->count || test > reader->count - cut)
    return hrm_fail(error, HRM_INPUT,
                    "%s: %" PRId64 " puzzles fit, of which %" PRId64 " can be used without equivalents in both sets; "
                    "%" PRId64 " + %" PRId64 " are asked for",
                    reader->csv.path, reader->count, train > reader->count ? reader->count : usable, train, test);
  return (train == 0 || add_rows(reader, &sets[TRAIN_SET], 0, puzzles, error)) &&
         (test == 0 || add_rows(reader, &sets[TEST_SET], cut, puzzles, error));
}

static bool write_rows(struct reader *reader, struct hrm_error *error) {
  uint8_t *puzzles = malloc((size_t)(BATCH * puzzle_bytes(reader->job)));
  bool ok = puzzles ? choose_rows(reader, puzzles, error) : hrm_fail(error, HRM_SYSTEM, "out of memory");
  free(puzzles);
  return ok;
}

static void report_bad(struct reader *reader) {
  if (reader->bad == 0) return;
  progress_line(&reader->job->progress, "hrm-data: left out %" PRId64 " bad line%s; the first: %s", reader->bad,
                plural(reader->bad), reader->why.text);
}

static bool read_csv(struct puzzle_job *job, const char *path, int64_t train, int64_t test, struct hrm_error *error) {
  struct reader reader = {.job = job, .train = train, .test = test, .first_bad_line = INT64_MAX};
  bool ok = csv_open(&reader.csv, path, error) && find_columns(&reader, error) && find_rows(&reader, error) &&
            check_rows(&reader, error);
  if (ok) {
    sort_rows(&reader);
    ok = write_rows(&reader, error);
    report_bad(&reader);
  }
  free(reader.rows);
  csv_close(&reader.csv);
  return ok;
}

bool puzzle_sets_read(struct puzzle_job *job, struct hrm_error *error) {
  const struct puzzle_options *o = job->options;
  if (!o->test_csv) return read_csv(job, o->csv, o->train, o->test, error);
  return read_csv(job, o->csv, o->train, 0, error) && read_csv(job, o->test_csv, 0, o->test, error);
}

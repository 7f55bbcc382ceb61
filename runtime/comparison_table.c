/* The results of a comparison as a table of text: columns are as wide as what stands in them. */
#include "runtime/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/score.h"

enum { MOST_COLUMNS = 10, MOST_TEXT = 80 };

struct cell {
  char text[MOST_TEXT];
};

static double number(const json_t *object, const char *key) {
  return json_number_value(json_object_get(object, key));
}

/* "12.3 ± 0.4", of numbers times a scale; "-" where there is none. */
static struct cell spread_cell(const json_t *spread, double scale, int decimals, const char *unit) {
  struct cell cell = {"-"};
  const json_t *mean = json_object_get(spread, "mean"), *sd = json_object_get(spread, "sd");
  if (json_is_number(mean) && json_is_number(sd))
    snprintf(cell.text, MOST_TEXT, "%.*f ± %.*f%s", decimals, scale * json_number_value(mean), decimals,
             scale * json_number_value(sd), unit);
  else if (json_is_number(mean))
    snprintf(cell.text, MOST_TEXT, "%.*f%s", decimals, scale * json_number_value(mean), unit);
  return cell;
}

/* 1234567 as "1.23M"; units of a thousand. */
static struct cell short_cell(double value, const char *unit) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
  struct cell cell;
  int step = 0;
  for (; value >= 999.5 && step < 5; step++) value /= 1000;
  snprintf(cell.text, MOST_TEXT, step ? "%.3g%s%s" : "%.0f%s%s", value, prefixes[step], unit);
  return cell;
}

static struct cell whole_cell(double value) {
  struct cell cell;
  snprintf(cell.text, MOST_TEXT, "%.0f", value);
  return cell;
}

static struct cell text_cell(const char *text) {
  struct cell cell;
  snprintf(cell.text, MOST_TEXT, "%s", text);
  return cell;
}

/* "3 of 3", with "1 diverged" where one did. */
static struct cell runs_cell(const json_t *results, const json_t *v) {
  struct cell cell;
  int diverged = (int)number(v, "diverged"), used;
  used = snprintf(cell.text, MOST_TEXT, "%d of %d", (int)number(v, "done"), (int)number(results, "seeds"));
  if (diverged) snprintf(cell.text + used, MOST_TEXT - (size_t)used, ", %d diverged", diverged);
  return cell;
}

/* Characters of UTF-8. */
static int width_of(const char *text) {
  int width = 0;
  for (; *text; text++) width += (*text & 0xc0) != 0x80;
  return width;
}

/* Rows of as many columns; the first row is the head, the first column stands left, the others right. */
static void print_rows(const struct cell *cells, int rows, int columns, FILE *out) {
  int widths[MOST_COLUMNS] = {0};
  for (int i = 0; i < rows * columns; i++)
    widths[i % columns] = (int)fmax(widths[i % columns], width_of(cells[i].text));
  for (int i = 0; i < rows * columns; i++) {
    int column = i % columns, room = widths[column] - width_of(cells[i].text);
    if (column == 0)
      fprintf(out, "%s%*s", cells[i].text, room, "");
    else
      fprintf(out, "  %*s%s", room, "", cells[i].text);
    if (column == columns - 1) fputc('\n', out);
  }
}

/* A table is filled row by row. */
struct table {
  struct cell *cells;
  int count;
};

static void put(struct table *t, struct cell cell) { t->cells[t->count++] = cell; }

static void put_all(struct table *t, const char *const *texts) {
  for (; *texts; texts++) put(t, text_cell(*texts));
}

static void print_variants(const json_t *results, struct table *t, FILE *out) {
  static const char *const head[] = {"variant", "runs", "parameters", "FLOPs a segment", "a step", "memory", "steps",
                                     "seconds", "loss", NULL};
  size_t i;
  const json_t *v, *variants = json_object_get(results, "variants");
  t->count = 0;
  put_all(t, head);
  json_array_foreach(variants, i, v) {
    put(t, text_cell(json_string_value(json_object_get(v, "name"))));
    put(t, runs_cell(results, v));
    put(t, short_cell(number(v, "parameters"), ""));
    put(t, short_cell(number(v, "forward_flops"), ""));
    put(t, short_cell(number(v, "train_flops"), ""));
    put(t, short_cell(number(v, "memory_bytes"), "B"));
    put(t, whole_cell(number(v, "steps")));
    put(t, spread_cell(json_object_get(v, "seconds"), 1, 1, ""));
    put(t, spread_cell(json_object_get(v, "loss"), 1, 4, ""));
  }
  print_rows(t->cells, (int)json_array_size(variants) + 1, 9, out);
}

static void put_evaluation(struct table *t, const json_t *v, const json_t *e, const char *const *scores) {
  bool halt = json_is_true(json_object_get(e, "halt"));
  struct cell limit;
  snprintf(limit.text, MOST_TEXT, halt ? "%d, halting" : "%d", (int)number(e, "max_segments"));
  put(t, text_cell(json_string_value(json_object_get(v, "name"))));
  put(t, limit);
  put(t, spread_cell(json_object_get(e, "segments"), 1, 2, ""));
  put(t, spread_cell(json_object_get(e, "cells"), 100, 1, "%"));
  put(t, spread_cell(json_object_get(e, "exact"), 100, 1, "%"));
  for (const char *const *score = scores; *score; score++)
    put(t, spread_cell(json_object_get(e, *score), 100, 1, "%"));
}

/* Whether some evaluation has the score. */
static bool is_scored(const json_t *results, const char *score) {
  size_t i, k;
  const json_t *v, *e;
  json_array_foreach(json_object_get(results, "variants"), i, v) {
    json_array_foreach(json_object_get(v, "evaluations"), k, e) {
      if (json_object_get(e, score)) return true;
    }
  }
  return false;
}

static void print_evaluations(const json_t *results, struct table *t, FILE *out) {
  static const char *const head[] = {"test split", "segments at most", "segments", "cells", "exact", NULL};
  const char *scores[SCORE_NAMES + 1] = {NULL};
  size_t i, k;
  const json_t *v, *e;
  for (int score = 0, count = 0; score < SCORE_NAMES; score++)
    if (is_scored(results, score_names[score].name)) scores[count++] = score_names[score].name;
  t->count = 0;
  put_all(t, head);
  put_all(t, scores);
  int columns = t->count;
  json_array_foreach(json_object_get(results, "variants"), i, v) {
    json_array_foreach(json_object_get(v, "evaluations"), k, e) put_evaluation(t, v, e, scores);
  }
  print_rows(t->cells, t->count / columns, columns, out);
}

bool comparison_print(const json_t *results, FILE *out) {
  size_t variants = json_array_size(json_object_get(results, "variants"));
  size_t rows = 1 + variants * 2 * (COMPARISON_MOST_LIMITS + 1);
  struct table t = {.cells = calloc(rows * MOST_COLUMNS, sizeof(struct cell))};
  if (!t.cells) return false;
  print_variants(results, &t, out);
  fputc('\n', out);
  print_evaluations(results, &t, out);
  free(t.cells);
  return true;
}

/* Tensors as text: rows and columns aligned, long ones elided. */
#include "session.h"

#include <math.h>
#include <string.h>

enum { NUMBER_TEXT = 32, FULL_ROWS = 12, FULL_COLUMNS = 12, EDGE = 5 };

static void number_text_of(const struct session_tensor *t, int64_t at, char text[NUMBER_TEXT]) {
  switch (t->type.dtype) {
  case DTYPE_I32: snprintf(text, NUMBER_TEXT, "%d", ((const int32_t *)t->data)[at]); break;
  case DTYPE_F64: snprintf(text, NUMBER_TEXT, "%.12g", ((const double *)t->data)[at]); break;
  default: snprintf(text, NUMBER_TEXT, "%.6g", (double)((const float *)t->data)[at]); break;
  }
}

/* What of an axis is shown: all, or its first and last few. */
struct shown {
  int64_t size, edge; /* edge 0: all */
};

static struct shown shown_of(int64_t size, int64_t most, bool full) {
  return (struct shown){size, full || size <= most ? 0 : EDGE};
}

/* The next index; size after the last. */
static int64_t next_of(const struct shown *s, int64_t i) {
  return s->edge && i + 1 == s->edge ? s->size - s->edge : i + 1;
}

static bool is_gap(const struct shown *s, int64_t i) { return s->edge && i == s->size - s->edge; }

static int width_of(const struct session_tensor *t, int64_t base, const struct shown *rows,
                    const struct shown *columns, int64_t column) {
  char text[NUMBER_TEXT];
  int width = 0;
  for (int64_t i = 0; i < rows->size; i = next_of(rows, i)) {
    number_text_of(t, base + i * columns->size + column, text);
    if ((int)strlen(text) > width) width = (int)strlen(text);
  }
  return width;
}

static void print_row(FILE *out, const struct session_tensor *t, int64_t base, const struct shown *columns,
                      const int *widths) {
  char text[NUMBER_TEXT];
  int n = 0;
  for (int64_t j = 0; j < columns->size; j = next_of(columns, j), n++) {
    if (is_gap(columns, j)) fputs(" …", out);
    number_text_of(t, base + j, text);
    fprintf(out, " %*s", widths ? widths[n < 2 * FULL_COLUMNS ? n : 0] : 0, text);
  }
  fputc('\n', out);
}

/* Rows of a matrix; where all columns are shown in full, one width serves them all. */
static void print_matrix(FILE *out, const struct session_tensor *t, int64_t base, int64_t row_count,
                         int64_t column_count, bool full) {
  struct shown rows = shown_of(row_count, FULL_ROWS, full), columns = shown_of(column_count, FULL_COLUMNS, full);
  int widths[2 * FULL_COLUMNS], widest = 0, n = 0;
  for (int64_t j = 0; j < columns.size; j = next_of(&columns, j), n++) {
    int width = width_of(t, base, &rows, &columns, j);
    if (width > widest) widest = width;
    if (n < 2 * FULL_COLUMNS) widths[n] = width;
  }
  for (int i = 0; n > 2 * FULL_COLUMNS && i < 2 * FULL_COLUMNS; i++) widths[i] = widest;
  for (int64_t i = 0; i < rows.size; i = next_of(&rows, i)) {
    if (is_gap(&rows, i)) fputs("  ⋮\n", out);
    fputc(' ', out);
    print_row(out, t, base + i * column_count, &columns, widths);
  }
}

static void print_label(FILE *out, const struct type *type, int64_t number) {
  int64_t index[GRAPH_MAX_RANK];
  for (int axis = type->rank - 3; axis >= 0; axis--) {
    index[axis] = number % type->extent[axis];
    number /= type->extent[axis];
  }
  fputs("[", out);
  for (int axis = 0; axis < type->rank - 2; axis++) fprintf(out, "%lld, ", (long long)index[axis]);
  fputs(":, :]\n", out);
}

/* Higher tensors are matrices one behind the other. */
static void print_blocks(FILE *out, const struct session_tensor *t, bool full) {
  int64_t rows = t->type.extent[t->type.rank - 2], columns = t->type.extent[t->type.rank - 1];
  int64_t count = rows > 0 && columns > 0 ? type_elements(&t->type) / (rows * columns) : 0;
  struct shown blocks = shown_of(count, EDGE, full);
  if (blocks.edge) blocks.edge = 2;
  for (int64_t i = 0; i < count; i = next_of(&blocks, i)) {
    if (is_gap(&blocks, i)) fputs("⋮\n", out);
    if (t->type.rank > 2) print_label(out, &t->type, i);
    print_matrix(out, t, i * rows * columns, rows, columns, full);
  }
}

void print_tensor(FILE *out, const char *type, const struct session_tensor *t, bool full) {
  char text[NUMBER_TEXT];
  if (t->type.rank == 0) {
    number_text_of(t, 0, text);
    fprintf(out, "%s %s\n", type, text);
  } else if (t->type.rank == 1) {
    struct shown columns = shown_of(t->type.extent[0], 2 * FULL_COLUMNS, full);
    fprintf(out, "%s", type);
    print_row(out, t, 0, &columns, NULL);
  } else {
    fprintf(out, "%s\n", type);
    print_blocks(out, t, full);
  }
}

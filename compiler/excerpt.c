#include "excerpt.h"

#include "source.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
  TAB_WIDTH = 8,
  GUTTER_WIDTH = 5,
  LONGEST_LINE = 200, /* bytes; a longer line is cut to a window */
  WINDOW_BEFORE = 60, /* bytes of the window before the first mark */
  WINDOW_WIDTH = 160
};

static const char ELLIPSIS[] = "...";

/* The part of a source line that is shown. */
struct window {
  const char *text;
  uint32_t begin, end; /* bytes of the source */
  int number;
  bool cut_before, cut_after;
};

static bool is_inside_character(const char *text, uint32_t at) { return ((unsigned char)text[at] & 0xC0) == 0x80; }

static struct window window_around(struct span place) {
  struct span line = span_line(place);
  struct window window = {place.source->text, line.begin, line.end, span_position(place).line, false, false};
  if (line.end - line.begin <= LONGEST_LINE) return window;
  if (place.begin > line.begin + WINDOW_BEFORE) window.begin = place.begin - WINDOW_BEFORE;
  while (window.begin > line.begin && is_inside_character(window.text, window.begin)) window.begin--;
  if (window.begin + WINDOW_WIDTH < line.end) window.end = window.begin + WINDOW_WIDTH;
  while (window.end < line.end && is_inside_character(window.text, window.end)) window.end++;
  window.cut_before = window.begin > line.begin;
  window.cut_after = window.end < line.end;
  return window;
}

static int column_after(int column, char character) {
  return character == '\t' ? (column / TAB_WIDTH + 1) * TAB_WIDTH : column + 1;
}

/* The column, from 0, at which the byte at an offset of the source is shown; outside the window: its edge. */
static int display_column(const struct window *window, uint32_t offset) {
  int column = window->cut_before ? (int)strlen(ELLIPSIS) : 0;
  uint32_t stop = offset < window->end ? offset : window->end;
  for (uint32_t at = window->begin; at < stop; at += (uint32_t)utf8_step(window->text + at, window->end - at))
    column = column_after(column, window->text[at]);
  return column;
}

static bool is_control(unsigned char byte) { return byte < 0x20 || byte == 0x7F; }

/* One character, or '?' in place of a byte that is none or that a terminal would obey.  Returns its length. */
static int print_character(FILE *out, const char *text, size_t available) {
  int length = utf8_sequence(text, available);
  bool is_c1_control = length == 2 && (unsigned char)text[0] == 0xC2 && (unsigned char)text[1] < 0xA0;
  if (!length || is_control((unsigned char)*text) || is_c1_control)
    fputc('?', out);
  else
    fwrite(text, 1, (size_t)length, out);
  return length ? length : 1;
}

void excerpt_print_text(FILE *out, const char *text) {
  for (size_t left = strlen(text); left;) {
    int length = 1;
    if (*text == '\n')
      fputc('\n', out);
    else
      length = print_character(out, text, left);
    text += length;
    left -= (size_t)length;
  }
}

static void print_window(FILE *out, const struct window *window) {
  fprintf(out, "%*d | %s", GUTTER_WIDTH, window->number, window->cut_before ? ELLIPSIS : "");
  int column = window->cut_before ? (int)strlen(ELLIPSIS) : 0;
  for (uint32_t at = window->begin; at < window->end;) {
    int next = column_after(column, window->text[at]);
    if (window->text[at] == '\t') {
      fprintf(out, "%*s", next - column, "");
      at++;
    } else {
      at += (uint32_t)print_character(out, window->text + at, window->end - at);
    }
    column = next;
  }
  fprintf(out, "%s\n", window->cut_after ? ELLIPSIS : "");
}

void excerpt_print_line(FILE *out, struct span place) {
  struct window window = window_around(place);
  print_window(out, &window);
}

static void print_gutter(FILE *out, const struct window *window) {
  int width = snprintf(NULL, 0, "%*d", GUTTER_WIDTH, window->number);
  fprintf(out, "%*s | ", width, "");
}

static void draw(char *canvas, const struct window *window, const struct mark *mark) {
  int from = display_column(window, mark->place.begin), to = display_column(window, mark->place.end);
  if (to <= from) to = from + 1;
  memset(canvas + from, '~', (size_t)(to - from));
  if (mark->is_main) canvas[from] = '^';
}

static size_t trimmed_length(const char *canvas, size_t length) {
  while (length && canvas[length - 1] == ' ') length--;
  return length;
}

static void print_canvas(FILE *out, const struct window *window, const char *canvas, const char *label, bool colour) {
  print_gutter(out, window);
  fprintf(out, "%s%s%s%s", colour ? "\033[1;32m" : "", canvas, colour ? "\033[0m" : "", *label ? " " : "");
  excerpt_print_text(out, label);
  fputc('\n', out);
}

/* The mark whose label stands behind the marks: the one that ends last, when it has a label. */
static int inline_label(const struct window *window, const struct mark *marks, int count) {
  int last = 0;
  for (int i = 1; i < count; i++)
    if (display_column(window, marks[i].place.end) > display_column(window, marks[last].place.end)) last = i;
  return *marks[last].label ? last : -1;
}

/* A label on a line of its own; '|' leads down to those that follow further left. */
static void print_label_below(FILE *out, const struct window *window, const struct mark *marks, int which, int skip) {
  int column = 0, target = display_column(window, marks[which].place.begin);
  print_gutter(out, window);
  for (int i = 0; i < which; i++) {
    int bar = display_column(window, marks[i].place.begin);
    if (i == skip || !*marks[i].label || bar < column || bar >= target) continue;
    fprintf(out, "%*s|", bar - column, "");
    column = bar + 1;
  }
  fprintf(out, "%*s", target - column, "");
  excerpt_print_text(out, marks[which].label);
  fputc('\n', out);
}

/* The marks of one line, sorted by place. */
static void print_marks(FILE *out, const struct window *window, const struct mark *marks, int count, bool colour) {
  char canvas[LONGEST_LINE * TAB_WIDTH + 8];
  memset(canvas, ' ', sizeof canvas);
  for (int i = 0; i < count; i++)
    if (!marks[i].is_main) draw(canvas, window, &marks[i]);
  for (int i = 0; i < count; i++)
    if (marks[i].is_main) draw(canvas, window, &marks[i]);
  canvas[trimmed_length(canvas, sizeof canvas)] = '\0';
  int behind = inline_label(window, marks, count);
  print_canvas(out, window, canvas, behind < 0 ? "" : marks[behind].label, colour);
  for (int i = count - 1; i >= 0; i--)
    if (i != behind && *marks[i].label) print_label_below(out, window, marks, i, behind);
}

static int compare_marks(const void *left, const void *right) {
  const struct mark *a = left, *b = right;
  if (a->place.begin != b->place.begin) return a->place.begin < b->place.begin ? -1 : 1;
  return (a->place.end > b->place.end) - (a->place.end < b->place.end);
}

void excerpt_print(FILE *out, struct mark *marks, int count, bool colour) {
  qsort(marks, (size_t)count, sizeof *marks, compare_marks);
  for (int first = 0, next; first < count; first = next) {
    uint32_t line = span_line(marks[first].place).begin;
    for (next = first + 1; next < count && span_line(marks[next].place).begin == line;) next++;
    struct window window = window_around(marks[first].place);
    print_window(out, &window);
    print_marks(out, &window, marks + first, next - first, colour);
  }
}

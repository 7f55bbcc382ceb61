/* Diagnostics as text. */
#include "diag_items.h"
#include "source.h"

#include <string.h>

static const char *severity_colour(enum severity severity) {
  return severity == SEVERITY_WARNING ? "\033[1;35m" : "\033[1;31m";
}

/* "file:line:column: ", or the program's name where there is no place. */
static void print_place(FILE *out, struct span place, const char *otherwise) {
  if (!place.source) {
    fputs(otherwise, out);
    return;
  }
  struct position position = span_position(place);
  excerpt_print_text(out, place.source->name);
  fprintf(out, ":%d:%d: ", position.line, position.column);
}

static void print_header(FILE *out, const struct diag *diagnostic, bool colour) {
  enum severity severity = message_severity(diagnostic->message);
  const char *bold = colour ? "\033[1m" : "", *reset = colour ? "\033[0m" : "";
  fputs(bold, out);
  print_place(out, diagnostic->place, "hrmc: ");
  fprintf(out, "%s%s%s:%s ", reset, colour ? severity_colour(severity) : "", severity_word(severity), reset);
  fputs(bold, out);
  excerpt_print_text(out, diagnostic->text);
  fprintf(out, "%s [%s]\n", reset, message_code(diagnostic->message));
}

static void print_note(FILE *out, const struct note *note, bool colour) {
  print_place(out, note->place, "");
  fprintf(out, "%snote:%s ", colour ? "\033[1;36m" : "", colour ? "\033[0m" : "");
  excerpt_print_text(out, note->text);
  fputc('\n', out);
  if (note->place.source) excerpt_print_line(out, note->place);
}

static void print_suggestion(struct arena *a, FILE *out, const struct suggestion *s, bool colour) {
  if (!s->text) return;
  const struct note note = {{0}, arena_printf(a, "did you mean '%s'?", s->text)};
  print_note(out, &note, colour);
}

static void print_diagnostic(struct arena *a, FILE *out, const struct diag *diagnostic, bool colour) {
  print_header(out, diagnostic, colour);
  if (diagnostic->place.source) {
    int count = diagnostic->range_count;
    struct mark *marks = arena_new_array(a, struct mark, (size_t)count + 1);
    if (count) memcpy(marks, diagnostic->ranges, sizeof *marks * (size_t)count);
    marks[count] = (struct mark){diagnostic->place, "", true};
    excerpt_print(out, marks, count + 1, colour);
  }
  for (int i = 0; i < diagnostic->note_count; i++) print_note(out, &diagnostic->notes[i], colour);
  print_suggestion(a, out, &diagnostic->suggestion, colour);
}

void diag_print(const struct diags *d, FILE *out, bool colour) {
  for (int i = 0; i < d->count; i++)
    if (!d->items[i]->is_repeated) print_diagnostic(d->arena, out, d->items[i], colour);
}

#include "runtime/progress.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/clock.h"

enum { BAR = 20, USUAL_WIDTH = 80 };

struct progress progress_new(FILE *stream) {
  const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
  bool terminal = isatty(fileno(stream)) && !(term && term[0] == 'd' && term[1] == 'u');
  return (struct progress){.stream = stream,
                           .terminal = terminal,
                           .colour = terminal && !(no_colour && *no_colour),
                           .shown = clock_seconds()};
}

bool progress_due(const struct progress *p) { return clock_seconds() - p->shown >= (p->terminal ? 0.1 : 10); }

static int width_of(const struct progress *p) {
  struct winsize size;
  bool known = ioctl(fileno(p->stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : USUAL_WIDTH;
}

static void format_duration(double seconds, char *text, size_t size) {
  long long s = (long long)(seconds + 0.5);
  if (s >= 3600)
    snprintf(text, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  else
    snprintf(text, size, "%lld:%02lld", s / 60, s % 60);
}

static void draw_bar(const struct progress *p, int64_t done, int64_t total) {
  int filled = total > 0 ? (int)(done * BAR / total) : 0;
  fputs(p->colour ? " [\033[32m" : " [", p->stream);
  for (int i = 0; i < BAR; i++) {
    if (i == filled && p->colour) fputs("\033[0m", p->stream);
    fputc(i < filled ? '#' : '-', p->stream);
  }
  fputs(p->colour ? "\033[0m]" : "]", p->stream);
}

/* The bar's line must not wrap, as only one line can be taken back. */
static void draw_line(const struct progress *p, const char *head, int64_t done, int64_t total, const char *tail) {
  int room = width_of(p) - 1 - BAR - 3 - (int)snprintf(NULL, 0, "%s", head);
  fputs("\r\033[K", p->stream);
  fputs(head, p->stream);
  if (room >= 0) {
    draw_bar(p, done, total);
    fprintf(p->stream, "%.*s", room, tail);
  }
}

void progress_show(struct progress *p, const char *unit, int64_t done, int64_t total, const char *text,
                   double seconds_left) {
  char head[80], left[32] = "", tail[256];
  if (seconds_left >= 0) format_duration(seconds_left, left, sizeof left);
  snprintf(head, sizeof head, "%s %lld/%lld", unit, (long long)done, (long long)total);
  snprintf(tail, sizeof tail, "  %s%s%s", text, *left ? "  left " : "", left);
  if (p->terminal)
    draw_line(p, head, done, total, tail);
  else
    fprintf(p->stream, "%s%s\n", head, tail);
  p->drawn = p->terminal;
  p->shown = clock_seconds();
  fflush(p->stream);
}

void progress_clear(struct progress *p) {
  if (p->drawn) fputs("\r\033[K", p->stream);
  p->drawn = false;
  fflush(p->stream);
}

void progress_line(struct progress *p, const char *format, ...) {
  progress_clear(p);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(p->stream, format, arguments);
  va_end(arguments);
  fputc('\n', p->stream);
  fflush(p->stream);
}

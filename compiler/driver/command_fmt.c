/* hrmc fmt FILE: writes the file in its layout, beside and renamed; with --check it only tells where it differs. */
#include "commands.h"

#include "../format.h"
#include "../source.h"
#include "runtime/atomic_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static uint32_t first_difference(const char *a, const char *b) {
  uint32_t at = 0;
  while (a[at] && a[at] == b[at]) at++;
  return at;
}

/* Points at the first line that would change. */
static void report_difference(struct compilation *c, const char *formatted) {
  uint32_t at = first_difference(c->source->text, formatted);
  struct source *made = arena_new_object(c->arena, struct source);
  *made = (struct source){.name = c->source->name, .text = formatted, .length = strlen(formatted)};
  struct span here = span_line((struct span){c->source, at, at}), there = span_line((struct span){made, at, at});
  struct diag *d = diag_report(c->diags, MSG_NOT_FORMATTED, here, c->source->name);
  if (there.end > there.begin)
    diag_note(c->diags, d, (struct span){0}, "the line would be '%s'", span_text(c->arena, there));
}

/* The permissions stay. */
static void replace(struct compilation *c, const char *path, const char *text) {
  struct atomic_file file;
  struct hrm_error error = {0};
  struct stat status;
  if (stat(path, &status) != 0) {
    diag_report(c->diags, MSG_CANNOT_WRITE, (struct span){0}, path, strerror(errno));
  } else if (!atomic_open(&file, path, &error)) {
    diag_report(c->diags, MSG_SYSTEM, (struct span){0}, error.text);
  } else {
    bool written = fchmod(fileno(file.stream), status.st_mode & 07777) == 0 &&
                   atomic_write(&file, text, strlen(text), &error) && atomic_commit(&file, &error);
    if (!written) {
      atomic_abandon(&file);
      diag_report(c->diags, MSG_SYSTEM, (struct span){0}, *error.text ? error.text : strerror(errno));
    }
  }
}

void command_fmt(struct compilation *c, const char *path) {
  if (!compile_parse(c, path)) return;
  const char *formatted = format_file(c->arena, c->ast);
  if (!strcmp(formatted, c->source->text)) return;
  if (c->options->check_format)
    report_difference(c, formatted);
  else
    replace(c, path, formatted);
}

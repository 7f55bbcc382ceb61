#include "command.h"

#include "../source.h"
#include "runtime/nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct command_row command_rows[] = {
#define COMMAND(word, arguments, completes, text) {#word, arguments, completes, text, command_of_##word},
#include "commands.def"
#undef COMMAND
};

int command_count(void) { return sizeof command_rows / sizeof *command_rows; }

static const struct command_row *find_row(const char *word) {
  for (int i = 0; i < command_count(); i++)
    if (!strcmp(command_rows[i].word, word)) return &command_rows[i];
  return NULL;
}

static bool fail_unknown(struct entry_run *r, const char *word, struct span place) {
  const char *words[64];
  for (int i = 0; i < command_count() && i < 64; i++) words[i] = command_rows[i].word;
  struct diag *d = diag_report(r->c.diags, MSG_SESSION_COMMAND, place, word);
  const char *nearest = nearest_word(word, words, command_count());
  if (nearest) diag_note(r->c.diags, d, (struct span){0}, "did you mean ':%s'?", nearest);
  return false;
}

static struct span typed_span(const struct entry_run *r, const char *begin, size_t length) {
  uint32_t at = (uint32_t)(begin - r->typed->text);
  return (struct span){r->typed, at, at + (uint32_t)length};
}

static struct command_argument argument_of(struct entry_run *r, const char *text, struct span command) {
  text += strspn(text, " \t\r\n");
  size_t length = strlen(text);
  while (length && strchr(" \t\r\n", text[length - 1])) length--;
  struct span place = length ? typed_span(r, text, length) : command;
  return (struct command_argument){arena_strndup(r->c.arena, text, length), length, place};
}

bool session_command(struct entry_run *r) {
  const char *text = r->typed->text, *colon = strchr(text, ':'), *word = colon + 1;
  size_t length = strcspn(word, " \t\r\n");
  const char *name = arena_strndup(r->c.arena, word, length);
  if (!source_check_text(r->c.diags, r->typed)) return false;
  const struct command_row *row = find_row(name);
  struct span command = typed_span(r, colon, length + 1);
  if (!row) return fail_unknown(r, name, command);
  struct command_argument argument = argument_of(r, word + length, command);
  bool needs = row->arguments[0] && row->arguments[0] != '[', takes = row->arguments[0];
  if ((needs && !argument.length) || (!takes && argument.length)) {
    diag_report(r->c.diags, MSG_SESSION_ARGUMENT, argument.place, name, takes ? row->arguments : "nothing");
    return false;
  }
  r->place = argument.place;
  return row->run(r, &argument);
}

bool argument_number(struct entry_run *r, const struct command_argument *argument, int64_t otherwise, int64_t *out) {
  char *end;
  errno = 0;
  *out = argument->length ? strtoll(argument->text, &end, 10) : otherwise;
  if (!argument->length || (!errno && !*end && *out >= 0)) return true;
  const char *command = strchr(r->typed->text, ':');
  diag_report(r->c.diags, MSG_SESSION_NUMBER, argument->place,
              arena_strndup(r->c.arena, command, strcspn(command, " \t\r\n")), "a whole number from 0 on",
              argument->text);
  return false;
}

bool command_of_help(struct entry_run *r, const struct command_argument *argument) {
  const char *word = argument->text + (argument->text[0] == ':');
  const struct command_row *row = argument->length ? find_row(word) : NULL;
  if (argument->length && !row) return fail_unknown(r, word, argument->place);
  for (int i = 0; i < command_count(); i++) {
    const struct command_row *c = &command_rows[i];
    if (row && row != c) continue;
    printf(":%-11s %-18s %s\n", c->word, c->arguments, c->text);
  }
  if (!row) puts("Anything else is an expression, NAME = E, or a declaration of the language.");
  return true;
}

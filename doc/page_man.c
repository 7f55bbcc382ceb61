/* Lists of options in the manual pages, in mdoc. */
#include "doc/tables.h"

#include <stdlib.h>
#include <string.h>

/* Text that stands on a line of its own. */
static void put_text(const char *text, FILE *out) {
  for (; *text; text++) fputs(*text == '\\' ? "\\e" : *text == '-' ? "\\-" : (char[]){*text, 0}, out);
}

/* "Print one JSON object." */
static void put_sentence(const char *text, FILE *out) {
  size_t length = strlen(text);
  if (text[0] >= 'a' && text[0] <= 'z') fputc(text[0] - 'a' + 'A', out), text++;
  put_text(text, out);
  fputs(text[length - 1] == '.' ? "\n" : ".\n", out);
}

static void put_item(const struct option_row *o, FILE *out) {
  fputs(".It", out);
  if (option_has_letter(o)) fprintf(out, " Fl %c ,", o->key);
  fprintf(out, " Fl -%s", o->name);
  if (o->argument) fprintf(out, " Ns = Ns Ar \"%s\"", o->argument);
  fputc('\n', out);
  put_sentence(o->text, out);
}

static bool takes(const struct command_row *c, const struct option_row *o) {
  for (int i = 0; i < c->option_count; i++)
    if (!strcmp(c->options[i].name, o->name)) return true;
  return false;
}

static bool is_new(const struct program *p, int command, const struct option_row *o) {
  for (int i = 0; i < command; i++)
    if (takes(&p->commands[i], o)) return false;
  return true;
}

static void put_takers(const struct program *p, const struct option_row *o, FILE *out) {
  int takers = 0, put = 0;
  for (int i = 0; i < p->command_count; i++) takers += takes(&p->commands[i], o);
  if (takers == p->command_count) return;
  fputs("Goes with", out);
  for (int i = 0; i < p->command_count; i++) {
    bool is_default = p->has_default && i == 0;
    if (!takes(&p->commands[i], o)) continue;
    if (put++ > 0) fputs(put == takers ? " and" : ",", out);
    fprintf(out, " %s", is_default ? "compiling" : p->commands[i].name);
  }
  fputs(".\n", out);
}

static void begin_options(FILE *out) { fputs(".Bl -tag -width Ds\n", out); }

static void end_options(FILE *out) {
  fputs(".It Fl h , Fl -help\nList the options.\n.It Fl V , Fl -version\nPrint the version.\n.El\n", out);
}

/* One list for all commands. */
static void put_shared_options(const struct program *p, FILE *out) {
  begin_options(out);
  for (int i = 0; i < p->command_count; i++)
    for (int k = 0; k < p->commands[i].option_count; k++) {
      const struct option_row *o = &p->commands[i].options[k];
      if (!is_new(p, i, o)) continue;
      put_item(o, out);
      put_takers(p, o, out);
    }
  end_options(out);
}

/* A list for each command. */
static void put_own_options(const struct program *p, FILE *out) {
  for (int i = 0; i < p->command_count; i++) {
    fprintf(out, ".Ss %s\n", p->commands[i].name);
    begin_options(out);
    for (int k = 0; k < p->commands[i].option_count; k++) put_item(&p->commands[i].options[k], out);
    end_options(out);
  }
}

static void put_commands(const struct program *p, FILE *out) {
  fputs(".Bl -tag -width Ds\n", out);
  for (int i = p->has_default; i < p->command_count; i++) {
    fprintf(out, ".It Cm %s", p->commands[i].name);
    if (*p->commands[i].arguments) fprintf(out, " Ar \"%s\"", p->commands[i].arguments);
    fputc('\n', out);
    put_sentence(p->commands[i].text, out);
  }
  fputs(".El\n", out);
}

/* A line of the page that asks for a list; false where it asks for that of an unknown program. */
static bool put_list(const char *what, const char *name, FILE *out) {
  const struct program *p = program_find(name);
  if (!p) return false;
  if (!strcmp(what, "commands"))
    put_commands(p, out);
  else if (p->has_default)
    put_shared_options(p, out);
  else
    put_own_options(p, out);
  return true;
}

bool man_fill(FILE *in, FILE *out) {
  char *line = NULL, what[16], program[32];
  size_t capacity = 0;
  bool known = true;
  while (known && getline(&line, &capacity, in) > 0) {
    int words = sscanf(line, ".\\\" %15s of %31s", what, program);
    if (words < 2 || (strcmp(what, "commands") && strcmp(what, "options")))
      fputs(line, out);
    else
      known = put_list(what, program, out);
  }
  if (!known) fprintf(stderr, "no such program: %s", line);
  free(line);
  return known;
}

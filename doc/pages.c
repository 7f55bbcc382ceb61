/* Writes what derives from the option tables: pages man < PAGE.in, pages bash PROGRAM, pages zsh PROGRAM. */
#include "doc/tables.h"

#include <string.h>

const struct program *program_find(const char *name) {
  const struct program *const programs[] = {&hrmc_program, &model_program, &data_program};
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    if (!strcmp(programs[i]->name, name)) return programs[i];
  return NULL;
}

static bool write_page(const char *kind, const struct program *p) {
  if (!strcmp(kind, "man")) return man_fill(stdin, stdout);
  if (!p) return false;
  if (!strcmp(kind, "bash"))
    bash_print(p, stdout);
  else if (!strcmp(kind, "zsh"))
    zsh_print(p, stdout);
  else
    return false;
  return true;
}

int main(int argc, char **argv) {
  bool written = argc > 1 && write_page(argv[1], argc > 2 ? program_find(argv[2]) : NULL);
  if (!written) fputs("usage: pages man | pages bash PROGRAM | pages zsh PROGRAM\n", stderr);
  return !written || fflush(stdout) != 0;
}

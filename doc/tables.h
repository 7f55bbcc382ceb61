/* The option tables of the programs (runtime/option_table.h) as data, and what is made of them. */
#ifndef DOC_TABLES_H
#define DOC_TABLES_H

#include <stdbool.h>
#include <stdio.h>

struct option_row {
  const char *name;
  int key; /* a letter, or a number from 256 on */
  const char *argument, *completes, *text;
};

struct command_row {
  const char *name, *arguments, *completes, *text;
  const struct option_row *options;
  int option_count;
};

struct program {
  const char *name;     /* as it is called */
  const char *function; /* as functions of a shell are called */
  bool has_default;     /* the first command is what is done where none is named */
  const struct command_row *commands;
  int command_count;
};

extern const struct program hrmc_program, model_program, data_program;

/* Rows from the lists. */
#define TABLE_OPTION(identifier, name, key, argument, completes, text) {name, key, argument, completes, text},
#define TABLE_ROWS(identifier, word, arguments, completes, text)                                                     \
  static const struct option_row identifier##_rows[] = {identifier##_OPTIONS(TABLE_OPTION)};
#define TABLE_COMMAND(identifier, word, arguments, completes, text)                                                  \
  {#word, arguments, completes, text, identifier##_rows, sizeof identifier##_rows / sizeof *identifier##_rows},

static inline bool option_has_letter(const struct option_row *o) { return o->key < 256; }

/* Copies a manual page, putting lists in place of its lines
 *   .\" commands of PROGRAM   each with what it does
 *   .\" options of PROGRAM    where one command is the default, one list with who takes what; else a subsection a
 * command Returns false where such a line names an unknown program. */
bool man_fill(FILE *in, FILE *out);

/* Functions that complete a program's command line: _FUNCTION for the model's commands too, which `hrmc run` hands on
 * to. */
void bash_print(const struct program *p, FILE *out);
void zsh_print(const struct program *p, FILE *out);

/* The program of a name; NULL: none. */
const struct program *program_find(const char *name);

#endif

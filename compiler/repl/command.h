/* Commands of the prompt; one function for each row of commands.def, in a file a family. */
#ifndef HRMC_REPL_COMMAND_H
#define HRMC_REPL_COMMAND_H

#include "session.h"

/* The text behind the command's word, without blanks around it. */
struct command_argument {
  const char *text;
  size_t length;
  struct span place; /* in what was typed: the command where there is no argument */
};

/* False after an error (reported). */
typedef bool session_command_function(struct entry_run *r, const struct command_argument *argument);

#define COMMAND(word, arguments, completes, text) session_command_function command_of_##word;
#include "commands.def"
#undef COMMAND

struct command_row {
  const char *word, *arguments, *completes, *text;
  session_command_function *run;
};
extern const struct command_row command_rows[];
int command_count(void);

/* A whole number; otherwise where the argument is empty.  False after an error (reported). */
bool argument_number(struct entry_run *r, const struct command_argument *argument, int64_t otherwise, int64_t *out);

#endif

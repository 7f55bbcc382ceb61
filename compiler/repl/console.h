/* Where entries come from: a terminal with line editing, or standard input as a script. */
#ifndef HRMC_REPL_CONSOLE_H
#define HRMC_REPL_CONSOLE_H

#include "session.h"

/* Reads entries until the end of the input, ':quit', or in a script the first error. */
void console_run_script(struct session *s);
void console_run_terminal(struct session *s);

/* Whether a text is a whole entry: no bracket is open and no operator waits for its right side. */
bool console_is_complete(const char *text);

/* The words that can stand at the end of a line in place of what is begun there; malloc'd texts in a malloc'd list
 * that ends with NULL.  *begin: where in the line they begin. */
char **console_completions(struct session *s, const char *line, size_t *begin);

#endif

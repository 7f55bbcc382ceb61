/* The commands of hrmc; each returns the exit code, diagnostics are in c->diags. */
#ifndef HRMC_DRIVER_COMMANDS_H
#define HRMC_DRIVER_COMMANDS_H

#include "compile.h"

/* A compilation under a guard, with an arena and diagnostics of its own; its messages on standard error, whose exit
 * code is returned; and its end, alone (accepts all zeros) or behind its messages. */
struct compilation compilation_begin(const struct options *o, struct guard *guard);
int compilation_report(struct compilation *c, const char *path);
void compilation_free(struct compilation *c);
int compilation_end(struct compilation *c, const char *path);

void command_compile(struct compilation *c, const char *path);
void command_check(struct compilation *c, const char *path);
void command_fmt(struct compilation *c, const char *path);
void command_test(struct compilation *c, const char *path);

/* The variants of the options; the exit code. */
int command_compare(const struct options *o);
int command_diff(const struct options *o);

/* Explains the codes in place of files; the exit code. */
int command_explain(const struct options *o);

/* The test blocks of what was parsed, with a line that counts them under a name; whether all passed. */
bool run_test_blocks(struct compilation *c, const char *name);

/* Return the exit code; their files are the options'. */
int command_repl(const struct options *o);
int command_evaluate(const struct options *o);

/* Returns the exit code of the executable's command. */
int command_run(struct compilation *c, const char *path);

#endif

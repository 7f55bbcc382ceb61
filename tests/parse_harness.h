/* Texts for the tests of the parser: what they parse to, and what is said of them. */
#ifndef HRMC_TESTS_PARSE_HARNESS_H
#define HRMC_TESTS_PARSE_HARNESS_H

#include "compiler/ast.h"

/* The text as the file "t.hrm". */
const struct source *text_source(struct arena *a, const char *text);

/* All messages as they are printed, without colour. */
char *messages_of(struct arena *a, struct diags *d);

/* The tree of a program or an expression that must be free of errors. */
struct ast_file *parse_well(struct arena *a, const char *text);
struct expr *parse_value(struct arena *a, const char *text);

/* The part so many times. */
char *repeated(struct arena *a, const char *part, int times);

#endif

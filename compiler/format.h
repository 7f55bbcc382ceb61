/* The layout of a source text, as `hrmc fmt` writes it.
 *
 * Lines are broken where the author broke them, except that the braces of a block of several lines stand at line
 * ends; everything else follows from the tokens and the tree: indentation by two, one space around operators, names
 * aligned with their neighbours' in lists of fields, outputs and training items, comments aligned behind the lines of
 * a paragraph, at most one empty line.  Formatting a formatted text changes nothing. */
#ifndef HRMC_FORMAT_H
#define HRMC_FORMAT_H

#include "ast.h"

/* The file as text, in the arena.  The file must have parsed without an error. */
char *format_file(struct arena *a, const struct ast_file *file);

#endif

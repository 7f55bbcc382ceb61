/* The lines of source under a diagnostic, with their ranges marked.
 *
 *    48 |         z_L = L_level(z_L, z_H + x)
 *       |                            ~~~ ^ ~ [81, 512]
 *       |                            [82, 512]
 *
 * The main range starts with '^', the others are '~'.  The label of the rightmost range stands behind it, the others
 * each on a line below, where their range begins.  Of a range over several lines, the part in its first line is
 * marked. Tabs are expanded to 8 columns; of a very long line, the part around its first range is shown. */
#ifndef HRMC_EXCERPT_H
#define HRMC_EXCERPT_H

#include "diag.h"

struct mark {
  struct span place;
  const char *label; /* "": none */
  bool is_main;
};

/* Prints every line in which a mark begins, in order of place, with its marks.  All marks are in one source; they are
 * sorted by this call. */
void excerpt_print(FILE *out, struct mark *marks, int count, bool colour);

/* Prints the line in which a place begins, unmarked. */
void excerpt_print_line(FILE *out, struct span place);

/* Prints text with everything that a terminal would obey replaced by '?'; line feeds pass. */
void excerpt_print_text(FILE *out, const char *text);

#endif

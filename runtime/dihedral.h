/* The 8 symmetries of the square, numbered as the published data sets number them:
 *   0 nothing   1, 2, 3 a quarter, half, three quarters of a turn against the clock
 *   4 columns reversed   5 rows reversed   6 transposed   7 transposed along the other diagonal */
#ifndef HRM_DIHEDRAL_H
#define HRM_DIHEDRAL_H

#include <stdbool.h>
#include <stdint.h>

enum { DIHEDRAL_FORMS = 8 };

/* Whether rows become columns. */
bool dihedral_turns(int form);
/* The form that undoes this one. */
int dihedral_inverse(int form);
/* Which cell of a grid of rows · columns, in reading order, stands at `index` of the result. */
int dihedral_source(int form, int rows, int columns, int index);
/* grid has rows · columns cells; so has result, columns · rows where the form turns. They must not overlap. */
void dihedral_apply(int form, int rows, int columns, const uint8_t *grid, uint8_t *result);

#endif

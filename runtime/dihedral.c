#include "runtime/dihedral.h"

bool dihedral_turns(int form) { return form == 1 || form == 3 || form >= 6; }

int dihedral_inverse(int form) { return form == 1 ? 3 : form == 3 ? 1 : form; }

int dihedral_source(int form, int rows, int columns, int index) {
  bool turns = dihedral_turns(form);
  bool up = form == 2 || form == 3 || form == 5 || form == 7;   /* rows are read from the last on */
  bool left = form == 1 || form == 2 || form == 4 || form == 7; /* columns are */
  int row = turns ? index % rows : index / columns, column = turns ? index / rows : index % columns;
  if (up) row = rows - 1 - row;
  if (left) column = columns - 1 - column;
  return row * columns + column;
}

void dihedral_apply(int form, int rows, int columns, const uint8_t *grid, uint8_t *result) {
  for (int i = 0; i < rows * columns; i++) result[i] = grid[dihedral_source(form, rows, columns, i)];
}

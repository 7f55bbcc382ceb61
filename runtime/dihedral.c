#include "runtime/dihedral.h"

bool dihedral_turns(int form) { return form == 1 || form == 3 || form >= 6; }

int dihedral_inverse(int form) { return form == 1 ? 3 : form == 3 ? 1 : form; }

/* Where the result's first cell stands in the grid, and how far one goes in the grid for the next row and column. */
struct walk {
  int first, down, right, width; /* width of the result */
};

static struct walk walk_of(int form, int rows, int columns) {
  bool turns = dihedral_turns(form);
  bool up = form == 2 || form == 3 || form == 5 || form == 7;   /* rows are read from the last on */
  bool left = form == 1 || form == 2 || form == 4 || form == 7; /* columns are */
  int row = up ? -columns : columns, column = left ? -1 : 1;
  int first = (up ? (rows - 1) * columns : 0) + (left ? columns - 1 : 0);
  return (struct walk){first, turns ? column : row, turns ? row : column, turns ? rows : columns};
}

int dihedral_source(int form, int rows, int columns, int index) {
  struct walk walk = walk_of(form, rows, columns);
  return walk.first + index / walk.width * walk.down + index % walk.width * walk.right;
}

void dihedral_apply(int form, int rows, int columns, const uint8_t *grid, uint8_t *result) {
  struct walk walk = walk_of(form, rows, columns);
  int height = dihedral_turns(form) ? columns : rows;
  for (int i = 0; i < height; i++)
    for (int j = 0; j < walk.width; j++) *result++ = grid[walk.first + i * walk.down + j * walk.right];
}

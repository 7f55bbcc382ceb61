#include "runtime/arc.h"

#include <stdio.h>
#include <string.h>

#include "runtime/dihedral.h"

const struct arc_augmentation arc_unchanged = {0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};

bool arc_same(const struct arc_grid *a, const struct arc_grid *b) {
  return a->rows == b->rows && a->columns == b->columns &&
         !memcmp(a->cells, b->cells, (size_t)a->rows * (size_t)a->columns);
}

/* ---- Augmentations ---- */

static void transform(int form, const uint8_t *colours, const struct arc_grid *grid, struct arc_grid *result) {
  bool turns = dihedral_turns(form);
  result->rows = turns ? grid->columns : grid->rows;
  result->columns = turns ? grid->rows : grid->columns;
  dihedral_apply(form, grid->rows, grid->columns, grid->cells, result->cells);
  for (int i = 0; i < grid->rows * grid->columns; i++) result->cells[i] = colours[result->cells[i]];
}

void arc_augment(const struct arc_augmentation *augmentation, const struct arc_grid *grid, struct arc_grid *result) {
  transform(augmentation->form, augmentation->colours, grid, result);
}

void arc_restore(const struct arc_augmentation *augmentation, const struct arc_grid *grid, struct arc_grid *result) {
  uint8_t old[ARC_COLOURS];
  for (int c = 0; c < ARC_COLOURS; c++) old[augmentation->colours[c]] = (uint8_t)c;
  transform(dihedral_inverse(augmentation->form), old, grid, result);
}

/* ---- Names ---- */

void arc_suffix(const struct arc_augmentation *augmentation, char suffix[ARC_SUFFIX]) {
  int at = snprintf(suffix, ARC_SUFFIX, "_t%d_", augmentation->form % DIHEDRAL_FORMS);
  for (int c = 0; c < ARC_COLOURS; c++) suffix[at++] = (char)('0' + augmentation->colours[c]);
  suffix[at] = 0;
}

static bool parse_colours(const char *digits, uint8_t *colours) {
  unsigned seen = 0;
  for (int c = 0; c < ARC_COLOURS; c++) {
    if (digits[c] < '0' || digits[c] > '9') return false;
    colours[c] = (uint8_t)(digits[c] - '0');
    seen |= 1u << colours[c];
  }
  return seen == (1u << ARC_COLOURS) - 1;
}

/* Whether name[0 … end) ends in `separator`, "tK", `separator`; *before: the length without them. */
static bool parse_form(const char *name, size_t end, const char *separator, uint8_t *form, size_t *before) {
  size_t length = strlen(separator), whole = 2 * length + 2;
  if (end < whole) return false;
  const char *at = name + end - whole;
  bool ok = !memcmp(at, separator, length) && at[length] == 't' && at[length + 1] >= '0' && at[length + 1] <= '7' &&
            !memcmp(at + length + 2, separator, length);
  if (!ok) return false;
  *form = (uint8_t)(at[length + 1] - '0');
  *before = end - whole;
  return true;
}

size_t arc_parse_name(const char *name, struct arc_augmentation *augmentation) {
  size_t length = strlen(name), before;
  struct arc_augmentation found;
  *augmentation = arc_unchanged;
  if (length < ARC_COLOURS || !parse_colours(name + length - ARC_COLOURS, found.colours)) return length;
  size_t end = length - ARC_COLOURS;
  if (!parse_form(name, end, "_", &found.form, &before) && !parse_form(name, end, "|||", &found.form, &before))
    return length;
  *augmentation = found;
  return before;
}

/* ---- Tokens ---- */

void arc_lay(const struct arc_grid *grid, int top, int left, uint8_t *tokens) {
  int bottom = top + grid->rows, right = left + grid->columns;
  memset(tokens, ARC_PAD, ARC_CELLS);
  for (int r = 0; r < grid->rows; r++) {
    uint8_t *row = tokens + (top + r) * ARC_SIDE;
    for (int c = 0; c < grid->columns; c++)
      row[left + c] = (uint8_t)(ARC_FIRST_COLOUR + grid->cells[r * grid->columns + c]);
    if (right < ARC_SIDE) row[right] = ARC_END;
  }
  if (bottom < ARC_SIDE) memset(tokens + bottom * ARC_SIDE + left, ARC_END, (size_t)grid->columns);
}

static bool is_colour(int32_t token) { return token >= ARC_FIRST_COLOUR && token < ARC_TOKENS; }

/* Of rectangles of the same area the one with fewer rows. */
void arc_crop(const int32_t *tokens, struct arc_grid *grid) {
  *grid = (struct arc_grid){0};
  for (int row = 0, width = ARC_SIDE; row < ARC_SIDE; row++) {
    int reach = 0;
    while (reach < width && is_colour(tokens[row * ARC_SIDE + reach])) reach++;
    width = reach;
    if ((row + 1) * width <= grid->rows * grid->columns) continue;
    grid->rows = row + 1;
    grid->columns = width;
  }
  for (int i = 0; i < grid->rows * grid->columns; i++)
    grid->cells[i] = (uint8_t)(tokens[i / grid->columns * ARC_SIDE + i % grid->columns] - ARC_FIRST_COLOUR);
}

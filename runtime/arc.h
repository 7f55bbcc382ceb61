/* Grids of the Abstraction and Reasoning Corpus: how they lie in sequences of tokens, and the augmentations of tasks,
 * as published.
 *
 * A sequence is a square of 30 x 30 tokens: 0 pads, colour c is c + 2, and 1 marks the end: a row below the grid and
 * a column at its right, each as long as the grid, where there is room.  An augmentation turns or mirrors grids and
 * permutes the colours 1 … 9; its task is named TASK_tK_PERMUTATION, K being the form (runtime/dihedral.h) and digit
 * c of PERMUTATION the new colour of c. */
#ifndef HRM_ARC_H
#define HRM_ARC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  ARC_SIDE = 30,
  ARC_CELLS = ARC_SIDE * ARC_SIDE,
  ARC_COLOURS = 10,
  ARC_PAD = 0,
  ARC_END = 1,
  ARC_FIRST_COLOUR = 2,
  ARC_TOKENS = ARC_FIRST_COLOUR + ARC_COLOURS
};

/* Colours 0 … 9 in reading order. A grid without rows is empty. */
struct arc_grid {
  int rows, columns;
  uint8_t cells[ARC_CELLS];
};

struct arc_augmentation {
  uint8_t form;
  uint8_t colours[ARC_COLOURS]; /* new colour of each; 0 stays */
};

extern const struct arc_augmentation arc_unchanged;

bool arc_same(const struct arc_grid *a, const struct arc_grid *b);

void arc_augment(const struct arc_augmentation *augmentation, const struct arc_grid *grid, struct arc_grid *result);
/* Undoes it. */
void arc_restore(const struct arc_augmentation *augmentation, const struct arc_grid *grid, struct arc_grid *result);

/* Writes "_tK_PERMUTATION" and a final 0. */
enum { ARC_SUFFIX = sizeof "_t0_0123456789" };
void arc_suffix(const struct arc_augmentation *augmentation, char suffix[ARC_SUFFIX]);
/* Reads the augmentation that a name ends in, after '_' or, as in TRM's sets, "|||"; returns the length of the task's
 * name, which is the whole where there is none. */
size_t arc_parse_name(const char *name, struct arc_augmentation *augmentation);

/* Writes ARC_CELLS tokens with the grid's first cell at row top, column left. */
void arc_lay(const struct arc_grid *grid, int top, int left, uint8_t *tokens);
/* Cuts a grid out: the largest rectangle of colours at the first cell that has neither padding nor end marks. */
void arc_crop(const int32_t *tokens, struct arc_grid *grid);

#endif

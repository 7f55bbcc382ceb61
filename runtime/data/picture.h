/* Examples as pictures for people: a question and its answer side by side. */
#ifndef HRM_DATA_PICTURE_H
#define HRM_DATA_PICTURE_H

#include <stdio.h>

#include "runtime/dataset.h"

struct picture {
  enum dataset_kind kind;
  int32_t rows, columns;
  int32_t box_rows, box_columns;  /* of a Sudoku; else 0 */
  const struct puzzle_text *text; /* characters; where there are none, those of the kind, or numbers */
  bool colours;                   /* by the escapes of terminals */
};

/* Prints the tokens; unlabelled ones show as blanks. */
void picture_print(const struct picture *picture, const int32_t *question, const int32_t *answer, FILE *out);

/* Whether a stream is a terminal whose user has not turned colours off (NO_COLOR). */
bool picture_has_colours(FILE *out);

#endif

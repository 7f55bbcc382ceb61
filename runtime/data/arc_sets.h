/* The data set of ARC tasks: each makes a group of puzzles, the task as it is and distinct augmentations, each with
 * an identifier of its own.  Demonstrations of all tasks and test pairs of training tasks are in the train split,
 * test pairs of the tasks to test on in the test split. */
#ifndef HRM_DATA_ARC_SETS_H
#define HRM_DATA_ARC_SETS_H

#include "runtime/data/arc_tasks.h"
#include "runtime/data/draws.h"
#include "runtime/data/output.h"
#include "runtime/progress.h"

struct arc_options {
  struct output_options output;
  int64_t augment; /* puzzles of each task beside the original */
};

struct arc_counts {
  int64_t puzzles[2], examples[2], groups[2], identifiers; /* train, test */
};

/* Finds up to `wanted` augmentations that make different tasks, in up to 5 tries for each; the first of the list is
 * the task as it is. `list` is room for wanted + 1; returns how many there are. */
int64_t arc_find_augmentations(const struct arc_task *task, uint64_t seed, int64_t wanted,
                               struct arc_augmentation *list);

bool arc_sets_make(const struct arc_options *options, const struct arc_tasks *tasks, struct arc_counts *counts,
                   struct hrm_error *error);

#endif

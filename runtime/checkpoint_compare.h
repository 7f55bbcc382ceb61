/* What differs between a checkpoint and what is wanted of it, gathered for one message. */
#ifndef HRM_CHECKPOINT_COMPARE_H
#define HRM_CHECKPOINT_COMPARE_H

#include "runtime/tensor_file.h"

/* Begins every name of a checkpoint but those of weights, in whose paths no '/' can be. */
#define OF_TRAINING "train/"

struct comparison {
  const struct tensor_file *file;
  int differences;
  size_t length;
  char text[3000];
};

/* Notes a difference: "; 'NAME': …". */
__attribute__((format(printf, 2, 3))) void comparison_differ(struct comparison *c, const char *format, ...);

/* The entry of this name if it has this shape; else the difference is noted, with both shapes, and NULL. */
const struct tensor_entry *comparison_entry(struct comparison *c, const char *name, const struct shape *shape);

/* Fails with all differences where there are some. */
bool comparison_conclude(const struct comparison *c, struct hrm_error *error);

#endif

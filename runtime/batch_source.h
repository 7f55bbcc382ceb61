/* Where the examples of a training step come from. */
#ifndef HRM_BATCH_SOURCE_H
#define HRM_BATCH_SOURCE_H

#include "runtime/slots.h"

struct batch_source {
  /* Gives every halted slot an example, by slots_put or slots_put_tokens, before each step; the others keep theirs.
   * false and a message where there is none. */
  bool (*next)(void *context, struct slots *slots, struct hrm_error *error);
  void *context;
};

#endif

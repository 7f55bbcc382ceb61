/* Slots: the places of a batch.  Each holds an example, its states, its count of segments and whether it has halted.
 */
#ifndef HRM_SLOTS_H
#define HRM_SLOTS_H

#include "runtime/dataset.h"
#include "runtime/description.h"

struct slots {
  const struct description *description; /* not owned */
  int64_t count;
  void **tensors;  /* [tensor_count]: `count` examples each, contiguous */
  int32_t *steps;  /* segments that the example has had */
  int32_t *halted; /* 1: the slot takes a new example before the next segment */
};

/* An example of a data set. */
struct example {
  const struct dataset_set *set;
  int64_t index;
  int32_t puzzle_identifier;
};

/* All halted, at no example. */
bool slots_new(struct slots *s, const struct description *d, int64_t count, struct hrm_error *error);
/* Memory for the tensors that `trace` alone writes; slots_new has none for them. */
bool slots_add_trace(struct slots *s, struct hrm_error *error);
void slots_free(struct slots *s); /* accepts all zeros */

size_t slots_bytes(const struct tensor_info *tensor); /* of one slot */
/* NULL: a tensor of `trace`, without memory. */
void *slots_tensor(const struct slots *s, int number, int64_t slot);
/* The standard tensor of all slots; NULL where the model has none. */
void *slots_standard(const struct slots *s, enum standard_tensor which);

/* Puts an example into a slot: it restarts at step 0 and is not halted. */
void slots_put(struct slots *s, int64_t slot, const struct example *example);
/* The same from tokens alone, with nothing labelled. */
void slots_put_tokens(struct slots *s, int64_t slot, const int32_t *inputs, int32_t puzzle_identifier);

/* Copies slots first … first+count-1 of `from` to `at` and on of a model's other slots, or of the same where the two
 * do not overlap. */
void slots_copy(struct slots *to, int64_t at, const struct slots *from, int64_t first, int64_t count);

/* Before a segment of the first `count` slots: counts it and sets the controls "reset" (the example's first segment)
 * and "last" (step >= max_segments). */
void slots_begin_segment(struct slots *s, int64_t count, int64_t max_segments);

/* Before a step of training: draws the noise of every slot.  It depends on the seed, the step and the slot alone. */
void slots_draw_noise(struct slots *s, uint64_t seed, int64_t step);

/* Whether any position of the slot's example is scored. */
bool slots_has_labels(const struct slots *s, int64_t slot);

#endif

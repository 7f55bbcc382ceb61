/* One split of a data set being written, `train` or `test`, with the one set "all": see runtime/dataset.h for the
 * form. Everything is streamed; memory does not depend on the number of examples. */
#ifndef HRM_DATA_SPLIT_H
#define HRM_DATA_SPLIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/error.h"
#include "runtime/npy.h"

struct split_writer {
  char *path; /* of the split's folder; owned */
  int64_t seq_len;
  int64_t examples, puzzles, groups; /* ended so far */
  struct npy_writer inputs, labels, puzzle_identifiers, puzzle_indices, group_indices;
};

/* What dataset.json says of a task. */
struct split_facts {
  int64_t vocab_size, num_puzzle_identifiers;
  int64_t pad_id, ignore_label_id, blank_identifier_id;
  const json_t *extra; /* further keys, an object; borrowed */
};

/* Makes FOLDER/name and opens its arrays. On failure nothing is left to abandon. */
bool split_create(struct split_writer *split, const char *folder, const char *name, int64_t seq_len,
                  struct hrm_error *error);
/* Writes the examples first … first+count-1, of seq_len bytes each, in any order. */
bool split_put_examples(struct split_writer *split, int64_t first, const uint8_t *inputs, const uint8_t *labels,
                        int64_t count, struct hrm_error *error);
/* Appends count examples. */
bool split_add_examples(struct split_writer *split, const uint8_t *inputs, const uint8_t *labels, int64_t count,
                        struct hrm_error *error);
/* A puzzle has the next `examples` examples; they may be added before or after. */
bool split_end_puzzle(struct split_writer *split, int64_t examples, int32_t identifier, struct hrm_error *error);
/* A group has the puzzles since the last one. */
bool split_end_group(struct split_writer *split, struct hrm_error *error);
/* Completes the arrays and writes dataset.json. Either way there is nothing left to abandon. */
bool split_finish(struct split_writer *split, const struct split_facts *facts, struct hrm_error *error);
/* Harmless after split_finish and on a writer that is all zeros. */
void split_abandon(struct split_writer *split);

#endif

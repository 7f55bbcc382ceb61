/* Data sets in the form that the HRM code publishes.
 *
 * DIR/train and DIR/test ("splits") each hold dataset.json and, for each name in its "sets", five arrays:
 *   SET__inputs.npy, SET__labels.npy         [examples, seq_len]  tokens
 *   SET__puzzle_identifiers.npy              [puzzles]            row of the puzzle-embedding table
 *   SET__puzzle_indices.npy                  [puzzles + 1]        puzzle p has examples [indices[p], indices[p + 1])
 *   SET__group_indices.npy                   [groups + 1]         group g has puzzles [indices[g], indices[g + 1])
 * of any integer type.  They are mapped, not read, so a set may be larger than memory.
 *
 * dataset_open checks everything that a model could trip on: what it returns needs no further checks.  That is one
 * pass over all tokens. */
#ifndef HRM_DATASET_H
#define HRM_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/error.h"
#include "runtime/npy.h"
#include "runtime/puzzle_text.h"

/* A label that is not scored. */
enum { DATASET_UNLABELLED = -100 };

struct dataset_set {
  char *name;
  int64_t examples, puzzles, groups;
  struct npy_array inputs, labels, puzzle_identifiers, puzzle_indices, group_indices;
  int32_t seq_len;
  bool has_ignore_label;
  int32_t ignore_label_id;
};

struct dataset {
  char *path; /* of the split: DIR/train */
  int32_t vocab_size, seq_len, num_puzzle_identifiers;
  int32_t pad_id, blank_identifier_id; /* what pads a batch: inputs pad_id, labels DATASET_UNLABELLED */
  int64_t total_groups;
  double mean_puzzle_examples; /* steps of a run = epochs · total_groups · mean_puzzle_examples / batch */
  int num_sets;
  struct dataset_set *sets; /* in the order of "sets" */
  struct puzzle_text text;  /* text.vocab_size is 0 where the data set has no text form */
  /* What hrm-data writes into dataset.json beside the published keys. */
  char *task;                    /* "task"; NULL: not told */
  int32_t box_rows, box_columns; /* "boxes" of a Sudoku; 0: not told */
};

/* What a model has to know of a data set; cheap, no array is opened. */
struct dataset_sizes {
  int64_t vocab_size, seq_len, num_puzzle_identifiers;
};

/* Reads DIR/train/dataset.json, or DIR/test's where there is no train, as dataset_open does. hrmc --data uses it. */
bool dataset_read_sizes(struct dataset_sizes *sizes, const char *directory, struct hrm_error *error);

/* Opens and checks DIR/split. On failure nothing is left to close. */
bool dataset_open(struct dataset *dataset, const char *directory, const char *split, struct hrm_error *error);
void dataset_close(struct dataset *dataset);

/* The data set has the sizes a model was compiled for; the message names the key and both values.  The model may know
 * more tokens and identifiers than the data set uses if at_least. */
bool dataset_fits(const struct dataset *dataset, const struct dataset_sizes *sizes, bool at_least,
                  struct hrm_error *error);

/* Copies the seq_len tokens of one example; labels equal to ignore_label_id become DATASET_UNLABELLED. */
void dataset_inputs(const struct dataset_set *set, int64_t example, int32_t *tokens);
void dataset_labels(const struct dataset_set *set, int64_t example, int32_t *tokens);

/* What tells data sets apart, as far as looking at some of their tokens can. */
struct dataset_identity {
  int64_t groups, examples; /* of all sets */
  char fingerprint[17];     /* hexadecimal */
};

/* Cheap: the fingerprint is of all sizes and of elements evenly spread over each array. */
struct dataset_identity dataset_identify(const struct dataset *dataset);

/* What the puzzles of a data set are: what "task" says, or else what the sizes and the first example look like. */
enum dataset_kind { DATASET_OTHER, DATASET_SUDOKU, DATASET_MAZE, DATASET_ARC };
enum dataset_kind dataset_kind(const struct dataset *dataset);
const char *dataset_kind_name(enum dataset_kind kind);

/* Rows and columns of a puzzle: those of the text form, or of a square; 1 row where neither is known. */
void dataset_grid(const struct dataset *dataset, int32_t *rows, int32_t *columns);

/* Rows and columns of a Sudoku's boxes: those told, or else the most square ones, not higher than wide; 0 where the
 * puzzles are no Sudoku. */
void dataset_boxes(const struct dataset *dataset, int32_t *rows, int32_t *columns);

/* The structure: examples of a puzzle and puzzles of a group are half-open ranges. */
struct dataset_range {
  int64_t begin, end;
};
struct dataset_range dataset_puzzle_examples(const struct dataset_set *set, int64_t puzzle);
struct dataset_range dataset_group_puzzles(const struct dataset_set *set, int64_t group);
int32_t dataset_puzzle_identifier(const struct dataset_set *set, int64_t puzzle);

/* The puzzle that an example belongs to; O(log puzzles). */
int64_t dataset_puzzle_of_example(const struct dataset_set *set, int64_t example);

/* Of `count` examples that are spread evenly over a set, number i, from 0 on. */
int64_t dataset_spread_example(const struct dataset_set *set, int64_t i, int64_t count);

#endif

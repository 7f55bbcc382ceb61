#include "tests/fake_data.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/npy.h"
#include "runtime/random.h"
#include "tests/fake_model.h"

struct split {
  char folder[4096];
  int groups, puzzles, examples; /* puzzles of a group, examples of a puzzle */
};

static bool write_array(const struct split *s, const char *name, int64_t rows, int64_t columns, const int32_t *values,
                        struct hrm_error *error) {
  char path[4200];
  snprintf(path, sizeof path, "%s/all__%s.npy", s->folder, name);
  int64_t shape[] = {rows, columns};
  return npy_write(path, NPY_I32, columns ? 2 : 1, shape, values, error);
}

static bool write_steps(const struct split *s, const char *name, int64_t count, int32_t factor,
                        struct hrm_error *error) {
  int32_t *values = malloc((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++) values[i] = (int32_t)i * factor;
  bool written = write_array(s, name, count, 0, values, error);
  free(values);
  return written;
}

static bool write_identifiers(const struct split *s, int64_t puzzles, struct hrm_error *error) {
  int32_t *values = malloc((size_t)puzzles * sizeof *values);
  for (int64_t i = 0; i < puzzles; i++) values[i] = (int32_t)(i % FAKE_IDENTIFIERS);
  bool written = write_array(s, "puzzle_identifiers", puzzles, 0, values, error);
  free(values);
  return written;
}

/* Digits are 2 … V-1. */
static bool write_tokens(const struct split *s, int64_t examples, struct hrm_error *error) {
  int64_t count = examples * FAKE_LENGTH;
  int32_t *inputs = malloc((size_t)count * sizeof *inputs), *labels = malloc((size_t)count * sizeof *labels);
  struct random_stream r = stream_named(7, s->folder + strlen(s->folder) - 4, 0);
  for (int64_t i = 0; i < count; i++) {
    inputs[i] = 1 + (int32_t)stream_below(r, (uint64_t)i, FAKE_VOCABULARY - 1);
    labels[i] = 2 + (inputs[i] - 1) % (FAKE_VOCABULARY - 2);
  }
  bool written = write_array(s, "inputs", examples, FAKE_LENGTH, inputs, error) &&
                 write_array(s, "labels", examples, FAKE_LENGTH, labels, error);
  free(inputs);
  free(labels);
  return written;
}

static bool write_json(const struct split *s, struct hrm_error *error) {
  char path[4200];
  snprintf(path, sizeof path, "%s/dataset.json", s->folder);
  FILE *file = fopen(path, "w");
  if (!file) return hrm_fail(error, HRM_SYSTEM, "%s: %s", path, strerror(errno));
  fprintf(file,
          "{\"pad_id\": 0, \"ignore_label_id\": 0, \"blank_identifier_id\": 0, \"vocab_size\": %d, \"seq_len\": %d,"
          " \"num_puzzle_identifiers\": %d, \"total_groups\": %d, \"mean_puzzle_examples\": %d, \"sets\": [\"all\"],"
          " \"characters\": \"#.1234\", \"grid\": [4, 4]}\n",
          FAKE_VOCABULARY, FAKE_LENGTH, FAKE_IDENTIFIERS, s->groups, s->examples);
  return fclose(file) == 0;
}

static bool write_split(const struct split *s, struct hrm_error *error) {
  if (mkdir(s->folder, 0777) != 0 && errno != EEXIST) return hrm_fail(error, HRM_SYSTEM, "%s", s->folder);
  int64_t puzzles = (int64_t)s->groups * s->puzzles;
  return write_tokens(s, puzzles * s->examples, error) && write_identifiers(s, puzzles, error) &&
         write_steps(s, "puzzle_indices", puzzles + 1, s->examples, error) &&
         write_steps(s, "group_indices", s->groups + 1, s->puzzles, error) && write_json(s, error);
}

bool fake_data_write(const char *directory, int groups, struct hrm_error *error) {
  struct split train = {.groups = groups, .puzzles = 3, .examples = 2},
               test = {.groups = 11, .puzzles = 1, .examples = 1};
  snprintf(train.folder, sizeof train.folder, "%s/train", directory);
  snprintf(test.folder, sizeof test.folder, "%s/test", directory);
  return write_split(&train, error) && write_split(&test, error);
}

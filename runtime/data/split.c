#include "runtime/data/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool out_of_memory(struct hrm_error *error) { return hrm_fail(error, HRM_SYSTEM, "out of memory"); }

static bool create_array(const struct split_writer *split, const char *name, enum npy_type type, int rank,
                         struct npy_writer *writer, struct hrm_error *error) {
  char *path;
  if (asprintf(&path, "%s/all__%s.npy", split->path, name) < 0) return out_of_memory(error);
  bool ok = npy_create(writer, path, type, rank, (const int64_t[]){0, split->seq_len}, error);
  free(path);
  return ok;
}

static bool append_index(struct npy_writer *writer, int64_t index, struct hrm_error *error) {
  int32_t narrow = (int32_t)index;
  if (narrow != index)
    return hrm_fail(error, HRM_LIMITATION, "a set of more than %d examples does not fit the published form",
                    INT32_MAX);
  return npy_append(writer, &narrow, 1, error);
}

bool split_create(struct split_writer *split, const char *folder, const char *name, int64_t seq_len,
                  struct hrm_error *error) {
  *split = (struct split_writer){.seq_len = seq_len};
  if (asprintf(&split->path, "%s/%s", folder, name) < 0) {
    split->path = NULL;
    return out_of_memory(error);
  }
  bool ok = mkdir(split->path, 0777) == 0 ||
            hrm_fail(error, HRM_SYSTEM, "%s: cannot create: %s", split->path, strerror(errno));
  ok = ok && create_array(split, "inputs", NPY_U8, 2, &split->inputs, error) &&
       create_array(split, "labels", NPY_U8, 2, &split->labels, error) &&
       create_array(split, "puzzle_identifiers", NPY_I32, 1, &split->puzzle_identifiers, error) &&
       create_array(split, "puzzle_indices", NPY_I32, 1, &split->puzzle_indices, error) &&
       create_array(split, "group_indices", NPY_I32, 1, &split->group_indices, error) &&
       append_index(&split->puzzle_indices, 0, error) && append_index(&split->group_indices, 0, error);
  if (!ok) split_abandon(split);
  return ok;
}

bool split_put_examples(struct split_writer *split, int64_t first, const uint8_t *inputs, const uint8_t *labels,
                        int64_t count, struct hrm_error *error) {
  return npy_put(&split->inputs, first, inputs, count, error) && npy_put(&split->labels, first, labels, count, error);
}

bool split_add_examples(struct split_writer *split, const uint8_t *inputs, const uint8_t *labels, int64_t count,
                        struct hrm_error *error) {
  return split_put_examples(split, split->inputs.shape[0], inputs, labels, count, error);
}

bool split_end_puzzle(struct split_writer *split, int64_t examples, int32_t identifier, struct hrm_error *error) {
  split->puzzles++;
  split->examples += examples;
  return npy_append(&split->puzzle_identifiers, &identifier, 1, error) &&
         append_index(&split->puzzle_indices, split->examples, error);
}

bool split_end_group(struct split_writer *split, struct hrm_error *error) {
  split->groups++;
  return append_index(&split->group_indices, split->puzzles, error);
}

static char *describe(const struct split_writer *split, const struct split_facts *facts) {
  double mean = split->puzzles ? (double)split->examples / (double)split->puzzles : 1;
  json_t *json = json_pack(
      "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:[s]}", "pad_id", (json_int_t)facts->pad_id, "ignore_label_id",
      (json_int_t)facts->ignore_label_id, "blank_identifier_id", (json_int_t)facts->blank_identifier_id, "vocab_size",
      (json_int_t)facts->vocab_size, "seq_len", (json_int_t)split->seq_len, "num_puzzle_identifiers",
      (json_int_t)facts->num_puzzle_identifiers, "total_groups", (json_int_t)split->groups, "mean_puzzle_examples",
      mean, "total_puzzles", (json_int_t)split->puzzles, "sets", "all");
  bool ok = json && (!facts->extra || json_object_update(json, (json_t *)(uintptr_t)facts->extra) == 0);
  char *text = ok ? json_dumps(json, JSON_INDENT(2)) : NULL;
  json_decref(json);
  return text;
}

static bool write_description(const struct split_writer *split, const struct split_facts *facts,
                              struct hrm_error *error) {
  char *text = describe(split, facts), *path;
  if (!text || asprintf(&path, "%s/dataset.json", split->path) < 0) {
    free(text);
    return out_of_memory(error);
  }
  bool ok = atomic_write_file(path, text, strlen(text), error);
  free(path);
  free(text);
  return ok;
}

static bool is_complete(const struct split_writer *split, struct hrm_error *error) {
  return split->inputs.shape[0] == split->examples ||
         hrm_fail(error, HRM_BUG, "%s: the puzzles do not account for all examples", split->path);
}

bool split_finish(struct split_writer *split, const struct split_facts *facts, struct hrm_error *error) {
  bool ok = is_complete(split, error) && npy_finish(&split->inputs, error) && npy_finish(&split->labels, error) &&
            npy_finish(&split->puzzle_identifiers, error) && npy_finish(&split->puzzle_indices, error) &&
            npy_finish(&split->group_indices, error) && write_description(split, facts, error);
  split_abandon(split);
  return ok;
}

void split_abandon(struct split_writer *split) {
  npy_abandon(&split->inputs);
  npy_abandon(&split->labels);
  npy_abandon(&split->puzzle_identifiers);
  npy_abandon(&split->puzzle_indices);
  npy_abandon(&split->group_indices);
  free(split->path);
  *split = (struct split_writer){0};
}

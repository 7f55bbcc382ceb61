/* A whole split of a data set: dataset.json and then, for the sets "all" and "more", the five arrays; then
 * identifiers.json.  One that opens is drawn from in the order of training, walked through in that of evaluation, and
 * scored. */
#include "runtime/loader.h"
#include "runtime/score.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const files[] = {"dataset.json",
                                    "all__inputs.npy",
                                    "all__labels.npy",
                                    "all__puzzle_identifiers.npy",
                                    "all__puzzle_indices.npy",
                                    "all__group_indices.npy",
                                    "more__inputs.npy",
                                    "more__labels.npy",
                                    "more__puzzle_identifiers.npy",
                                    "more__puzzle_indices.npy",
                                    "more__group_indices.npy",
                                    "../identifiers.json"};
enum { FILES = sizeof files / sizeof *files };

/* Parts that are missing leave their files out. */
static void write_split(const char *folder, struct fuzz_part rest) {
  char path[FUZZ_PATH + 64];
  for (int i = 0; i < FILES && rest.length; i++) {
    struct fuzz_part part = fuzz_cut(&rest);
    snprintf(path, sizeof path, "%s/split/%s", folder, files[i]);
    FILE *file = fopen(path, "wb");
    if (!file) perror(path), exit(1);
    fwrite(part.bytes, 1, part.length, file);
    fclose(file);
  }
}

static void remove_split(const char *folder) {
  char path[FUZZ_PATH + 64];
  for (int i = 0; i < FILES; i++) {
    snprintf(path, sizeof path, "%s/split/%s", folder, files[i]);
    unlink(path);
  }
  snprintf(path, sizeof path, "%s/split", folder);
  rmdir(path);
  rmdir(folder);
}

static void draw(const struct dataset *dataset) {
  enum { BATCH = 5, BATCHES = 4 };
  struct example examples[BATCH];
  struct loader loader;
  struct hrm_error error;
  int32_t *tokens = malloc((size_t)dataset->seq_len * sizeof *tokens);
  if (tokens && loader_new(&loader, dataset, BATCH, 1, &error)) {
    for (int i = 0; i < BATCHES; i++) {
      loader_next(&loader, examples);
      dataset_inputs(examples[0].set, examples[0].index, tokens);
      dataset_labels(examples[0].set, examples[0].index, tokens);
    }
    loader_free(&loader);
  }
  loader_steps(dataset, 1, BATCH);
  free(tokens);
}

static void walk(const struct dataset_set *set) {
  for (int64_t example = 0; example < set->examples; example++) {
    int64_t puzzle = dataset_puzzle_of_example(set, example);
    dataset_puzzle_identifier(set, puzzle);
    if (dataset_puzzle_examples(set, puzzle).end <= example) abort();
  }
}

/* As if the inputs of some examples, and the labels of others, had been predicted. */
static void score(const struct dataset *dataset, const struct dataset_set *set, const char *directory) {
  struct scorer *scorer = NULL;
  struct hrm_error error;
  json_t *result = json_object(), *submission = json_object();
  int32_t *tokens = malloc((size_t)dataset->seq_len * sizeof *tokens);
  if (tokens && scorer_open(&scorer, dataset, set, directory, &error)) {
    for (int64_t example = 0; example < set->examples; example++) {
      npy_copy_i32(example % 2 ? &set->labels : &set->inputs, example * set->seq_len, set->seq_len, tokens);
      for (int32_t i = 0; i < set->seq_len; i++)
        if (tokens[i] < 0 || tokens[i] >= dataset->vocab_size) tokens[i] = 0; /* a model predicts none but these */
      scorer_add(scorer, example, tokens, 0.5f);
    }
    scorer_finish(scorer, result, submission, &error);
  }
  scorer_close(scorer);
  json_decref(result);
  json_decref(submission);
  free(tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  char folder[FUZZ_PATH] = "/dev/shm/hrm-fuzz-XXXXXX", split[FUZZ_PATH + 64];
  struct dataset dataset;
  struct dataset_sizes sizes;
  struct hrm_error error;
  if (!mkdtemp(folder)) perror(folder), exit(1);
  snprintf(split, sizeof split, "%s/split", folder);
  mkdir(split, 0700);
  write_split(folder, (struct fuzz_part){bytes, length});
  dataset_read_sizes(&sizes, folder, &error);
  if (dataset_open(&dataset, folder, "split", &error)) {
    draw(&dataset);
    for (int i = 0; i < dataset.num_sets; i++) {
      walk(&dataset.sets[i]);
      score(&dataset, &dataset.sets[i], folder);
    }
    dataset_identify(&dataset);
    dataset_close(&dataset);
  }
  remove_split(folder);
  return 0;
}

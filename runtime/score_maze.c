#include <stdlib.h>
#include <string.h>

#include "runtime/maze.h"
#include "runtime/score.h"

struct maze_scorer {
  struct scorer base;
  const struct dataset_set *set;
  struct maze_search search;
  int32_t *tokens;        /* room for an example */
  uint8_t *maze, *answer; /* likewise */
  int64_t examples, valid, other;
};

static void narrow(const int32_t *tokens, int64_t count, uint8_t *cells) {
  for (int64_t i = 0; i < count; i++)
    cells[i] = tokens[i] >= MAZE_WALL && tokens[i] < MAZE_TOKENS ? (uint8_t)tokens[i] : 0;
}

/* Whether every labelled token is right. */
static bool is_exact(const int32_t *labels, const int32_t *prediction, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    if (labels[i] != DATASET_UNLABELLED && labels[i] != prediction[i]) return false;
  return true;
}

static void add(struct scorer *base, int64_t example, const int32_t *prediction, float halt) {
  struct maze_scorer *scorer = (struct maze_scorer *)base;
  int64_t cells = scorer->set->seq_len;
  (void)halt;
  dataset_inputs(scorer->set, example, scorer->tokens);
  narrow(scorer->tokens, cells, scorer->maze);
  narrow(prediction, cells, scorer->answer);
  dataset_labels(scorer->set, example, scorer->tokens);
  bool valid = maze_judge(&scorer->search, scorer->maze, scorer->answer) == MAZE_SHORTEST;
  scorer->examples++;
  scorer->valid += valid;
  scorer->other += valid && !is_exact(scorer->tokens, prediction, cells);
}

static json_t *share(int64_t part, int64_t whole) {
  return whole ? json_real((double)part / (double)whole) : json_null();
}

static bool finish(struct scorer *base, json_t *result, json_t *submission, struct hrm_error *error) {
  const struct maze_scorer *scorer = (struct maze_scorer *)base;
  (void)submission;
  int failed = json_object_set_new(result, "valid_accuracy", share(scorer->valid, scorer->examples));
  failed |= json_object_set_new(result, "valid_other_accuracy", share(scorer->other, scorer->examples));
  return !failed || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

static void close_scorer(struct scorer *base) {
  struct maze_scorer *scorer = (struct maze_scorer *)base;
  maze_search_destroy(&scorer->search);
  free(scorer->tokens);
  free(scorer->maze);
  free(scorer->answer);
  free(scorer);
}

struct scorer *maze_scorer_new(const struct dataset *dataset, const struct dataset_set *set,
                               struct hrm_error *error) {
  static const struct scorer_kind kind = {add, finish, close_scorer};
  struct maze_scorer *scorer = calloc(1, sizeof *scorer);
  size_t cells = (size_t)set->seq_len;
  int32_t rows, columns;
  dataset_grid(dataset, &rows, &columns);
  if (!scorer) return hrm_fail(error, HRM_SYSTEM, "out of memory"), NULL;
  scorer->base.kind = &kind;
  scorer->set = set;
  scorer->tokens = malloc(cells * sizeof *scorer->tokens);
  scorer->maze = malloc(cells);
  scorer->answer = malloc(cells);
  bool ok =
      maze_search_create(&scorer->search, rows, columns, error) && scorer->tokens && scorer->maze && scorer->answer;
  if (ok) return &scorer->base;
  hrm_fail(error, HRM_SYSTEM, "out of memory");
  close_scorer(&scorer->base);
  return NULL;
}

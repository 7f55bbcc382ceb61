#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/arc.h"
#include "runtime/dataset.h"
#include "runtime/maze.h"

static const char *const names[] = {
    [DATASET_OTHER] = "other", [DATASET_SUDOKU] = "sudoku", [DATASET_MAZE] = "maze", [DATASET_ARC] = "arc"};

const char *dataset_kind_name(enum dataset_kind kind) { return names[kind]; }

void dataset_grid(const struct dataset *dataset, int32_t *rows, int32_t *columns) {
  int32_t side = (int32_t)lround(sqrt((double)dataset->seq_len));
  bool is_square = (int64_t)side * side == dataset->seq_len;
  *rows = dataset->text.rows > 1 ? (int32_t)dataset->text.rows : is_square ? side : 1;
  *columns = dataset->seq_len / *rows;
}

/* Whether the first question has one start and one goal and tokens of mazes alone. */
static bool looks_like_maze(const struct dataset *dataset) {
  int32_t *tokens = malloc((size_t)dataset->seq_len * sizeof *tokens);
  int64_t count[MAZE_TOKENS] = {0};
  if (!tokens) return false;
  dataset_inputs(&dataset->sets[0], 0, tokens);
  for (int32_t i = 0; i < dataset->seq_len; i++) count[tokens[i] < MAZE_TOKENS ? tokens[i] : 0]++;
  free(tokens);
  return count[MAZE_START] == 1 && count[MAZE_GOAL] == 1 && count[MAZE_PATH] == 0 && count[0] == 0;
}

static bool has_sizes(const struct dataset *dataset, int32_t vocab_size, int32_t seq_len) {
  return dataset->vocab_size == vocab_size && dataset->seq_len == seq_len;
}

static bool is_named(const struct dataset *dataset, enum dataset_kind kind) {
  return dataset->task && !strcmp(dataset->task, names[kind]);
}

static bool is_maze(const struct dataset *dataset) {
  bool fits = dataset->vocab_size == MAZE_TOKENS && dataset->seq_len <= MAZE_MAX_SIDE * MAZE_MAX_SIDE;
  return fits && (is_named(dataset, DATASET_MAZE) || (!dataset->task && looks_like_maze(dataset)));
}

/* A name that does not go with the sizes is not believed. */
enum dataset_kind dataset_kind(const struct dataset *dataset) {
  bool unnamed = !dataset->task;
  if ((unnamed || is_named(dataset, DATASET_ARC)) && has_sizes(dataset, ARC_TOKENS, ARC_CELLS)) return DATASET_ARC;
  if (is_named(dataset, DATASET_SUDOKU) || (unnamed && has_sizes(dataset, 11, 81))) return DATASET_SUDOKU;
  return is_maze(dataset) ? DATASET_MAZE : DATASET_OTHER;
}

/* The most rows that boxes of n cells can have without being higher than wide. */
static int32_t squarest(int32_t n) {
  int32_t rows = 1;
  for (int32_t k = 2; k <= n / k; k++)
    if (n % k == 0) rows = k;
  return rows;
}

void dataset_boxes(const struct dataset *dataset, int32_t *rows, int32_t *columns) {
  int32_t height, width;
  dataset_grid(dataset, &height, &width);
  *rows = *columns = 0;
  if (dataset_kind(dataset) != DATASET_SUDOKU) return;
  bool told = (int64_t)dataset->box_rows * dataset->box_columns == width;
  *rows = told ? dataset->box_rows : squarest(width);
  *columns = width / *rows;
}

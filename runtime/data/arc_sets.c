#include "runtime/data/arc_sets.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/puzzle_sets.h"
#include "runtime/data/split.h"

enum { TRAIN, TEST, SPLITS };
enum { TASKS_AT_A_TIME = 32, SLAB = 1024 /* examples */ };

struct maker {
  const struct arc_options *options;
  const struct arc_tasks *tasks;
  struct split_writer split[SPLITS];
  struct identifiers_writer identifiers;
  struct progress progress;
  struct arc_augmentation *list; /* of TASKS_AT_A_TIME tasks, options->augment + 1 each */
  int64_t found[TASKS_AT_A_TIME];
  uint8_t *inputs, *labels; /* a slab */
};

/* Of a task, the pairs that are in one split. */
struct share {
  const struct arc_task *task;
  const struct arc_augmentation *list;
  int64_t augmentations;
  int which;
  int pairs;
  int pair[2 * ARC_MAX_PAIRS];
};

static struct share share_of(const struct arc_task *task, int which) {
  struct share share = {.task = task, .which = which};
  for (int i = 0; i < task->pairs; i++) {
    int split = task->for_testing && task->pair[i].is_test ? TEST : TRAIN;
    bool usable = split == TEST || task->pair[i].has_output; /* without an answer nothing is learnt */
    if (split == which && usable) share.pair[share.pairs++] = i;
  }
  return share;
}

/* ---- Examples ---- */

static int larger(int a, int b) { return a > b ? a : b; }

/* Where a pair lies: at the first cell in the test split; else shifted, but for one pair of each puzzle. */
static void draw_place(const struct maker *maker, const struct share *share, int64_t puzzle, int pair,
                       const struct arc_grid *input, const struct arc_grid *output, int *top, int *left) {
  uint64_t number = (uint64_t)(share->task - maker->tasks->task);
  struct draws still = {.stream = stream_named(maker->options->output.seed, "arc unshifted", number),
                        .next = (uint64_t)puzzle};
  struct draws draws = {.stream = stream_named(maker->options->output.seed, "arc translation", number),
                        .next = (uint64_t)(puzzle * share->pairs + pair)};
  *top = *left = 0;
  if (share->which == TEST || draw_below(&still, share->pairs) == pair) return;
  *top = draw_below(&draws, ARC_SIDE - larger(input->rows, output->rows) + 1);
  *left = draw_below(&draws, ARC_SIDE - larger(input->columns, output->columns) + 1);
}

static void make_example(const struct maker *maker, const struct share *share, int64_t example, uint8_t *input,
                         uint8_t *label) {
  int64_t puzzle = example / share->pairs;
  int number = (int)(example % share->pairs), top, left;
  const struct arc_pair *pair = &share->task->pair[share->pair[number]];
  struct arc_grid question, answer = {0};
  arc_augment(&share->list[puzzle], &pair->input, &question);
  if (pair->has_output) arc_augment(&share->list[puzzle], &pair->output, &answer);
  draw_place(maker, share, puzzle, number, &question, &answer, &top, &left);
  arc_lay(&question, top, left, input);
  if (pair->has_output)
    arc_lay(&answer, top, left, label);
  else
    memset(label, ARC_PAD, ARC_CELLS);
}

static bool write_examples(struct maker *maker, const struct share *share, struct hrm_error *error) {
  int64_t total = share->augmentations * share->pairs;
  for (int64_t first = 0; first < total; first += SLAB) {
    int64_t count = total - first < SLAB ? total - first : SLAB;
#pragma omp parallel for schedule(static) if (count > 64)
    for (int64_t i = 0; i < count; i++)
      make_example(maker, share, first + i, maker->inputs + i * ARC_CELLS, maker->labels + i * ARC_CELLS);
    if (!split_add_examples(&maker->split[share->which], maker->inputs, maker->labels, count, error)) return false;
  }
  return true;
}

/* ---- Tasks ---- */

/* The group of a task in one split; its puzzles have the identifiers from `identifier` on. */
static bool write_group(struct maker *maker, const struct share *share, int64_t identifier, struct hrm_error *error) {
  struct split_writer *split = &maker->split[share->which];
  if (share->pairs == 0) return true;
  if (!split->path &&
      !split_create(split, maker->identifiers.folder, share->which == TRAIN ? "train" : "test", ARC_CELLS, error))
    return false;
  if (!write_examples(maker, share, error)) return false;
  for (int64_t i = 0; i < share->augmentations; i++)
    if (!split_end_puzzle(split, share->pairs, (int32_t)(identifier + i), error)) return false;
  return split_end_group(split, error);
}

static bool name_puzzles(struct maker *maker, const struct share *share, struct hrm_error *error) {
  for (int64_t i = 0; i < share->augmentations; i++) {
    char name[256 + ARC_SUFFIX], suffix[ARC_SUFFIX] = "";
    if (i > 0) arc_suffix(&share->list[i], suffix);
    snprintf(name, sizeof name, "%s%s", share->task->name, suffix);
    if (!identifiers_add(&maker->identifiers, name, error)) return false;
  }
  return true;
}

static bool write_task(struct maker *maker, int64_t number, int64_t place, struct hrm_error *error) {
  int64_t identifier = maker->identifiers.count;
  for (int which = TRAIN; which <= TEST; which++) {
    struct share share = share_of(&maker->tasks->task[number], which);
    share.list = maker->list + place * (maker->options->augment + 1);
    share.augmentations = maker->found[place];
    if (which == TRAIN && !name_puzzles(maker, &share, error)) return false;
    if (!write_group(maker, &share, identifier, error)) return false;
  }
  return true;
}

static bool find_augmentations(struct maker *maker, int64_t first, int64_t count, struct hrm_error *error) {
  bool ok = true;
#pragma omp parallel for schedule(dynamic) reduction(&& : ok)
  for (int64_t i = 0; i < count; i++) {
    maker->found[i] =
        arc_find_augmentations(&maker->tasks->task[first + i], maker->options->output.seed, maker->options->augment,
                               maker->list + i * (maker->options->augment + 1));
    ok = ok && maker->found[i] > 0;
  }
  return ok || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

static bool write_tasks(struct maker *maker, struct hrm_error *error) {
  int64_t total = maker->tasks->count;
  for (int64_t first = 0; first < total; first += TASKS_AT_A_TIME) {
    int64_t count = total - first < TASKS_AT_A_TIME ? total - first : TASKS_AT_A_TIME;
    if (!find_augmentations(maker, first, count, error)) return false;
    for (int64_t i = 0; i < count; i++)
      if (!data_goes_on(&maker->progress, "task", first + i, total, error) || !write_task(maker, first + i, i, error))
        return false;
  }
  return true;
}

/* ---- The data set ---- */

static bool finish(struct maker *maker, struct arc_counts *counts, struct hrm_error *error) {
  json_t *extra =
      json_pack("{s:s, s:s, s:[i,i]}", "task", "arc", "characters", " |0123456789", "grid", ARC_SIDE, ARC_SIDE);
  struct split_facts facts = {
      .vocab_size = ARC_TOKENS, .num_puzzle_identifiers = maker->identifiers.count, .extra = extra};
  bool ok = extra || hrm_fail(error, HRM_SYSTEM, "out of memory");
  counts->identifiers = maker->identifiers.count;
  for (int i = 0; ok && i < SPLITS; i++) {
    struct split_writer *split = &maker->split[i];
    counts->puzzles[i] = split->puzzles, counts->examples[i] = split->examples, counts->groups[i] = split->groups;
    if (split->path) ok = split_finish(split, &facts, error);
  }
  json_decref(extra);
  return ok && identifiers_finish(&maker->identifiers, error);
}

static bool fill(struct maker *maker, const char *folder, struct arc_counts *counts, struct hrm_error *error) {
  maker->list = malloc(TASKS_AT_A_TIME * (size_t)(maker->options->augment + 1) * sizeof *maker->list);
  maker->inputs = malloc((size_t)SLAB * ARC_CELLS);
  maker->labels = malloc((size_t)SLAB * ARC_CELLS);
  bool ok = (maker->list && maker->inputs && maker->labels) || hrm_fail(error, HRM_SYSTEM, "out of memory");
  ok = ok && identifiers_begin(&maker->identifiers, folder, error) && write_tasks(maker, error) &&
       finish(maker, counts, error);
  identifiers_abandon(&maker->identifiers);
  for (int i = 0; i < SPLITS; i++) split_abandon(&maker->split[i]);
  free(maker->list);
  free(maker->inputs);
  free(maker->labels);
  progress_clear(&maker->progress);
  return ok;
}

bool arc_sets_make(const struct arc_options *options, const struct arc_tasks *tasks, struct arc_counts *counts,
                   struct hrm_error *error) {
  struct maker maker = {.options = options, .tasks = tasks, .progress = progress_new(stderr)};
  struct output output;
  if (!output_create(&output, options->output.path, options->output.force, error)) return false;
  if (fill(&maker, output.temporary, counts, error)) return output_commit(&output, error);
  output_abandon(&output);
  return false;
}

#include "runtime/loader.h"

#include <stdlib.h>

#include "runtime/random.h"

enum { BATCHES_PER_ITERATION = 1000 };

static int64_t largest_puzzle_of_group(const struct dataset_set *set, int64_t group) {
  struct dataset_range puzzles = dataset_group_puzzles(set, group);
  int64_t largest = 0;
  for (int64_t p = puzzles.begin; p < puzzles.end; p++) {
    struct dataset_range r = dataset_puzzle_examples(set, p);
    if (r.end - r.begin > largest) largest = r.end - r.begin;
  }
  return largest;
}

static int64_t largest_puzzle(const struct dataset *dataset) {
  int64_t largest = 0;
  for (int s = 0; s < dataset->num_sets; s++) {
    for (int64_t g = 0; g < dataset->sets[s].groups; g++) {
      int64_t size = largest_puzzle_of_group(&dataset->sets[s], g);
      if (size > largest) largest = size;
    }
  }
  return largest;
}

/* Of a set larger than memory no more is kept than a batch. */
static void release(const struct dataset *dataset) {
  for (int s = 0; s < dataset->num_sets; s++) {
    npy_release(&dataset->sets[s].inputs);
    npy_release(&dataset->sets[s].labels);
  }
}

bool loader_new(struct loader *l, const struct dataset *dataset, int64_t batch, uint64_t seed,
                struct hrm_error *error) {
  *l = (struct loader){.dataset = dataset, .batch = batch, .seed = seed, .ordered = -1};
  for (int s = 0; s < dataset->num_sets; s++) l->groups += dataset->sets[s].groups;
  int64_t largest = largest_puzzle(dataset);
  if (l->groups == 0 || largest == 0) return hrm_fail(error, HRM_INPUT, "%s has no examples", dataset->path);
  l->epochs_per_iteration = (BATCHES_PER_ITERATION * batch + l->groups - 1) / l->groups;
  l->order = malloc((size_t)l->groups * sizeof *l->order);
  l->shuffle = malloc((size_t)largest * sizeof *l->shuffle);
  l->offered = calloc((size_t)batch, sizeof *l->offered);
  if (l->order && l->shuffle && l->offered) return true;
  loader_free(l);
  return hrm_fail(error, HRM_SYSTEM, "out of memory");
}

void loader_free(struct loader *l) {
  free(l->order);
  free(l->shuffle);
  free(l->offered);
  *l = (struct loader){0};
}

/* Fisher and Yates, stopping when the first `wanted` places are drawn. */
static void draw_distinct(struct random_stream r, int64_t *items, int64_t count, int64_t wanted) {
  for (int64_t i = 0; i < count; i++) items[i] = i;
  for (int64_t i = 0; i < wanted; i++) {
    int64_t k = i + stream_below(r, (uint64_t)i, count - i), swapped = items[i];
    items[i] = items[k];
    items[k] = swapped;
  }
}

static void order_epoch(struct loader *l) {
  if (l->ordered == l->position.epoch) return;
  struct random_stream r = stream_named(l->seed, "groups", (uint64_t)l->position.epoch);
  draw_distinct(r, l->order, l->groups, l->groups);
  l->ordered = l->position.epoch;
}

/* The set that holds a group of the numbering over all sets, and the group's number in it. */
static const struct dataset_set *locate(const struct dataset *dataset, int64_t *group) {
  const struct dataset_set *set = dataset->sets;
  for (; *group >= set->groups; set++) *group -= set->groups;
  return set;
}

/* Adds one puzzle of the group at the position; returns how many examples the batch has now. */
static int64_t take_group(const struct loader *l, struct example *examples, int64_t filled) {
  int64_t group = l->order[l->position.group];
  const struct dataset_set *set = locate(l->dataset, &group);
  struct random_stream epoch = stream_named(l->seed, "puzzle", (uint64_t)l->position.epoch);
  struct dataset_range puzzles = dataset_group_puzzles(set, group);
  if (puzzles.begin == puzzles.end) return filled;
  int64_t puzzle = puzzles.begin + stream_below(epoch, (uint64_t)l->position.group, puzzles.end - puzzles.begin);
  struct dataset_range range = dataset_puzzle_examples(set, puzzle);
  int64_t count = range.end - range.begin, room = l->batch - filled, taken = count < room ? count : room;
  uint64_t visit = (uint64_t)l->position.epoch * (uint64_t)l->groups + (uint64_t)l->position.group;
  draw_distinct(stream_named(l->seed, "examples", visit), l->shuffle, count, taken);
  for (int64_t i = 0; i < taken; i++) {
    examples[filled + i] = (struct example){set, range.begin + l->shuffle[i], dataset_puzzle_identifier(set, puzzle)};
  }
  return filled + taken;
}

/* Returns whether an iteration ended. */
static bool advance(struct loader *l) {
  if (++l->position.group < l->groups) return false;
  l->position.group = 0;
  l->position.epoch++;
  return l->position.epoch % l->epochs_per_iteration == 0;
}

void loader_next(struct loader *l, struct example *examples) {
  int64_t filled = 0;
  release(l->dataset);
  while (filled < l->batch) {
    order_epoch(l);
    filled = take_group(l, examples, filled);
    if (advance(l) && filled < l->batch) filled = 0;
  }
}

static bool next_of_loader(void *context, struct slots *slots, struct hrm_error *error) {
  (void)error;
  struct loader *l = context;
  loader_next(l, l->offered);
  for (int64_t i = 0; i < slots->count; i++) {
    if (slots->halted[i]) slots_put(slots, i, &l->offered[i]);
  }
  return true;
}

struct batch_source loader_source(struct loader *l) {
  return (struct batch_source){next_of_loader, l};
}

int64_t loader_steps(const struct dataset *dataset, double epochs, int64_t batch) {
  double steps = epochs * (double)dataset->total_groups * dataset->mean_puzzle_examples / (double)batch;
  return steps < (double)LOADER_MOST_STEPS ? (int64_t)steps : LOADER_MOST_STEPS;
}

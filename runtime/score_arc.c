#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/arc.h"
#include "runtime/score.h"

/* A grid that was predicted for a test input. */
struct candidate {
  struct arc_grid grid;
  int input; /* of the task, from 0 on */
  int64_t votes;
  int64_t halting; /* sum of sigmoid(halt) in units of 2^-40: sums in any order are the same */
};

/* A task, while some of its predictions are there and some may still come. */
struct ballot {
  struct candidate *candidate;
  int64_t count, capacity;
  int64_t seen; /* predictions */
};

struct arc_scorer {
  struct scorer base;
  const struct dataset_set *set;
  json_t *identifiers;
  struct ballot *ballots; /* by group */
  json_t *submission;
  int64_t tasks, solved;
  double score;
  bool out_of_memory;
};

enum { ATTEMPTS = 2 };

/* ---- Structure: a group is a task, its first puzzle the task as it is ---- */

static int64_t group_of(const struct dataset_set *set, int64_t puzzle) {
  int64_t low = 0, high = set->groups;
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    if (dataset_group_puzzles(set, middle).begin <= puzzle)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static const char *name_of(const struct arc_scorer *scorer, int64_t puzzle) {
  int32_t identifier = dataset_puzzle_identifier(scorer->set, puzzle);
  const char *name = json_string_value(json_array_get(scorer->identifiers, (size_t)identifier));
  return name ? name : "";
}

static struct dataset_range first_examples(const struct arc_scorer *scorer, int64_t group) {
  return dataset_puzzle_examples(scorer->set, dataset_group_puzzles(scorer->set, group).begin);
}

static int64_t examples_of(const struct arc_scorer *scorer, int64_t group) {
  struct dataset_range puzzles = dataset_group_puzzles(scorer->set, group);
  return dataset_puzzle_examples(scorer->set, puzzles.end - 1).end -
         dataset_puzzle_examples(scorer->set, puzzles.begin).begin;
}

/* The answer to a test input as published; an empty grid where it is not known. */
static void find_answer(const struct arc_scorer *scorer, int64_t group, int64_t input, struct arc_grid *answer) {
  int32_t tokens[ARC_CELLS];
  struct arc_augmentation augmentation;
  struct arc_grid cropped;
  dataset_labels(scorer->set, first_examples(scorer, group).begin + input, tokens);
  arc_crop(tokens, &cropped);
  (void)arc_parse_name(name_of(scorer, dataset_group_puzzles(scorer->set, group).begin), &augmentation);
  arc_restore(&augmentation, &cropped, answer);
}

/* ---- Voting ---- */

static struct candidate *find_candidate(struct ballot *ballot, int input, const struct arc_grid *grid) {
  for (int64_t i = 0; i < ballot->count; i++)
    if (ballot->candidate[i].input == input && arc_same(&ballot->candidate[i].grid, grid))
      return &ballot->candidate[i];
  if (ballot->count == ballot->capacity) {
    int64_t capacity = ballot->capacity ? 2 * ballot->capacity : 16;
    struct candidate *larger = realloc(ballot->candidate, (size_t)capacity * sizeof *larger);
    if (!larger) return NULL;
    ballot->candidate = larger;
    ballot->capacity = capacity;
  }
  ballot->candidate[ballot->count] = (struct candidate){.grid = *grid, .input = input};
  return &ballot->candidate[ballot->count++];
}

/* By test input, votes, mean halt; at last by the grids, so that the order of predictions does not matter. */
static int by_preference(const void *left, const void *right) {
  const struct candidate *a = left, *b = right;
  double mean_a = (double)a->halting / (double)a->votes, mean_b = (double)b->halting / (double)b->votes;
  if (a->input != b->input) return a->input < b->input ? -1 : 1;
  if (a->votes != b->votes) return a->votes > b->votes ? -1 : 1;
  if (mean_a != mean_b) return mean_a > mean_b ? -1 : 1;
  return memcmp(&a->grid, &b->grid, sizeof a->grid);
}

/* ---- Attempts ---- */

static json_t *grid_json(const struct arc_grid *grid) {
  json_t *rows = json_array();
  for (int r = 0; r < grid->rows; r++) {
    json_t *row = json_array();
    for (int c = 0; c < grid->columns; c++)
      json_array_append_new(row, json_integer(grid->cells[r * grid->columns + c]));
    json_array_append_new(rows, row);
  }
  return rows;
}

/* Without a prediction the attempt is a black cell; without a second one the first is given twice. */
static json_t *attempts_json(const struct candidate *best, int64_t count) {
  static const struct arc_grid black = {.rows = 1, .columns = 1};
  json_t *attempts = json_object();
  for (int i = 0; i < ATTEMPTS; i++) {
    char key[16];
    snprintf(key, sizeof key, "attempt_%d", i + 1);
    const struct arc_grid *grid = count > i ? &best[i].grid : count > 0 ? &best[0].grid : &black;
    json_object_set_new(attempts, key, grid_json(grid));
  }
  return attempts;
}

static void submit(struct arc_scorer *scorer, int64_t group, json_t *answers) {
  struct arc_augmentation augmentation;
  const char *name = name_of(scorer, dataset_group_puzzles(scorer->set, group).begin);
  char *task = strndup(name, arc_parse_name(name, &augmentation));
  int failed = task ? json_object_set_new(scorer->submission, task, answers) : -1;
  scorer->out_of_memory = scorer->out_of_memory || failed;
  free(task);
}

/* The candidates are in order of preference. */
static void count_votes(struct arc_scorer *scorer, int64_t group, const struct ballot *ballot) {
  int64_t inputs = first_examples(scorer, group).end - first_examples(scorer, group).begin, right = 0, known = 0,
          at = 0;
  json_t *answers = json_array();
  for (int64_t input = 0; input < inputs; input++) {
    const struct candidate *best = at < ballot->count ? ballot->candidate + at : NULL;
    int64_t count = 0;
    while (at + count < ballot->count && best[count].input == input) count++;
    struct arc_grid answer;
    find_answer(scorer, group, input, &answer);
    bool hit = false;
    for (int i = 0; i < ATTEMPTS && i < count; i++) hit = hit || arc_same(&best[i].grid, &answer);
    known += answer.rows > 0;
    right += answer.rows > 0 && hit;
    json_array_append_new(answers, attempts_json(best, count));
    at += count;
  }
  submit(scorer, group, answers);
  if (known < inputs) return;
  scorer->tasks++;
  scorer->score += (double)right / (double)inputs;
  scorer->solved += right == inputs;
}

static void close_ballot(struct arc_scorer *scorer, int64_t group) {
  struct ballot *ballot = &scorer->ballots[group];
  if (ballot->count) qsort(ballot->candidate, (size_t)ballot->count, sizeof *ballot->candidate, by_preference);
  count_votes(scorer, group, ballot);
  free(ballot->candidate);
  *ballot = (struct ballot){0};
}

static void add(struct scorer *base, int64_t example, const int32_t *prediction, float halt) {
  struct arc_scorer *scorer = (struct arc_scorer *)base;
  int64_t puzzle = dataset_puzzle_of_example(scorer->set, example), group = group_of(scorer->set, puzzle);
  struct ballot *ballot = &scorer->ballots[group];
  struct arc_augmentation augmentation;
  struct arc_grid cropped, grid = {0};
  (void)arc_parse_name(name_of(scorer, puzzle), &augmentation);
  arc_crop(prediction, &cropped);
  arc_restore(&augmentation, &cropped, &grid);
  int input = (int)(example - dataset_puzzle_examples(scorer->set, puzzle).begin);
  struct candidate *candidate = cropped.rows ? find_candidate(ballot, input, &grid) : NULL;
  scorer->out_of_memory = scorer->out_of_memory || (cropped.rows && !candidate);
  if (candidate) {
    candidate->votes++;
    candidate->halting += llround(0x1p40 / (1 + exp(-(double)halt)));
  }
  if (++ballot->seen == examples_of(scorer, group)) close_ballot(scorer, group);
}

/* ---- The scorer ---- */

static bool finish(struct scorer *base, json_t *result, json_t *submission, struct hrm_error *error) {
  struct arc_scorer *scorer = (struct arc_scorer *)base;
  for (int64_t group = 0; group < scorer->set->groups; group++)
    if (scorer->ballots[group].seen) close_ballot(scorer, group);
  double tasks = (double)scorer->tasks;
  int failed = json_object_set_new(result, "tasks", json_integer(scorer->tasks));
  failed |= json_object_set_new(result, "task_score", scorer->tasks ? json_real(scorer->score / tasks) : json_null());
  failed |= json_object_set_new(result, "tasks_solved",
                                scorer->tasks ? json_real((double)scorer->solved / tasks) : json_null());
  failed |= submission ? json_object_update(submission, scorer->submission) : 0;
  return (!failed && !scorer->out_of_memory) || hrm_fail(error, HRM_SYSTEM, "out of memory");
}

static void close_scorer(struct scorer *base) {
  struct arc_scorer *scorer = (struct arc_scorer *)base;
  for (int64_t group = 0; scorer->ballots && group < scorer->set->groups; group++)
    free(scorer->ballots[group].candidate);
  free(scorer->ballots);
  json_decref(scorer->identifiers);
  json_decref(scorer->submission);
  free(scorer);
}

static json_t *load_identifiers(const char *directory, int64_t wanted, struct hrm_error *error) {
  char *path;
  json_error_t where;
  if (asprintf(&path, "%s/identifiers.json", directory) < 0)
    return hrm_fail(error, HRM_SYSTEM, "out of memory"), NULL;
  json_t *list = json_load_file(path, 0, &where);
  if (!list)
    hrm_fail(error, HRM_INPUT, "%s: %s; the tasks of ARC are scored by their names", path, where.text);
  else if (!json_is_array(list) || (int64_t)json_array_size(list) < wanted)
    hrm_fail(error, HRM_INPUT, "%s: not a list of %lld names", path, (long long)wanted);
  bool ok = json_is_array(list) && (int64_t)json_array_size(list) >= wanted;
  free(path);
  if (ok) return list;
  json_decref(list);
  return NULL;
}

struct scorer *arc_scorer_new(const struct dataset *dataset, const struct dataset_set *set, const char *directory,
                              struct hrm_error *error) {
  static const struct scorer_kind kind = {add, finish, close_scorer};
  struct arc_scorer *scorer = calloc(1, sizeof *scorer);
  if (!scorer) return hrm_fail(error, HRM_SYSTEM, "out of memory"), NULL;
  scorer->base.kind = &kind;
  scorer->set = set;
  scorer->submission = json_object();
  scorer->ballots = calloc((size_t)set->groups, sizeof *scorer->ballots);
  scorer->identifiers = load_identifiers(directory, dataset->num_puzzle_identifiers, error);
  bool ok = scorer->submission && scorer->ballots;
  if (ok && scorer->identifiers) return &scorer->base;
  if (!ok) hrm_fail(error, HRM_SYSTEM, "out of memory");
  close_scorer(&scorer->base);
  return NULL;
}

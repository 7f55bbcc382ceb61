/* The rules of the published loader: runtime/loader.c. */
#include "runtime/loader.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A data set in memory with two sets: groups of 1 to 3 puzzles of 1 to 5 examples. */
enum { SETS = 2, GROUPS = 9, MOST_PUZZLES = 3 * GROUPS, MOST_EXAMPLES = 5 * MOST_PUZZLES };

static int32_t group_indices[SETS][GROUPS + 1], puzzle_indices[SETS][MOST_PUZZLES + 1],
    identifiers[SETS][MOST_PUZZLES];
static struct dataset_set sets[SETS];
static struct dataset dataset;

static struct npy_array array(const int32_t *data, int64_t count) {
  return (struct npy_array){.type = NPY_I32, .rank = 1, .shape = {count}, .count = count, .data = data};
}

static void make_set(int s, int groups) {
  int32_t puzzles = 0, examples = 0;
  for (int g = 0; g < groups; g++) {
    for (int p = 0; p < 1 + g % 3; p++) {
      identifiers[s][puzzles] = 100 * s + puzzles;
      examples += 1 + (puzzles * 7 + s) % 5;
      puzzle_indices[s][++puzzles] = examples;
    }
    group_indices[s][g + 1] = puzzles;
  }
  sets[s] = (struct dataset_set){.examples = examples,
                                 .puzzles = puzzles,
                                 .groups = groups,
                                 .puzzle_identifiers = array(identifiers[s], puzzles),
                                 .puzzle_indices = array(puzzle_indices[s], puzzles + 1),
                                 .group_indices = array(group_indices[s], groups + 1)};
}

static void setup(void) {
  make_set(0, GROUPS);
  make_set(1, 4);
  dataset = (struct dataset){.total_groups = 13, .mean_puzzle_examples = 2.5, .num_sets = SETS, .sets = sets};
}

static int64_t group_of_puzzle(int s, int64_t puzzle) {
  int64_t g = 0;
  while (group_indices[s][g + 1] <= puzzle) g++;
  return g;
}

/* One puzzle of each group an epoch, its examples all different; the batch is full. */
START_TEST(test_structure) {
  enum { BATCH = 4, BATCHES = 2000 };
  struct loader l;
  struct hrm_error error;
  struct example batch[BATCH];
  int64_t visits[SETS][GROUPS] = {0}, chosen[SETS][MOST_PUZZLES] = {0}, run = 0;
  const struct dataset_set *previous_set = NULL;
  int64_t previous_puzzle = -1;
  bool seen[MOST_EXAMPLES] = {false};
  ck_assert(loader_new(&l, &dataset, BATCH, 5, &error));
  for (int b = 0; b < BATCHES; b++) {
    loader_next(&l, batch);
    run = 0, previous_puzzle = -1;
    for (int i = 0; i < BATCH; i++) {
      int s = (int)(batch[i].set - sets);
      int64_t puzzle = batch[i].puzzle_identifier - 100 * s;
      struct dataset_range range = dataset_puzzle_examples(batch[i].set, puzzle);
      ck_assert(batch[i].index >= range.begin && batch[i].index < range.end);
      bool same = batch[i].set == previous_set && puzzle == previous_puzzle && run < range.end - range.begin;
      if (!same) memset(seen, 0, sizeof seen), run = 0, visits[s][group_of_puzzle(s, puzzle)]++, chosen[s][puzzle]++;
      ck_assert(!seen[batch[i].index]);
      seen[batch[i].index] = true;
      run++;
      previous_set = batch[i].set, previous_puzzle = puzzle;
    }
  }
  /* Groups are visited equally often, but for the epoch under way and runs that look like one. */
  for (int s = 0; s < SETS; s++) {
    for (int64_t g = 0; g < sets[s].groups; g++) {
      ck_assert_int_ge(visits[s][g], l.position.epoch * 9 / 10);
      ck_assert_int_le(visits[s][g], l.position.epoch + 1);
      struct dataset_range puzzles = dataset_group_puzzles(&sets[s], g);
      for (int64_t p = puzzles.begin; p < puzzles.end; p++) {
        ck_assert_int_ge(chosen[s][p], visits[s][g] * 6 / 10 / (puzzles.end - puzzles.begin));
      }
    }
  }
  loader_free(&l);
}
END_TEST

/* One example a puzzle: an epoch is a permutation, and another one each time. */
START_TEST(test_permutation) {
  enum { MANY = 50 };
  int32_t indices[MANY + 1], names[MANY];
  for (int i = 0; i <= MANY; i++) indices[i] = i;
  for (int i = 0; i < MANY; i++) names[i] = i;
  struct dataset_set set = {.examples = MANY,
                            .puzzles = MANY,
                            .groups = MANY,
                            .puzzle_identifiers = array(names, MANY),
                            .puzzle_indices = array(indices, MANY + 1),
                            .group_indices = array(indices, MANY + 1)};
  struct dataset single = {.total_groups = MANY, .mean_puzzle_examples = 1, .num_sets = 1, .sets = &set};
  struct loader l;
  struct hrm_error error;
  struct example epochs[2][MANY];
  ck_assert(loader_new(&l, &single, MANY, 5, &error));
  loader_next(&l, epochs[0]);
  loader_next(&l, epochs[1]);
  int same = 0;
  for (int e = 0; e < 2; e++) {
    bool seen[MANY] = {false};
    for (int i = 0; i < MANY; i++) ck_assert(!seen[epochs[e][i].index]), seen[epochs[e][i].index] = true;
  }
  for (int i = 0; i < MANY; i++) same += epochs[0][i].index == epochs[1][i].index;
  ck_assert_int_lt(same, MANY / 4);
  loader_free(&l);
}
END_TEST

/* From any position the stream goes on as it did; another seed gives another stream. */
START_TEST(test_resume) {
  enum { BATCH = 7 };
  struct loader a, b;
  struct hrm_error error;
  struct example from_a[BATCH], from_b[BATCH];
  ck_assert(loader_new(&a, &dataset, BATCH, 5, &error) && loader_new(&b, &dataset, BATCH, 5, &error));
  for (int step = 0; step < 300; step++) {
    b.position = a.position;
    b.ordered = -1;
    loader_next(&a, from_a);
    loader_next(&b, from_b);
    for (int i = 0; i < BATCH; i++) ck_assert(from_a[i].set == from_b[i].set && from_a[i].index == from_b[i].index);
  }
  b.seed = 6, b.ordered = -1, b.position = (struct loader_position){0, 0}, a.position = b.position, a.ordered = -1;
  loader_next(&a, from_a);
  loader_next(&b, from_b);
  int same = 0;
  for (int i = 0; i < BATCH; i++) same += from_a[i].set == from_b[i].set && from_a[i].index == from_b[i].index;
  ck_assert_int_lt(same, BATCH);
  loader_free(&a);
  loader_free(&b);
}
END_TEST

/* At the end of an iteration a batch that is not full is dropped: the next begins with a new epoch. */
START_TEST(test_last_batch_of_an_iteration) {
  enum { BATCH = 6 }; /* more than the largest puzzle */
  struct loader l;
  struct hrm_error error;
  struct example batch[BATCH];
  ck_assert(loader_new(&l, &dataset, BATCH, 5, &error));
  ck_assert_int_ge(l.epochs_per_iteration * l.groups, 1000 * BATCH);
  l.position = (struct loader_position){l.epochs_per_iteration - 1, l.groups - 1};
  loader_next(&l, batch);
  struct loader_position after = l.position;
  l.position = (struct loader_position){l.epochs_per_iteration, 0};
  loader_next(&l, batch);
  ck_assert(after.epoch == l.position.epoch && after.group == l.position.group);
  loader_free(&l);
}
END_TEST

START_TEST(test_steps) {
  ck_assert_int_eq(loader_steps(&dataset, 20, 10), 20 * 13 * 5 / 2 / 10);
  ck_assert_int_eq(loader_steps(&dataset, 0.1, 1000), 0);
  ck_assert_int_eq(loader_steps(&dataset, 1e300, 1), LOADER_MOST_STEPS);
}
END_TEST

START_TEST(test_empty) {
  struct loader l;
  struct hrm_error error;
  struct dataset nothing = {.path = (char *)"data/train"};
  ck_assert(!loader_new(&l, &nothing, 3, 0, &error));
  ck_assert_int_eq(error.code, HRM_INPUT);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("runtime loader");
  TCase *tests = suite_case(suite, "loader", setup, NULL);
  tcase_set_timeout(tests, 120); /* a busy machine */
  tcase_add_test(tests, test_structure);
  tcase_add_test(tests, test_permutation);
  tcase_add_test(tests, test_resume);
  tcase_add_test(tests, test_last_batch_of_an_iteration);
  tcase_add_test(tests, test_steps);
  tcase_add_test(tests, test_empty);
  return suite_run(suite);
}

/* What hrm-data sudoku puts into the two sets, read back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/commands.h"
#include "runtime/data/sudoku.h"
#include "runtime/dataset.h"
#include "tests/suite.h"

static char folder[] = "/tmp/check_sudoku_sets.XXXXXX";
static char output[64], csv[64];
static struct hrm_error error;

static void setup(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(output, sizeof output, "%s/set", folder);
  snprintf(csv, sizeof csv, "%s/file.csv", folder);
}

static void teardown(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", folder);
  ck_assert_int_eq(system(command), 0);
}

enum { MAX_ARGUMENTS = 16 };

/* Runs the command with --output and these arguments, the last of which is NULL. */
static void make(const char *const *arguments) {
  char *argv[MAX_ARGUMENTS + 4] = {"hrm-data sudoku", "--output", output};
  int argc = 3;
  for (int i = 0; arguments[i]; i++) argv[argc++] = (char *)arguments[i];
  ck_assert_int_eq(sudoku_command(argc, argv), 0);
}

static void open_split(struct dataset *dataset, const char *split) {
  ck_assert_msg(dataset_open(dataset, output, split, &error), "%s", error.text);
}

static void read_board(const struct dataset_set *set, int64_t example, bool labels, uint8_t *board) {
  int32_t tokens[SUDOKU_MAX_CELLS];
  (labels ? dataset_labels : dataset_inputs)(set, example, tokens);
  for (int i = 0; i < set->seq_len; i++) board[i] = (uint8_t)(tokens[i] - 1);
}

/* ---- 4x4, where the smallest of all equivalents can be had by trying ---- */

static const int orders[2][2] = {{0, 1}, {1, 0}};

/* The line of 4 at i: pairs of lines swapped, lines swapped within each pair, by the bits of choice. */
static int line_at(int choice, int i) {
  int group = orders[choice & 1][i / 2];
  return group * 2 + orders[choice >> (1 + i / 2) & 1][i % 2];
}

/* Digits renamed in the order of their appearance. */
static void rename_digits(uint8_t *board) {
  uint8_t names[5] = {0}, next = 1;
  for (int i = 0; i < 16; i++) {
    if (!board[i]) continue;
    if (!names[board[i]]) names[board[i]] = next++;
    board[i] = names[board[i]];
  }
}

static void smallest_equivalent(const uint8_t *board, uint8_t *smallest) {
  memset(smallest, 0xff, 16);
  for (int transposed = 0; transposed < 2; transposed++)
    for (int rows = 0; rows < 8; rows++)
      for (int columns = 0; columns < 8; columns++) {
        uint8_t other[16];
        for (int i = 0; i < 16; i++) {
          int row = line_at(rows, i / 4), column = line_at(columns, i % 4);
          other[i] = board[transposed ? column * 4 + row : row * 4 + column];
        }
        rename_digits(other);
        if (memcmp(other, smallest, 16) < 0) memcpy(smallest, other, 16);
      }
}

static uint8_t (*smallest_of(const struct dataset_set *set))[16] {
  uint8_t(*all)[16] = malloc((size_t)set->examples * sizeof *all);
  for (int64_t i = 0; i < set->examples; i++) {
    uint8_t board[SUDOKU_MAX_CELLS];
    read_board(set, i, false, board);
    smallest_equivalent(board, all[i]);
  }
  return all;
}

START_TEST(test_generated_sets_share_no_puzzle) {
  char seed[8];
  snprintf(seed, sizeof seed, "%d", _i);
  make((const char *const[]){"-b", "2x2", "-g", "6", "-t", "300", "-e", "100", "-s", seed, NULL});
  struct dataset train, test;
  open_split(&train, "train");
  open_split(&test, "test");
  uint8_t(*trained)[16] = smallest_of(train.sets), (*tested)[16] = smallest_of(test.sets);
  int alike = 0;
  for (int64_t i = 0; i < 300; i++) {
    for (int64_t k = 0; k < 100; k++) ck_assert_int_ne(memcmp(trained[i], tested[k], 16), 0);
    for (int64_t k = 0; k < i; k++) alike += !memcmp(trained[i], trained[k], 16);
  }
  ck_assert_int_gt(alike, 0);
  free(trained);
  free(tested);
  dataset_close(&train);
  dataset_close(&test);
}
END_TEST

/* ---- CSV: families of equivalent puzzles ---- */

enum { FAMILIES = 12, MEMBERS = 5 };

static void write_board(FILE *file, const uint8_t *board) {
  for (int i = 0; i < 81; i++) fputc(board[i] ? '0' + board[i] : '.', file);
}

static void write_families(const struct sudoku_shape *shape) {
  FILE *file = fopen(csv, "w");
  fputs("source,question,answer,rating\n", file);
  for (int i = 0; i < FAMILIES * MEMBERS; i++) {
    struct draws family = {.stream = stream_named(3, "family", (uint64_t)(i % FAMILIES))};
    struct draws member = {.stream = stream_named(3, "member", (uint64_t)i)};
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS], board[SUDOKU_MAX_CELLS];
    struct sudoku_symmetry symmetry;
    sudoku_generate(shape, 30, 10, &family, question, answer);
    sudoku_draw_symmetry(shape, &member, &symmetry);
    fputs("x,", file);
    sudoku_apply(shape, &symmetry, question, board);
    write_board(file, board);
    fputc(',', file);
    sudoku_apply(shape, &symmetry, answer, board);
    write_board(file, board);
    fputs(",\n", file);
  }
  ck_assert_int_eq(fclose(file), 0);
}

/* The family that a puzzle of the file is of. */
static int family_of(const struct sudoku_shape *shape, const uint8_t *question, const uint8_t *answer) {
  uint64_t class = sudoku_class(shape, question, answer);
  for (int i = 0; i < FAMILIES; i++) {
    struct draws family = {.stream = stream_named(3, "family", (uint64_t)i)};
    uint8_t its_question[SUDOKU_MAX_CELLS], its_answer[SUDOKU_MAX_CELLS];
    sudoku_generate(shape, 30, 10, &family, its_question, its_answer);
    if (sudoku_class(shape, its_question, its_answer) == class) return i;
  }
  return -1;
}

static unsigned families_in(const struct dataset *dataset) {
  struct sudoku_shape shape = sudoku_shape(3, 3);
  unsigned families = 0;
  for (int64_t i = 0; i < dataset->sets[0].examples; i++) {
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
    read_board(dataset->sets, i, false, question);
    read_board(dataset->sets, i, true, answer);
    int family = family_of(&shape, question, answer);
    ck_assert_int_ge(family, 0);
    families |= 1u << family;
  }
  return families;
}

/* 22 puzzles end within a family of 5; none of that family may be tested. */
START_TEST(test_csv_sets_share_no_family) {
  char seed[8];
  struct sudoku_shape shape = sudoku_shape(3, 3);
  snprintf(seed, sizeof seed, "%d", _i);
  write_families(&shape);
  make((const char *const[]){"--csv", csv, "-t", "22", "-e", "35", "-s", seed, NULL});
  struct dataset train, test;
  open_split(&train, "train");
  open_split(&test, "test");
  unsigned trained = families_in(&train), tested = families_in(&test);
  ck_assert_uint_eq(trained & tested, 0);
  ck_assert_int_eq(__builtin_popcount(trained), 5);
  ck_assert_int_eq(__builtin_popcount(tested), 7);
  dataset_close(&train);
  dataset_close(&test);
}
END_TEST

START_TEST(test_families_are_not_split) {
  write_families(&(struct sudoku_shape){3, 3, 9, 81});
  char *argv[] = {"hrm-data sudoku", "--output", output, "--csv", csv, "-t", "22", "-e", "36"};
  ck_assert_int_eq(sudoku_command(sizeof argv / sizeof *argv, argv), HRM_INPUT);
}
END_TEST

/* ---- Augmentation ---- */

START_TEST(test_groups_are_a_puzzle_and_its_augmentations) {
  enum { AUGMENT = 9, PUZZLES = 20 };
  struct sudoku_shape shape = sudoku_shape(2, 3);
  make((const char *const[]){"-b", "2x3", "-t", "20", "-e", "10", "-a", "9", NULL});
  struct dataset train, test;
  open_split(&train, "train");
  open_split(&test, "test");
  const struct dataset_set *set = train.sets;
  ck_assert_int_eq(set->groups, PUZZLES);
  ck_assert_int_eq(set->examples, PUZZLES * (1 + AUGMENT));
  ck_assert_int_eq(test.sets[0].examples, 10);
  int same = 0;
  for (int64_t group = 0; group < PUZZLES; group++) {
    struct dataset_range puzzles = dataset_group_puzzles(set, group);
    uint8_t first[SUDOKU_MAX_CELLS], question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
    uint64_t class = 0;
    for (int64_t puzzle = puzzles.begin; puzzle < puzzles.end; puzzle++) {
      struct dataset_range examples = dataset_puzzle_examples(set, puzzle);
      ck_assert_int_eq(examples.end - examples.begin, 1);
      read_board(set, examples.begin, false, question);
      read_board(set, examples.begin, true, answer);
      if (puzzle == puzzles.begin) class = sudoku_class(&shape, question, answer);
      ck_assert_uint_eq(sudoku_class(&shape, question, answer), class);
      if (puzzle == puzzles.begin)
        memcpy(first, question, sizeof first);
      else
        same += !memcmp(first, question, (size_t)shape.cells);
    }
  }
  ck_assert_int_lt(same, 3);
  dataset_close(&train);
  dataset_close(&test);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sudoku_sets");
  TCase *sets = suite_case(suite, "sets", setup, teardown);
  tcase_set_timeout(sets, 60);
  tcase_add_loop_test(sets, test_generated_sets_share_no_puzzle, 0, 3);
  tcase_add_loop_test(sets, test_csv_sets_share_no_family, 0, 3);
  tcase_add_test(sets, test_families_are_not_split);
  tcase_add_test(sets, test_groups_are_a_puzzle_and_its_augmentations);

  return suite_run(suite);
}

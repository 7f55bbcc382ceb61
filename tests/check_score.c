/* Scores of mazes and of ARC, on data sets made by hrm-data and predictions made here; kinds of puzzles. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/arc.h"
#include "runtime/data/commands.h"
#include "runtime/score.h"
#include "tests/suite.h"

static char folder[] = "/tmp/check_score.XXXXXX";
static char output[64];
static struct hrm_error error;
static struct dataset dataset;
static struct scorer *scorer;

static void setup(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(output, sizeof output, "%s/set", folder);
}

static void teardown(void) {
  char command[64];
  scorer_close(scorer);
  dataset_close(&dataset);
  snprintf(command, sizeof command, "rm -r %s", folder);
  ck_assert_int_eq(system(command), 0);
}

static void write_text(const char *name, const char *text) {
  char path[96];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  ck_assert_ptr_nonnull(file);
  fputs(text, file);
  fclose(file);
}

static void open_split(const char *split) {
  ck_assert_msg(dataset_open(&dataset, output, split, &error), "%s", error.text);
  ck_assert_msg(scorer_open(&scorer, &dataset, &dataset.sets[0], output, &error), "%s", error.text);
}

static double number(const json_t *result, const char *key) {
  const json_t *value = json_object_get(result, key);
  ck_assert_msg(json_is_number(value), "%s", key);
  return json_number_value(value);
}

/* ---- Mazes ---- */

START_TEST(test_maze) {
  char csv[96];
  snprintf(csv, sizeof csv, "%s/mazes.csv", folder);
  /* Of 3x3, the middle a wall: one way goes right, then down, the other down, then right. */
  write_text("mazes.csv", "source,question,answer,rating\na,S   #   G,Soo #o  G,4\n");
  char *argv[] = {"hrm-data maze", "--csv", csv, "-t", "0", "-e", "1", "-o", output};
  ck_assert_int_eq(maze_command(sizeof argv / sizeof *argv, argv), 0);
  open_split("test");
  ck_assert_int_eq(dataset_kind(&dataset), DATASET_MAZE);
  static const int32_t exact[] = {3, 5, 5, 2, 1, 5, 2, 2, 4}, other[] = {3, 2, 2, 5, 1, 2, 5, 5, 4},
                       none[] = {3, 2, 2, 2, 1, 2, 2, 2, 4}, wild[] = {3, -7, 99, 2, 1, 2, 2, 2, 4};
  scorer_add(scorer, 0, exact, 0);
  scorer_add(scorer, 0, other, 0);
  scorer_add(scorer, 0, none, 0);
  scorer_add(scorer, 0, wild, 0);
  json_t *result = json_object();
  ck_assert(scorer_finish(scorer, result, NULL, &error));
  ck_assert_double_eq(number(result, "valid_accuracy"), 0.5);
  ck_assert_double_eq(number(result, "valid_other_accuracy"), 0.25);
  json_decref(result);
}
END_TEST

/* ---- ARC ---- */

#define PAIR(x, y) "{\"input\": [[1, 2, 3]], \"output\": [[" #x "], [" #y "]]}"

/* Two tasks; the first has two test inputs. */
static void make_arc(const char *augment) {
  static const char text[] = "{\"a\": {\"train\": [" PAIR(1, 2) "], \"test\": [" PAIR(3, 4) ", " PAIR(
      5, 6) "]},"
            " \"b\": {\"train\": [" PAIR(1, 2) "], \"test\": [" PAIR(7, 8) "]}}";
  char path[96];
  write_text("x_evaluation_challenges.json", text);
  snprintf(path, sizeof path, "%s/x_evaluation_challenges.json", folder);
  char *argv[] = {"hrm-data arc", path, "-a", (char *)augment, "-o", output};
  ck_assert_int_eq(arc_command(sizeof argv / sizeof *argv, argv), 0);
  open_split("test");
  ck_assert_int_eq(dataset_kind(&dataset), DATASET_ARC);
}

/* What a model predicts that answers every augmentation of a test input with the label, or with another grid. */
static void predict(int64_t example, bool right, float halt) {
  int32_t tokens[ARC_CELLS];
  dataset_labels(&dataset.sets[0], example, tokens);
  for (int i = 0; i < ARC_CELLS; i++)
    if (tokens[i] == DATASET_UNLABELLED) tokens[i] = 0;
  if (!right) /* colour 0 is the same in all augmentations */
    for (int i = 0; i < ARC_CELLS; i++)
      if (tokens[i] >= ARC_FIRST_COLOUR) tokens[i] = ARC_FIRST_COLOUR;
  scorer_add(scorer, example, tokens, halt);
}

static json_t *finish(json_t *submission) {
  json_t *result = json_object();
  ck_assert_msg(scorer_finish(scorer, result, submission, &error), "%s", error.text);
  return result;
}

/* Every augmentation votes for the same grid once its augmentation is undone. */
START_TEST(test_votes_agree) {
  make_arc("20");
  const struct dataset_set *set = &dataset.sets[0];
  ck_assert_int_eq(set->examples, 21 * 3);
  for (int64_t i = set->examples - 1; i >= 0; i--) predict(i, true, 0);
  json_t *submission = json_object(), *result = finish(submission);
  ck_assert_double_eq(number(result, "tasks"), 2);
  ck_assert_double_eq(number(result, "task_score"), 1);
  ck_assert_double_eq(number(result, "tasks_solved"), 1);
  char *text = json_dumps(submission, JSON_COMPACT | JSON_SORT_KEYS);
  ck_assert_str_eq(text, "{\"a\":[{\"attempt_1\":[[3],[4]],\"attempt_2\":[[3],[4]]},"
                         "{\"attempt_1\":[[5],[6]],\"attempt_2\":[[5],[6]]}],"
                         "\"b\":[{\"attempt_1\":[[7],[8]],\"attempt_2\":[[7],[8]]}]}");
  free(text);
  json_decref(submission);
  json_decref(result);
}
END_TEST

/* One test input of the first task is never right: half a point for it, but the task is not solved. */
START_TEST(test_shares) {
  make_arc("6");
  for (int64_t i = 0; i < dataset.sets[0].examples; i++) predict(i, i >= 14 || i % 2 == 0, 0);
  json_t *result = finish(NULL);
  ck_assert_double_eq(number(result, "task_score"), 0.75);
  ck_assert_double_eq(number(result, "tasks_solved"), 0.5);
  json_decref(result);
}
END_TEST

/* A black square, which no augmentation changes. */
static void vote_black(int64_t example, int width, float halt) {
  int32_t tokens[ARC_CELLS] = {0};
  for (int i = 0; i < width * width; i++) tokens[i / width * ARC_SIDE + i % width] = ARC_FIRST_COLOUR;
  scorer_add(scorer, example, tokens, halt);
}

static json_t *attempt(const json_t *submission, const char *key) {
  return json_object_get(json_array_get(json_object_get(submission, "b"), 0), key);
}

/* More votes come first, then higher halt values. */
START_TEST(test_order_of_attempts) {
  make_arc("5");
  int64_t first = 2 * 6; /* of task b */
  vote_black(first, 5, -3);
  vote_black(first + 1, 7, 9);
  vote_black(first + 2, 6, 1);
  vote_black(first + 3, 5, -3);
  vote_black(first + 4, 8, 2);
  scorer_add(scorer, first + 5, (int32_t[ARC_CELLS]){0}, 20); /* an empty grid has no vote */
  json_t *submission = json_object(), *result = finish(submission);
  ck_assert_uint_eq(json_array_size(attempt(submission, "attempt_1")), 5);
  ck_assert_uint_eq(json_array_size(attempt(submission, "attempt_2")), 7);
  ck_assert_double_eq(number(result, "tasks"), 1); /* nothing was seen of the other */
  ck_assert_double_eq(number(result, "task_score"), 0);
  json_decref(submission);
  json_decref(result);
}
END_TEST

START_TEST(test_training_split_is_not_scored) {
  make_arc("0");
  scorer_close(scorer);
  dataset_close(&dataset);
  open_split("train");
  ck_assert_ptr_null(scorer);
}
END_TEST

START_TEST(test_identifiers_are_needed) {
  char command[96];
  make_arc("0");
  scorer_close(scorer);
  snprintf(command, sizeof command, "rm %s/identifiers.json", output);
  ck_assert_int_eq(system(command), 0);
  ck_assert(!scorer_open(&scorer, &dataset, &dataset.sets[0], output, &error));
  ck_assert_int_eq(error.code, HRM_INPUT);
}
END_TEST

static void expect_boxes(struct dataset like, int32_t rows, int32_t columns) {
  int32_t box_rows, box_columns;
  dataset_boxes(&like, &box_rows, &box_columns);
  ck_assert_int_eq(box_rows, rows);
  ck_assert_int_eq(box_columns, columns);
}

START_TEST(test_boxes) {
  char sudoku[] = "sudoku";
  expect_boxes((struct dataset){.vocab_size = 8, .seq_len = 36, .task = sudoku}, 2, 3);
  expect_boxes((struct dataset){.vocab_size = 8, .seq_len = 36, .task = sudoku, .box_rows = 3, .box_columns = 2}, 3,
               2);
  expect_boxes((struct dataset){.vocab_size = 8, .seq_len = 36, .task = sudoku, .box_rows = 4, .box_columns = 2}, 2,
               3);
  expect_boxes((struct dataset){.vocab_size = 11, .seq_len = 81}, 3, 3);
  expect_boxes((struct dataset){.vocab_size = 7, .seq_len = 25, .task = sudoku}, 1, 5);
  expect_boxes((struct dataset){.vocab_size = 12, .seq_len = 900}, 0, 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("score");
  TCase *scores = suite_case(suite, "scores", setup, teardown);
  tcase_add_test(scores, test_maze);
  tcase_add_test(scores, test_votes_agree);
  tcase_add_test(scores, test_shares);
  tcase_add_test(scores, test_order_of_attempts);
  tcase_add_test(scores, test_training_split_is_not_scored);
  tcase_add_test(scores, test_identifiers_are_needed);
  tcase_add_test(scores, test_boxes);

  return suite_run(suite);
}

/* Grids of ARC: augmentations and their names, tokens, and the reader of tasks. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/arc.h"
#include "runtime/data/arc_sets.h"
#include "tests/suite.h"

static struct hrm_error error;

static struct arc_grid grid_of(int rows, int columns, const char *digits) {
  struct arc_grid grid = {.rows = rows, .columns = columns};
  for (int i = 0; i < rows * columns; i++) grid.cells[i] = (uint8_t)(digits[i] - '0');
  return grid;
}

/* ---- Augmentations ---- */

START_TEST(test_restored) {
  struct arc_augmentation augmentation = {(uint8_t)_i, {0, 3, 1, 2, 9, 4, 8, 7, 6, 5}};
  struct arc_grid grid = grid_of(2, 3, "012345"), there, back;
  arc_augment(&augmentation, &grid, &there);
  ck_assert(!arc_same(&grid, &there));
  arc_restore(&augmentation, &there, &back);
  ck_assert(arc_same(&grid, &back));
}
END_TEST

START_TEST(test_augmented) {
  struct arc_augmentation augmentation = {1, {0, 2, 3, 4, 5, 6, 7, 8, 9, 1}};
  struct arc_grid grid = grid_of(2, 3, "012345"), expected = grid_of(3, 2, "362514"), result;
  arc_augment(&augmentation, &grid, &result);
  for (int i = 0; i < 6; i++) expected.cells[i] = augmentation.colours[expected.cells[i] - 1];
  ck_assert(arc_same(&result, &expected));
}
END_TEST

static const struct {
  const char *name;
  size_t length;
  int form;
  char second; /* new colour of 1 */
} names[] = {
    {"007bbfb7", 8, 0, '1'},
    {"007bbfb7_t3_0213456789", 8, 3, '2'},
    {"007bbfb7|||t7|||0987654321", 8, 7, '9'},
    {"with_t1_inside_t5_0123456789", 14, 5, '1'},
    {"007bbfb7_t8_0123456789", 22, 0, '1'}, /* no such form */
    {"007bbfb7_t1_0113456789", 22, 0, '1'}, /* no permutation */
    {"007bbfb7_t1_012345678", 21, 0, '1'},
    {"0123456789", 10, 0, '1'},
    {"", 0, 0, '1'},
};

START_TEST(test_names) {
  struct arc_augmentation augmentation;
  ck_assert_uint_eq(arc_parse_name(names[_i].name, &augmentation), names[_i].length);
  ck_assert_int_eq(augmentation.form, names[_i].form);
  ck_assert_int_eq(augmentation.colours[1], names[_i].second - '0');
}
END_TEST

START_TEST(test_name_comes_back) {
  struct arc_augmentation augmentation = {6, {0, 3, 1, 2, 9, 4, 8, 7, 6, 5}}, back;
  char suffix[ARC_SUFFIX];
  arc_suffix(&augmentation, suffix);
  ck_assert_str_eq(suffix, "_t6_0312948765");
  ck_assert_uint_eq(arc_parse_name(suffix, &back), 0);
  ck_assert_mem_eq(&back, &augmentation, sizeof back);
}
END_TEST

/* ---- Tokens ---- */

static void widen(const uint8_t *tokens, int32_t *wide) {
  for (int i = 0; i < ARC_CELLS; i++) wide[i] = tokens[i];
}

START_TEST(test_end_marks) {
  struct arc_grid grid = grid_of(2, 3, "012345");
  uint8_t tokens[ARC_CELLS];
  arc_lay(&grid, 4, 5, tokens);
  static const char *const rows[] = {"0000000000", "0000023410", "0000056710", "0000011100"};
  for (int r = 0; r < 4; r++)
    for (int c = 0; c < 10; c++) ck_assert_int_eq(tokens[(3 + r) * ARC_SIDE + c], rows[r][c] - '0');
  int marked = 0;
  for (int i = 0; i < ARC_CELLS; i++) marked += tokens[i] != ARC_PAD;
  ck_assert_int_eq(marked, 6 + 2 + 3);
}
END_TEST

START_TEST(test_no_room_for_marks) {
  struct arc_grid grid = {.rows = ARC_SIDE, .columns = ARC_SIDE}, back;
  uint8_t tokens[ARC_CELLS];
  int32_t wide[ARC_CELLS];
  arc_lay(&grid, 0, 0, tokens);
  for (int i = 0; i < ARC_CELLS; i++) ck_assert_int_eq(tokens[i], ARC_FIRST_COLOUR);
  widen(tokens, wide);
  arc_crop(wide, &back);
  ck_assert(arc_same(&grid, &back));
}
END_TEST

START_TEST(test_crop) {
  struct arc_grid grid = grid_of(2, 3, "012345"), back;
  uint8_t tokens[ARC_CELLS];
  int32_t wide[ARC_CELLS];
  arc_lay(&grid, 0, 0, tokens);
  widen(tokens, wide);
  arc_crop(wide, &back);
  ck_assert(arc_same(&grid, &back));
  wide[2 * ARC_SIDE] = wide[3 * ARC_SIDE] = wide[4 * ARC_SIDE] = 7; /* a column of 5 is less than 2 x 3 */
  arc_crop(wide, &back);
  ck_assert(arc_same(&grid, &back));
  wide[2 * ARC_SIDE + 1] = 7; /* 3 x 2 is as much */
  arc_crop(wide, &back);
  ck_assert(arc_same(&grid, &back));
  wide[3 * ARC_SIDE + 1] = 7; /* 4 x 2 is more */
  arc_crop(wide, &back);
  ck_assert_int_eq(back.rows, 4);
  ck_assert_int_eq(back.columns, 2);
  wide[0] = ARC_PAD;
  arc_crop(wide, &back);
  ck_assert_int_eq(back.rows, 0);
}
END_TEST

/* ---- Tasks ---- */

#define PAIR "{\"input\": [[1, 2]], \"output\": [[2], [1]]}"
#define TASK "{\"train\": [" PAIR "], \"test\": [" PAIR "]}"

static bool parse(struct arc_tasks *tasks, const char *path, const char *text, const char *solutions) {
  struct arc_text first = {path, text, strlen(text)};
  struct arc_text second = {"solutions", solutions, solutions ? strlen(solutions) : 0};
  return arc_tasks_parse(tasks, &first, solutions ? &second : NULL, true, &error);
}

START_TEST(test_task) {
  struct arc_tasks tasks = {0};
  ck_assert(parse(&tasks, "folder/abc.json", TASK, NULL));
  ck_assert_int_eq(tasks.count, 1);
  ck_assert_str_eq(tasks.task[0].name, "abc");
  ck_assert_int_eq(tasks.task[0].pairs, 2);
  ck_assert(tasks.task[0].pair[1].is_test && !tasks.task[0].pair[0].is_test);
  ck_assert_int_eq(tasks.task[0].pair[1].output.rows, 2);
  arc_tasks_free(&tasks);
}
END_TEST

START_TEST(test_challenges) {
  struct arc_tasks tasks = {0};
  static const char text[] = "{\"b\": {\"train\": [" PAIR "], \"test\": [{\"input\": [[5]]}]},\n \"a\": " TASK "}";
  ck_assert(parse(&tasks, "c.json", text, "{\"b\": [[[6, 7]]]}"));
  ck_assert(arc_tasks_sort(&tasks, &error));
  ck_assert_int_eq(tasks.count, 2);
  ck_assert_str_eq(tasks.task[1].name, "b");
  ck_assert(tasks.task[1].pair[1].has_output);
  ck_assert_int_eq(tasks.task[1].pair[1].output.cells[1], 7);
  arc_tasks_free(&tasks);
  ck_assert(parse(&tasks, "c.json", text, NULL));
  ck_assert(!tasks.task[0].pair[1].has_output);
  arc_tasks_free(&tasks);
  ck_assert(!parse(&tasks, "c.json", text, "{\"b\": []}"));
  ck_assert_str_eq(error.text, "solutions:1: b[0]: the solution of test input 0 is missing");
  arc_tasks_free(&tasks);
  ck_assert(!parse(&tasks, "c.json", text, "{\"a\": [[[6, 7]]]}"));
  ck_assert_str_eq(error.text, "solutions:1: b: the solutions of this task are missing");
  arc_tasks_free(&tasks);
  ck_assert(!parse(&tasks, "c.json", text, "{\"a\": [],\n \"b\": [[[6, 7]], [[6, 7]]]}"));
  ck_assert_str_eq(error.text, "solutions:2: b: 2 solutions; the task has 1 test input");
  arc_tasks_free(&tasks);
}
END_TEST

static const struct {
  const char *text, *message;
} bad[] = {
    {"", "t.json:1: malformed JSON: '[' or '{' expected near end of file"},
    {"[1]", "t.json:1: a task, an object of \"train\" and \"test\", is expected"},
    {"{\"train\": [" PAIR "]}", "t.json:1: test: the task has no list \"test\" of pairs"},
    {"{\"train\": [" PAIR ",\n\n {\"output\": 3}], \"test\": []}", "t.json:3: train[1]: \"input\" is missing"},
    {"{\"train\": [{\"input\": [[1],\n [1, 2]]}], \"test\": []}",
     "t.json:2: train[0].input[1]: 2 columns; the first row has 1"},
    {"{\"train\": [{\"input\": [[1],\n [10]]}], \"test\": []}",
     "t.json:2: train[0].input[1]: column 0 is not a colour, 0 to 9"},
    {"{\"train\": [{\"input\":\n []}], \"test\": []}", "t.json:2: train[0].input: 0 rows; a grid has 1 to 30"},
    {"{\"train\": [{\"input\": [[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]]}], \"test\": []}",
     "t.json:1: train[0].input[0]: 31 columns; a grid has 1 to 30"},
    {"{\"train\": [{\"input\": [[1]]}],\n\"test\": []}", "t.json:1: train[0]: \"output\" is missing"},
    {"{\"x\": " TASK ",\n \"y\": 5}", "t.json:2: y: a task, an object of \"train\" and \"test\", is expected"},
};

START_TEST(test_bad) {
  struct arc_tasks tasks = {0};
  ck_assert(!parse(&tasks, "t.json", bad[_i].text, NULL));
  ck_assert_str_eq(error.text, bad[_i].message);
  ck_assert_int_eq(error.code, HRM_INPUT);
  arc_tasks_free(&tasks);
  tasks.skip_bad = true;
  ck_assert(parse(&tasks, "t.json", bad[_i].text, NULL));
  ck_assert_int_eq(tasks.bad, 1);
  ck_assert_str_eq(tasks.why.text, bad[_i].message);
  arc_tasks_free(&tasks);
}
END_TEST

START_TEST(test_twice) {
  struct arc_tasks tasks = {0};
  ck_assert(parse(&tasks, "one/t.json", TASK, NULL) && parse(&tasks, "two/t.json", TASK, NULL));
  ck_assert(!arc_tasks_sort(&tasks, &error));
  ck_assert_str_eq(error.text, "two/t.json:1: a task t is in one/t.json too; name the sources that you want, or "
                               "leave out the second by --skip-bad");
  arc_tasks_free(&tasks);
}
END_TEST

/* Two colours in one row: turned, mirrored or not, in 9 · 8 ways of colouring, on its side or not, and mirrored. */
START_TEST(test_distinct_augmentations) {
  struct arc_tasks tasks = {0};
  struct arc_augmentation list[1001];
  ck_assert(parse(&tasks, "t.json", TASK, NULL));
  int64_t count = arc_find_augmentations(&tasks.task[0], 7, 1000, list);
  ck_assert_int_eq(count, 9 * 8 * 4);
  ck_assert_mem_eq(&list[0], &arc_unchanged, sizeof list[0]);
  ck_assert_int_eq(arc_find_augmentations(&tasks.task[0], 7, 5, list), 6);
  ck_assert_int_eq(arc_find_augmentations(&tasks.task[0], 7, 0, list), 1);
  arc_tasks_free(&tasks);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("arc");
  TCase *grids = suite_case(suite, "grids", NULL, NULL);
  tcase_add_loop_test(grids, test_restored, 0, 8);
  tcase_add_test(grids, test_augmented);
  tcase_add_loop_test(grids, test_names, 0, sizeof names / sizeof *names);
  tcase_add_test(grids, test_name_comes_back);
  tcase_add_test(grids, test_end_marks);
  tcase_add_test(grids, test_no_room_for_marks);
  tcase_add_test(grids, test_crop);

  TCase *reading = suite_case(suite, "tasks", NULL, NULL);
  tcase_add_test(reading, test_task);
  tcase_add_test(reading, test_challenges);
  tcase_add_loop_test(reading, test_bad, 0, sizeof bad / sizeof *bad);
  tcase_add_test(reading, test_twice);
  tcase_add_test(reading, test_distinct_augmentations);

  return suite_run(suite);
}

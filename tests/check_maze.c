/* Mazes and the symmetries of the square. */
#include <check.h>
#include <string.h>

#include "runtime/data/maze_sets.h"
#include "runtime/dihedral.h"
#include "runtime/maze.h"
#include "tests/suite.h"

static struct hrm_error error;

/* ---- Symmetries ---- */

/* What numpy makes of [[1, 2, 3], [4, 5, 6]] by rot90 once to thrice, fliplr, flipud, T and fliplr of rot90. */
static const char *const forms[DIHEDRAL_FORMS] = {"123456", "362514", "654321", "415263",
                                                  "321654", "456123", "142536", "635241"};

START_TEST(test_forms) {
  uint8_t result[6];
  dihedral_apply(_i, 2, 3, (const uint8_t *)"123456", result);
  ck_assert_mem_eq(result, forms[_i], 6);
}
END_TEST

START_TEST(test_inverses) {
  uint8_t there[6], back[6];
  bool turns = dihedral_turns(_i);
  dihedral_apply(_i, 2, 3, (const uint8_t *)"123456", there);
  dihedral_apply(dihedral_inverse(_i), turns ? 3 : 2, turns ? 2 : 3, there, back);
  ck_assert_mem_eq(back, "123456", 6);
}
END_TEST

/* ---- Paths ---- */

enum { ROWS = 4, COLUMNS = 5, CELLS = ROWS * COLUMNS };

static void from_text(const char *text, uint8_t *maze) {
  for (int i = 0; i < CELLS; i++)
    maze[i] = (uint8_t)(MAZE_WALL + (strchr(MAZE_CHARACTERS, text[i]) - MAZE_CHARACTERS));
}

static const char *const open_maze = "S   #"
                                     " ## #"
                                     " ## #"
                                     "   G#";

START_TEST(test_ties_go_up_and_left_first) {
  struct maze_search search;
  uint8_t maze[CELLS], answer[CELLS], expected[CELLS];
  ck_assert(maze_search_create(&search, ROWS, COLUMNS, &error));
  from_text(open_maze, maze);
  ck_assert_int_eq(maze_steps(&search, maze), 6);
  ck_assert_int_eq(maze_solve(&search, maze, answer), 6);
  from_text("Sooo#"
            " ##o#"
            " ##o#"
            "   G#",
            expected);
  ck_assert_mem_eq(answer, expected, CELLS);
  maze_search_destroy(&search);
}
END_TEST

static const struct {
  const char *answer;
  enum maze_verdict verdict;
} verdicts[] = {
    {"Sooo# ##o# ##o#   G#", MAZE_SHORTEST}, {"S   #o## #o## #oooG#", MAZE_SHORTEST},
    {"Sooo#o##o#o##o#oooG#", MAZE_BROKEN},   {"Sooo# ##o# ## #   G#", MAZE_BROKEN},
    {"S   # ## # ## #   G#", MAZE_BROKEN},   {"Soooo ##o# ##o#   G#", MAZE_OTHER},
    {"oooo# ##o# ##o#   G#", MAZE_OTHER},    {"Sooo# ##o# ##o#   o#", MAZE_OTHER},
};

START_TEST(test_verdicts) {
  struct maze_search search;
  uint8_t maze[CELLS], answer[CELLS];
  ck_assert(maze_search_create(&search, ROWS, COLUMNS, &error));
  from_text(open_maze, maze);
  from_text(verdicts[_i].answer, answer);
  ck_assert_int_eq(maze_judge(&search, maze, answer), verdicts[_i].verdict);
  maze_search_destroy(&search);
}
END_TEST

START_TEST(test_longer_path) {
  struct maze_search search;
  uint8_t maze[CELLS], answer[CELLS];
  ck_assert(maze_search_create(&search, ROWS, COLUMNS, &error));
  from_text("S G #   ##     #####", maze);
  from_text("S G #ooo##     #####", answer);
  ck_assert_int_eq(maze_judge(&search, maze, answer), MAZE_LONG);
  maze_search_destroy(&search);
}
END_TEST

START_TEST(test_no_path) {
  struct maze_search search;
  uint8_t maze[CELLS], answer[CELLS];
  ck_assert(maze_search_create(&search, ROWS, COLUMNS, &error));
  from_text("S#   ##         G   ", maze);
  ck_assert_int_eq(maze_steps(&search, maze), -1);
  ck_assert_int_eq(maze_solve(&search, maze, answer), -1);
  from_text("S               S  G", maze);
  ck_assert_int_eq(maze_find(&search, maze, MAZE_START), -2);
  ck_assert_int_eq(maze_steps(&search, maze), -1);
  maze_search_destroy(&search);
}
END_TEST

/* ---- Generation ---- */

static const struct {
  int rows, columns, least, most, loops;
} asked[] = {
    {3, 3, 1, INT32_MAX, 10}, {3, 7, 1, 4, 0}, {9, 9, 10, 20, 0}, {13, 8, 5, 60, 50}, {30, 30, 111, 300, 10}};

START_TEST(test_generated) {
  struct maze_options options = {.rows = asked[_i].rows,
                                 .columns = asked[_i].columns,
                                 .loops = asked[_i].loops,
                                 .least_steps = asked[_i].least,
                                 .most_steps = asked[_i].most};
  struct puzzle_job job = maze_job(&options);
  uint8_t maze[900], answer[900];
  int made = 0, tries;
  struct maze_search search;
  ck_assert(maze_search_create(&search, options.rows, options.columns, &error));
  for (uint64_t number = 0; number < 50; number++) {
    if (!job.kind->generate(job.context, number, maze, answer, &tries)) continue;
    made++;
    int steps = maze_steps(&search, maze);
    ck_assert_int_ge(steps, options.least_steps);
    ck_assert_int_le(steps, options.most_steps);
    ck_assert_int_eq(maze_judge(&search, maze, answer), MAZE_SHORTEST);
  }
  ck_assert_int_gt(made, 9);
  maze_search_destroy(&search);
}
END_TEST

START_TEST(test_class_is_of_all_forms) {
  struct maze_options options = {.rows = 9, .columns = 9, .loops = 10, .least_steps = 1, .most_steps = INT32_MAX};
  struct puzzle_job job = maze_job(&options);
  uint8_t mazes[2][81], answer[81], turned[81];
  int tries;
  for (uint64_t i = 0; i < 2; i++) ck_assert(job.kind->generate(job.context, i, mazes[i], answer, &tries));
  uint64_t class = job.kind->class_of(job.context, mazes[0], answer);
  for (int form = 0; form < DIHEDRAL_FORMS; form++) {
    dihedral_apply(form, 9, 9, mazes[0], turned);
    ck_assert_uint_eq(job.kind->class_of(job.context, turned, answer), class);
  }
  ck_assert_uint_ne(job.kind->class_of(job.context, mazes[1], answer), class);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("maze");
  TCase *dihedral = suite_case(suite, "dihedral", NULL, NULL);
  tcase_add_loop_test(dihedral, test_forms, 0, DIHEDRAL_FORMS);
  tcase_add_loop_test(dihedral, test_inverses, 0, DIHEDRAL_FORMS);

  TCase *path = suite_case(suite, "path", NULL, NULL);
  tcase_add_test(path, test_ties_go_up_and_left_first);
  tcase_add_loop_test(path, test_verdicts, 0, sizeof verdicts / sizeof *verdicts);
  tcase_add_test(path, test_longer_path);
  tcase_add_test(path, test_no_path);

  TCase *generation = suite_case(suite, "generation", NULL, NULL);
  tcase_add_loop_test(generation, test_generated, 0, sizeof asked / sizeof *asked);
  tcase_add_test(generation, test_class_is_of_all_forms);

  return suite_run(suite);
}

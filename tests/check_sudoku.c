#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/sudoku.h"
#include "shared.h"
#include "tests/suite.h"

static const struct { int box_rows, box_columns; } shapes[] = {{2, 2}, {2, 3}, {3, 2}, {2, 4}, {4, 2}, {3, 3}};

enum { NUM_SHAPES = sizeof shapes / sizeof *shapes };

static struct sudoku_shape shape_of(int i) { return sudoku_shape(shapes[i].box_rows, shapes[i].box_columns); }

static struct draws draws_of(uint64_t number) { return (struct draws){.stream = stream_named(1, "test", number)}; }

static void read_board(const char *text, uint8_t *board) {
  for (int i = 0; text[i]; i++) board[i] = text[i] == '.' ? 0 : (uint8_t)(text[i] - '0');
}

static int count(const struct sudoku_shape *shape, const uint8_t *board, int limit) {
  return sudoku_solve(shape, board, limit, NULL, NULL, NULL);
}

/* ---- A plain solver to compare with ---- */

static bool can_stand(const struct sudoku_shape *shape, const uint8_t *board, int cell, int digit) {
  int size = shape->size, row = cell / size, column = cell % size;
  int top = row - row % shape->box_rows, left = column - column % shape->box_columns;
  for (int i = 0; i < size; i++)
    if (board[row * size + i] == digit || board[i * size + column] == digit ||
        board[(top + i / shape->box_columns) * size + left + i % shape->box_columns] == digit)
      return false;
  return true;
}

static int count_plainly(const struct sudoku_shape *shape, uint8_t *board, int cell, int limit) {
  while (cell < shape->cells && board[cell]) cell++;
  if (cell == shape->cells) return 1;
  int found = 0;
  for (int digit = 1; digit <= shape->size && found < limit; digit++) {
    if (!can_stand(shape, board, cell, digit)) continue;
    board[cell] = (uint8_t)digit;
    found += count_plainly(shape, board, cell + 1, limit - found);
    board[cell] = 0;
  }
  return found;
}

static bool is_solution(const struct sudoku_shape *shape, const uint8_t *board) {
  uint8_t copy[SUDOKU_MAX_CELLS];
  memcpy(copy, board, sizeof copy);
  for (int i = 0; i < shape->cells; i++) {
    copy[i] = 0;
    if (board[i] < 1 || board[i] > shape->size || !can_stand(shape, copy, i, board[i])) return false;
    copy[i] = board[i];
  }
  return true;
}

/* ---- Solving ---- */

static const struct {
  const char *board;
  int box_rows, box_columns, solutions;
} known[] = {
    {"................", 2, 2, 288},
    {"1...............", 2, 2, 72},
    {"1234............", 2, 2, 12},
    {"11..............", 2, 2, 0},
    {"1...1...........", 2, 2, 0},
    {"1....1..........", 2, 2, 0},
    {"123....4........", 2, 2, 0},
    {"1234.............................................................................", 3, 3, 1000 /* the limit */},
    /* 17 givens, of G. Royle's collection */
    {".......1.4.........2...........5.4.7..8...3....1.9....3..4..2...5.1........8.6...", 3, 3, 1},
    /* 4 cells of two rows, two columns and two boxes whose digits can be swapped */
    {"534678912672195348198342567859761423426853791713924856961.3728.287.1963.345286179", 3, 3, 2},
};

START_TEST(test_known_counts) {
  struct sudoku_shape shape = sudoku_shape(known[_i].box_rows, known[_i].box_columns);
  uint8_t board[SUDOKU_MAX_CELLS];
  read_board(known[_i].board, board);
  ck_assert_int_eq(count(&shape, board, 1000), known[_i].solutions);
}
END_TEST

/* Puzzles with some givens taken away and, every third time, one changed. */
START_TEST(test_counts_as_a_plain_solver_does) {
  enum { LIMIT = 20 };
  struct sudoku_shape shape = shape_of(_i);
  for (uint64_t i = 0; i < 60; i++) {
    struct draws draws = draws_of(i);
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
    ck_assert_int_gt(sudoku_generate(&shape, shape.cells / 2, 1, &draws, question, answer), 0);
    for (uint64_t k = 0; k < i % 7; k++) question[draw_below(&draws, shape.cells)] = 0;
    if (i % 3 == 0) question[draw_below(&draws, shape.cells)] = (uint8_t)(1 + draw_below(&draws, shape.size));
    uint8_t copy[SUDOKU_MAX_CELLS];
    memcpy(copy, question, sizeof copy);
    bool consistent = true;
    for (int cell = 0; cell < shape.cells; cell++) {
      uint8_t digit = copy[cell];
      copy[cell] = 0;
      consistent = consistent && (!digit || can_stand(&shape, copy, cell, digit));
      copy[cell] = digit;
    }
    ck_assert_int_eq(count(&shape, question, LIMIT), consistent ? count_plainly(&shape, copy, 0, LIMIT) : 0);
  }
}
END_TEST

START_TEST(test_guesses) {
  struct sudoku_shape shape = sudoku_shape(3, 3);
  uint8_t board[SUDOKU_MAX_CELLS], solution[SUDOKU_MAX_CELLS];
  int64_t guesses;
  read_board("53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79", board);
  ck_assert_int_eq(sudoku_solve(&shape, board, 2, NULL, solution, &guesses), 1);
  ck_assert_int_eq(guesses, 0);
  read_board("534678912672195348198342567859761423426853791713924856961537284287419635345286179", board);
  ck_assert_mem_eq(solution, board, sizeof board);
  read_board("8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..", board);
  ck_assert_int_eq(sudoku_solve(&shape, board, 2, NULL, solution, &guesses), 1);
  ck_assert_int_gt(guesses, 10);
}
END_TEST

/* ---- Generating ---- */

START_TEST(test_minimal_puzzles) {
  struct sudoku_shape shape = shape_of(_i);
  for (uint64_t i = 0; i < 20; i++) {
    struct draws draws = draws_of(i);
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS], solution[SUDOKU_MAX_CELLS];
    ck_assert_int_eq(sudoku_generate(&shape, 0, 1, &draws, question, answer), 1);
    ck_assert(is_solution(&shape, answer));
    ck_assert_int_eq(sudoku_solve(&shape, question, 2, NULL, solution, NULL), 1);
    ck_assert_mem_eq(solution, answer, (size_t)shape.cells);
    ck_assert_int_ge(sudoku_count_givens(&shape, question), sudoku_fewest_givens(&shape));
    for (int cell = 0; cell < shape.cells; cell++) {
      uint8_t digit = question[cell];
      if (!digit) continue;
      question[cell] = 0;
      ck_assert_int_eq(count(&shape, question, 2), 2);
      question[cell] = digit;
    }
  }
}
END_TEST

START_TEST(test_number_of_givens) {
  struct sudoku_shape shape = shape_of(_i);
  for (int givens = shape.cells / 2; givens <= shape.cells; givens += 3) {
    struct draws draws = draws_of((uint64_t)givens);
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
    ck_assert_int_eq(sudoku_generate(&shape, givens, 1, &draws, question, answer), 1);
    ck_assert_int_eq(sudoku_count_givens(&shape, question), givens);
    ck_assert_int_eq(count(&shape, question, 2), 1);
    sudoku_give_more(&shape, givens + 2, &draws, question, answer);
    int wanted = givens + 2 < shape.cells ? givens + 2 : shape.cells;
    ck_assert_int_eq(sudoku_count_givens(&shape, question), wanted);
    for (int i = 0; i < shape.cells; i++) ck_assert(question[i] == 0 || question[i] == answer[i]);
  }
}
END_TEST

START_TEST(test_givens_out_of_reach) {
  struct sudoku_shape shape = sudoku_shape(3, 3);
  struct draws draws = draws_of(0);
  uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
  ck_assert_int_eq(sudoku_generate(&shape, 16, 5, &draws, question, answer), 0);
}
END_TEST

/* ---- Random numbers ---- */

/* Each of the 24 orders of 4 comes up 1,000 times of 24,000, to within 6 standard deviations. */
START_TEST(test_orders_are_fair) {
  struct draws draws = draws_of(0);
  int seen[256] = {0}, different = 0;
  for (int i = 0; i < 24000; i++) {
    int order[4];
    draw_order(&draws, 4, order);
    seen[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
  }
  for (int i = 0; i < 256; i++) {
    if (!seen[i]) continue;
    different++;
    ck_assert_int_gt(seen[i], 814);
    ck_assert_int_lt(seen[i], 1186);
  }
  ck_assert_int_eq(different, 24);
}
END_TEST

/* ---- Symmetries ---- */

START_TEST(test_symmetries_keep_puzzles) {
  struct sudoku_shape shape = shape_of(_i);
  int transposed = 0;
  for (uint64_t i = 0; i < 400; i++) {
    struct draws draws = draws_of(i);
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS], other[SUDOKU_MAX_CELLS], solution[SUDOKU_MAX_CELLS];
    uint8_t other_answer[SUDOKU_MAX_CELLS];
    sudoku_generate(&shape, 0, 1, &draws, question, answer);
    struct sudoku_symmetry symmetry;
    sudoku_draw_symmetry(&shape, &draws, &symmetry);
    sudoku_apply(&shape, &symmetry, question, other);
    sudoku_apply(&shape, &symmetry, answer, other_answer);
    ck_assert_int_eq(sudoku_solve(&shape, other, 2, NULL, solution, NULL), 1);
    ck_assert_mem_eq(solution, other_answer, (size_t)shape.cells);
    ck_assert_uint_eq(sudoku_class(&shape, question, answer), sudoku_class(&shape, other, other_answer));
    transposed += symmetry.source[0] % shape.size == symmetry.source[1] % shape.size;
  }
  if (shape.box_rows != shape.box_columns)
    ck_assert_int_eq(transposed, 0);
  else
    ck_assert_int_eq(abs(transposed - 200) < 60, 1);
}
END_TEST

/* Different random puzzles are told apart: of 9x9 answers there are 5,472,730,538 classes. */
START_TEST(test_classes_differ) {
  enum { COUNT = 1000 };
  static uint64_t classes[COUNT];
  struct sudoku_shape shape = sudoku_shape(3, 3);
  for (uint64_t i = 0; i < COUNT; i++) {
    struct draws draws = draws_of(i);
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
    sudoku_generate(&shape, 60, 1, &draws, question, answer);
    classes[i] = sudoku_class(&shape, question, answer);
    for (uint64_t k = 0; k < i; k++) ck_assert_uint_ne(classes[i], classes[k]);
  }
}
END_TEST

/* 4x4 has two classes of full boards, of 96 and 192; and a given more is another puzzle. */
START_TEST(test_classes_of_4x4) {
  struct sudoku_shape shape = sudoku_shape(2, 2);
  uint64_t classes[2] = {0};
  for (uint64_t i = 0; i < 200; i++) {
    struct draws draws = draws_of(i);
    uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS];
    sudoku_generate(&shape, 16, 1, &draws, question, answer);
    uint64_t class = sudoku_class(&shape, question, answer);
    if (!classes[0])
      classes[0] = class;
    else if (class != classes[0] && !classes[1])
      classes[1] = class;
    ck_assert(class == classes[0] || class == classes[1]);
    question[3] = 0;
    ck_assert_uint_ne(sudoku_class(&shape, question, answer), class);
  }
  ck_assert_uint_ne(classes[1], 0);
}
END_TEST

/* ---- Real puzzles ---- */

struct ratings {
  int count, equal;
  double own, files, product, own_square, files_square; /* sums */
};

static void rate(const char *line, struct ratings *ratings) {
  struct sudoku_shape shape = sudoku_shape(3, 3);
  uint8_t question[SUDOKU_MAX_CELLS], answer[SUDOKU_MAX_CELLS], solution[SUDOKU_MAX_CELLS];
  char texts[2][SUDOKU_MAX_CELLS + 1];
  int64_t guesses;
  double rating;
  ck_assert_int_eq(sscanf(line, "%*[^,],%81[^,],%81[^,],%lf", texts[0], texts[1], &rating), 3);
  read_board(texts[0], question);
  read_board(texts[1], answer);
  ck_assert_int_eq(sudoku_solve(&shape, question, 2, NULL, solution, NULL), 1);
  ck_assert_mem_eq(solution, answer, sizeof answer);
  ck_assert_int_eq(sudoku_solve(&shape, question, 1, NULL, NULL, &guesses), 1);
  double own = (double)guesses;
  ratings->count++;
  ratings->equal += own == rating;
  ratings->own += own;
  ratings->files += rating;
  ratings->product += own * rating;
  ratings->own_square += own * own;
  ratings->files_square += rating * rating;
}

static bool rate_file(const char *name, struct ratings *ratings) {
  char path[1024], line[512];
  if (!shared_path(path, sizeof path, name)) {
    printf("skipped: %s is not here\n", name);
    return false;
  }
  FILE *file = fopen(path, "r");
  ck_assert_ptr_nonnull(file);
  ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
  *ratings = (struct ratings){0};
  while (ratings->count < 2000 && fgets(line, sizeof line, file)) rate(line, ratings);
  fclose(file);
  return true;
}

static double correlation(const struct ratings *r) {
  double n = r->count, own = r->own / n, files = r->files / n;
  return (r->product / n - own * files) /
         sqrt((r->own_square / n - own * own) * (r->files_square / n - files * files));
}

/* This solver's ratings are those of tdoku, which made the files', but for a few. */
START_TEST(test_ratings_of_real_puzzles) {
  struct ratings easy, hard;
  if (!rate_file("data/sudoku/diabolical.csv", &easy) || !rate_file("data/sudoku/hard.csv", &hard)) return;
  ck_assert_int_gt(easy.equal, easy.count * 99 / 100);
  ck_assert_int_gt(hard.equal, hard.count * 95 / 100);
  ck_assert_double_gt(correlation(&easy), 0.99);
  ck_assert_double_gt(correlation(&hard), 0.99);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sudoku");
  TCase *solve = suite_case(suite, "solve", NULL, NULL);
  tcase_add_loop_test(solve, test_known_counts, 0, sizeof known / sizeof *known);
  tcase_add_loop_test(solve, test_counts_as_a_plain_solver_does, 0, NUM_SHAPES);
  tcase_add_test(solve, test_guesses);

  TCase *generate = suite_case(suite, "generate", NULL, NULL);
  tcase_add_loop_test(generate, test_minimal_puzzles, 0, NUM_SHAPES);
  tcase_add_loop_test(generate, test_number_of_givens, 0, NUM_SHAPES);
  tcase_add_test(generate, test_givens_out_of_reach);
  tcase_add_test(generate, test_orders_are_fair);

  TCase *symmetry = suite_case(suite, "symmetry", NULL, NULL);
  tcase_add_loop_test(symmetry, test_symmetries_keep_puzzles, 0, NUM_SHAPES);
  tcase_add_test(symmetry, test_classes_differ);
  tcase_add_test(symmetry, test_classes_of_4x4);

  TCase *real = suite_case(suite, "real", NULL, NULL);
  tcase_set_timeout(real, 120);
  tcase_add_test(real, test_ratings_of_real_puzzles);

  return suite_run(suite);
}

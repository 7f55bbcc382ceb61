/* pass_precision: which values become bf16, one small graph for each rule; what comes out reads back as it is. */
#include "compiler/graph_text.h"
#include "compiler/passes.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS                                                                                                      \
  "graph train\n"                                                                                                    \
  "symbol param w f32[8, 4]\n"                                                                                       \
  "symbol input x f32[3, 4]\n"                                                                                       \
  "symbol input v f32[4]\n"                                                                                          \
  "symbol input g f32[3, 8]\n"                                                                                       \
  "symbol state z bf16[3, 4]\n"                                                                                      \
  "symbol output y f32[3, 8]\n"                                                                                      \
  "symbol output u f32[8]\n"                                                                                         \
  "symbol output s f32[3, 3]\n"                                                                                      \
  "symbol output n f32[3]\n"

static const char *text_of(struct arena *a, const struct graph *g) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  graph_print(g, out);
  fclose(out);
  const char *copy = arena_strdup(a, text);
  free(text);
  return copy;
}

/* The graph after the pass, which the verifier has seen and which reads back to the same text. */
static const char *lowered(struct arena *a, const char *lines) {
  const char *error = NULL;
  const struct graph *g = graph_read(a, arena_printf(a, SYMBOLS "%send\n", lines), &error);
  ck_assert_msg(g != NULL, "%s", error);
  const char *text = text_of(a, pass_precision(g));
  const struct graph *again = graph_read(a, text, &error);
  ck_assert_msg(again != NULL, "%s in\n%s", error, text);
  ck_assert_str_eq(text_of(a, again), text);
  return text;
}

static const struct {
  const char *lines;
  const char *expected[3]; /* parts of the text after the pass */
} examples[] = {
    /* a linear layer: the activation is rounded, the weight on use, the result once */
    {"%0 = leaf x : f32[B, 3, 4]\n%1 = leaf w : f32[8, 4]\n%2 = contract \"abc,dc->abd\" %0, %1 : f32[B, 3, 8]\n"
     "%3 = map.exp %2 : f32[B, 3, 8]\nstore y %3\n",
     {"map.cast %0 : bf16[B, 3, 4]", ": bf16[B, 3, 8]", "map.cast %3 : f32[B, 3, 8]"}},
    /* an output is not rounded */
    {"%0 = leaf x : f32[B, 3, 4]\n%1 = leaf w : f32[8, 4]\n%2 = contract \"abc,dc->abd\" %0, %1 : f32[B, 3, 8]\n"
     "store y %2\n",
     {"contract \"abc,dc->abd\" %1, %2 : f32[B, 3, 8]", "store y %3\n", ""}},
    /* what is a vector for each example stays f32 */
    {"%0 = leaf v : f32[B, 4]\n%1 = leaf w : f32[8, 4]\n%2 = contract \"ac,dc->ad\" %0, %1 : f32[B, 8]\nstore u %2\n",
     {"contract \"ac,dc->ad\" %0, %1 : f32[B, 8]", "store u %2\n", ""}},
    /* scores are made of bf16 and are f32 */
    {"%0 = leaf x : f32[B, 3, 4]\n%1 = contract \"abc,adc->abd\" %0, %0 : f32[B, 3, 3]\n"
     "%2 = map.exp %1 : f32[B, 3, 3]\nstore s %2\n",
     {"map.cast %0 : bf16[B, 3, 4]", "contract \"abc,adc->abd\" %1, %1 : f32[B, 3, 3]", "map.exp %2"}},
    /* the gradient of a weight: operands of bf16, sums of f32 */
    {"%0 = leaf x : f32[B, 3, 4]\n%1 = leaf g : f32[B, 3, 8]\n%2 = contract \"abd,abc->dc\" %1, %0 : f32[8, 4]\n"
     "accumulate w %2\n",
     {": bf16[B, 3, 8]", ": bf16[B, 3, 4]", ": f32[8, 4]\naccumulate"}},
    /* a state is carried in bf16; a norm of it is computed in f32 */
    {"%0 = leaf z : bf16[B, 3, 4]\n%1 = map.cast %0 : f32[B, 3, 4]\n%2 = map.mul %1, %1 : f32[B, 3, 4]\n"
     "%3 = reduce.sum {2} %2 : f32[B, 3]\nstore n %3\n%4 = map.cast %2 : bf16[B, 3, 4]\nstore z %4\n",
     {"map.cast %0 : f32[B, 3, 4]", "reduce.sum", ": bf16[B, 3, 4]\n"}},
    /* a repeat carries bf16, and a residual is rounded */
    {"%0 = leaf z : bf16[B, 3, 4]\n%1 = map.cast %0 : f32[B, 3, 4]\n"
     "repeat %2 = trips 2 last 0 (%3 = %1) {\n  %4 = leaf x : f32[B, 3, 4]\n  %5 = map.add %3, %4 : f32[B, 3, 4]\n"
     "  yield %5\n}\n%6 = result {0} %2 : f32[B, 3, 4]\n%7 = map.cast %6 : bf16[B, 3, 4]\nstore z %7\n",
     {"(%2 = %0)", "map.add", "result {0} %1 : bf16[B, 3, 4]"}},
};

START_TEST(rule) {
  struct arena *a = arena_new();
  const char *text = lowered(a, examples[_i].lines);
  for (int k = 0; k < 3; k++)
    ck_assert_msg(strstr(text, examples[_i].expected[k]) != NULL, "no '%s' in\n%s", examples[_i].expected[k], text);
  arena_free(a);
}
END_TEST

/* Values of bf16 are held, not computed with: the verifier refuses what the pass must not make. */
START_TEST(held_values_are_not_computed_with) {
  static const char *const wrong[] = {
      "%0 = leaf z : bf16[B, 3, 4]\n%1 = map.exp %0 : bf16[B, 3, 4]\n",
      "%0 = leaf z : bf16[B, 3, 4]\n%1 = map.add %0, %0 : bf16[B, 3, 4]\n",
      "%0 = leaf z : bf16[B, 3, 4]\n%1 = reduce.sum {2} %0 : bf16[B, 3]\n",
      "%0 = leaf x : f32[B, 3, 4]\n%1 = contract \"abc,adc->abd\" %0, %0 : bf16[B, 3, 3]\n",
  };
  struct arena *a = arena_new();
  const char *error = NULL;
  ck_assert_ptr_null(graph_read(a, arena_printf(a, SYMBOLS "%send\n", wrong[_i]), &error));
  ck_assert_ptr_nonnull(error);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("precision");
  TCase *cases = suite_case(suite, "rules", NULL, NULL);
  tcase_add_loop_test(cases, rule, 0, sizeof examples / sizeof *examples);
  tcase_add_loop_test(cases, held_values_are_not_computed_with, 0, 4);
  return suite_run(suite);
}

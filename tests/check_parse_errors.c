/* What is no program: errors are told at their places, and no input breaks the parser. */
#include "compiler/source.h"
#include "tests/parse_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

static struct arena *arena;
static struct diags *diags;

static void setup(void) {
  arena = arena_new();
  diags = diags_new(arena);
}

static void teardown(void) { arena_free(arena); }

/* -- places -- */

/* The places of the errors: "2:4 3:1". */
static char *error_places(const char *text) {
  diags = diags_new(arena);
  parse_file(arena, diags, text_source(arena, text));
  char *places = arena_strdup(arena, ""), *found = messages_of(arena, diags);
  while ((found = strstr(found, "t.hrm:"))) {
    char *place = found + strlen("t.hrm:"), *end = strstr(place, ": ");
    if (!strncmp(end, ": error", 7))
      places = arena_printf(arena, "%s%s%.*s", places, *places ? " " : "", (int)(end - place), place);
    found = end;
  }
  return places;
}

START_TEST(test_independent_errors) {
  static const struct {
    const char *text, *places;
  } cases[] = {
      {"let a = = 1\nlet b = 2\nlet c = )\n", "1:9 3:9"},
      {"fn f() {\n  let a = = 1\n  let b = 2 3\n}\nlet c = )\n", "2:11 3:13 5:9"},
      {"module M {\n  a = = 1\n  fn () {\n    x y\n  }\n  b = )\n}\n", "2:7 4:5 6:7"},
      {"let a = f(1,\n  2 3,\n  4)\nlet b = )\n", "2:5 4:9"},
      {"let a = f(1\nlet b = )\n", "1:12 2:9"},
      {"let a = [1, (2, 3]\nlet b = )\n", "1:18 2:9"},
      {"module M(a b) {\n  c = )\n}\nlet d = )\n", "1:12 2:7 4:9"},
      {"fn f( { return 1 }\nlet b = )\n", "1:7 2:9"},
      {"fn f()\n  return )\n}\nlet b = )\n", "1:7 2:10 4:9"},
      {"fn f() { return 1 }}\nlet b = )\n", "1:20 2:9"},
      {"fn f() {\n  if a {\n    return 1\n}\nfn g() { return 2 }\nlet b = )\n", "5:1 6:9"},
      {"let a = $\nlet b = \"x\nlet c = 1.\n", "1:9 2:9 3:9"},
      {"let a = 1 2 3 $ \"\n", "1:11"},
      {"if a { b = 1 }\nlet c = )\n", "1:1 2:9"},
      {"train { batch 1\nlet c = )\n", "2:1 1:16"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(!strcmp(error_places(cases[i].text), cases[i].places), "%s\nexpected errors at %s, found\n%s",
                  cases[i].text, cases[i].places, messages_of(arena, diags));
}
END_TEST

START_TEST(test_errors_are_limited) {
  char *text = arena_strdup(arena, "");
  for (int i = 0; i < 100; i++) text = arena_printf(arena, "%slet a = )\n", text);
  parse_file(arena, diags, text_source(arena, text));
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 20);
  ck_assert_ptr_nonnull(strstr(messages_of(arena, diags), "t.hrm:20:9: error: too many syntax errors"));
}
END_TEST

/* -- depth -- */

static const struct {
  const char *head, *open, *middle, *close, *tail;
} nestings[] = {
    {"let a = ", "(", "1", ")", ""},
    {"let a = ", "[", "1", "]", ""},
    {"let a = ", "f(", "1", ")", ""},
    {"let a = ", "f(k = ", "1", ")", ""},
    {"let a = ", "x[", "1", "]", ""},
    {"let a = ", "x[1:", "1", "]", ""},
    {"let a = ", "-", "1", "", ""},
    {"let a = ", "not ", "1", "", ""},
    {"let a = ", "2 ** ", "1", "", ""},
    {"let a = ", "1 if b else ", "1", "", ""},
    {"let a = ", "sum[i] ", "x", "", ""},
    {"fn f() {", "if a {", "return 1", "}", "}"},
    {"fn f() {", "for x in y {", "return 1", "}", "}"},
    {"fn f() {", "repeat 1 grad all {", "a = 1", "}", "}"},
    {"fn f() {", "if a { b = 1 } else ", "{ }", "", "}"},
    {"module M {", "if a {", "b = 1", "}", "}"},
    {"module M {", "if a { b = 1 } else ", "{ }", "", "}"},
    {"fn f(x: [", "(", "1", ")", "]) { return 1 }"},
    {"train { batch ", "(", "1", ")", "}"},
};

static char *nested(int which, int depth) {
  return arena_printf(arena, "%s%s%s%s%s\nlet b = 1\n", nestings[which].head,
                      repeated(arena, nestings[which].open, depth), nestings[which].middle,
                      repeated(arena, nestings[which].close, depth), nestings[which].tail);
}

START_TEST(test_nesting) {
  parse_well(arena, nested(_i, 190));
  parse_file(arena, diags, text_source(arena, nested(_i, 100000)));
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 1);
  ck_assert_ptr_nonnull(
      strstr(messages_of(arena, diags), "error: nested too deeply: at most 200 levels are allowed [E118]"));
}
END_TEST

START_TEST(test_unclosed_nesting) {
  parse_file(
      arena, diags,
      text_source(arena, arena_printf(arena, "%s%s", nestings[_i].head, repeated(arena, nestings[_i].open, 100000))));
  ck_assert_int_ge(diag_count(diags, SEVERITY_ERROR), 1);
}
END_TEST

/* Chains are not nested, but their tree is high. */
START_TEST(test_chains) {
  static const char *const links[] = {" + 1", " * 1", " and 1", " or 1", ".x", "(1)", "[1]"};
  const char *link = links[_i];
  parse_value(arena, arena_printf(arena, "a%s", repeated(arena, link, 499)));
  ck_assert_ptr_null(parse_expression(
      arena, diags, source_span(text_source(arena, arena_printf(arena, "a%s", repeated(arena, link, 100000))))));
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 1);
  ck_assert_ptr_nonnull(strstr(messages_of(arena, diags), "error: the expression has more than 500 levels"));
}
END_TEST

START_TEST(test_height_of_chains_within_chains) {
  char *text = arena_strdup(arena, "a");
  for (int i = 0; i < 100; i++) text = arena_printf(arena, "(%s%s)", text, repeated(arena, " + 1", 100));
  ck_assert_ptr_null(parse_expression(arena, diags, source_span(text_source(arena, text))));
  ck_assert_ptr_nonnull(strstr(messages_of(arena, diags), "error: the expression has more than 500 levels"));
}
END_TEST

/* -- size and noise -- */

START_TEST(test_large_file) {
  enum { LINES = 100000 };
  struct ast_file *file = parse_well(arena, repeated(arena, "let a = f(1, b) + c # d\n", LINES));
  ck_assert_int_eq(file->count, LINES);
  ck_assert_int_eq(file->comment_count, LINES);
}
END_TEST

/* Any sequence of tokens gives a tree that can be walked, and no more errors than the limit. */
START_TEST(test_noise) {
  static const char *const words[] = {
      "(",      ")",      "[",       "]",     "{",   "}",     "{",    "}",      "\n",    "\n",     ",",     ";",
      "=",      ":",      "~",       "+",     "-",   "*",     "**",   "<",      "..",    "->",     ".",     "if",
      "else",   "let",    "fn",      "for",   "in",  "not",   "and",  "return", "var",   "sum[i]", "x",     "y",
      "1",      "2.5",    "\"s\"",   "\"",    "$",   "grad",  "last", "repeat", "model", "module", "train", "test",
      "config", "import", "segment", "param", "int", "float", "loss", "# c",    "x =",   "M {",    "f(x)",  "[N]",
  };
  unsigned state = (unsigned)_i * 2654435761u + 1;
  char *text = arena_alloc(arena, 4000);
  size_t length = 0;
  while (length < 3000) {
    state = state * 1664525u + 1013904223u;
    length += (size_t)sprintf(text + length, "%s ", words[(state >> 8) % (sizeof words / sizeof *words)]);
  }
  FILE *nowhere = fopen("/dev/null", "w");
  ast_print(parse_file(arena, diags, text_source(arena, text)), nowhere);
  diag_print(diags, nowhere, true);
  fclose(nowhere);
  ck_assert_int_le(diag_count(diags, SEVERITY_ERROR), 20);
}
END_TEST

/* Every prefix of a program that has all forms. */
START_TEST(test_prefixes) {
  static const char program[] = "config a = 1 in [1, 2], b\n"
                                "fn f(x: [N] = y, n: int[2] < 3) -> [N] {\n"
                                "  let s[i, j] = sum[k] x[i, k] ** -2 * y(z = \"a\\n\")[1:, ::2] if a else (1, 2)\n"
                                "}\n"
                                "model M {\n"
                                "  param w: [2] ~ zeros if not a\n"
                                "  if a == 1 { x = f() * 3 } else if b { y = 0..2 }\n"
                                "  segment { repeat 2 grad last 1 { for c in [1] { z = c } } output o = z }\n"
                                "}\n"
                                "train { optimizer sgd() for a.b, c }\n";
  FILE *nowhere = fopen("/dev/null", "w");
  for (size_t length = 0; length < sizeof program; length++) {
    struct diags *own = diags_new(arena);
    ast_print(parse_file(arena, own, text_source(arena, arena_strndup(arena, program, length))), nowhere);
    diag_print(own, nowhere, false);
  }
  fclose(nowhere);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("parse_errors");
  TCase *tests = suite_case(suite, "parse_errors", setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, test_independent_errors);
  tcase_add_test(tests, test_errors_are_limited);
  tcase_add_loop_test(tests, test_nesting, 0, sizeof nestings / sizeof *nestings);
  tcase_add_loop_test(tests, test_unclosed_nesting, 0, sizeof nestings / sizeof *nestings);
  tcase_add_loop_test(tests, test_chains, 0, 7);
  tcase_add_test(tests, test_height_of_chains_within_chains);
  tcase_add_test(tests, test_large_file);
  tcase_add_loop_test(tests, test_noise, 0, 300);
  tcase_add_test(tests, test_prefixes);
  return suite_run(suite);
}

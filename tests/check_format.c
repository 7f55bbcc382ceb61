/* The formatter on every program of the tree and on random ones with a wild layout: a formatted text formats to
 * itself, has the same syntax tree, and keeps all comments. */
#include "compiler/format.h"
#include "compiler/source.h"
#include "tests/random_graph.h"
#include "tests/random_source.h"
#include "tests/suite.h"

#include <check.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }
static void teardown(void) { arena_free(arena); }

static const struct ast_file *parse(const char *name, const char *text, bool *ok) {
  struct diags *d = diags_new(arena);
  const struct ast_file *file = parse_file(arena, d, source_from_text(arena, name, text));
  *ok = diag_exit_code(d) == 0;
  return file;
}

static char *tree(const struct ast_file *file) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  ast_print(file, out);
  fclose(out);
  char *copy = arena_strdup(arena, text);
  free(text);
  return copy;
}

/* Without the blanks at their ends. */
static char *comments(const struct ast_file *file) {
  char *all = "";
  for (int i = 0; i < file->comment_count; i++) {
    char *text = span_text(arena, file->comments[i]);
    for (size_t n = strlen(text); n && strchr(" \t", text[n - 1]); n--) text[n - 1] = '\0';
    all = arena_printf(arena, "%s%s\n", all, text);
  }
  return all;
}

/* How many programs were formatted: 0 where the text does not parse. */
static int check_text(const char *name, const char *text) {
  bool ok;
  const struct ast_file *file = parse(name, text, &ok);
  if (!ok) return 0;
  const char *once = format_file(arena, file);
  const struct ast_file *formatted = parse(name, once, &ok);
  ck_assert_msg(ok, "%s: the formatted text does not parse:\n%s", name, once);
  const char *twice = format_file(arena, formatted);
  ck_assert_msg(!strcmp(once, twice), "%s: formatted once:\n%s\nand twice:\n%s", name, once, twice);
  ck_assert_msg(!strcmp(tree(file), tree(formatted)), "%s: another tree:\n%s\n%s", name, text, once);
  ck_assert_str_eq(comments(file), comments(formatted));
  ck_assert_msg(!strstr(once, "\n\n\n") && !strstr(once, " \n"), "%s: blanks:\n%s", name, once);
  return 1;
}

static int formatted_files;

static int check_path(const char *path, const struct stat *status, int kind, struct FTW *where) {
  (void)status;
  (void)where;
  size_t length = strlen(path);
  if (kind != FTW_F || length < 4 || strcmp(path + length - 4, ".hrm")) return 0;
  const struct source *source = source_read(arena, diags_new(arena), path);
  if (source) formatted_files += check_text(path, source->text);
  return 0;
}

START_TEST(test_files) {
  static const char *const folders[] = {"tests/lang", "models", "stdlib", "examples"};
  const char *top = getenv("top_srcdir");
  formatted_files = 0;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
    nftw(arena_printf(arena, "%s/%s", top ? top : ".", folders[i]), check_path, 8, FTW_PHYS);
  ck_assert_int_gt(formatted_files, 100);
}
END_TEST

/* -- random layouts: a text with other blanks, breaks and comments between its tokens -- */

static void put_comment(FILE *out, uint64_t *state) {
  static const char *const texts[] = {"# a comment", "#", "#no blank \t", "# \"{([", "# \xC3\xA4\xC3\xB6\xC3\xBC"};
  fputs(texts[random_below(state, 5)], out);
}

static void put_break(FILE *out, uint64_t *state) {
  if (random_below(state, 6) == 0) put_comment(out, state);
  for (int i = 1 + random_below(state, 8) / 6; i > 0; i--) fputc('\n', out);
  if (random_below(state, 8) == 0) {
    put_comment(out, state);
    fputs("\n\n\n", out);
  }
  fprintf(out, "%*s", random_below(state, 12), "");
}

/* At a blank: where a line may be broken, perhaps a break. */
static void put_blank(FILE *out, uint64_t *state, bool may_break) {
  if (may_break && random_below(state, 12) == 0)
    put_break(out, state);
  else
    fprintf(out, "%*s", 1 + random_below(state, 3), "");
}

static const char *wild_layout(const char *text, uint64_t seed) {
  char *made = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&made, &size);
  uint64_t state = seed;
  int brackets = 0;
  for (const char *c = text; *c; c++) {
    bool ends_operator = c > text && strchr("=+*/,@~{}", c[-1]) != NULL;
    brackets += (*c == '(' || *c == '[') - (*c == ')' || *c == ']');
    if (*c == '\n')
      put_break(out, &state);
    else if (*c == ' ')
      put_blank(out, &state, brackets || (ends_operator && c[-1] != '}'));
    else
      fputc(*c, out);
    if (*c == '{' && random_below(&state, 10) == 0) put_break(out, &state);
  }
  fclose(out);
  char *copy = arena_strdup(arena, made);
  free(made);
  return copy;
}

START_TEST(test_random_layouts) {
  enum { PROGRAMS = 400 };
  int parsed = 0;
  for (int seed = 1; seed <= PROGRAMS; seed++) {
    const char *text = random_source(arena, (uint64_t)seed);
    parsed += check_text("plain", text);
    parsed += check_text("wild", wild_layout(text, (uint64_t)seed));
  }
  ck_assert_int_eq(parsed, 2 * PROGRAMS);
}
END_TEST

/* -- what the layout is -- */

static void check_layout(const char *text, const char *expected) {
  bool ok;
  const struct ast_file *file = parse("layout", text, &ok);
  ck_assert_msg(ok, "does not parse: %s", text);
  ck_assert_str_eq(format_file(arena, file), expected);
}

START_TEST(test_spaces) {
  check_layout("let a=-1+2 *f( x ,y=- 3)[ 1 : ,:n+1 ]", "let a = -1 + 2 * f(x, y = -3)[1:, :n + 1]\n");
  check_layout("fn f ( x :int [ S ]<V,y:[ A,B ] )->[ A ]{return x}",
               "fn f(x: int[S] < V, y: [A, B]) -> [A] { return x }\n");
  check_layout("fn f() {\n\n let y [i]=sum [k]x[i,k] * ( -z )\n for j in 0 .. n {a = not b}\n}",
               "fn f() {\n  let y[i] = sum[k] x[i, k] * (-z)\n  for j in 0..n { a = not b }\n}\n");
  check_layout("", "");
  check_layout("\n\n# alone  \n\n\n", "# alone\n");
}
END_TEST

START_TEST(test_lines) {
  check_layout("fn f() { let a = 1\nreturn a }", "fn f() {\n  let a = 1\n  return a\n}\n");
  check_layout("fn f() {\n}\n\n\n\nlet b = [1,\n2,\n\n3]", "fn f() {}\n\nlet b = [1,\n         2,\n\n         3]\n");
  check_layout("let b = f(\n1,\n2\n)", "let b = f(\n  1,\n  2\n)\n");
  check_layout("let b = 1 +\n2", "let b = 1 +\n    2\n");
  check_layout("fn f() { # why\nreturn 1\n# end\n}", "fn f() {  # why\n  return 1\n  # end\n}\n");
  check_layout("fn f() {\nif a { return 1 }\nelse { return 2 } }",
               "fn f() {\n  if a { return 1 }\n  else { return 2 }\n}\n");
}
END_TEST

START_TEST(test_alignment) {
  check_layout("module M {\na = 1\nlong = 2\n\nb = 3\nlet x = 4\n}",
               "module M {\n  a    = 1\n  long = 2\n\n  b = 3\n  let x = 4\n}\n");
  check_layout("train {\nbatch 1\noptimizer sgd(lr = 1,\nmomentum = 0)\n}",
               "train {\n  batch     1\n  optimizer sgd(lr = 1,\n                momentum = 0)\n}\n");
  check_layout("let a = 1 # one\nlet bc = 12\nlet d = \"\xC3\xA4\xC3\xB6\" # two\n\nlet e = 5 # three\n",
               "let a = 1     # one\nlet bc = 12\nlet d = \"\xC3\xA4\xC3\xB6\"  # two\n\nlet e = 5  # three\n");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("format");
  TCase *cases = suite_case(suite, "format", setup, teardown);
  tcase_set_timeout(cases, 120);
  tcase_add_test(cases, test_spaces);
  tcase_add_test(cases, test_lines);
  tcase_add_test(cases, test_alignment);
  tcase_add_test(cases, test_files);
  tcase_add_test(cases, test_random_layouts);
  return suite_run(suite);
}

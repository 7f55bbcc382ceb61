/* Declarations, members and statements: what trees they have, where their nodes are, and how lines end. */
#include "compiler/source.h"
#include "tests/parse_harness.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }

static void teardown(void) { arena_free(arena); }

static char *text_at(struct span place) { return span_text(arena, place); }

/* -- trees -- */

static char *tree_of(const char *program) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  ast_print(parse_well(arena, program), out);
  fclose(out);
  char *copy = arena_strdup(arena, text);
  free(text);
  return copy;
}

/* The tree under `head`, with its lines moved left by `indent`. */
static char *tree_under(const char *head, int indent, const char *tree) {
  ck_assert_msg(!strncmp(tree, head, strlen(head)), "%s", tree);
  char *text = arena_strdup(arena, "");
  for (const char *line = tree + strlen(head); *line; line = strchr(line, '\n') + 1)
    text = arena_printf(arena, "%s%.*s\n", text, (int)strcspn(line, "\n") - indent, line + indent);
  return text;
}

struct form {
  const char *text, *tree;
};

static const struct form declarations[] = {
    {"import nn", "import nn\n"},
    {"config a = 1, b = \"x\" in [\"x\", \"y\"],\n"
     "       c",
     "config a\n"
     "  number 1\n"
     "config b\n"
     "  string \"x\"\n"
     "  choice\n"
     "    string \"x\"\n"
     "  choice\n"
     "    string \"y\"\n"
     "config c\n"},
    {"let S = a", "let S\n"
                  "  name a\n"},
    {"fn f(x, y: [S] = z, n: int < 3, eps = 1.0) -> float { return x }", "fn f\n"
                                                                         "  parameter x\n"
                                                                         "  parameter y\n"
                                                                         "    type float\n"
                                                                         "      dim\n"
                                                                         "        name S\n"
                                                                         "    default\n"
                                                                         "      name z\n"
                                                                         "  parameter n\n"
                                                                         "    type int\n"
                                                                         "      bound\n"
                                                                         "        number 3\n"
                                                                         "  parameter eps\n"
                                                                         "    default\n"
                                                                         "      number 1.0\n"
                                                                         "  result\n"
                                                                         "    type float\n"
                                                                         "  body\n"
                                                                         "    return\n"
                                                                         "      name x\n"},
    {"module M { }", "module M\n"},
    {"module N(in, out = 2) { w = in }", "module N\n"
                                         "  parameter in\n"
                                         "  parameter out\n"
                                         "    default\n"
                                         "      number 2\n"
                                         "  field w\n"
                                         "    name in\n"},
    {"test \"a \\\"b\\\"\" { assert a }", "test \"a \\\"b\\\"\"\n"
                                          "  body\n"
                                          "    assert\n"
                                          "      name a\n"},
    {"train {\n"
     "  optimizer sgd(lr = 1) for a.b, c\n"
     "  batch 384; ema 0.5\n"
     "}",
     "train\n"
     "  optimizer\n"
     "    call\n"
     "      name sgd\n"
     "      argument lr\n"
     "        number 1\n"
     "    for\n"
     "      field b\n"
     "        name a\n"
     "    for\n"
     "      name c\n"
     "  batch\n"
     "    number 384\n"
     "  ema\n"
     "    number 0.5\n"},
};

START_TEST(test_declarations) { ck_assert_str_eq(tree_of(declarations[_i].text), declarations[_i].tree); }
END_TEST

static const struct form members[] = {
    {"input i: int[S] < V - 1", "input i\n"
                                "  type int\n"
                                "    dim\n"
                                "      name S\n"
                                "    bound\n"
                                "      binary -\n"
                                "        name V\n"
                                "        number 1\n"},
    {"label l: int", "label l\n"
                     "  type int\n"},
    {"let n = 1", "let n\n"
                  "  number 1\n"},
    {"if a { x = 1 } else if b { x = 2 }\n"
     "else { x = 3; y = 4 }",
     "if\n"
     "  condition\n"
     "    name a\n"
     "  then\n"
     "    field x\n"
     "      number 1\n"
     "  else\n"
     "    if\n"
     "      condition\n"
     "        name b\n"
     "      then\n"
     "        field x\n"
     "          number 2\n"
     "      else\n"
     "        field x\n"
     "          number 3\n"
     "        field y\n"
     "          number 4\n"},
    {"param p: [2] ~ zeros if biased", "param p\n"
                                       "  type float\n"
                                       "    dim\n"
                                       "      number 2\n"
                                       "  init\n"
                                       "    name zeros\n"
                                       "  if\n"
                                       "    name biased\n"},
    {"param q: [2] ~ zeros if a else ones if b", "param q\n"
                                                 "  type float\n"
                                                 "    dim\n"
                                                 "      number 2\n"
                                                 "  init\n"
                                                 "    conditional\n"
                                                 "      condition\n"
                                                 "        name a\n"
                                                 "      then\n"
                                                 "        name zeros\n"
                                                 "      else\n"
                                                 "        name ones\n"
                                                 "  if\n"
                                                 "    name b\n"},
    {"buffer u: float ~ one", "buffer u\n"
                              "  type float\n"
                              "  init\n"
                              "    name one\n"},
    {"state z: [2] = u", "state z\n"
                         "  type float\n"
                         "    dim\n"
                         "      number 2\n"
                         "  init\n"
                         "    name u\n"},
    {"fn (x) { return x }", "fn\n"
                            "  parameter x\n"
                            "  body\n"
                            "    return\n"
                            "      name x\n"},
    {"fn g() { return 1 }", "fn g\n"
                            "  body\n"
                            "    return\n"
                            "      number 1\n"},
    {"segment { output o = z }", "segment\n"
                                 "  body\n"
                                 "    output o\n"
                                 "      name z\n"},
    {"loss f(o)", "loss\n"
                  "  call\n"
                  "    name f\n"
                  "    argument\n"
                  "      name o\n"},
    {"act q_learning()", "act\n"
                         "  call\n"
                         "    name q_learning\n"},
};

START_TEST(test_members) {
  char *tree = tree_of(arena_printf(arena, "model M {\n%s\n}\n", members[_i].text));
  ck_assert_str_eq(tree_under("model M\n", 2, tree), members[_i].tree);
}
END_TEST

static const struct form statements[] = {
    {"let a = 1", "let a\n"
                  "  number 1\n"},
    {"let b[i, j]: [2, 3] = 2", "let b [i, j]\n"
                                "  type float\n"
                                "    dim\n"
                                "      number 2\n"
                                "    dim\n"
                                "      number 3\n"
                                "  number 2\n"},
    {"var c: float = 3", "var c\n"
                         "  type float\n"
                         "  number 3\n"},
    {"c = 4; repeat = 5", "assign c\n"
                          "  number 4\n"
                          "assign repeat\n"
                          "  number 5\n"},
    {"for x in 0..n { c = x }; if a { return 1 }", "for x\n"
                                                   "  in\n"
                                                   "    call\n"
                                                   "      name range\n"
                                                   "      argument\n"
                                                   "        number 0\n"
                                                   "      argument\n"
                                                   "        name n\n"
                                                   "  body\n"
                                                   "    assign c\n"
                                                   "      name x\n"
                                                   "if\n"
                                                   "  condition\n"
                                                   "    name a\n"
                                                   "  then\n"
                                                   "    return\n"
                                                   "      number 1\n"},
    {"if a { } else if b { return 2 } else { return 3 }", "if\n"
                                                          "  condition\n"
                                                          "    name a\n"
                                                          "  then\n"
                                                          "  else\n"
                                                          "    if\n"
                                                          "      condition\n"
                                                          "        name b\n"
                                                          "      then\n"
                                                          "        return\n"
                                                          "          number 2\n"
                                                          "      else\n"
                                                          "        return\n"
                                                          "          number 3\n"},
    {"repeat 2 grad last k + 1 { c = 1 }", "repeat grad last\n"
                                           "  trips\n"
                                           "    number 2\n"
                                           "  last\n"
                                           "    binary +\n"
                                           "      name k\n"
                                           "      number 1\n"
                                           "  body\n"
                                           "    assign c\n"
                                           "      number 1\n"},
    {"repeat n grad all { repeat 1 grad none { } }", "repeat grad all\n"
                                                     "  trips\n"
                                                     "    name n\n"
                                                     "  body\n"
                                                     "    repeat grad none\n"
                                                     "      trips\n"
                                                     "        number 1\n"
                                                     "      body\n"},
    {"return a", "return\n"
                 "  name a\n"},
};

START_TEST(test_statements) {
  char *tree = tree_of(arena_printf(arena, "fn f() {\n%s\n}\n", statements[_i].text));
  ck_assert_str_eq(tree_under("fn f\n  body\n", 4, tree), statements[_i].tree);
}
END_TEST

/* All forms of a table, one behind the other, are the trees of each. */
static char *joined(const struct form *forms, size_t count, bool trees) {
  char *text = arena_strdup(arena, "");
  for (size_t i = 0; i < count; i++)
    text = arena_printf(arena, "%s%s%s", text, trees ? forms[i].tree : forms[i].text, trees ? "" : "\n");
  return text;
}

#define JOINED(forms, trees) joined(forms, sizeof(forms) / sizeof *(forms), trees)

START_TEST(test_sequences) {
  ck_assert_str_eq(tree_of(JOINED(declarations, false)), JOINED(declarations, true));
  char *tree = tree_of(arena_printf(arena, "model M {\n%s}\n", JOINED(members, false)));
  ck_assert_str_eq(tree_under("model M\n", 2, tree), JOINED(members, true));
  tree = tree_of(arena_printf(arena, "fn f() {\n%s}\n", JOINED(statements, false)));
  ck_assert_str_eq(tree_under("fn f\n  body\n", 4, tree), JOINED(statements, true));
}
END_TEST

/* -- places -- */

START_TEST(test_declaration_places) {
  struct ast_file *file = parse_well(arena, "config a = 1, b   # c\n"
                                            "model M {\n"
                                            "  param w: [2, 3] ~ zeros if a # d\n"
                                            "  segment { repeat 3 grad last 2 { x = 1 } }\n"
                                            "}  \n");
  ck_assert_str_eq(text_at(file->decls[0]->span), "config a = 1");
  ck_assert_str_eq(text_at(file->decls[1]->span), "b");
  ck_assert_str_eq(text_at(file->decls[1]->name.span), "b");
  const struct decl *model = file->decls[2];
  ck_assert_int_eq(strncmp(text_at(model->span), "model M {", 9), 0);
  ck_assert_str_eq(strchr(text_at(model->span), '\0') - 3, "}\n}");
  const struct member *weight = model->module.members.items[0];
  ck_assert_str_eq(text_at(weight->span), "param w: [2, 3] ~ zeros if a");
  ck_assert_str_eq(text_at(weight->tensor.type->span), "[2, 3]");
  const struct stmt *repeat = model->module.members.items[1]->segment.stmts[0];
  ck_assert_str_eq(text_at(repeat->span), "repeat 3 grad last 2 { x = 1 }");
  ck_assert_str_eq(text_at(repeat->repeat.horizon_span), "grad last 2");
}
END_TEST

START_TEST(test_comments) {
  struct ast_file *file = parse_well(arena, "# one\r\nlet a = \"#\" # two\n\n#\n");
  ck_assert_int_eq(file->comment_count, 3);
  ck_assert_str_eq(text_at(file->comments[0]), "# one");
  ck_assert_str_eq(text_at(file->comments[1]), "# two");
  ck_assert_str_eq(text_at(file->comments[2]), "#");
}
END_TEST

START_TEST(test_line_ends) {
  static const char *const texts[] = {
      "",
      "\n",
      "# only a comment",
      "let a = 1",
      "let a = 1;let b = 2;",
      "\r\nlet a = 1\r\n",
      "let a = [1,\r\n2]\r\n",
      "fn f() { }\nfn g() { return 1 }",
      "fn f()\t{\n\n;;return 1;\n}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) parse_well(arena, texts[i]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("parse_trees");
  TCase *tests = suite_case(suite, "parse_trees", setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, test_declarations, 0, sizeof declarations / sizeof *declarations);
  tcase_add_loop_test(tests, test_members, 0, sizeof members / sizeof *members);
  tcase_add_loop_test(tests, test_statements, 0, sizeof statements / sizeof *statements);
  tcase_add_test(tests, test_sequences);
  tcase_add_test(tests, test_declaration_places);
  tcase_add_test(tests, test_comments);
  tcase_add_test(tests, test_line_ends);
  return suite_run(suite);
}

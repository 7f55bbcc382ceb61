/* The syntax: what trees texts have, where their nodes are, and that no input breaks the parser. */
#include "compiler/ast.h"
#include "compiler/source.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct diags *diags;

static void setup(void) {
  arena = arena_new();
  diags = diags_new(arena);
}

static void teardown(void) { arena_free(arena); }

static const struct source *text_source(const char *text) { return source_from_text(arena, "t.hrm", text); }

/* What a function writes to a stream. */
#define WRITTEN(call)                                                                                                \
  do {                                                                                                               \
    FILE *out = open_memstream(&text, &size);                                                                        \
    call;                                                                                                            \
    fclose(out);                                                                                                     \
  } while (0)

static char *messages(void) {
  char *text = NULL;
  size_t size = 0;
  WRITTEN(diag_print(diags, out, false));
  char *copy = arena_strdup(arena, text);
  free(text);
  return copy;
}

static struct ast_file *parse_well(const char *text) {
  struct ast_file *file = parse_file(arena, diags, text_source(text));
  ck_assert_msg(diag_exit_code(diags) == 0, "%s\n%s", text, messages());
  return file;
}

static struct expr *parse_value(const char *text) {
  struct expr *e = parse_expression(arena, diags, source_span(text_source(text)));
  ck_assert_msg(e && diag_exit_code(diags) == 0, "%s\n%s", text, messages());
  return e;
}

static char *tree_of(const char *program) {
  char *text = NULL;
  size_t size = 0;
  struct ast_file *file = parse_well(program);
  WRITTEN(ast_print(file, out));
  char *copy = arena_strdup(arena, text);
  free(text);
  return copy;
}

static char *text_at(struct span place) { return span_text(arena, place); }

/* -- expressions, written as in Lisp -- */

static char *shape(const struct expr *e);

static char *optional(const struct expr *e) { return e ? shape(e) : ""; }

static char *shape_of_subscript(const struct subscript *s) {
  if (!s->is_slice) return shape(s->value);
  return arena_printf(arena, "%s:%s%s%s", optional(s->first), optional(s->last), s->step ? ":" : "",
                      optional(s->step));
}

static char *shape_of_call(const struct expr *e) {
  char *text = arena_printf(arena, "(call %s", shape(e->call.callee));
  for (int i = 0; i < e->call.count; i++) {
    const struct argument *a = &e->call.arguments[i];
    text = arena_printf(arena, "%s %s%s%s", text, a->name ? a->name : "", a->name ? "=" : "", shape(a->value));
  }
  return arena_printf(arena, "%s)", text);
}

static char *shape_of_index(const struct expr *e) {
  char *text = arena_printf(arena, "(index %s", shape(e->index.base));
  for (int i = 0; i < e->index.count; i++)
    text = arena_printf(arena, "%s %s", text, shape_of_subscript(&e->index.subscripts[i]));
  return arena_printf(arena, "%s)", text);
}

static char *shape_of_items(const struct expr *e) {
  char *text = arena_strdup(arena, e->kind == EXPR_LIST ? "(list" : "(tuple");
  for (int i = 0; i < e->list.count; i++) text = arena_printf(arena, "%s %s", text, shape(e->list.items[i]));
  return arena_printf(arena, "%s)", text);
}

static char *shape_of_reduce(const struct expr *e) {
  char *text = arena_printf(arena, "(%s[", e->reduce.reduction.text);
  for (int i = 0; i < e->reduce.count; i++)
    text = arena_printf(arena, "%s%s%s", text, i ? " " : "", e->reduce.indices[i].text);
  return arena_printf(arena, "%s] %s)", text, shape(e->reduce.body));
}

static char *shape(const struct expr *e) {
  switch (e->kind) {
  case EXPR_NUMBER: return arena_printf(arena, "%.17g%s", e->number.value, e->number.is_integer ? "" : "f");
  case EXPR_STRING: return arena_printf(arena, "\"%s\"", e->string);
  case EXPR_NAME: return arena_strdup(arena, e->name);
  case EXPR_FIELD: return arena_printf(arena, "(. %s %s)", shape(e->field.base), e->field.name.text);
  case EXPR_CALL: return shape_of_call(e);
  case EXPR_INDEX: return shape_of_index(e);
  case EXPR_UNARY:
    return arena_printf(arena, "(%s %s)", e->unary.op == UNARY_NOT ? "not" : "-", shape(e->unary.operand));
  case EXPR_BINARY:
    return arena_printf(arena, "(%s %s %s)", text_at(e->binary.op_span), shape(e->binary.left),
                        shape(e->binary.right));
  case EXPR_CONDITIONAL:
    return arena_printf(arena, "(if %s %s %s)", shape(e->conditional.condition), shape(e->conditional.then),
                        shape(e->conditional.otherwise));
  case EXPR_LIST:
  case EXPR_TUPLE: return shape_of_items(e);
  case EXPR_REDUCE: return shape_of_reduce(e);
  }
  ck_abort_msg("no such kind of expression");
}

static const struct {
  const char *text, *shape;
} expressions[] = {
    /* numbers, strings, names */
    {"12", "12"},
    {"1_000", "1000"},
    {"9007199254740992", "9007199254740992"},
    {"1.5", "1.5f"},
    {"1e3", "1000f"},
    {"2.5E-1", "0.25f"},
    {"\"a\\\"b\\\\c\\n\"", "\"a\"b\\c\n\""},
    {"\"\"", "\"\""},
    {"H_level2", "H_level2"},
    /* precedence and association */
    {"a + b * c", "(+ a (* b c))"},
    {"a * b + c", "(+ (* a b) c)"},
    {"a - b - c", "(- (- a b) c)"},
    {"a / b * c @ d", "(@ (* (/ a b) c) d)"},
    {"(a + b) * c", "(* (+ a b) c)"},
    {"-a ** 2", "(- (** a 2))"},
    {"-a * b", "(* (- a) b)"},
    {"a ** b ** c", "(** a (** b c))"},
    {"a ** -b ** c", "(** a (- (** b c)))"},
    {"10 ** -3", "(** 10 (- 3))"},
    {"- - a", "(- (- a))"},
    {"a - -b", "(- a (- b))"},
    {"a < b + c", "(< a (+ b c))"},
    {"a == b", "(== a b)"},
    {"a != b", "(!= a b)"},
    {"a <= b", "(<= a b)"},
    {"a >= b", "(>= a b)"},
    {"a > b", "(> a b)"},
    {"not a == b", "(not (== a b))"},
    {"not not a", "(not (not a))"},
    {"a and not b or c and d", "(or (and a (not b)) (and c d))"},
    {"a or b or c", "(or (or a b) c)"},
    {"a if b else c", "(if b a c)"},
    {"a if b else c if d else e", "(if b a (if d c e))"},
    {"a + 1 if b or c else d + 1", "(if (or b c) (+ a 1) (+ d 1))"},
    {"a .. b + 1", "(call range a (+ b 1))"},
    {"0..n", "(call range 0 n)"},
    {"0..n == x", "(== (call range 0 n) x)"},
    /* fields, calls, indices */
    {"a.b.c", "(. (. a b) c)"},
    {"f()", "(call f)"},
    {"f(a, k = b, )", "(call f a k=b)"},
    {"f(a)(b).c[d]", "(index (. (call (call f a) b) c) d)"},
    {"nn.Linear(4, biased = a == b)", "(call (. nn Linear) 4 biased=(== a b))"},
    {"-f(a) ** 2", "(- (** (call f a) 2))"},
    {"Block() * depth", "(* (call Block) depth)"},
    {"x[0]", "(index x 0)"},
    {"x[1:, :, ::2, a:b:c, :-1]", "(index x 1: : ::2 a:b:c :(- 1))"},
    {"table[tokens[s], d]", "(index table (index tokens s) d)"},
    {"q_learning(halt = q[0], continue = q[1], last = grad)",
     "(call q_learning halt=(index q 0) continue=(index q 1) last=grad)"},
    /* lists and tuples */
    {"[]", "(list)"},
    {"[a]", "(list a)"},
    {"[1, -2.5, [3,],]", "(list 1 (- 2.5f) (list 3))"},
    {"(a)", "a"},
    {"(a,)", "(tuple a)"},
    {"(a, b)", "(tuple a b)"},
    {"(0.9, 0.95,)", "(tuple 0.90000000000000002f 0.94999999999999996f)"},
    /* index notation */
    {"sum[c] q[i, c] * k[j, c] / sqrt(K)", "(sum[c] (/ (* (index q i c) (index k j c)) (call sqrt K)))"},
    {"sum[c] a[c] * b[c] + d", "(+ (sum[c] (* (index a c) (index b c))) d)"},
    {"2 * max[i, j] x[i, j]", "(* 2 (max[i j] (index x i j)))"},
    {"mean[i] (x[i] - 1)", "(mean[i] (- (index x i) 1))"},
    {"sum[i] max[j] x[i, j]", "(sum[i] (max[j] (index x i j)))"},
    {"min[i] 2 * x[i]", "(min[i] (* 2 (index x i)))"},
    {"sum[i]", "(index sum i)"},
    {"sum[i] - 1", "(- (index sum i) 1)"},
    {"sum[i] if a else b", "(if a (index sum i) b)"},
    {"sum[0] * x", "(* (index sum 0) x)"},
    {"total[i](x)", "(call (index total i) x)"},
    /* lines */
    {"a +\n b", "(+ a b)"},
    {"a and # why\n\n b", "(and a b)"},
    {"f(\n a\n ,\n b\n)\n", "(call f a b)"},
    {"[\n 1,\n 2\n]", "(list 1 2)"},
    {"(a\n + b)", "(+ a b)"},
    {"\n\n a\n\n", "a"},
    /* words that are keywords elsewhere */
    {"loss + output * label - state", "(- (+ loss (* output label)) state)"},
    {"in + model + train + test + config", "(+ (+ (+ (+ in model) train) test) config)"},
    {"param[segment].input(var = act)", "(call (. (index param segment) input) var=act)"},
};

START_TEST(test_expressions) { ck_assert_str_eq(shape(parse_value(expressions[_i].text)), expressions[_i].shape); }
END_TEST

START_TEST(test_bad_expression_is_null) {
  static const char *const texts[] = {"",     "1 +",     "a b",  "(a",   "a)", "let a = 1",
                                      "1; 2", "f(a = )", "a\nb", "\xFF", "$"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct diags *own = diags_new(arena);
    ck_assert_msg(!parse_expression(arena, own, source_span(text_source(texts[i]))), "%s", texts[i]);
    ck_assert_int_eq(diag_count(own, SEVERITY_ERROR), 1);
  }
}
END_TEST

/* -- declarations, members and statements -- */

START_TEST(test_declarations) {
  ck_assert_str_eq(tree_of("import nn\n"
                           "config a = 1, b = \"x\" in [\"x\", \"y\"],\n"
                           "       c\n"
                           "let S = a\n"
                           "fn f(x, y: [S] = z, n: int < 3, eps = 1.0) -> float { return x }\n"
                           "module M { }\n"
                           "module N(in, out = 2) { w = in }\n"
                           "test \"a \\\"b\\\"\" { assert a }\n"),
                   "import nn\n"
                   "config a\n"
                   "  number 1\n"
                   "config b\n"
                   "  string \"x\"\n"
                   "  choice\n"
                   "    string \"x\"\n"
                   "  choice\n"
                   "    string \"y\"\n"
                   "config c\n"
                   "let S\n"
                   "  name a\n"
                   "fn f\n"
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
                   "      name x\n"
                   "module M\n"
                   "module N\n"
                   "  parameter in\n"
                   "  parameter out\n"
                   "    default\n"
                   "      number 2\n"
                   "  field w\n"
                   "    name in\n"
                   "test \"a \\\"b\\\"\"\n"
                   "  body\n"
                   "    assert\n"
                   "      name a\n");
}
END_TEST

START_TEST(test_train) {
  ck_assert_str_eq(tree_of("train {\n"
                           "  optimizer sgd(lr = 1) for a.b, c\n"
                           "  batch 384; ema 0.5\n"
                           "}\n"),
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
                   "    number 0.5\n");
}
END_TEST

START_TEST(test_members) {
  ck_assert_str_eq(tree_of("model M {\n"
                           "  input i: int[S] < V - 1\n"
                           "  label l: int\n"
                           "  let n = 1\n"
                           "  if a { x = 1 } else if b { x = 2 }\n"
                           "  else { x = 3; y = 4 }\n"
                           "  param p: [2] ~ zeros if biased\n"
                           "  param q: [2] ~ zeros if a else ones if b\n"
                           "  buffer u: float ~ one\n"
                           "  state z: [2] = u\n"
                           "  fn (x) { return x }\n"
                           "  fn g() { return 1 }\n"
                           "  segment { output o = z }\n"
                           "  loss f(o)\n"
                           "  act q_learning()\n"
                           "}\n"),
                   "model M\n"
                   "  input i\n"
                   "    type int\n"
                   "      dim\n"
                   "        name S\n"
                   "      bound\n"
                   "        binary -\n"
                   "          name V\n"
                   "          number 1\n"
                   "  label l\n"
                   "    type int\n"
                   "  let n\n"
                   "    number 1\n"
                   "  if\n"
                   "    condition\n"
                   "      name a\n"
                   "    then\n"
                   "      field x\n"
                   "        number 1\n"
                   "    else\n"
                   "      if\n"
                   "        condition\n"
                   "          name b\n"
                   "        then\n"
                   "          field x\n"
                   "            number 2\n"
                   "        else\n"
                   "          field x\n"
                   "            number 3\n"
                   "          field y\n"
                   "            number 4\n"
                   "  param p\n"
                   "    type float\n"
                   "      dim\n"
                   "        number 2\n"
                   "    init\n"
                   "      name zeros\n"
                   "    if\n"
                   "      name biased\n"
                   "  param q\n"
                   "    type float\n"
                   "      dim\n"
                   "        number 2\n"
                   "    init\n"
                   "      conditional\n"
                   "        condition\n"
                   "          name a\n"
                   "        then\n"
                   "          name zeros\n"
                   "        else\n"
                   "          name ones\n"
                   "    if\n"
                   "      name b\n"
                   "  buffer u\n"
                   "    type float\n"
                   "    init\n"
                   "      name one\n"
                   "  state z\n"
                   "    type float\n"
                   "      dim\n"
                   "        number 2\n"
                   "    init\n"
                   "      name u\n"
                   "  fn\n"
                   "    parameter x\n"
                   "    body\n"
                   "      return\n"
                   "        name x\n"
                   "  fn g\n"
                   "    body\n"
                   "      return\n"
                   "        number 1\n"
                   "  segment\n"
                   "    body\n"
                   "      output o\n"
                   "        name z\n"
                   "  loss\n"
                   "    call\n"
                   "      name f\n"
                   "      argument\n"
                   "        name o\n"
                   "  act\n"
                   "    call\n"
                   "      name q_learning\n");
}
END_TEST

START_TEST(test_statements) {
  ck_assert_str_eq(tree_of("fn f() {\n"
                           "  let a = 1\n"
                           "  let b[i, j]: [2, 3] = 2\n"
                           "  var c: float = 3\n"
                           "  c = 4; repeat = 5\n"
                           "  for x in 0..n { c = x }; if a { return 1 }\n"
                           "  if a { } else if b { return 2 } else { return 3 }\n"
                           "  repeat 2 grad last k + 1 { c = 1 }\n"
                           "  repeat n grad all { repeat 1 grad none { } }\n"
                           "  return a\n"
                           "}\n"),
                   "fn f\n"
                   "  body\n"
                   "    let a\n"
                   "      number 1\n"
                   "    let b [i, j]\n"
                   "      type float\n"
                   "        dim\n"
                   "          number 2\n"
                   "        dim\n"
                   "          number 3\n"
                   "      number 2\n"
                   "    var c\n"
                   "      type float\n"
                   "      number 3\n"
                   "    assign c\n"
                   "      number 4\n"
                   "    assign repeat\n"
                   "      number 5\n"
                   "    for x\n"
                   "      in\n"
                   "        call\n"
                   "          name range\n"
                   "          argument\n"
                   "            number 0\n"
                   "          argument\n"
                   "            name n\n"
                   "      body\n"
                   "        assign c\n"
                   "          name x\n"
                   "    if\n"
                   "      condition\n"
                   "        name a\n"
                   "      then\n"
                   "        return\n"
                   "          number 1\n"
                   "    if\n"
                   "      condition\n"
                   "        name a\n"
                   "      then\n"
                   "      else\n"
                   "        if\n"
                   "          condition\n"
                   "            name b\n"
                   "          then\n"
                   "            return\n"
                   "              number 2\n"
                   "          else\n"
                   "            return\n"
                   "              number 3\n"
                   "    repeat grad last\n"
                   "      trips\n"
                   "        number 2\n"
                   "      last\n"
                   "        binary +\n"
                   "          name k\n"
                   "          number 1\n"
                   "      body\n"
                   "        assign c\n"
                   "          number 1\n"
                   "    repeat grad all\n"
                   "      trips\n"
                   "        name n\n"
                   "      body\n"
                   "        repeat grad none\n"
                   "          trips\n"
                   "            number 1\n"
                   "          body\n"
                   "    return\n"
                   "      name a\n");
}
END_TEST

/* -- places -- */

START_TEST(test_expression_places) {
  struct expr *e = parse_value(" f(x, key = (a + b) * c)[1:, z] ");
  ck_assert_str_eq(text_at(e->span), "f(x, key = (a + b) * c)[1:, z]");
  ck_assert_str_eq(text_at(e->index.subscripts[0].span), "1:");
  ck_assert_str_eq(text_at(e->index.subscripts[1].span), "z");
  const struct expr *call = e->index.base;
  ck_assert_str_eq(text_at(call->span), "f(x, key = (a + b) * c)");
  ck_assert_str_eq(text_at(call->call.arguments[1].name_span), "key");
  const struct expr *product = call->call.arguments[1].value;
  ck_assert_str_eq(text_at(product->span), "(a + b) * c");
  ck_assert_str_eq(text_at(product->binary.op_span), "*");
  ck_assert_str_eq(text_at(product->binary.left->span), "(a + b)");
}
END_TEST

START_TEST(test_more_expression_places) {
  static const char *const texts[] = {
      "a.b.c", "[1, 2]",   "(1, 2)", "-a ** b", "not a", "a if b else c", "sum[i] x[i] * y[i]",
      "0..n",  "\"text\"", "f()",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *padded = arena_printf(arena, "  %s  # comment", texts[i]);
    ck_assert_str_eq(text_at(parse_value(padded)->span), texts[i]);
  }
}
END_TEST

START_TEST(test_declaration_places) {
  struct ast_file *file = parse_well("config a = 1, b   # c\n"
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
  struct ast_file *file = parse_well("# one\r\nlet a = \"#\" # two\n\n#\n");
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
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) parse_well(texts[i]);
}
END_TEST

/* -- errors -- */

/* The places of the errors: "2:4 3:1". */
static char *error_places(const char *text) {
  diags = diags_new(arena);
  parse_file(arena, diags, text_source(text));
  char *places = arena_strdup(arena, ""), *found = messages();
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
                  cases[i].text, cases[i].places, messages());
}
END_TEST

START_TEST(test_errors_are_limited) {
  char *text = arena_strdup(arena, "");
  for (int i = 0; i < 100; i++) text = arena_printf(arena, "%slet a = )\n", text);
  parse_file(arena, diags, text_source(text));
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 20);
  ck_assert_ptr_nonnull(strstr(messages(), "t.hrm:20:9: error: too many syntax errors"));
}
END_TEST

/* -- depth -- */

static char *repeated(const char *part, int times) {
  size_t length = strlen(part);
  char *text = arena_alloc(arena, length * (size_t)times + 1);
  for (int i = 0; i < times; i++) memcpy(text + length * (size_t)i, part, length);
  return text;
}

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
  return arena_printf(arena, "%s%s%s%s%s\nlet b = 1\n", nestings[which].head, repeated(nestings[which].open, depth),
                      nestings[which].middle, repeated(nestings[which].close, depth), nestings[which].tail);
}

START_TEST(test_nesting) {
  tree_of(nested(_i, 190));
  parse_file(arena, diags, text_source(nested(_i, 100000)));
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 1);
  ck_assert_ptr_nonnull(strstr(messages(), "error: nested too deeply: at most 200 levels are allowed [E118]"));
}
END_TEST

START_TEST(test_unclosed_nesting) {
  parse_file(arena, diags,
             text_source(arena_printf(arena, "%s%s", nestings[_i].head, repeated(nestings[_i].open, 100000))));
  ck_assert_int_ge(diag_count(diags, SEVERITY_ERROR), 1);
}
END_TEST

/* Chains are not nested, but their tree is high. */
START_TEST(test_chains) {
  static const char *const links[] = {" + 1", " * 1", " and 1", " or 1", ".x", "(1)", "[1]"};
  const char *link = links[_i];
  parse_value(arena_printf(arena, "a%s", repeated(link, 499)));
  ck_assert_ptr_null(
      parse_expression(arena, diags, source_span(text_source(arena_printf(arena, "a%s", repeated(link, 100000))))));
  ck_assert_int_eq(diag_count(diags, SEVERITY_ERROR), 1);
  ck_assert_ptr_nonnull(strstr(messages(), "error: the expression has more than 500 levels"));
}
END_TEST

START_TEST(test_height_of_chains_within_chains) {
  char *text = arena_strdup(arena, "a");
  for (int i = 0; i < 100; i++) text = arena_printf(arena, "(%s%s)", text, repeated(" + 1", 100));
  ck_assert_ptr_null(parse_expression(arena, diags, source_span(text_source(text))));
  ck_assert_ptr_nonnull(strstr(messages(), "error: the expression has more than 500 levels"));
}
END_TEST

/* -- size and noise -- */

START_TEST(test_large_file) {
  enum { LINES = 100000 };
  struct ast_file *file = parse_well(repeated("let a = f(1, b) + c # d\n", LINES));
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
  ast_print(parse_file(arena, diags, text_source(text)), nowhere);
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
    ast_print(parse_file(arena, own, text_source(arena_strndup(arena, program, length))), nowhere);
    diag_print(own, nowhere, false);
  }
  fclose(nowhere);
}
END_TEST

static TCase *new_case(Suite *suite, const char *name) {
  TCase *tests = tcase_create(name);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  suite_add_tcase(suite, tests);
  return tests;
}

static void add_tree_tests(Suite *suite) {
  TCase *tests = new_case(suite, "trees");
  tcase_add_loop_test(tests, test_expressions, 0, sizeof expressions / sizeof *expressions);
  tcase_add_test(tests, test_bad_expression_is_null);
  tcase_add_test(tests, test_declarations);
  tcase_add_test(tests, test_train);
  tcase_add_test(tests, test_members);
  tcase_add_test(tests, test_statements);
  tcase_add_test(tests, test_expression_places);
  tcase_add_test(tests, test_more_expression_places);
  tcase_add_test(tests, test_declaration_places);
  tcase_add_test(tests, test_comments);
  tcase_add_test(tests, test_line_ends);
}

static void add_error_tests(Suite *suite) {
  TCase *tests = new_case(suite, "errors");
  tcase_add_test(tests, test_independent_errors);
  tcase_add_test(tests, test_errors_are_limited);
  tcase_add_loop_test(tests, test_nesting, 0, sizeof nestings / sizeof *nestings);
  tcase_add_loop_test(tests, test_unclosed_nesting, 0, sizeof nestings / sizeof *nestings);
  tcase_add_loop_test(tests, test_chains, 0, 7);
  tcase_add_test(tests, test_height_of_chains_within_chains);
  tcase_add_test(tests, test_large_file);
  tcase_add_loop_test(tests, test_noise, 0, 300);
  tcase_add_test(tests, test_prefixes);
}

int main(void) {
  Suite *suite = suite_create("parse");
  add_tree_tests(suite);
  add_error_tests(suite);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}

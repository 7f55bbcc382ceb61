/* Expressions: what trees texts have, and where their nodes are. */
#include "compiler/source.h"
#include "tests/parse_harness.h"
#include "tests/suite.h"

#include <check.h>

static struct arena *arena;

static void setup(void) { arena = arena_new(); }

static void teardown(void) { arena_free(arena); }

static char *text_at(struct span place) { return span_text(arena, place); }

/* -- trees, written as in Lisp -- */

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

START_TEST(test_expressions) {
  ck_assert_str_eq(shape(parse_value(arena, expressions[_i].text)), expressions[_i].shape);
}
END_TEST

START_TEST(test_bad_expression_is_null) {
  static const char *const texts[] = {"",     "1 +",     "a b",  "(a",   "a)", "let a = 1",
                                      "1; 2", "f(a = )", "a\nb", "\xFF", "$"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct diags *own = diags_new(arena);
    ck_assert_msg(!parse_expression(arena, own, source_span(text_source(arena, texts[i]))), "%s", texts[i]);
    ck_assert_int_eq(diag_count(own, SEVERITY_ERROR), 1);
  }
}
END_TEST

/* -- places -- */

START_TEST(test_expression_places) {
  struct expr *e = parse_value(arena, " f(x, key = (a + b) * c)[1:, z] ");
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
    ck_assert_str_eq(text_at(parse_value(arena, padded)->span), texts[i]);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("parse");
  TCase *tests = suite_case(suite, "parse", setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, test_expressions, 0, sizeof expressions / sizeof *expressions);
  tcase_add_test(tests, test_bad_expression_is_null);
  tcase_add_test(tests, test_expression_places);
  tcase_add_test(tests, test_more_expression_places);
  return suite_run(suite);
}

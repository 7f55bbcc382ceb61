#include "parser.h"

#include <string.h>

struct operator_row {
  enum token_kind token;
  enum binary_op op;
};

static const struct operator_row disjunctions[] = {{TOKEN_OR, BINARY_OR}, {0}};
static const struct operator_row conjunctions[] = {{TOKEN_AND, BINARY_AND}, {0}};
static const struct operator_row comparisons[] = {
    {TOKEN_EQUAL, BINARY_EQ},
    {TOKEN_NOT_EQUAL, BINARY_NE},
    {TOKEN_LESS, BINARY_LT},
    {TOKEN_LESS_EQUAL, BINARY_LE},
    {TOKEN_GREATER, BINARY_GT},
    {TOKEN_GREATER_EQUAL, BINARY_GE},
    {0},
};
static const struct operator_row sums[] = {{TOKEN_PLUS, BINARY_ADD}, {TOKEN_MINUS, BINARY_SUB}, {0}};
static const struct operator_row products[] = {
    {TOKEN_STAR, BINARY_MUL}, {TOKEN_SLASH, BINARY_DIV}, {TOKEN_AT, BINARY_MATMUL}, {0}};

static const char *const reductions[] = {"sum", "max", "min", "mean"};

/* -- nodes -- */

static struct expr *expr_new(struct parser *p, enum expr_kind kind, struct span span) {
  struct expr *e = arena_new_object(p->arena, struct expr);
  e->kind = kind;
  e->height = 1;
  e->span = span;
  return e;
}

static struct expr *nothing(struct parser *p) { return expr_new(p, EXPR_NUMBER, found_span(p)); }

/* Accounts for a part of an expression, and spans it. */
static void include(struct parser *p, struct expr *whole, const struct expr *part) {
  if (!part) return;
  whole->span = span_join(whole->span, part->span);
  if (part->height >= whole->height) whole->height = part->height + 1;
  if (whole->height > HEIGHT_LIMIT) parser_fail(p, MSG_EXPRESSION_TOO_HIGH, found_span(p), HEIGHT_LIMIT);
}

static struct expr *binary(struct parser *p, enum binary_op op, struct span op_span, struct expr *left,
                           struct expr *right) {
  struct expr *e = expr_new(p, EXPR_BINARY, left->span);
  e->binary.op = op;
  e->binary.op_span = op_span;
  e->binary.left = left;
  e->binary.right = right;
  include(p, e, left);
  include(p, e, right);
  return e;
}

static struct expr *unary(struct parser *p, enum unary_op op, struct span op_span, struct expr *operand) {
  struct expr *e = expr_new(p, EXPR_UNARY, op_span);
  e->unary.op = op;
  e->unary.operand = operand;
  include(p, e, operand);
  return e;
}

/* A part that can hold the same again: each adds a level of nesting. */
static struct expr *parse_nested(struct parser *p, struct expr *(*parse)(struct parser *)) {
  struct expr *e = parser_enter(p) ? parse(p) : nothing(p);
  parser_leave(p);
  return e;
}

/* -- lists -- */

struct expr_list {
  struct expr **items;
  int count, capacity;
};

static void parse_items(struct parser *p, struct expr_list *list, enum token_kind closing) {
  do arena_push(p->arena, list->items, list->count, list->capacity, parse_expr(p));
  while (parser_another_item(p, closing));
}

static struct expr *list_node(struct parser *p, enum expr_kind kind, const struct expr_list *list,
                              struct span opened) {
  struct expr *e = expr_new(p, kind, opened);
  e->list.items = list->items;
  e->list.count = list->count;
  for (int i = 0; i < list->count; i++) include(p, e, list->items[i]);
  return e;
}

static struct expr *parse_list(struct parser *p) {
  struct expr_list list = {0};
  struct span opened = parser_open_bracket(p);
  if (parser_peek(p) != TOKEN_RIGHT_BRACKET) parse_items(p, &list, TOKEN_RIGHT_BRACKET);
  parser_close_bracket(p, TOKEN_RIGHT_BRACKET, opened);
  struct expr *e = list_node(p, EXPR_LIST, &list, opened);
  e->span = span_since(p, opened);
  return e;
}

/* ( a ) is a itself; ( a, ) and ( a, b ) are tuples. */
static struct expr *parse_parentheses(struct parser *p) {
  struct expr_list list = {0};
  struct span opened = parser_open_bracket(p);
  struct expr *e = parse_expr(p);
  if (parser_accept(p, TOKEN_COMMA)) {
    arena_push(p->arena, list.items, list.count, list.capacity, e);
    if (parser_peek(p) != TOKEN_RIGHT_PAREN) parse_items(p, &list, TOKEN_RIGHT_PAREN);
    e = list_node(p, EXPR_TUPLE, &list, opened);
  }
  parser_close_bracket(p, TOKEN_RIGHT_PAREN, opened);
  e->span = span_since(p, opened);
  return e;
}

/* -- what binds tightest -- */

static struct expr *parse_number(struct parser *p) {
  struct expr *e = expr_new(p, EXPR_NUMBER, token_span(p));
  e->number.value = lex_number(p->source, parser_take(p), &e->number.is_integer);
  return e;
}

static struct expr *parse_string(struct parser *p) {
  struct expr *e = expr_new(p, EXPR_STRING, token_span(p));
  e->string = lex_string(p->arena, p->source, parser_take(p));
  return e;
}

static struct expr *parse_name(struct parser *p) {
  struct ident name = parser_expect_name(p, "a name");
  struct expr *e = expr_new(p, EXPR_NAME, name.span);
  e->name = name.text;
  return e;
}

static bool begins_operand(enum token_kind kind) {
  return kind == TOKEN_NUMBER || kind == TOKEN_STRING || kind == TOKEN_NAME || kind == TOKEN_LEFT_PAREN;
}

/* sum[i, j] with an operand behind it on the same line; sum[i] alone is an index. */
static bool at_reduction(struct parser *p) {
  bool is_reduction = false;
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++)
    if (parser_at_word(p, reductions[i])) is_reduction = true;
  if (!is_reduction || parser_peek_ahead(p, 1) != TOKEN_LEFT_BRACKET) return false;
  int ahead = 2;
  while (parser_peek_ahead(p, ahead) == TOKEN_NAME && parser_peek_ahead(p, ahead + 1) == TOKEN_COMMA) ahead += 2;
  return parser_peek_ahead(p, ahead) == TOKEN_NAME && parser_peek_ahead(p, ahead + 1) == TOKEN_RIGHT_BRACKET &&
         begins_operand(parser_peek_ahead(p, ahead + 2));
}

static struct expr *parse_product(struct parser *p);

static struct expr *parse_reduction(struct parser *p) {
  struct ident name = parser_expect_name(p, "a reduction");
  struct expr *e = expr_new(p, EXPR_REDUCE, name.span);
  e->reduce.reduction = name;
  e->reduce.indices = parse_indices(p, &e->reduce.count);
  e->reduce.body = parse_nested(p, parse_product);
  include(p, e, e->reduce.body);
  return e;
}

static struct expr *parse_word(struct parser *p) {
  if (at_reduction(p)) return parse_reduction(p);
  if (!at_declaration(p)) return parse_name(p);
  parser_fail_expected(p, "an expression");
  return nothing(p);
}

static struct expr *parse_primary(struct parser *p) {
  switch (parser_peek(p)) {
  case TOKEN_NUMBER: return parse_number(p);
  case TOKEN_STRING: return parse_string(p);
  case TOKEN_NAME: return parse_word(p);
  case TOKEN_LEFT_PAREN: return parse_parentheses(p);
  case TOKEN_LEFT_BRACKET: return parse_list(p);
  default: parser_fail_expected(p, "an expression"); return nothing(p);
  }
}

/* -- fields, calls and indices -- */

static struct expr *parse_field(struct parser *p, struct expr *base) {
  parser_take(p);
  struct expr *e = expr_new(p, EXPR_FIELD, base->span);
  e->field.base = base;
  e->field.name = parser_expect_name(p, "the name of a field");
  include(p, e, base);
  return e;
}

static struct argument parse_argument(struct parser *p, bool follows_named) {
  struct argument argument = {0};
  if (parser_peek(p) == TOKEN_NAME && parser_peek_ahead(p, 1) == TOKEN_ASSIGN) {
    struct ident name = parser_expect_name(p, "the name of an argument");
    parser_take(p);
    argument.name = name.text;
    argument.name_span = name.span;
  }
  argument.value = parse_expr(p);
  if (follows_named && !argument.name) parser_fail(p, MSG_POSITIONAL_AFTER_NAMED, argument.value->span);
  return argument;
}

static struct expr *parse_call(struct parser *p, struct expr *callee) {
  struct expr *e = expr_new(p, EXPR_CALL, callee->span);
  e->call.callee = callee;
  include(p, e, callee);
  struct span opened = parser_open_bracket(p);
  int capacity = 0;
  bool is_named = false;
  for (bool more = parser_peek(p) != TOKEN_RIGHT_PAREN; more; more = parser_another_item(p, TOKEN_RIGHT_PAREN)) {
    struct argument argument = parse_argument(p, is_named);
    is_named = argument.name != NULL;
    arena_push(p->arena, e->call.arguments, e->call.count, capacity, argument);
    include(p, e, argument.value);
  }
  parser_close_bracket(p, TOKEN_RIGHT_PAREN, opened);
  return e;
}

static bool ends_subscript_part(enum token_kind kind) {
  return kind == TOKEN_COLON || kind == TOKEN_COMMA || kind == TOKEN_RIGHT_BRACKET;
}

/* One of the parts of first:last:step, each of which may be missing. */
static struct expr *parse_slice_part(struct parser *p) {
  return ends_subscript_part(parser_peek(p)) ? NULL : parse_expr(p);
}

static struct subscript parse_subscript(struct parser *p) {
  struct subscript subscript = {.span = token_span(p)};
  struct expr *first = parser_peek(p) == TOKEN_COLON ? NULL : parse_expr(p);
  if (parser_accept(p, TOKEN_COLON)) {
    subscript.is_slice = true;
    subscript.first = first;
    subscript.last = parse_slice_part(p);
    if (parser_accept(p, TOKEN_COLON)) subscript.step = parse_slice_part(p);
  } else {
    subscript.value = first;
  }
  subscript.span = span_since(p, subscript.span);
  return subscript;
}

static struct expr *parse_index(struct parser *p, struct expr *base) {
  struct expr *e = expr_new(p, EXPR_INDEX, base->span);
  e->index.base = base;
  include(p, e, base);
  struct span opened = parser_open_bracket(p);
  int capacity = 0;
  do {
    struct subscript subscript = parse_subscript(p);
    arena_push(p->arena, e->index.subscripts, e->index.count, capacity, subscript);
    include(p, e, subscript.value);
    include(p, e, subscript.first);
    include(p, e, subscript.last);
    include(p, e, subscript.step);
  } while (parser_another_item(p, TOKEN_RIGHT_BRACKET));
  parser_close_bracket(p, TOKEN_RIGHT_BRACKET, opened);
  return e;
}

struct expr *parse_postfix(struct parser *p) {
  struct span first = token_span(p);
  struct expr *e = parse_primary(p);
  for (;;) {
    switch (parser_peek(p)) {
    case TOKEN_DOT: e = parse_field(p, e); break;
    case TOKEN_LEFT_PAREN: e = parse_call(p, e); break;
    case TOKEN_LEFT_BRACKET: e = parse_index(p, e); break;
    default: return e;
    }
    e->span = span_since(p, first);
  }
}

/* -- operators, from the tightest to the loosest -- */

static struct expr *parse_negation(struct parser *p);

/* Associates to the right; the exponent may be negated: 10 ** -3. */
static struct expr *parse_power(struct parser *p) {
  struct expr *base = parse_postfix(p);
  struct span op_span = token_span(p);
  if (!parser_accept(p, TOKEN_POWER)) return base;
  return binary(p, BINARY_POWER, op_span, base, parse_nested(p, parse_negation));
}

static struct expr *parse_negation(struct parser *p) {
  struct span op_span = token_span(p);
  if (!parser_accept(p, TOKEN_MINUS)) return parse_power(p);
  return unary(p, UNARY_NEGATE, op_span, parse_nested(p, parse_negation));
}

static const struct operator_row *find_operator(struct parser *p, const struct operator_row *rows) {
  for (; rows->token; rows++)
    if (parser_peek(p) == rows->token) return rows;
  return NULL;
}

/* A chain of operators of one precedence, which associates to the left. */
static struct expr *parse_chain(struct parser *p, const struct operator_row *rows,
                                struct expr *(*parse_operand)(struct parser *)) {
  struct expr *left = parse_operand(p);
  for (const struct operator_row *row; (row = find_operator(p, rows));) {
    struct span op_span = token_span(p);
    parser_take(p);
    left = binary(p, row->op, op_span, left, parse_operand(p));
  }
  return left;
}

static struct expr *parse_product(struct parser *p) { return parse_chain(p, products, parse_negation); }

struct expr *parse_sum(struct parser *p) {
  return parse_chain(p, sums, parse_product);
}

/* first..last is the call range(first, last). */
static struct expr *parse_range(struct parser *p) {
  struct expr *first = parse_sum(p);
  struct span op_span = token_span(p);
  if (!parser_accept(p, TOKEN_RANGE)) return first;
  struct expr *e = expr_new(p, EXPR_CALL, first->span);
  e->call.callee = expr_new(p, EXPR_NAME, op_span);
  e->call.callee->name = "range";
  e->call.count = 2;
  e->call.arguments = arena_new_array(p->arena, struct argument, 2);
  e->call.arguments[0].value = first;
  e->call.arguments[1].value = parse_sum(p);
  for (int i = 0; i < 2; i++) include(p, e, e->call.arguments[i].value);
  return e;
}

static struct expr *parse_comparison(struct parser *p) {
  struct expr *left = parse_range(p);
  const struct operator_row *row = find_operator(p, comparisons);
  if (!row) return left;
  struct span op_span = token_span(p);
  parser_take(p);
  struct expr *e = binary(p, row->op, op_span, left, parse_range(p));
  if (find_operator(p, comparisons)) {
    struct diag *diagnostic = parser_fail(p, MSG_CHAINED_COMPARISON, token_span(p));
    if (diagnostic) diag_range(p->diags, diagnostic, op_span, "the first comparison");
  }
  return e;
}

static struct expr *parse_not(struct parser *p) {
  struct span op_span = token_span(p);
  if (!parser_accept(p, TOKEN_NOT)) return parse_comparison(p);
  return unary(p, UNARY_NOT, op_span, parse_nested(p, parse_not));
}

static struct expr *parse_and(struct parser *p) { return parse_chain(p, conjunctions, parse_not); }

static struct expr *parse_or(struct parser *p) { return parse_chain(p, disjunctions, parse_and); }

static struct expr *conditional(struct parser *p, struct expr *then, struct expr *condition, struct expr *otherwise) {
  struct expr *e = expr_new(p, EXPR_CONDITIONAL, then->span);
  e->conditional.condition = condition;
  e->conditional.then = then;
  e->conditional.otherwise = otherwise;
  include(p, e, then);
  include(p, e, condition);
  include(p, e, otherwise);
  return e;
}

static struct expr *parse_choice(struct parser *p, struct expr **trailing);

/* `if c else b`, behind a; without else, c is given to *trailing where that is wanted. */
static struct expr *parse_alternative(struct parser *p, struct expr *then, struct expr **trailing) {
  struct expr *condition = parse_or(p);
  if (parser_accept(p, TOKEN_ELSE)) return conditional(p, then, condition, parse_choice(p, trailing));
  if (trailing)
    *trailing = condition;
  else
    parser_fail(p, MSG_MISSING_ELSE, found_span(p), found_text(p));
  return then;
}

static struct expr *parse_choice(struct parser *p, struct expr **trailing) {
  struct expr *e = parser_enter(p) ? parse_or(p) : nothing(p);
  if (parser_accept(p, TOKEN_IF)) e = parse_alternative(p, e, trailing);
  parser_leave(p);
  return e;
}

struct expr *parse_expr(struct parser *p) {
  return parse_choice(p, NULL);
}

struct expr *parse_condition(struct parser *p) {
  struct expr *condition = parse_expr(p);
  if (parser_peek(p) != TOKEN_ASSIGN) return condition;
  struct diag *diagnostic = parser_fail_expected(p, "'{'");
  if (diagnostic) diag_note(p->diags, diagnostic, (struct span){0}, "to compare two values, write '=='");
  return condition;
}

struct expr *parse_expr_with_condition(struct parser *p, struct expr **condition) {
  *condition = NULL;
  return parse_choice(p, condition);
}

#include "parser.h"

struct stmt_list {
  struct stmt **items;
  int count, capacity;
};

/* The forms of a statement; each is parsed behind its keyword. */
struct stmt_form {
  const char *word;
  enum stmt_kind kind;
  void (*parse)(struct parser *p, struct stmt *stmt);
};

static parse_line_fn parse_statement;

struct block parse_block(struct parser *p) {
  struct stmt_list list = {0};
  bool was_in_statements = p->in_statements;
  p->in_statements = true;
  parse_braces(p, parse_statement, &list);
  p->in_statements = was_in_statements;
  return (struct block){list.items, list.count};
}

/* name = e, with index variables and a type where the statement makes a new name */
static void parse_binding(struct parser *p, struct stmt *stmt) {
  stmt->bind.name = parser_expect_name(p, "the name of the value");
  if (stmt->kind == STMT_LET) stmt->bind.indices = parse_indices(p, &stmt->bind.index_count);
  if (stmt->kind == STMT_LET || stmt->kind == STMT_VAR) stmt->bind.type = parse_optional_type(p);
  parser_expect(p, TOKEN_ASSIGN);
  stmt->bind.value = parse_expr(p);
}

static void parse_value(struct parser *p, struct stmt *stmt) { stmt->value = parse_expr(p); }

static void parse_require(struct parser *p, struct stmt *stmt) { stmt->require = parse_requirement(p); }

static void parse_for(struct parser *p, struct stmt *stmt) {
  stmt->loop.name = parser_expect_name(p, "the name of the loop's variable");
  parser_expect_word(p, "in");
  stmt->loop.over = parse_expr(p);
  stmt->loop.body = parse_block(p);
}

static struct block parse_else(struct parser *p);

static void parse_if(struct parser *p, struct stmt *stmt) {
  stmt->branch.condition = parse_condition(p);
  stmt->branch.then = parse_block(p);
  if (parser_accept_else(p)) stmt->branch.otherwise = parse_else(p);
}

/* `else if` is an else block that holds one statement. */
static struct block parse_else(struct parser *p) {
  struct stmt_list list = {0};
  if (parser_peek(p) != TOKEN_IF) return parse_block(p);
  if (parser_enter(p)) parse_statement(p, &list);
  parser_leave(p);
  return (struct block){list.items, list.count};
}

static void parse_horizon(struct parser *p, struct stmt *stmt) {
  struct span first = token_span(p);
  stmt->repeat.horizon = HORIZON_NONE;
  if (!parser_accept_word(p, "grad")) {
    parser_fail(p, MSG_MISSING_HORIZON, found_span(p), found_text(p));
  } else if (parser_accept_word(p, "all")) {
    stmt->repeat.horizon = HORIZON_ALL;
  } else if (parser_accept_word(p, "last")) {
    stmt->repeat.horizon = HORIZON_LAST;
    stmt->repeat.last = parse_expr(p);
  } else if (!parser_accept_word(p, "none")) {
    parser_fail(p, MSG_MISSING_HORIZON, found_span(p), found_text(p));
  }
  if (stmt->repeat.horizon != HORIZON_NONE) stmt->repeat.is_checkpoint = parser_accept_word(p, "checkpoint");
  stmt->repeat.horizon_span = span_since(p, first);
}

static void parse_repeat(struct parser *p, struct stmt *stmt) {
  stmt->repeat.trips = parse_expr(p);
  parse_horizon(p, stmt);
  stmt->repeat.body = parse_block(p);
}

static const struct stmt_form forms[] = {
    {"let", STMT_LET, parse_binding},
    {"var", STMT_VAR, parse_binding},
    {"return", STMT_RETURN, parse_value},
    {"for", STMT_FOR, parse_for},
    {"if", STMT_IF, parse_if},
    {"repeat", STMT_REPEAT, parse_repeat},
    {"output", STMT_OUTPUT, parse_binding},
    {"assert", STMT_ASSERT, parse_value},
    {"require", STMT_REQUIRE, parse_require},
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

static bool is_element_assignment(struct parser *p, const struct expr *e) {
  return parser_peek(p) == TOKEN_ASSIGN && e->kind == EXPR_INDEX && e->index.base->kind == EXPR_NAME;
}

/* A line that is an expression: a forgotten `let` or `return`, or an assignment to what is no variable. */
static void fail_expression(struct parser *p) {
  struct expr *e = parse_expr(p);
  if (is_element_assignment(p, e))
    parser_fail(p, MSG_ELEMENT_ASSIGNED, e->span, e->index.base->name);
  else if (parser_peek(p) == TOKEN_ASSIGN)
    parser_fail(p, MSG_PLACE_NOT_ASSIGNABLE, e->span);
  else if (parser_peek(p) == TOKEN_LINE_END || parser_peek(p) == TOKEN_SEMICOLON ||
           parser_peek(p) == TOKEN_RIGHT_BRACE)
    parser_fail(p, MSG_EXPRESSION_LINE, e->span);
  else
    parser_fail_expected(p, "the end of the line");
}

static bool begins_expression(struct parser *p) {
  enum token_kind next = parser_peek_ahead(p, 1);
  return parser_peek(p) == TOKEN_NUMBER || parser_peek(p) == TOKEN_STRING || parser_peek(p) == TOKEN_LEFT_PAREN ||
         parser_peek(p) == TOKEN_NOT ||
         (parser_peek(p) == TOKEN_NAME && next != TOKEN_NAME && next != TOKEN_NUMBER && next != TOKEN_STRING);
}

static void fail_statement(struct parser *p) {
  if (begins_expression(p)) {
    fail_expression(p);
    return;
  }
  const char *words[FORM_COUNT];
  for (int i = 0; i < FORM_COUNT; i++) words[i] = forms[i].word;
  parser_fail_line(p, "a statement", words, FORM_COUNT);
}

static void parse_form(struct parser *p, struct stmt *stmt) {
  for (int i = 0; i < FORM_COUNT; i++) {
    if (!parser_at_keyword(p, forms[i].word)) continue;
    parser_take(p);
    stmt->kind = forms[i].kind;
    forms[i].parse(p, stmt);
    return;
  }
  stmt->kind = STMT_ASSIGN;
  if (parser_peek(p) == TOKEN_NAME && parser_peek_ahead(p, 1) == TOKEN_ASSIGN)
    parse_binding(p, stmt);
  else
    fail_statement(p);
}

static void parse_statement(struct parser *p, void *into) {
  struct stmt_list *list = into;
  struct stmt *stmt = arena_new_object(p->arena, struct stmt);
  struct span first = token_span(p);
  parse_form(p, stmt);
  stmt->span = span_since(p, first);
  if (!p->failed) arena_push(p->arena, list->items, list->count, list->capacity, stmt);
}

#include "parser.h"

struct member_list {
  struct member **items;
  int count, capacity;
};

/* The forms of a member; each is parsed behind its keyword. */
struct member_form {
  const char *word;
  enum member_kind kind;
  bool model_only;
  void (*parse)(struct parser *p, struct member *member);
};

static parse_line_fn parse_member;

struct members parse_members(struct parser *p) {
  struct member_list list = {0};
  parse_braces(p, parse_member, &list);
  return (struct members){list.items, list.count};
}

/* name = e */
static void parse_named_value(struct parser *p, struct member *member) {
  member->name = parser_expect_name(p, "the name of the value");
  parser_expect(p, TOKEN_ASSIGN);
  member->value = parse_expr(p);
}

static void parse_value(struct parser *p, struct member *member) { member->value = parse_expr(p); }

static void parse_require(struct parser *p, struct member *member) { member->require = parse_requirement(p); }

/* name: type */
static void parse_tensor(struct parser *p, struct member *member) {
  member->name = parser_expect_name(p, "the name of the tensor");
  parser_expect(p, TOKEN_COLON);
  member->tensor.type = parse_type(p);
}

/* name: type ~ initialiser [if condition] */
static void parse_weight(struct parser *p, struct member *member) {
  parse_tensor(p, member);
  parser_expect(p, TOKEN_TILDE);
  member->tensor.init = parse_expr_with_condition(p, &member->tensor.condition);
}

/* name: type = e */
static void parse_state(struct parser *p, struct member *member) {
  parse_tensor(p, member);
  parser_expect(p, TOKEN_ASSIGN);
  member->tensor.init = parse_expr(p);
}

static void parse_member_fn(struct parser *p, struct member *member) {
  member->fn = parse_fn(p, false);
  member->name = member->fn->name;
}

static void parse_segment(struct parser *p, struct member *member) { member->segment = parse_block(p); }

static struct members parse_else(struct parser *p);

static void parse_if(struct parser *p, struct member *member) {
  member->branch.condition = parse_condition(p);
  member->branch.then = parse_members(p);
  if (parser_accept_else(p)) member->branch.otherwise = parse_else(p);
}

/* `else if` is an else part that holds one member. */
static struct members parse_else(struct parser *p) {
  struct member_list list = {0};
  if (parser_peek(p) != TOKEN_IF) return parse_members(p);
  if (parser_enter(p)) parse_member(p, &list);
  parser_leave(p);
  return (struct members){list.items, list.count};
}

static const struct member_form forms[] = {
    {"let", MEMBER_LET, false, parse_named_value},    {"param", MEMBER_PARAM, false, parse_weight},
    {"buffer", MEMBER_BUFFER, false, parse_weight},   {"include", MEMBER_INCLUDE, false, parse_value},
    {"fn", MEMBER_FN, false, parse_member_fn},        {"if", MEMBER_IF, false, parse_if},
    {"input", MEMBER_INPUT, true, parse_tensor},      {"label", MEMBER_LABEL, true, parse_tensor},
    {"state", MEMBER_STATE, true, parse_state},       {"noise", MEMBER_NOISE, true, parse_tensor},
    {"segment", MEMBER_SEGMENT, true, parse_segment}, {"loss", MEMBER_LOSS, true, parse_value},
    {"act", MEMBER_ACT, true, parse_value},           {"require", MEMBER_REQUIRE, false, parse_require},
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

static void fail_member(struct parser *p) {
  const char *words[FORM_COUNT];
  for (int i = 0; i < FORM_COUNT; i++) words[i] = forms[i].word;
  parser_fail_line(p, p->in_model ? "a member of the model" : "a member of the module", words, FORM_COUNT);
}

static void parse_form(struct parser *p, struct member *member) {
  for (int i = 0; i < FORM_COUNT; i++) {
    if (!parser_at_keyword(p, forms[i].word)) continue;
    if (forms[i].model_only && !p->in_model) parser_fail(p, MSG_MODEL_ONLY, token_span(p), forms[i].word);
    parser_take(p);
    member->kind = forms[i].kind;
    forms[i].parse(p, member);
    return;
  }
  member->kind = MEMBER_FIELD;
  if (parser_peek(p) == TOKEN_NAME && parser_peek_ahead(p, 1) == TOKEN_ASSIGN)
    parse_named_value(p, member);
  else
    fail_member(p);
}

static void parse_member(struct parser *p, void *into) {
  struct member_list *list = into;
  struct member *member = arena_new_object(p->arena, struct member);
  struct span first = token_span(p);
  parse_form(p, member);
  member->span = span_since(p, first);
  if (!p->failed) arena_push(p->arena, list->items, list->count, list->capacity, member);
}

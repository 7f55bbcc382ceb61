/* Requirements: require condition, "message with {names}", and require name in [a, b]. */
#include "parser.h"

#include <string.h>

struct expr **parse_choices(struct parser *p, int *count) {
  struct expr **choices = NULL;
  int capacity = 0;
  *count = 0;
  if (parser_peek(p) != TOKEN_LEFT_BRACKET) {
    parser_fail_expected(p, "'[' and the list of values");
    return NULL;
  }
  struct span opened = parser_open_bracket(p);
  do arena_push(p->arena, choices, *count, capacity, parse_expr(p));
  while (parser_another_item(p, TOKEN_RIGHT_BRACKET));
  parser_close_bracket(p, TOKEN_RIGHT_BRACKET, opened);
  return choices;
}

/* The string's text between two places, its escapes resolved. */
static const char *text_between(struct parser *p, uint32_t begin, uint32_t end) {
  struct token quoted = {.kind = TOKEN_STRING, .begin = begin - 1, .end = end + 1};
  return lex_string(p->arena, p->source, quoted);
}

static bool is_name(const char *text, uint32_t length) {
  uint32_t letters = 0;
  while (letters < length &&
         (text[letters] == '_' || (text[letters] >= '0' && text[letters] <= '9') ||
          (text[letters] >= 'a' && text[letters] <= 'z') || (text[letters] >= 'A' && text[letters] <= 'Z')))
    letters++;
  return length > 0 && letters == length && (text[0] < '0' || text[0] > '9');
}

/* The name in the braces that open at a place; NULL after an error. */
static struct expr *braced_name(struct parser *p, uint32_t open, uint32_t end, uint32_t *behind) {
  const char *text = p->source->text;
  uint32_t close = open;
  while (close < end && text[close] != '}') close++;
  *behind = close < end ? close + 1 : end;
  if (close == end || !is_name(text + open + 1, close - open - 1)) {
    parser_fail(p, MSG_MESSAGE_NAME, (struct span){p->source, open, *behind});
    return NULL;
  }
  struct expr *e = arena_new_object(p->arena, struct expr);
  *e = (struct expr){.kind = EXPR_NAME, .height = 1, .span = {p->source, open + 1, close}};
  e->name = arena_strndup(p->arena, text + open + 1, close - open - 1);
  return e;
}

static void parse_message(struct parser *p, struct requirement *r) {
  int capacity = 0;
  if (parser_peek(p) != TOKEN_STRING) {
    parser_fail_expected(p, "the message as a string");
    return;
  }
  struct token token = parser_take(p);
  uint32_t begin = token.begin + 1, end = token.end - 1;
  for (uint32_t at = begin; at < end && !p->failed;) {
    bool is_open = p->source->text[at] == '{';
    if (!is_open && ++at < end) continue;
    struct message_part part = {.text = text_between(p, begin, at)};
    if (is_open) part.name = braced_name(p, at, end, &at);
    begin = at;
    arena_push(p->arena, r->parts, r->part_count, capacity, part);
  }
}

struct requirement *parse_requirement(struct parser *p) {
  struct requirement *r = arena_new_object(p->arena, struct requirement);
  r->value = parse_expr(p);
  if (parser_accept_word(p, "in")) {
    r->choices = parse_choices(p, &r->choice_count);
  } else if (parser_accept(p, TOKEN_COMMA)) {
    parse_message(p, r);
  } else {
    parser_fail_expected(p, "',' and a message, or 'in' and a list of values");
  }
  return r;
}

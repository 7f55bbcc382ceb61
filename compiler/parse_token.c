#include "parser.h"

#include "utf8.h"

#include <string.h>

enum { LONGEST_SHOWN = 40 /* bytes of a token in a message */ };

enum token_kind parser_peek(struct parser *p) {
  if (p->failed) return TOKEN_END;
  while (p->brackets && p->tokens[p->at].kind == TOKEN_LINE_END) p->at++;
  return p->tokens[p->at].kind;
}

enum token_kind parser_peek_ahead(struct parser *p, int ahead) {
  if (parser_peek(p) == TOKEN_END) return TOKEN_END;
  for (int i = p->at; i < p->count; i++) {
    bool is_passed_over = p->brackets && p->tokens[i].kind == TOKEN_LINE_END;
    if (!is_passed_over && ahead-- == 0) return p->tokens[i].kind;
  }
  return TOKEN_END;
}

static struct span span_of(const struct parser *p, int index) {
  return (struct span){p->source, p->tokens[index].begin, p->tokens[index].end};
}

bool is_first_on_line(const struct parser *p, int index) {
  uint32_t begin = index ? p->tokens[index - 1].begin : 0;
  return !index || memchr(p->source->text + begin, '\n', p->tokens[index].begin - begin);
}

static bool token_is(const struct parser *p, int index, const char *word) {
  struct span span = span_of(p, index);
  size_t length = span.end - span.begin;
  return strlen(word) == length && !memcmp(p->source->text + span.begin, word, length);
}

bool parser_at_word(struct parser *p, const char *word) {
  return parser_peek(p) != TOKEN_END && token_is(p, p->at, word);
}

struct span token_span(struct parser *p) {
  parser_peek(p);
  return span_of(p, p->at);
}

struct span span_since(struct parser *p, struct span first) {
  if (p->taken < 0) return first;
  return span_join(first, span_of(p, p->taken));
}

struct token parser_take(struct parser *p) {
  if (parser_peek(p) == TOKEN_END) return p->tokens[p->count - 1];
  if (p->tokens[p->at].kind != TOKEN_LINE_END) p->taken = p->at;
  return p->tokens[p->at++];
}

bool parser_accept(struct parser *p, enum token_kind kind) {
  if (parser_peek(p) != kind || kind == TOKEN_END) return false;
  parser_take(p);
  return true;
}

bool parser_accept_word(struct parser *p, const char *word) {
  if (!parser_at_word(p, word)) return false;
  parser_take(p);
  return true;
}

static void fail_expected_quoted(struct parser *p, const char *text) {
  if (!p->failed) parser_fail_expected(p, arena_printf(p->arena, "'%s'", text));
}

void parser_expect(struct parser *p, enum token_kind kind) {
  if (!parser_accept(p, kind)) fail_expected_quoted(p, token_kind_text(kind));
}

void parser_expect_word(struct parser *p, const char *word) {
  if (!parser_accept_word(p, word)) fail_expected_quoted(p, word);
}

struct ident parser_expect_name(struct parser *p, const char *what) {
  struct span span = token_span(p);
  if (parser_peek(p) == TOKEN_NAME) {
    parser_take(p);
    return (struct ident){arena_strndup(p->arena, p->source->text + span.begin, span.end - span.begin), span};
  }
  if (token_is_reserved(parser_peek(p)))
    parser_fail(p, MSG_RESERVED_WORD, span, what, token_kind_text(parser_peek(p)));
  else
    parser_fail_expected(p, what);
  return (struct ident){"", span};
}

struct span parser_open_bracket(struct parser *p) {
  struct span opened = token_span(p);
  parser_take(p);
  p->brackets++;
  return opened;
}

void parser_close_bracket(struct parser *p, enum token_kind closing, struct span opened) {
  if (parser_peek(p) == closing) {
    parser_take(p);
    p->brackets--;
    return;
  }
  struct diag *diagnostic = parser_fail_expected(p, closing == TOKEN_RIGHT_PAREN ? "',' or ')'" : "',' or ']'");
  if (diagnostic) diag_range(p->diags, diagnostic, opened, "opened here");
}

bool parser_another_item(struct parser *p, enum token_kind closing) {
  return parser_accept(p, TOKEN_COMMA) && parser_peek(p) != closing;
}

/* Gives up: the rest of the file is not read, and not reported as missing. */
static void stop(struct parser *p) { p->last_error_at = p->at = p->count - 1; }

/* Records a failure; whether it is to be reported. */
static bool record_failure(struct parser *p) {
  if (p->failed) return false;
  p->failed = true;
  if (p->last_error_at == p->at) return false;
  p->last_error_at = p->at;
  if (++p->error_count < ERROR_LIMIT) return true;
  diag_report(p->diags, MSG_TOO_MANY_ERRORS, span_of(p, p->at));
  stop(p);
  return false;
}

struct diag *parser_fail(struct parser *p, enum message message, struct span place, ...) {
  bool is_bad_token = parser_peek(p) == TOKEN_ERROR;
  if (!record_failure(p)) return NULL;
  if (is_bad_token) {
    lex_report(p->arena, p->diags, p->source, p->tokens[p->at]);
    return NULL;
  }
  va_list arguments;
  va_start(arguments, place);
  struct diag *diagnostic = diag_vreport(p->diags, message, place, arguments);
  va_end(arguments);
  return diagnostic;
}

/* Where the current line was only continued because of how the line before ends, that may be the mistake. */
static void note_continuation(struct parser *p, struct diag *diagnostic) {
  bool is_continued = p->taken >= 0 && token_continues_line(p->tokens[p->taken].kind);
  if (!diagnostic || p->brackets || !is_continued || !is_first_on_line(p, p->at)) return;
  diag_note(p->diags, diagnostic, span_of(p, p->taken), "the line before continues, because it ends with '%s'",
            token_kind_text(p->tokens[p->taken].kind));
}

struct diag *parser_fail_expected(struct parser *p, const char *what) {
  struct diag *diagnostic = parser_fail(p, MSG_EXPECTED, found_span(p), what, found_text(p));
  note_continuation(p, diagnostic);
  return diagnostic;
}

const char *found_text(struct parser *p) {
  enum token_kind kind = parser_peek(p);
  if (kind == TOKEN_END || kind == TOKEN_LINE_END) return token_kind_text(kind);
  struct span span = token_span(p);
  const char *text = p->source->text + span.begin;
  int length = (int)(span.end - span.begin), shown = 0;
  while (shown < length && shown < LONGEST_SHOWN) shown += utf8_step(text + shown, (size_t)(length - shown));
  const char *ellipsis = shown < length ? "..." : "";
  return arena_printf(p->arena, kind == TOKEN_STRING ? "%.*s%s" : "'%.*s%s'", shown, text, ellipsis);
}

struct span found_span(struct parser *p) {
  enum token_kind kind = parser_peek(p);
  bool is_on_later_line = p->brackets && is_first_on_line(p, p->at);
  if (kind != TOKEN_LINE_END && kind != TOKEN_END && !is_on_later_line) return token_span(p);
  uint32_t end = p->taken < 0 ? 0 : p->tokens[p->taken].end;
  return (struct span){p->source, end, end};
}

bool parser_enter(struct parser *p) {
  p->nesting++;
  if (p->nesting <= NESTING_LIMIT) return true;
  parser_fail(p, MSG_TOO_DEEP, found_span(p), NESTING_LIMIT);
  stop(p);
  return false;
}

void parser_leave(struct parser *p) { p->nesting--; }

#include "parser.h"

#include "source.h"
#include "runtime/nearest.h"

static bool ends_line(enum token_kind kind) { return kind == TOKEN_LINE_END || kind == TOKEN_SEMICOLON; }

static bool ends_block(enum token_kind kind) { return kind == TOKEN_RIGHT_BRACE || kind == TOKEN_END; }

static void skip_line_ends(struct parser *p) {
  while (ends_line(parser_peek(p))) parser_take(p);
}

static void end_line(struct parser *p) {
  if (ends_line(parser_peek(p)))
    parser_take(p);
  else if (!ends_block(parser_peek(p)))
    parser_fail_expected(p, "the end of the line");
}

bool at_declaration(struct parser *p) {
  static const struct {
    const char *word;
    enum token_kind next;
  } forms[] = {
      {"import", TOKEN_NAME}, {"config", TOKEN_NAME},      {"module", TOKEN_NAME},
      {"model", TOKEN_NAME},  {"train", TOKEN_LEFT_BRACE}, {"test", TOKEN_STRING},
  };
  if (p->in_statements && parser_peek(p) == TOKEN_FN) return true;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (parser_at_word(p, forms[i].word) && parser_peek_ahead(p, 1) == forms[i].next) return true;
  return false;
}

/* -- recovery, on the bare token list -- */

static enum token_kind kind_at(const struct parser *p, int index) { return p->tokens[index].kind; }

/* The index behind the braces that open at an index, or of the end of the file. */
static int behind_braces(const struct parser *p, int index) {
  int depth = 0;
  for (; kind_at(p, index) != TOKEN_END; index++) {
    if (kind_at(p, index) == TOKEN_LEFT_BRACE) depth++;
    if (kind_at(p, index) == TOKEN_RIGHT_BRACE && --depth == 0) return index + 1;
  }
  return index;
}

/* Tokens that never stand within ( ) and [ ]: there an open bracket was forgotten. */
static bool ends_brackets(enum token_kind kind) {
  return kind == TOKEN_LET || kind == TOKEN_RETURN || kind == TOKEN_FN || kind == TOKEN_LEFT_BRACE ||
         kind == TOKEN_SEMICOLON || ends_block(kind);
}

static int bracket_change(enum token_kind kind) {
  if (kind == TOKEN_LEFT_PAREN || kind == TOKEN_LEFT_BRACKET) return 1;
  return kind == TOKEN_RIGHT_PAREN || kind == TOKEN_RIGHT_BRACKET ? -1 : 0;
}

/* The index behind the brackets that are open at the failure; where they are not closed, the failure itself. */
static int behind_brackets(const struct parser *p) {
  int depth = p->brackets;
  for (int index = p->at; depth && !ends_brackets(kind_at(p, index)); index++) {
    depth += bracket_change(kind_at(p, index));
    if (!depth) return index + 1;
  }
  return p->at;
}

/* Goes on behind the failed line, or behind the block that it opens. */
static void recover(struct parser *p, int first) {
  int index = behind_brackets(p);
  p->failed = false;
  p->brackets = 0;
  bool begins_line = index > first && (is_first_on_line(p, index) || kind_at(p, index - 1) == TOKEN_SEMICOLON);
  while (!begins_line && !ends_line(kind_at(p, index)) && !ends_block(kind_at(p, index)))
    index = kind_at(p, index) == TOKEN_LEFT_BRACE ? behind_braces(p, index) : index + 1;
  p->at = index;
}

/* After a failure in the head of a block, finds its brace on the same line, so that errors in the block show too. */
static void recover_head(struct parser *p) {
  int index = behind_brackets(p);
  while (!ends_line(kind_at(p, index)) && !ends_block(kind_at(p, index)) && kind_at(p, index) != TOKEN_LEFT_BRACE)
    index++;
  if (kind_at(p, index) != TOKEN_LEFT_BRACE) return;
  p->failed = false;
  p->brackets = 0;
  p->at = index;
}

/* -- lines -- */

static void parse_one_line(struct parser *p, parse_line_fn *parse_line, void *into) {
  int first = p->at;
  parse_line(p, into);
  if (!p->failed) end_line(p);
  if (p->failed) recover(p, first);
}

void parse_lines(struct parser *p, parse_line_fn *parse_line, void *into) {
  for (skip_line_ends(p); parser_peek(p) != TOKEN_END; skip_line_ends(p)) {
    if (parser_peek(p) == TOKEN_RIGHT_BRACE) {
      if (!p->lost) parser_fail(p, MSG_NOTHING_TO_CLOSE, token_span(p), "}");
      p->failed = false;
      parser_take(p);
    } else {
      parse_one_line(p, parse_line, into);
    }
  }
}

/* The bytes before the first token of the line that a token is in. */
static uint32_t indentation(const struct parser *p, int index) {
  while (!is_first_on_line(p, index)) index--;
  uint32_t begin = p->tokens[index].begin;
  return begin - span_line((struct span){p->source, begin, begin}).begin;
}

/* Whether the line ends here and the next one is indented as if a block had begun. */
static bool at_indented_line(struct parser *p) {
  int next = p->at;
  while (kind_at(p, next) == TOKEN_LINE_END) next++;
  return next > p->at && p->taken >= 0 && indentation(p, next) > indentation(p, p->taken);
}

/* A missing brace is taken as read where the block is there. */
static void open_brace(struct parser *p) {
  if (parser_accept(p, TOKEN_LEFT_BRACE)) return;
  bool is_block = at_indented_line(p);
  struct diag *diagnostic = parser_fail_expected(p, "'{'");
  if (diagnostic && is_block) p->failed = false;
}

static void close_brace(struct parser *p, struct span opened) {
  if (parser_accept(p, TOKEN_RIGHT_BRACE)) return;
  struct diag *diagnostic = parser_fail_expected(p, "'}'");
  if (diagnostic) diag_range(p->diags, diagnostic, opened, "opened here");
  p->failed = false;
}

void parse_braces(struct parser *p, parse_line_fn *parse_line, void *into) {
  if (p->failed) recover_head(p);
  if (!parser_enter(p)) {
    parser_leave(p);
    return;
  }
  struct span opened = token_span(p);
  open_brace(p);
  if (!p->failed) {
    for (skip_line_ends(p); !ends_block(parser_peek(p)) && !at_declaration(p); skip_line_ends(p))
      parse_one_line(p, parse_line, into);
    close_brace(p, opened);
  }
  parser_leave(p);
}

bool parser_accept_else(struct parser *p) {
  int ahead = 0;
  while (parser_peek_ahead(p, ahead) == TOKEN_LINE_END) ahead++;
  if (parser_peek_ahead(p, ahead) != TOKEN_ELSE) return false;
  p->at += ahead;
  parser_take(p);
  return true;
}

bool parser_at_keyword(struct parser *p, const char *word) {
  return parser_at_word(p, word) && parser_peek_ahead(p, 1) != TOKEN_ASSIGN;
}

void parser_fail_line(struct parser *p, const char *what, const char *const *words, int count) {
  struct span place = token_span(p);
  if (token_continues_line(parser_peek(p))) {
    parser_fail(p, MSG_LEADING_OPERATOR, place, token_kind_text(parser_peek(p)));
    return;
  }
  const char *word = arena_strndup(p->arena, p->source->text + place.begin, place.end - place.begin);
  const char *nearest = parser_peek(p) == TOKEN_NAME ? nearest_word(word, words, count) : NULL;
  struct diag *diagnostic = parser_fail_expected(p, what);
  if (diagnostic) diag_suggest(p->diags, diagnostic, place, nearest);
}

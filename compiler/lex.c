#include "lex.h"

#include "source.h"
#include "utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NUMBER = 400 /* characters; more are not a sensible number */ };

static const double LARGEST_INTEGER = 9007199254740992.0; /* 2^53: up to here every integer is a double */

struct lexer {
  struct arena *arena;
  const struct source *source;
  uint32_t at, end; /* of what is read */
  struct token_list list;
};

struct fixed_token {
  const char *text;
  enum token_kind kind;
  bool continues;
};

static const struct fixed_token punctuation[] = {
#define PUNCTUATION(name, text, continues) {text, TOKEN_##name, continues},
#include "tokens.def"
};

static const struct fixed_token reserved_words[] = {
#define RESERVED(name, text, continues) {text, TOKEN_##name, continues},
#include "tokens.def"
};

/* Habits from other languages, each with what to write here. */
static const struct {
  const char *text, *remedy;
} foreign_operators[] = {
    {"&&", "write 'and'"},
    {"||", "write 'or'"},
    {"//", "a comment begins with '#'"},
    {"/*", "a comment begins with '#'"},
    {"++", "write 'x = x + 1'"},
    {"+=", "write 'x = x + ...'"},
    {"-=", "write 'x = x - ...'"},
    {"*=", "write 'x = x * ...'"},
    {"/=", "write 'x = x / ...'"},
    {":=", "write 'let x = ...'"},
    {"=>", "write '->'"},
    {"!", "write 'not'"},
    {"^", "a power is written '**'"},
    {"'", "a string is written with '\"'"},
};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

const char *token_kind_text(enum token_kind kind) {
  static const char *const texts[] = {
#define TOKEN(name, shown) shown,
#define PUNCTUATION(name, text, continues) text,
#define RESERVED(name, text, continues) text,
#include "tokens.def"
  };
  return texts[kind];
}

bool token_is_reserved(enum token_kind kind) {
  for (int i = 0; i < COUNT(reserved_words); i++)
    if (reserved_words[i].kind == kind) return true;
  return false;
}

bool token_continues_line(enum token_kind kind) {
  for (int i = 0; i < COUNT(punctuation); i++)
    if (punctuation[i].kind == kind) return punctuation[i].continues;
  for (int i = 0; i < COUNT(reserved_words); i++)
    if (reserved_words[i].kind == kind) return reserved_words[i].continues;
  return false;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static char look(const struct lexer *l, uint32_t ahead) {
  return l->at + ahead < l->end ? l->source->text[l->at + ahead] : '\0';
}

static bool starts_with(const struct lexer *l, const char *text) {
  for (uint32_t i = 0; text[i]; i++)
    if (look(l, i) != text[i]) return false;
  return true;
}

static void push(struct lexer *l, uint32_t begin, enum token_kind kind) {
  struct token token = {begin, l->at, (uint8_t)kind, 0};
  arena_push(l->arena, l->list.tokens, l->list.count, l->list.capacity, token);
}

static void push_error(struct lexer *l, uint32_t begin, uint32_t end, enum message message) {
  struct token token = {begin, end, TOKEN_ERROR, (uint16_t)message};
  arena_push(l->arena, l->list.tokens, l->list.count, l->list.capacity, token);
}

static void lex_line_end(struct lexer *l) {
  uint32_t begin = l->at++;
  bool continues = l->list.count && token_continues_line(l->list.tokens[l->list.count - 1].kind);
  if (!continues) push(l, begin, TOKEN_LINE_END);
}

static void lex_comment(struct lexer *l) {
  uint32_t begin = l->at;
  while (l->at < l->end && look(l, 0) != '\n') l->at++;
  uint32_t end = l->source->text[l->at - 1] == '\r' ? l->at - 1 : l->at;
  struct span span = {l->source, begin, end};
  arena_push(l->arena, l->list.comments, l->list.comment_count, l->list.comment_capacity, span);
}

static void lex_word(struct lexer *l) {
  uint32_t begin = l->at;
  while (is_letter(look(l, 0)) || is_digit(look(l, 0))) l->at++;
  const char *text = l->source->text + begin;
  size_t length = l->at - begin;
  enum token_kind kind = TOKEN_NAME;
  for (int i = 0; i < COUNT(reserved_words); i++)
    if (!strncmp(reserved_words[i].text, text, length) && !reserved_words[i].text[length])
      kind = reserved_words[i].kind;
  push(l, begin, kind);
}

/* Digits with single underscores between them; false when there is none or an underscore is misplaced. */
static bool skip_digits(struct lexer *l) {
  if (!is_digit(look(l, 0))) return false;
  while (is_digit(look(l, 0)) || (look(l, 0) == '_' && is_digit(look(l, 1)))) l->at++;
  return true;
}

/* Whether "1." begins a fraction: neither a range "1..n" nor the end of the number. */
static bool at_fraction(const struct lexer *l) { return look(l, 0) == '.' && look(l, 1) != '.'; }

static bool skip_exponent(struct lexer *l) {
  if (look(l, 0) != 'e' && look(l, 0) != 'E') return true;
  l->at += look(l, 1) == '+' || look(l, 1) == '-' ? 2 : 1;
  return skip_digits(l);
}

static bool skip_number(struct lexer *l) {
  bool well_formed = skip_digits(l);
  if (at_fraction(l)) {
    l->at++;
    well_formed = skip_digits(l) && well_formed;
  }
  return skip_exponent(l) && well_formed;
}

static void lex_number_token(struct lexer *l) {
  uint32_t begin = l->at;
  bool well_formed = skip_number(l);
  while (is_letter(look(l, 0)) || is_digit(look(l, 0))) {
    l->at++;
    well_formed = false;
  }
  struct token token = {begin, l->at, TOKEN_NUMBER, 0};
  bool is_integer;
  double value = well_formed && l->at - begin <= LONGEST_NUMBER ? lex_number(l->source, token, &is_integer) : NAN;
  if (isnan(value))
    push_error(l, begin, l->at, MSG_MALFORMED_NUMBER);
  else if (is_integer && value > LARGEST_INTEGER)
    push_error(l, begin, l->at, MSG_INTEGER_TOO_LARGE);
  else if (isinf(value))
    push_error(l, begin, l->at, MSG_FLOAT_TOO_LARGE);
  else
    push(l, begin, TOKEN_NUMBER);
}

double lex_number(const struct source *source, struct token token, bool *is_integer) {
  char digits[LONGEST_NUMBER + 1];
  int length = 0;
  *is_integer = true;
  for (uint32_t at = token.begin; at < token.end; at++) {
    char c = source->text[at];
    if (c != '_') digits[length++] = c;
    if (!is_digit(c) && c != '_') *is_integer = false;
  }
  digits[length] = '\0';
  double value = strtod(digits, NULL);
  bool is_odd_successor = *is_integer && value == LARGEST_INTEGER && digits[length - 1] != '2'; /* 2^53 + 1 rounds */
  return is_odd_successor ? INFINITY : value;
}

static bool is_known_escape(char c) { return c == '"' || c == '\\' || c == 'n'; }

static void lex_string_token(struct lexer *l) {
  uint32_t begin = l->at++, bad_escape = 0;
  while (look(l, 0) != '"' && look(l, 0) != '\n' && l->at < l->end) {
    bool is_escape = look(l, 0) == '\\' && look(l, 1) != '\n' && l->at + 1 < l->end;
    if (is_escape && !is_known_escape(look(l, 1)) && !bad_escape) bad_escape = l->at;
    l->at += is_escape ? 2 : 1;
  }
  if (look(l, 0) != '"') {
    push_error(l, begin, l->at, MSG_STRING_NOT_CLOSED);
    return;
  }
  l->at++;
  uint32_t escaped = bad_escape + 1;
  if (bad_escape)
    push_error(l, bad_escape, escaped + (uint32_t)utf8_step(l->source->text + escaped, l->at - escaped),
               MSG_UNKNOWN_ESCAPE);
  else
    push(l, begin, TOKEN_STRING);
}

char *lex_string(struct arena *a, const struct source *source, struct token token) {
  char *content = arena_alloc(a, token.end - token.begin);
  int length = 0;
  for (uint32_t at = token.begin + 1; at < token.end - 1; at++) {
    char c = source->text[at];
    if (c == '\\') {
      c = source->text[++at];
      if (c == 'n') c = '\n';
    }
    content[length++] = c;
  }
  return content;
}

static bool lex_foreign_operator(struct lexer *l) {
  for (int i = 0; i < COUNT(foreign_operators); i++) {
    const char *text = foreign_operators[i].text;
    if (!starts_with(l, text)) continue;
    uint32_t begin = l->at;
    l->at += (uint32_t)strlen(text);
    push_error(l, begin, l->at, MSG_FOREIGN_OPERATOR);
    return true;
  }
  return false;
}

static bool lex_punctuation(struct lexer *l) {
  for (int i = 0; i < COUNT(punctuation); i++) {
    if (!starts_with(l, punctuation[i].text)) continue;
    uint32_t begin = l->at;
    l->at += (uint32_t)strlen(punctuation[i].text);
    push(l, begin, punctuation[i].kind);
    return true;
  }
  return false;
}

static void lex_symbol(struct lexer *l) {
  bool is_not_equal = starts_with(l, "!=");
  if ((!is_not_equal && lex_foreign_operator(l)) || lex_punctuation(l)) return;
  uint32_t begin = l->at;
  l->at += (uint32_t)utf8_step(l->source->text + l->at, l->end - l->at);
  push_error(l, begin, l->at, MSG_UNEXPECTED_CHARACTER);
}

static void lex_token(struct lexer *l) {
  char c = look(l, 0);
  if (c == ' ' || c == '\t' || c == '\r')
    l->at++;
  else if (c == '\n')
    lex_line_end(l);
  else if (c == '#')
    lex_comment(l);
  else if (c == '"')
    lex_string_token(l);
  else if (is_letter(c))
    lex_word(l);
  else if (is_digit(c))
    lex_number_token(l);
  else
    lex_symbol(l);
}

struct token_list lex(struct arena *a, const struct source *source) {
  return lex_in(a, source_span(source));
}

struct token_list lex_in(struct arena *a, struct span place) {
  struct lexer lexer = {.arena = a, .source = place.source, .at = place.begin, .end = place.end};
  while (lexer.at < lexer.end) lex_token(&lexer);
  push(&lexer, lexer.at, TOKEN_END);
  return lexer.list;
}

void lex_report(struct arena *a, struct diags *d, const struct source *source, struct token token) {
  const char *text = arena_strndup(a, source->text + token.begin, token.end - token.begin), *remedy = "";
  for (int i = 0; i < COUNT(foreign_operators); i++)
    if (!strcmp(foreign_operators[i].text, text)) remedy = foreign_operators[i].remedy;
  diag_report(d, (enum message)token.error, (struct span){source, token.begin, token.end}, text, remedy);
}

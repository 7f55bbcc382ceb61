/* Tokens of a source text.
 *
 * Line ends are tokens, except after a binary operator, ',', '=' and '~', where a line continues; within ( ) and [ ]
 * the parser passes over them.  Apart from a few reserved words, keywords are names until the parser meets them where
 * they mean something. */
#ifndef HRMC_LEX_H
#define HRMC_LEX_H

#include "arena.h"
#include "diag.h"

enum token_kind {
#define TOKEN(name, shown) TOKEN_##name,
#define PUNCTUATION(name, text, continues) TOKEN_##name,
#define RESERVED(name, text, continues) TOKEN_##name,
#include "tokens.def"
  TOKEN_KIND_COUNT
};

/* Small: a large file makes millions of them.  What a number or a string says is decoded when it is parsed. */
struct token {
  uint32_t begin, end; /* bytes of the source */
  uint8_t kind;
  uint16_t error; /* TOKEN_ERROR: which message the parser reports when it meets the token */
};

struct token_list {
  struct token *tokens; /* the last one is TOKEN_END */
  int count, capacity;
  struct span *comments; /* from '#' to before the line end */
  int comment_count, comment_capacity;
};

/* Splits a source into tokens.  The source must have passed source_check_text. */
struct token_list lex(struct arena *a, const struct source *source);

/* The same for a part of it. */
struct token_list lex_in(struct arena *a, struct span place);

/* A fixed token's text, or what messages call the others ("a name"). */
const char *token_kind_text(enum token_kind kind);

bool token_is_reserved(enum token_kind kind);
bool token_continues_line(enum token_kind kind); /* whether a line that ends with it continues */

/* Reports the message of a TOKEN_ERROR. */
void lex_report(struct arena *a, struct diags *d, const struct source *source, struct token token);

/* The value of a TOKEN_NUMBER; is_integer: written without fraction and exponent. */
double lex_number(const struct source *source, struct token token, bool *is_integer);

/* The content of a TOKEN_STRING, escapes resolved. */
char *lex_string(struct arena *a, const struct source *source, struct token token);

#endif

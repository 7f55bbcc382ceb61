/* The inside of the parser: recursive descent over the token list, one file per layer of the grammar
 * (parse_expr, parse_type, parse_stmt, parse_member, parse_decl) on top of parse_token and parse_block.
 *
 * Errors.  The first error of a line is reported and sets `failed`.  From then on the parser sees the end of the file
 * in place of every token, so all loops end, and further errors are silent; functions still return well-formed nodes.
 * The loop over the lines of a block recovers at the end of the failed line and goes on. */
#ifndef HRMC_PARSER_H
#define HRMC_PARSER_H

#include "ast.h"
#include "lex.h"

enum {
  NESTING_LIMIT = 200, /* of brackets, operators and blocks within each other */
  HEIGHT_LIMIT = 500,  /* of an expression's tree: a long a + b + ... is high without being nested */
  ERROR_LIMIT = 20     /* after so many the rest of the file is not read */
};

struct parser {
  struct arena *arena;
  struct diags *diags;
  const struct source *source;
  const struct token *tokens;
  int count;
  int at;            /* index of the current token */
  int taken;         /* index of the last token taken, -1 at the start */
  int brackets;      /* how many ( and [ are open: within them line ends do not count */
  int nesting;       /* depth of the recursion, up to NESTING_LIMIT */
  bool failed;       /* an error in this line was reported */
  int last_error_at; /* token of the last error: there is at most one at each */
  bool lost;         /* outside of all blocks, and the last line was no declaration */
  int error_count;
  bool in_model;      /* the members are those of a model */
  bool in_statements; /* the innermost block holds statements */
};

/* -- tokens: parse_token.c -- */

enum token_kind parser_peek(struct parser *p); /* the current token; TOKEN_END after a failure */
enum token_kind parser_peek_ahead(struct parser *p,
                                  int ahead);            /* a later token; line ends count outside of brackets */
bool parser_at_word(struct parser *p, const char *word); /* whether the current token is this word */
struct span token_span(struct parser *p);
bool is_first_on_line(const struct parser *p, int index);
bool at_declaration(struct parser *p);                       /* at what begins a declaration and fits nowhere else */
struct span span_since(struct parser *p, struct span first); /* from there to the last token taken */
struct token parser_take(struct parser *p);                  /* the current token, and goes on to the next */
bool parser_accept(struct parser *p, enum token_kind kind);  /* takes a token of that kind */
bool parser_accept_word(struct parser *p, const char *word);
void parser_expect(struct parser *p, enum token_kind kind); /* takes a token of that kind or fails */
void parser_expect_word(struct parser *p, const char *word);
struct ident parser_expect_name(struct parser *p, const char *what); /* what: "the name of the module" */

/* Takes ( or [, where parser_peek() has seen it; the other function takes the other end, or fails and points to where
 * it opened. */
struct span parser_open_bracket(struct parser *p);
void parser_close_bracket(struct parser *p, enum token_kind closing, struct span opened);

/* Between the items of a list: takes a comma and tells whether another item follows. */
bool parser_another_item(struct parser *p, enum token_kind closing);

/* Reports at a place, unless the line has failed already.  Returns the diagnostic, or NULL when none was made. */
struct diag *parser_fail(struct parser *p, enum message message, struct span place, ...);

/* Reports that something else should stand in place of the current token. */
struct diag *parser_fail_expected(struct parser *p, const char *what);
const char *found_text(struct parser *p); /* the current token in a message: 'x', the end of the line */
struct span found_span(struct parser *p); /* where it is missing: behind the last token, if a line ended there */

/* Around every function that can recurse; parser_enter is false, and the line has failed, where the nesting is too
 * deep. */
bool parser_enter(struct parser *p);
void parser_leave(struct parser *p);

/* -- lines and blocks: parse_block.c -- */

/* The lines of { ... }; each is parsed by parse_line, which adds what it made to `into`. */
typedef void parse_line_fn(struct parser *p, void *into);
void parse_braces(struct parser *p, parse_line_fn *parse_line, void *into);

/* The lines of the whole file. */
void parse_lines(struct parser *p, parse_line_fn *parse_line, void *into);

/* Takes the `else` behind a block; it may stand on the next line. */
bool parser_accept_else(struct parser *p);

/* Whether a word is a keyword here: it begins the line and is not the `name` of `name = e`. */
bool parser_at_keyword(struct parser *p, const char *word);

/* Fails at a line that has no known form; the nearest of the words is suggested. */
void parser_fail_line(struct parser *p, const char *what, const char *const *words, int count);

/* -- expressions: parse_expr.c; never NULL -- */

struct expr *parse_expr(struct parser *p);

struct expr *parse_condition(struct parser *p); /* of an `if` with a block */

/* With a trailing `if c` that has no else, c is given apart: NULL without one. */
struct expr *parse_expr_with_condition(struct parser *p, struct expr **condition);

struct expr *parse_sum(struct parser *p);     /* arithmetic only: what may follow a type's '<' */
struct expr *parse_postfix(struct parser *p); /* a name or a literal, with fields, indices and calls */

/* -- types and functions: parse_type.c -- */

struct type_expr *parse_type(struct parser *p);
struct type_expr *parse_optional_type(struct parser *p);   /* behind ':'; NULL without one */
struct ident *parse_indices(struct parser *p, int *count); /* [i, j]; NULL without '[' */
struct parameter *parse_parameters(struct parser *p, int *count);
struct fn_decl *parse_fn(struct parser *p, bool needs_name); /* behind `fn` */

/* -- requirements: parse_require.c -- */

struct expr **parse_choices(struct parser *p, int *count); /* [a, b], the closed list behind `in` */
struct requirement *parse_requirement(struct parser *p);   /* behind `require` */

/* -- parse_stmt.c, parse_member.c, parse_decl.c -- */

struct block parse_block(struct parser *p);
struct members parse_members(struct parser *p);

struct decl_list {
  struct decl **items;
  int count, capacity;
};

parse_line_fn parse_declaration; /* into a struct decl_list */

#endif

#include "ast.h"

#include "parser.h"
#include "source.h"

static struct parser start(struct arena *a, struct diags *d, const struct source *source, struct token_list list) {
  return (struct parser){.arena = a,
                         .diags = d,
                         .source = source,
                         .tokens = list.tokens,
                         .count = list.count,
                         .taken = -1,
                         .last_error_at = -1};
}

struct ast_file *parse_file(struct arena *a, struct diags *d, const struct source *source) {
  struct ast_file *file = arena_new_object(a, struct ast_file);
  file->source = source;
  if (!source_check_text(d, source)) return file;
  struct token_list list = lex(a, source);
  struct parser parser = start(a, d, source, list);
  struct decl_list decls = {0};
  parse_lines(&parser, parse_declaration, &decls);
  file->decls = decls.items;
  file->count = decls.count;
  file->comments = list.comments;
  file->comment_count = list.comment_count;
  return file;
}

struct expr *parse_expression(struct arena *a, struct diags *d, struct span place) {
  if (!source_check_text(d, place.source)) return NULL;
  struct parser parser = start(a, d, place.source, lex_in(a, place));
  while (parser_accept(&parser, TOKEN_LINE_END)) continue;
  struct expr *e = parse_expr(&parser);
  while (parser_accept(&parser, TOKEN_LINE_END)) continue;
  if (parser_peek(&parser) != TOKEN_END) parser_fail_expected(&parser, "the end of the expression");
  return parser.failed ? NULL : e;
}

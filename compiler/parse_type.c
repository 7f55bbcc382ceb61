#include "parser.h"

struct ident *parse_indices(struct parser *p, int *count) {
  struct ident *indices = NULL;
  int capacity = 0;
  *count = 0;
  if (parser_peek(p) != TOKEN_LEFT_BRACKET) return NULL;
  struct span opened = parser_open_bracket(p);
  do {
    struct ident index = parser_expect_name(p, "the name of an index");
    arena_push(p->arena, indices, *count, capacity, index);
  } while (parser_another_item(p, TOKEN_RIGHT_BRACKET));
  parser_close_bracket(p, TOKEN_RIGHT_BRACKET, opened);
  return indices;
}

static void parse_dims(struct parser *p, struct type_expr *type) {
  int capacity = 0;
  struct span opened = parser_open_bracket(p);
  do arena_push(p->arena, type->dims, type->rank, capacity, parse_expr(p));
  while (parser_another_item(p, TOKEN_RIGHT_BRACKET));
  parser_close_bracket(p, TOKEN_RIGHT_BRACKET, opened);
}

static void parse_integer_type(struct parser *p, struct type_expr *type) {
  type->is_integer = true;
  if (parser_peek(p) == TOKEN_LEFT_BRACKET) parse_dims(p, type);
  if (parser_accept(p, TOKEN_LESS)) type->bound = parse_sum(p);
}

/* float[N] is no type: axes alone are floats. */
static void end_float(struct parser *p) {
  if (parser_peek(p) != TOKEN_LEFT_BRACKET) return;
  struct diag *d = parser_fail_expected(p, "the end of the type");
  if (d) diag_note(p->diags, d, (struct span){0}, "a tensor of floats is written [N], without 'float'");
}

struct type_expr *parse_type(struct parser *p) {
  struct type_expr *type = arena_new_object(p->arena, struct type_expr);
  struct span first = token_span(p);
  if (parser_peek(p) == TOKEN_LEFT_BRACKET)
    parse_dims(p, type);
  else if (parser_accept_word(p, "int"))
    parse_integer_type(p, type);
  else if (parser_accept_word(p, "float"))
    end_float(p);
  else
    parser_fail_expected(p, "a type ('[S, D]', 'float', 'int[S] < bound' or 'int < bound')");
  type->span = span_since(p, first);
  return type;
}

struct type_expr *parse_optional_type(struct parser *p) {
  return parser_accept(p, TOKEN_COLON) ? parse_type(p) : NULL;
}

struct parameter *parse_parameters(struct parser *p, int *count) {
  struct parameter *parameters = NULL;
  int capacity = 0;
  *count = 0;
  struct span opened = parser_open_bracket(p);
  for (bool more = parser_peek(p) != TOKEN_RIGHT_PAREN; more; more = parser_another_item(p, TOKEN_RIGHT_PAREN)) {
    struct parameter parameter = {.name = parser_expect_name(p, "the name of a parameter")};
    parameter.type = parse_optional_type(p);
    if (parser_accept(p, TOKEN_ASSIGN)) parameter.value = parse_expr(p);
    arena_push(p->arena, parameters, *count, capacity, parameter);
  }
  parser_close_bracket(p, TOKEN_RIGHT_PAREN, opened);
  return parameters;
}

struct fn_decl *parse_fn(struct parser *p, bool needs_name) {
  struct fn_decl *fn = arena_new_object(p->arena, struct fn_decl);
  if (needs_name || parser_peek(p) == TOKEN_NAME) fn->name = parser_expect_name(p, "the name of the function");
  if (parser_peek(p) == TOKEN_LEFT_PAREN)
    fn->parameters = parse_parameters(p, &fn->count);
  else
    parser_fail_expected(p, "'(' and the parameters of the function");
  if (parser_accept(p, TOKEN_ARROW)) fn->result = parse_type(p);
  fn->body = parse_block(p);
  return fn;
}

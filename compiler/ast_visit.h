/* Walks over a syntax tree in the order of the text. */
#ifndef HRMC_AST_VISIT_H
#define HRMC_AST_VISIT_H

#include "ast.h"

/* What is called at each node of a kind, before its parts; NULL: nothing. */
struct ast_visitor {
  void *context;
  void (*expr)(void *context, const struct expr *e);
  void (*type)(void *context, const struct type_expr *type);
  void (*fn)(void *context, const struct fn_decl *fn);
  void (*stmt)(void *context, const struct stmt *stmt);
  void (*member)(void *context, const struct member *member);
  void (*decl)(void *context, const struct decl *decl);
};

void ast_visit(const struct ast_visitor *v, const struct ast_file *file);

#endif

#include "ast_visit.h"

static void visit_expr(const struct ast_visitor *v, const struct expr *e);

static void visit_list(const struct ast_visitor *v, struct expr *const *items, int count) {
  for (int i = 0; i < count; i++) visit_expr(v, items[i]);
}

static void visit_subscripts(const struct ast_visitor *v, const struct expr *e) {
  visit_expr(v, e->index.base);
  for (int i = 0; i < e->index.count; i++) {
    const struct subscript *s = &e->index.subscripts[i];
    visit_expr(v, s->value);
    visit_expr(v, s->first);
    visit_expr(v, s->last);
    visit_expr(v, s->step);
  }
}

static void visit_call(const struct ast_visitor *v, const struct expr *e) {
  visit_expr(v, e->call.callee);
  for (int i = 0; i < e->call.count; i++) visit_expr(v, e->call.arguments[i].value);
}

static void visit_parts(const struct ast_visitor *v, const struct expr *e) {
  switch (e->kind) {
  case EXPR_NUMBER:
  case EXPR_STRING:
  case EXPR_NAME: break;
  case EXPR_FIELD: visit_expr(v, e->field.base); break;
  case EXPR_CALL: visit_call(v, e); break;
  case EXPR_INDEX: visit_subscripts(v, e); break;
  case EXPR_UNARY: visit_expr(v, e->unary.operand); break;
  case EXPR_BINARY:
    visit_expr(v, e->binary.left);
    visit_expr(v, e->binary.right);
    break;
  case EXPR_CONDITIONAL:
    visit_expr(v, e->conditional.then);
    visit_expr(v, e->conditional.condition);
    visit_expr(v, e->conditional.otherwise);
    break;
  case EXPR_LIST:
  case EXPR_TUPLE: visit_list(v, e->list.items, e->list.count); break;
  case EXPR_REDUCE: visit_expr(v, e->reduce.body); break;
  }
}

static void visit_expr(const struct ast_visitor *v, const struct expr *e) {
  if (!e) return;
  if (v->expr) v->expr(v->context, e);
  visit_parts(v, e);
}

static void visit_type(const struct ast_visitor *v, const struct type_expr *type) {
  if (!type) return;
  if (v->type) v->type(v->context, type);
  visit_list(v, type->dims, type->rank);
  visit_expr(v, type->bound);
}

static void visit_parameters(const struct ast_visitor *v, const struct parameter *parameters, int count) {
  for (int i = 0; i < count; i++) {
    visit_type(v, parameters[i].type);
    visit_expr(v, parameters[i].value);
  }
}

static void visit_requirement(const struct ast_visitor *v, const struct requirement *r) {
  visit_expr(v, r->value);
  visit_list(v, r->choices, r->choice_count);
  for (int i = 0; i < r->part_count; i++) visit_expr(v, r->parts[i].name);
}

static void visit_block(const struct ast_visitor *v, const struct block *block);

static void visit_stmt(const struct ast_visitor *v, const struct stmt *x) {
  if (v->stmt) v->stmt(v->context, x);
  switch (x->kind) {
  case STMT_LET:
  case STMT_VAR:
  case STMT_ASSIGN:
  case STMT_OUTPUT:
    visit_type(v, x->bind.type);
    visit_expr(v, x->bind.value);
    break;
  case STMT_RETURN:
  case STMT_ASSERT: visit_expr(v, x->value); break;
  case STMT_REQUIRE: visit_requirement(v, x->require); break;
  case STMT_FOR:
    visit_expr(v, x->loop.over);
    visit_block(v, &x->loop.body);
    break;
  case STMT_IF:
    visit_expr(v, x->branch.condition);
    visit_block(v, &x->branch.then);
    visit_block(v, &x->branch.otherwise);
    break;
  case STMT_REPEAT:
    visit_expr(v, x->repeat.trips);
    visit_expr(v, x->repeat.last);
    visit_block(v, &x->repeat.body);
    break;
  }
}

static void visit_block(const struct ast_visitor *v, const struct block *block) {
  for (int i = 0; i < block->count; i++) visit_stmt(v, block->stmts[i]);
}

static void visit_fn(const struct ast_visitor *v, const struct fn_decl *fn) {
  if (v->fn) v->fn(v->context, fn);
  visit_parameters(v, fn->parameters, fn->count);
  visit_type(v, fn->result);
  visit_block(v, &fn->body);
}

static void visit_members(const struct ast_visitor *v, const struct members *members);

static void visit_member(const struct ast_visitor *v, const struct member *m) {
  if (v->member) v->member(v->context, m);
  switch (m->kind) {
  case MEMBER_LET:
  case MEMBER_FIELD:
  case MEMBER_INCLUDE:
  case MEMBER_LOSS:
  case MEMBER_ACT: visit_expr(v, m->value); break;
  case MEMBER_PARAM:
  case MEMBER_BUFFER:
  case MEMBER_INPUT:
  case MEMBER_LABEL:
  case MEMBER_NOISE:
  case MEMBER_STATE:
    visit_type(v, m->tensor.type);
    visit_expr(v, m->tensor.init);
    visit_expr(v, m->tensor.condition);
    break;
  case MEMBER_FN: visit_fn(v, m->fn); break;
  case MEMBER_REQUIRE: visit_requirement(v, m->require); break;
  case MEMBER_IF:
    visit_expr(v, m->branch.condition);
    visit_members(v, &m->branch.then);
    visit_members(v, &m->branch.otherwise);
    break;
  case MEMBER_SEGMENT: visit_block(v, &m->segment); break;
  }
}

static void visit_members(const struct ast_visitor *v, const struct members *members) {
  for (int i = 0; i < members->count; i++) visit_member(v, members->items[i]);
}

static void visit_train(const struct ast_visitor *v, const struct decl *d) {
  for (int i = 0; i < d->train.count; i++) {
    visit_expr(v, d->train.items[i].value);
    visit_list(v, d->train.items[i].targets, d->train.items[i].target_count);
  }
}

static void visit_decl(const struct ast_visitor *v, const struct decl *d) {
  if (v->decl) v->decl(v->context, d);
  switch (d->kind) {
  case DECL_IMPORT: break;
  case DECL_CONFIG:
    visit_expr(v, d->config.value);
    visit_list(v, d->config.choices, d->config.choice_count);
    break;
  case DECL_LET: visit_expr(v, d->value); break;
  case DECL_FN: visit_fn(v, d->fn); break;
  case DECL_MODULE:
  case DECL_MODEL:
    visit_parameters(v, d->module.parameters, d->module.count);
    visit_members(v, &d->module.members);
    break;
  case DECL_TRAIN: visit_train(v, d); break;
  case DECL_TEST: visit_block(v, &d->test); break;
  }
}

void ast_visit(const struct ast_visitor *v, const struct ast_file *file) {
  for (int i = 0; i < file->count; i++) visit_decl(v, file->decls[i]);
}

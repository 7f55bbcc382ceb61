#include "ast.h"

#include <stdlib.h>
#include <string.h>

struct printer {
  FILE *out;
  int depth;
};

static const char *const binary_operators[] = {
    [BINARY_ADD] = "+",    [BINARY_SUB] = "-", [BINARY_MUL] = "*",   [BINARY_DIV] = "/", [BINARY_MATMUL] = "@",
    [BINARY_POWER] = "**", [BINARY_EQ] = "==", [BINARY_NE] = "!=",   [BINARY_LT] = "<",  [BINARY_LE] = "<=",
    [BINARY_GT] = ">",     [BINARY_GE] = ">=", [BINARY_AND] = "and", [BINARY_OR] = "or",
};

/* -- lines: each node is one, its parts are indented below it -- */

static void begin(struct printer *p, const char *word) {
  fprintf(p->out, "%*s%s", 2 * p->depth, "", word);
  p->depth++;
}

static void add_text(struct printer *p, const char *text) { fprintf(p->out, " %s", text); }

static void add_string(struct printer *p, const char *text) {
  fputs(" \"", p->out);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', p->out);
    if (*text == '\n')
      fputs("\\n", p->out);
    else
      fputc(*text, p->out);
  }
  fputc('"', p->out);
}

static void add_idents(struct printer *p, const struct ident *idents, int count) {
  if (!count) return;
  fputs(" [", p->out);
  for (int i = 0; i < count; i++) fprintf(p->out, "%s%s", i ? ", " : "", idents[i].text);
  fputc(']', p->out);
}

static void end_line(struct printer *p) { fputc('\n', p->out); }

static void end(struct printer *p) { p->depth--; }

static void begin_line(struct printer *p, const char *word) {
  begin(p, word);
  end_line(p);
}

/* -- expressions -- */

static void print_expr(struct printer *p, const struct expr *e);

/* A part with a role, left out when it is missing. */
static void print_role(struct printer *p, const char *role, const struct expr *e) {
  if (!e) return;
  begin_line(p, role);
  print_expr(p, e);
  end(p);
}

static void print_number(struct printer *p, const struct expr *e) {
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, e->number.value);
    if (strtod(text, NULL) == e->number.value) break;
  }
  bool looks_integer = !strpbrk(text, ".en");
  begin(p, "number");
  fprintf(p->out, " %s%s", text, looks_integer && !e->number.is_integer ? ".0" : "");
  end_line(p);
}

static void print_string(struct printer *p, const struct expr *e) {
  begin(p, "string");
  add_string(p, e->string);
  end_line(p);
}

static void print_name(struct printer *p, const struct expr *e) {
  begin(p, "name");
  add_text(p, e->name);
  end_line(p);
}

static void print_field(struct printer *p, const struct expr *e) {
  begin(p, "field");
  add_text(p, e->field.name.text);
  end_line(p);
  print_expr(p, e->field.base);
}

static void print_call(struct printer *p, const struct expr *e) {
  begin_line(p, "call");
  print_expr(p, e->call.callee);
  for (int i = 0; i < e->call.count; i++) {
    const struct argument *argument = &e->call.arguments[i];
    begin(p, "argument");
    if (argument->name) add_text(p, argument->name);
    end_line(p);
    print_expr(p, argument->value);
    end(p);
  }
}

static void print_subscript(struct printer *p, const struct subscript *subscript) {
  begin_line(p, subscript->is_slice ? "slice" : "subscript");
  if (subscript->value) print_expr(p, subscript->value);
  print_role(p, "first", subscript->first);
  print_role(p, "last", subscript->last);
  print_role(p, "step", subscript->step);
  end(p);
}

static void print_index(struct printer *p, const struct expr *e) {
  begin_line(p, "index");
  print_expr(p, e->index.base);
  for (int i = 0; i < e->index.count; i++) print_subscript(p, &e->index.subscripts[i]);
}

static void print_unary(struct printer *p, const struct expr *e) {
  begin(p, "unary");
  add_text(p, e->unary.op == UNARY_NOT ? "not" : "-");
  end_line(p);
  print_expr(p, e->unary.operand);
}

static void print_binary(struct printer *p, const struct expr *e) {
  begin(p, "binary");
  add_text(p, binary_operators[e->binary.op]);
  end_line(p);
  print_expr(p, e->binary.left);
  print_expr(p, e->binary.right);
}

static void print_conditional(struct printer *p, const struct expr *e) {
  begin_line(p, "conditional");
  print_role(p, "condition", e->conditional.condition);
  print_role(p, "then", e->conditional.then);
  print_role(p, "else", e->conditional.otherwise);
}

static void print_items(struct printer *p, const char *word, const struct expr *e) {
  begin_line(p, word);
  for (int i = 0; i < e->list.count; i++) print_expr(p, e->list.items[i]);
}

static void print_list(struct printer *p, const struct expr *e) { print_items(p, "list", e); }

static void print_tuple(struct printer *p, const struct expr *e) { print_items(p, "tuple", e); }

static void print_reduce(struct printer *p, const struct expr *e) {
  begin(p, "reduce");
  add_text(p, e->reduce.reduction.text);
  add_idents(p, e->reduce.indices, e->reduce.count);
  end_line(p);
  print_expr(p, e->reduce.body);
}

static void print_expr(struct printer *p, const struct expr *e) {
  static void (*const printers[])(struct printer *, const struct expr *) = {
      [EXPR_NUMBER] = print_number, [EXPR_STRING] = print_string, [EXPR_NAME] = print_name,
      [EXPR_FIELD] = print_field,   [EXPR_CALL] = print_call,     [EXPR_INDEX] = print_index,
      [EXPR_UNARY] = print_unary,   [EXPR_BINARY] = print_binary, [EXPR_CONDITIONAL] = print_conditional,
      [EXPR_LIST] = print_list,     [EXPR_TUPLE] = print_tuple,   [EXPR_REDUCE] = print_reduce,
  };
  printers[e->kind](p, e);
  end(p);
}

/* -- types, parameters and functions -- */

static void print_type(struct printer *p, const struct type_expr *type) {
  if (!type) return;
  begin(p, "type");
  add_text(p, type->is_integer ? "int" : "float");
  end_line(p);
  for (int i = 0; i < type->rank; i++) print_role(p, "dim", type->dims[i]);
  print_role(p, "bound", type->bound);
  end(p);
}

static void print_parameters(struct printer *p, const struct parameter *parameters, int count) {
  for (int i = 0; i < count; i++) {
    begin(p, "parameter");
    add_text(p, parameters[i].name.text);
    end_line(p);
    print_type(p, parameters[i].type);
    print_role(p, "default", parameters[i].value);
    end(p);
  }
}

static void print_block(struct printer *p, const char *word, const struct block *block);

/* The parts of a function, below its line. */
static void print_fn(struct printer *p, const struct fn_decl *fn) {
  print_parameters(p, fn->parameters, fn->count);
  if (fn->result) {
    begin_line(p, "result");
    print_type(p, fn->result);
    end(p);
  }
  print_block(p, "body", &fn->body);
}

static void print_requirement(struct printer *p, const struct requirement *r) {
  print_expr(p, r->value);
  for (int i = 0; i < r->choice_count; i++) print_role(p, "choice", r->choices[i]);
  for (int i = 0; i < r->part_count; i++) {
    begin(p, "text");
    add_string(p, r->parts[i].text);
    end_line(p);
    if (r->parts[i].name) print_expr(p, r->parts[i].name);
    end(p);
  }
}

/* -- statements -- */

static void print_binding(struct printer *p, const struct stmt *stmt) {
  add_text(p, stmt->bind.name.text);
  add_idents(p, stmt->bind.indices, stmt->bind.index_count);
  end_line(p);
  print_type(p, stmt->bind.type);
  print_expr(p, stmt->bind.value);
}

static void print_value(struct printer *p, const struct stmt *stmt) {
  end_line(p);
  print_expr(p, stmt->value);
}

static void print_for(struct printer *p, const struct stmt *stmt) {
  add_text(p, stmt->loop.name.text);
  end_line(p);
  print_role(p, "in", stmt->loop.over);
  print_block(p, "body", &stmt->loop.body);
}

static void print_if(struct printer *p, const struct stmt *stmt) {
  end_line(p);
  print_role(p, "condition", stmt->branch.condition);
  print_block(p, "then", &stmt->branch.then);
  if (stmt->branch.otherwise.count) print_block(p, "else", &stmt->branch.otherwise);
}

static void print_repeat(struct printer *p, const struct stmt *stmt) {
  static const char *const horizons[] = {
      [HORIZON_LAST] = "grad last", [HORIZON_ALL] = "grad all", [HORIZON_NONE] = "grad none"};
  add_text(p, horizons[stmt->repeat.horizon]);
  if (stmt->repeat.is_checkpoint) add_text(p, "checkpoint");
  end_line(p);
  print_role(p, "trips", stmt->repeat.trips);
  print_role(p, "last", stmt->repeat.last);
  print_block(p, "body", &stmt->repeat.body);
}

static void print_require(struct printer *p, const struct stmt *stmt) {
  end_line(p);
  print_requirement(p, stmt->require);
}

static void print_stmt(struct printer *p, const struct stmt *stmt) {
  static const struct {
    const char *word;
    void (*print)(struct printer *, const struct stmt *);
  } forms[] = {
      [STMT_LET] = {"let", print_binding},       [STMT_VAR] = {"var", print_binding},
      [STMT_ASSIGN] = {"assign", print_binding}, [STMT_RETURN] = {"return", print_value},
      [STMT_FOR] = {"for", print_for},           [STMT_IF] = {"if", print_if},
      [STMT_REPEAT] = {"repeat", print_repeat},  [STMT_OUTPUT] = {"output", print_binding},
      [STMT_ASSERT] = {"assert", print_value},   [STMT_REQUIRE] = {"require", print_require},
  };
  begin(p, forms[stmt->kind].word);
  forms[stmt->kind].print(p, stmt);
  end(p);
}

static void print_block(struct printer *p, const char *word, const struct block *block) {
  begin_line(p, word);
  for (int i = 0; i < block->count; i++) print_stmt(p, block->stmts[i]);
  end(p);
}

/* -- members -- */

static void print_members(struct printer *p, const struct members *members);

static void print_member_value(struct printer *p, const struct member *member) { print_expr(p, member->value); }

static void print_tensor(struct printer *p, const struct member *member) {
  print_type(p, member->tensor.type);
  print_role(p, "init", member->tensor.init);
  print_role(p, "if", member->tensor.condition);
}

static void print_member_fn(struct printer *p, const struct member *member) { print_fn(p, member->fn); }

static void print_member_if(struct printer *p, const struct member *member) {
  print_role(p, "condition", member->branch.condition);
  begin_line(p, "then");
  print_members(p, &member->branch.then);
  end(p);
  if (!member->branch.otherwise.count) return;
  begin_line(p, "else");
  print_members(p, &member->branch.otherwise);
  end(p);
}

static void print_segment(struct printer *p, const struct member *member) {
  print_block(p, "body", &member->segment);
}

static void print_member_require(struct printer *p, const struct member *member) {
  print_requirement(p, member->require);
}

static void print_member(struct printer *p, const struct member *member) {
  static const struct {
    const char *word;
    void (*print)(struct printer *, const struct member *);
  } forms[] = {
      [MEMBER_LET] = {"let", print_member_value},
      [MEMBER_FIELD] = {"field", print_member_value},
      [MEMBER_PARAM] = {"param", print_tensor},
      [MEMBER_BUFFER] = {"buffer", print_tensor},
      [MEMBER_FN] = {"fn", print_member_fn},
      [MEMBER_IF] = {"if", print_member_if},
      [MEMBER_INPUT] = {"input", print_tensor},
      [MEMBER_LABEL] = {"label", print_tensor},
      [MEMBER_STATE] = {"state", print_tensor},
      [MEMBER_SEGMENT] = {"segment", print_segment},
      [MEMBER_LOSS] = {"loss", print_member_value},
      [MEMBER_ACT] = {"act", print_member_value},
      [MEMBER_NOISE] = {"noise", print_tensor},
      [MEMBER_INCLUDE] = {"include", print_member_value},
      [MEMBER_REQUIRE] = {"require", print_member_require},
  };
  begin(p, forms[member->kind].word);
  if (member->name.text) add_text(p, member->name.text);
  end_line(p);
  forms[member->kind].print(p, member);
  end(p);
}

static void print_members(struct printer *p, const struct members *members) {
  for (int i = 0; i < members->count; i++) print_member(p, members->items[i]);
}

/* -- declarations -- */

static void print_import(struct printer *p, const struct decl *decl) {
  (void)p;
  (void)decl; /* its name says all */
}

static void print_config(struct printer *p, const struct decl *decl) {
  if (decl->config.value) print_expr(p, decl->config.value);
  for (int i = 0; i < decl->config.choice_count; i++) print_role(p, "choice", decl->config.choices[i]);
}

static void print_let(struct printer *p, const struct decl *decl) { print_expr(p, decl->value); }

static void print_fn_decl(struct printer *p, const struct decl *decl) { print_fn(p, decl->fn); }

static void print_module(struct printer *p, const struct decl *decl) {
  print_parameters(p, decl->module.parameters, decl->module.count);
  print_members(p, &decl->module.members);
}

static void print_train(struct printer *p, const struct decl *decl) {
  for (int i = 0; i < decl->train.count; i++) {
    const struct train_item *item = &decl->train.items[i];
    begin_line(p, item->keyword.text);
    print_expr(p, item->value);
    for (int j = 0; j < item->target_count; j++) print_role(p, "for", item->targets[j]);
    end(p);
  }
}

static void print_test(struct printer *p, const struct decl *decl) { print_block(p, "body", &decl->test); }

static void print_decl(struct printer *p, const struct decl *decl) {
  static const struct {
    const char *word;
    void (*print)(struct printer *, const struct decl *);
  } forms[] = {
      [DECL_IMPORT] = {"import", print_import}, [DECL_CONFIG] = {"config", print_config},
      [DECL_LET] = {"let", print_let},          [DECL_FN] = {"fn", print_fn_decl},
      [DECL_MODULE] = {"module", print_module}, [DECL_MODEL] = {"model", print_module},
      [DECL_TRAIN] = {"train", print_train},    [DECL_TEST] = {"test", print_test},
  };
  begin(p, forms[decl->kind].word);
  if (decl->kind == DECL_TEST)
    add_string(p, decl->name.text);
  else if (decl->name.text)
    add_text(p, decl->name.text);
  end_line(p);
  forms[decl->kind].print(p, decl);
  end(p);
}

void ast_print(const struct ast_file *file, FILE *out) {
  struct printer printer = {out, 0};
  for (int i = 0; i < file->count; i++) print_decl(&printer, file->decls[i]);
}

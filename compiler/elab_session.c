/* Expressions of a session: the file's declarations are elaborated, then the expression in a graph of its own. */
#include "elab.h"

#include <string.h>

static struct dim plain_dim(int64_t size) { return (struct dim){.size = size}; }

/* A held tensor is a leaf where it is used, as a weight is. */
static const struct val *held_value(struct elab *e, struct symbol *symbol) {
  struct weight *w = arena_new_object(e->arena, struct weight);
  struct val *v = arena_new_object(e->arena, struct val);
  *w = (struct weight){.symbol = symbol, .group = -1, .offset = -1};
  v->kind = KIND_WEIGHT;
  v->weight.weight = w;
  v->weight.shape.rank = symbol->type.rank;
  for (int i = 0; i < symbol->type.rank; i++) v->weight.shape.dim[i] = plain_dim(symbol->type.extent[i]);
  return v;
}

static const struct val *model_instance(struct elab *e, struct scope *file, const struct decl *d) {
  struct val *v = arena_new_object(e->arena, struct val);
  v->kind = KIND_INSTANCE;
  v->instance.name = d->name.text;
  v->instance.path = "";
  v->instance.members = scope_new(e, file);
  return elab_members(e, v->instance.members, &d->module.members, "", &v->instance.call) ? v : &val_error;
}

static void put_model(struct elab *e, struct scope *file) {
  const struct ast_file *ast = e->request->file;
  for (int i = 0; i < ast->count; i++)
    if (ast->decls[i]->kind == DECL_MODEL)
      scope_put(e, file, ast->decls[i]->name.text, model_instance(e, file, ast->decls[i]));
}

static struct scope *session_scope(struct elab *e, const struct session_names *names) {
  e->prelude = scope_new(e, e->prelude);
  for (int i = 0; i < names->held_count; i++)
    scope_put(e, e->prelude, names->held[i]->name, held_value(e, names->held[i]));
  struct scope *file = elab_file(e, e->request->file, true);
  if (names->with_model) put_model(e, file);
  for (int i = 0; i < names->field_count; i++) {
    const struct val *v = elab_expr(e, file, names->fields[i].value);
    scope_put(e, file, names->fields[i].name, instantiate(e, v, names->fields[i].name));
  }
  return file;
}

static bool is_numeric(const struct val *v) {
  if (v->kind == KIND_NUMBER || v->kind == KIND_TENSOR || v->kind == KIND_WEIGHT) return true;
  if (v->kind != KIND_LIST || v->list.count == 0) return false;
  for (int i = 0; i < v->list.count; i++)
    if (!is_numeric(v->list.items[i])) return false;
  return true;
}

static const char *function_text(struct elab *e, const struct fn_decl *f) {
  const char *text = arena_printf(e->arena, "fn %s(", f->name.text ? f->name.text : "");
  for (int i = 0; i < f->count; i++) {
    const struct parameter *p = &f->parameters[i];
    text = arena_printf(e->arena, "%s%s%s", text, i ? ", " : "", p->name.text);
    if (p->type) text = arena_printf(e->arena, "%s: %s", text, code_text(e, p->type->span));
    if (p->value) text = arena_printf(e->arena, "%s = %s", text, code_text(e, p->value->span));
  }
  text = arena_printf(e->arena, "%s)", text);
  return f->result ? arena_printf(e->arena, "%s -> %s", text, code_text(e, f->result->span)) : text;
}

/* A value that is no tensor, as it is written. */
static const char *compile_time_text(struct elab *e, const struct val *v) {
  if (v->kind == KIND_NUMBER || v->kind == KIND_STRING) return constant_text(e, v);
  if (v->kind == KIND_FUNCTION) return function_text(e, v->function.decl);
  if (v->kind == KIND_INSTANCE && v->instance.call && v->instance.call->kind == KIND_FUNCTION)
    return arena_printf(e->arena, "%s: %s", v->instance.name, function_text(e, v->instance.call->function.decl));
  if (v->kind == KIND_INSTANCE) return v->instance.name;
  return val_describe(e, v);
}

static struct symbol *new_symbol(struct elab *e, const char *name, enum role role, struct type type) {
  struct symbol *symbol = arena_new_object(e->arena, struct symbol);
  *symbol = (struct symbol){name, role, type};
  return symbol;
}

static void store_tensor(struct elab *e, const struct tensor_value *t, struct answer *out) {
  out->type = written_type(e, t, t->node->type.dtype == DTYPE_I32);
  out->graph = e->graph;
  out->result = new_symbol(e, "result", ROLE_OUTPUT, t->node->type);
  graph_store(e->graph, out->result, t->node);
}

/* What x is differentiated with respect to becomes an argument with a gradient. */
static bool take_argument(struct elab *e, struct scope *s, const struct expr *wrt, struct answer *out) {
  const struct val *v = elab_expr(e, s, wrt);
  if (val_is_error(v)) return false;
  if (v->kind != KIND_WEIGHT || v->weight.weight->symbol->type.dtype != DTYPE_F32) {
    diag_report(e->diags, MSG_GRADIENT_OF, wrt->span, code_text(e, wrt->span), val_describe(e, v));
    return false;
  }
  out->argument = v->weight.weight->symbol;
  out->argument->role = ROLE_ROWS;
  out->gradient = new_symbol(e, "gradient", ROLE_OUTPUT, out->argument->type);
  return true;
}

static bool take_loss(struct elab *e, const struct expr *x, const struct tensor_value *t) {
  if (t->rank > 0 || t->node->type.dtype != DTYPE_F32) {
    diag_report(e->diags, MSG_NOT_A_SCALAR, x->span, "what is differentiated", written_type(e, t, false));
    return false;
  }
  graph_loss(e->graph, t->node);
  return true;
}

static bool answer_value(struct elab *e, const struct expr *x, const struct expr *wrt, const struct val *v,
                         struct answer *out) {
  struct tensor_value t;
  out->is_instance = v->kind == KIND_TEMPLATE;
  bool is_tensor = v->kind == KIND_TENSOR || v->kind == KIND_WEIGHT || (v->kind == KIND_LIST && is_numeric(v));
  if (!is_tensor && !wrt) {
    out->text = compile_time_text(e, v);
    out->type = val_describe(e, v);
    return true;
  }
  if (!elab_as_tensor(e, v, x->span, &t)) return false;
  store_tensor(e, &t, out);
  return !wrt || take_loss(e, x, &t);
}

bool elaborate_expression(const struct elaboration *request, const struct session_names *names, const struct expr *x,
                          const struct expr *wrt, struct answer *out) {
  struct elab *e = elab_begin(request);
  *out = (struct answer){0};
  elab_new_graph(e, "forward", wrt != NULL);
  struct scope *file = session_scope(e, names);
  if (diag_count(e->diags, SEVERITY_ERROR) > 0) return false;
  if (wrt && !take_argument(e, file, wrt, out)) return false;
  const struct val *v = elab_expr(e, file, x);
  if (val_is_error(v) || diag_count(e->diags, SEVERITY_ERROR) > 0) return false;
  if (!answer_value(e, x, wrt, v, out)) return false;
  out->weights = e->program->weights;
  out->weight_count = e->program->weight_count;
  for (int i = 0; i < out->weight_count; i++)
    if (out->weights[i]->symbol != out->argument) out->weights[i]->symbol->role = ROLE_INPUT;
  return diag_count(e->diags, SEVERITY_ERROR) == 0;
}

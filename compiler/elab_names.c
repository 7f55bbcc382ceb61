/* The names of the whole file, also where elaboration does not come: functions that nothing calls, branches that are
 * not taken.  Every name must be defined somewhere, and calls of the file's functions and modules must fit their
 * parameters.  Then the warnings about names: a parameter that is never used, a value that hides another, a state
 * that is never assigned.
 *
 * Values are not known here: scopes hold names alone (their values are errors, which swallow what is done with them),
 * apart from the file's own scope. */
#include "elab.h"

#include <string.h>

struct names {
  struct elab *e;
  struct scope *file;
  struct scope *segment;        /* of the model: `output` defines names there; NULL outside */
  bool is_open;                 /* a module is included whose members are not known */
  const struct decl **included; /* by the module at hand, directly or through others: each adds its names once */
  int included_count, included_capacity;
  bool has_stray_output; /* an `output` outside of the segment: what it names may be missed there */
};

static void names_expr(struct names *n, struct scope *s, const struct expr *x);
static void names_block(struct names *n, struct scope *s, const struct block *b);

/* -- definitions -- */

static struct entry *put(struct names *n, struct scope *s, struct ident name) {
  struct entry *old = scope_find_here(s, name.text);
  if (old) return old; /* twice: elaboration says so */
  scope_put(n->e, s, name.text, &val_error);
  s->entries->span = name.span;
  return s->entries;
}

/* A value of a block that hides a name of the blocks around it, of the module, or of the file. */
static void warn_hidden(struct names *n, const struct scope *s, struct ident name) {
  const struct entry *hidden = NULL;
  for (const struct scope *x = s->parent; s != n->file && x && !hidden; x = x == n->file ? NULL : x->parent)
    hidden = scope_find_here(x, name.text);
  if (!hidden || !hidden->span.source) return;
  struct diag *d = diag_report(n->e->diags, MSG_SHADOWED, name.span, name.text);
  diag_note(n->e->diags, d, hidden->span, "the other '%s' is defined here", name.text);
}

static void define(struct names *n, struct scope *s, struct ident name) {
  if (diag_count(n->e->diags, SEVERITY_ERROR) == 0 && !scope_find_here(s, name.text)) warn_hidden(n, s, name);
  put(n, s, name)->is_used = true;
}

/* -- uses -- */

static void use(struct names *n, struct scope *s, const char *name, struct span place) {
  struct entry *found = scope_find(s, name);
  if (found)
    found->is_used = true;
  else if (!n->is_open && !n->has_stray_output && !builtin_find(name))
    report_unknown_name(n->e, s, name, place);
}

/* What the file's scope knows an expression to be; NULL: nothing. */
static const struct val *known_value(struct names *n, struct scope *s, const struct expr *x) {
  if (x->kind == EXPR_NAME) {
    const struct entry *found = scope_find(s, x->name);
    return found && !val_is_error(found->value) ? found->value : NULL;
  }
  if (x->kind != EXPR_FIELD) return NULL;
  const struct val *base = known_value(n, s, x->field.base);
  if (!base || base->kind != KIND_NAMESPACE || !base->space.members) return NULL;
  const struct entry *member = scope_find_here(base->space.members, x->field.name.text);
  return member ? member->value : NULL;
}

static void names_field(struct names *n, struct scope *s, const struct expr *x) {
  const struct val *base = known_value(n, s, x->field.base);
  names_expr(n, s, x->field.base);
  if (base && base->kind == KIND_NAMESPACE && !known_value(n, s, x)) elab_expr(n->e, s, x); /* reports the member */
}

static void check_arguments(struct names *n, const struct expr *call, const char *callee,
                            const struct parameter *parameters, int count) {
  const char **names = arena_new_array(n->e->arena, const char *, (size_t)count + 1);
  bool *given = arena_new_array(n->e->arena, bool, (size_t)count + 1);
  for (int i = 0; i < count; i++) names[i] = parameters[i].name.text;
  for (int k = 0; k < call->call.count; k++) {
    int i = argument_index(n->e, &call->call.arguments[k], callee, names, count, k, call->call.count);
    if (i < 0) return;
    given[i] = true;
  }
  for (int i = 0; i < count; i++) {
    if (given[i] || parameters[i].value) continue;
    report_missing_argument(n->e, call->span, callee, &parameters[i]);
    return;
  }
}

static void names_call(struct names *n, struct scope *s, const struct expr *x) {
  const struct val *callee = known_value(n, s, x->call.callee);
  names_expr(n, s, x->call.callee);
  for (int i = 0; i < x->call.count; i++) names_expr(n, s, x->call.arguments[i].value);
  if (callee && callee->kind == KIND_FUNCTION) {
    const struct fn_decl *f = callee->function.decl;
    check_arguments(n, x, function_name(callee), f->parameters, f->count);
  } else if (callee && callee->kind == KIND_CONSTRUCTOR) {
    const struct decl *d = callee->constructor.decl;
    check_arguments(n, x, d->name.text, d->module.parameters, d->module.count);
  }
}

static void names_subscripts(struct names *n, struct scope *s, const struct expr *x) {
  names_expr(n, s, x->index.base);
  for (int i = 0; i < x->index.count; i++) {
    names_expr(n, s, x->index.subscripts[i].value);
    names_expr(n, s, x->index.subscripts[i].first);
    names_expr(n, s, x->index.subscripts[i].last);
    names_expr(n, s, x->index.subscripts[i].step);
  }
}

static struct scope *with_indices(struct names *n, struct scope *s, const struct ident *indices, int count) {
  struct scope *inner = scope_new(n->e, s);
  for (int i = 0; i < count; i++) put(n, inner, indices[i]);
  return inner;
}

/* `sum[j] x[j] if j < i else 0`: that the condition cannot depend on j is said with its reason (elab_notation.c). */
static struct scope *condition_scope(struct names *n, struct scope *s, const struct expr *then) {
  return then->kind == EXPR_REDUCE ? with_indices(n, s, then->reduce.indices, then->reduce.count) : s;
}

static void names_expr(struct names *n, struct scope *s, const struct expr *x) {
  if (!x) return;
  switch (x->kind) {
  case EXPR_NUMBER:
  case EXPR_STRING: break;
  case EXPR_NAME: use(n, s, x->name, x->span); break;
  case EXPR_FIELD: names_field(n, s, x); break;
  case EXPR_CALL: names_call(n, s, x); break;
  case EXPR_INDEX: names_subscripts(n, s, x); break;
  case EXPR_UNARY: names_expr(n, s, x->unary.operand); break;
  case EXPR_BINARY:
    names_expr(n, s, x->binary.left);
    names_expr(n, s, x->binary.right);
    break;
  case EXPR_CONDITIONAL:
    names_expr(n, s, x->conditional.then);
    names_expr(n, condition_scope(n, s, x->conditional.then), x->conditional.condition);
    names_expr(n, s, x->conditional.otherwise);
    break;
  case EXPR_LIST:
  case EXPR_TUPLE:
    for (int i = 0; i < x->list.count; i++) names_expr(n, s, x->list.items[i]);
    break;
  case EXPR_REDUCE: names_expr(n, with_indices(n, s, x->reduce.indices, x->reduce.count), x->reduce.body); break;
  }
}

/* A policy's name is none of a value. */
static void names_policy(struct names *n, struct scope *s, const struct expr *x) {
  if (x->kind == EXPR_CONDITIONAL) {
    names_expr(n, s, x->conditional.condition);
    names_policy(n, s, x->conditional.then);
    names_policy(n, s, x->conditional.otherwise);
  }
  for (int i = 0; x->kind == EXPR_CALL && i < x->call.count; i++) names_expr(n, s, x->call.arguments[i].value);
}

/* -- functions -- */

static void names_type(struct names *n, struct scope *s, const struct type_expr *type) {
  for (int i = 0; type && i < type->rank; i++) names_expr(n, s, type->dims[i]);
  if (type) names_expr(n, s, type->bound);
}

/* The dimension variables that a parameter's type binds count as the parameter itself. */
static void names_parameter_type(struct names *n, struct scope *s, const struct type_expr *type) {
  for (int i = 0; type && i < type->rank; i++) {
    const struct expr *dim = type->dims[i];
    if (dim->kind == EXPR_NAME && !scope_find(s, dim->name))
      put(n, s, (struct ident){dim->name, dim->span});
    else
      names_expr(n, s, dim);
  }
}

static bool binds_used_dimension(const struct scope *s, const struct type_expr *type) {
  for (int i = 0; type && i < type->rank; i++) {
    const struct entry *dim = type->dims[i]->kind == EXPR_NAME ? scope_find_here(s, type->dims[i]->name) : NULL;
    if (dim && dim->is_used && dim->span.begin == type->dims[i]->span.begin) return true;
  }
  return false;
}

static void names_parameters(struct names *n, struct scope *s, const struct parameter *parameters, int count) {
  for (int i = 0; i < count; i++) {
    names_parameter_type(n, s, parameters[i].type);
    names_expr(n, s, parameters[i].value);
    put(n, s, parameters[i].name);
  }
}

/* A name that begins with '_' is meant to be unused. */
static void warn_unused_parameters(struct names *n, const struct scope *s, const char *owner,
                                   const struct parameter *parameters, int count) {
  for (int i = 0; diag_count(n->e->diags, SEVERITY_ERROR) == 0 && i < count; i++) {
    const struct ident name = parameters[i].name;
    const struct entry *entry = scope_find_here(s, name.text);
    bool is_used = !entry || entry->is_used || binds_used_dimension(s, parameters[i].type);
    if (!is_used && name.text[0] != '_') diag_report(n->e->diags, MSG_UNUSED_PARAMETER, name.span, name.text, owner);
  }
}

static void names_fn(struct names *n, struct scope *outer, const struct fn_decl *fn) {
  struct scope *s = scope_new(n->e, outer);
  names_parameters(n, s, fn->parameters, fn->count);
  names_block(n, s, &fn->body);
  warn_unused_parameters(n, s, fn->name.text ? fn->name.text : "the module's fn", fn->parameters, fn->count);
  names_type(n, s, fn->result);
}

/* -- statements -- */

static void names_inner_block(struct names *n, struct scope *s, const struct block *b) {
  names_block(n, scope_new(n->e, s), b);
}

static void names_for(struct names *n, struct scope *s, const struct stmt *x) {
  struct scope *inner = scope_new(n->e, s);
  names_expr(n, s, x->loop.over);
  define(n, inner, x->loop.name);
  names_block(n, inner, &x->loop.body);
}

static void names_binding(struct names *n, struct scope *s, const struct stmt *x) {
  names_type(n, s, x->bind.type);
  names_expr(n, x->bind.index_count ? with_indices(n, s, x->bind.indices, x->bind.index_count) : s, x->bind.value);
  n->has_stray_output |= x->kind == STMT_OUTPUT && !n->segment;
  if (x->kind == STMT_OUTPUT)
    put(n, n->segment ? n->segment : s, x->bind.name);
  else
    define(n, s, x->bind.name);
}

static void names_assignment(struct names *n, struct scope *s, const struct stmt *x) {
  struct entry *entry = scope_find(s, x->bind.name.text);
  if (entry) entry->is_assigned = true;
  use(n, s, x->bind.name.text, x->bind.name.span);
  names_expr(n, s, x->bind.value);
}

static void names_assert(struct names *n, struct scope *s, const struct expr *x) {
  bool is_gradcheck =
      x->kind == EXPR_CALL && x->call.callee->kind == EXPR_NAME && !strcmp(x->call.callee->name, "gradcheck");
  if (is_gradcheck)
    for (int i = 0; i < x->call.count; i++) names_expr(n, s, x->call.arguments[i].value);
  else
    names_expr(n, s, x);
}

static void names_requirement(struct names *n, struct scope *s, const struct requirement *r) {
  names_expr(n, s, r->value);
  for (int i = 0; i < r->choice_count; i++) names_expr(n, s, r->choices[i]);
  for (int i = 0; i < r->part_count; i++) names_expr(n, s, r->parts[i].name);
}

static void names_stmt(struct names *n, struct scope *s, const struct stmt *x) {
  switch (x->kind) {
  case STMT_LET:
  case STMT_VAR:
  case STMT_OUTPUT: names_binding(n, s, x); break;
  case STMT_ASSIGN: names_assignment(n, s, x); break;
  case STMT_RETURN: names_expr(n, s, x->value); break;
  case STMT_ASSERT: names_assert(n, s, x->value); break;
  case STMT_REQUIRE: names_requirement(n, s, x->require); break;
  case STMT_FOR: names_for(n, s, x); break;
  case STMT_IF:
    names_expr(n, s, x->branch.condition);
    names_inner_block(n, s, &x->branch.then);
    names_inner_block(n, s, &x->branch.otherwise);
    break;
  case STMT_REPEAT:
    names_expr(n, s, x->repeat.trips);
    names_expr(n, s, x->repeat.last);
    names_inner_block(n, s, &x->repeat.body);
    break;
  }
}

static void names_block(struct names *n, struct scope *s, const struct block *b) {
  for (int i = 0; i < b->count; i++) names_stmt(n, s, b->stmts[i]);
}

/* -- modules -- */

static void put_members(struct names *n, struct scope *s, const struct members *members);

static bool is_included_first(struct names *n, const struct decl *d) {
  for (int i = 0; i < n->included_count; i++)
    if (n->included[i] == d) return false;
  arena_push(n->e->arena, n->included, n->included_count, n->included_capacity, d);
  return true;
}

/* The members of an included module, whatever its conditions. */
static void put_included(struct names *n, struct scope *s, const struct expr *x) {
  const struct expr *callee = x->kind == EXPR_CALL ? x->call.callee : x;
  const struct val *v = known_value(n, s, callee);
  if (!v || v->kind != KIND_CONSTRUCTOR)
    n->is_open = true;
  else if (is_included_first(n, v->constructor.decl))
    put_members(n, s, &v->constructor.decl->module.members);
}

/* Members may be used before they stand: in functions and in the segment. */
static void put_members(struct names *n, struct scope *s, const struct members *members) {
  for (int i = 0; i < members->count; i++) {
    const struct member *m = members->items[i];
    if (m->kind == MEMBER_INCLUDE) put_included(n, s, m->value);
    if (m->kind == MEMBER_IF) {
      put_members(n, s, &m->branch.then);
      put_members(n, s, &m->branch.otherwise);
    }
    if (m->name.text) put(n, s, m->name);
  }
}

static void names_members(struct names *n, struct scope *s, const struct members *members) {
  for (int i = 0; i < members->count; i++) {
    const struct member *m = members->items[i];
    switch (m->kind) {
    case MEMBER_LET:
    case MEMBER_FIELD:
    case MEMBER_INCLUDE: names_expr(n, s, m->value); break;
    case MEMBER_PARAM:
    case MEMBER_BUFFER:
    case MEMBER_INPUT:
    case MEMBER_LABEL:
    case MEMBER_STATE:
    case MEMBER_NOISE:
      names_type(n, s, m->tensor.type);
      names_expr(n, s, m->tensor.init);
      names_expr(n, s, m->tensor.condition);
      break;
    case MEMBER_FN: names_fn(n, s, m->fn); break;
    case MEMBER_REQUIRE: names_requirement(n, s, m->require); break;
    case MEMBER_IF:
      names_expr(n, s, m->branch.condition);
      names_members(n, s, &m->branch.then);
      names_members(n, s, &m->branch.otherwise);
      break;
    case MEMBER_SEGMENT: names_block(n, n->segment, &m->segment); break;
    case MEMBER_LOSS:
    case MEMBER_ACT: break; /* after the segment, wherever that stands */
    }
  }
}

/* What sees the names of the segment, and the states that it never assigned. */
static void names_behind_segment(struct names *n, struct scope *s, const struct members *members) {
  for (int i = 0; i < members->count; i++) {
    const struct member *m = members->items[i];
    if (m->kind == MEMBER_LOSS) names_expr(n, n->segment, m->value);
    if (m->kind == MEMBER_ACT) names_policy(n, n->segment, m->value);
    if (m->kind == MEMBER_IF) {
      names_behind_segment(n, s, &m->branch.then);
      names_behind_segment(n, s, &m->branch.otherwise);
    }
    bool is_constant = m->kind == MEMBER_STATE && !scope_find_here(s, m->name.text)->is_assigned;
    if (is_constant && diag_count(n->e->diags, SEVERITY_ERROR) == 0)
      diag_report(n->e->diags, MSG_STATE_UNWRITTEN, m->name.span, m->name.text);
  }
}

static struct scope *names_module(struct names *n, const struct decl *d) {
  struct scope *parameters = scope_new(n->e, n->file), *s = scope_new(n->e, parameters);
  n->is_open = false;
  n->included_count = 0;
  names_parameters(n, parameters, d->module.parameters, d->module.count);
  put_members(n, s, &d->module.members);
  if (d->kind == DECL_MODEL) n->segment = scope_new(n->e, s);
  names_members(n, s, &d->module.members);
  if (d->kind == DECL_MODEL) names_behind_segment(n, s, &d->module.members);
  n->segment = NULL;
  warn_unused_parameters(n, parameters, d->name.text, d->module.parameters, d->module.count);
  return s;
}

void elab_names(struct elab *e, struct scope *file_scope, const struct ast_file *file) {
  struct names n = {.e = e, .file = file_scope};
  struct scope *model = file_scope;
  for (int i = 0; i < file->count; i++) {
    const struct decl *d = file->decls[i];
    if (d->kind == DECL_FN) names_fn(&n, file_scope, d->fn);
    if (d->kind == DECL_MODULE) names_module(&n, d);
    if (d->kind == DECL_MODEL) model = names_module(&n, d);
    n.is_open = false;
    if (d->kind == DECL_TEST) names_inner_block(&n, file_scope, &d->test);
  }
  for (int i = 0; i < file->count; i++)
    for (int k = 0; file->decls[i]->kind == DECL_TRAIN && k < file->decls[i]->train.count; k++)
      names_policy(&n, model, file->decls[i]->train.items[k].value);
}

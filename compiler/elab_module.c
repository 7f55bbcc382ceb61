/* Modules: a constructor's call is a template; a field gives it a path and makes it an instance with parameters. */
#include "elab.h"

#include <string.h>

/* The arguments of a constructor, evaluated where it is called. */
static struct scope *module_arguments(struct elab *e, struct scope *s, const struct decl *d, struct scope *home,
                                      const struct expr *call) {
  int count = d->module.count;
  const char **names = arena_new_array(e->arena, const char *, (size_t)count + 1);
  struct bound_argument *arguments = arena_new_array(e->arena, struct bound_argument, (size_t)count + 1);
  for (int i = 0; i < count; i++) names[i] = d->module.parameters[i].name.text;
  if (!bind_arguments(e, s, call, d->name.text, names, count, arguments)) return NULL;
  struct scope *scope = scope_new(e, home);
  for (int i = 0; i < count; i++) {
    const struct parameter *p = &d->module.parameters[i];
    const struct val *v = arguments[i].value;
    if (!v && !p->value) {
      report_missing_argument(e, call->span, d->name.text, p);
      return NULL;
    }
    if (!v) v = elab_expr(e, scope, p->value);
    if (val_is_error(v)) return NULL;
    define_parameter(e, scope, p, &arguments[i], v);
  }
  return scope;
}

const struct val *elab_template(struct elab *e, struct scope *s, const struct val *constructor,
                                const struct expr *call) {
  const struct decl *d = constructor->constructor.decl;
  if (e->endless == d) return &val_error;
  if (e->depth == ELAB_MAX_DEPTH) {
    e->endless = d;
    diag_report(e->diags, MSG_RECURSION, call->span, d->name.text, (int)ELAB_MAX_DEPTH);
    return &val_error;
  }
  int mark = diag_mark(e->diags);
  e->depth++;
  struct scope *arguments = module_arguments(e, s, d, constructor->constructor.scope, call);
  e->depth--;
  diag_note_since(e->diags, mark, call->span, "in this call");
  if (!arguments) return &val_error;
  struct val *v = arena_new_object(e->arena, struct val);
  v->kind = KIND_TEMPLATE;
  v->template.decl = d;
  v->template.scope = constructor->constructor.scope;
  v->template.arguments = arguments;
  v->template.call = call->span;
  return v;
}

static const struct val *instantiate_list(struct elab *e, const struct val *v, const char *path) {
  const struct val **items = arena_new_array(e->arena, const struct val *, (size_t)v->list.count + 1);
  bool changed = false;
  for (int i = 0; i < v->list.count; i++) {
    items[i] = instantiate(e, v->list.items[i], arena_printf(e->arena, "%s.%d", path, i));
    changed |= items[i] != v->list.items[i];
  }
  return changed ? val_list(e, items, v->list.count) : v;
}

const struct val *instantiate(struct elab *e, const struct val *v, const char *path) {
  if (v->kind == KIND_LIST) return instantiate_list(e, v, path);
  if (v->kind != KIND_TEMPLATE) return v;
  if (e->endless == v->template.decl) return &val_error;
  if (++e->depth > ELAB_MAX_DEPTH) {
    e->endless = v->template.decl;
    diag_report(e->diags, MSG_RECURSION, v->template.decl->name.span, v->template.decl->name.text,
                (int)ELAB_MAX_DEPTH);
    e->depth--;
    return &val_error;
  }
  struct val *out = arena_new_object(e->arena, struct val);
  out->kind = KIND_INSTANCE;
  out->instance.path = path;
  out->instance.name = v->template.decl->name.text;
  out->instance.members = scope_new(e, v->template.arguments);
  int mark = diag_mark(e->diags);
  struct span outer = e->member, outer_call = e->call;
  e->call = v->template.call;
  if (v->template.call.source == e->request->file->source) e->member = v->template.call;
  bool ok = elab_members(e, out->instance.members, &v->template.decl->module.members, path, &out->instance.call);
  e->member = outer;
  e->call = outer_call;
  diag_note_since(e->diags, mark, v->template.call, "in this call");
  e->depth--;
  return ok ? out : &val_error;
}

static const char *member_path(struct elab *e, const char *path, const char *name) {
  return *path ? arena_printf(e->arena, "%s.%s", path, name) : name;
}

static struct weight *new_weight(struct elab *e, const struct member *m, const char *path, const struct init *init,
                                 const struct tensor_value *shape) {
  struct program *p = e->program;
  int64_t extent[GRAPH_MAX_RANK];
  for (int i = 0; i < shape->rank; i++) extent[i] = shape->dim[i].size;
  struct symbol *symbol = arena_new_object(e->arena, struct symbol);
  *symbol = (struct symbol){.name = path,
                            .role = m->kind == MEMBER_PARAM ? ROLE_PARAM : ROLE_BUFFER,
                            .type = type_make(DTYPE_F32, shape->rank, extent)};
  struct weight *w = arena_new_object(e->arena, struct weight);
  bool is_own = m->span.source == e->request->file->source;
  struct span place = is_own ? m->name.span : e->member;
  *w = (struct weight){.symbol = symbol, .init = *init, .group = -1, .offset = -1, .place = place};
  arena_push(e->arena, p->weights, p->weight_count, e->weight_capacity, w);
  return w;
}

/* param NAME: type ~ init if condition */
static bool weight_member(struct elab *e, struct scope *s, const struct member *m, const char *path) {
  struct val *v = arena_new_object(e->arena, struct val);
  bool present = true, ok = true;
  if (m->tensor.condition) present = elab_condition(e, s, m->tensor.condition, "'if'", &ok);
  if (!ok) return false;
  v->kind = present ? KIND_WEIGHT : KIND_ABSENT;
  if (present) {
    if (!m->tensor.type || m->tensor.type->is_integer) {
      diag_report(e->diags, MSG_WEIGHT_TYPE, m->name.span, m->name.text);
      return false;
    }
    if (!elab_type(e, s, m->tensor.type, &v->weight.shape)) return false;
    const struct val *init = m->tensor.init ? elab_expr(e, s, m->tensor.init) : NULL;
    if (init && val_is_error(init)) return false;
    if (!init || init->kind != KIND_INIT) {
      diag_report(e->diags, MSG_NOT_AN_INIT, m->tensor.init ? m->tensor.init->span : m->name.span, m->name.text,
                  init ? val_describe(e, init) : "nothing");
      return false;
    }
    v->weight.weight = new_weight(e, m, member_path(e, path, m->name.text), &init->init, &v->weight.shape);
  }
  scope_define(e, s, m->name, v);
  return true;
}

static bool value_member(struct elab *e, struct scope *s, const struct member *m, const char *path) {
  const struct val *v = elab_expr(e, s, m->value);
  if (m->kind == MEMBER_FIELD) v = instantiate(e, v, member_path(e, path, m->name.text));
  if (val_is_error(v)) {
    scope_define(e, s, m->name, v);
    return false;
  }
  if (v->kind == KIND_NUMBER && m->kind == MEMBER_LET) v = val_number(e, v->number.value, m->name.text);
  scope_define(e, s, m->name, v);
  return true;
}

/* include M(…): the members of M become one's own, with parameters at one's own paths. */
static bool include_member(struct elab *e, struct scope *s, const struct member *m, const char *path) {
  const struct val *v = elab_expr(e, s, m->value);
  if (val_is_error(v)) return false;
  if (v->kind != KIND_TEMPLATE) {
    diag_report(e->diags, MSG_NOT_A_MODULE, m->value->span, val_describe(e, v));
    return false;
  }
  const struct val *instance = instantiate(e, v, path);
  if (val_is_error(instance)) return false;
  for (const struct entry *x = instance->instance.members->entries; x; x = x->next)
    scope_define(e, s, (struct ident){x->name, m->value->span}, x->value);
  return true;
}

static void fn_member(struct elab *e, struct scope *s, const struct member *m, const struct val **call) {
  struct val *f = arena_new_object(e->arena, struct val);
  check_parameters(e, m->fn->parameters, m->fn->count);
  f->kind = KIND_FUNCTION;
  f->function.decl = m->fn;
  f->function.scope = s;
  if (m->fn->name.text) {
    scope_define(e, s, m->fn->name, f);
  } else {
    if (*call) diag_report(e->diags, MSG_TWO_CALLS, m->span);
    *call = f;
  }
}

static bool branch_member(struct elab *e, struct scope *s, const struct member *m, const char *path,
                          const struct val **call) {
  bool ok;
  bool holds = elab_condition(e, s, m->branch.condition, "'if'", &ok);
  return ok && elab_members(e, s, holds ? &m->branch.then : &m->branch.otherwise, path, call);
}

/* Members of a module or of a model; what only a model has is left to elab_model.c.  Behind a requirement that does
 * not hold, nothing more is said. */
bool elab_members(struct elab *e, struct scope *s, const struct members *members, const char *path,
                  const struct val **call) {
  bool ok = true;
  for (int i = 0; i < members->count; i++) {
    const struct member *m = members->items[i];
    switch (m->kind) {
    case MEMBER_LET:
    case MEMBER_FIELD: ok &= value_member(e, s, m, path); break;
    case MEMBER_PARAM:
    case MEMBER_BUFFER: ok &= weight_member(e, s, m, path); break;
    case MEMBER_INCLUDE: ok &= include_member(e, s, m, path); break;
    case MEMBER_FN: fn_member(e, s, m, call); break;
    case MEMBER_IF: ok &= branch_member(e, s, m, path, call); break;
    case MEMBER_REQUIRE:
      if (!elab_requirement(e, s, m->require, m->span)) return false;
      break;
    default: break;
    }
  }
  return ok;
}

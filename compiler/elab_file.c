/* The declarations of a file: configs and lets in order; functions and modules may be used before they are written.
 */
#include "elab.h"
#include "warn.h"
#include "runtime/nearest.h"

#include <string.h>

static const struct binding *find_binding(struct elab *e, const char *name) {
  const struct binding *found = NULL;
  for (int i = 0; i < e->request->binding_count; i++) {
    const struct binding *b = &e->request->bindings[i];
    if (strcmp(b->name, name)) continue;
    e->binding_used[i] = true;
    if (!found || !b->from_data) found = b; /* the command line wins over the data set, the last -D over the first */
  }
  return found;
}

/* The value stands at the end of the place where the user gave it; a data set's has a source of its own. */
static struct span value_place(struct elab *e, const struct binding *b) {
  size_t length = strlen(b->value);
  if (b->place.source) return (struct span){b->place.source, b->place.end - (uint32_t)length, b->place.end};
  struct source *source = arena_new_object(e->arena, struct source);
  *source = (struct source){.name = arena_printf(e->arena, "-D %s", b->name), .text = b->value, .length = length};
  return (struct span){source, 0, (uint32_t)length};
}

/* The value of -D NAME=VALUE: an expression of numbers, or a bare word as text. */
static const struct val *binding_value(struct elab *e, struct scope *s, const struct decl *d,
                                       const struct binding *b) {
  struct span place = value_place(e, b);
  const struct expr *x = parse_expression(e->arena, e->diags, place);
  if (!x) return &val_error;
  if (x->kind == EXPR_NAME && !scope_find(s, x->name)) return val_string(e, x->name);
  const struct val *v = elab_expr(e, s, x);
  if (v->kind == KIND_NUMBER) return val_number(e, v->number.value, NULL);
  if (v->kind == KIND_STRING || val_is_error(v)) return v;
  diag_report(e->diags, MSG_CONFIG_KIND, b->place, d->name.text, val_describe(e, v));
  return &val_error;
}

static bool is_choice(struct elab *e, struct scope *s, const struct decl *d, const struct val *v, struct span place) {
  const char *list = "";
  if (d->config.choice_count == 0) return true;
  for (int i = 0; i < d->config.choice_count; i++) {
    const struct val *choice = elab_expr(e, s, d->config.choices[i]);
    if (val_is_error(choice)) return false;
    if (same_constant(choice, v)) return true;
    list = arena_printf(e->arena, "%s%s%s", list, i ? ", " : "", constant_text(e, choice));
  }
  struct diag *diag = diag_report(e->diags, MSG_CONFIG_CHOICE, place, d->name.text, constant_text(e, v), list);
  if (place.source != d->span.source) diag_note(e->diags, diag, d->span, "'%s' is declared here", d->name.text);
  return false;
}

static bool same_kind(struct elab *e, const struct decl *d, const struct val *declared, const struct val *given,
                      struct span place) {
  bool is_number = given->kind == KIND_NUMBER || d->config.choice_count > 0;
  if (declared ? declared->kind == given->kind : is_number) return true;
  struct diag *diag = diag_report(e->diags, MSG_CONFIG_KIND, place, d->name.text, val_describe(e, given));
  if (declared)
    diag_note(e->diags, diag, d->span, "its default is %s", val_describe(e, declared));
  else
    diag_note(e->diags, diag, d->span, "without a default or a list of words ('in [...]') it is a number");
  return false;
}

static void record_config(struct elab *e, const struct decl *d, const struct val *v) {
  struct setting setting = {.name = d->name.text};
  setting.kind = v->kind == KIND_STRING ? SETTING_TEXT : SETTING_NUMBER;
  if (v->kind == KIND_STRING)
    setting.text = v->string;
  else
    setting.number = v->number.value, setting.is_integer = val_is_whole(v);
  arena_push(e->arena, e->program->configs, e->program->config_count, e->config_capacity, setting);
}

static const struct val *config_value(struct elab *e, struct scope *s, const struct decl *d, bool is_main) {
  const struct binding *b = is_main ? find_binding(e, d->name.text) : NULL;
  const struct val *declared = d->config.value ? elab_expr(e, s, d->config.value) : NULL;
  if (declared && val_is_error(declared)) return declared;
  const struct val *v = b ? binding_value(e, s, d, b) : declared;
  struct span place = b ? b->place : d->span;
  if (!v) {
    diag_report(e->diags, MSG_CONFIG_UNBOUND, d->name.span, d->name.text, d->name.text);
    return &val_error;
  }
  if (val_is_error(v) || !same_kind(e, d, declared, v, place) || !is_choice(e, s, d, v, place)) return &val_error;
  if (is_main) record_config(e, d, v);
  if (v->kind == KIND_NUMBER) v = val_number(e, v->number.value, d->name.text);
  if (b) e->binding_values[b - e->request->bindings] = v;
  return v;
}

static const struct val *let_value(struct elab *e, struct scope *s, const struct decl *d) {
  const struct val *v = elab_expr(e, s, d->value);
  return v->kind == KIND_NUMBER ? val_number(e, v->number.value, d->name.text) : v;
}

static void declare_code(struct elab *e, struct scope *s, const struct decl *d) {
  struct val *v = arena_new_object(e->arena, struct val);
  if (d->kind == DECL_FN) {
    check_parameters(e, d->fn->parameters, d->fn->count);
    v->kind = KIND_FUNCTION;
    v->function.decl = d->fn;
    v->function.scope = s;
    scope_define(e, s, d->fn->name, v);
  } else if (d->kind == DECL_MODULE) {
    check_parameters(e, d->module.parameters, d->module.count);
    v->kind = KIND_CONSTRUCTOR;
    v->constructor.decl = d;
    v->constructor.scope = s;
    scope_define(e, s, d->name, v);
  }
}

static void report_unused_bindings(struct elab *e, const struct ast_file *file) {
  const char **names = arena_new_array(e->arena, const char *, (size_t)file->count + 1);
  int count = 0;
  for (int i = 0; i < file->count; i++)
    if (file->decls[i]->kind == DECL_CONFIG) names[count++] = file->decls[i]->name.text;
  for (int i = 0; i < e->request->binding_count; i++) {
    const struct binding *b = &e->request->bindings[i];
    if (e->binding_used[i] || b->from_data) continue;
    struct diag *d = diag_report(e->diags, MSG_UNKNOWN_CONFIG, b->place, b->name);
    const char *nearest = nearest_word(b->name, names, count);
    struct span name = {b->place.source, b->place.begin, b->place.begin + (uint32_t)strlen(b->name)};
    diag_suggest(e->diags, d, name, nearest);
  }
}

static const struct val *decl_value(struct elab *e, struct scope *s, const struct decl *d, bool is_main) {
  if (d->kind == DECL_CONFIG) return config_value(e, s, d, is_main);
  if (d->kind == DECL_IMPORT) return elab_import(e, d->name.text, d->name.span);
  return let_value(e, s, d);
}

struct scope *elab_file(struct elab *e, const struct ast_file *file, bool is_main) {
  struct scope *s = scope_new(e, e->prelude);
  for (int i = 0; i < file->count; i++) declare_code(e, s, file->decls[i]);
  for (int i = 0; i < file->count; i++) {
    const struct decl *d = file->decls[i];
    if (d->kind == DECL_CONFIG || d->kind == DECL_LET || d->kind == DECL_IMPORT)
      scope_define(e, s, d->name, decl_value(e, s, d, is_main));
  }
  if (is_main) report_unused_bindings(e, file);
  if (is_main && diag_count(e->diags, SEVERITY_ERROR) == 0) warn_unused_configs(e->arena, e->diags, file);
  return s;
}

const struct val *elab_import(struct elab *e, const char *name, struct span place) {
  for (struct import *i = e->imports; i; i = i->next) {
    if (strcmp(i->name, name)) continue;
    if (i->space->space.members) return i->space;
    diag_report(e->diags, MSG_IMPORT_CYCLE, place, name);
    return &val_error;
  }
  const struct source *source = e->request->import(e->request->import_context, name);
  if (!source) {
    diag_report(e->diags, MSG_NO_IMPORT, place, name);
    return &val_error;
  }
  struct val *v = arena_new_object(e->arena, struct val);
  struct import *record = arena_new_object(e->arena, struct import);
  v->kind = KIND_NAMESPACE;
  v->space.name = name;
  *record = (struct import){name, v, e->imports};
  e->imports = record;
  v->space.members = elab_file(e, parse_file(e->arena, e->diags, source), false);
  return v;
}

struct scope *elab_prelude(struct elab *e) {
  struct scope *constants = scope_new(e, NULL);
  scope_put(e, constants, "true", val_number(e, 1, NULL));
  scope_put(e, constants, "false", val_number(e, 0, NULL));
  e->prelude = constants;
  const struct val *library = elab_import(e, "prelude", (struct span){0});
  return val_is_error(library) ? constants : library->space.members;
}

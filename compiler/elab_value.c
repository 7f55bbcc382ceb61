/* Values and scopes of elaboration, and how they are shown in messages. */
#include "elab.h"

#include "runtime/nearest.h"

#include <math.h>
#include <string.h>

const struct val val_error = {.kind = KIND_ERROR};

static struct val *val_new(struct elab *e, enum value_kind_elab kind) {
  struct val *v = arena_new_object(e->arena, struct val);
  v->kind = kind;
  return v;
}

const struct val *val_number(struct elab *e, double value, const char *name) {
  struct val *v = val_new(e, KIND_NUMBER);
  v->number.value = value;
  v->number.name = name;
  return v;
}

const struct val *val_string(struct elab *e, const char *text) {
  struct val *v = val_new(e, KIND_STRING);
  v->string = text;
  return v;
}

const struct val *val_tensor(struct elab *e, struct tensor_value t) {
  struct val *v = val_new(e, KIND_TENSOR);
  v->tensor = t;
  return v;
}

struct val *val_list(struct elab *e, const struct val **items, int count) {
  struct val *v = val_new(e, KIND_LIST);
  v->list.items = items;
  v->list.count = count;
  return v;
}

bool val_is_error(const struct val *v) { return v->kind == KIND_ERROR; }

bool val_is_whole(const struct val *v) {
  return v->kind == KIND_NUMBER && floor(v->number.value) == v->number.value && fabs(v->number.value) <= 0x1p53;
}

const char *number_text(struct elab *e, double value) {
  if (isnan(value)) return "nan"; /* its sign says nothing */
  if (floor(value) == value && fabs(value) <= 0x1p53) return arena_printf(e->arena, "%.0f", value + 0.0); /* no -0 */
  return arena_printf(e->arena, "%.6g", value);
}

bool same_constant(const struct val *a, const struct val *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == KIND_STRING) return !strcmp(a->string, b->string);
  return a->kind == KIND_NUMBER && a->number.value == b->number.value;
}

const char *constant_text(struct elab *e, const struct val *v) {
  return v->kind == KIND_STRING ? arena_printf(e->arena, "\"%s\"", v->string) : number_text(e, v->number.value);
}

static const char *dim_names(struct elab *e, const struct dim *dim, int rank) {
  const char *text = "";
  for (int i = 0; i < rank; i++) {
    const char *name = dim[i].name ? dim[i].name : number_text(e, (double)dim[i].size);
    text = arena_printf(e->arena, "%s%s%s", text, i ? ", " : "", name);
  }
  return text;
}

const char *dims_text(struct elab *e, const struct dim *dim, int rank) {
  const char *names = dim_names(e, dim, rank), *numbers = "";
  if (rank == 0) return "a scalar";
  for (int i = 0; i < rank; i++)
    numbers = arena_printf(e->arena, "%s%s%lld", numbers, i ? ", " : "", (long long)dim[i].size);
  if (!strcmp(names, numbers)) return arena_printf(e->arena, "[%s]", numbers);
  return arena_printf(e->arena, "[%s] = [%s]", names, numbers);
}

const char *written_type(struct elab *e, const struct tensor_value *shape, bool is_integer) {
  if (shape->rank == 0) return is_integer ? "int" : "float";
  return arena_printf(e->arena, "%s%s", is_integer ? "int" : "", dims_text(e, shape->dim, shape->rank));
}

static const char *tensor_describe(struct elab *e, const struct tensor_value *t, enum dtype dtype) {
  const char *kind = dtype == DTYPE_I32 ? "an integer" : "a";
  if (t->rank == 0) return arena_printf(e->arena, "%s scalar tensor", kind);
  return arena_printf(e->arena, "%s tensor %s", kind, dims_text(e, t->dim, t->rank));
}

const char *val_describe(struct elab *e, const struct val *v) {
  switch (v->kind) {
  case KIND_ERROR: return "a value with an error";
  case KIND_NUMBER: return arena_printf(e->arena, "the number %s", number_text(e, v->number.value));
  case KIND_STRING: return arena_printf(e->arena, "the text \"%s\"", v->string);
  case KIND_TENSOR: return tensor_describe(e, &v->tensor, v->tensor.node->type.dtype);
  case KIND_WEIGHT: return tensor_describe(e, &v->weight.shape, v->weight.weight->symbol->type.dtype);
  case KIND_LIST: return arena_printf(e->arena, "a list of %d", v->list.count);
  case KIND_FUNCTION:
  case KIND_BUILTIN: return "a function";
  case KIND_CONSTRUCTOR: return "a module";
  case KIND_TEMPLATE:
  case KIND_INSTANCE: return "an instance of a module";
  case KIND_NAMESPACE: return "an import";
  case KIND_INIT: return "an initialiser";
  case KIND_ABSENT: return "a parameter that is left out";
  }
  return "a value";
}

/* The code between two places on one line, white space folded, cut when long. */
const char *code_text(struct elab *e, struct span span) {
  enum { LONGEST = 48 };
  char text[LONGEST + 8];
  size_t n = 0;
  if (!span.source) return "";
  for (uint32_t i = span.begin; i < span.end && n < LONGEST; i++) {
    char c = span.source->text[i];
    bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (blank && n > 0 && text[n - 1] == ' ') continue;
    text[n++] = blank ? ' ' : c;
  }
  if (n == LONGEST) n += (size_t)snprintf(text + n, sizeof text - n, " …");
  return arena_strndup(e->arena, text, n);
}

struct scope *scope_new(struct elab *e, struct scope *parent) {
  struct scope *s = arena_new_object(e->arena, struct scope);
  s->parent = parent;
  return s;
}

struct entry *scope_find_here(const struct scope *s, const char *name) {
  for (struct entry *x = s->entries; x; x = x->next)
    if (!strcmp(x->name, name)) return x;
  return NULL;
}

struct entry *scope_find(const struct scope *s, const char *name) {
  for (; s; s = s->parent) {
    struct entry *x = scope_find_here(s, name);
    if (x) return x;
  }
  return NULL;
}

static struct entry *scope_add(struct elab *e, struct scope *s, const char *name, const struct val *value,
                               struct span span) {
  struct entry *x = arena_new_object(e->arena, struct entry);
  *x = (struct entry){.name = name, .value = value, .span = span, .next = s->entries};
  s->entries = x;
  return x;
}

struct entry *scope_define(struct elab *e, struct scope *s, struct ident name, const struct val *value) {
  struct entry *old = scope_find_here(s, name.text);
  if (old) {
    struct diag *d = diag_report(e->diags, MSG_ALREADY_DEFINED, name.span, name.text);
    if (old->span.source) diag_note(e->diags, d, old->span, "'%s' is first defined here", name.text);
  }
  return scope_add(e, s, name.text, value, name.span);
}

void scope_put(struct elab *e, struct scope *s, const char *name, const struct val *value) {
  scope_add(e, s, name, value, (struct span){0});
}

/* Whether a declaration of the file says why the name is unknown: it comes later, or is the label. */
static bool note_declaration(struct elab *e, struct diag *d, const char *name, struct span place) {
  const struct ast_file *file = e->request->file;
  for (int i = 0; i < file->count; i++) {
    const struct decl *x = file->decls[i];
    bool is_later = (x->kind == DECL_LET || x->kind == DECL_CONFIG) && x->span.begin > place.begin;
    if (is_later && x->span.source == place.source && !strcmp(x->name.text, name)) {
      diag_note(e->diags, d, x->name.span, "'%s' is defined here, behind its use", name);
      return true;
    }
    for (int k = 0; x->kind == DECL_MODEL && k < x->module.members.count; k++) {
      const struct member *m = x->module.members.items[k];
      if (m->kind != MEMBER_LABEL || strcmp(m->name.text, name)) continue;
      diag_note(e->diags, d, m->name.span, "the label is seen by 'loss' alone");
      return true;
    }
  }
  return false;
}

/* NULL: there is none. */
static const struct ast_file *library(struct elab *e) {
  const struct source *source = e->library ? NULL : e->request->import(e->request->import_context, "nn");
  if (source) e->library = parse_file(e->arena, diags_new(e->arena), source);
  return e->library;
}

/* Whether the library's layers have the name. */
static bool note_library(struct elab *e, struct diag *d, const struct scope *s, const char *name, struct span place) {
  const struct ast_file *file = library(e);
  for (int i = 0; file && i < file->count; i++) {
    const struct decl *x = file->decls[i];
    if ((x->kind != DECL_FN && x->kind != DECL_MODULE) || strcmp(x->name.text, name)) continue;
    if (scope_find(s, "nn"))
      diag_suggest(e->diags, d, place, arena_printf(e->arena, "nn.%s", name));
    else
      diag_note(e->diags, d, (struct span){0}, "the library has it: 'import nn', then 'nn.%s'", name);
    return true;
  }
  return false;
}

struct diag *report_unknown_name(struct elab *e, const struct scope *s, const char *name, struct span place) {
  enum { MOST = 512 };
  const char *names[MOST];
  int count = builtin_names(names, MOST / 2);
  for (const struct scope *x = s; x; x = x->parent)
    for (const struct entry *y = x->entries; y && count < MOST; y = y->next) names[count++] = y->name;
  struct diag *d = diag_report(e->diags, MSG_UNKNOWN_NAME, place, name);
  if (note_declaration(e, d, name, place) || note_library(e, d, s, name, place)) return d;
  const char *nearest = nearest_word(name, names, count);
  diag_suggest(e->diags, d, place, nearest);
  return d;
}

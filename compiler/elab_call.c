/* Calls: arguments, written types, and lifting over extra leading axes. */
#include "elab.h"

#include "runtime/nearest.h"

#include <string.h>

static int parameter_index(const char *const *names, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (!strcmp(names[i], name)) return i;
  return -1;
}

static const char *list_text(struct elab *e, const char *const *names, int count) {
  const char *text = names[0];
  for (int i = 1; i < count; i++) text = arena_printf(e->arena, "%s, %s", text, names[i]);
  return text;
}

int argument_index(struct elab *e, const struct argument *a, const char *callee, const char *const *names, int count,
                   int position, int total) {
  if (!a->name) {
    if (position >= count) diag_report(e->diags, MSG_TOO_MANY_ARGUMENTS, a->value->span, callee, count, total);
    return position < count ? position : -1;
  }
  int i = parameter_index(names, count, a->name);
  if (i < 0) {
    struct diag *d = diag_report(e->diags, MSG_UNKNOWN_ARGUMENT, a->name_span, callee, a->name);
    const char *nearest = nearest_word(a->name, names, count);
    if (nearest)
      diag_suggest(e->diags, d, a->name_span, nearest);
    else if (count > 0)
      diag_note(e->diags, d, (struct span){0}, "its parameters are %s", list_text(e, names, count));
  }
  return i;
}

void report_missing_argument(struct elab *e, struct span call, const char *callee, const struct parameter *p) {
  struct diag *d = diag_report(e->diags, MSG_MISSING_ARGUMENT, call, callee, p->name.text);
  diag_note(e->diags, d, p->name.span, "'%s' is declared here", p->name.text);
}

bool bind_arguments(struct elab *e, struct scope *s, const struct expr *call, const char *callee,
                    const char *const *names, int count, struct bound_argument *out) {
  memset(out, 0, sizeof *out * (size_t)count);
  for (int k = 0; k < call->call.count; k++) {
    const struct argument *a = &call->call.arguments[k];
    int i = argument_index(e, a, callee, names, count, k, call->call.count);
    if (i < 0) return false;
    if (out[i].value) {
      diag_report(e->diags, MSG_ARGUMENT_TWICE, a->name ? a->name_span : a->value->span, names[i], callee);
      return false;
    }
    out[i] = (struct bound_argument){elab_expr(e, s, a->value), a->value};
    if (val_is_error(out[i].value)) return false;
  }
  return true;
}

void check_parameters(struct elab *e, const struct parameter *parameters, int count) {
  struct scope *names = scope_new(e, NULL);
  for (int i = 0; i < count; i++) scope_define(e, names, parameters[i].name, &val_error);
}

const char *function_name(const struct val *f) {
  return f->function.decl->name.text ? f->function.decl->name.text : "the module's fn";
}

/* One dimension of a written type: a name that nothing defines becomes a dimension variable when `free` is given. */
static bool type_dim(struct elab *e, struct scope *s, const struct expr *x, const struct dim *actual,
                     struct dim *out) {
  if (actual && x->kind == EXPR_NAME && !scope_find(s, x->name)) {
    scope_define(e, s, (struct ident){x->name, x->span}, val_number(e, (double)actual->size, x->name));
    *out = (struct dim){actual->size, actual->name ? actual->name : x->name};
    return true;
  }
  out->name = NULL;
  if (!elab_whole(e, s, x, "a dimension", &out->size, &out->name)) return false;
  if (!out->name && x->kind == EXPR_NAME) out->name = x->name;
  if (out->size >= 1 && out->size <= INT64_C(1) << 31) return true;
  diag_report(e->diags, MSG_COUNT_RANGE, x->span, "a dimension", (long long)out->size, 1LL, 1LL << 31);
  return false;
}

static bool type_resolve(struct elab *e, struct scope *s, const struct type_expr *t, const struct dim *actual,
                         struct tensor_value *out) {
  *out = (struct tensor_value){.rank = t->rank};
  double elements = 1;
  if (t->rank > GRAPH_MAX_RANK - 1) {
    diag_report(e->diags, MSG_LIMIT, t->span, "a tensor with more than 7 axes");
    return false;
  }
  for (int i = 0; i < t->rank; i++) {
    if (!type_dim(e, s, t->dims[i], actual ? &actual[i] : NULL, &out->dim[i])) return false;
    elements *= (double)out->dim[i].size;
  }
  if (elements <= 0x1p33) return true;
  diag_report(e->diags, MSG_LIMIT, t->span, "a tensor of more than 2^33 elements");
  return false;
}

bool elab_type(struct elab *e, struct scope *s, const struct type_expr *t, struct tensor_value *out) {
  return type_resolve(e, s, t, NULL, out);
}

struct call_state {
  const struct val *function;
  struct scope *scope;
  struct frame frame; /* rank 0: not lifted */
  const struct bound_argument *lifted_by;
  const char *lifted_name;
};

static bool report_argument(struct elab *e, const struct call_state *c, const struct parameter *p,
                            const struct bound_argument *a, const struct tensor_value *t,
                            const struct tensor_value *wanted, struct span place) {
  struct span at = a->expr ? a->expr->span : place;
  struct diag *d = diag_report(e->diags, MSG_ARGUMENT_SHAPE, at, p->name.text, function_name(c->function),
                               dims_text(e, wanted->dim, wanted->rank));
  diag_range(e->diags, d, at, "%s", dims_text(e, t->dim, t->rank));
  diag_note(e->diags, d, p->type->span, "'%s' is declared here", p->name.text);
  return false;
}

static bool check_dtype(struct elab *e, const struct call_state *c, const struct parameter *p,
                        const struct bound_argument *a, const struct tensor_value *t, struct span place) {
  bool integer = t->node->type.dtype == DTYPE_I32;
  if (integer == p->type->is_integer) return true;
  struct diag *d = diag_report(e->diags, MSG_ARGUMENT_DTYPE, a->expr ? a->expr->span : place, p->name.text,
                               function_name(c->function), p->type->is_integer ? "integers" : "floats");
  diag_note(e->diags, d, p->type->span, "'%s' is declared here", p->name.text);
  return false;
}

/* The extra leading axes of an argument join the call's frame: all that have any must have the same. */
static bool join_frame(struct elab *e, struct call_state *c, const struct parameter *p,
                       const struct bound_argument *a, const struct tensor_value *t, int extra, struct span place) {
  struct frame *f = &c->frame;
  bool same = f->rank == 0 || f->rank == extra;
  for (int i = 0; same && f->rank && i < extra; i++) same = f->extent[i] == t->dim[i].size;
  if (!same) {
    struct diag *d = diag_report(e->diags, MSG_LIFTS_DIFFER, a->expr ? a->expr->span : place, p->name.text,
                                 c->lifted_name, function_name(c->function));
    diag_range(e->diags, d, a->expr ? a->expr->span : place, "lifts over %s", dims_text(e, t->dim, extra));
    if (c->lifted_by->expr)
      diag_range(e->diags, d, c->lifted_by->expr->span, "lifts over %s", dims_text(e, f->dim, f->rank));
    return false;
  }
  f->rank = extra;
  for (int i = 0; i < extra; i++) {
    f->extent[i] = t->dim[i].size;
    f->dim[i] = t->dim[i];
  }
  c->lifted_by = a;
  c->lifted_name = p->name.text;
  return true;
}

/* From here on, a dimension without a name has the declared one; but the function's own variables would say nothing
 * to its caller. */
static void name_dimensions(const struct call_state *c, const struct type_expr *type,
                            const struct tensor_value *declared, struct dim *dim) {
  for (int i = 0; i < declared->rank; i++) {
    const struct expr *x = type->dims[i];
    bool is_variable = x->kind == EXPR_NAME && scope_find_here(c->scope, x->name);
    if (!dim[i].name && !is_variable) dim[i].name = declared->dim[i].name;
  }
}

/* A typed parameter: its core dims are bound or compared; what leads them is lifted over. */
static bool bind_tensor(struct elab *e, struct call_state *c, const struct parameter *p,
                        const struct bound_argument *a, struct span place, struct tensor_value *t) {
  struct span at = a->expr ? a->expr->span : place;
  bool is_written_integer = p->type->is_integer && val_is_whole(a->value);
  if (is_written_integer && !check_integer(e, a->value, at)) return false;
  if (is_written_integer)
    *t = tensor_constant(e, DTYPE_I32, a->value->number.value);
  else if (!elab_as_tensor(e, a->value, at, t))
    return false;
  if (!check_dtype(e, c, p, a, t, place)) return false;
  int extra = t->rank - p->type->rank;
  struct tensor_value wanted;
  if (extra < 0) {
    struct diag *d = diag_report(e->diags, MSG_ARGUMENT_RANK, at, p->name.text, function_name(c->function),
                                 p->type->rank, t->rank);
    diag_range(e->diags, d, at, "%s", dims_text(e, t->dim, t->rank));
    diag_note(e->diags, d, p->type->span, "'%s' is declared here", p->name.text);
    return false;
  }
  if (!type_resolve(e, c->scope, p->type, t->dim + extra, &wanted)) return false;
  for (int i = 0; i < wanted.rank; i++)
    if (wanted.dim[i].size != t->dim[extra + i].size) return report_argument(e, c, p, a, t, &wanted, place);
  name_dimensions(c, p->type, &wanted, t->dim + extra);
  return extra == 0 || join_frame(e, c, p, a, t, extra, place);
}

/* Hides an argument's extra axes in the frame that the call has pushed. */
static struct tensor_value hide(const struct elab *e, const struct tensor_value *t, int core) {
  int extra = t->rank - core;
  if (extra == 0) return *t;
  return tensor_make(t->node, t->frames | UINT32_C(1) << (e->frame_count - 1), core, t->dim + extra);
}

static bool push_frame(struct elab *e, const struct frame *f, struct span place) {
  int rank = f->rank;
  for (int k = 0; k < e->frame_count; k++) rank += e->frame[k].rank;
  if (e->frame_count == ELAB_MAX_FRAMES || rank > GRAPH_MAX_RANK - 1) {
    diag_report(e->diags, MSG_LIMIT, place, "a tensor with more than 7 axes");
    return false;
  }
  e->frame[e->frame_count++] = *f;
  return true;
}

/* Makes the axes of the innermost frame visible again. */
static const struct val *pop_frame(struct elab *e, const struct val *v, struct span place) {
  const struct frame f = e->frame[e->frame_count - 1];
  uint32_t bit = UINT32_C(1) << (e->frame_count - 1);
  struct tensor_value t, out;
  if (!elab_as_tensor(e, v, place, &t) || !tensor_fits(e, t.frames | bit, t.rank, t.dim, place)) {
    e->frame_count--;
    return &val_error;
  }
  struct node *node = tensor_align(e, &t, bit);
  e->frame_count--;
  out = tensor_make(node, t.frames & ~bit, f.rank + t.rank, f.dim);
  memcpy(out.dim + f.rank, t.dim, sizeof *t.dim * (size_t)t.rank);
  return val_tensor(e, out);
}

void define_parameter(struct elab *e, struct scope *s, const struct parameter *p, const struct bound_argument *a,
                      const struct val *value) {
  struct entry *entry = scope_define(e, s, p->name, value);
  if (a->expr) entry->given = a->expr->span;
}

static bool bind_parameters(struct elab *e, struct call_state *c, struct bound_argument *arguments,
                            struct tensor_value *tensors, struct span place) {
  const struct fn_decl *f = c->function->function.decl;
  for (int i = 0; i < f->count; i++) {
    const struct parameter *p = &f->parameters[i];
    if (!arguments[i].value && !p->value) {
      report_missing_argument(e, place, function_name(c->function), p);
      return false;
    }
    if (!arguments[i].value) arguments[i] = (struct bound_argument){elab_expr(e, c->scope, p->value), NULL};
    if (val_is_error(arguments[i].value)) return false;
    if (!p->type)
      define_parameter(e, c->scope, p, &arguments[i], arguments[i].value);
    else if (!bind_tensor(e, c, p, &arguments[i], place, &tensors[i]))
      return false;
  }
  return true;
}

static bool check_result(struct elab *e, struct call_state *c, const struct val *v, struct span place) {
  const struct fn_decl *f = c->function->function.decl;
  struct tensor_value t, wanted;
  if (!f->result) return true;
  if (!elab_as_tensor(e, v, place, &t) || !type_resolve(e, c->scope, f->result, NULL, &wanted)) return false;
  bool same = t.rank == wanted.rank && (t.node->type.dtype == DTYPE_I32) == f->result->is_integer;
  for (int i = 0; same && i < t.rank; i++) same = t.dim[i].size == wanted.dim[i].size;
  if (same) return true;
  struct diag *d = diag_report(e->diags, MSG_RESULT_SHAPE, f->result->span, function_name(c->function),
                               val_describe(e, v), written_type(e, &wanted, f->result->is_integer));
  diag_note(e->diags, d, place, "in this call");
  return false;
}

/* The result carries the dims as declared, so that messages speak of them. */
static const struct val *run_body(struct elab *e, struct call_state *c, struct span place) {
  const struct fn_decl *f = c->function->function.decl;
  const struct val *v = NULL;
  int errors = diag_count(e->diags, SEVERITY_ERROR);
  elab_block(e, c->scope, &f->body, &v);
  bool is_return_missing = !elab_is_exhausted(e) && diag_count(e->diags, SEVERITY_ERROR) == errors;
  if (!v && !is_return_missing) return &val_error;
  if (!v) {
    diag_report(e->diags, MSG_NO_RETURN, place, function_name(c->function));
    return &val_error;
  }
  return val_is_error(v) || check_result(e, c, v, place) ? v : &val_error;
}

const struct val *call_function(struct elab *e, const struct val *f, struct bound_argument *arguments,
                                struct span place) {
  const struct fn_decl *decl = f->function.decl;
  struct call_state c = {.function = f, .scope = scope_new(e, f->function.scope)};
  struct tensor_value *tensors = arena_new_array(e->arena, struct tensor_value, (size_t)decl->count + 1);
  struct index_space *saved = e->indices;
  struct span outer_call = e->call;
  const struct val *v = &val_error;
  if (e->endless == decl) return v;
  if (e->depth == ELAB_MAX_DEPTH) {
    e->endless = decl;
    diag_report(e->diags, MSG_RECURSION, place, function_name(f), (int)ELAB_MAX_DEPTH);
    return v;
  }
  int mark = diag_mark(e->diags);
  e->depth++;
  e->indices = NULL;
  e->call = place;
  if (bind_parameters(e, &c, arguments, tensors, place) && (c.frame.rank == 0 || push_frame(e, &c.frame, place))) {
    for (int i = 0; i < decl->count; i++)
      if (decl->parameters[i].type)
        define_parameter(e, c.scope, &decl->parameters[i], &arguments[i],
                         val_tensor(e, hide(e, &tensors[i], decl->parameters[i].type->rank)));
    v = run_body(e, &c, place);
    if (c.frame.rank > 0 && val_is_error(v))
      e->frame_count--;
    else if (c.frame.rank > 0)
      v = pop_frame(e, v, place);
  }
  e->indices = saved;
  e->call = outer_call;
  e->depth--;
  diag_note_since(e->diags, mark, place, "in this call");
  return v;
}

static const struct val *call_value(struct elab *e, struct scope *s, const struct val *f, const struct expr *x) {
  const struct fn_decl *decl = f->function.decl;
  const char **names = arena_new_array(e->arena, const char *, (size_t)decl->count + 1);
  struct bound_argument *arguments = arena_new_array(e->arena, struct bound_argument, (size_t)decl->count + 1);
  for (int i = 0; i < decl->count; i++) names[i] = decl->parameters[i].name.text;
  if (!bind_arguments(e, s, x, function_name(f), names, decl->count, arguments)) return &val_error;
  return call_function(e, f, arguments, x->span);
}

void report_not_callable(struct elab *e, const struct expr *x, const struct val *v, const char *what) {
  struct diag *d = diag_report(e->diags, MSG_NOT_CALLABLE, x->span, code_text(e, x->span), what);
  if (v->kind == KIND_TEMPLATE)
    diag_note(
        e->diags, d, (struct span){0},
        "only as a field of a model or module, or a name of the prompt, has it parameters: tests call functions");
}

const struct val *elab_call(struct elab *e, struct scope *s, const struct expr *x) {
  const struct val *callee = elab_expr(e, s, x->call.callee);
  switch (callee->kind) {
  case KIND_ERROR: return callee;
  case KIND_FUNCTION: return call_value(e, s, callee, x);
  case KIND_BUILTIN: return builtin_call(e, s, callee->builtin, x);
  case KIND_CONSTRUCTOR: return elab_template(e, s, callee, x);
  case KIND_INSTANCE:
    if (callee->instance.call) return call_value(e, s, callee->instance.call, x);
    break;
  default: break;
  }
  report_not_callable(e, x->call.callee, callee, val_describe(e, callee));
  return &val_error;
}

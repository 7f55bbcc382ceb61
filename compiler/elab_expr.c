/* Expressions: compile-time values are computed, tensor operations become nodes. */
#include "elab.h"

#include "runtime/nearest.h"

#include <math.h>
#include <string.h>

enum { LONGEST_LIST = 1024 /* items of a list that becomes a tensor */ };

static const struct val *name_expr(struct elab *e, struct scope *s, const struct expr *x) {
  const struct entry *found = scope_find(s, x->name);
  if (found) {
    const struct val *v = found->value;
    if (v->kind == KIND_ABSENT) {
      struct diag *d = diag_report(e->diags, MSG_ABSENT, x->span, x->name);
      diag_note(e->diags, d, found->span, "the condition of '%s' is false here", x->name);
      return &val_error;
    }
    return v;
  }
  const struct builtin *b = builtin_find(x->name);
  if (!b) {
    report_unknown_name(e, s, x->name, x->span);
    return &val_error;
  }
  struct val *v = arena_new_object(e->arena, struct val);
  v->kind = KIND_BUILTIN;
  v->builtin = b;
  return v;
}

static const struct val *field_expr(struct elab *e, struct scope *s, const struct expr *x) {
  const struct val *base = elab_expr(e, s, x->field.base);
  if (val_is_error(base)) return base;
  struct scope *members = base->kind == KIND_INSTANCE    ? base->instance.members
                          : base->kind == KIND_NAMESPACE ? base->space.members
                                                         : NULL;
  struct entry *found = members ? scope_find_here(members, x->field.name.text) : NULL;
  if (found) return found->value;
  struct diag *d = diag_report(e->diags, MSG_UNKNOWN_MEMBER, x->field.name.span, code_text(e, x->field.base->span),
                               val_describe(e, base), x->field.name.text);
  const char *names[256];
  int count = 0;
  for (struct entry *m = members ? members->entries : NULL; m && count < 256; m = m->next) names[count++] = m->name;
  const char *nearest = nearest_word(x->field.name.text, names, count);
  diag_suggest(e->diags, d, x->field.name.span, nearest);
  return &val_error;
}

static const struct val *list_expr(struct elab *e, struct scope *s, const struct expr *x) {
  const struct val **items = arena_new_array(e->arena, const struct val *, (size_t)x->list.count + 1);
  for (int i = 0; i < x->list.count; i++) {
    items[i] = elab_expr(e, s, x->list.items[i]);
    if (val_is_error(items[i])) return &val_error;
  }
  struct val *v = val_list(e, items, x->list.count);
  v->list.place = x->span;
  return v;
}

static const struct val *conditional_expr(struct elab *e, struct scope *s, const struct expr *x) {
  bool ok;
  if (reports_index(e, x)) return &val_error;
  bool holds = elab_condition(e, s, x->conditional.condition, "'if'", &ok);
  if (!ok) return &val_error;
  return elab_expr(e, s, holds ? x->conditional.then : x->conditional.otherwise);
}

static const struct val *unary_expr(struct elab *e, struct scope *s, const struct expr *x) {
  if (x->unary.op == UNARY_NOT) {
    bool ok;
    bool holds = elab_condition(e, s, x->unary.operand, "'not'", &ok);
    return ok ? val_number(e, !holds, NULL) : &val_error;
  }
  const struct val *v = elab_expr(e, s, x->unary.operand);
  if (val_is_error(v)) return v;
  if (v->kind == KIND_NUMBER) return val_number(e, -v->number.value, NULL);
  struct operand operand = {v, x->unary.operand};
  return tensor_elementwise(e, s, SCALAR_NEG, &operand, 1, x->span);
}

static double fold_number(enum binary_op op, double a, double b) {
  switch (op) {
  case BINARY_ADD: return a + b;
  case BINARY_SUB: return a - b;
  case BINARY_MUL: return a * b;
  case BINARY_DIV: return a / b;
  case BINARY_POWER: return pow(a, b);
  case BINARY_EQ: return a == b;
  case BINARY_NE: return a != b;
  case BINARY_LT: return a < b;
  case BINARY_LE: return a <= b;
  case BINARY_GT: return a > b;
  case BINARY_GE: return a >= b;
  default: return NAN;
  }
}

/* "seq_len + 1": a dimension keeps the names that it was computed from. */
static const char *fold_name(struct elab *e, enum binary_op op, const struct val *a, const struct val *b) {
  static const char *const signs[] = {[BINARY_ADD] = "+", [BINARY_SUB] = "-", [BINARY_MUL] = "*", [BINARY_DIV] = "/"};
  if ((!a->number.name && !b->number.name) || op > BINARY_DIV) return NULL;
  const char *left = a->number.name ? a->number.name : number_text(e, a->number.value);
  const char *right = b->number.name ? b->number.name : number_text(e, b->number.value);
  if (strlen(left) + strlen(right) > 40) return NULL;
  bool tight = op == BINARY_MUL || op == BINARY_DIV;
  bool wrap_left = tight && strpbrk(left, "+-"), wrap_right = tight && strpbrk(right, "+-*/");
  return arena_printf(e->arena, "%s%s%s %s %s%s%s", wrap_left ? "(" : "", left, wrap_left ? ")" : "", signs[op],
                      wrap_right ? "(" : "", right, wrap_right ? ")" : "");
}

static const struct val *fold_binary(struct elab *e, const struct expr *x, const struct val *a, const struct val *b) {
  if (x->binary.op == BINARY_DIV && b->number.value == 0) {
    diag_report(e->diags, MSG_DIVISION_BY_ZERO, x->span, code_text(e, x->span));
    return &val_error;
  }
  return val_number(e, fold_number(x->binary.op, a->number.value, b->number.value), fold_name(e, x->binary.op, a, b));
}

static const struct val *compare_strings(struct elab *e, const struct expr *x, const struct val *a,
                                         const struct val *b) {
  bool equal = !strcmp(a->string, b->string);
  if (x->binary.op == BINARY_EQ) return val_number(e, equal, NULL);
  if (x->binary.op == BINARY_NE) return val_number(e, !equal, NULL);
  diag_report(e->diags, MSG_NOT_A_NUMBER, x->span, code_text(e, x->binary.left->span), val_describe(e, a));
  return &val_error;
}

static const struct val *logic_expr(struct elab *e, struct scope *s, const struct expr *x) {
  const char *what = x->binary.op == BINARY_AND ? "'and'" : "'or'";
  bool ok;
  bool left = elab_condition(e, s, x->binary.left, what, &ok);
  if (!ok) return &val_error;
  if (left == (x->binary.op == BINARY_OR)) return val_number(e, left, NULL);
  bool right = elab_condition(e, s, x->binary.right, what, &ok);
  return ok ? val_number(e, right, NULL) : &val_error;
}

/* `Block() * depth`: a list of templates, each of which becomes an instance of its own. */
static const struct val *template_times(struct elab *e, struct scope *s, const struct expr *x,
                                        const struct val *template) {
  int64_t count;
  if (!elab_whole(e, s, x->binary.right, "the number of modules", &count, NULL)) return &val_error;
  if (count < 0 || count > 100000) {
    diag_report(e->diags, MSG_COUNT_RANGE, x->binary.right->span, "the number of modules", (long long)count, 0LL,
                100000LL);
    return &val_error;
  }
  const struct val **items = arena_new_array(e->arena, const struct val *, (size_t)count + 1);
  for (int64_t i = 0; i < count; i++) items[i] = template;
  return val_list(e, items, (int)count);
}

/* x @ y: the last axis of x with the last but one of y ([m, k] @ [k, n], [k] @ [k, n], [m, k] @ [k]); x may lift. */
static const struct val *matmul_expr(struct elab *e, struct scope *s, const struct expr *x, const struct val *a,
                                     const struct val *b) {
  struct tensor_value l, r;
  if (!elab_as_tensor(e, a, x->binary.left->span, &l) || !elab_as_tensor(e, b, x->binary.right->span, &r))
    return &val_error;
  if (l.rank < 1 || r.rank < 1 || r.rank > 2 || l.dim[l.rank - 1].size != r.dim[0].size) {
    struct diag *d = diag_report(e->diags, MSG_SHAPES_DIFFER, x->binary.op_span, code_text(e, x->span));
    diag_operand_shape(e, d, s, &(struct operand){a, x->binary.left});
    diag_operand_shape(e, d, s, &(struct operand){b, x->binary.right});
    return &val_error;
  }
  uint32_t frames = l.frames | r.frames;
  struct dim dim[2 * GRAPH_MAX_RANK];
  memcpy(dim, l.dim, sizeof l.dim);
  if (r.rank == 2) dim[l.rank - 1] = r.dim[1];
  if (!tensor_fits(e, frames, l.rank - 2 + r.rank, dim, x->span) || !tensor_fits(e, frames, l.rank, l.dim, x->span) ||
      !tensor_fits(e, frames, r.rank, r.dim, x->span))
    return &val_error;
  struct node *left = tensor_align(e, &l, frames), *right = tensor_align(e, &r, frames);
  int8_t la[GRAPH_MAX_RANK], ra[GRAPH_MAX_RANK], oa[GRAPH_MAX_RANK];
  int lead = frames_rank(e, frames), n = 0;
  for (int i = 0; i < left->type.rank; i++) la[i] = (int8_t)i;
  for (int i = 0; i < lead; i++) ra[i] = (int8_t)i;
  ra[lead] = la[left->type.rank - 1];
  if (r.rank == 2) ra[lead + 1] = (int8_t)left->type.rank;
  for (int i = 0; i < left->type.rank - 1; i++) oa[n++] = (int8_t)i;
  if (r.rank == 2) oa[n++] = (int8_t)left->type.rank;
  struct tensor_value out =
      tensor_make(graph_contract_ids(e->graph, la, ra, oa, n, left, right), frames, n - lead, l.dim);
  if (r.rank == 2) out.dim[out.rank - 1] = r.dim[1];
  return val_tensor(e, out);
}

static const struct val *map_binary(struct elab *e, struct scope *s, const struct expr *x, const struct val *a,
                                    const struct val *b) {
  static const struct {
    enum scalar_op op;
    bool swap;
  } table[] = {
      [BINARY_ADD] = {SCALAR_ADD, false}, [BINARY_SUB] = {SCALAR_SUB, false},   [BINARY_MUL] = {SCALAR_MUL, false},
      [BINARY_DIV] = {SCALAR_DIV, false}, [BINARY_POWER] = {SCALAR_POW, false}, [BINARY_EQ] = {SCALAR_EQ, false},
      [BINARY_NE] = {SCALAR_NE, false},   [BINARY_LT] = {SCALAR_LT, false},     [BINARY_LE] = {SCALAR_LE, false},
      [BINARY_GT] = {SCALAR_LT, true},    [BINARY_GE] = {SCALAR_LE, true}};
  bool swap = table[x->binary.op].swap;
  struct operand operands[2] = {{swap ? b : a, swap ? x->binary.right : x->binary.left},
                                {swap ? a : b, swap ? x->binary.left : x->binary.right}};
  return tensor_elementwise(e, s, table[x->binary.op].op, operands, 2, x->binary.op_span);
}

static const struct val *binary_expr(struct elab *e, struct scope *s, const struct expr *x) {
  if (x->binary.op == BINARY_AND || x->binary.op == BINARY_OR) return logic_expr(e, s, x);
  const struct val *a = elab_expr(e, s, x->binary.left);
  if (a->kind == KIND_TEMPLATE && x->binary.op == BINARY_MUL) return template_times(e, s, x, a);
  const struct val *b = elab_expr(e, s, x->binary.right);
  if (val_is_error(a) || val_is_error(b)) return &val_error;
  if (a->kind == KIND_STRING && b->kind == KIND_STRING) return compare_strings(e, x, a, b);
  if (x->binary.op == BINARY_MATMUL) return matmul_expr(e, s, x, a, b);
  if (a->kind == KIND_NUMBER && b->kind == KIND_NUMBER) return fold_binary(e, x, a, b);
  return map_binary(e, s, x, a, b);
}

bool elab_is_exhausted(const struct elab *e) { return e->steps > ELAB_MAX_STEPS; }

const struct val *elab_expr(struct elab *e, struct scope *s, const struct expr *x) {
  if (elab_is_exhausted(e)) return &val_error;
  if (++e->steps > ELAB_MAX_STEPS) {
    diag_report(e->diags, MSG_LIMIT, x->span, "a program whose calls and loops make more than 500,000 expressions");
    return &val_error;
  }
  switch (x->kind) {
  case EXPR_NUMBER: return val_number(e, x->number.value, NULL);
  case EXPR_STRING: return val_string(e, x->string);
  case EXPR_NAME: return name_expr(e, s, x);
  case EXPR_FIELD: return field_expr(e, s, x);
  case EXPR_CALL: return elab_call(e, s, x);
  case EXPR_INDEX: return elab_subscript(e, s, x);
  case EXPR_UNARY: return unary_expr(e, s, x);
  case EXPR_BINARY: return binary_expr(e, s, x);
  case EXPR_CONDITIONAL: return conditional_expr(e, s, x);
  case EXPR_LIST:
  case EXPR_TUPLE: return list_expr(e, s, x);
  case EXPR_REDUCE: return elab_index_reduce(e, s, x);
  }
  return &val_error;
}

bool elab_number(struct elab *e, struct scope *s, const struct expr *x, const char *what, double *out) {
  const struct val *v = elab_expr(e, s, x);
  if (val_is_error(v)) return false;
  if (v->kind != KIND_NUMBER) {
    diag_report(e->diags, MSG_NOT_A_NUMBER, x->span, what, val_describe(e, v));
    return false;
  }
  *out = v->number.value;
  return true;
}

bool elab_whole(struct elab *e, struct scope *s, const struct expr *x, const char *what, int64_t *out,
                const char **name) {
  const struct val *v = elab_expr(e, s, x);
  if (val_is_error(v)) return false;
  if (!val_is_whole(v)) {
    diag_report(e->diags, MSG_NOT_WHOLE, x->span, what, val_describe(e, v));
    return false;
  }
  *out = (int64_t)v->number.value;
  if (name) *name = v->number.name;
  return true;
}

bool elab_condition(struct elab *e, struct scope *s, const struct expr *x, const char *what, bool *ok) {
  const struct val *v = elab_expr(e, s, x);
  *ok = v->kind == KIND_NUMBER;
  if (!*ok && !val_is_error(v)) diag_report(e->diags, MSG_CONDITION, x->span, what, val_describe(e, v));
  return *ok && v->number.value != 0;
}

static bool same_core(const struct tensor_value *a, const struct tensor_value *b) {
  bool same = a->rank == b->rank && a->node->type.dtype == b->node->type.dtype;
  for (int i = 0; same && i < a->rank; i++) same = a->dim[i].size == b->dim[i].size;
  return same;
}

static bool is_item(const struct val *v) {
  return v->kind == KIND_NUMBER || v->kind == KIND_TENSOR || v->kind == KIND_WEIGHT || v->kind == KIND_LIST ||
         v->kind == KIND_ERROR;
}

static const char *item_text(struct elab *e, const struct val *v, const struct tensor_value *t) {
  return t->rank > 0 ? written_type(e, t, t->node->type.dtype == DTYPE_I32) : val_describe(e, v);
}

/* The items of a list as tensors of one shape, and all their frames. */
static bool list_items(struct elab *e, const struct val *v, struct span place, struct tensor_value *t,
                       uint32_t *frames) {
  int count = v->list.count;
  if (v->list.place.source) place = v->list.place;
  *frames = 0;
  if (count == 0 || count > LONGEST_LIST) {
    diag_report(e->diags, MSG_COUNT_RANGE, place, "the length of a list", (long long)count, 1LL,
                (long long)LONGEST_LIST);
    return false;
  }
  for (int i = 0; i < count; i++) {
    const struct val *item = v->list.items[i];
    if (!is_item(item)) {
      diag_report(e->diags, MSG_NOT_A_TENSOR, place, code_text(e, place),
                  arena_printf(e->arena, "a list with %s", val_describe(e, item)));
      return false;
    }
    if (!elab_as_tensor(e, item, place, &t[i])) return false;
    *frames |= t[i].frames;
    if (same_core(&t[0], &t[i])) continue;
    diag_report(e->diags, MSG_LIST_SHAPES, place, item_text(e, v->list.items[0], &t[0]), item_text(e, item, &t[i]));
    return false;
  }
  return true;
}

/* A list of equal tensors or numbers becomes one tensor with a new first axis. */
static bool list_tensor(struct elab *e, const struct val *v, struct span place, struct tensor_value *out) {
  size_t count = v->list.count > LONGEST_LIST ? 0 : (size_t)v->list.count;
  struct tensor_value *t = arena_new_array(e->arena, struct tensor_value, count + 1);
  struct node **parts = arena_new_array(e->arena, struct node *, count + 1);
  struct dim dim[GRAPH_MAX_RANK + 1];
  uint32_t frames;
  if (!list_items(e, v, place, t, &frames)) return false;
  dim[0] = (struct dim){.size = v->list.count};
  memcpy(dim + 1, t[0].dim, sizeof t[0].dim);
  if (!tensor_fits(e, frames, t[0].rank + 1, dim, place)) return false;
  int lead = frames_rank(e, frames);
  for (int i = 0; i < v->list.count; i++) {
    struct node *node = tensor_align(e, &t[i], frames);
    int64_t extent[GRAPH_MAX_RANK + 1];
    memcpy(extent, node->type.extent, sizeof *extent * (size_t)lead);
    memcpy(extent + lead + 1, node->type.extent + lead, sizeof *extent * (size_t)t[0].rank);
    extent[lead] = 1;
    parts[i] = graph_reshape(e->graph, node, node->type.rank + 1, extent);
  }
  *out = tensor_make(graph_concat(e->graph, parts, v->list.count, lead), frames, t[0].rank + 1, dim);
  return true;
}

bool elab_as_tensor(struct elab *e, const struct val *v, struct span place, struct tensor_value *out) {
  switch (v->kind) {
  case KIND_ERROR: return false;
  case KIND_TENSOR: *out = v->tensor; return true;
  case KIND_NUMBER: *out = tensor_constant(e, e->float_dtype, v->number.value); return true;
  case KIND_LIST: return list_tensor(e, v, place, out);
  case KIND_WEIGHT:
    if (v->weight.weight->sparse) {
      diag_report(e->diags, MSG_SPARSE_USE, place, v->weight.weight->symbol->name);
      return false;
    }
    *out = v->weight.shape;
    out->node = graph_leaf(e->graph, v->weight.weight->symbol, v->weight.weight->symbol->type);
    return true;
  default: diag_report(e->diags, MSG_NOT_A_TENSOR, place, code_text(e, place), val_describe(e, v)); return false;
  }
}

/* Index notation: `let y[i, j] = sum[c] a[i, c] * b[j, c]`.
 *
 * An expression under index variables is a tensor whose core axes carry the variables that it uses, in some order
 * (`struct labelled`).  Products under a sum become contractions; everything else is brought to a common order of
 * axes and treated like any other elementwise operation. */
#include "elab_notation.h"

#include <string.h>

enum { MAX_FACTORS = 16 };

static bool notation(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out);

static bool from_value(struct elab *e, const struct val *v, struct span place, struct labelled *out) {
  if (!elab_as_tensor(e, v, place, &out->t)) return false;
  if (out->t.rank == 0) return true;
  diag_report(e->diags, MSG_INDEX_NEEDED, place, code_text(e, place), dims_text(e, out->t.dim, out->t.rank));
  return false;
}

/* Runs an ordinary expression whose operands are labelled values, aligned; names stand in for the operands. */
static bool with_operands(struct elab *e, struct scope *s, const struct expr *x, const struct expr *const *parts,
                          int count, struct expr *form, struct expr *names, struct labelled *out) {
  struct labelled items[MAX_FACTORS];
  struct scope *inner = scope_new(e, s);
  int8_t ids[MAX_INDICES];
  for (int i = 0; i < count; i++) {
    items[i] = (struct labelled){0};
    if (mentions_index(e, parts[i]) && !notation(e, s, parts[i], &items[i])) return false;
  }
  int n = labelled_join(items, count, 0, ids);
  uint32_t frames = 0;
  for (int i = 0; i < count; i++) frames |= items[i].t.frames;
  if (!labelled_fits(e, ids, n, frames, x->span)) return false;
  for (int i = 0; i < count; i++) {
    if (!mentions_index(e, parts[i])) continue;
    const char *name = arena_printf(e->arena, "%d operand", i);
    names[i] = (struct expr){.kind = EXPR_NAME, .span = parts[i]->span, .name = name};
    scope_put(e, inner, name, val_tensor(e, labelled_reorder(e, &items[i], ids, n)));
  }
  struct index_space *saved = e->indices;
  e->indices = NULL;
  const struct val *v = elab_expr(e, inner, form);
  e->indices = saved;
  if (!elab_as_tensor(e, v, x->span, &out->t)) return false;
  if (out->t.rank != n) {
    diag_report(e->diags, MSG_INDEX_NEEDED, x->span, code_text(e, x->span), dims_text(e, out->t.dim, out->t.rank));
    return false;
  }
  labelled_set_ids(out, ids, n);
  return true;
}

static bool notation_call(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out) {
  const struct expr *parts[MAX_FACTORS];
  struct expr names[MAX_FACTORS], form = *x;
  if (x->call.count > MAX_FACTORS) {
    diag_report(e->diags, MSG_LIMIT, x->span, "more than 16 arguments in index notation");
    return false;
  }
  struct argument *arguments = arena_new_array(e->arena, struct argument, (size_t)x->call.count + 1);
  memcpy(arguments, x->call.arguments, sizeof *arguments * (size_t)x->call.count);
  for (int k = 0; k < x->call.count; k++) {
    parts[k] = x->call.arguments[k].value;
    if (mentions_index(e, parts[k])) arguments[k].value = &names[k];
  }
  form.call.arguments = arguments;
  return with_operands(e, s, x, parts, x->call.count, &form, names, out);
}

/* What has no index in an arithmetic expression must be a scalar. */
static bool is_scalar_part(struct elab *e, struct scope *s, const struct expr *x) {
  struct labelled scalar;
  return mentions_index(e, x) || from_value(e, elab_expr(e, s, x), x->span, &scalar);
}

static bool notation_binary(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out) {
  const struct expr *parts[2] = {x->binary.left, x->binary.right};
  struct expr names[2], form = *x;
  if (!is_scalar_part(e, s, parts[0]) || !is_scalar_part(e, s, parts[1])) return false;
  if (mentions_index(e, parts[0])) form.binary.left = &names[0];
  if (mentions_index(e, parts[1])) form.binary.right = &names[1];
  return with_operands(e, s, x, parts, 2, &form, names, out);
}

static bool notation_unary(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out) {
  const struct expr *parts[1] = {x->unary.operand};
  struct expr names[1], form = *x;
  form.unary.operand = &names[0];
  return with_operands(e, s, x, parts, 1, &form, names, out);
}

/* i alone: its number along its axis. */
static bool notation_name(struct elab *e, const struct expr *x, struct labelled *out) {
  int id;
  struct index_var *v = index_find(e, x->name, &id);
  if (v->dim.size == 0) {
    if (!v->is_lost) diag_report(e->diags, MSG_INDEX_UNKNOWN_EXTENT, x->span, x->name, x->name);
    return false;
  }
  out->t = tensor_make(graph_iota(e->graph, v->dim.size), 0, 1, &v->dim);
  out->id[0] = (int8_t)id;
  return true;
}

static bool add_label(struct elab *e, struct labelled *x, int axis, int id, struct span place) {
  for (int k = 0; k < axis; k++)
    if (x->id[k] == id) {
      diag_report(e->diags, MSG_LIMIT, place, "one index twice in the subscripts of one tensor (a diagonal)");
      return false;
    }
  x->id[axis] = (int8_t)id;
  return index_set_extent(e, index_by_id(e, id), &x->t.dim[axis], place);
}

/* x[i - 1]: computing with an index gives it no extent.  True: an error, reported here or before. */
static bool reports_unknown_extent(struct elab *e, const struct expr *x) {
  int id;
  if (x->kind == EXPR_UNARY) return reports_unknown_extent(e, x->unary.operand);
  if (x->kind == EXPR_BINARY)
    return reports_unknown_extent(e, x->binary.left) || reports_unknown_extent(e, x->binary.right);
  const struct index_var *v = x->kind == EXPR_NAME ? index_find(e, x->name, &id) : NULL;
  if (!v || v->dim.size > 0) return false;
  if (v->is_lost) return true;
  struct diag *d = diag_report(e->diags, MSG_INDEX_UNKNOWN_EXTENT, x->span, x->name, x->name);
  diag_note(e->diags, d, (struct span){0},
            "a subscript that is computed gives an index no extent: neighbours are slices, as in x[1:] and x[:-1]");
  return true;
}

/* table[tokens[s], d]: the first subscript is an integer tensor under indices. */
static bool gather_first(struct elab *e, struct scope *s, const struct expr *x, const struct val *base, int *axis,
                         struct labelled *out) {
  struct labelled index = {0};
  if (reports_unknown_extent(e, x->index.subscripts[0].value)) return false;
  if (!notation(e, s, x->index.subscripts[0].value, &index)) return false;
  const struct val *rows = tensor_gather(e, base, &index.t, x);
  if (val_is_error(rows)) return false;
  out->t = rows->tensor;
  *axis = index.t.rank;
  labelled_set_ids(out, index.id, index.t.rank);
  return true;
}

static bool is_index_name(struct elab *e, const struct expr *x, int *id) {
  return x->kind == EXPR_NAME && index_find(e, x->name, id);
}

static bool notation_subscript(struct elab *e, struct scope *s, const struct subscript *sub, struct labelled *out,
                               int *axis) {
  int id;
  if (sub->is_slice || (!is_index_name(e, sub->value, &id) && mentions_index(e, sub->value))) {
    diag_report(e->diags, MSG_INDEX_FORM, sub->span, code_text(e, sub->span));
    return false;
  }
  if (is_index_name(e, sub->value, &id)) return add_label(e, out, (*axis)++, id, sub->span);
  int64_t at;
  if (!elab_whole(e, s, sub->value, "an index", &at, NULL)) return false;
  if (at < 0 || at >= out->t.dim[*axis].size) {
    diag_report(e->diags, MSG_INDEX_RANGE, sub->span, (long long)at, (long long)out->t.dim[*axis].size);
    return false;
  }
  out->t = tensor_take(e, &out->t, *axis, at);
  return true;
}

static bool notation_index(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out) {
  const struct val *base = elab_expr(e, s, x->index.base);
  if (val_is_error(base)) return false;
  int axis = 0, first = 0, id;
  const struct subscript *sub = &x->index.subscripts[0];
  if (!sub->is_slice && !is_index_name(e, sub->value, &id) && mentions_index(e, sub->value)) {
    if (!gather_first(e, s, x, base, &axis, out)) return false;
    first = 1;
  } else if (!elab_as_tensor(e, base, x->index.base->span, &out->t)) {
    return false;
  }
  if (x->index.count - first != out->t.rank - axis) {
    diag_report(e->diags, MSG_INDEX_COUNT, x->span, code_text(e, x->index.base->span),
                dims_text(e, out->t.dim, out->t.rank), x->index.count);
    return false;
  }
  for (int k = first; k < x->index.count; k++)
    if (!notation_subscript(e, s, &x->index.subscripts[k], out, &axis)) return false;
  return true;
}

/* One factor of a product under a sum. */
struct factor {
  const struct expr *expr;
  const struct val *number; /* a compile-time number, or NULL */
  struct labelled x;
  bool divides, inside; /* inside: depends on a summed index */
};

struct product {
  struct factor item[MAX_FACTORS];
  int count;
  bool negative, too_long;
};

static void flatten(const struct expr *x, bool divides, struct product *p) {
  bool product = x->kind == EXPR_BINARY && (x->binary.op == BINARY_MUL || x->binary.op == BINARY_DIV);
  if (product) {
    flatten(x->binary.left, divides, p);
    flatten(x->binary.right, divides != (x->binary.op == BINARY_DIV), p);
  } else if (x->kind == EXPR_UNARY && x->unary.op == UNARY_NEGATE) {
    p->negative = !p->negative;
    flatten(x->unary.operand, divides, p);
  } else if (p->count == MAX_FACTORS) {
    p->too_long = true;
  } else {
    p->item[p->count++] = (struct factor){.expr = x, .divides = divides};
  }
}

static bool evaluate_factor(struct elab *e, struct scope *s, struct factor *f, uint32_t summed) {
  if (!mentions_index(e, f->expr)) {
    const struct val *v = elab_expr(e, s, f->expr);
    if (v->kind == KIND_NUMBER) f->number = v;
    return from_value(e, v, f->expr->span, &f->x);
  }
  if (!notation(e, s, f->expr, &f->x)) return false;
  f->inside = (labelled_ids(&f->x) & summed) != 0;
  return true;
}

static bool combine(struct elab *e, struct scope *s, enum scalar_op op, struct labelled *x, const struct factor *f,
                    struct span place) {
  struct labelled both[2] = {*x, f->x};
  int8_t ids[MAX_INDICES];
  int n = labelled_join(both, 2, 0, ids);
  if (!labelled_fits(e, ids, n, x->t.frames | f->x.t.frames, place)) return false;
  const struct val *left = val_tensor(e, labelled_reorder(e, &both[0], ids, n));
  const struct val *right = f->number ? f->number : val_tensor(e, labelled_reorder(e, &both[1], ids, n));
  struct operand operands[2] = {{left, NULL}, {right, f->expr}};
  const struct val *v = tensor_elementwise(e, s, op, operands, 2, place);
  if (val_is_error(v)) return false;
  x->t = v->tensor;
  labelled_set_ids(x, ids, n);
  return true;
}

/* The product of the factors that depend on a summed index, summed. */
static bool sum_inside(struct elab *e, struct scope *s, struct product *p, uint32_t summed, struct span place,
                       struct labelled *out) {
  struct factor *inside[MAX_FACTORS];
  int count = 0;
  for (int i = 0; i < p->count; i++)
    if (p->item[i].inside) inside[count++] = &p->item[i];
  for (; count > 2; count--)
    if (!combine(e, s, SCALAR_MUL, &inside[count - 2]->x, inside[count - 1], place)) return false;
  if (count == 1) {
    *out = inside[0]->x;
    labelled_reduce(e, out, REDUCE_SUM, summed);
    return true;
  }
  struct labelled pair[2] = {inside[0]->x, inside[1]->x};
  if (pair[0].t.node->type.dtype != pair[1].t.node->type.dtype) {
    diag_report(e->diags, MSG_INTEGER_AND_FLOAT, place, code_text(e, place));
    return false;
  }
  int8_t ids[MAX_INDICES];
  int n = labelled_join(pair, 2, summed, ids);
  if (!labelled_fits(e, ids, n, pair[0].t.frames | pair[1].t.frames, place)) return false;
  *out = labelled_contract(e, pair, summed);
  return true;
}

static bool sum_product(struct elab *e, struct scope *s, const struct expr *x, uint32_t summed,
                        struct labelled *out) {
  struct product p = {.count = 0};
  bool divided = false;
  uint32_t used = 0;
  flatten(x->reduce.body, false, &p);
  if (p.too_long) {
    diag_report(e->diags, MSG_LIMIT, x->span, "more than 16 factors under one sum");
    return false;
  }
  for (int i = 0; i < p.count; i++) {
    if (!evaluate_factor(e, s, &p.item[i], summed)) return false;
    divided |= p.item[i].inside && p.item[i].divides;
    used |= labelled_ids(&p.item[i].x);
  }
  if ((used & summed) != summed) {
    diag_report(e->diags, MSG_INDEX_UNUSED, x->span, code_text(e, x->reduce.body->span));
    return false;
  }
  if (divided) {
    if (!notation(e, s, x->reduce.body, out)) return false;
    labelled_reduce(e, out, REDUCE_SUM, summed);
    return true;
  }
  if (!sum_inside(e, s, &p, summed, x->span, out)) return false;
  for (int i = 0; i < p.count; i++) {
    if (p.item[i].inside) continue;
    if (!combine(e, s, p.item[i].divides ? SCALAR_DIV : SCALAR_MUL, out, &p.item[i], x->span)) return false;
  }
  if (p.negative) out->t.node = graph_map1(e->graph, SCALAR_NEG, out->t.node);
  return true;
}

static bool reduce_body(struct elab *e, struct scope *s, const struct expr *x, uint32_t over, struct labelled *out) {
  const char *kind = x->reduce.reduction.text;
  if (!strcmp(kind, "sum")) return sum_product(e, s, x, over, out);
  if (!notation(e, s, x->reduce.body, out)) return false;
  if ((labelled_ids(out) & over) != over) {
    diag_report(e->diags, MSG_INDEX_UNUSED, x->span, code_text(e, x->reduce.body->span));
    return false;
  }
  if (strcmp(kind, "mean")) {
    labelled_reduce(e, out, !strcmp(kind, "max") ? REDUCE_MAX : REDUCE_MIN, over);
    return true;
  }
  double count = 1;
  for (int k = 0; k < e->indices->count; k++) count *= (double)e->indices->vars[k].dim.size;
  labelled_reduce(e, out, REDUCE_SUM, over);
  struct factor divisor = {.number = val_number(e, count, NULL),
                           .x = {.t = tensor_constant(e, e->float_dtype, count)}};
  return combine(e, s, SCALAR_DIV, out, &divisor, x->span);
}

static bool reduce(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out) {
  struct index_space space, *saved = e->indices;
  if (!index_open(e, s, x->reduce.indices, x->reduce.count, x->span, x->reduce.body, &space)) return false;
  uint32_t over = ((UINT32_C(1) << space.count) - 1) << space.first_id;
  bool ok = reduce_body(e, s, x, over, out);
  e->indices = saved;
  return ok;
}

/* The name that an index of a space or of a reduction has in an expression; NULL: none. */
static const struct expr *index_in(struct elab *e, const struct expr *x, const struct expr *reduction) {
  int id;
  const struct expr *found = NULL;
  switch (x->kind) {
  case EXPR_NAME:
    if (e->indices && index_find(e, x->name, &id)) return x;
    for (int k = 0; reduction->kind == EXPR_REDUCE && k < reduction->reduce.count; k++)
      if (!strcmp(reduction->reduce.indices[k].text, x->name)) return x;
    return NULL;
  case EXPR_UNARY: return index_in(e, x->unary.operand, reduction);
  case EXPR_BINARY:
    found = index_in(e, x->binary.left, reduction);
    return found ? found : index_in(e, x->binary.right, reduction);
  case EXPR_INDEX:
    for (int k = 0; k < x->index.count && !found; k++)
      if (x->index.subscripts[k].value) found = index_in(e, x->index.subscripts[k].value, reduction);
    return found;
  default: return NULL;
  }
}

bool reports_index(struct elab *e, const struct expr *x) {
  const struct expr *index = index_in(e, x->conditional.condition, x->conditional.then);
  if (!index) return false;
  struct diag *d = diag_report(e->diags, MSG_CONDITION, x->conditional.condition->span, "'if'",
                               arena_printf(e->arena, "a value of index '%s'", index->name));
  diag_note(e->diags, d, (struct span){0}, "where(c, a, b) chooses at run time: a where c is not 0, else b");
  return true;
}

static bool notation_conditional(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out) {
  bool ok;
  if (reports_index(e, x)) return false;
  bool holds = elab_condition(e, s, x->conditional.condition, "'if'", &ok);
  return ok && notation(e, s, holds ? x->conditional.then : x->conditional.otherwise, out);
}

static bool notation(struct elab *e, struct scope *s, const struct expr *x, struct labelled *out) {
  *out = (struct labelled){0};
  if (!mentions_index(e, x)) return from_value(e, elab_expr(e, s, x), x->span, out);
  switch (x->kind) {
  case EXPR_NAME: return notation_name(e, x, out);
  case EXPR_INDEX: return notation_index(e, s, x, out);
  case EXPR_CALL: return notation_call(e, s, x, out);
  case EXPR_BINARY: return notation_binary(e, s, x, out);
  case EXPR_UNARY: return notation_unary(e, s, x, out);
  case EXPR_REDUCE: return reduce(e, s, x, out);
  case EXPR_CONDITIONAL: return notation_conditional(e, s, x, out);
  default: diag_report(e->diags, MSG_INDEX_EXPRESSION, x->span, code_text(e, x->span)); return false;
  }
}

const struct val *elab_index_reduce(struct elab *e, struct scope *s, const struct expr *x) {
  struct labelled out = {0};
  if (!reduce(e, s, x, &out)) return &val_error;
  return val_tensor(e, out.t);
}

const struct val *elab_indexed_let(struct elab *e, struct scope *s, const struct stmt *stmt) {
  struct index_space space, *saved = e->indices;
  struct labelled out;
  e->indices = NULL;
  bool ok = index_open(e, s, stmt->bind.indices, stmt->bind.index_count, stmt->span, stmt->bind.value, &space) &&
            notation(e, s, stmt->bind.value, &out);
  for (int k = 0; ok && k < space.count; k++)
    if (!(labelled_ids(&out) >> k & 1)) {
      diag_report(e->diags, MSG_INDEX_MISSING, space.vars[k].name.span, space.vars[k].name.text);
      ok = false;
    }
  int8_t ids[MAX_INDICES];
  for (int k = 0; ok && k < space.count; k++) ids[k] = (int8_t)k;
  ok = ok && labelled_fits(e, ids, space.count, out.t.frames, stmt->span);
  const struct val *v = ok ? val_tensor(e, labelled_reorder(e, &out, ids, space.count)) : &val_error;
  e->indices = saved;
  return v;
}

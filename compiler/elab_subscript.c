/* Subscripts: x[0], x[a:b], x[:, i], lists[i], table[tokens]. */
#include "elab.h"

#include <string.h>

struct tensor_value tensor_take(struct elab *e, const struct tensor_value *t, int axis, int64_t index) {
  int lead = frames_rank(e, t->frames), rank = t->node->type.rank, n = 0;
  struct node *one = graph_slice(e->graph, t->node, lead + axis, index, 1, 1);
  int64_t extent[GRAPH_MAX_RANK];
  for (int i = 0; i < rank; i++)
    if (i != lead + axis) extent[n++] = one->type.extent[i];
  struct tensor_value out = tensor_make(graph_reshape(e->graph, one, n, extent), t->frames, t->rank - 1, t->dim);
  memmove(out.dim + axis, t->dim + axis + 1, sizeof *t->dim * (size_t)(t->rank - 1 - axis));
  return out;
}

/* The input or label of which all values of an integer node are values, or NULL. */
static const struct tensor *source_tensor(const struct elab *e, const struct node *n) {
  while (n->op == OP_RESHAPE || n->op == OP_TRANSPOSE || n->op == OP_SLICE || n->op == OP_BROADCAST)
    n = n->operand[0];
  if (n->op != OP_LEAF || (n->symbol->role != ROLE_INPUT && n->symbol->role != ROLE_LABEL)) return NULL;
  return &e->program->tensors[program_tensor(e->program, n->symbol)];
}

/* That what is known to lie below a bound finds a row. */
static bool check_bound(struct elab *e, const struct tensor *source, const char *table, int64_t rows,
                        struct span place) {
  if (source->bound <= rows) return true;
  diag_report(e->diags, MSG_INDEX_BOUND, place, source->symbol->name, (long long)source->bound, table,
              (long long)rows);
  return false;
}

/* The tensor in which the runtime hands over the rows of a sparse table, and another that takes their gradient. */
static struct symbol *add_rows(struct elab *e, struct weight *w, const struct tensor *index) {
  struct program *p = e->program;
  struct symbol *rows = arena_new_object(e->arena, struct symbol),
                *gradient = arena_new_object(e->arena, struct symbol);
  struct type type = type_make(DTYPE_F32, w->symbol->type.rank - 1, w->symbol->type.extent + 1);
  const char *name = w->symbol->name;
  *rows = (struct symbol){arena_printf(e->arena, "%s.rows", name), ROLE_ROWS, type};
  *gradient = (struct symbol){arena_printf(e->arena, "%s.rows.grad", name), ROLE_OUTPUT, type};
  int number = p->tensor_count;
  struct tensor of_rows = {rows, .table = w, .rows_index = (int)(index - p->tensors), .gradient = number + 1};
  struct tensor of_gradient = {.symbol = gradient, .gradient = -1};
  arena_push(e->arena, p->tensors, p->tensor_count, e->tensor_capacity, of_rows);
  arena_push(e->arena, p->tensors, p->tensor_count, e->tensor_capacity, of_gradient);
  return rows;
}

/* The rows of a sparse table: the runtime looks them up by one input; NULL where another input has that place. */
static struct symbol *sparse_rows(struct elab *e, struct weight *w, const struct tensor *index) {
  const struct program *p = e->program;
  for (int i = 0; i < p->tensor_count; i++)
    if (p->tensors[i].table == w) return p->tensors[i].rows_index == index - p->tensors ? p->tensors[i].symbol : NULL;
  return add_rows(e, w, index);
}

/* The runtime reads rows without a further check, so the input must have a bound. */
static bool check_sparse_index(struct elab *e, const struct weight *w, const struct tensor *input,
                               struct span place) {
  long long rows = w->symbol->type.extent[0];
  if (input->bound > 0) return check_bound(e, input, w->symbol->name, rows, place);
  diag_report(e->diags, MSG_INDEX_UNBOUNDED, place, input->symbol->name, w->symbol->name, rows, rows);
  return false;
}

static const struct val *sparse_gather(struct elab *e, const struct val *table, const struct tensor_value *index,
                                       struct span base, struct span place) {
  struct weight *w = table->weight.weight;
  const struct tensor *input = source_tensor(e, index->node);
  if (!input || index->node->op != OP_LEAF || input->symbol->role != ROLE_INPUT || index->node->type.rank != 0) {
    diag_report(e->diags, MSG_SPARSE_USE, base, w->symbol->name);
    return &val_error;
  }
  if (!check_sparse_index(e, w, input, place)) return &val_error;
  struct symbol *rows = sparse_rows(e, w, input);
  if (!rows) {
    diag_report(e->diags, MSG_LIMIT, place, "a table with the optimizer sign_sgd that two inputs index");
    return &val_error;
  }
  const struct tensor_value *shape = &table->weight.shape;
  struct node *leaf = graph_leaf(e->graph, rows, rows->type);
  return val_tensor(e, tensor_make(leaf, 0, shape->rank - 1, shape->dim + 1));
}

/* Whether an integer node holds a constant that is no row; *row: the first of them. */
static bool has_constant_outside(const struct node *n, int64_t rows, int64_t *row) {
  bool is_copy = n->op == OP_RESHAPE || n->op == OP_BROADCAST || (n->op == OP_MAP && n->scalar == SCALAR_CAST);
  if (n->op == OP_CONST) {
    *row = (int64_t)n->value;
    return n->value <= -1 || n->value >= (double)rows;
  }
  for (int i = 0; (is_copy || n->op == OP_CONCAT) && i < n->arity; i++)
    if (has_constant_outside(n->operand[i], rows, row)) return true;
  return false;
}

static bool check_constants(struct elab *e, const struct tensor_value *index, int64_t rows, struct span place) {
  int64_t row;
  if (!has_constant_outside(index->node, rows, &row)) return true;
  struct diag *d = diag_report(e->diags, MSG_INDEX_RANGE, place, (long long)row, (long long)rows);
  if (row < 0) diag_note(e->diags, d, (struct span){0}, "only a number alone counts from the end, as in x[-1]");
  return false;
}

/* Whether a table of tensors can be indexed so: pass_batch may need an axis for the batch and one for the rows. */
static bool check_gather(struct elab *e, const struct val *table, const struct tensor_value *t,
                         const struct tensor_value *index, const struct expr *x) {
  struct span place = x->index.subscripts[0].span, base = x->index.base->span;
  const struct tensor *source = source_tensor(e, index->node);
  bool is_weight = table->kind == KIND_WEIGHT;
  const char *name = is_weight ? table->weight.weight->symbol->name : code_text(e, base);
  if (t->rank == 0) {
    diag_report(e->diags, MSG_TOO_MANY_SUBSCRIPTS, x->span, name, "a scalar", x->index.count);
    return false;
  }
  if (t->frames) {
    diag_report(e->diags, MSG_GATHER_LIFTED, base, code_text(e, base));
    return false;
  }
  if (!is_weight && index->node->type.rank > GRAPH_MAX_RANK - 2) {
    diag_report(e->diags, MSG_LIMIT, place, "an index of more than 6 axes into a table that is not a parameter");
    return false;
  }
  if (!check_constants(e, index, t->dim[0].size, place)) return false;
  return !source || check_bound(e, source, name, t->dim[0].size, place);
}

const struct val *tensor_gather(struct elab *e, const struct val *table, const struct tensor_value *index,
                                const struct expr *x) {
  struct span place = x->index.subscripts[0].span, base = x->index.base->span;
  if (index->node->type.dtype != DTYPE_I32) {
    diag_report(e->diags, MSG_INDEX_INTEGER, place, code_text(e, place));
    return &val_error;
  }
  if (table->kind == KIND_WEIGHT && table->weight.weight->sparse) return sparse_gather(e, table, index, base, place);
  struct tensor_value t;
  if (!elab_as_tensor(e, table, base, &t) || !check_gather(e, table, &t, index, x)) return &val_error;
  struct dim dim[2 * GRAPH_MAX_RANK];
  int rank = index->rank + t.rank - 1;
  memcpy(dim, index->dim, sizeof *dim * (size_t)index->rank);
  memcpy(dim + index->rank, t.dim + 1, sizeof *dim * (size_t)(t.rank - 1));
  if (!tensor_fits(e, index->frames, rank, dim, x->span)) return &val_error;
  return val_tensor(e, tensor_make(graph_gather(e->graph, t.node, index->node), index->frames, rank, dim));
}

static bool bound_value(struct elab *e, struct scope *s, const struct expr *x, int64_t size, int64_t otherwise,
                        int64_t *out) {
  *out = otherwise;
  if (!x) return true;
  int64_t end;
  if (!elab_whole(e, s, x, "the end of a slice", &end, NULL)) return false;
  *out = end < 0 ? end + size : end;
  if (*out >= 0 && *out <= size) return true;
  diag_report(e->diags, MSG_INDEX_RANGE, x->span, (long long)end, (long long)size);
  return false;
}

static const char *slice_name(struct elab *e, struct scope *s, const struct subscript *sub, const struct dim *d) {
  if (!sub->first && !sub->last && !sub->step) return d->name;
  if (sub->last && !sub->first && !sub->step) {
    const struct val *v = elab_expr(e, s, sub->last);
    return v->kind == KIND_NUMBER && v->number.value >= 0 ? v->number.name : NULL;
  }
  return NULL;
}

static bool take_slice(struct elab *e, struct scope *s, const struct subscript *sub, struct tensor_value *t,
                       int axis) {
  struct dim *d = &t->dim[axis];
  int64_t first, last, step = 1;
  if (!bound_value(e, s, sub->first, d->size, 0, &first) || !bound_value(e, s, sub->last, d->size, d->size, &last))
    return false;
  if (sub->step && !elab_whole(e, s, sub->step, "the step of a slice", &step, NULL)) return false;
  if (step < 1) {
    diag_report(e->diags, MSG_COUNT_RANGE, sub->step->span, "the step of a slice", (long long)step, 1LL,
                (long long)d->size);
    return false;
  }
  if (first >= last) {
    diag_report(e->diags, MSG_EMPTY_SLICE, sub->span, (long long)first, (long long)last);
    return false;
  }
  const char *name = slice_name(e, s, sub, d);
  int64_t size = (last - first + step - 1) / step;
  if (size != d->size || step != 1)
    t->node = graph_slice(e->graph, t->node, frames_rank(e, t->frames) + axis, first, step, size);
  *d = (struct dim){size, name};
  return true;
}

static bool take_index(struct elab *e, const struct val *v, struct span place, struct tensor_value *t, int axis) {
  int64_t i = (int64_t)v->number.value, size = t->dim[axis].size;
  if (i < -size || i >= size) {
    diag_report(e->diags, MSG_INDEX_RANGE, place, (long long)i, (long long)size);
    return false;
  }
  *t = tensor_take(e, t, axis, i < 0 ? i + size : i);
  return true;
}

/* Applies the subscripts from number `from` on, starting at an axis. */
static const struct val *take_all(struct elab *e, struct scope *s, const struct expr *x, struct tensor_value t,
                                  int from, int axis) {
  if (x->index.count - from > t.rank - axis) {
    diag_report(e->diags, MSG_TOO_MANY_SUBSCRIPTS, x->span, code_text(e, x->index.base->span),
                dims_text(e, t.dim, t.rank), x->index.count);
    return &val_error;
  }
  for (int k = from; k < x->index.count; k++) {
    const struct subscript *sub = &x->index.subscripts[k];
    if (sub->is_slice) {
      if (!take_slice(e, s, sub, &t, axis++)) return &val_error;
      continue;
    }
    const struct val *v = elab_expr(e, s, sub->value);
    if (val_is_error(v)) return v;
    if (!val_is_whole(v)) {
      diag_report(e->diags, MSG_NOT_WHOLE, sub->span, "an index", val_describe(e, v));
      return &val_error;
    }
    if (!take_index(e, v, sub->span, &t, axis)) return &val_error;
  }
  return val_tensor(e, t);
}

/* One number as the only subscript takes an item of a list, of whatever kind; for all else a list is a tensor. */
static const struct val *list_item(struct elab *e, const struct expr *x, const struct val *base,
                                   const struct val *index) {
  int64_t i = (int64_t)index->number.value, at = i < 0 ? i + base->list.count : i;
  if (at >= 0 && at < base->list.count) return base->list.items[at];
  diag_report(e->diags, MSG_INDEX_RANGE, x->index.subscripts[0].span, (long long)i, (long long)base->list.count);
  return &val_error;
}

const struct val *elab_subscript(struct elab *e, struct scope *s, const struct expr *x) {
  const struct val *base = elab_expr(e, s, x->index.base);
  if (val_is_error(base)) return base;
  const struct subscript *sub = &x->index.subscripts[0];
  const struct val *first = sub->is_slice ? NULL : elab_expr(e, s, sub->value);
  if (first && val_is_error(first)) return first;
  if (base->kind == KIND_LIST && x->index.count == 1 && first && val_is_whole(first))
    return list_item(e, x, base, first);
  struct tensor_value t;
  if (first && (first->kind == KIND_TENSOR || first->kind == KIND_LIST)) {
    if (!elab_as_tensor(e, first, sub->span, &t)) return &val_error;
    const struct val *rows = tensor_gather(e, base, &t, x);
    return val_is_error(rows) ? rows : take_all(e, s, x, rows->tensor, 1, t.rank);
  }
  if (!elab_as_tensor(e, base, x->index.base->span, &t)) return &val_error;
  return take_all(e, s, x, t, 0, 0);
}

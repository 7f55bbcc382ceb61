#include "elab_notation.h"

#include <string.h>

struct index_var *index_find(struct elab *e, const char *name, int *id) {
  for (struct index_space *space = e->indices; space; space = space->parent)
    for (int k = 0; k < space->count; k++)
      if (!strcmp(space->vars[k].name.text, name)) {
        *id = space->first_id + k;
        return &space->vars[k];
      }
  return NULL;
}

struct index_var *index_by_id(struct elab *e, int id) {
  for (struct index_space *space = e->indices; space; space = space->parent)
    if (id >= space->first_id && id < space->first_id + space->count) return &space->vars[id - space->first_id];
  return NULL;
}

static bool subscript_mentions(struct elab *e, const struct subscript *sub) {
  return !sub->is_slice && mentions_index(e, sub->value);
}

bool mentions_index(struct elab *e, const struct expr *x) {
  int id;
  switch (x->kind) {
  case EXPR_NAME: return index_find(e, x->name, &id) != NULL;
  case EXPR_UNARY: return mentions_index(e, x->unary.operand);
  case EXPR_BINARY: return mentions_index(e, x->binary.left) || mentions_index(e, x->binary.right);
  case EXPR_CONDITIONAL: return mentions_index(e, x->conditional.then) || mentions_index(e, x->conditional.otherwise);
  case EXPR_REDUCE: return true;
  case EXPR_FIELD: return mentions_index(e, x->field.base);
  case EXPR_LIST:
  case EXPR_TUPLE:
    for (int k = 0; k < x->list.count; k++)
      if (mentions_index(e, x->list.items[k])) return true;
    return false;
  case EXPR_INDEX:
    for (int k = 0; k < x->index.count; k++)
      if (subscript_mentions(e, &x->index.subscripts[k])) return true;
    return mentions_index(e, x->index.base);
  case EXPR_CALL:
    for (int k = 0; k < x->call.count; k++)
      if (mentions_index(e, x->call.arguments[k].value)) return true;
    return false;
  default: return false;
  }
}

bool index_set_extent(struct elab *e, struct index_var *v, const struct dim *d, struct span place) {
  if (v->dim.size == 0) v->dim = *d;
  if (v->dim.size == d->size) {
    if (!v->dim.name) v->dim.name = d->name;
    return true;
  }
  diag_report(e->diags, MSG_INDEX_EXTENT, place, v->name.text, dims_text(e, &v->dim, 1), dims_text(e, d, 1));
  return false;
}

/* An axis of a value that is a tensor or will be one; of size 0 where there is none. */
static struct dim axis_of(const struct val *v, int axis) {
  const struct dim none = {0, NULL};
  switch (v->kind) {
  case KIND_TENSOR: return axis < v->tensor.rank ? v->tensor.dim[axis] : none;
  case KIND_WEIGHT: return axis < v->weight.shape.rank ? v->weight.shape.dim[axis] : none;
  case KIND_LIST:
    if (v->list.count == 0) return none;
    return axis == 0 ? (struct dim){v->list.count, NULL} : axis_of(v->list.items[0], axis - 1);
  default: return none;
  }
}

/* Learns the extents of index variables from plain subscripts of names, before anything is evaluated. */
static void learn_extents(struct elab *e, struct scope *s, const struct expr *x) {
  switch (x->kind) {
  case EXPR_UNARY: learn_extents(e, s, x->unary.operand); return;
  case EXPR_BINARY:
    learn_extents(e, s, x->binary.left);
    learn_extents(e, s, x->binary.right);
    return;
  case EXPR_CONDITIONAL:
    learn_extents(e, s, x->conditional.then);
    learn_extents(e, s, x->conditional.otherwise);
    return;
  case EXPR_REDUCE: learn_extents(e, s, x->reduce.body); return;
  case EXPR_CALL:
    for (int k = 0; k < x->call.count; k++) learn_extents(e, s, x->call.arguments[k].value);
    return;
  case EXPR_INDEX: break;
  default: return;
  }
  const struct entry *base = x->index.base->kind == EXPR_NAME ? scope_find(s, x->index.base->name) : NULL;
  for (int k = 0; k < x->index.count; k++) {
    const struct subscript *sub = &x->index.subscripts[k];
    int id;
    if (sub->is_slice) continue;
    struct index_var *v = sub->value->kind == EXPR_NAME ? index_find(e, sub->value->name, &id) : NULL;
    if (!v) learn_extents(e, s, sub->value);
    if (v && base && v->dim.size == 0) v->dim = axis_of(base->value, k);
    if (v && base && val_is_error(base->value)) v->is_lost = true;
  }
}

bool index_open(struct elab *e, struct scope *s, const struct ident *names, int count, struct span place,
                const struct expr *body, struct index_space *space) {
  *space = (struct index_space){.parent = e->indices, .count = count};
  space->first_id = e->indices ? e->indices->first_id + e->indices->count : 0;
  if (space->first_id + count > MAX_INDICES) {
    diag_report(e->diags, MSG_LIMIT, place, "more than 16 indices in one expression");
    return false;
  }
  space->vars = arena_new_array(e->arena, struct index_var, (size_t)count + 1);
  for (int k = 0; k < count; k++) space->vars[k].name = names[k];
  e->indices = space;
  learn_extents(e, s, body);
  return true;
}

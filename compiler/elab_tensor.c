/* Operations on tensors with frames: bringing operands to one shape and one dtype. */
#include "elab.h"

#include <math.h>
#include <string.h>

int frames_rank(const struct elab *e, uint32_t frames) {
  int rank = 0;
  for (int k = 0; k < e->frame_count; k++)
    if (frames >> k & 1) rank += e->frame[k].rank;
  return rank;
}

struct tensor_value tensor_make(struct node *node, uint32_t frames, int rank, const struct dim *dim) {
  struct tensor_value t = {.node = node, .frames = frames, .rank = rank};
  if (rank > 0) memcpy(t.dim, dim, sizeof *dim * (size_t)rank);
  return t;
}

struct tensor_value tensor_constant(struct elab *e, enum dtype dtype, double value) {
  return tensor_make(graph_const(e->graph, dtype, value), 0, 0, NULL);
}

/* Extents of the joint frames, then of the core. */
static int full_shape(const struct elab *e, uint32_t frames, int rank, const struct dim *dim, int64_t *extent) {
  int n = 0;
  for (int k = 0; k < e->frame_count; k++)
    for (int i = 0; frames >> k & 1 && i < e->frame[k].rank; i++) extent[n++] = e->frame[k].extent[i];
  for (int i = 0; i < rank; i++) extent[n++] = dim[i].size;
  return n;
}

bool tensor_fits(struct elab *e, uint32_t frames, int rank, const struct dim *dim, struct span place) {
  int64_t extent[2 * GRAPH_MAX_RANK];
  const char *limit = NULL;
  double elements = 1;
  if (frames_rank(e, frames) + rank > GRAPH_MAX_RANK - 1) {
    limit = "a tensor with more than 7 axes";
  } else {
    int full = full_shape(e, frames, rank, dim, extent);
    for (int i = 0; i < full; i++) elements *= (double)extent[i];
    if (elements > 0x1p33) limit = "a tensor of more than 2^33 elements";
  }
  if (limit) diag_report(e->diags, MSG_LIMIT, place, limit);
  return !limit;
}

/* The tensor's node with all of the given frames in front and its core as the last axes of the given core. */
static struct node *stretch(struct elab *e, const struct tensor_value *t, uint32_t frames, int rank,
                            const struct dim *dim) {
  int64_t extent[2 * GRAPH_MAX_RANK];
  int8_t axes[GRAPH_MAX_RANK];
  int full = full_shape(e, frames, rank, dim, extent), from = 0, to = 0;
  if (full == t->node->type.rank) return t->node;
  for (int k = 0; k < e->frame_count; k++) {
    if (!(frames >> k & 1)) continue;
    for (int i = 0; t->frames >> k & 1 && i < e->frame[k].rank; i++) axes[from++] = (int8_t)(to + i);
    to += e->frame[k].rank;
  }
  for (int i = 0; i < t->rank; i++) axes[from++] = (int8_t)(full - t->rank + i);
  return graph_broadcast(e->graph, t->node, axes, full, extent);
}

struct node *tensor_align(struct elab *e, const struct tensor_value *t, uint32_t frames) {
  return stretch(e, t, frames | t->frames, t->rank, t->dim);
}

struct tensor_value tensor_lead(struct elab *e, const struct tensor_value *t, const struct dim *dim, int rank) {
  struct dim all[2 * GRAPH_MAX_RANK];
  memcpy(all, dim, sizeof *dim * (size_t)rank);
  memcpy(all + rank, t->dim, sizeof *dim * (size_t)t->rank);
  struct node *node = stretch(e, t, t->frames, rank + t->rank, all);
  return tensor_make(node, t->frames, rank + t->rank, all);
}

void diag_operand_shape(struct elab *e, struct diag *d, struct scope *s, const struct operand *o) {
  if (!o->expr) return;
  struct tensor_value t;
  if (o->value->kind == KIND_NUMBER || !elab_as_tensor(e, o->value, o->expr->span, &t)) return;
  diag_range(e->diags, d, o->expr->span, "%s", dims_text(e, t.dim, t.rank));
  if (o->expr->kind != EXPR_NAME) return;
  const struct entry *x = scope_find(s, o->expr->name);
  if (x && x->span.source) diag_note(e->diags, d, x->span, "%s gets %s here", x->name, dims_text(e, t.dim, t.rank));
}

static bool suffix_of(const struct tensor_value *small, const struct tensor_value *large) {
  if (small->rank > large->rank) return false;
  for (int i = 0; i < small->rank; i++)
    if (small->dim[i].size != large->dim[large->rank - small->rank + i].size) return false;
  return true;
}

/* The whole of an operation, of which `place` may be the operator alone. */
static const char *operation_text(struct elab *e, const struct operand *operands, int count, struct span place) {
  for (int i = 0; i < count; i++)
    if (operands[i].expr) place = span_join(place, operands[i].expr->span);
  return code_text(e, place);
}

static bool report_shapes(struct elab *e, struct scope *s, const struct operand *operands, int count,
                          struct span place) {
  struct diag *d = diag_report(e->diags, MSG_SHAPES_DIFFER, place, operation_text(e, operands, count, place));
  for (int i = 0; i < count; i++) diag_operand_shape(e, d, s, &operands[i]);
  return false;
}

static bool report_mixture(struct elab *e, const struct operand *operands, const struct tensor_value *t, int count,
                           struct span place) {
  struct diag *d = diag_report(e->diags, MSG_INTEGER_AND_FLOAT, place, operation_text(e, operands, count, place));
  for (int i = 0; i < count; i++)
    if (operands[i].expr && operands[i].value->kind != KIND_NUMBER)
      diag_range(e->diags, d, operands[i].expr->span, "%s",
                 written_type(e, &t[i], t[i].node->type.dtype == DTYPE_I32));
  return false;
}

bool check_integer(struct elab *e, const struct val *v, struct span place) {
  if (v->number.value >= INT32_MIN && v->number.value <= INT32_MAX) return true;
  diag_report(e->diags, MSG_INTEGER_RANGE, place, val_describe(e, v));
  return false;
}

/* The dtype that tensors among the operands share; the float type where all are numbers. */
static bool common_dtype(struct elab *e, const struct operand *operands, const struct tensor_value *t, int count,
                         struct span place, enum dtype *dtype) {
  bool found = false;
  *dtype = e->float_dtype;
  for (int i = 0; i < count; i++) {
    if (operands[i].value->kind == KIND_NUMBER) continue;
    enum dtype own = t[i].node->type.dtype;
    if (found && own != *dtype && (own == DTYPE_I32 || *dtype == DTYPE_I32))
      return report_mixture(e, operands, t, count, place);
    if (!found || own == DTYPE_F64) *dtype = own;
    found = true;
  }
  for (int i = 0; i < count && *dtype == DTYPE_I32; i++) {
    struct span at = operands[i].expr ? operands[i].expr->span : place;
    if (operands[i].value->kind != KIND_NUMBER) continue;
    if (val_is_whole(operands[i].value)) {
      if (!check_integer(e, operands[i].value, at)) return false;
    } else {
      diag_report(e->diags, MSG_INTEGER_AND_FLOAT, at, operation_text(e, operands, count, place));
      return false;
    }
  }
  return true;
}

static bool operand_tensors(struct elab *e, struct operand *operands, int count, struct span place,
                            struct tensor_value *t) {
  for (int i = 0; i < count; i++) {
    struct span at = operands[i].expr ? operands[i].expr->span : place;
    if (val_is_error(operands[i].value) || !elab_as_tensor(e, operands[i].value, at, &t[i])) return false;
  }
  return true;
}

/* The same shape and dtype for all; the first `free` operands keep their dtype. */
static bool unify(struct elab *e, struct scope *s, struct operand *operands, int count, int free_count,
                  struct span place, struct tensor_value *t) {
  if (!operand_tensors(e, operands, count, place, t)) return false;
  enum dtype dtype;
  if (!common_dtype(e, operands + free_count, t + free_count, count - free_count, place, &dtype)) return false;
  struct tensor_value largest = t[0];
  uint32_t frames = 0;
  for (int i = 0; i < count; i++) {
    frames |= t[i].frames;
    if (t[i].rank > largest.rank) largest = t[i];
  }
  for (int i = 0; i < count; i++)
    if (!suffix_of(&t[i], &largest)) return report_shapes(e, s, operands, count, place);
  if (!tensor_fits(e, frames, largest.rank, largest.dim, place)) return false;
  for (int i = 0; i < count; i++) {
    if (operands[i].value->kind == KIND_NUMBER)
      t[i].node = graph_const(e->graph, dtype, operands[i].value->number.value);
    else if (i >= free_count)
      t[i].node = graph_cast(e->graph, dtype, t[i].node);
    t[i] = tensor_make(stretch(e, &t[i], frames, largest.rank, largest.dim), frames, largest.rank, largest.dim);
  }
  return true;
}

const struct val *tensor_elementwise(struct elab *e, struct scope *s, enum scalar_op op, struct operand *operands,
                                     int count, struct span place) {
  struct tensor_value t[3] = {{0}};
  struct node *nodes[3];
  if (!unify(e, s, operands, count, op == SCALAR_SELECT, place, t)) return &val_error;
  for (int i = 0; i < count; i++) nodes[i] = t[i].node;
  bool floats_only = op == SCALAR_DIV || op == SCALAR_POW || (count == 1 && op != SCALAR_NEG && op != SCALAR_ABS);
  if (floats_only && nodes[0]->type.dtype == DTYPE_I32) {
    diag_report(e->diags, MSG_FLOAT_NEEDED, place, operation_text(e, operands, count, place));
    return &val_error;
  }
  struct node *node = graph_map(e->graph, op, nodes, count);
  return val_tensor(e, tensor_make(node, t[0].frames, t[0].rank, t[0].dim));
}

/* The third graph of a model, `trace`: forward, stopped after any number of steps, so that every intermediate state
 * can be looked at and decoded as the model decodes its last one (HRM, section "Visualizing intermediate timesteps").
 *
 * A step is an assignment in a segment to a state, to any variable in a repeat, or to a variable of the segment's own
 * statements in a `for` (the layers of a plain Transformer).  Where the new value comes from a function that made
 * steps itself, those count and the assignment passes on what they left.  The graph counts the steps; from the limit
 * on (the control "trace_limit", of each example) a step leaves its variable as it is, and all that follows, the
 * outputs too, is computed from what stands there.  So slots with limits 1, 2, … show the states after each step. */
#include "elab.h"

struct trace *trace_new(struct elab *e, const struct val *limit) {
  struct trace *t = arena_new_object(e->arena, struct trace);
  *t = (struct trace){.limit = limit};
  t->steps = (struct entry){
      .name = "the count of steps", .value = val_tensor(e, tensor_constant(e, DTYPE_F32, 0)), .is_mutable = true};
  return t;
}

/* Inside a frame there would be a count for each of its elements. */
bool trace_is_on(const struct elab *e) { return e->trace && e->frame_count == 0; }

static bool is_of_scope(const struct scope *s, const struct entry *entry) {
  return scope_find_here(s, entry->name) == entry;
}

/* Whether the assigned variable outlives the trip of a loop around the assignment. */
static bool is_step(const struct trace *t, const struct scope *s, const struct entry *entry) {
  bool in_repeat = false, in_loop = false;
  for (; !is_of_scope(s, entry); s = s->parent) {
    in_repeat |= s->is_repeat;
    in_loop |= s->is_loop;
  }
  return in_repeat || (s == t->segment && (in_loop || entry->is_state));
}

static bool same_tensor(const struct tensor_value *a, const struct tensor_value *b) {
  bool same = a->rank == b->rank && a->node->type.dtype == DTYPE_F32 && b->node->type.dtype == DTYPE_F32;
  for (int i = 0; same && i < a->rank; i++) same = a->dim[i].size == b->dim[i].size;
  return same;
}

static const struct val *elementwise(struct elab *e, struct scope *s, enum scalar_op op, const struct val *a,
                                     const struct val *b, const struct val *c, struct span place) {
  struct operand operands[3] = {{a, NULL}, {b, NULL}, {c, NULL}};
  return tensor_elementwise(e, s, op, operands, c ? 3 : 2, place);
}

static void remember(struct elab *e, struct entry *entry) {
  struct trace *t = e->trace;
  if (!is_of_scope(t->segment, entry)) return;
  for (int i = 0; i < t->count; i++)
    if (t->variables[i] == entry) return;
  arena_push(e->arena, t->variables, t->count, t->capacity, entry);
}

const struct val *trace_assigned(struct elab *e, struct scope *s, const struct stmt *x, struct entry *entry,
                                 const struct val *value, const struct val *before) {
  struct tensor_value was, now;
  struct trace *t = e->trace;
  if (!trace_is_on(e) || val_is_error(value) || t->steps.value != before || !is_step(t, s, entry)) return value;
  if (!elab_as_tensor(e, entry->value, x->span, &was) || !elab_as_tensor(e, value, x->span, &now)) return value;
  if (!same_tensor(&was, &now)) return value;
  remember(e, entry);
  const struct val *one = val_number(e, 1, NULL), *steps = t->steps.value;
  const struct val *may = elementwise(e, s, SCALAR_LT, steps, t->limit, NULL, x->span);
  const struct val *more = elementwise(e, s, SCALAR_ADD, steps, one, NULL, x->span);
  t->steps.value = elementwise(e, s, SCALAR_SELECT, may, more, steps, x->span);
  return elementwise(e, s, SCALAR_SELECT, may, value, entry->value, x->span);
}

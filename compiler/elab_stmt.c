/* Statements: bindings, compile-time branches and loops, and the run-time repeat. */
#include "elab.h"
#include "source.h"

#include <string.h>

/* Statements run many times, and counting lines takes long: their places are remembered as text. */
static void set_origin(struct elab *e, struct span span) {
  if (!span.source) return;
  struct origin *known = &e->origins[span.begin % ELAB_ORIGINS];
  if (known->place.source != span.source || known->place.begin != span.begin) {
    struct span line = span_line(span);
    *known = (struct origin){span, arena_printf(e->arena, "%s:%d:%d", span.source->name, span_position(span).line,
                                                (int)(span.begin - line.begin) + 1)};
  }
  e->graph->origin = known->text;
}

static bool matches_type(struct elab *e, struct scope *s, const struct stmt *x, const struct val *v) {
  struct tensor_value t, wanted;
  if (!x->bind.type) return true;
  if (!elab_as_tensor(e, v, x->bind.value->span, &t) || !elab_type(e, s, x->bind.type, &wanted)) return false;
  bool integer = x->bind.type->is_integer;
  bool same = t.rank == wanted.rank && (t.node->type.dtype == DTYPE_I32) == integer;
  for (int i = 0; same && i < t.rank; i++) same = t.dim[i].size == wanted.dim[i].size;
  if (same || (integer && wanted.rank == 0 && val_is_whole(v))) return true;
  diag_report(e->diags, MSG_BINDING_SHAPE, x->bind.value->span, x->bind.name.text, val_describe(e, v),
              written_type(e, &wanted, integer));
  return false;
}

static const struct val *bound_value(struct elab *e, struct scope *s, const struct stmt *x) {
  const struct val *v = x->bind.index_count ? elab_indexed_let(e, s, x) : elab_expr(e, s, x->bind.value);
  if (val_is_error(v) || !matches_type(e, s, x, v)) return &val_error;
  if (v->kind == KIND_NUMBER && x->kind == STMT_LET && !v->number.name)
    return val_number(e, v->number.value, x->bind.name.text);
  return v;
}

static void bind_stmt(struct elab *e, struct scope *s, const struct stmt *x) {
  struct entry *entry = scope_define(e, s, x->bind.name, bound_value(e, s, x));
  entry->is_mutable = x->kind == STMT_VAR;
}

/* A variable of a repeat keeps its type; elsewhere it may take any value. */
static void assign_stmt(struct elab *e, struct scope *s, const struct stmt *x) {
  const char *name = x->bind.name.text;
  struct entry *entry = scope_find(s, name);
  if (!entry) {
    report_unknown_name(e, s, name, x->bind.name.span);
    return;
  }
  if (!entry->is_mutable) {
    struct diag *d = diag_report(e->diags, MSG_NOT_ASSIGNABLE, x->bind.name.span, name);
    if (entry->span.source) diag_note(e->diags, d, entry->span, "'%s' is defined here", name);
    return;
  }
  const struct val *steps = e->trace ? e->trace->steps.value : NULL;
  entry->value = trace_assigned(e, s, x, entry, bound_value(e, s, x), steps);
}

static const struct val *iterable(struct elab *e, struct scope *s, const struct stmt *x) {
  const struct val *v = elab_expr(e, s, x->loop.over);
  if (val_is_error(v) || v->kind == KIND_LIST) return v;
  diag_report(e->diags, MSG_NOT_ITERABLE, x->loop.over->span, val_describe(e, v));
  return &val_error;
}

static struct scope *loop_scope(struct elab *e, struct scope *s, bool is_repeat) {
  struct scope *inner = scope_new(e, s);
  inner->is_loop = true;
  inner->is_repeat = is_repeat;
  return inner;
}

static void for_stmt(struct elab *e, struct scope *s, const struct stmt *x, const struct val **result) {
  const struct val *v = iterable(e, s, x);
  int errors = diag_count(e->diags, SEVERITY_ERROR);
  for (int i = 0; v->kind == KIND_LIST && i < v->list.count && !*result; i++) {
    struct scope *inner = loop_scope(e, s, false);
    scope_define(e, inner, x->loop.name, v->list.items[i]);
    elab_block(e, inner, &x->loop.body, result);
    if (diag_count(e->diags, SEVERITY_ERROR) > errors || elab_is_exhausted(e))
      return; /* the next trip would only say it again */
  }
}

static void if_stmt(struct elab *e, struct scope *s, const struct stmt *x, const struct val **result) {
  bool ok;
  bool holds = elab_condition(e, s, x->branch.condition, "'if'", &ok);
  if (ok) elab_block(e, scope_new(e, s), holds ? &x->branch.then : &x->branch.otherwise, result);
}

/* The variables that a repeat carries: names assigned in its body and defined outside. */
struct carried {
  struct entry **entries;
  int count, capacity;
};

static void collect_carried(struct elab *e, struct scope *s, const struct block *b, struct carried *c);

static void collect_entry(struct elab *e, struct entry *entry, struct carried *c) {
  for (int i = 0; i < c->count; i++)
    if (c->entries[i] == entry) return;
  arena_push(e->arena, c->entries, c->count, c->capacity, entry);
}

static void collect_name(struct elab *e, struct scope *s, const char *name, struct carried *c) {
  struct entry *entry = scope_find(s, name);
  if (entry && entry->is_mutable) collect_entry(e, entry, c);
}

static void collect_stmt(struct elab *e, struct scope *s, const struct stmt *x, struct carried *c) {
  switch (x->kind) {
  case STMT_ASSIGN: collect_name(e, s, x->bind.name.text, c); break;
  case STMT_FOR: collect_carried(e, s, &x->loop.body, c); break;
  case STMT_REPEAT: collect_carried(e, s, &x->repeat.body, c); break;
  case STMT_IF:
    collect_carried(e, s, &x->branch.then, c);
    collect_carried(e, s, &x->branch.otherwise, c);
    break;
  default: break;
  }
}

static void collect_carried(struct elab *e, struct scope *s, const struct block *b, struct carried *c) {
  for (int i = 0; i < b->count; i++) collect_stmt(e, s, b->stmts[i], c);
}

static bool repeat_horizon(struct elab *e, struct scope *s, const struct stmt *x, int64_t trips, int64_t *last) {
  *last = HORIZON_NOTHING;
  if (x->repeat.horizon == HORIZON_ALL) *last = HORIZON_EVERYTHING;
  if (x->repeat.horizon == HORIZON_LAST) {
    if (!elab_whole(e, s, x->repeat.last, "the gradient horizon", last, NULL)) return false;
    if (*last < 1 || *last > trips) {
      diag_report(e->diags, MSG_COUNT_RANGE, x->repeat.last->span, "the gradient horizon", (long long)*last, 1LL,
                  (long long)trips);
      return false;
    }
  }
  if (e->no_gradient) *last = HORIZON_NOTHING;
  return true;
}

/* Each recorded trip becomes a copy of the body; *copies: how many of this body, those of the repeats around it
 * multiplied. A single recorded trip adds none to the one that is there. */
static bool copies_fit(struct elab *e, const struct stmt *x, int64_t recorded, int64_t *copies) {
  enum { MOST_COPIES = 4096 };
  *copies = e->copies * recorded;
  int64_t added = recorded > 1 ? *copies : 0;
  if (e->copy_count + added <= MOST_COPIES) {
    e->copy_count += added;
    return true;
  }
  diag_report(e->diags, MSG_LIMIT, x->repeat.horizon_span,
              "more than 4096 trips that are differentiated, those of nested repeats multiplied");
  return false;
}

/* All carries get all frames, so that a trip cannot add one. */
static bool carry_tensors(struct elab *e, const struct stmt *x, struct carried *c, struct tensor_value *t) {
  uint32_t frames = (UINT32_C(1) << e->frame_count) - 1;
  for (int i = 0; i < c->count; i++) {
    if (!elab_as_tensor(e, c->entries[i]->value, c->entries[i]->span, &t[i])) return false;
    if (!tensor_fits(e, frames, t[i].rank, t[i].dim, x->span)) return false;
    t[i].node = tensor_align(e, &t[i], frames);
    t[i].frames = frames;
  }
  return true;
}

static bool same_shape(struct elab *e, const struct stmt *x, const struct entry *entry,
                       const struct tensor_value *was, const struct tensor_value *now) {
  bool same = was->rank == now->rank && was->node->type.dtype == now->node->type.dtype;
  for (int i = 0; same && i < was->rank; i++) same = was->dim[i].size == now->dim[i].size;
  if (same) return true;
  diag_report(e->diags, MSG_REPEAT_SHAPE, x->span, entry->name,
              written_type(e, was, was->node->type.dtype == DTYPE_I32),
              written_type(e, now, now->node->type.dtype == DTYPE_I32));
  return false;
}

static void close_repeat(struct elab *e, const struct stmt *x, struct carried *c, struct tensor_value *t,
                         struct node *repeat) {
  struct node **results = arena_new_array(e->arena, struct node *, (size_t)c->count + 1);
  for (int i = 0; i < c->count; i++) {
    struct tensor_value now;
    results[i] = repeat->repeat.body->carries[i];
    if (!elab_as_tensor(e, c->entries[i]->value, x->span, &now) || !same_shape(e, x, c->entries[i], &t[i], &now))
      continue;
    results[i] = tensor_align(e, &now, t[i].frames);
  }
  graph_repeat_close(e->graph, repeat, results);
  for (int i = 0; i < c->count; i++) {
    t[i].node = graph_result(e->graph, repeat, i);
    c->entries[i]->value = val_tensor(e, t[i]);
  }
}

static void repeat_stmt(struct elab *e, struct scope *s, const struct stmt *x) {
  struct carried c = {0};
  int64_t trips, last, copies, outer = e->copies;
  const struct val *result = NULL;
  if (!elab_whole(e, s, x->repeat.trips, "the number of trips", &trips, NULL)) return;
  if (trips < 1 || trips > 1000000) {
    diag_report(e->diags, MSG_COUNT_RANGE, x->repeat.trips->span, "the number of trips", (long long)trips, 1LL,
                1000000LL);
    return;
  }
  if (!repeat_horizon(e, s, x, trips, &last)) return;
  if (!copies_fit(e, x, last == HORIZON_EVERYTHING ? trips : last, &copies)) return;
  collect_carried(e, s, &x->repeat.body, &c);
  if (trace_is_on(e)) collect_entry(e, &e->trace->steps, &c);
  struct tensor_value *t = arena_new_array(e->arena, struct tensor_value, (size_t)c.count + 1);
  struct node **initial = arena_new_array(e->arena, struct node *, (size_t)c.count + 1);
  if (!carry_tensors(e, x, &c, t)) return;
  for (int i = 0; i < c.count; i++) initial[i] = t[i].node;
  struct node *repeat = graph_repeat_open(e->graph, trips, last, initial, c.count);
  repeat->repeat.is_checkpoint = x->repeat.is_checkpoint;
  for (int i = 0; i < c.count; i++) {
    t[i].node = repeat->repeat.body->carries[i];
    c.entries[i]->value = val_tensor(e, t[i]);
  }
  e->copies = copies;
  elab_block(e, loop_scope(e, s, true), &x->repeat.body, &result);
  e->copies = outer;
  if (result) diag_report(e->diags, MSG_RETURN_IN_REPEAT, x->span);
  close_repeat(e, x, &c, t, repeat);
}

static void return_stmt(struct elab *e, struct scope *s, const struct stmt *x, const struct val **result) {
  *result = elab_expr(e, s, x->value);
  if (e->depth == 0) diag_report(e->diags, MSG_RETURN_PLACE, x->span);
}

/* What decodes the states makes no steps. */
static void output_stmt(struct elab *e, struct scope *s, const struct stmt *x) {
  struct trace *trace = e->trace;
  e->trace = NULL;
  segment_output(e, s, x, elab_expr(e, s, x->bind.value));
  e->trace = trace;
}

static void run_stmt(struct elab *e, struct scope *s, const struct stmt *x, const struct val **result) {
  set_origin(e, x->span);
  switch (x->kind) {
  case STMT_LET:
  case STMT_VAR: bind_stmt(e, s, x); break;
  case STMT_ASSIGN: assign_stmt(e, s, x); break;
  case STMT_RETURN: return_stmt(e, s, x, result); break;
  case STMT_FOR: for_stmt(e, s, x, result); break;
  case STMT_IF: if_stmt(e, s, x, result); break;
  case STMT_REPEAT: repeat_stmt(e, s, x); break;
  case STMT_OUTPUT: output_stmt(e, s, x); break;
  case STMT_ASSERT: test_assert(e, s, x); break;
  case STMT_REQUIRE:
    if (!elab_requirement(e, s, x->require, x->span)) *result = &val_error;
    break;
  }
}

void elab_block(struct elab *e, struct scope *s, const struct block *b, const struct val **result) {
  for (int i = 0; i < b->count && !*result; i++) run_stmt(e, s, b->stmts[i], result);
}

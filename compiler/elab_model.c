/* The model: its tensors, and the graphs of one segment.
 *
 * forward: inputs and states -> outputs, prediction, halt values, states.
 * trace: the same after a limited number of steps (elab_trace.c).
 * train: the same, then the next segment without gradient for the continue target (HRM, section 2, "Adaptive
 * computation time"), the losses and the LOSS that is differentiated. */
#include "elab_model.h"
#include "elab_policy.h"

#include <string.h>

enum { HALT, CONTINUE };

struct model {
  struct elab *e;
  const struct decl *decl;
  struct scope *file, *members;
  const struct member **tensor; /* inputs, labels, noises and states in order of writing */
  struct symbol **symbol;       /* of each */
  struct tensor_value *shape;   /* of each */
  int tensor_count, tensor_capacity;
  const struct member *segment, *loss, *act;
  const struct member *label; /* its number is label_index */
  int label_index;
  struct symbol *reset, *last;
  const struct expr *halt[2]; /* the expressions of the halt and continue values */
  const struct val *library;  /* the functions of act.hrm */
};

/* One elaborated segment. */
struct pass {
  struct scope *scope;
  struct segment_outputs outputs;
};

static void once(struct model *m, const struct member **place, const struct member *member, const char *what) {
  if (*place) diag_report(m->e->diags, MSG_TWICE_IN_MODEL, member->span, m->decl->name.text, what);
  *place = member;
}

/* Sorts out what only a model has; conditions were checked by elab_members. */
static void collect(struct model *m, const struct members *members) {
  for (int i = 0; i < members->count; i++) {
    const struct member *x = members->items[i];
    bool ok;
    switch (x->kind) {
    case MEMBER_INPUT:
    case MEMBER_LABEL:
    case MEMBER_NOISE:
    case MEMBER_STATE: arena_push(m->e->arena, m->tensor, m->tensor_count, m->tensor_capacity, x); break;
    case MEMBER_SEGMENT: once(m, &m->segment, x, "segment"); break;
    case MEMBER_LOSS: once(m, &m->loss, x, "loss"); break;
    case MEMBER_ACT: once(m, &m->act, x, "act"); break;
    case MEMBER_IF: {
      bool holds = elab_condition(m->e, m->members, x->branch.condition, "'if'", &ok);
      if (ok) collect(m, holds ? &x->branch.then : &x->branch.otherwise);
      break;
    }
    default: break;
    }
  }
}

static struct symbol *add_tensor(struct elab *e, const char *name, enum role role, struct type type, int64_t bound) {
  struct symbol *symbol = arena_new_object(e->arena, struct symbol);
  *symbol = (struct symbol){.name = name, .role = role, .type = type};
  struct tensor tensor = {.symbol = symbol, .bound = bound, .gradient = -1};
  arena_push(e->arena, e->program->tensors, e->program->tensor_count, e->tensor_capacity, tensor);
  return symbol;
}

static struct symbol *output_symbol(struct elab *e, const char *name, struct type type) {
  for (int i = 0; i < e->program->tensor_count; i++) {
    struct symbol *s = e->program->tensors[i].symbol;
    if (s->role == ROLE_OUTPUT && !strcmp(s->name, name)) return s;
  }
  return add_tensor(e, name, ROLE_OUTPUT, type, 0);
}

static struct type type_of(enum dtype dtype, const struct tensor_value *shape) {
  int64_t extent[GRAPH_MAX_RANK];
  for (int i = 0; i < shape->rank; i++) extent[i] = shape->dim[i].size;
  return type_make(dtype, shape->rank, extent);
}

/* Names of tensors that every model shares with the runtime. */
static bool check_free_name(struct elab *e, struct ident name) {
  static const char *const taken[] = {"reset",           "last",    "prediction", "halt",
                                      "continue",        "lm_loss", "halt_loss",  "continue_loss",
                                      "target_continue", "correct", "accuracy",   "trace_limit",
                                      "trace_steps"};
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (!strcmp(taken[i], name.text)) {
      diag_report(e->diags, MSG_NAME_TAKEN, name.span, name.text);
      return false;
    }
  return true;
}

static bool check_data_name(struct elab *e, const struct member *x) {
  const char *name = x->name.text;
  bool is_label = x->kind == MEMBER_LABEL;
  bool known = is_label ? !strcmp(name, "labels") : !strcmp(name, "inputs") || !strcmp(name, "puzzle_identifiers");
  if (!known) diag_report(e->diags, MSG_NOT_OF_DATA, x->name.span, is_label ? "label" : "input", name);
  return known;
}

/* The values lie below it, so it is at least 1. */
static bool tensor_bound(struct model *m, const struct expr *x, int64_t *bound) {
  if (!elab_whole(m->e, m->members, x, "the bound", bound, NULL)) return false;
  if (*bound >= 1 && *bound <= INT32_MAX) return true;
  diag_report(m->e->diags, MSG_COUNT_RANGE, x->span, "the bound", (long long)*bound, 1LL, (long long)INT32_MAX);
  return false;
}

static enum role role_of(const struct member *x) {
  switch (x->kind) {
  case MEMBER_INPUT: return ROLE_INPUT;
  case MEMBER_LABEL: return ROLE_LABEL;
  case MEMBER_NOISE: return ROLE_NOISE;
  default: return ROLE_STATE;
  }
}

static bool declare_tensor(struct model *m, int i) {
  struct elab *e = m->e;
  const struct member *x = m->tensor[i];
  enum role role = role_of(x);
  bool integer = role == ROLE_INPUT || role == ROLE_LABEL;
  if (integer ? !check_data_name(e, x) : !check_free_name(e, x->name)) return false;
  if (!x->tensor.type || x->tensor.type->is_integer != integer) {
    diag_report(e->diags, MSG_TENSOR_TYPE, x->name.span, x->name.text,
                integer ? "integers, such as int[S] < bound" : "floats, such as [S, D]");
    return false;
  }
  int64_t bound = 0;
  if (!elab_type(e, m->members, x->tensor.type, &m->shape[i])) return false;
  if (x->tensor.type->bound && !tensor_bound(m, x->tensor.type->bound, &bound)) return false;
  if (role == ROLE_LABEL) {
    once(m, &m->label, x, "label");
    m->label_index = i;
  }
  bool is_held = role == ROLE_STATE && m->shape[i].rank > 1;
  enum dtype dtype = integer ? DTYPE_I32 : is_held ? e->program->precision : DTYPE_F32;
  m->symbol[i] = add_tensor(e, x->name.text, role, type_of(dtype, &m->shape[i]), bound);
  return true;
}

static bool declare_tensors(struct model *m) {
  struct elab *e = m->e;
  bool ok = true;
  m->symbol = arena_new_array(e->arena, struct symbol *, (size_t)m->tensor_count + 1);
  m->shape = arena_new_array(e->arena, struct tensor_value, (size_t)m->tensor_count + 1);
  for (int i = 0; i < m->tensor_count; i++) ok &= declare_tensor(m, i);
  m->reset = add_tensor(e, "reset", ROLE_CONTROL, type_make(DTYPE_F32, 0, NULL), 0);
  m->last = add_tensor(e, "last", ROLE_CONTROL, type_make(DTYPE_F32, 0, NULL), 0);
  const struct {
    const struct member *present;
    const char *what;
  } needed[] = {{m->segment, "segment"}, {m->loss, "loss"}, {m->act, "act"}, {m->label, "label"}};
  for (int i = 0, declared = ok; declared && i < 4; i++)
    if (!needed[i].present) {
      diag_report(e->diags, MSG_MODEL_LACKS, m->decl->name.span, m->decl->name.text, needed[i].what);
      ok = false;
    }
  return ok;
}

static struct node *leaf(struct elab *e, struct symbol *symbol) { return graph_leaf(e->graph, symbol, symbol->type); }

static const struct val *scalar_leaf(struct elab *e, struct symbol *symbol) {
  return val_tensor(e, tensor_make(leaf(e, symbol), 0, 0, NULL));
}

/* An initial value has the state's shape, or lacks leading axes of it. */
static bool fits_state(struct model *m, int i, const struct val *initial) {
  const struct member *x = m->tensor[i];
  const struct tensor_value *shape = &m->shape[i];
  struct tensor_value t;
  if (!elab_as_tensor(m->e, initial, x->tensor.init->span, &t)) return false;
  bool fits = t.rank <= shape->rank && t.node->type.dtype != DTYPE_I32;
  for (int k = 1; fits && k <= t.rank; k++) fits = t.dim[t.rank - k].size == shape->dim[shape->rank - k].size;
  if (!fits)
    diag_report(m->e->diags, MSG_BINDING_SHAPE, x->tensor.init->span, x->name.text, val_describe(m->e, initial),
                written_type(m->e, shape, false));
  return fits;
}

/* A state at the start of a segment: its initial value where the example restarts, else what was carried. */
static const struct val *carried_state(struct model *m, int i) {
  struct elab *e = m->e;
  const struct member *x = m->tensor[i];
  struct node *state = graph_cast(e->graph, DTYPE_F32, leaf(e, m->symbol[i]));
  const struct val *carried = val_tensor(e, tensor_make(state, 0, m->shape[i].rank, m->shape[i].dim));
  const struct val *initial = elab_expr(e, m->members, x->tensor.init);
  if (!fits_state(m, i, initial)) return &val_error;
  struct operand operands[3] = {{scalar_leaf(e, m->reset), NULL}, {initial, x->tensor.init}, {carried, NULL}};
  return tensor_elementwise(e, m->members, SCALAR_SELECT, operands, 3, x->span);
}

static void define_tensor(struct model *m, struct scope *s, int i, const struct val *v) {
  struct entry *entry = scope_define(m->e, s, m->tensor[i]->name, v);
  entry->is_mutable = entry->is_state = m->tensor[i]->kind == MEMBER_STATE;
}

/* Runs the segment's statements from given states (NULL: as carried). */
static struct pass run_segment(struct model *m, const struct val *const *states) {
  struct elab *e = m->e;
  struct pass p = {.scope = scope_new(e, m->members)};
  const struct val *result = NULL;
  for (int i = 0; i < m->tensor_count; i++) {
    if (m->tensor[i]->kind == MEMBER_LABEL) continue;
    if (m->tensor[i]->kind == MEMBER_STATE)
      define_tensor(m, p.scope, i, states ? states[i] : carried_state(m, i));
    else
      define_tensor(m, p.scope, i,
                    val_tensor(e, tensor_make(leaf(e, m->symbol[i]), 0, m->shape[i].rank, m->shape[i].dim)));
  }
  p.outputs.scope = p.scope;
  e->outputs = &p.outputs;
  if (e->trace) e->trace->segment = p.scope;
  elab_block(e, p.scope, &m->segment->segment, &result);
  e->outputs = NULL;
  return p;
}

/* Whether a statement there may be an output: in the segment, under no loop. */
static bool check_output_place(struct elab *e, const struct scope *s, struct span place) {
  bool in_loop = false;
  for (; e->outputs && s && s != e->outputs->scope; s = s->parent) in_loop |= s->is_loop;
  bool in_segment = e->outputs && s;
  if (!in_segment)
    diag_report(e->diags, MSG_OUTPUT_PLACE, place);
  else if (in_loop)
    diag_report(e->diags, MSG_OUTPUT_IN_LOOP, place);
  return in_segment && !in_loop;
}

/* An output of a compile-time branch, too, is known to all that follows. */
void segment_output(struct elab *e, struct scope *s, const struct stmt *stmt, const struct val *v) {
  struct tensor_value t = {.node = NULL};
  struct segment_outputs *o = e->outputs;
  bool ok = check_output_place(e, s, stmt->span) && check_free_name(e, stmt->bind.name);
  if (!o) return;
  ok = ok && !val_is_error(v) && elab_as_tensor(e, v, stmt->bind.value->span, &t);
  bool is_first = !scope_find_here(o->scope, stmt->bind.name.text);
  if (ok || is_first) scope_define(e, o->scope, stmt->bind.name, ok ? val_tensor(e, t) : &val_error);
  if (!is_first) t.node = NULL; /* the graph has one output of a name, of one shape */
  struct output output = {stmt->bind.name.text, stmt->span, t};
  arena_push(e->arena, o->items, o->count, o->capacity, output);
}

static const struct val *library_call(struct model *m, const struct scope *from, const char *name,
                                      const struct val *const *values, int count) {
  struct bound_argument arguments[4] = {{NULL, NULL}};
  const struct entry *f = scope_find_here(from, name);
  for (int i = 0; i < count; i++) {
    if (val_is_error(values[i])) return &val_error;
    arguments[i].value = values[i];
  }
  return call_function(m->e, f->value, arguments, m->decl->name.span);
}

static const struct val *act_call(struct model *m, const char *name, const struct val *a, const struct val *b,
                                  const struct val *c) {
  const struct val *values[3] = {a, b, c};
  return library_call(m, m->library->space.members, name, values, c ? 3 : 2);
}

static void store(struct model *m, const char *name, enum dtype dtype, const struct val *v) {
  struct elab *e = m->e;
  struct tensor_value t;
  if (!elab_as_tensor(e, v, m->decl->name.span, &t)) return;
  t.node = graph_cast(e->graph, dtype, t.node);
  graph_store(e->graph, output_symbol(e, name, t.node->type), t.node);
}

static int64_t label_bound(const struct model *m) {
  const struct program *p = m->e->program;
  return p->tensors[program_tensor(p, m->symbol[m->label_index])].bound;
}

/* A label beyond the last class could never be predicted. */
static bool check_label_bound(struct model *m, const struct tensor_value *logits, struct span place) {
  const struct expr *bound = m->label->tensor.type->bound;
  int64_t classes = logits->dim[logits->rank - 1].size, limit = label_bound(m);
  if (!bound || limit <= classes) return true;
  struct diag *d = diag_report(m->e->diags, MSG_LABEL_BOUND, place, dims_text(m->e, logits->dim, logits->rank),
                               m->label->name.text, (long long)limit, (long long)classes);
  diag_note(m->e->diags, d, bound->span, "the label's bound is given here");
  return false;
}

/* The label's value, and the argmax of the output "logits", which must have the label's shape and a last axis of
 * classes. */
static const struct val *prediction(struct model *m, const struct pass *p) {
  struct elab *e = m->e;
  const struct tensor_value *label = &m->shape[m->label_index];
  for (int i = 0; i < p->outputs.count; i++) {
    const struct tensor_value *t = &p->outputs.items[i].value;
    if (strcmp(p->outputs.items[i].name, "logits")) continue;
    if (!t->node) return &val_error;
    bool fits = t->rank == label->rank + 1;
    for (int k = 0; fits && k < label->rank; k++) fits = t->dim[k].size == label->dim[k].size;
    if (!fits) {
      struct diag *d = diag_report(e->diags, MSG_LOGITS_SHAPE, p->outputs.items[i].span,
                                   dims_text(e, t->dim, t->rank), dims_text(e, label->dim, label->rank));
      diag_note(e->diags, d, m->label->span, "the label is declared here");
      return &val_error;
    }
    if (!check_label_bound(m, t, p->outputs.items[i].span)) return &val_error;
    const struct val *logits = val_tensor(e, *t);
    return library_call(m, e->prelude, "argmax", &logits, 1);
  }
  diag_report(e->diags, MSG_NO_LOGITS, m->segment->span, m->decl->name.text);
  return &val_error;
}

static const struct val *act_value(struct model *m, const struct pass *p, int which) {
  struct tensor_value t;
  if (!m->halt[which]) return val_number(m->e, 0, NULL);
  const struct val *v = elab_expr(m->e, p->scope, m->halt[which]);
  if (val_is_error(v) || !elab_as_tensor(m->e, v, m->halt[which]->span, &t)) return &val_error;
  if (t.rank == 0 && t.node->type.dtype == DTYPE_F32) return val_tensor(m->e, t);
  diag_report(m->e->diags, MSG_NOT_A_SCALAR, m->halt[which]->span, which == HALT ? "'halt'" : "'continue'",
              val_describe(m->e, v));
  return &val_error;
}

/* What both graphs store. */
static const struct val *store_outputs(struct model *m, const struct pass *p, const struct val *const halt[2]) {
  struct elab *e = m->e;
  const struct val *predicted = prediction(m, p);
  for (int i = 0; i < p->outputs.count; i++)
    if (p->outputs.items[i].value.node)
      store(m, p->outputs.items[i].name, DTYPE_F32, val_tensor(e, p->outputs.items[i].value));
  store(m, "prediction", DTYPE_I32, predicted);
  store(m, "halt", DTYPE_F32, halt[HALT]);
  store(m, "continue", DTYPE_F32, halt[CONTINUE]);
  for (int i = 0; i < m->tensor_count; i++) {
    struct tensor_value t;
    if (m->tensor[i]->kind != MEMBER_STATE) continue;
    const struct val *v = scope_find(p->scope, m->tensor[i]->name.text)->value;
    if (!elab_as_tensor(e, v, m->tensor[i]->span, &t)) continue;
    if (t.rank != m->shape[i].rank || t.node->type.dtype != DTYPE_F32 ||
        !type_same_shape(&t.node->type, &m->symbol[i]->type)) {
      diag_report(e->diags, MSG_STATE_SHAPE, m->tensor[i]->name.span, m->tensor[i]->name.text, val_describe(e, v),
                  written_type(e, &m->shape[i], false));
      continue;
    }
    graph_store(e->graph, m->symbol[i], graph_cast(e->graph, m->symbol[i]->type.dtype, t.node));
  }
  return predicted;
}

static struct graph *forward_graph(struct model *m) {
  struct elab *e = m->e;
  elab_new_graph(e, "forward", true); /* a limit that the train graph will meet is reported here */
  struct pass p = run_segment(m, NULL);
  const struct val *halt[2] = {act_value(m, &p, HALT), act_value(m, &p, CONTINUE)};
  store_outputs(m, &p, halt);
  return e->graph;
}

/* The continue target: the values of the next segment, from the new states with the same weights and no gradient. */
static const struct val *continue_target(struct model *m, const struct pass *p) {
  struct elab *e = m->e;
  const struct val **states = arena_new_array(e->arena, const struct val *, (size_t)m->tensor_count + 1);
  struct tensor_value t;
  for (int i = 0; i < m->tensor_count; i++) {
    if (m->tensor[i]->kind != MEMBER_STATE) continue;
    if (!elab_as_tensor(e, scope_find(p->scope, m->tensor[i]->name.text)->value, m->tensor[i]->span, &t))
      return &val_error;
    t.node = graph_detach(e->graph, t.node);
    states[i] = val_tensor(e, t);
  }
  e->no_gradient = true;
  struct pass next = run_segment(m, states);
  e->no_gradient = false;
  const struct val *target = act_call(m, "continue_target", act_value(m, &next, HALT), act_value(m, &next, CONTINUE),
                                      scalar_leaf(e, m->last));
  if (!elab_as_tensor(e, target, m->decl->name.span, &t)) return &val_error;
  t.node = graph_detach(e->graph, t.node);
  return val_tensor(e, t);
}

static const struct val *model_loss(struct model *m, const struct pass *p, const struct val *labels) {
  struct elab *e = m->e;
  struct scope *s = scope_new(e, p->scope);
  struct tensor_value t;
  scope_define(e, s, m->label->name, labels);
  const struct val *v = elab_expr(e, s, m->loss->value);
  if (val_is_error(v) || !elab_as_tensor(e, v, m->loss->value->span, &t)) return &val_error;
  if (t.rank == 0 && t.node->type.dtype == DTYPE_F32) return val_tensor(e, t);
  diag_report(e->diags, MSG_NOT_A_SCALAR, m->loss->value->span, "the loss", val_describe(e, v));
  return &val_error;
}

/* lm_loss + 0.5 · (halt_loss + continue_loss) */
static void total_loss(struct model *m, const struct val *lm, const struct val *halt, const struct val *cont) {
  struct elab *e = m->e;
  struct tensor_value a, b, c;
  struct span place = m->decl->name.span;
  if (!elab_as_tensor(e, lm, place, &a) || !elab_as_tensor(e, halt, place, &b) || !elab_as_tensor(e, cont, place, &c))
    return;
  struct graph *g = e->graph;
  struct node *act = graph_map2(g, SCALAR_ADD, b.node, c.node);
  struct node *half = graph_map2(g, SCALAR_MUL, act, graph_const(g, DTYPE_F32, 0.5));
  graph_loss(g, graph_map2(g, SCALAR_ADD, a.node, half));
}

/* With one segment there is no next one whose value the continue value could learn: then, as in the published code,
 * it has no target and no loss. */
static bool has_next_segment(const struct policy *act) {
  for (int i = 0; i < act->count; i++)
    if (!strcmp(act->settings[i].name, "max_segments")) return act->settings[i].number > 1;
  return false;
}

static void train_losses(struct model *m, const struct pass *p, const struct val *const halt[2],
                         const struct val *predicted) {
  struct elab *e = m->e;
  const struct tensor_value *shape = &m->shape[m->label_index];
  const struct val *labels =
      val_tensor(e, tensor_make(leaf(e, m->symbol[m->label_index]), 0, shape->rank, shape->dim));
  const struct val *zero = val_number(e, 0, NULL), *target = zero, *halt_loss = zero, *continue_loss = zero;
  const struct val *correct = act_call(m, "correct", predicted, labels, NULL);
  const struct val *lm_loss = model_loss(m, p, labels);
  if (m->halt[HALT]) halt_loss = act_call(m, "halt_loss", halt[HALT], correct, NULL);
  if (m->halt[CONTINUE] && has_next_segment(&e->program->act)) {
    target = continue_target(m, p);
    continue_loss = act_call(m, "continue_loss", halt[CONTINUE], target, NULL);
  }
  store(m, "lm_loss", DTYPE_F32, lm_loss);
  store(m, "halt_loss", DTYPE_F32, halt_loss);
  store(m, "continue_loss", DTYPE_F32, continue_loss);
  store(m, "target_continue", DTYPE_F32, target);
  store(m, "correct", DTYPE_F32, correct);
  store(m, "accuracy", DTYPE_F32, act_call(m, "accuracy", predicted, labels, NULL));
  total_loss(m, lm_loss, halt_loss, continue_loss);
}

static struct graph *train_graph(struct model *m) {
  struct elab *e = m->e;
  elab_new_graph(e, "train", true);
  struct pass p = run_segment(m, NULL);
  const struct val *halt[2] = {act_value(m, &p, HALT), act_value(m, &p, CONTINUE)};
  const struct val *predicted = store_outputs(m, &p, halt);
  train_losses(m, &p, halt, predicted);
  return e->graph;
}

static void store_traced(struct model *m, const char *name, const struct val *v) {
  struct elab *e = m->e;
  store(m, name, DTYPE_F32, v);
  e->program->tensors[program_tensor(e->program, output_symbol(e, name, type_make(DTYPE_F32, 0, NULL)))].is_traced =
      true;
}

/* The limit on expressions is for what a user can change: this graph says nothing new. */
static struct graph *trace_graph(struct model *m) {
  struct elab *e = m->e;
  int64_t steps = e->steps;
  elab_new_graph(e, "trace", false);
  struct symbol *limit = add_tensor(e, "trace_limit", ROLE_CONTROL, type_make(DTYPE_F32, 0, NULL), 0);
  struct trace *trace = e->trace = trace_new(e, scalar_leaf(e, limit));
  struct pass p = run_segment(m, NULL);
  e->trace = NULL;
  const struct val *halt[2] = {act_value(m, &p, HALT), act_value(m, &p, CONTINUE)};
  store_outputs(m, &p, halt);
  store_traced(m, "trace_steps", trace->steps.value);
  for (int i = 0; i < trace->count; i++)
    if (!trace->variables[i]->is_state)
      store_traced(m, arena_printf(e->arena, "trace.%s", trace->variables[i]->name), trace->variables[i]->value);
  e->steps = steps;
  return e->graph;
}

/* Weights lie one after another, each on a cache line of its own. */
static void place_weights(struct program *p) {
  int64_t offset = 0;
  for (int i = 0; i < p->weight_count; i++) {
    if (p->weights[i]->sparse) continue;
    p->weights[i]->offset = offset;
    offset += (type_elements(&p->weights[i]->symbol->type) * dtype_size(DTYPE_F32) + 63) / 64 * 64;
  }
  p->weight_bytes = offset;
}

bool elab_model(struct elab *e, struct scope *file, const struct decl *decl, const struct decl *train) {
  struct model m = {.e = e, .decl = decl, .file = file, .members = scope_new(e, file)};
  const struct val *call = NULL;
  e->program->name = decl->name.text;
  bool ok = elab_members(e, m.members, &decl->module.members, "", &call);
  collect(&m, &decl->module.members);
  e->lacks_members = !ok;
  ok &= declare_tensors(&m);
  elab_train(e, m.members, train);
  m.library = elab_import(e, "act", (struct span){0});
  if (!ok || val_is_error(m.library) || diag_count(e->diags, SEVERITY_ERROR) > 0) return false;
  if (!elab_policy(e, m.members, POLICY_ACT, m.act->value, &e->program->act, m.halt)) return false;
  place_weights(e->program);
  e->program->forward = forward_graph(&m);
  if (diag_count(e->diags, SEVERITY_ERROR) > 0) return false; /* train would only say it again */
  e->program->train = train_graph(&m);
  if (diag_count(e->diags, SEVERITY_ERROR) > 0) return false;
  e->program->trace = trace_graph(&m);
  return diag_count(e->diags, SEVERITY_ERROR) == 0;
}

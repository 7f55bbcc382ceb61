/* The functions that the language itself provides: what the library cannot write. */
#include "elab.h"

#include <math.h>
#include <string.h>

enum { MOST_PARAMETERS = 3 };

struct invocation {
  struct elab *e;
  struct scope *scope;
  const struct builtin *builtin;
  const struct expr *call;
  struct bound_argument argument[MOST_PARAMETERS];
};

typedef const struct val *builtin_fn(struct invocation *i);

struct builtin {
  const char *name;
  builtin_fn *function;
  int required, count; /* parameters; count -1: the function reads the call itself */
  const char *parameter[MOST_PARAMETERS];
  enum scalar_op scalar;
  double (*number)(double);
};

static struct operand operand_of(const struct invocation *i, int k) {
  return (struct operand){i->argument[k].value, i->argument[k].expr};
}

static const char *argument_of(const struct invocation *i) {
  return arena_printf(i->e->arena, "the argument of '%s'", i->builtin->name);
}

static double sigmoid_number(double x) { return 1 / (1 + exp(-x)); }

static const struct val *unary(struct invocation *i) {
  const struct val *v = i->argument[0].value;
  if (v->kind == KIND_NUMBER) return val_number(i->e, i->builtin->number(v->number.value), NULL);
  struct operand operand = operand_of(i, 0);
  return tensor_elementwise(i->e, i->scope, i->builtin->scalar, &operand, 1, i->call->span);
}

/* ceil and round: of numbers alone. */
static const struct val *number_only(struct invocation *i) {
  const struct val *v = i->argument[0].value;
  if (v->kind == KIND_NUMBER) return val_number(i->e, i->builtin->number(v->number.value), NULL);
  diag_report(i->e->diags, MSG_NOT_A_NUMBER, i->argument[0].expr->span, argument_of(i), val_describe(i->e, v));
  return &val_error;
}

static const struct val *reduce_last(struct invocation *i, enum reduction kind) {
  struct elab *e = i->e;
  struct tensor_value t;
  struct span place = i->argument[0].expr->span;
  if (!elab_as_tensor(e, i->argument[0].value, place, &t)) return &val_error;
  if (t.rank == 0) {
    diag_report(e->diags, MSG_REDUCE_SCALAR, place, i->builtin->name, val_describe(e, i->argument[0].value));
    return &val_error;
  }
  struct node *node = graph_reduce(e->graph, kind, UINT32_C(1) << (t.node->type.rank - 1), t.node);
  return val_tensor(e, tensor_make(node, t.frames, t.rank - 1, t.dim));
}

static const struct val *sum(struct invocation *i) { return reduce_last(i, REDUCE_SUM); }

/* max(x) over the last axis, max(x, y) elementwise; likewise min. */
static const struct val *extreme(struct invocation *i) {
  bool largest = i->builtin->scalar == SCALAR_MAX;
  const struct val *a = i->argument[0].value, *b = i->argument[1].value;
  if (!b) return reduce_last(i, largest ? REDUCE_MAX : REDUCE_MIN);
  if (a->kind == KIND_NUMBER && b->kind == KIND_NUMBER) {
    bool first = largest == (a->number.value > b->number.value);
    return first ? a : b;
  }
  struct operand operands[2] = {operand_of(i, 0), operand_of(i, 1)};
  return tensor_elementwise(i->e, i->scope, i->builtin->scalar, operands, 2, i->call->span);
}

static const struct val *cast(struct invocation *i, enum dtype dtype) {
  struct tensor_value t;
  if (!elab_as_tensor(i->e, i->argument[0].value, i->argument[0].expr->span, &t)) return &val_error;
  t.node = graph_cast(i->e->graph, dtype, t.node);
  return val_tensor(i->e, t);
}

static const struct val *to_float(struct invocation *i) { return cast(i, i->e->float_dtype); }
static const struct val *to_float64(struct invocation *i) { return cast(i, DTYPE_F64); }
static const struct val *to_int(struct invocation *i) { return cast(i, DTYPE_I32); }

static const struct val *where(struct invocation *i) {
  const struct val *c = i->argument[0].value;
  if (c->kind == KIND_NUMBER) return i->argument[c->number.value != 0 ? 1 : 2].value;
  struct operand operands[3] = {operand_of(i, 0), operand_of(i, 1), operand_of(i, 2)};
  return tensor_elementwise(i->e, i->scope, SCALAR_SELECT, operands, 3, i->call->span);
}

static const struct val *stop_gradient(struct invocation *i) {
  struct tensor_value t;
  if (!elab_as_tensor(i->e, i->argument[0].value, i->argument[0].expr->span, &t)) return &val_error;
  t.node = graph_detach(i->e->graph, t.node);
  return val_tensor(i->e, t);
}

static bool whole_from_one(struct invocation *i, const struct val *v, double most, struct span place,
                           const char *what) {
  if (!val_is_whole(v)) {
    diag_report(i->e->diags, MSG_NOT_WHOLE, place, what, val_describe(i->e, v));
    return false;
  }
  if (v->number.value >= 1 && v->number.value <= most) return true;
  diag_report(i->e->diags, MSG_COUNT_RANGE, place, what, (long long)v->number.value, 1LL, (long long)most);
  return false;
}

/* A written list of dimensions. */
static bool shape_argument(struct invocation *i, int k, struct dim *dim, int *rank) {
  const struct val *v = i->argument[k].value;
  struct span place = i->argument[k].expr->span;
  if (v->kind == KIND_LIST && v->list.count > GRAPH_MAX_RANK - 1) {
    diag_report(i->e->diags, MSG_LIMIT, place, "a tensor with more than 7 axes");
    return false;
  }
  if (v->kind != KIND_LIST) {
    diag_report(i->e->diags, MSG_SHAPE_LIST, place, i->builtin->name, val_describe(i->e, v));
    return false;
  }
  *rank = v->list.count;
  double elements = 1;
  for (int d = 0; d < *rank; d++) {
    const struct val *size = v->list.items[d];
    if (!whole_from_one(i, size, 0x1p31, place, "a dimension")) return false;
    elements *= size->number.value;
    dim[d] = (struct dim){(int64_t)size->number.value, size->number.name};
  }
  if (elements <= 0x1p33) return true;
  diag_report(i->e->diags, MSG_LIMIT, place, "a tensor of more than 2^33 elements");
  return false;
}

static const struct val *reshape(struct invocation *i) {
  struct elab *e = i->e;
  struct tensor_value t;
  struct dim dim[GRAPH_MAX_RANK];
  int64_t extent[2 * GRAPH_MAX_RANK], before = 1, after = 1;
  int rank;
  if (!elab_as_tensor(e, i->argument[0].value, i->argument[0].expr->span, &t) || !shape_argument(i, 1, dim, &rank))
    return &val_error;
  int lead = frames_rank(e, t.frames);
  for (int d = 0; d < lead; d++) extent[d] = t.node->type.extent[d];
  for (int d = 0; d < t.rank; d++) before *= t.dim[d].size;
  for (int d = 0; d < rank; d++) after *= extent[lead + d] = dim[d].size;
  if (before == after && !tensor_fits(e, t.frames, rank, dim, i->call->span)) return &val_error;
  if (before != after) {
    diag_report(e->diags, MSG_RESHAPE_SIZE, i->call->span, dims_text(e, t.dim, t.rank), (long long)before,
                dims_text(e, dim, rank), (long long)after);
    return &val_error;
  }
  return val_tensor(e, tensor_make(graph_reshape(e->graph, t.node, lead + rank, extent), t.frames, rank, dim));
}

static const struct val *fill(struct invocation *i) {
  struct elab *e = i->e;
  struct tensor_value t;
  struct dim dim[GRAPH_MAX_RANK];
  int rank;
  if (!elab_as_tensor(e, i->argument[0].value, i->argument[0].expr->span, &t) || !shape_argument(i, 1, dim, &rank))
    return &val_error;
  struct dim all[2 * GRAPH_MAX_RANK];
  memcpy(all, dim, sizeof *dim * (size_t)rank);
  memcpy(all + rank, t.dim, sizeof *dim * (size_t)t.rank);
  if (!tensor_fits(e, t.frames, rank + t.rank, all, i->call->span)) return &val_error;
  return val_tensor(e, tensor_lead(e, &t, dim, rank));
}

static const struct val *iota(struct invocation *i) {
  const struct val *n = i->argument[0].value;
  if (!whole_from_one(i, n, 0x1p30, i->argument[0].expr->span, "the length of iota")) return &val_error;
  struct dim dim = {(int64_t)n->number.value, n->number.name};
  return val_tensor(i->e, tensor_make(graph_iota(i->e->graph, dim.size), 0, 1, &dim));
}

static const struct val *range(struct invocation *i) {
  const struct val *a = i->argument[0].value, *b = i->argument[1].value;
  if (val_is_whole(a) && val_is_whole(b) && b->number.value - a->number.value > 1e6) {
    diag_report(i->e->diags, MSG_LIMIT, i->call->span, "a range of more than a million numbers");
    return &val_error;
  }
  if (!val_is_whole(a) || !val_is_whole(b)) {
    diag_report(i->e->diags, MSG_NOT_WHOLE, i->call->span, "the end of a range",
                val_describe(i->e, val_is_whole(a) ? b : a));
    return &val_error;
  }
  int count = b->number.value > a->number.value ? (int)(b->number.value - a->number.value) : 0;
  const struct val **items = arena_new_array(i->e->arena, const struct val *, (size_t)count + 1);
  for (int k = 0; k < count; k++) items[k] = val_number(i->e, a->number.value + k, NULL);
  return val_list(i->e, items, count);
}

/* Deviations and limits are not negative; every number of a weight is a finite float. */
static bool check_scale(struct invocation *i, double value) {
  const double largest = 3.4028234663852886e38, least = i->builtin->parameter[0][0] == 'v' ? -largest : 0;
  if (value >= least && value <= largest) return true;
  diag_report(i->e->diags, MSG_SETTING_RANGE, i->argument[0].expr->span, i->builtin->parameter[0],
              number_text(i->e, value), number_text(i->e, least), number_text(i->e, largest));
  return false;
}

static const struct val *initialiser(struct invocation *i) {
  static const struct {
    const char *name;
    enum init_kind kind;
  } kinds[] = {{"constant", INIT_CONSTANT},
               {"trunc_normal", INIT_TRUNC_NORMAL},
               {"normal", INIT_NORMAL},
               {"uniform", INIT_UNIFORM}};
  const struct val *scale = i->argument[0].value;
  struct val *v = arena_new_object(i->e->arena, struct val);
  v->kind = KIND_INIT;
  if (scale->kind != KIND_NUMBER) {
    diag_report(i->e->diags, MSG_NOT_A_NUMBER, i->argument[0].expr->span, argument_of(i), val_describe(i->e, scale));
    return &val_error;
  }
  if (!check_scale(i, scale->number.value)) return &val_error;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (!strcmp(kinds[k].name, i->builtin->name)) v->init = (struct init){kinds[k].kind, scale->number.value};
  return v;
}

/* The parts of concat(a, b, …, axis = n). */
struct parts {
  const struct val *value[64];
  const struct expr *expr[64];
  int count;
  int64_t axis;
};

static bool concat_parts(struct invocation *i, struct parts *p) {
  struct elab *e = i->e;
  bool axis_given = false;
  for (int k = 0; k < i->call->call.count; k++) {
    const struct argument *a = &i->call->call.arguments[k];
    if (a->name && strcmp(a->name, "axis")) {
      diag_report(e->diags, MSG_UNKNOWN_ARGUMENT, a->name_span, "concat", a->name);
      return false;
    }
    if (a->name) {
      axis_given = true;
      if (!elab_whole(e, i->scope, a->value, "the axis of concat", &p->axis, NULL)) return false;
      continue;
    }
    if (p->count == 64) {
      diag_report(e->diags, MSG_LIMIT, a->value->span, "more than 64 parts in a concat");
      return false;
    }
    p->value[p->count] = elab_expr(e, i->scope, a->value);
    p->expr[p->count] = a->value;
    if (val_is_error(p->value[p->count++])) return false;
  }
  if (axis_given && p->count > 0) return true;
  diag_report(e->diags, MSG_MISSING_ARGUMENT, i->call->span, "concat", axis_given ? "x" : "axis");
  return false;
}

static bool same_but_axis(const struct tensor_value *a, const struct tensor_value *b, int64_t axis) {
  if (a->rank != b->rank) return false;
  for (int d = 0; d < a->rank; d++)
    if (d != axis && a->dim[d].size != b->dim[d].size) return false;
  return true;
}

static const struct val *report_concat(struct invocation *i, const struct parts *p) {
  struct diag *d = diag_report(i->e->diags, MSG_SHAPES_DIFFER, i->call->span, code_text(i->e, i->call->span));
  for (int k = 0; k < p->count; k++)
    diag_operand_shape(i->e, d, i->scope, &(struct operand){p->value[k], p->expr[k]});
  return &val_error;
}

static const struct val *concat(struct invocation *i) {
  struct elab *e = i->e;
  struct parts p = {.count = 0};
  struct tensor_value t[64];
  struct node *nodes[64];
  uint32_t frames = 0;
  if (!concat_parts(i, &p)) return &val_error;
  for (int k = 0; k < p.count; k++) {
    if (!elab_as_tensor(e, p.value[k], p.expr[k]->span, &t[k])) return &val_error;
    frames |= t[k].frames;
    if (!same_but_axis(&t[0], &t[k], p.axis)) return report_concat(i, &p);
    if (t[k].node->type.dtype != t[0].node->type.dtype) {
      diag_report(e->diags, MSG_INTEGER_AND_FLOAT, i->call->span, code_text(e, i->call->span));
      return &val_error;
    }
  }
  if (t[0].rank == 0) {
    diag_report(e->diags, MSG_REDUCE_SCALAR, p.expr[0]->span, "concat", val_describe(e, p.value[0]));
    return &val_error;
  }
  if (p.axis < 0 || p.axis >= t[0].rank) {
    diag_report(e->diags, MSG_COUNT_RANGE, i->call->span, "the axis of concat", (long long)p.axis, 0LL,
                (long long)t[0].rank - 1);
    return &val_error;
  }
  struct tensor_value out = t[0];
  for (int k = 1; k < p.count; k++) out.dim[p.axis].size += t[k].dim[p.axis].size;
  if (!tensor_fits(e, frames, out.rank, out.dim, i->call->span)) return &val_error;
  for (int k = 0; k < p.count; k++) { nodes[k] = tensor_align(e, &t[k], frames); }
  if (p.count > 1) out.dim[p.axis].name = NULL;
  out.node = graph_concat(e->graph, nodes, p.count, frames_rank(e, frames) + (int)p.axis);
  out.frames = frames;
  return val_tensor(e, out);
}

static const struct builtin builtins[] = {
    {"exp", unary, 1, 1, {"x"}, SCALAR_EXP, exp},
    {"log", unary, 1, 1, {"x"}, SCALAR_LOG, log},
    {"sqrt", unary, 1, 1, {"x"}, SCALAR_SQRT, sqrt},
    {"sin", unary, 1, 1, {"x"}, SCALAR_SIN, sin},
    {"cos", unary, 1, 1, {"x"}, SCALAR_COS, cos},
    {"tanh", unary, 1, 1, {"x"}, SCALAR_TANH, tanh},
    {"sigmoid", unary, 1, 1, {"x"}, SCALAR_SIGMOID, sigmoid_number},
    {"abs", unary, 1, 1, {"x"}, SCALAR_ABS, fabs},
    {"floor", unary, 1, 1, {"x"}, SCALAR_FLOOR, floor},
    {"ceil", number_only, 1, 1, {"x"}, SCALAR_FLOOR, ceil},
    {"round", number_only, 1, 1, {"x"}, SCALAR_FLOOR, round},
    {"sum", sum, 1, 1, {"x"}, SCALAR_ADD, NULL},
    {"max", extreme, 1, 2, {"x", "y"}, SCALAR_MAX, NULL},
    {"min", extreme, 1, 2, {"x", "y"}, SCALAR_MIN, NULL},
    {"float", to_float, 1, 1, {"x"}, SCALAR_CAST, NULL},
    {"float64", to_float64, 1, 1, {"x"}, SCALAR_CAST, NULL},
    {"int", to_int, 1, 1, {"x"}, SCALAR_CAST, NULL},
    {"where", where, 3, 3, {"condition", "x", "y"}, SCALAR_SELECT, NULL},
    {"stop_gradient", stop_gradient, 1, 1, {"x"}, SCALAR_CAST, NULL},
    {"reshape", reshape, 2, 2, {"x", "shape"}, SCALAR_CAST, NULL},
    {"fill", fill, 2, 2, {"value", "shape"}, SCALAR_CAST, NULL},
    {"iota", iota, 1, 1, {"n"}, SCALAR_CAST, NULL},
    {"range", range, 2, 2, {"first", "last"}, SCALAR_CAST, NULL},
    {"concat", concat, 0, -1, {NULL}, SCALAR_CAST, NULL},
    {"constant", initialiser, 1, 1, {"value"}, SCALAR_CAST, NULL},
    {"trunc_normal", initialiser, 1, 1, {"std"}, SCALAR_CAST, NULL},
    {"normal", initialiser, 1, 1, {"std"}, SCALAR_CAST, NULL},
    {"uniform", initialiser, 1, 1, {"limit"}, SCALAR_CAST, NULL},
};

enum { BUILTIN_COUNT = sizeof builtins / sizeof *builtins };

const struct builtin *builtin_find(const char *name) {
  for (int k = 0; k < BUILTIN_COUNT; k++)
    if (!strcmp(builtins[k].name, name)) return &builtins[k];
  return NULL;
}

const char *builtin_name(const struct builtin *b) { return b->name; }

int builtin_names(const char **names, int capacity) {
  int n = 0;
  for (int k = 0; k < BUILTIN_COUNT && n < capacity; k++) names[n++] = builtins[k].name;
  return n;
}

const struct val *builtin_call(struct elab *e, struct scope *s, const struct builtin *b, const struct expr *call) {
  struct invocation i = {.e = e, .scope = s, .builtin = b, .call = call};
  if (b->count >= 0) {
    if (!bind_arguments(e, s, call, b->name, b->parameter, b->count, i.argument)) return &val_error;
    for (int k = 0; k < b->required; k++)
      if (!i.argument[k].value) {
        diag_report(e->diags, MSG_MISSING_ARGUMENT, call->span, b->name, b->parameter[k]);
        return &val_error;
      }
  }
  return b->function(&i);
}

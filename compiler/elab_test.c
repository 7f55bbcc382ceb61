/* Test blocks: asserts become outputs of a graph, gradchecks graphs of their own. */
#include "elab.h"

#include <string.h>

struct test_builder {
  struct test_case *test;
  int assert_capacity, place_count, place_capacity, operands_count, operands_capacity, check_capacity;
};

static struct symbol *new_symbol(struct elab *e, const char *name, enum role role, struct type type) {
  struct symbol *symbol = arena_new_object(e->arena, struct symbol);
  *symbol = (struct symbol){name, role, type};
  return symbol;
}

/* The two sides of a comparison, or of near(x, y). */
static bool compared(const struct expr *x, const struct expr *sides[2]) {
  bool is_near = x->kind == EXPR_CALL && x->call.callee->kind == EXPR_NAME && !strcmp(x->call.callee->name, "near") &&
                 x->call.count >= 2 && !x->call.arguments[0].name && !x->call.arguments[1].name;
  if (x->kind == EXPR_BINARY && x->binary.op >= BINARY_EQ && x->binary.op <= BINARY_GE) {
    sides[0] = x->binary.left;
    sides[1] = x->binary.right;
  } else if (is_near) {
    sides[0] = x->call.arguments[0].value;
    sides[1] = x->call.arguments[1].value;
  } else {
    return false;
  }
  return true;
}

static struct symbol *store_shown(struct elab *e, const char *what, enum dtype dtype, struct node *node) {
  node = graph_cast(e->graph, dtype, node);
  const char *name = arena_printf(e->arena, "assert.%d.%s", e->test->test->count, what);
  struct symbol *symbol = new_symbol(e, name, ROLE_OUTPUT, node->type);
  graph_store(e->graph, symbol, node);
  return symbol;
}

/* Elaborates both sides once more, to have their values. */
static void show_operands(struct elab *e, struct scope *s, const struct expr *x, const struct tensor_value *held) {
  struct test_builder *b = e->test;
  struct assert_operands out = {0};
  const struct expr *sides[2];
  struct tensor_value t[2];
  if (compared(x, sides) && elab_as_tensor(e, elab_expr(e, s, sides[0]), sides[0]->span, &t[0]) &&
      elab_as_tensor(e, elab_expr(e, s, sides[1]), sides[1]->span, &t[1])) {
    out.held = store_shown(e, "held", DTYPE_F32, held->node);
    out.left = store_shown(e, "left", DTYPE_F64, t[0].node);
    out.right = store_shown(e, "right", DTYPE_F64, t[1].node);
  }
  arena_push(e->arena, b->test->operands, b->operands_count, b->operands_capacity, out);
}

/* True where every element is. */
static void assert_value(struct elab *e, struct scope *s, const struct stmt *stmt, const struct val *v) {
  struct test_builder *b = e->test;
  struct tensor_value t;
  if (val_is_error(v) || !elab_as_tensor(e, v, stmt->value->span, &t)) return;
  if (e->request->shows_operands) show_operands(e, s, stmt->value, &t);
  struct node *node = graph_cast(e->graph, DTYPE_F32, t.node);
  if (t.rank > 0) node = graph_reduce(e->graph, REDUCE_MIN, (UINT32_C(1) << t.rank) - 1, node);
  const char *name = arena_printf(e->arena, "assert.%d", b->test->count);
  struct symbol *symbol = new_symbol(e, name, ROLE_OUTPUT, node->type);
  graph_store(e->graph, symbol, node);
  arena_push(e->arena, b->test->places, b->place_count, b->place_capacity, stmt->value->span);
  arena_push(e->arena, b->test->asserts, b->test->count, b->assert_capacity, symbol);
}

static int count_numbers(const struct val *v) {
  if (v->kind == KIND_NUMBER) return 1;
  if (v->kind != KIND_LIST) return -1;
  int total = 0;
  for (int i = 0; i < v->list.count; i++) {
    int own = count_numbers(v->list.items[i]);
    if (own < 0) return -1;
    total += own;
  }
  return total;
}

static void write_numbers(const struct val *v, double *out, int *n) {
  if (v->kind == KIND_NUMBER)
    out[(*n)++] = v->number.value;
  else
    for (int i = 0; i < v->list.count; i++) write_numbers(v->list.items[i], out, n);
}

/* LOSS = Σ w·f(x) with weights that no symmetry of f can hide behind: w = sin(1.7·i + 0.3). */
static struct node *weighted_sum(struct elab *e, const struct tensor_value *y) {
  struct graph *g = e->graph;
  struct node *value = graph_cast(g, DTYPE_F64, y->node);
  if (y->rank == 0) return value;
  int64_t n = type_elements(&value->type);
  struct node *phase = graph_cast(g, DTYPE_F64, graph_iota(g, n));
  struct node *step = graph_broadcast_leading(g, graph_const(g, DTYPE_F64, 1.7), 1, &n);
  struct node *start = graph_broadcast_leading(g, graph_const(g, DTYPE_F64, 0.3), 1, &n);
  struct node *angle = graph_map2(g, SCALAR_ADD, graph_map2(g, SCALAR_MUL, phase, step), start);
  struct node *flat = graph_reshape(g, value, 1, &n);
  return graph_reduce(g, REDUCE_SUM, 1, graph_map2(g, SCALAR_MUL, flat, graph_map1(g, SCALAR_SIN, angle)));
}

static bool check_argument(struct elab *e, const struct expr *x, const struct val *v, struct gradient_check *check,
                           struct tensor_value *shape) {
  int count = count_numbers(v), n = 0;
  if (count < 1) {
    diag_report(e->diags, MSG_NOT_A_NUMBER, x->span, "each element of a gradcheck's point", val_describe(e, v));
    return false;
  }
  if (!elab_as_tensor(e, v, x->span, shape)) return false;
  double *values = arena_new_array(e->arena, double, (size_t)count);
  write_numbers(v, values, &n);
  check->values = values;
  check->argument = new_symbol(e, "x", ROLE_ROWS, shape->node->type);
  check->gradient = new_symbol(e, "x.grad", ROLE_OUTPUT, shape->node->type);
  check->loss = new_symbol(e, "loss", ROLE_OUTPUT, type_make(DTYPE_F64, 0, NULL));
  return true;
}

/* The check's graph: f at x, and its weighted sum as the loss. */
static bool check_graph(struct elab *e, const struct val *f, const struct val *x, const struct expr *call,
                        struct gradient_check *check) {
  size_t count = (size_t)f->function.decl->count;
  struct bound_argument *arguments = arena_new_array(e->arena, struct bound_argument, count);
  struct tensor_value shape, y;
  check->graph = e->graph;
  if (!check_argument(e, call->call.arguments[1].value, x, check, &shape)) return false;
  struct node *leaf = graph_leaf(e->graph, check->argument, check->argument->type);
  arguments[0].value = val_tensor(e, tensor_make(leaf, 0, shape.rank, shape.dim));
  const struct val *v = call_function(e, f, arguments, call->span);
  if (val_is_error(v) || !elab_as_tensor(e, v, call->span, &y)) return false;
  struct node *loss = weighted_sum(e, &y);
  graph_store(e->graph, check->loss, loss);
  graph_loss(e->graph, loss);
  return true;
}

/* assert gradcheck(f, x) */
static void assert_gradcheck(struct elab *e, struct scope *s, const struct stmt *stmt) {
  const struct expr *call = stmt->value;
  struct test_builder *b = e->test;
  struct gradient_check check = {.place = call->span};
  if (call->call.count < 2) {
    diag_report(e->diags, MSG_MISSING_ARGUMENT, call->span, "gradcheck", call->call.count ? "x" : "f");
    return;
  }
  if (call->call.count > 2) {
    diag_report(e->diags, MSG_TOO_MANY_ARGUMENTS, call->span, "gradcheck", 2, call->call.count);
    return;
  }
  const struct expr *f_expr = call->call.arguments[0].value, *x_expr = call->call.arguments[1].value;
  const struct val *f = elab_expr(e, s, f_expr), *x = elab_expr(e, s, x_expr);
  if (val_is_error(f) || val_is_error(x)) return;
  if (f->kind != KIND_FUNCTION || f->function.decl->count < 1) {
    const char *what =
        f->kind == KIND_BUILTIN ? "a function of the language itself: wrap it in a fn" : val_describe(e, f);
    report_not_callable(e, f_expr, f, what);
    return;
  }
  struct graph *saved = e->graph;
  e->float_dtype = DTYPE_F64;
  elab_new_graph(e, "gradcheck", true);
  if (check_graph(e, f, x, call, &check))
    arena_push(e->arena, b->test->checks, b->test->check_count, b->check_capacity, check);
  e->graph = saved;
  e->copies = 0;
  e->float_dtype = DTYPE_F32;
}

void test_assert(struct elab *e, struct scope *s, const struct stmt *stmt) {
  const struct expr *x = stmt->value;
  bool gradcheck =
      x->kind == EXPR_CALL && x->call.callee->kind == EXPR_NAME && !strcmp(x->call.callee->name, "gradcheck");
  if (!e->test)
    diag_report(e->diags, MSG_ASSERT_PLACE, stmt->span);
  else if (gradcheck)
    assert_gradcheck(e, s, stmt);
  else
    assert_value(e, s, stmt, elab_expr(e, s, x));
}

void elab_test_block(struct elab *e, struct scope *file, const struct decl *decl, struct test_case *out) {
  struct test_builder builder = {.test = out};
  const struct val *result = NULL;
  *out = (struct test_case){.title = decl->name.text, .place = decl->name.span};
  elab_new_graph(e, "test", false);
  out->graph = e->graph;
  e->test = &builder;
  elab_block(e, scope_new(e, file), &decl->test, &result);
  e->test = NULL;
}

/* Gradients at the prompt. */
#include "command.h"

#include "../driver/commands.h"
#include "../lex.h"
#include "../source.h"

#include <math.h>
#include <string.h>

/* Cuts a text at its last " wrt "; false: it has none. */
static bool cut_at_wrt(const struct command_argument *argument, struct span *x, struct span *by) {
  const char *found = NULL, word[] = " wrt ";
  for (const char *at = argument->text; (at = strstr(at, word)); at++) found = at;
  if (!found) return false;
  *x = *by = argument->place;
  x->end = argument->place.begin + (uint32_t)(found - argument->text);
  by->begin = x->end + sizeof word - 1;
  return true;
}

bool command_of_grad(struct entry_run *r, const struct command_argument *argument) {
  struct session_tensor value = {.data = NULL}, gradient = {.data = NULL};
  struct answer answer;
  struct span x, by;
  if (!cut_at_wrt(argument, &x, &by)) {
    diag_report(r->c.diags, MSG_SESSION_ARGUMENT, argument->place, "grad", "E wrt X");
    return false;
  }
  if (!session_elaborate(r, x, by, &answer)) return false;
  bool done = session_evaluate(r, &answer, &value, &gradient, NULL);
  const char *type = type_text(r->c.arena, &gradient.type);
  if (done)
    print_tensor(stdout, gradient.type.rank ? type + strcspn(type, "[") : "float", &gradient, r->session->print_full);
  return done;
}

/* ---- gradcheck ---- */

static const struct fn_decl *find_function(const struct ast_file *file, const char *name) {
  for (int i = 0; i < file->count; i++)
    if (file->decls[i]->kind == DECL_FN && !strcmp(file->decls[i]->fn->name.text, name)) return file->decls[i]->fn;
  return NULL;
}

/* A gradient is checked one number of the point after the other. */
enum { MAX_POINT = 10000 };

/* A point with its numbers, which lie as those of a tensor do. */
struct point {
  int rank;
  int64_t extent[GRAPH_MAX_RANK];
  int64_t count;
  const float *values;
};

static bool point_fits(struct entry_run *r, struct point *p, struct span place) {
  p->count = 1;
  for (int i = 0; i < p->rank && p->count <= MAX_POINT; i++) p->count *= p->extent[i];
  if (p->count <= MAX_POINT) return true;
  const struct type type = type_make(DTYPE_F32, p->rank, p->extent);
  diag_report(r->c.diags, MSG_SESSION_NUMBER, place, ":gradcheck",
              arena_printf(r->c.arena, "a point of up to %d numbers", MAX_POINT), type_text(r->c.arena, &type));
  return false;
}

/* The point as an expression, which stands where it was typed; *at goes over its numbers. */
static struct expr *point_expr(struct arena *a, const struct point *p, int axis, const float **at,
                               struct span place) {
  struct expr *x = arena_new_object(a, struct expr);
  x->span = place;
  x->height = 1 + p->rank - axis;
  x->kind = axis == p->rank ? EXPR_NUMBER : EXPR_LIST;
  if (axis == p->rank) {
    x->number.value = (double)*(*at)++;
    return x;
  }
  x->list.count = (int)p->extent[axis];
  x->list.items = arena_new_array(a, struct expr *, (size_t)x->list.count);
  for (int i = 0; i < x->list.count; i++) x->list.items[i] = point_expr(a, p, axis + 1, at, place);
  return x;
}

static struct expr *point_finite(struct entry_run *r, const struct point *p, struct span place) {
  const float *at = p->values;
  for (int64_t i = 0; i < p->count; i++) {
    if (isfinite(p->values[i])) continue;
    diag_report(r->c.diags, MSG_SESSION_NUMBER, place, ":gradcheck", "finite numbers",
                isnan(p->values[i]) ? "nan" : "inf");
    return NULL;
  }
  return point_expr(r->c.arena, p, 0, &at, place);
}

/* A point for a type: the extents written where it has numbers, 3 where it has names. */
static struct point point_of(const struct type_expr *t) {
  struct point p = {.rank = t && t->rank <= GRAPH_MAX_RANK ? t->rank : 0};
  for (int i = 0; i < p.rank; i++) {
    const struct expr *dim = t->dims[i];
    bool is_number = dim->kind == EXPR_NUMBER && dim->number.value >= 0 && dim->number.value <= MAX_POINT + 1;
    p.extent[i] = is_number ? (int64_t)dim->number.value : 3;
  }
  return p;
}

static const float *sample_numbers(struct arena *a, int64_t count) {
  float *values = arena_new_array(a, float, (size_t)count);
  for (int64_t k = 0; k < count; k++) values[k] = 0.3f + 0.25f * (float)(k * 7 % 5) - 0.1f * (float)(k % 17);
  return values;
}

/* Of a function alone: a point of its first parameter's type, for one declared in the session; else of three. */
static struct expr *point_beside(struct entry_run *r, const struct expr *f) {
  static const float three[] = {0.3f, -0.2f, 0.9f};
  const struct fn_decl *declared = find_function(r->c.ast, span_text(r->c.arena, f->span));
  struct point p = {.rank = 1, .extent = {3}};
  if (declared && declared->count > 0) p = point_of(declared->parameters[0].type);
  if (!point_fits(r, &p, f->span)) return NULL;
  p.values = declared ? sample_numbers(r->c.arena, p.count) : three;
  return point_finite(r, &p, f->span);
}

/* Where F ends: at the first comma outside brackets, or at the end. */
static uint32_t end_of_function(struct entry_run *r, struct span place) {
  struct token_list list = lex_in(r->c.arena, place);
  int depth = 0;
  for (int i = 0; i < list.count; i++) {
    enum token_kind kind = list.tokens[i].kind;
    if (kind == TOKEN_COMMA && depth == 0) return list.tokens[i].begin;
    depth += kind == TOKEN_LEFT_PAREN || kind == TOKEN_LEFT_BRACKET;
    depth -= kind == TOKEN_RIGHT_PAREN || kind == TOKEN_RIGHT_BRACKET;
  }
  return place.end;
}

static struct expr *point_of_tensor(struct entry_run *r, const struct session_tensor *tensor, struct span place) {
  struct point p = {.rank = tensor->type.rank, .values = tensor->data};
  memcpy(p.extent, tensor->type.extent, sizeof p.extent);
  return point_fits(r, &p, place) ? point_finite(r, &p, place) : NULL;
}

/* X as it was typed, which may name tensors that the session holds: tests know none, so they get its numbers. */
static struct expr *point_typed(struct entry_run *r, struct span place) {
  struct session_tensor value = {.data = NULL};
  struct answer answer;
  if (!session_elaborate(r, place, (struct span){0}, &answer)) return NULL;
  if (answer.text) return parse_expression(r->c.arena, r->c.diags, place);
  if (!session_evaluate(r, &answer, &value, NULL, NULL)) return NULL;
  bool is_float = value.type.dtype == DTYPE_F32;
  return is_float ? point_of_tensor(r, &value, place) : parse_expression(r->c.arena, r->c.diags, place);
}

/* A test of the two, each of which stands where it was typed. */
static struct decl *gradcheck_test(struct entry_run *r, struct span place, struct expr *f, struct expr *x) {
  static const char form[] = "test \"gradcheck\" { assert gradcheck(f, x) }";
  struct decl *test = parse_file(r->c.arena, r->c.diags, source_from_text(r->c.arena, "test", form))->decls[0];
  struct stmt *assert = test->test.stmts[0];
  test->span = assert->span = assert->value->span = place;
  assert->value->call.arguments[0].value = f;
  assert->value->call.arguments[1].value = x;
  return test;
}

bool command_of_gradcheck(struct entry_run *r, const struct command_argument *argument) {
  if (!session_ast(r)) return false;
  struct span before = argument->place, behind = argument->place;
  before.end = end_of_function(r, argument->place);
  behind.begin = before.end + 1;
  if (behind.begin == behind.end) {
    diag_report(r->c.diags, MSG_SESSION_ARGUMENT, argument->place, "gradcheck", "F[, X]");
    return false;
  }
  struct expr *f = parse_expression(r->c.arena, r->c.diags, before);
  if (!f) return false;
  bool is_alone = before.end == argument->place.end;
  struct expr *x = is_alone ? point_beside(r, f) : point_typed(r, behind);
  if (!x) return false;
  struct ast_file *all = arena_new_object(r->c.arena, struct ast_file);
  int capacity = 0;
  all->source = r->c.ast->source;
  for (int i = 0; i < r->c.ast->count; i++)
    arena_push(r->c.arena, all->decls, all->count, capacity, r->c.ast->decls[i]);
  arena_push(r->c.arena, all->decls, all->count, capacity, gradcheck_test(r, argument->place, f, x));
  r->c.ast = all;
  return run_test_blocks(&r->c, "gradcheck");
}

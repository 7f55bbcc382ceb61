/* Gradients at the prompt. */
#include "command.h"

#include "../driver/commands.h"
#include "../lex.h"
#include "../source.h"

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
  session_tensor_free(&value);
  session_tensor_free(&gradient);
  return done;
}

/* ---- gradcheck ---- */

static const struct fn_decl *find_function(const struct ast_file *file, const char *name) {
  for (int i = 0; i < file->count; i++)
    if (file->decls[i]->kind == DECL_FN && !strcmp(file->decls[i]->fn->name.text, name)) return file->decls[i]->fn;
  return NULL;
}

/* A point for a type: numbers written where it has numbers, 3 where it has names. */
static const char *point_of(struct arena *a, const struct type_expr *t, int axis, int *number) {
  if (!t || axis == t->rank) {
    int k = (*number)++;
    return arena_printf(a, "%.2f", 0.3 + 0.25 * (k * 7 % 5) - 0.1 * k);
  }
  const struct expr *dim = t->dims[axis];
  int count = dim->kind == EXPR_NUMBER && dim->number.value < 100 ? (int)dim->number.value : 3;
  const char *text = "[";
  for (int i = 0; i < count; i++)
    text = arena_printf(a, "%s%s%s", text, i ? ", " : "", point_of(a, t, axis + 1, number));
  return arena_printf(a, "%s]", text);
}

/* Of a function alone: a point of its first parameter's type, for one declared in the session; else of three. */
static const char *point_for(struct entry_run *r, const char *name) {
  const struct fn_decl *f = find_function(r->c.ast, name);
  int number = 0;
  if (!f || f->count == 0) return "[0.3, -0.2, 0.9]";
  return point_of(r->c.arena, f->parameters[0].type, 0, &number);
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

static struct expr *parse_point(struct entry_run *r, const char *text, struct span place) {
  const struct source *source = source_from_text(r->c.arena, "point", text);
  struct expr *x = parse_expression(r->c.arena, r->c.diags, source_span(source));
  x->span = place;
  return x;
}

/* A tensor's numbers as the language writes them; *at goes over them. */
static const char *numbers_of(struct arena *a, const struct type *t, int axis, const float **at) {
  if (axis == t->rank) return arena_printf(a, "%.9g", (double)*(*at)++);
  const char *text = "[";
  for (int64_t i = 0; i < t->extent[axis]; i++)
    text = arena_printf(a, "%s%s%s", text, i ? ", " : "", numbers_of(a, t, axis + 1, at));
  return arena_printf(a, "%s]", text);
}

/* X as it was typed, which may name tensors that the session holds: tests know none, so they get its numbers. */
static struct expr *point_typed(struct entry_run *r, struct span place) {
  struct session_tensor value = {.data = NULL};
  struct answer answer;
  if (!session_elaborate(r, place, (struct span){0}, &answer)) return NULL;
  if (answer.text) return parse_expression(r->c.arena, r->c.diags, place);
  if (!session_evaluate(r, &answer, &value, NULL, NULL)) return NULL;
  const float *at = value.data;
  bool is_float = value.type.dtype == DTYPE_F32;
  struct expr *x = is_float ? parse_point(r, numbers_of(r->c.arena, &value.type, 0, &at), place)
                            : parse_expression(r->c.arena, r->c.diags, place);
  session_tensor_free(&value);
  return x;
}

static struct expr *point_beside(struct entry_run *r, const struct expr *f) {
  return parse_point(r, point_for(r, span_text(r->c.arena, f->span)), f->span);
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

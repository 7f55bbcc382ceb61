/* Gradients at the prompt. */
#include "command.h"

#include "../driver/commands.h"
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

bool command_of_gradcheck(struct entry_run *r, const struct command_argument *argument) {
  if (!session_ast(r)) return false;
  const char *text = argument->text;
  const char *call = strchr(text, ',') ? text : arena_printf(r->c.arena, "%s, %s", text, point_for(r, text));
  const char *test = arena_printf(r->c.arena, "test \"gradcheck\" { assert gradcheck(%s) }", call);
  const struct source *source = source_from_text(r->c.arena, "prompt", test);
  const struct ast_file *typed = parse_file(r->c.arena, r->c.diags, source);
  if (diag_exit_code(r->c.diags)) return false;
  struct ast_file *all = arena_new_object(r->c.arena, struct ast_file);
  int capacity = 0;
  all->source = r->c.ast->source;
  for (int i = 0; i < r->c.ast->count; i++)
    arena_push(r->c.arena, all->decls, all->count, capacity, r->c.ast->decls[i]);
  arena_push(r->c.arena, all->decls, all->count, capacity, typed->decls[0]);
  r->c.ast = all;
  return run_test_blocks(&r->c, "gradcheck");
}

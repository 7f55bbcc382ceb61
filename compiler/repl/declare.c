/* Declarations at the prompt: they replace those of their names, and what uses these is compiled again. */
#include "session.h"

#include "../driver/commands.h"
#include "../lex.h"
#include "../source.h"
#include "model.h"

#include <string.h>

static const char *const words[] = {"import", "config", "module", "model", "train", "test"};

bool is_declaration(struct arena *a, const struct source *text) {
  struct token_list list = lex(a, text);
  int at = 0;
  while (list.tokens[at].kind == TOKEN_LINE_END) at++;
  const struct token *t = &list.tokens[at];
  if (t->kind == TOKEN_FN || t->kind == TOKEN_LET) return true;
  if (t->kind != TOKEN_NAME) return false;
  int next = t[1].kind;
  if (next != TOKEN_NAME && next != TOKEN_STRING && next != TOKEN_LEFT_BRACE) return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i]) == t->end - t->begin && !memcmp(text->text + t->begin, words[i], t->end - t->begin))
      return true;
  return false;
}

static const char *name_of(const struct decl *d) {
  if (d->kind == DECL_FN) return d->fn->name.text;
  return d->kind == DECL_TRAIN ? "train" : d->name.text;
}

bool unit_declares_only(struct entry_run *r, const struct unit *u, const char *name) {
  if (u->is_file) return false;
  const struct ast_file *file = parse_file(r->c.arena, r->c.diags, u->source);
  return file->count == 1 && !strcmp(name_of(file->decls[0]), name);
}

/* ---- what depends on a name ---- */

static bool uses(struct entry_run *r, const struct decl *d, const char *name) {
  return text_mentions(r->c.arena, d->span, name);
}

/* Marks what uses a marked declaration, until nothing is added. */
static void mark_users(struct entry_run *r, const struct ast_file *file, bool *marked) {
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 0; i < file->count; i++)
      for (int k = 0; !marked[i] && k < file->count; k++)
        if (marked[k] && uses(r, file->decls[i], name_of(file->decls[k]))) marked[i] = changed = true;
  }
}

static const struct decl *find(const struct ast_file *file, const struct decl *d) {
  for (int i = 0; i < file->count; i++)
    if (!strcmp(name_of(file->decls[i]), name_of(d))) return file->decls[i];
  return NULL;
}

/* Says what a redefinition touches. */
static void tell_users(struct entry_run *r, const struct ast_file *before, const struct ast_file *now,
                       const struct ast_file *typed) {
  const struct ast_file *file = now;
  bool *marked = arena_new_array(r->c.arena, bool, (size_t)file->count + 1);
  bool *given = arena_new_array(r->c.arena, bool, (size_t)file->count + 1);
  int again = 0;
  for (int i = 0; i < file->count; i++) {
    given[i] = marked[i] = find(typed, file->decls[i]) != NULL;
    again += marked[i] && find(before, file->decls[i]);
  }
  if (again == 0) return;
  mark_users(r, file, marked);
  printf("redefined");
  for (int i = 0, n = 0; i < file->count; i++)
    if (given[i] && find(before, file->decls[i])) printf("%s %s", n++ ? "," : "", name_of(file->decls[i]));
  for (int i = 0, n = 0; i < file->count; i++)
    if (marked[i] && !given[i]) printf("%s %s", n++ ? "," : "; compiled again:", name_of(file->decls[i]));
  putchar('\n');
}

static bool has_member(const struct members *members, const char *name) {
  for (int i = 0; i < members->count; i++) {
    const struct member *m = members->items[i];
    if (m->name.text && !strcmp(m->name.text, name)) return true;
    if (m->kind != MEMBER_IF) continue;
    if (has_member(&m->branch.then, name) || has_member(&m->branch.otherwise, name)) return true;
  }
  return false;
}

void tell_kept_member(const struct entry_run *r, const char *name) {
  const struct decl *model = session_model(r);
  if (!model || !has_member(&model->module.members, name)) return;
  printf(
      "note: '%s' is a name of the prompt now; the model's own '%s.%s' stays as it is: to change it, declare again "
      "the model or what it is made of (a config, a fn, a module), or edit the file and ':load' it\n",
      name, model->name.text, name);
}

/* ---- taking them in ---- */

static bool run_tests(struct entry_run *r, const struct ast_file *typed) {
  int tests = 0, capacity = 0;
  if (!session_ast(r)) return false;
  struct ast_file *all = arena_new_object(r->c.arena, struct ast_file);
  *all = *r->c.ast;
  all->decls = NULL, all->count = 0;
  for (int i = 0; i < r->c.ast->count; i++)
    arena_push(r->c.arena, all->decls, all->count, capacity, r->c.ast->decls[i]);
  for (int i = 0; i < typed->count; i++) {
    if (typed->decls[i]->kind != DECL_TEST) continue;
    arena_push(r->c.arena, all->decls, all->count, capacity, typed->decls[i]);
    tests++;
  }
  r->c.ast = all;
  return tests == 0 || run_test_blocks(&r->c, "prompt");
}

/* Each declaration becomes a text of its own. */
static void try_all(struct entry_run *r, const struct ast_file *typed) {
  for (int i = 0; i < typed->count; i++) {
    if (typed->decls[i]->kind == DECL_TEST) continue;
    const char *text = declaration_text(r->c.arena, typed->decls[i]);
    arena_push(r->c.arena, r->tried, r->tried_count, r->tried_capacity, source_from_text(r->c.arena, "prompt", text));
  }
}

/* Which texts of the session declare nothing but what is declared now. */
static bool *find_replaced(struct entry_run *r, const struct ast_file *typed) {
  const struct session *s = r->session;
  bool *replaced = arena_new_array(r->c.arena, bool, (size_t)s->unit_count + 1);
  for (int i = 0; i < s->unit_count; i++)
    for (int k = 0; k < typed->count; k++)
      replaced[i] |= typed->decls[k]->kind != DECL_TEST && unit_declares_only(r, &s->units[i], name_of(typed->decls[k]));
  return replaced;
}

static void take_all(struct entry_run *r, const struct ast_file *typed) {
  struct session *s = r->session;
  const bool *replaced = find_replaced(r, typed);
  int before = s->unit_count;
  for (int i = 0; i < r->tried_count; i++) session_add_unit(s, r->tried[i], false);
  for (int i = before - 1; i >= 0; i--)
    if (replaced[i]) session_drop_unit(s, i);
  for (int i = 0; i < typed->count; i++)
    if (typed->decls[i]->kind != DECL_TEST) session_forget(s, name_of(typed->decls[i]));
  r->tried_count = 0;
  model_outdate(s);
}

static bool fail_if_declared(struct entry_run *r, const char *name, struct span place) {
  for (int i = 0; i < r->c.ast->count; i++) {
    const struct decl *d = r->c.ast->decls[i];
    if (strcmp(name_of(d), name) != 0) continue;
    struct diag *x = diag_report(r->c.diags, MSG_ALREADY_DEFINED, place, name);
    diag_note(r->c.diags, x, d->span, "here");
    return false;
  }
  return true;
}

bool session_give_way(struct entry_run *r, const char *name, struct span place) {
  struct session *s = r->session;
  bool any = false;
  for (int i = 0; i < s->unit_count; i++) any |= unit_declares_only(r, &s->units[i], name);
  r->left_out = name;
  bool is_free = session_ast(r) && fail_if_declared(r, name, place) && (!any || session_check(r));
  for (int i = s->unit_count - 1; is_free && i >= 0; i--) {
    if (!unit_declares_only(r, &s->units[i], name)) continue;
    session_drop_unit(s, i);
    model_outdate(s);
  }
  r->left_out = NULL;
  return is_free;
}

bool session_declare(struct entry_run *r, const struct source *text) {
  const struct ast_file *typed = parse_file(r->c.arena, r->c.diags, text);
  if (diag_exit_code(r->c.diags) || !session_ast(r)) return false;
  const struct ast_file *old = r->c.ast;
  try_all(r, typed);
  if (r->tried_count > 0) {
    if (!session_check(r)) return false;
    take_all(r, typed);
    tell_users(r, old, r->c.ast, typed);
  }
  return run_tests(r, typed);
}

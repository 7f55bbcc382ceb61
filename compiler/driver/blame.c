#include "blame.h"

#include "trial.h"

#include <string.h>

enum { MOST_TRIED = 8 };

static bool has_default(const struct ast_file *ast, const char *config) {
  for (int i = 0; i < ast->count; i++) {
    const struct decl *d = ast->decls[i];
    if (d->kind == DECL_CONFIG && !strcmp(d->name.text, config)) return d->config.value;
  }
  return false;
}

static struct options without(struct arena *a, const struct options *o, int number) {
  struct options fewer = *o;
  fewer.defines = arena_new_array(a, struct define, (size_t)o->define_count);
  fewer.define_count = 0;
  for (int i = 0; i < o->define_count; i++)
    if (i != number) fewer.defines[fewer.define_count++] = o->defines[i];
  return fewer;
}

/* Does the error, which a check with all values finds again, come of the value alone that `fewer` was without? */
static bool is_gone(const struct compilation *c, const struct diags *all, const struct diags *fewer, int number) {
  return diag_has_like(all, c->diags, number) && !diag_has_like(fewer, c->diags, number);
}

static void note_define(struct compilation *c, struct diag *first, const struct define *define, bool has_default) {
  if (diag_points_into(first, define->place.source)) return;
  diag_note(c->diags, first, define->place, "given here; with the %s of '%s' there is no such error",
            has_default ? "default" : "data set's value", define->name);
}

/* The first error that comes of the value is noted, and tells enough: the others are hidden. */
static void blame(struct compilation *c, const char *path, const struct diags *all, int number, bool has_default) {
  const struct define *define = &c->options->defines[number];
  const struct options options = without(c->arena, c->options, number);
  struct trial t;
  int count = trial_check(&t, path, &options, NULL) ? diag_mark(c->diags) : 0;
  for (int i = 0, found = 0; i < count; i++) {
    if (!is_gone(c, all, t.c.diags, i)) continue;
    if (found++)
      diag_hide(c->diags, i);
    else
      note_define(c, diag_numbered(c->diags, i), define, has_default);
  }
  trial_close(&t);
}

void blame_defines(struct compilation *c, const char *path) {
  const struct options *o = c->options;
  struct trial all;
  if (!c->ast || o->define_count == 0 || diag_exit_code(c->diags) == 0) return;
  bool is_checked = trial_check(&all, path, o, NULL);
  for (int i = 0; is_checked && i < o->define_count && i < MOST_TRIED; i++) {
    bool has = has_default(c->ast, o->defines[i].name);
    if (has || (o->data && compile_data_binds(o->defines[i].name))) blame(c, path, all.c.diags, i, has);
  }
  trial_close(&all);
}

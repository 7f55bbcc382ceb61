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

/* Does the error, which a check with all values finds again, come of this value alone? */
static bool is_gone(const struct compilation *c, const struct diags *all, const struct diags *fewer, int number,
                    const struct define *define) {
  return diag_has_like(all, c->diags, number) && !diag_has_like(fewer, c->diags, number) &&
         !diag_points_into(diag_numbered(c->diags, number), define->place.source);
}

static void blame(struct compilation *c, const char *path, const struct diags *all, int number) {
  const struct define *define = &c->options->defines[number];
  const struct options options = without(c->arena, c->options, number);
  struct trial t;
  int first = 0, count = trial_check(&t, path, &options, NULL) ? diag_mark(c->diags) : 0;
  while (first < count && !is_gone(c, all, t.c.diags, first, define)) first++;
  if (first < count)
    diag_note(c->diags, diag_numbered(c->diags, first), define->place,
              "given here; with the default of '%s' there is no such error", define->name);
  trial_close(&t);
}

void blame_defines(struct compilation *c, const char *path) {
  const struct options *o = c->options;
  struct trial all;
  if (!c->ast || o->define_count == 0 || diag_exit_code(c->diags) == 0) return;
  if (trial_check(&all, path, o, NULL))
    for (int i = 0; i < o->define_count && i < MOST_TRIED; i++)
      if (has_default(c->ast, o->defines[i].name)) blame(c, path, all.c.diags, i);
  trial_close(&all);
}

#include "variant.h"

#include <string.h>

static bool has_config(const struct ast_file *ast, const char *name) {
  for (int i = 0; i < ast->count; i++)
    if (ast->decls[i]->kind == DECL_CONFIG && !strcmp(ast->decls[i]->name.text, name)) return true;
  return false;
}

/* What all variants share, all must have. */
static bool check_shared(struct compilation *c, const struct options *shared, const struct variant *v) {
  bool good = true;
  for (int i = 0; i < shared->define_count; i++) {
    const struct define *d = &shared->defines[i];
    if (has_config(c->ast, d->name)) continue;
    diag_report(c->diags, MSG_SHARED_CONFIG, d->place, v->path, d->name, d->name, d->value);
    good = false;
  }
  return good;
}

bool variant_compile(struct compilation *c, const struct options *shared, const struct variant *v) {
  return compile_parse(c, v->path) && check_shared(c, shared, v) && compile_elaborate(c) && compile_graphs(c) &&
         compile_plan(c);
}

void variant_note(struct compilation *c, const struct variant *v) {
  diag_note_since(c->diags, 0, (struct span){v->source, 0, (uint32_t)v->source->length},
                  arena_printf(c->arena, "in the variant '%s'", v->name));
}

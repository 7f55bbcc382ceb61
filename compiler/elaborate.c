/* The entry points of elaboration. */
#include "elab_model.h"

void elab_new_graph(struct elab *e, const char *name, bool is_recorded) {
  e->graph = graph_new(e->arena, name);
  e->copies = is_recorded;
  e->copy_count = 0;
}

struct elab *elab_begin(const struct elaboration *request) {
  struct elab *e = arena_new_object(request->arena, struct elab);
  e->request = request;
  e->arena = request->arena;
  e->diags = request->diags;
  e->float_dtype = DTYPE_F32;
  elab_new_graph(e, "constants", false);
  e->program = arena_new_object(e->arena, struct program);
  e->program->arena = e->arena;
  e->program->precision = request->precision;
  e->binding_values = arena_new_array(e->arena, const struct val *, (size_t)request->binding_count + 1);
  e->binding_used = arena_new_array(e->arena, bool, (size_t)request->binding_count + 1);
  e->prelude = elab_prelude(e);
  return e;
}

/* The only declaration of a kind; a second one is reported. */
static const struct decl *single(struct elab *e, enum decl_kind kind, const char *what) {
  const struct ast_file *file = e->request->file;
  const struct decl *found = NULL;
  for (int i = 0; i < file->count; i++) {
    if (file->decls[i]->kind != kind) continue;
    if (found) diag_report(e->diags, MSG_TWICE_IN_FILE, file->decls[i]->span, what);
    found = file->decls[i];
  }
  return found;
}

struct program *elaborate_model(const struct elaboration *request) {
  struct elab *e = elab_begin(request);
  struct scope *file = elab_file(e, request->file, true);
  const struct decl *model = single(e, DECL_MODEL, "model"), *train = single(e, DECL_TRAIN, "train block");
  struct span start = {request->file->source, 0, 0};
  if (!model) diag_report(e->diags, MSG_NO_MODEL, train ? train->span : start, request->file->source->name);
  bool ok = diag_count(e->diags, SEVERITY_ERROR) == 0 && elab_model(e, file, model, train);
  elab_names(e, file, request->file);
  return ok && diag_count(e->diags, SEVERITY_ERROR) == 0 ? e->program : NULL;
}

struct test_case *elaborate_tests(const struct elaboration *request, int *count) {
  int errors = diag_count(request->diags, SEVERITY_ERROR);
  struct elab *e = elab_begin(request);
  struct scope *file = elab_file(e, request->file, true);
  struct test_case *tests = arena_new_array(e->arena, struct test_case, (size_t)request->file->count + 1);
  *count = 0;
  for (int i = 0; i < request->file->count; i++)
    if (request->file->decls[i]->kind == DECL_TEST)
      elab_test_block(e, file, request->file->decls[i], &tests[(*count)++]);
  elab_names(e, file, request->file);
  return diag_count(e->diags, SEVERITY_ERROR) == errors ? tests : NULL;
}

static bool has(const struct ast_file *file, enum decl_kind kind) {
  for (int i = 0; i < file->count; i++)
    if (file->decls[i]->kind == kind) return true;
  return false;
}

bool elaborate_has_model(const struct ast_file *file) { return has(file, DECL_MODEL) || has(file, DECL_TRAIN); }

bool elaborate_has_tests(const struct ast_file *file) { return has(file, DECL_TEST); }
